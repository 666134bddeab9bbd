"""One activation for each layer, or of the user's own: the same network as the named ones make."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as peer
from sklearn.base import clone

from clearprop import MLPClassifier, MLPRegressor, load_model, save_model, to_sklearn
from clearprop.activations import ACTIVATIONS, Activation
from clearprop.errors import ParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(80, 4))
y = (X[:, 0] > 0).astype(int)
SETTINGS: dict[str, Any] = {"hidden_layer_sizes": (9, 6), "max_iter": 5, "random_state": 0}
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])


def tanh_derivative(z: Any, h: Any) -> Any:
    del z
    return 1.0 - h * h


def sine_derivative(z: Any, h: Any) -> Any:
    del h
    return np.cos(z)


@BOTH
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ones_own_tanh_is_the_tables(kind: Any, solver: str) -> None:
    own = kind(activation=(np.tanh, tanh_derivative), solver=solver, **SETTINGS).fit(X, y)
    named = kind(activation="tanh", solver=solver, **SETTINGS).fit(X, y)
    for W, expected in zip(own.coefs_, named.coefs_, strict=True):
        np.testing.assert_allclose(W, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(own.predict(X), named.predict(X), rtol=1e-6)


@BOTH
def test_a_sine_is_its_own(kind: Any) -> None:
    model = kind(activation=(np.sin, sine_derivative), **SETTINGS).fit(X, y)
    passes = model.forward(X)
    np.testing.assert_array_equal(passes.inputs[1], np.sin(passes.z[0]))
    assert model.check_gradients(X[:9], y[:9]).ok
    assert model.network_.hidden[0].name == "sin"
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert clone(model).fit(X, y).loss_ == model.loss_


@BOTH
def test_each_layer_has_its_own(kind: Any, tmp_path: Any) -> None:
    model = kind(activation=["relu", "gelu"], **SETTINGS).fit(X, y)
    passes = model.forward(X)
    for layer, name in enumerate(("relu", "gelu")):
        expected = ACTIVATIONS[name].function(passes.z[layer])
        np.testing.assert_array_equal(passes.inputs[layer + 1], expected)
    assert model.check_gradients(X[:9], y[:9]).ok
    save_model(model, tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(ParameterError, match="scikit-learn has no"):
        to_sklearn(model)


def test_each_layer_begins_with_the_weights_of_its_activation() -> None:
    drawn = [
        MLPClassifier(activation=names, **SETTINGS).initialize(X, y).coefs_
        for names in (["tanh", "tanh"], ["logistic", "tanh"], "tanh")
    ]
    np.testing.assert_array_equal(drawn[0][0], drawn[2][0])
    np.testing.assert_allclose(drawn[1][0], drawn[0][0] / np.sqrt(3.0))
    np.testing.assert_array_equal(drawn[1][1], drawn[0][1])


def test_a_whole_row_of_ones_own() -> None:
    row = Activation("sine", np.sin, sine_derivative, "sin(z)", "cos(z)", initial_gain=2.0)
    mixed = MLPRegressor(activation=[row, (np.tanh, tanh_derivative)], **SETTINGS).fit(X, y)
    assert [one.name for one in mixed.network_.activations] == ["sine", "tanh"]
    assert mixed.check_gradients(X[:9], y[:9]).ok


def test_it_can_be_dropped_out_weighted_and_cut_in_float32() -> None:
    model = MLPRegressor(activation=(np.sin, sine_derivative), dropout=0.2, max_grad_norm=0.1,
                         dtype="float32", **SETTINGS).fit(X, y, np.arange(80.0))  # fmt: skip
    assert model.coefs_[0].dtype == np.float32
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        ((np.tanh, sine_derivative), "is not its derivative: at z = -3.98"),
        ((np.sum, sine_derivative), "gave shape"),
        (["tanh"], "got 1 activations for 2 hidden layers"),
        (["tanh", "tnah"], "got 'tnah', expected one of"),
        ([np.tanh, "relu"], "a pair of functions"),
    ],
)
def test_what_cannot_be_is_said(activation: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MLPClassifier(activation=activation, **SETTINGS).fit(X, y)


def test_functions_are_not_saved(tmp_path: Any) -> None:
    model = MLPClassifier(activation=(np.sin, sine_derivative), **SETTINGS).fit(X, y)
    with pytest.raises(ParameterError, match="only code could bring back") as told:
        save_model(model, tmp_path / "model.safetensors")
    assert "Predictions do not need it" not in str(told.value)


@pytest.mark.parametrize("activation", ["logistic", ACTIVATIONS["logistic"]])
def test_without_a_hidden_layer_weights_begin_as_scikit_learns(activation: Any) -> None:
    settings = {"hidden_layer_sizes": (), "max_iter": 1, "learning_rate_init": 1e-12}
    ours = MLPClassifier(activation=activation, random_state=0, **settings).fit(X, y)
    theirs = peer.MLPClassifier(activation="logistic", random_state=0, **settings).fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-6)
