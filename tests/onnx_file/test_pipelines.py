"""skl2onnx converts our estimators where it converts scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import skl2onnx
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clearprop import MLPClassifier, MLPRegressor
from clearprop.errors import ParameterError
from clearprop.onnx_file import register_converters

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # skl2onnx's own
]

GENERATOR = np.random.default_rng(0)
X = (5.0 + 3.0 * GENERATOR.normal(size=(150, 4))).astype(np.float32)
LARGEST = np.argmax(X[:, :3], axis=1)


@pytest.fixture(autouse=True)
def registered() -> None:
    register_converters()


@pytest.mark.parametrize("y", [LARGEST, np.array(["a", "b", "c"])[LARGEST], X[:, 0] > 5.0])
def test_a_pipeline_of_classes(y: Any, run_onnx: Callable[..., Any]) -> None:
    model = make_pipeline(StandardScaler(), MLPClassifier((9,), activation="gelu", max_iter=20))
    model.fit(X, y)
    converted = skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})
    found = run_onnx(converted, {"X": X})
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(found["label"].astype(str), _as_text(model.predict(X)))


def _as_text(labels: Any) -> Any:
    return (labels.astype(int) if labels.dtype == bool else labels).astype(str)


def test_zipped_probabilities_are_scikit_learns_way(run_onnx: Callable[..., Any]) -> None:
    model = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, LARGEST)
    found = run_onnx(skl2onnx.to_onnx(model, X[:1]), {"X": X[:2]})
    zipped = found["output_probability"]
    expected = model.predict_proba(X[:2])
    assert [sorted(row) for row in zipped] == [[0, 1, 2]] * 2
    np.testing.assert_allclose([[row[k] for k in range(3)] for row in zipped], expected, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_a_pipeline_of_numbers(n_targets: int, dtype: str, run_onnx: Callable[..., Any]) -> None:
    rows = X.astype(dtype)
    y = rows[:, 0] if n_targets == 1 else rows[:, :2]
    network = MLPRegressor(hidden_layer_sizes=(9,), max_iter=20, random_state=0)
    model = make_pipeline(StandardScaler(), network).fit(rows, y)
    found = run_onnx(skl2onnx.to_onnx(model, rows[:1]), {"X": rows})["variable"]
    np.testing.assert_allclose(found, model.predict(rows).reshape(150, -1), rtol=1e-5, atol=1e-5)


def test_several_columns_of_classes_are_refused() -> None:
    model = MLPClassifier((5,), max_iter=2).fit(X, (X[:, :2] > 5.0).astype(int))
    with pytest.raises(ParameterError, match="y has several columns"):
        skl2onnx.to_onnx(model, X[:1])
