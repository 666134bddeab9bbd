"""`clearprop evaluate`: the same account as after training, on another table."""

from __future__ import annotations

import numpy as np

from .running import write


def test_scores_are_counted_right(run, folder):
    x = np.linspace(-1, 1, 100)
    write(folder / "a.csv", {"x": x, "y": np.where(x > 0, "high", "low")})
    options = ("--solver", "lbfgs", "--hidden-layer-sizes", "4", "--alpha", "0.001")
    assert run("train", "a.csv", "--target", "y", *options).status == 0
    # Eight rows, of which the labels of two are wrong and one is of a class never seen.
    (folder / "b.csv").write_text(
        "x,y\n-0.9,low\n-0.8,low\n-0.7,high\n0.7,high\n0.8,high\n0.9,low\n0.6,high\n0.5,odd\n"
    )
    ran = run("evaluate", "a.safetensors", "b.csv", "--json")
    assert ran.status == 0
    scores = ran.json["scores"]
    assert scores["accuracy"] == 5 / 8
    assert scores["classes"] == ["high", "low"]
    assert scores["confusion"] == [[3, 1], [1, 2]]
    assert scores["unknown_class_rows"] == 1
    assert any("'odd'" in note["text"] for note in ran.json["notes"])
    text = run("evaluate", "a.safetensors", "b.csv").stdout
    assert "0.6250" in text
    assert "not know" in text


def test_the_training_table_is_no_judge(run):
    assert run("train", "iris", "--max-iter", "3").status == 0
    assert "better than it is" in run("evaluate", "iris.safetensors", "iris").stderr


def test_a_table_without_the_target_is_refused(run, folder):
    assert run("train", "iris", "--max-iter", "3").status == 0
    (folder / "new.csv").write_text("sepal length (cm),targets\n1.5,a\n2.5,b\n")
    ran = run("evaluate", "iris.safetensors", "new.csv")
    assert ran.status == 2
    assert "Did you mean 'targets'" in ran.stderr


def test_regression_in_the_targets_units(run):
    assert run("train", "diabetes").status == 0
    ran = run("evaluate", "diabetes.safetensors", "diabetes")
    assert "mean absolute error" in ran.stdout
    assert "baseline: always 15" in ran.stdout


def test_the_verdict_is_the_same_for_people_and_machines(run, folder):
    x = np.linspace(-1, 1, 100)
    write(folder / "a.csv", {"x": x, "y": 2 * x + 0.01 * np.cos(50 * x)})
    options = ("--solver", "lbfgs", "--hidden-layer-sizes", "none")
    assert run("train", "a.csv", "--target", "y", *options).status == 0
    good, fair = "x,y\n-0.5,-1\n0.5,1\n-0.7,-1.3\n0.7,1.5\n", "x,y\n-0.5,-1\n0.4,-0.4\n0.6,1.5\n"
    for text, verdict, words in [
        (good, "better", "The model beats the baseline."),
        (fair, "unclear", "not clearly better than the baseline"),
        ("x,y\n-0.5,1\n0.5,-1\n", "not better", "does NOT beat"),
    ]:
        (folder / "b.csv").write_text(text)
        said = run("evaluate", "a.safetensors", "b.csv").stdout
        assert words in " ".join(said.split())
        assert run("evaluate", "a.safetensors", "b.csv", "--json").json["scores"]["verdict"] == (
            verdict
        )
