"""`clearprop explain`: what it takes, what it writes, and what it says is wrong."""

from __future__ import annotations

import json

import pytest

from clearprop import backprop, load_model
from clearprop.explanation.derivation import numbers


@pytest.mark.parametrize("suffix", [".html", ".md", ".tex", ".json", ".txt"])
def test_an_article_is_written_in_every_form(run, folder, suffix):
    ran = run("explain", "article-a", "--output", f"a{suffix}")
    assert ran.status == 0, ran.stderr
    assert "derivatives agree with finite differences" in ran.stdout
    assert ran.stdout.rstrip().endswith(f"a{suffix}")
    text = (folder / f"a{suffix}").read_text(encoding="utf-8")
    assert "0.270534" in text  # yhat of the first class
    again = run("explain", "article-a", "--output", f"a{suffix}")
    assert again.status == 2
    assert "--force" in again.stderr
    assert run("explain", "article-a", "--output", f"a{suffix}", "--force").status == 0
    assert (folder / f"a{suffix}").read_text(encoding="utf-8") == text


def test_without_a_file_it_is_shown_here(run):
    ran = run("explain", "article-b", "--rows", "0:1")
    assert ran.status == 0
    assert "∂Cost/∂w" in ran.stdout
    document = run("explain", "article-b", "--json").json
    assert document == json.loads(run("explain", "article-b", "--json").stdout)


def test_a_model_is_explained_on_rows_of_a_table(run, folder):
    assert run("train", "iris", "--max-iter", "3", "--hidden-layer-sizes", "4").status == 0
    ran = run("explain", "iris.safetensors", "iris", "--rows", "2:4", "--output", "iris.json")
    assert ran.status == 0, ran.stderr
    text = (folder / "iris.json").read_text(encoding="utf-8")
    assert "row 3" in text
    assert "petal length (cm)" in text
    model = load_model("iris.safetensors")
    X, _ = model.batch(model.read("iris"))
    expected = float(model.estimator.predict_proba(X[2:4])[0, 0])
    assert repr(expected) in text
    said = run("explain", "iris.safetensors", "iris", "--output", "iris.html", "--json").json
    assert said["agrees"] is True
    assert said["max_relative_error"] < 1e-6


def test_sizes_are_drawn_by_a_seed_or_take_a_table_of_numbers(run, folder):
    options = ["2-3-2", "--seed", "7", "--hidden", "tanh", "--update", "adam"]
    first, second = (run("explain", *options, "--json").stdout for _ in range(2))
    assert first == second
    assert first != run("explain", "2-3-2", "--seed", "8", "--json").stdout
    (folder / "rows.csv").write_text("a,b,p,q\n0.5,-1,1,0\n1.5,0.25,0,1\n")
    ran = run("explain", "2-3-2", "rows.csv", "--output", "rows.md")
    assert ran.status == 0, ran.stderr
    table = (folder / "rows.md").read_text(encoding="utf-8")
    assert "| a |" in table.replace("  ", " ") or " a " in table


def test_numbers_that_differ_are_our_fault(run, monkeypatch):
    def wrong(*arguments, **options):
        gradients = backprop.backward(*arguments, **options)
        return gradients._replace(db=[2 * db for db in gradients.db])

    monkeypatch.setattr(numbers, "backward", wrong)
    ran = run("explain", "article-a", "--output", "a.txt")
    assert ran.status == 1
    assert "DO NOT AGREE" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["article-c"], "Did you mean article-"),
        (["iris.safetensors", "iris"], "there is no model file"),
        (["article-a", "iris"], "has rows of its own"),
        (["article-a", "--output", "page.pdf"], "expected a name that ends in"),
        (["article-a", "--rows", "0:9"], ": article-a has the rows 0 to 2"),
        (["article-b", "--rows", "0,7"], ": article-b has the rows 0 to"),
        (["article-a", "--rows", "first"], "names no rows"),
        (["2-3-2", "--rows", "0:999999999"], ": a batch drawn for 2-3-2 has the rows 0 to"),
        (["10-3-1", "diabetes", "--rows", "441:443"], ": diabetes has the rows 0 to 441"),
        (["2-3-1", "--output-function", "softmax"], "softmax over a single output"),
        (["2-3-2", "iris"], "got 5 columns, expected 2 inputs and 2 targets"),
        (["4-3-1", "iris"], "expected a number"),
        (["2-3-2", "--hidden", "tanh,relu"], "got 2 activations for 1 hidden layers"),
        (["article-a", "--learning-rate", "0"], "--learning-rate"),
        (["article-a", "--hidden", "relu"], "--hidden is of a random network"),
        (["article-b", "--seed", "3"], "--seed is of a random network"),
    ],
)
def test_what_cannot_be_explained(run, arguments, said):
    ran = run("explain", *arguments)
    assert ran.status == 2, ran.stdout
    assert said in ran.stderr


def test_a_model_needs_rows(run):
    assert run("train", "iris", "--max-iter", "2").status == 0
    ran = run("explain", "iris.safetensors")
    assert ran.status == 2
    assert "DATA is missing" in ran.stderr


def test_a_row_of_an_unknown_class_has_no_gradient(run, folder):
    (folder / "two.csv").write_text("x,kind\n" + "0.5,no\n1.5,yes\n" * 30)
    (folder / "other.csv").write_text("x,kind\n0.25,no\n0.5,maybe\n")
    trained = run("train", "two.csv", "--target", "kind", "--max-iter", "2", "--task",
                  "classification")  # fmt: skip
    assert trained.status == 0, trained.stderr
    ran = run("explain", "two.safetensors", "other.csv")
    assert ran.status == 2
    assert "line 3, column 'kind', value 'maybe'" in ran.stderr
    assert "no class that the model knows" in ran.stderr
    assert run("explain", "two.safetensors", "two.csv").status == 0
