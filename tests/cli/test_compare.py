"""`clearprop compare`: a table of scores and times, and an honest last line."""

from __future__ import annotations

import re

import numpy as np
import pytest

from clearprop.cli import compare as module
from clearprop.table_model.comparison import Compared, Comparison

FAST = ("--hidden-layer-sizes", "10", "--max-iter", "20", "--folds", "3")


def test_the_report(run):
    ran = run("compare", "iris", *FAST)
    assert ran.status == 0
    assert "target       'target', classification, 150 rows" in ran.stdout
    assert "accuracy, higher is better, on 3 stratified folds (seed 0)" in ran.stdout
    for title in ("clearprop", "scikit-learn's MLP", "logistic regression", "always the most"):
        assert re.search(rf"^  {title}.* ± .* m?s", ran.stdout, re.MULTILINE), title
    assert re.search("winner|wins here", ran.stdout)
    assert re.search(r"clearprop fits [\d.]+ times as fast as scikit-learn's MLP", ran.stdout)


def test_a_network_that_loses_is_told_of_early_stopping(run):
    given = ("compare", "diabetes", "--folds", "3", "--models", "clearprop,linear")
    hint = "--validation-size 0.1 may serve them"
    assert hint in run(*given, "--validation-size", "0").stdout
    assert hint not in run(*given).stdout


def test_quiet_is_the_table_alone(run):
    ran = run("compare", "iris", *FAST, "--models", "linear,constant", "--quiet")
    assert ran.stdout.splitlines()[0].split() == ["model", "accuracy", "fit", "predict"]
    assert "logistic regression" in ran.stdout
    assert ran.stderr == ""


def test_the_help_speaks_of_what_there_is(run):
    said = " ".join(run("compare", "--help").stdout.split())
    assert "checkpoint" not in said
    assert "[default: clearprop,scikit-learn," in said.replace("- learn", "-learn")


def test_json(run):
    document = run("compare", "diabetes", *FAST, "--models", "clearprop,linear", "--json").json
    assert document["metric"] == "r2"
    assert document["complete"] is True
    assert [len(document["models"][name]["scores"]) for name in ("clearprop", "linear")] == [3, 3]
    assert len(document["verdict"]) == 1


def test_parameters_reach_the_network(run):
    ran = run("compare", "iris", *FAST, "--models", "clearprop,scikit-learn", "--dropout", "0.5")
    assert "scikit-learn's MLP has no dropout: without" in ran.stdout


@pytest.mark.parametrize(
    ("ours", "other", "said"),
    [
        ([0.9, 0.91, 0.9, 0.92, 0.9], [0.8, 0.81, 0.8, 0.8, 0.8], "^clearprop wins here: better"),
        ([0.8, 0.81, 0.8, 0.8, 0.8], [0.9, 0.91, 0.9, 0.92, 0.9], "^ridge wins here: better than"),
        ([0.9, 0.7, 0.8, 0.9, 0.8], [0.8, 0.9, 0.7, 0.8, 0.8], "^No clear winner: clearprop"),
        ([0.8, 0.9, 0.7, 0.8, 0.8], [0.9, 0.7, 0.8, 0.9, 0.8], "^No clear winner: ridge"),
        ([0.8, 0.9], [0.8, 0.9], "^No winner: clearprop and ridge score the same"),
        ([0.8], [0.9], "^One fold tells nothing"),
        # Each fold of 30 rows has one row more that is right.
        (
            [29 / 30] * 5,
            [28 / 30] * 5,
            "^No clear winner: clearprop scores .* 0.0333 in every fold",
        ),
        ([0.9, 0.8], [0.95, 0.85], "^No clear winner: ridge scores better by 0.0500 in every fold"),
        ([np.nan, 0.8], [0.9, 0.9], "^No winner is named: r2 is undefined, .*, for clearprop"),
        ([0.8, 0.8], [0.9, np.nan], "^No winner is named: r2 is undefined, .*, for ridge"),
    ],
)
def test_it_says_so_when_another_wins(ours, other, said):
    models = [Compared("clearprop", "clearprop", ours), Compared("linear", "ridge", other)]
    found = Comparison("y", "regression", "r2", 100, 5, False, models, True, [])
    (sentence,) = module._verdict(found)
    assert re.search(said, sentence)


def test_the_twin_may_be_faster():
    models = [
        Compared("clearprop", "clearprop", [0.8], [2.0], [1.0]),
        Compared("scikit-learn", "theirs", [0.7], [1.0], [1.0]),
    ]
    found = Comparison("y", "regression", "r2", 100, 5, False, models, True, [])
    (sentence,) = module._verdict(found)
    assert "2 times slower than scikit-learn's MLP, to a score that differs by 0.1" in sentence


def test_a_metric_that_is_undefined_names_nobody(run, tmp_path):
    """r2 of one row is undefined."""
    path = tmp_path / "few.csv"
    path.write_text("a,target\n1,2.0\n2,3.1\n3,4.2\n4,4.9\n5,6.0\n6,7.3\n")
    given = ("--task", "regression", "--folds", "6", "--max-iter", "2", "--quiet", "--json")
    winner, twin = run("compare", str(path), *given).json["verdict"]
    assert winner.startswith(
        "No winner is named: r2 is undefined, in some fold at least, for clear"
    )
    assert twin.endswith("scikit-learn's MLP.")


def test_ctrl_c_tells_the_folds_so_far(run, monkeypatch):
    from clearprop.table_model import comparison  # noqa: PLC0415 - patched here

    calls, judge = [0], comparison._judge

    def interrupted(*arguments):
        calls[0] += 1
        if calls[0] == 5:
            raise KeyboardInterrupt
        judge(*arguments)

    monkeypatch.setattr(comparison, "_judge", interrupted)
    ran = run("compare", "iris", "--models", "linear,constant")
    assert ran.status == 130
    assert "Interrupted: of the first 2 folds alone" in ran.stdout


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--models", "forest"), "'forest' is not one of clearprop, scikit-learn"),
        (("--folds", "1"), "--folds"),
        (("--metric", "acuracy"), "there is no scorer 'acuracy'"),
        (("--metric", "acuracy"), "Did you mean 'accuracy'"),
        (("--target", "petal"), "there is no column 'petal'"),
    ],
)
def test_what_cannot_be_is_said(run, given, message):
    ran = run("compare", "iris", *given)
    assert ran.status == 2
    assert message in ran.stderr
