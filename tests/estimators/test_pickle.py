"""A pickle holds the model, not the data, and what partial_fit needs only where it goes on."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from clearprop import MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

X, y = load_digits(return_X_y=True)
SETTINGS: list[dict[str, Any]] = [
    {},
    {"early_stopping": True},
    {"solver": "sgd"},
    {"solver": "lbfgs"},
    {"warm_start": True},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_pickle_is_its_weights_and_little_more(kind: Any, settings: dict[str, Any]) -> None:
    model = kind(hidden_layer_sizes=(100,), max_iter=5, random_state=0, **settings).fit(X, y)
    weights = sum(array.nbytes for array in (*model.coefs_, *model.intercepts_))
    stored = pickle.dumps(model)
    assert len(stored) <= weights + 20_000
    again = pickle.loads(stored)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.loss_ == model.loss_
    # Writing it took nothing away.
    assert (model._training.optimizer_state is None) == (settings.get("solver") == "lbfgs")


@pytest.mark.parametrize("settings", SETTINGS[:1] + SETTINGS[2:3] + SETTINGS[4:], ids=str)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_partial_fit_goes_on_from_a_pickle_to_the_same_bits(
    settings: dict[str, Any], copied: Any
) -> None:
    model = MLPClassifier((9,), random_state=0, **settings)
    for _ in range(3):
        model.partial_fit(X, y, classes=np.arange(10))
    again = copied(model)
    for one in (model, again):
        one.partial_fit(X, y)
    for W, expected in zip(again.coefs_, model.coefs_, strict=True):
        np.testing.assert_array_equal(W, expected)
    assert again.loss_curve_ == model.loss_curve_


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_warm_start_from_a_pickle_is_the_same(settings: dict[str, Any]) -> None:
    model = MLPClassifier((9,), max_iter=3, random_state=0, **{**settings, "warm_start": True})
    model.fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    for one in (model, again):
        one.fit(X, y)
    for W, expected in zip(again.coefs_, model.coefs_, strict=True):
        np.testing.assert_array_equal(W, expected)


def test_a_clone_is_not_fitted() -> None:
    model = MLPClassifier((9,), max_iter=1, random_state=0).fit(X, y)
    assert not hasattr(clone(model), "_training")
