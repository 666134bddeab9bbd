"""`clearprop train`: what it says, what it writes, how it stops and goes on."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import time

import numpy as np
import pytest

from clearprop import __version__
from clearprop.cli.options import PARAMETER_NAMES
from clearprop.cli.report import verdict
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.model_file import load_model
from clearprop.table_model.evaluation import judge_classes
from clearprop.training.resume import is_finished

from .running import start, write

FEW = ("--max-iter", "3", "--hidden-layer-sizes", "8")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_digits_reach_97_percent_and_the_report_says_everything(run, folder):
    ran = run("train", "digits")
    assert ran.status == 0
    accuracy = float(re.search(r"accuracy +([0-9.]+)", ran.stdout).group(1))
    assert accuracy >= 0.97
    for part in (
        "digits: 1,797 rows, 65 columns",
        "10 classes",
        "'pixel_0_0': constant",
        "held out for the test",
        "61 → 200 → 10",
        "no better for 10",
        "always '1'",
        "beats the baseline",
        "true \\ predicted",
        "digits.safetensors (",
        "clearprop predict digits.safetensors new.csv",
        "validation",
    ):
        assert part in " ".join(ran.stdout.split()), part
    assert ran.stderr == ""
    assert (folder / "digits.safetensors").exists()
    assert not (folder / "digits.safetensors.checkpoint").exists()
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "\x1b" not in ran.stdout


def test_json_holds_the_report_and_nothing_else_is_written(run):
    ran = run("train", "diabetes", "--json", "--seed", "3")
    document = ran.json
    assert ran.stderr == ""
    assert document["task"] == "regression"
    assert document["seed"] == 3
    assert document["scores"]["rows"] == document["rows"]["test"] == 88
    assert len(document["curves"]["loss"]) == document["epochs"]["trained"]
    assert document["versions"]["clearprop"] == __version__
    assert document["scores"]["beats_baseline"] is True


def test_every_parameter_of_the_estimators_is_in_the_help(run):
    ran = run("train", "--help")
    assert ran.status == 0
    for estimator in (MLPClassifier(), MLPRegressor()):
        for name in estimator.get_params():
            offered = bool(re.search(rf"--{name.replace('_', '-')}[ /]", ran.stdout))
            assert offered == (name in PARAMETER_NAMES or name == "resume"), name
            assert offered or re.search(rf"\b{name}\b", ran.stdout), name


def test_the_help_says_which_solvers_a_learning_rate_is_for(run):
    said = " ".join(run("train", "--help").stdout.split())
    assert '"cosine" and "one_cycle" for every solver but "lbfgs"' in said


def test_parameters_reach_the_estimator(run, folder):
    ran = run(
        "train", "iris", "--hidden-layer-sizes", "6,5", "--activation", "tanh", "--solver", "sgd",
        "--no-nesterovs-momentum", "--batch-size", "auto", "--n-iter-no-change", "inf",
        "--alpha", "0.25", "--max-iter", "4", "--scoring", "accuracy", "--no-shuffle",
    )  # fmt: skip
    assert ran.status == 0, ran.stderr
    estimator = load_model(folder / "iris.safetensors").estimator
    expected = {
        "hidden_layer_sizes": (6, 5), "activation": "tanh", "solver": "sgd", "alpha": 0.25,
        "nesterovs_momentum": False, "n_iter_no_change": np.inf, "max_iter": 4,
        "scoring": "accuracy", "shuffle": False,
    }  # fmt: skip
    assert {name: estimator.get_params()[name] for name in expected} == expected
    assert estimator.n_iter_ == 4
    assert "accuracy" in json.dumps(load_model(folder / "iris.safetensors").record["curves"])


def test_no_hidden_layer_and_lbfgs(run, folder):
    ran = run("train", "iris", "--hidden-layer-sizes", "none", "--solver", "lbfgs", "--alpha", "1")
    assert ran.status == 0, ran.stderr
    assert "4 → 3" in ran.stdout
    assert "to know when to stop" not in ran.stdout
    assert load_model(folder / "iris.safetensors").estimator.n_layers_ == 2


def test_what_is_not_worth_more_than_nothing_is_said_plainly(run, folder):
    generator = np.random.default_rng(0)
    columns = {"noise": generator.normal(size=200), "y": ["a"] * 150 + ["b"] * 50}
    write(folder / "noise.csv", columns)
    ran = run("train", "noise.csv", "--hidden-layer-sizes", "4", "--max-iter", "2")
    assert ran.status == 0
    assert "does NOT beat the baseline" in ran.stdout


def test_many_classes_give_the_worst_pairs_instead_of_a_matrix(run, folder):
    generator = np.random.default_rng(0)
    classes = np.repeat([f"class {i}" for i in range(30)], 20)
    write(folder / "many.csv", {"x": generator.normal(size=600), "y": classes})
    ran = run("train", "many.csv", *FEW)
    assert ran.status == 0
    assert "predicted as" in ran.stdout
    assert "true \\ predicted" not in ran.stdout


def test_the_validation_loss_is_drawn_whatever_the_score(run, folder):
    pytest.importorskip("matplotlib")
    ran = run("train", "iris", *FEW, "--scoring", "accuracy", "--plot", "curves.svg")
    assert "• validation" in ran.stdout
    curves = load_model(folder / "iris.safetensors").record["curves"]
    assert len(curves["validation_loss"]) == len(curves["loss"]) > 1
    assert curves["validation_loss"] != curves["validation"]
    drawn = (folder / "curves.svg").read_text()
    assert "validation loss" in drawn
    assert "validation accuracy" in drawn


def test_plot_as_svg_and_png(run, folder):
    pytest.importorskip("matplotlib")
    for name, start_of_file in {"a.svg": b"<?xml", "b.png": b"\x89PNG", "c.svg": b"<?xml"}.items():
        assert run("train", "iris", *FEW, "--plot", name).status == 0
        assert (folder / name).read_bytes().startswith(start_of_file)
    assert b"validation loss" in (folder / "a.svg").read_bytes()
    assert sha256(folder / "a.svg") == sha256(folder / "c.svg")


def test_a_plot_that_cannot_be_written_is_refused_before_training(run, folder, monkeypatch):
    for name in ("curves.gif", "nowhere/curves.svg"):
        ran = run("train", "iris", "--plot", name)
        assert ran.status == 2
        assert "--plot" in ran.stderr
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    ran = run("train", "iris", "--plot", "curves.svg")
    assert ran.status == 2
    assert "pip install matplotlib" in ran.stderr
    assert not (folder / "iris.safetensors").exists()


def test_only_a_model_is_replaced_unasked(run, folder):
    path = folder / "iris.safetensors"
    assert run("train", "iris", *FEW).status == 0
    first = sha256(path)
    assert run("train", "iris", *FEW, "--seed", "1").status == 0
    assert sha256(path) != first
    path.write_text("a year of work")
    ran = run("train", "iris", *FEW)
    assert (ran.status, path.read_text()) == (2, "a year of work")
    assert "--force" in ran.stderr
    assert run("train", "iris", *FEW, "--force").status == 0
    assert sha256(path) == first


def test_equal_runs_write_equal_files(run, folder):
    for name in ("a", "b"):
        assert run("train", "diabetes", *FEW, "--output", f"{name}.safetensors").status == 0
    assert sha256(folder / "a.safetensors") == sha256(folder / "b.safetensors")


# Work for seconds, on any machine.
HEAVY = ("--max-iter", "6", "--hidden-layer-sizes", "1000,1000")


def test_time_limit_keeps_the_best_and_goes_on_to_the_same_bits(run, folder):
    assert run("train", "digits", *HEAVY, "-o", "whole.safetensors").status == 0
    ran = run("train", "digits", *HEAVY, "--max-time", "0.05")
    assert ran.status == 0
    assert "--max-time" in ran.stdout
    assert "--resume" in ran.stdout
    assert load_model(folder / "digits.safetensors").record["epochs"]["trained"] < 6
    ran = run("train", "digits", *HEAVY, "--resume")
    assert ran.status == 0, ran.stderr
    assert sha256(folder / "digits.safetensors") == sha256(folder / "whole.safetensors")
    (folder / "digits.safetensors.checkpoint").unlink()
    assert "no digits.safetensors.checkpoint" in run("train", "digits", "--max-iter", "2",
                                                     "--resume").stderr  # fmt: skip


def test_a_run_can_be_made_longer(run, folder):
    sizes = ("--hidden-layer-sizes", "8")
    assert run("train", "iris", *sizes, "--max-iter", "7", "-o", "w.safetensors").status == 0
    ran = run("train", "iris", *sizes, "--max-iter", "4")
    assert "--resume and a larger --max-iter" in ran.stdout
    ran = run("train", "iris", *sizes, "--max-iter", "7", "--resume")
    assert ran.status == 0, ran.stderr
    assert sha256(folder / "iris.safetensors") == sha256(folder / "w.safetensors")
    # What is finished is in nobody's way.
    assert run("train", "iris", *sizes, "--max-iter", "3", "--seed", "1").status == 0
    # A rate planned to its end leaves nothing to go on with.
    cosine = ("--learning-rate", "cosine", "--max-iter", "3")
    assert "--resume" not in run("train", "iris", *sizes, *cosine).stdout
    assert not (folder / "iris.safetensors.checkpoint").exists()


def test_stopping_within_the_first_epoch_is_said_so(run):
    ran = run("train", "digits", "--max-time", "1e-9")
    assert ran.status == 0
    assert "trained      less than one epoch: the time allowed is over" in ran.stdout
    assert "0 epochs" not in ran.stdout + ran.stderr
    assert "--resume" in ran.stdout
    ran = run("train", "digits", "--max-iter", "1", "--max-time", "60", "--force")
    assert "1 epoch: the most allowed" in ran.stdout


def test_iterations_of_lbfgs_are_called_so(run):
    options = ("--max-iter", "2", "--hidden-layer-sizes", "8")
    assert "2 iterations: the most" in run("train", "iris", "--solver", "lbfgs", *options).stdout


def test_resuming_another_run_is_refused(run):
    assert run("train", "digits", *HEAVY, "--max-time", "0.05").status == 0
    ran = run("train", "digits", *HEAVY, "--alpha", "0.5", "--resume")
    assert ran.status == 2
    assert "other settings: alpha was 0.0001, is 0.5\n" in ran.stderr
    ran = run("train", "digits", *HEAVY, "--seed", "1", "--resume")
    assert ran.status == 2
    assert "the training rows are others" in ran.stderr
    assert "seed" in ran.stderr


LONG = ("--max-iter", "30", "--n-iter-no-change", "inf", "--hidden-layer-sizes", "700,700")


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    process = start("train", "digits", *LONG, "--quiet", cwd=folder)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return sha256(folder / "digits.safetensors")


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4])
def test_killed_and_resumed_gives_the_bits_of_a_run_never_killed(tmp_path, never_killed, seconds):
    often = (*LONG, "--quiet", "--checkpoint-seconds", "0")
    checkpoint = tmp_path / "digits.safetensors.checkpoint"
    process = start("train", "digits", *often, cwd=tmp_path)
    while not checkpoint.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert checkpoint.exists()
    assert not (tmp_path / "digits.safetensors").exists()
    process = start("train", "digits", *often, "--resume", cwd=tmp_path)
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert sha256(tmp_path / "digits.safetensors") == never_killed
    # It ended at --max-iter, and can be made longer.
    assert is_finished(checkpoint)


def test_ctrl_c_keeps_the_best_so_far_reports_and_saves(tmp_path):
    endless = ("--max-iter", "100000", "--n-iter-no-change", "inf", "--checkpoint-seconds", "0")
    process = start("train", "digits", *endless, cwd=tmp_path)
    while not (tmp_path / "digits.safetensors.checkpoint").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    report, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "interrupted by Ctrl-C" in report
    assert "held out for the test" in report
    model = load_model(tmp_path / "digits.safetensors")
    assert model.record["epochs"]["stopped"] == "interrupted"
    assert (tmp_path / "digits.safetensors.checkpoint").exists()


def test_compiling_is_said_once(folder, monkeypatch):
    monkeypatch.setenv("CLEARPROP_CACHE_DIR", str(folder / "engine"))
    command = ("train", "iris", "--max-iter", "2", "--force")
    said = []
    for _ in range(2):
        process = start(*command, cwd=folder)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        said.append(errors.count("Compiling the engine for this processor, once"))
    assert said == [1, 0]


def test_balanced_classes_count_alike_in_training_and_in_stopping(run, folder):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(900, 2))
    rare = rng.random(900) < 0.06
    rows[rare] += 1.3
    columns = {"a": rows[:, 0], "b": rows[:, 1], "y": np.where(rare, "yes", "no")}
    write(folder / "rare.csv", columns)
    recalls = []
    for more in ((), ("--class-weight", "balanced")):
        output = f"{len(recalls)}.safetensors"
        ran = run("train", "rare.csv", "--target", "y", "--output", output, *more)
        assert ran.status == 0
        assert ran.stderr == ""
        recalls.append(float(re.findall(r"([0-9.]+)%", ran.stdout)[-1]))
    assert recalls[1] > recalls[0] + 20.0


def test_whoever_weights_classes_is_judged_by_balanced_accuracy(run, folder):
    generator = np.random.default_rng(1)
    rare = np.arange(600) % 48 == 0
    x = generator.normal(size=600) + 2.2 * rare
    write(folder / "a.csv", {"x": x, "y": np.where(rare, "ja", "nein")})
    few = ("--max-iter", "30", "--hidden-layer-sizes", "8", "--target", "y")
    ran = run("train", "a.csv", *few, "--class-weight", "balanced", "--scoring", "roc_auc")
    said = " ".join(ran.stdout.split())
    assert "beats the baseline by balanced accuracy" in said
    assert "of no use" not in said
    assert "plain accuracy favours the most frequent class" in said
    assert "rarer class 'ja': recall 1.0000, precision" in said
    assert "scoring roc_auc 0.9" in said
    scores = run("evaluate", "a.safetensors", "a.csv", "--json").json["scores"]
    assert scores["judged_by"] == "balanced accuracy"
    assert scores["scoring"]["score"] == scores["rare_class"]["roc_auc"]


def test_of_no_use_is_what_no_measure_shows_a_use_of():
    is_rare = np.arange(600) % 48 == 0
    y = np.where(is_rare, "ja", "nein")
    probability = np.where(is_rare, 0.4, np.linspace(0, 0.45, 600))
    ranked = np.column_stack([probability, 1 - probability])
    said = verdict(judge_classes(y, ranked, ["ja", "nein"], [13, 587])).plain
    assert "does NOT beat the baseline by accuracy, which favours the most frequent" in said
    assert "probabilities of 'ja' tell the classes apart (ROC AUC 0.8" in said
    blind = np.tile([0.1, 0.9], (600, 1))
    said = verdict(judge_classes(y, blind, ["ja", "nein"], [13, 587])).plain
    assert "of no use here" in said
    found = np.where(is_rare[:, None], [0.9, 0.1], ranked + np.array([0.1, -0.1]))
    said = verdict(judge_classes(y, found, ["ja", "nein"], [13, 587])).plain
    assert "By balanced accuracy, which counts all classes alike, it does." in said


def test_one_row_tells_nothing(run, folder):
    (folder / "a.csv").write_text("x,y\n1.5,a\n2.5,b\n1.7,a\n2.8,b\n9.1,a\n")
    said = run("train", "a.csv", "--target", "y", "--max-iter", "3").stdout
    assert "On the 1 row held out" in said
    assert "1 row is too few to tell" in said


def test_a_named_score_is_in_the_targets_units(run):
    few = ("--max-iter", "5", "--hidden-layer-sizes", "8")
    ran = run("train", "diabetes", *few, "--scoring", "neg_mean_absolute_error", "--json")
    scores = ran.json["scores"]
    assert scores["scoring"]["score"] == pytest.approx(-scores["mae"])
