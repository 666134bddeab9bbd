"""Training from a table: what the test part never touches, and what the model remembers."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from clearprop.errors import DataWarning, ParameterError, TableError
from clearprop.estimators import MLPClassifier
from clearprop.model_file import load_model, save_model
from clearprop.table_model import prepare_table, train_table_model
from clearprop.table_model.network_targets import negative_loss, network_targets
from clearprop.tables import read_table

SMALL = {"hidden_layer_sizes": (6,), "max_iter": 5}
# Five epochs make no good model, and the estimators say so.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore:The trained network's loss"),
]


def numbers(n_rows=100, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n_rows)
    return {"x": x, "z": generator.normal(size=n_rows), "y": 50 + 7 * x}


def test_the_test_part_changes_nothing_that_is_learned():
    columns = numbers()
    rows = prepare_table(read_table(columns), "y").parts.test
    model, report = train_table_model(read_table(columns), "y", **SMALL)
    for name in ("x", "z", "y"):
        columns[name] = columns[name].copy()
        columns[name][rows] = columns[name][rows] * 3 - 1
    other, other_report = train_table_model(read_table(columns), "y", **SMALL)
    np.testing.assert_array_equal(report.parts.test, rows)
    assert model.encoder == other.encoder
    assert model.target_scale == other.target_scale
    for W, other_W in zip(model.estimator.coefs_, other.estimator.coefs_, strict=True):
        np.testing.assert_array_equal(W, other_W)
    assert report.evaluation != other_report.evaluation


def test_regression_predicts_in_the_targets_units():
    columns = numbers()
    model, report = train_table_model(read_table(columns), "y", hidden_layer_sizes=(20,))
    values = model.predict(columns).values
    assert abs(values.mean() - 50) < 2
    assert report.evaluation.r2 > 0.9
    scaled = {**columns, "y": columns["y"] * 2.0**100}
    huge, _ = train_table_model(read_table(scaled), "y", hidden_layer_sizes=(20,))
    np.testing.assert_allclose(huge.predict(columns).values, values * 2.0**100, rtol=1e-12)


def test_counts_are_learned_with_the_poisson_loss():
    generator = np.random.default_rng(0)
    x = generator.normal(size=300)
    columns = {"x": x, "y": generator.poisson(30 * np.exp(0.5 * x)).astype(float)}
    model, report = train_table_model(
        read_table(columns), "y", task="regression", loss="poisson", hidden_layer_sizes=(20,)
    )
    assert model.predict(columns).values.min() > 0
    assert report.evaluation.r2 > 0.7
    columns["y"][0] = -1.0
    with pytest.raises(TableError, match="0 and more"):
        train_table_model(read_table(columns), "y", task="regression", loss="poisson")


def test_the_record_is_json_and_survives_the_file(tmp_path):
    model, report = train_table_model(read_table("wine"), random_state=4, **SMALL)
    record = json.loads(json.dumps(model.record, allow_nan=False))
    assert record == model.record
    assert record["seed"] == 4
    assert record["rows"] == {
        "read": 178, "without_target": 0, "train": 128, "validation": 14, "test": 36,
    }  # fmt: skip
    assert record["settings"]["hidden_layer_sizes"] == [6]
    assert record["scores"] == report.evaluation.to_dict()
    save_model(model, tmp_path / "wine.safetensors")
    loaded = load_model(tmp_path / "wine.safetensors")
    assert loaded.record == model.record
    np.testing.assert_array_equal(loaded.predict_proba("wine"), model.predict_proba("wine"))


@pytest.mark.filterwarnings("ignore::clearprop.errors.DataWarning")
def test_a_class_with_one_row_is_learned_from():
    columns = numbers()
    columns["y"] = np.array(["a", "b"] * 49 + ["c", "a"])
    model, report = train_table_model(read_table(columns), "y", **SMALL)
    assert model.estimator.classes_.tolist() == ["a", "b", "c"]
    assert 98 in report.parts.train
    assert report.evaluation.confusion[2].sum() == 0
    assert report.evaluation.recall()[2] is None


def test_a_validation_part_too_small_is_given_up_and_said():
    with pytest.warns(DataWarning, match="validation part of 2 of 20 rows"):
        model, report = train_table_model(read_table(numbers(20)), "y", **SMALL)
    assert len(report.parts.validation) == 0
    assert model.estimator.validation_scores_ is None


def test_without_a_test_part_nothing_is_claimed():
    model, report = train_table_model(read_table("iris"), test_size=0.0, **SMALL)
    assert report.evaluation is None
    assert model.record["scores"] is None


def test_parameters_that_are_none_are_refused_with_the_nearest_name():
    with pytest.raises(ParameterError, match="Did you mean 'alpha'"):
        train_table_model(read_table("iris"), alfa=1)
    with pytest.raises(ParameterError, match="validation_size"):
        train_table_model(read_table("iris"), early_stopping=True)
    with pytest.raises(ParameterError, match="is for regression, and the target"):
        train_table_model(read_table("iris"), loss="poisson")


def test_too_few_rows_and_no_probabilities_are_errors():
    with pytest.raises(TableError, match="4 rows are too few"):
        train_table_model(read_table({"x": [1.5, 2, 3, 4], "y": [1.5, 2, 3, 5]}), "y")
    model, _ = train_table_model(read_table(numbers()), "y", **SMALL)
    with pytest.raises(ParameterError, match="no probabilities"):
        model.predict_proba(numbers())
    with pytest.raises(TableError, match="no row"):
        model.predict(read_table(numbers()).take(np.arange(0)))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_validation_loss_is_the_log_loss(n_classes):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(60, 4)), generator.integers(0, n_classes, size=60)
    estimator = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, y)
    probabilities = estimator.predict_proba(X)[np.arange(60), y]
    assert negative_loss(estimator, X, y) == pytest.approx(np.log(probabilities).mean())
    Y = network_targets(estimator, y)
    assert Y.shape == (60, n_classes if n_classes > 2 else 1)
    # Rows that lack a class, as a small validation part may, are judged all the same.
    rows = y == 0
    assert negative_loss(estimator, X[rows], y[rows]) < 0


def test_batch_gives_what_the_network_takes():
    model, _ = train_table_model(read_table("diabetes"), **SMALL)
    X, Y = model.batch("diabetes")
    assert X.shape == (442, 10)
    np.testing.assert_allclose(
        model.target_scale.restore(Y[:, 0]),
        read_table("diabetes").columns["target"].values,
        rtol=1e-12,
    )


def test_what_belongs_to_a_run_does_not_stay_in_the_model(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, _ = train_table_model(
            read_table("iris"), **SMALL, checkpoint=tmp_path / "c", checkpoint_seconds=0.0,
            max_time=100.0,
        )  # fmt: skip
    assert (tmp_path / "c").exists()
    assert model.estimator.checkpoint is None
    assert model.estimator.max_time is None
    assert model.estimator.scoring is None
    assert model.estimator.callbacks is None


def test_a_model_of_decimal_commas_reads_decimal_points_that_prove_themselves(tmp_path):
    generator = np.random.default_rng(0)
    weight = generator.uniform(1, 9, 60).round(3)
    rows = "".join(f"{w:.3f};{3 * w:.1f}\n".replace(".", ",") for w in weight)
    (tmp_path / "de.csv").write_text(f"Gewicht;Preis\n{rows}")
    (tmp_path / "en.csv").write_text("Gewicht,Preis\n5.733,17.2\n")
    (tmp_path / "open.csv").write_text("Gewicht,Art\n5.733,x\n")
    model, _ = train_table_model(
        read_table(tmp_path / "de.csv"), "Preis", max_iter=5, hidden_layer_sizes=(4,)
    )
    save_model(model, tmp_path / "m.safetensors")
    model = load_model(tmp_path / "m.safetensors")
    table = model.read(tmp_path / "en.csv")
    assert table.columns["Gewicht"].values.tolist() == [5.733]
    assert "17.2" in "".join(table.notes)
    with pytest.raises(TableError, match="--decimal"):
        model.read(tmp_path / "open.csv")
    with pytest.raises(TableError, match=r"'17\.2'"):
        model.read(tmp_path / "en.csv", decimal=",")


def test_a_model_carries_the_order_of_its_dates(tmp_path):
    rows = "".join(f"{1 + i % 28:02}/{1 + i % 12:02}/2025,{i % 7}\n" for i in range(60))
    (tmp_path / "days.csv").write_text(f"Tag,y\n{rows}")
    (tmp_path / "open.csv").write_text("Tag,y\n03/04/2025,1\n")
    model, _ = train_table_model(
        read_table(tmp_path / "days.csv"), "y", max_iter=5, hidden_layer_sizes=(4,)
    )
    save_model(model, tmp_path / "m.safetensors")
    table = load_model(tmp_path / "m.safetensors").read(tmp_path / "open.csv")
    assert table.columns["Tag"].text(0).startswith("2025-04-03")
