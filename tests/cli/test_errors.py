"""Whatever goes wrong: what, where, remedy; the right exit status; never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from clearprop.cli import train as train_module
from clearprop.model_file import load_model

from ..tables.faulty import CASES, Case  # noqa: TID252 - tests are not on the import path
from .running import start, write

FEW = ("--max-iter", "3", "--hidden-layer-sizes", "4")


def options_of(case: Case):
    """A case's reading options as the command line writes them."""
    given = []
    for name, value in case.options.items():
        for item in [value] if isinstance(value, str) else value:
            given += [f"--{name}", item]
    return given


@pytest.mark.parametrize(
    "case", [case for case in CASES if "header" not in case.options], ids=lambda case: case.name
)
def test_faulty_tables_are_read_right_or_explained(run, folder, case):
    (folder / case.file).write_bytes(case.content)
    target = list(case.columns)[-1] if case.columns else "b"
    ran = run("train", case.file, "--target", target, *options_of(case), *FEW)
    if case.reads:
        # Most are far too small to learn from, which is the user's to know as well.
        assert ran.status in (0, 2), ran.stderr
    else:
        assert ran.status == 2
        for part in case.message:
            assert part in ran.stderr, part
    if ran.status == 2:
        assert ran.stderr.count("error: ") == 1
        assert case.file in ran.stderr
        # A line for what and where, and one for the remedy.
        assert len(ran.stderr.partition("error: ")[2].strip().splitlines()) >= 2
    ran = run("train", case.file, "--target", target, *options_of(case), *FEW, "--json")
    assert ("error" in ran.json) == (ran.status == 2)


NUMBERS = np.arange(40.0) % 7 + np.arange(40) / 100
TARGET_PROBLEMS = {
    "infinite": ({"x": NUMBERS, "y": [1.5] * 20 + [np.inf] + [2.5] * 19}, ["line 22", "infinite"]),
    "mostly missing": ({"x": NUMBERS, "y": [1.5, 2.5] + [None] * 38}, ["38 of 40", "'y'"]),
    "one class": ({"x": NUMBERS, "y": ["a"] * 40}, ["one class only", "'a'"]),
    "constant number": ({"x": NUMBERS, "y": [2.5] * 40}, ["2.5 in every row"]),
    "all classes alone": ({"x": NUMBERS, "y": [f"c{i}" for i in range(40)]}, ["one row"]),
    "no such column": ({"x": NUMBERS, "Y2": NUMBERS}, ["no column 'y'", "Columns: 'x', 'Y2'"]),
    "nearest name": ({"x": NUMBERS, "yy": NUMBERS}, ["Did you mean 'yy'"]),
    "no usable column": ({"x": [3.0] * 40, "y": ["a", "b"] * 20}, ["x: constant", "no column"]),
    "one row": ({"x": [3.0], "y": ["a"]}, ["one class only"]),
    "one row, a quantity": ({"x": [3.0], "y": [2.5]}, ["2.5 in every row"]),
    "three rows": ({"x": [3.0, 4.5, 5.0], "y": [2.5, 1.5, 0.5]}, ["3 rows are too few"]),
}


@pytest.mark.parametrize("name", TARGET_PROBLEMS)
def test_problems_of_the_target_are_explained(run, folder, name):
    columns, parts = TARGET_PROBLEMS[name]
    write(folder / "t.csv", columns)
    ran = run("train", "t.csv", "--target", "y")
    assert ran.status == 2
    assert "t.csv" in ran.stderr
    for part in parts:
        assert part in ran.stderr, part
    assert not list(folder.glob("*.safetensors"))


def test_what_can_be_lived_with_is_said_in_a_note(run, folder):
    generator = np.random.default_rng(0)
    columns = {
        "x": generator.normal(size=60),
        "same": [1] * 60,
        "big": [2**53 + 1 + i * i for i in range(60)],
        "y": ["a", "b"] * 29 + ["c", None],
    }
    write(folder / "t.csv", columns)
    ran = run("train", "t.csv", "--target", "y", *FEW)
    assert ran.status == 0, ran.stderr
    assert "1 of 60 row has no target" in ran.stderr
    assert "1 of 3 classes with one row only" in ran.stderr
    said = " ".join(ran.stdout.split())
    assert "'same': constant" in said
    assert "'big': identifier-like: holds integers beyond 2^53" in said
    lines = [line for line in ran.stderr.splitlines() if line]
    assert all(line.startswith(("note: ", "warning: ")) for line in lines)
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--learning-rate-init", "1e6"], ["learning rate of 1e+06", "Lower learning_rate_init"]),
        (
            ["--learning-rate-init", "1e300", "--solver", "sgd"],
            ["diverged", "learning rate", "Lower learning_rate_init"],
        ),
    ],
)
def test_divergence_is_said_with_cause_and_remedy(run, arguments, parts):
    ran = run("train", "wine", *arguments)
    for part in parts:
        assert part in ran.stderr, part
    assert ran.status in (0, 2)
    assert ran.stderr.startswith("warning: " if ran.status == 0 else "error: ")


def test_inputs_of_any_size_are_standardised(run, folder, wine_columns):
    for name in ("alcohol", "ash"):
        wine_columns[name] = wine_columns[name] * 1e30
    write(folder / "t.csv", wine_columns)
    ran = run("train", "t.csv", "--target", "maker", "--json")
    assert ran.status == 0
    assert ran.json["scores"]["accuracy"] > 0.9
    assert ran.json["notes"] == []


def test_mistyped_words_are_met_with_the_nearest_ones(run):
    for arguments, hint in [
        (["tran", "iris"], "'train'"),
        (["train", "iris", "--hidden-layer-size", "3"], "--hidden-layer-sizes"),
        (["train", "irs"], "iris"),
        (["train", "iris", "--scoring", "acuracy"], "'accuracy'"),
        (["train", "iris", "--target", "Targett"], "Did you mean 'target'"),
        (["train", "iris", "--solver", "adm"], "'adam'"),
        (["train", "iris", "--hidden-layer-sizes", "64,x"], "64,32"),
        (["train", "iris", "--alpha", "-1"], "--alpha"),
        (["train", "iris", "--loss", "poisson"], "loss"),
        (
            ["train", "diabetes", "--class-weight", "balanced"],
            "(--class-weight) is for classification",
        ),
        (["train", "iris", "--batch-size", "all"], "auto"),
        (["train", "iris", "--output", "iris.csv"], ".safetensors"),
        (["train", "iris", "--output", "no/iris.safetensors"], "'no'"),
        (["predict", "iris", "iris"], "iris"),
    ]:
        ran = run(*arguments)
        assert ran.status == 2, arguments
        assert ran.stderr.startswith("error: "), ran.stderr
        assert hint in ran.stderr, ran.stderr
        assert run(*arguments, "--json").json["error"]["message"], arguments


def test_errors_as_json_name_the_place(run, folder):
    (folder / "t.csv").write_text("x,y\n1,a\n2,b,c\n")
    error = run("train", "t.csv", "--json").json["error"]
    assert (error["kind"], error["source"], error["line"]) == ("TableError", "t.csv", 3)
    assert error["remedy"]


def test_a_fault_of_ours_is_one_line_and_status_1(run, monkeypatch):
    def broken(*_arguments, **_options):
        raise RuntimeError("the cat\nsat")

    monkeypatch.setattr(train_module, "read_table", broken)
    ran = run("train", "iris")
    assert ran.status == 1
    assert ran.stderr.startswith("error: a fault in clearprop itself: RuntimeError: the cat\n")
    assert "report" in ran.stderr
    assert run("train", "iris", "--json").json["error"]["kind"] == "RuntimeError"


def test_debug_shows_the_traceback_and_nothing_else_does(tmp_path):
    for arguments, shown in [(["--debug"], True), ([], False)]:
        process = start("train", "no.csv", *arguments, cwd=tmp_path)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert ("Traceback" in errors) == shown
        assert output == ""


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    # More lines than any pipe holds.
    write(tmp_path / "t.csv", {"x": np.arange(60_000.0) % 7, "y": np.arange(60_000) % 2})
    process = start("train", "t.csv", "--target", "y", *FEW, "--quiet", cwd=tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == 0
    with start("predict", "t.safetensors", "t.csv", cwd=tmp_path) as process:
        assert process.stdout.readline().startswith("line,prediction")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("closed", [("stdout",), ("stderr",), ("stdout", "stderr")])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nobody_reading_loses_no_model(tmp_path, monkeypatch, closed, options):
    # Each line is then written at once, and so already before training.
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    reading, writing = os.pipe()
    os.close(reading)
    (tmp_path / "iris.safetensors.checkpoint").write_text("makes a note")
    command = [sys.executable, "-c", "from clearprop.cli import main; main()"]
    command += ["train", "iris", *FEW, "--force", "--alpha", "1e9", *options]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | dict.fromkeys(
        closed, writing
    )
    with subprocess.Popen(command, cwd=tmp_path, text=True, **streams) as process:
        os.close(writing)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in (output or "") + (errors or "")
    assert load_model(tmp_path / "iris.safetensors").estimator.n_iter_ == 3


def test_an_error_that_nobody_reads_keeps_its_status(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", "from clearprop.cli import main; main()", "train", "no.csv"]
    done = subprocess.run(command, cwd=tmp_path, stderr=writing, check=False, timeout=60)
    os.close(writing)
    assert done.returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_is_said_once_and_is_no_fault_of_ours(run, folder):
    write(folder / "t.csv", {"x": NUMBERS, "y": NUMBERS + 0.5})
    assert run("train", "t.csv", "--target", "y", *FEW).status == 0
    command = [sys.executable, "-c", "from clearprop.cli import main; main()"]
    for options in ((), ("--json",)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*command, "predict", "t.safetensors", "t.csv", *options],
                cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                check=False,
            )  # fmt: skip
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        if not options:
            assert "no space is left" in done.stderr
            assert "Free some space" in done.stderr


def test_a_plot_on_a_full_disk_leaves_the_model_and_no_half_of_a_file(run, folder, monkeypatch):
    pytest.importorskip("matplotlib")
    real = os.write

    def full(descriptor, data):
        if bytes(data[:5]) == b"<?xml":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    monkeypatch.setattr("os.write", full)
    ran = run("train", "iris", *FEW, "--plot", "curves.svg")
    assert ran.status == 2
    assert "cannot write 'curves.svg': no space is left" in ran.stderr
    assert "The model is saved: iris.safetensors." in ran.stderr
    assert "held out for the test" in ran.stdout
    assert load_model(folder / "iris.safetensors").estimator.n_iter_ == 3
    assert not (folder / "curves.svg").exists()


@pytest.mark.parametrize(
    ("data", "option", "words"),
    [
        ("iris", ("--loss", "huber"), ["--loss", "is for regression", "'target' has 3 classes"]),
        (
            "diabetes",
            ("--class-weight", "balanced"),
            ["--class-weight", "is for classification", "'target' is a quantity", "--task"],
        ),
    ],
)
def test_an_option_of_the_other_task_says_so(run, data, option, words):
    for command in ("train", "compare"):
        ran = run(command, data, *option, *FEW)
        assert ran.status == 2
        for part in words:
            assert part in ran.stderr


def test_no_model_is_said_to_be_replaced_where_none_can_be_trained(run):
    assert run("train", "iris", *FEW).status == 0
    ran = run("train", "iris", "--activation", "relu,tanh")
    assert ran.status == 2
    assert "replaces" not in ran.stderr


def test_a_table_may_be_piped_in(folder):
    rows = "".join(f"{x},{x + 0.5}\n" for x in NUMBERS)

    def piped(*arguments, given):
        command = [sys.executable, "-c", "from clearprop.cli import main; main()", *arguments]
        return subprocess.run(
            command, cwd=folder, input=given, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    ran = piped("train", "-", "--target", "y", *FEW, given=f"x,y\n{rows}")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("standard input: 40 rows")
    ran = piped("predict", "model.safetensors", "-", given="x\n1.5\n")
    assert ran.stdout.splitlines()[1].startswith("2,")
    ran = piped("predict", "model.safetensors", "-", given="")
    assert (ran.returncode, "nothing was piped in" in ran.stderr) == (2, True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("train", "https://example.org/wine.csv"), ["nothing is fetched", "Download it first"]),
        (
            ("train", "iris", "--keep", "petal width"),
            ["'petal width'", "Did you mean 'petal width"],
        ),
        (
            ("train", "iris", "--drop", "petal width"),
            ["'petal width'", "Did you mean 'petal width"],
        ),
        (("train", "weine.csv"), ["Did you mean 'wein.csv' or 'wein.txt'?"]),
        (("train", "haus.csv"), ["there is no such file\nCheck the path."]),
        (("train", "wein.parquet"), ["Did you mean 'wein.csv' or 'wein.txt'?"]),
        (("export", "m.safetensors", "--onnx", "m.txt"), ["ends in .onnx", "m.onnx"]),
    ],
)
def test_the_way_out_is_near(run, folder, given, words):
    for name in ("wein.csv", "wein.txt", "five.csv", "us.csv"):
        (folder / name).write_text("a,b\n1,2\n")
    ran = run(*given)
    assert ran.status == 2
    for part in words:
        assert part in ran.stderr


# Says a line when the command's imports begin.
STARTING = """
import sys
from clearprop.cli import main

class Say:
    def find_spec(self, name, *_):
        if name == "clearprop.cli.train":
            print(flush=True)

sys.meta_path.insert(0, Say())
main()
"""


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2])
def test_ctrl_c_while_it_starts_is_one_line(tmp_path, seconds):
    command = [sys.executable, "-c", STARTING, "train", "digits"]
    with subprocess.Popen(
        command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (output, errors.strip()) == ("", "interrupted")


def test_other_files_are_no_models(run, folder):
    assert run("train", "iris", *FEW).status == 0
    whole = (folder / "iris.safetensors").read_bytes()
    (folder / "short.safetensors").write_bytes(whole[: len(whole) // 2])
    (folder / "text.safetensors").write_text("a,b\n1,2\n")
    for name in ("short.safetensors", "text.safetensors", "no.safetensors"):
        for command in ("predict", "evaluate", "check"):
            ran = run(command, name, "iris")
            assert ran.status == 2
            assert name in ran.stderr


def test_help_and_version(run):
    assert run("--version").stdout == "clearprop 0.1.0\n"
    for command in ("train", "predict", "evaluate", "check"):
        assert command in run("--help").stdout
        help_text = run(command, "--help")
        assert help_text.status == 0
        assert "--json" in help_text.stdout
    assert run().status == 2
    assert run().stderr.startswith("Usage: clearprop")


def test_warning_filters_are_as_before(run):
    before = list(warnings.filters)
    run("train", "iris", *FEW)
    assert warnings.filters == before
