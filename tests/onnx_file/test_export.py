"""onnxruntime gives what `predict` and `predict_proba` give, on every row."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest

from clearprop import MLPClassifier, MLPRegressor
from clearprop.activations import ACTIVATIONS
from clearprop.errors import ParameterError
from clearprop.losses import OUTPUTS
from clearprop.onnx_file import export_onnx, to_onnx
from clearprop.onnx_file.network import ACTIVATION_NODES, OUTPUT_NODES
from clearprop.table_model import TableModel, train_table_model
from clearprop.tables import read_table

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DataWarning"),
]

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(200, 5)) * 3.0
LARGEST = np.argmax(X[:, :3], axis=1)
TARGETS: dict[str, Any] = {
    "numbers": LARGEST,
    "texts": np.array(["röd", "blå", "gul"])[LARGEST],
    "truth": X[:, 0] > 0,
    "floats": LARGEST + 0.5 * (LARGEST > 5) + 1.0,
    "labels": (X[:, :3] > 0).astype(int),
    "several": np.column_stack([LARGEST, np.argmax(X[:, 1:], axis=1)]),
}
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
CLOSE = {"float32": 1e-5, "float64": 1e-12}


def test_the_tables_have_every_row() -> None:
    assert set(ACTIVATION_NODES) == set(ACTIVATIONS)
    assert set(OUTPUT_NODES) == set(OUTPUTS)


@DTYPES
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation: str, dtype: str, run_onnx: Callable[..., Any]) -> None:
    model = MLPRegressor(hidden_layer_sizes=(9, 7), activation=activation, max_iter=3,
                         random_state=0).fit(X.astype(dtype), X[:, 0])  # fmt: skip
    rows = np.concatenate([X, 30.0 * X, 0.0 * X[:1]]).astype(dtype)
    found = run_onnx(to_onnx(model), {"X": rows})["prediction"]
    expected = model.predict(rows)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@DTYPES
@pytest.mark.parametrize("targets", TARGETS)
def test_classes(targets: str, dtype: str, run_onnx: Callable[..., Any]) -> None:
    rows, y = X.astype(dtype), TARGETS[targets]
    model = MLPClassifier((8,), max_iter=20, random_state=0).fit(rows, y)
    found = run_onnx(to_onnx(model), {"X": rows})
    probabilities = model.predict_proba(rows)
    if targets == "several":
        for number, expected in enumerate(probabilities):
            np.testing.assert_allclose(found[f"probabilities_{number}"], expected, atol=1e-6)
            np.testing.assert_array_equal(found[f"label_{number}"], model.predict(rows)[:, number])
        return
    np.testing.assert_allclose(found["probabilities"], probabilities, atol=1e-6)
    np.testing.assert_array_equal(found["label"], model.predict(rows))
    if targets != "texts":
        assert found["label"].dtype == model.predict(rows).dtype


@DTYPES
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber", "quantile", "several"])
def test_numbers(loss: str, n_targets: int, dtype: str, run_onnx: Callable[..., Any]) -> None:
    quantiles = {"quantile": [0.9], "several": [0.1, 0.5, 0.9]}
    own = {"quantile": quantiles[loss]} if loss in quantiles else {}
    name = "quantile" if loss == "several" else loss
    y = np.abs(X[:, 0]) if n_targets == 1 else np.abs(X[:, :2])
    model = MLPRegressor(name, hidden_layer_sizes=(8,), max_iter=2, random_state=0, **own)
    rows = X.astype(dtype)
    expected = model.fit(rows, y).predict(rows)
    found = run_onnx(to_onnx(model), {"X": rows})["prediction"]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@pytest.mark.parametrize("name", ["digits", "wine", "diabetes"])
def test_bundled_tables_from_raw_columns(name: str, run_onnx: Callable[..., Any]) -> None:
    table = read_table(name)
    model, _ = train_table_model(table, random_state=0)
    columns = {
        encoder.name: table.columns[encoder.name].values.astype(float)[:, None]
        for encoder in model.encoder.encoders
    }
    found, expected = run_onnx(to_onnx(model), columns), model.predict(table)
    if name == "diabetes":
        np.testing.assert_allclose(found["prediction"], expected.values, atol=1e-5, rtol=0.0)
    else:
        np.testing.assert_allclose(found["probabilities"], expected.probabilities, atol=1e-5)
        np.testing.assert_array_equal(found["label"], expected.values)


def mixed_frame() -> pd.DataFrame:
    """Every kind of column, with gaps, rare categories, leap days, and times before 1970."""
    generator = np.random.default_rng(1)
    n = 400
    minutes = generator.integers(0, 90 * 365 * 24 * 60, n).astype("timedelta64[m]")
    times = (np.datetime64("1931-02-27T03:00") + minutes).astype("datetime64[us]")
    times[:3] = np.array(["2000-02-29T23:59", "1899-12-31T00:00", "1972-02-29"], "datetime64[us]")
    frame = pd.DataFrame(
        {
            "size": generator.normal(size=n) * 1e6,
            "huge": generator.normal(size=n) * 1e306,
            "count": generator.integers(0, 9, n),
            "colour": np.array(["red", "green", "blue", "mauve", "puce"])[
                generator.choice(5, n, p=[0.5, 0.3, 0.19, 0.005, 0.005])
            ],
            "when": times,
            "flag": generator.random(n) > 0.5,
            "label": generator.normal(size=n),
        }
    )
    frame["flag"] = frame["flag"].astype(object)
    for step, name in ((7, "size"), (11, "colour"), (13, "when"), (17, "flag")):
        frame.loc[::step, name] = pd.NaT if name == "when" else None
    score = frame["count"] + 5.0 * (frame["flag"] == True) + 3.0 * (frame["colour"] == "red")  # noqa: E712 - gaps
    frame["target"] = np.where(score > 8.0, "yes", "no")
    frame["number"] = score * 100.0 + generator.normal(size=n)
    return frame


@pytest.fixture(scope="module")
def mixed() -> tuple[pd.DataFrame, TableModel, TableModel]:
    frame = mixed_frame()
    classes = train_table_model(
        read_table(frame.drop(columns="number")), target="target", random_state=0
    )
    numbers = train_table_model(
        read_table(frame.drop(columns="target")), target="number", random_state=0
    )
    return frame, classes[0], numbers[0]


def test_a_mixed_table_from_raw_columns(
    mixed: Any, run_onnx: Callable[..., Any], raw_columns: Callable[..., Any]
) -> None:
    frame, classes, numbers = mixed
    kinds = {encoder.kind for encoder in classes.encoder.encoders}
    assert kinds == {"numeric", "boolean", "category", "datetime"}
    later = frame.copy()
    later.loc[[0, 5, 9], "colour"] = ["violet", "puce", None]
    later.loc[[1, 5], "when"] = pd.NaT
    for rows in (frame, later):
        found = run_onnx(to_onnx(classes), raw_columns(classes, rows))
        expected = classes.predict(rows)
        np.testing.assert_allclose(found["probabilities"], expected.probabilities, atol=1e-5)
        np.testing.assert_array_equal(found["predicted label"], expected.values)
        found = run_onnx(to_onnx(numbers), raw_columns(numbers, rows))["prediction"]
        np.testing.assert_allclose(found, numbers.predict(rows).values, atol=1e-5, rtol=0.0)


def test_a_target_whose_squares_would_overflow(
    run_onnx: Callable[..., Any], raw_columns: Callable[..., Any]
) -> None:
    size = np.linspace(-1.0, 1.0, 80)
    frame = pd.DataFrame({"size": size, "target": (size + 2.0) * 1e200})
    model, _ = train_table_model(read_table(frame), max_iter=5, random_state=0)
    found = run_onnx(to_onnx(model), raw_columns(model, frame))["prediction"]
    assert np.abs(found).max() > 1e199
    np.testing.assert_allclose(found, model.predict(frame).values, rtol=1e-9)


@pytest.mark.parametrize("times", ["1600-01-01", "1969-12-31T23:59:59.999999", "2400-02-29"])
def test_every_day_of_four_years_has_its_place(
    times: str, mixed: Any, run_onnx: Callable[..., Any], raw_columns: Callable[..., Any]
) -> None:
    frame, classes, _ = mixed
    start = np.datetime64(times, "us")
    days = np.arange(-2, 1500, dtype="timedelta64[D]") + np.timedelta64(3, "h")
    rows = frame.iloc[np.arange(1502) % len(frame)].reset_index(drop=True)
    rows["when"] = start + days
    found = run_onnx(to_onnx(classes), raw_columns(classes, rows))
    expected = classes.predict(rows).probabilities
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-9)


def test_a_file_says_what_it_is(tmp_path: Any, run_onnx: Callable[..., Any]) -> None:
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = MLPClassifier((4,), max_iter=2, random_state=0).fit(frame, LARGEST)
    path = tmp_path / "model.onnx"
    model.export(path)
    stored = onnx.load(path)
    told = {entry.key: entry.value for entry in stored.metadata_props}
    assert told == {"estimator": "MLPClassifier", "features": '["a", "b", "c", "d", "e"]'}
    assert stored.producer_name == "clearprop"
    one = run_onnx(str(path), {"X": X[:1]})["probabilities"]
    np.testing.assert_allclose(one, model.predict_proba(frame[:1]), atol=1e-12)


def test_a_table_models_export(tmp_path: Any, mixed: Any) -> None:
    _, classes, _ = mixed
    classes.export(tmp_path / "model.onnx")
    names = [tensor.name for tensor in onnx.load(tmp_path / "model.onnx").graph.input]
    assert names == [encoder.name for encoder in classes.encoder.encoders]


def test_what_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    def slope(z: Any, h: Any) -> Any:
        del h
        return np.cos(z)

    own = MLPRegressor(activation=(np.sin, slope), max_iter=1, random_state=0).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match="ONNX has no operator"):
        export_onnx(own, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ParameterError, match="Convert a Pipeline with skl2onnx"):
        to_onnx("model")  # type: ignore[arg-type]  # that is what is told
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ParameterError, match="need the package onnx, which is not installed"):
        to_onnx(own)
