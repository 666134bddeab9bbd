"""Medians, Huber's loss and quantiles: found where they are known, and never crossed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import d2_pinball_score

from clearprop import MLPRegressor, load_model, save_model, to_sklearn
from clearprop.errors import ClearpropWarning, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

GENERATOR = np.random.default_rng(0)
X = GENERATOR.uniform(-1.0, 1.0, (1500, 1))
NOISE = GENERATOR.exponential(1.0, 1500)  # median log 2, quantile of q: -log(1 - q)
Y_MEDIAN = 2.0 * X[:, 0] + NOISE
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (),
    "alpha": 0.0,
    "learning_rate_init": 0.02,
    "learning_rate": "cosine",
    "max_iter": 60,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}


def test_absolute_error_finds_the_median() -> None:
    model = MLPRegressor("absolute_error", **SETTINGS).fit(X, Y_MEDIAN)
    assert model.predict([[0.0]])[0] == pytest.approx(np.log(2.0), abs=0.08)
    assert model.coefs_[0][0, 0] == pytest.approx(2.0, abs=0.12)
    assert np.mean(model.predict(X) > Y_MEDIAN) == pytest.approx(0.5, abs=0.01)


def test_huber_is_between_median_and_mean_as_its_threshold_says() -> None:
    found = [
        MLPRegressor("huber", huber_delta=delta, **SETTINGS).fit(X, Y_MEDIAN).predict([[0.0]])[0]
        for delta in (0.01, 1.0, 100.0)
    ]
    assert found[0] == pytest.approx(np.log(2.0), abs=0.1)
    assert found[0] < found[1] < found[2]
    assert found[2] == pytest.approx(1.0, abs=0.08)


def test_several_quantiles_at_once_are_each_where_it_belongs() -> None:
    levels = [0.1, 0.5, 0.9]
    model = MLPRegressor("quantile", quantile=levels, **SETTINGS).fit(X, Y_MEDIAN)
    yhat = model.predict(X)
    assert yhat.shape == (1500, 3)
    np.testing.assert_allclose(model.predict([[0.0]])[0], -np.log1p(-np.array(levels)), atol=0.15)
    np.testing.assert_allclose(np.mean(Y_MEDIAN[:, None] < yhat, axis=0), levels, atol=0.015)
    scores = [d2_pinball_score(Y_MEDIAN, yhat[:, k], alpha=q) for k, q in enumerate(levels)]
    assert model.score(X, Y_MEDIAN) == pytest.approx(np.mean(scores), rel=1e-12)


def test_one_quantile_is_a_column_of_numbers() -> None:
    model = MLPRegressor("quantile", quantile=0.9, **SETTINGS).fit(X, Y_MEDIAN)
    assert model.predict(X).shape == (1500,)
    assert np.mean(model.predict(X) > Y_MEDIAN) == pytest.approx(0.9, abs=0.01)
    assert model.score(X, Y_MEDIAN) == pytest.approx(
        d2_pinball_score(Y_MEDIAN, model.predict(X), alpha=0.9), rel=1e-12
    )


def test_quantiles_never_cross_where_the_network_does() -> None:
    model = MLPRegressor("quantile", quantile=[0.4, 0.5, 0.6], hidden_layer_sizes=(20,),
                         max_iter=2, random_state=0).fit(X[:50], Y_MEDIAN[:50])  # fmt: skip
    far = np.linspace(-50.0, 50.0, 200)[:, None]
    assert (np.diff(model.forward(far).output, axis=1) < 0.0).any()
    assert (np.diff(model.predict(far), axis=1) >= 0.0).all()


def test_several_targets_have_several_quantiles_each() -> None:
    Y = np.column_stack([Y_MEDIAN, -Y_MEDIAN])
    model = MLPRegressor("quantile", quantile=[0.1, 0.9], **SETTINGS).fit(X, Y)
    yhat = model.predict(X)
    assert yhat.shape == (1500, 2, 2)
    inside = (yhat[:, :, 0] <= Y) & (yhat[:, :, 1] >= Y)
    np.testing.assert_allclose(inside.mean(axis=0), 0.8, atol=0.05)
    assert 0.1 < model.score(X, Y) < 1.0


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_gradients_files_and_clones(loss: str, tmp_path: Any) -> None:
    parameters = {"huber_delta": 0.3, "max_iter": 3, "random_state": 0}
    if loss == "quantile":
        parameters["quantile"] = [0.2, 0.7]
    model = MLPRegressor(loss, hidden_layer_sizes=(7,), **parameters).fit(X[:90], Y_MEDIAN[:90])
    assert model.check_gradients(X[:20], Y_MEDIAN[:20]).ok
    assert model.out_activation_ == "identity"
    save_model(model, tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert clone(model).fit(X[:90], Y_MEDIAN[:90]).loss_ == model.loss_
    with pytest.raises(ParameterError, match="scikit-learn has no"):
        to_sklearn(model)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_early_stopping_judges_by_the_losses_own_score(loss: str) -> None:
    several = {"quantile": [0.1, 0.9]} if loss == "quantile" else {}
    y = Y_MEDIAN.copy()
    y[::97] += 1e4  # a few wild rows, that R^2 would see alone
    settings = {**SETTINGS, "learning_rate": "constant", "n_iter_no_change": 10, **several}
    model = MLPRegressor(loss, early_stopping=True, **settings).fit(X, y)
    assert 0.0 < model.best_validation_score_ < 1.0
    assert model.n_iter_ > 15


def test_a_model_no_better_than_its_quantile_is_told() -> None:
    from clearprop.errors import DivergenceWarning  # noqa: PLC0415 - for this test alone

    noise = GENERATOR.normal(size=(300, 1))
    with pytest.warns(DivergenceWarning, match="no better than"):
        MLPRegressor("quantile", quantile=0.95, max_iter=1, learning_rate_init=1e-9).fit(
            noise, Y_MEDIAN[:300]
        )


@pytest.mark.parametrize("quantile", [[], [0.5, 0.5], [0.9, 0.1], [0.0, 0.5], [[0.1]], ["a"]])
def test_quantiles_that_cannot_be(quantile: Any) -> None:
    with pytest.raises(ParameterError, match="rising ones"):
        MLPRegressor("quantile", quantile=quantile).fit(X, Y_MEDIAN)


def test_quantile_and_threshold_mean_nothing_to_other_losses() -> None:
    settings = {"hidden_layer_sizes": (5,), "max_iter": 2, "random_state": 0}
    plain = MLPRegressor(**settings).fit(X, Y_MEDIAN)
    told = MLPRegressor(quantile=[0.1, 0.2], huber_delta=9.0, **settings)
    with pytest.warns(ClearpropWarning, match="is ignored"):
        told.fit(X, Y_MEDIAN)
    np.testing.assert_array_equal(plain.coefs_[0], told.coefs_[0])


def test_another_number_of_quantiles_after_fit_is_told() -> None:
    model = MLPRegressor("quantile", quantile=[0.1, 0.9], max_iter=2, warm_start=True)
    model.fit(X[:50], Y_MEDIAN[:50]).set_params(quantile=[0.1, 0.5, 0.9])
    with pytest.raises(ParameterError, match="changed since fit"):
        model.predict(X[:2])
    with pytest.raises(ParameterError, match="needs 3 outputs, and the network has 2"):
        model.fit(X[:50], Y_MEDIAN[:50])
