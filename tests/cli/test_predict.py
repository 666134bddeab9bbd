"""`clearprop predict`: the estimator's own numbers, in the input's order, and what it met said."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow.parquet as pq
import pytest

from clearprop.estimators import MLPClassifier
from clearprop.table_model import prepare_table, train_table_model
from clearprop.tables import read_table

from .running import write

OPTIONS = {"hidden_layer_sizes": (16,), "max_iter": 20}
ARGUMENTS = ("--hidden-layer-sizes", "16", "--max-iter", "20")
SUFFIXES = ("csv", "parquet")

# Twenty epochs are enough for these tests; the command line says so in its own words.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def probabilities_of(rows):
    names = [name for name in rows[0] if name.startswith("probability of ")]
    return np.array([[float(row[name]) for name in names] for row in rows])


@pytest.fixture
def trained(run, folder, wine_columns):
    """A model of wine in each format, and the columns it was trained on."""

    def train(suffix):
        write(folder / f"wine.{suffix}", wine_columns)
        ran = run("train", f"wine.{suffix}", "--target", "maker", *ARGUMENTS)
        assert ran.status == 0, ran.stderr

    return train


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip_gives_the_estimators_own_bits(run, trained, suffix):
    trained(suffix)
    table = read_table(f"wine.{suffix}")
    prepared = prepare_table(table, "maker", random_state=0, **OPTIONS)
    model, _ = train_table_model(table, "maker", random_state=0, **OPTIONS)
    X, _ = prepared.encoder.encode(table)
    assert isinstance(model.estimator, MLPClassifier)
    ran = run("predict", "wine.safetensors", f"wine.{suffix}")
    assert (ran.status, ran.stderr) == (0, "")
    rows = rows_of(ran.stdout)
    assert [row["prediction"] for row in rows] == model.estimator.predict(X).tolist()
    np.testing.assert_array_equal(probabilities_of(rows), model.estimator.predict_proba(X))
    assert [int(row["bottle_id"]) for row in rows] == [1000 + 7 * i for i in range(178)]
    first = ("line", 2) if suffix == "csv" else ("row", 1)
    assert int(rows[0][first[0]]) == first[1]
    ran = run("evaluate", "wine.safetensors", f"wine.{suffix}", "--json")
    assert ran.json["scores"]["accuracy"] == model.evaluate(table).accuracy


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_shuffled_and_extra_columns_change_nothing(run, folder, trained, wine_columns, suffix):
    trained(suffix)
    before = rows_of(run("predict", "wine.safetensors", f"wine.{suffix}").stdout)
    shuffled = {"cellar": ["north"] * 178, **dict(reversed(wine_columns.items()))}
    del shuffled["maker"]
    write(folder / f"new.{suffix}", shuffled)
    ran = run("predict", "wine.safetensors", f"new.{suffix}")
    assert ran.status == 0
    assert "'cellar'" in ran.stderr
    assert rows_of(ran.stdout) == before


def test_regression_gives_the_targets_units_to_the_last_bit(run):
    assert run("train", "diabetes", *ARGUMENTS).status == 0
    table = read_table("diabetes")
    model, _ = train_table_model(table, random_state=0, **OPTIONS)
    rows = rows_of(run("predict", "diabetes.safetensors", "diabetes").stdout)
    values = np.array([float(row["prediction"]) for row in rows])
    np.testing.assert_array_equal(values, model.predict(table).values)
    assert 50 < values.mean() < 250
    assert list(rows[0]) == ["row", "prediction"]


def test_files_hold_what_stdout_would(run, folder, trained):
    trained("csv")
    text = run("predict", "wine.safetensors", "wine.csv").stdout
    for name in ("p.csv", "p.parquet"):
        ran = run("predict", "wine.safetensors", "wine.csv", "--output", name)
        assert (ran.status, ran.stdout.strip()) == (0, f"178 predictions in {name}")
    assert (folder / "p.csv").read_text() == text
    stored = pq.read_table(folder / "p.parquet").to_pylist()
    names = [name for name in stored[0] if name.startswith("probability of ")]
    values = np.array([[row[name] for name in names] for row in stored])
    np.testing.assert_array_equal(values, probabilities_of(rows_of(text)))
    document = run("predict", "wine.safetensors", "wine.csv", "--json").json
    assert document["predictions"][5]["prediction"] == rows_of(text)[5]["prediction"]


def test_unseen_missing_and_absent_are_counted_and_said_on_stderr(run, folder):
    generator = np.random.default_rng(0)
    x, color = generator.normal(size=90), ["red", "green", "blue"] * 30
    write(folder / "old.csv", {"x": x, "z": x * x, "color": color, "y": ["p", "q"] * 45})
    assert run("train", "old.csv", "--target", "y", *ARGUMENTS).status == 0
    (folder / "new.csv").write_text("x,color\n1.5,mauve\n,red\n2.5,mauve\n")
    ran = run("predict", "old.safetensors", "new.csv")
    assert ran.status == 0
    assert len(rows_of(ran.stdout)) == 3
    for part in ("'mauve' (2 rows)", "column 'x': 1 missing value", "'z' is not in new.csv"):
        assert part in ran.stderr, part
    assert ran.stdout.startswith("line,prediction,probability of p,")


@pytest.mark.parametrize(
    ("labels", "read_back"),
    [(["007", "08"], ["007", "08"]), ([1, 5], [1, 5]), ([True, False], [False, True])],
)
def test_class_labels_keep_type_and_spelling(run, folder, labels, read_back):
    x = np.linspace(-1, 1, 60)
    write(folder / "t.csv", {"x": x, "y": [labels[int(value > 0)] for value in x]})
    options = ("--text", "y") if isinstance(labels[0], str) else ()
    assert run("train", "t.csv", "--target", "y", *options, "--solver", "lbfgs").status == 0
    document = run("predict", "t.safetensors", "t.csv", *options, "--json").json
    found = {row["prediction"] for row in document["predictions"]}
    assert sorted(found) == sorted(read_back)
    assert {type(value) for value in found} == {type(label) for label in labels}


def test_nothing_that_stands_there_is_lost(run, folder, trained):
    trained("csv")
    before = (folder / "wine.csv").read_bytes()
    ran = run("predict", "wine.safetensors", "wine.csv", "--output", "wine.csv", "--force")
    assert ran.status == 2
    assert "would be lost" in ran.stderr
    (folder / "p.csv").write_text("old")
    assert run("predict", "wine.safetensors", "wine.csv", "-o", "p.csv").status == 2
    assert (folder / "wine.csv").read_bytes() == before
    assert (folder / "p.csv").read_text() == "old"
    assert run("predict", "wine.safetensors", "wine.csv", "-o", "p.csv", "--force").status == 0
    assert run("predict", "wine.safetensors", "wine.csv", "-o", "p.xlsx").status == 2
