"""The same network as a PyTorch module. Skipped where PyTorch is not installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearprop import MLPClassifier, MLPRegressor, to_torch
from clearprop.activations import ACTIVATIONS
from clearprop.errors import ParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

X = np.random.default_rng(0).normal(size=(60, 4))
LARGEST = np.argmax(X[:, :3], axis=1)
SETTINGS: dict[str, Any] = {"hidden_layer_sizes": (7, 5), "max_iter": 3, "random_state": 0}


def test_without_pytorch_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ParameterError, match="PyTorch is not installed"):
        to_torch(MLPRegressor(**SETTINGS).fit(X, X[:, 0]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    model = MLPRegressor(activation=activation, dtype=dtype, **SETTINGS).fit(X, X[:, 0])
    rows = (10.0 * X).astype(dtype)
    found = to_torch(model)(torch.from_numpy(rows)).detach().numpy()
    close = 1e-4 if dtype == "float32" else 1e-10
    np.testing.assert_allclose(found, model.forward(rows).output, rtol=close, atol=close)


@pytest.mark.parametrize("targets", ["two", "three", "labels", "several", "counts"])
def test_every_output(targets: str) -> None:
    torch = pytest.importorskip("torch")
    y = {
        "two": LARGEST > 0,
        "three": LARGEST,
        "labels": (X[:, :2] > 0).astype(int),
        "several": np.column_stack([LARGEST, np.argmax(X, axis=1)]),
        "counts": LARGEST,
    }[targets]
    model: Any = MLPClassifier(**SETTINGS)
    if targets == "counts":
        model = MLPRegressor("poisson", **SETTINGS)
    passes = model.fit(X, y).forward(X)
    rows = torch.from_numpy(X)
    found = to_torch(model)(rows).detach().numpy()
    np.testing.assert_allclose(found, passes.output, rtol=1e-10)
    logits = to_torch(model, logits=True)(rows).detach().numpy()
    np.testing.assert_allclose(logits, passes.z[-1], rtol=1e-9, atol=1e-12)


def test_it_shares_no_weights() -> None:
    torch = pytest.importorskip("torch")
    model = MLPRegressor(**SETTINGS).fit(X, X[:, 0])
    before = model.coefs_[0].copy()
    module = to_torch(model)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    np.testing.assert_array_equal(model.coefs_[0], before)
