"""warm_start="exact": two fits have the bits of one longer fit, whatever the solver."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from clearprop import MLPClassifier, MLPRegressor, from_sklearn, to_sklearn
from clearprop.errors import ParameterError
from clearprop.training import Callback, Progress, loop

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Training stopped by a callback"),
]

X, LABELS = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)

SOLVERS: list[dict[str, Any]] = [
    {"solver": "adam"},
    {"solver": "nadam", "dropout": 0.3, "max_grad_norm": 0.1},
    {"solver": "rmsprop", "label_smoothing": 0.1},
    {"solver": "adamw", "warmup_epochs": 7},
    {"solver": "sgd", "momentum": 0.0},
    {"solver": "sgd", "nesterovs_momentum": False},
    {"solver": "sgd", "learning_rate": "invscaling"},
    # Plateaus from the first epochs on.
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1},
]
COURSES: list[dict[str, Any]] = [
    {"shuffle": False},
    {"shuffle": True},
    {"early_stopping": True},
    {"early_stopping": True, "stratified_validation": True, "n_iter_no_change": 1},
]


def model(**settings: Any) -> Any:
    how = {"batch_size": 16, "learning_rate_init": 0.01, "random_state": 3, "max_iter": 5}
    return MLPClassifier((7,), warm_start="exact", **{**how, **settings})


def bits(fitted: Any) -> dict[str, Any]:
    """All that is learned and all that a further fit would go on from."""
    state = fitted._training.to_data()
    del state["seconds"]
    names = (
        "coefs_ intercepts_ loss_curve_ validation_scores_ n_iter_ t_ loss_ best_loss_ "
        "best_validation_score_ stopped_"
    )
    return _bits({name: getattr(fitted, name) for name in names.split()} | {"state": state})


def _bits(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (value.dtype, value.shape, value.tobytes())
    if isinstance(value, dict):
        return {key: _bits(item) for key, item in value.items()}
    return [_bits(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("course", COURSES, ids=str)
@pytest.mark.parametrize("solver", SOLVERS, ids=str)
def test_five_epochs_and_five_more_are_ten(solver: Any, course: Any) -> None:
    how = {**solver, **course}
    whole = model(**how, max_iter=10).fit(X, LABELS)
    halves = model(**how).fit(X, LABELS)
    begun = copy.deepcopy(halves)
    assert bits(halves.fit(X, LABELS)) == bits(whole)
    # scikit-learn's warm start begins the optimizer anew, and draws other rows. Plain SGD on rows
    # in their own order has nothing to begin anew; best weights of the first fit are kept by both.
    begins = whole.validation_scores_ is not None and np.argmax(whole.validation_scores_) < 5
    plain = how == {"solver": "sgd", "momentum": 0.0, "shuffle": False}
    if whole.n_iter_ == 10 and not begins and not plain:
        anew = begun.set_params(warm_start=True).fit(X, LABELS)
        assert _bits(anew.coefs_) != _bits(whole.coefs_)


def rows(kind: str) -> tuple[Any, Any]:
    y = X[:, :2].copy() if kind == "several outputs" else X[:, 0]
    return {"sparse": sparse.csr_matrix(X), "float32": X.astype(np.float32)}.get(kind, X), y


@pytest.mark.parametrize("kind", ["sparse", "float32", "several outputs"])
@pytest.mark.parametrize("through", [lambda m: m, lambda m: pickle.loads(pickle.dumps(m))])
def test_regression_with_weights_and_through_a_pickle(kind: str, through: Any) -> None:
    how = {"warm_start": "exact", "early_stopping": True, "batch_size": 16, "random_state": 0}
    inputs, y = rows(kind)
    weight = np.linspace(0.5, 2.0, len(y))
    whole = MLPRegressor(max_iter=9, **how).fit(inputs, y, weight)
    parts = MLPRegressor(max_iter=3, **how)
    for _ in range(3):
        parts = through(parts).fit(inputs, y, weight)
    assert bits(parts) == bits(whole)


def test_with_validation_rows_of_ones_own_and_a_generator_of_ones_own() -> None:
    validation = {"X_val": X[::3], "y_val": LABELS[::3]}
    generators = [np.random.RandomState(8) for _ in range(2)]
    whole = model(max_iter=10, random_state=generators[0]).fit(X, LABELS, **validation)
    halves = model(random_state=generators[1]).fit(X, LABELS, **validation)
    assert bits(halves.fit(X, LABELS, **validation)) == bits(whole)


class StopAt(Callback):
    def __init__(self, *place: int) -> None:
        self.place = place

    def on_progress(self, progress: Progress) -> bool | None:
        return (progress.epoch, progress.position) == self.place


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_stopped_amid_an_epoch_goes_on_within_it(
    early_stopping: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_LOOKS", -1.0)  # one step at a time
    whole = model(max_iter=8, early_stopping=early_stopping).fit(X, LABELS)
    parts = model(early_stopping=early_stopping, callbacks=[StopAt(2, 4)]).fit(X, LABELS)
    assert (parts.stopped_, parts._training.position) == ("callback", 4)
    parts.set_params(callbacks=None, max_iter=6).fit(X, LABELS)
    assert bits(parts) == bits(whole)
    # With other batches there is nothing to go on within.
    parts = model(callbacks=[StopAt(2, 4)]).fit(X, LABELS)
    parts.set_params(callbacks=None, batch_size=50).fit(X, LABELS)
    assert (parts.n_iter_, len(parts.loss_curve_)) == (7, 7)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_where_one_fit_would_have_stopped_so_do_two(early_stopping: bool) -> None:
    how = {"early_stopping": early_stopping, "tol": 0.5, "n_iter_no_change": 2, "max_iter": 50}
    whole = model(**how).fit(X, LABELS)
    assert whole.stopped_ == "no_improvement"
    before = bits(whole)
    assert bits(whole.fit(X, LABELS)) == before
    # More patience, or other rows, are a reason to go on.
    longer = model(**{**how, "n_iter_no_change": 4}).fit(X, LABELS)
    assert bits(whole.set_params(n_iter_no_change=4).fit(X, LABELS)) == bits(longer)
    n_epochs = whole.n_iter_
    assert whole.fit(X[:-1], LABELS[:-1]).n_iter_ > n_epochs


def test_it_goes_on_from_scikit_learns_estimator_and_to_it() -> None:
    begun = model().fit(X, LABELS)
    theirs = to_sklearn(begun)
    assert theirs.warm_start is True
    back = from_sklearn(theirs).set_params(warm_start="exact").fit(X, LABELS)
    assert back.n_iter_ == 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "lbfgs"}, "solver='lbfgs' cannot go on exactly"),
        ({"learning_rate": "cosine"}, "'cosine' is planned over the epochs of one fit"),
        ({"learning_rate": "one_cycle"}, "'one_cycle' is planned over"),
    ],
)
def test_what_cannot_go_on_exactly_is_refused(settings: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        model(**settings).fit(X, LABELS)


def test_more_patience_goes_on_where_less_had_ended() -> None:
    settings = {"learning_rate_init": 1e-6, "n_iter_no_change": 3, "max_iter": 50}
    ended = model(**settings).fit(X, LABELS)
    assert (ended.stopped_, ended.n_iter_) == ("no_improvement", 5)
    assert ended.fit(X, LABELS).n_iter_ == 5
    assert ended.set_params(n_iter_no_change=4).fit(X, LABELS).n_iter_ == 6


def test_other_rows_are_given_all_patience() -> None:
    settings = {"learning_rate_init": 1e-6, "n_iter_no_change": 3, "max_iter": 50}
    ended = model(**settings).fit(X, LABELS)
    before = ended.n_iter_
    assert ended.fit(X[::2], LABELS[::2]).n_iter_ >= before + 4
