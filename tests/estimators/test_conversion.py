"""There and back: the same numbers now, and after going on to learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as theirs
from peer_limits import skip_what_it_lacks
from sklearn.exceptions import NotFittedError

import clearprop
from clearprop import from_sklearn, to_sklearn
from clearprop.errors import ParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

X = np.random.default_rng(0).normal(size=(60, 4))
LABELS = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]
SETTINGS = [
    {"solver": "adam"},
    {"solver": "sgd", "momentum": 0.0},
    {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    {"solver": "adam", "early_stopping": True, "validation_fraction": 0.3},
    {"solver": "lbfgs"},
]


def assert_same(ours: Any, other: Any) -> None:
    for a, b in zip(ours.coefs_ + ours.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert ours.n_iter_ == other.n_iter_
    assert ours.t_ == other.t_


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("direction", ["from", "to"])
def test_the_same_and_it_learns_on_the_same(settings: Any, kind: str, direction: str) -> None:
    module, convert = (theirs, from_sklearn) if direction == "from" else (clearprop, to_sklearn)
    y = LABELS if kind == "MLPClassifier" else X[:, 0]
    shared = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0, **settings}
    if direction == "from":
        skip_what_it_lacks(kind, shared, y=y)
    original = getattr(module, kind)(**shared).fit(X, y)
    before = [W.copy() for W in original.coefs_]
    converted = convert(original)
    assert type(converted).__name__ == kind
    assert type(converted) is not type(original)
    assert (converted.predict(X) == original.predict(X)).all() or kind == "MLPRegressor"
    np.testing.assert_allclose(converted.loss_, original.loss_)
    assert_same(converted, original)
    if settings["solver"] != "lbfgs" and "early_stopping" not in settings:
        for _ in range(3):
            converted.partial_fit(X, y)
        for W, was in zip(original.coefs_, before, strict=True):
            np.testing.assert_array_equal(W, was)
        for _ in range(3):
            original.partial_fit(X, y)
        assert_same(converted, original)
        np.testing.assert_allclose(converted.loss_curve_, original.loss_curve_, rtol=1e-9)


def test_there_and_back_changes_no_bit() -> None:
    model = clearprop.MLPClassifier((5,), max_iter=3, random_state=0).fit(X, LABELS)
    back = from_sklearn(to_sklearn(model))
    for W, expected in zip(back.coefs_, model.coefs_, strict=True):
        np.testing.assert_array_equal(W, expected)
    assert back.partial_fit(X, LABELS).loss_ == model.partial_fit(X, LABELS).loss_


def test_what_scikit_learn_lacks_is_said() -> None:
    model = clearprop.MLPClassifier((5,), activation="gelu", max_iter=2).fit(X, LABELS)
    with pytest.raises(ParameterError, match="no 'gelu'"):
        to_sklearn(model)


@pytest.mark.parametrize("convert", [from_sklearn, to_sklearn])
def test_other_things_are_refused(convert: Any) -> None:
    from sklearn.linear_model import Ridge  # noqa: PLC0415 - what is refused

    with pytest.raises(ParameterError, match="got Ridge, expected"):
        convert(Ridge())


def test_nothing_fitted_is_nothing_to_convert() -> None:
    with pytest.raises(NotFittedError):
        from_sklearn(theirs.MLPClassifier())
    with pytest.raises(NotFittedError):
        to_sklearn(clearprop.MLPClassifier())
