"""Learning rates and solvers beyond scikit-learn's: each changes the course as its formula says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearprop import MLPClassifier, MLPRegressor, to_sklearn
from clearprop.errors import ParameterError
from clearprop.training import Callback, Progress

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

X = np.random.default_rng(0).normal(size=(64, 3))
y = (X[:, 0] > 0).astype(int)
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])


class Rates(Callback):
    """Keeps the last learning rate of each epoch."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_epoch(self, progress: Progress) -> None:
        self.seen.append(progress.learning_rate)


def rates(kind: Any, **parameters: Any) -> list[float]:
    told = Rates()
    settings = {"batch_size": 16, "max_iter": 10, "n_iter_no_change": np.inf, "random_state": 0}
    kind(callbacks=[told], **{**settings, **parameters}).fit(X, y)
    return told.seen


@BOTH
@pytest.mark.parametrize("solver", ["adam", "sgd", "adamw"])
def test_cosine_falls_to_nothing_over_max_iter(kind: Any, solver: str) -> None:
    seen = rates(kind, solver=solver, learning_rate="cosine", learning_rate_init=0.01)
    steps = 4 * np.arange(1, 11) - 1
    np.testing.assert_allclose(seen, 0.01 * (1 + np.cos(np.pi * steps / 40)) / 2, rtol=1e-9)


@BOTH
def test_one_cycle_is_highest_after_three_tenths(kind: Any) -> None:
    seen = rates(kind, learning_rate="one_cycle", learning_rate_init=0.01)
    assert int(np.argmax(seen)) in (2, 3)
    assert max(seen) == pytest.approx(0.01, rel=0.05)
    assert seen[-1] < 1e-4


@BOTH
@pytest.mark.parametrize("learning_rate", ["constant", "cosine"])
def test_warm_up_rises_over_its_epochs(kind: Any, learning_rate: str) -> None:
    settings = {"learning_rate": learning_rate, "learning_rate_init": 0.01}
    plain, warmed = rates(kind, **settings), rates(kind, warmup_epochs=5, **settings)
    share = np.minimum(4 * np.arange(1, 11) / 20, 1.0)
    np.testing.assert_allclose(warmed, share * plain, rtol=1e-12)


@BOTH
def test_early_stopping_warms_up_over_the_rows_left(kind: Any) -> None:
    seen = rates(kind, warmup_epochs=2, early_stopping=True, validation_fraction=0.5)
    np.testing.assert_allclose(seen[:3], [0.0005, 0.001, 0.001])


@BOTH
def test_adamw_takes_a_share_of_every_weight(kind: Any) -> None:
    settings = {"max_iter": 1, "batch_size": 64, "alpha": 0.0, "random_state": 0}
    start = kind(solver="adamw", **settings).initialize(X, y).coefs_
    plain = kind(solver="adam", learning_rate_init=0.1, **settings).fit(X, y)
    decayed = kind(solver="adamw", learning_rate_init=0.1, weight_decay=0.5, **settings).fit(X, y)
    for W, without, with_decay in zip(start, plain.coefs_, decayed.coefs_, strict=True):
        np.testing.assert_allclose(with_decay, without - 0.05 * W, rtol=1e-9, atol=1e-12)
    for b, expected in zip(decayed.intercepts_, plain.intercepts_, strict=True):
        np.testing.assert_array_equal(b, expected)


@BOTH
def test_adamw_goes_on_by_partial_fit(kind: Any) -> None:
    model = kind(solver="adamw", random_state=0)
    classes = {"classes": [0, 1]} if kind is MLPClassifier else {}
    for _ in range(3):
        model.partial_fit(X, y, **classes)
    assert model._training.optimizer_state.n_updates == 3
    assert set(model._training.optimizer_state.slots) == {"mean", "mean_square"}


@pytest.mark.parametrize(
    "settings", [{"learning_rate": "cosine"}, {"learning_rate": "one_cycle"}, {"warmup_epochs": 1}]
)
def test_where_there_are_no_epochs_it_is_said(settings: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="partial_fit has none"):
        MLPRegressor(**settings).partial_fit(X, y)
    with pytest.raises(ParameterError, match="'lbfgs' has none"):
        MLPRegressor(solver="lbfgs", **settings).fit(X, y)


@pytest.mark.parametrize("settings", [{"solver": "adamw"}, {"learning_rate": "cosine"}])
def test_scikit_learn_has_none_of_them(settings: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="scikit-learn has no"):
        to_sklearn(MLPRegressor(max_iter=2, **settings).fit(X, y))


@pytest.mark.parametrize("planned", [{"learning_rate": "cosine"}, {"warmup_epochs": 4}], ids=str)
def test_a_warm_start_plans_its_own_course(planned: dict[str, Any]) -> None:
    told = Rates()
    settings = {"batch_size": 16, "max_iter": 5, "n_iter_no_change": np.inf, "random_state": 0}
    model = MLPClassifier(callbacks=[told], warm_start=True, **settings, **planned)
    model.fit(X, y).fit(X, y)
    assert len(set(told.seen[:5])) > 1
    assert told.seen[5:] == told.seen[:5]


def test_warm_up_may_end_within_an_epoch() -> None:
    seen = rates(MLPClassifier, warmup_epochs=1.5, learning_rate_init=0.01)
    np.testing.assert_allclose(seen[:3], [0.01 * 4 / 6, 0.01, 0.01], rtol=1e-12)


def test_rmsprop_decays_by_beta_2() -> None:
    settings = {"solver": "rmsprop", "alpha": 0.0, "learning_rate_init": 0.01, "random_state": 0}
    model = MLPRegressor(hidden_layer_sizes=(), beta_2=0.75, max_iter=1, **settings)
    start = model.initialize(X, y).coefs_[0]
    # The first step is learning_rate / sqrt(1 - beta_2), whatever the gradient's length.
    np.testing.assert_allclose(np.abs(model.fit(X, y).coefs_[0] - start), 0.02, rtol=1e-5)
