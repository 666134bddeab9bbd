"""partial_fit with validation: the best weights are kept, and training goes on from the last."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from clearprop import MLPClassifier, MLPRegressor
from clearprop.errors import ParameterError

X, LABELS = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)[:240]
LABELS = LABELS[:240]
NUMBERS = X[:, 0] - X[:, 1] ** 2
BOTH = pytest.mark.parametrize(
    ("kind", "y"), [(MLPClassifier, LABELS), (MLPRegressor, NUMBERS)], ids=["labels", "numbers"]
)
# Large steps, so that some epochs are worse than those before them.
HOW: dict[str, Any] = {"hidden_layer_sizes": (6,), "learning_rate_init": 0.1, "random_state": 0}


def classes(kind: Any) -> dict[str, Any]:
    return {"classes": [0, 1]} if kind is MLPClassifier else {}


class Rows:
    """A scorer that remembers the rows it was given, and scores as its estimator would."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def __call__(self, model: Any, rows: Any, y: Any) -> float:
        self.given.append(rows)
        return float(model.score(rows, y))


@BOTH
def test_the_best_weights_are_kept_and_training_goes_on_from_the_last(kind: Any, y: Any) -> None:
    validation = {"X_val": X[160:], "y_val": y[160:]}
    judged, plain = kind(**HOW), kind(**HOW)
    best = -np.inf
    worse = 0
    for _ in range(12):
        judged.partial_fit(X[:160], y[:160], **classes(kind), **validation)
        plain.partial_fit(X[:160], y[:160], **classes(kind))
        # The course of training is the one without validation.
        assert judged.loss_curve_ == plain.loss_curve_
        score = plain.score(X[160:], y[160:])
        assert judged.validation_scores_[-1] == score
        worse += score < best
        best = max(best, score)
        assert judged.best_validation_score_ == judged.score(X[160:], y[160:]) == best
    assert worse > 2  # else nothing was tested


@BOTH
def test_a_part_set_aside_is_the_same_at_every_call_and_never_learned_from(
    kind: Any, y: Any
) -> None:
    seen = Rows()
    model = kind(early_stopping=True, scoring=seen, **HOW)
    begun = copy.deepcopy(model).initialize(X, y)
    for _ in range(3):
        model.partial_fit(X, y, **classes(kind))
    assert len(seen.given[0]) == 24
    assert all((rows == seen.given[0]).all() for rows in seen.given)
    # Rows of the part may hold anything without a weight being changed by it.
    part = (X[:, None] == seen.given[0][None]).all(axis=2).any(axis=1)
    spoiled = np.where(part[:, None], -X, X)
    other = kind(early_stopping=True, **HOW).partial_fit(spoiled, y, **classes(kind))
    first = kind(early_stopping=True, **HOW).partial_fit(X, y, **classes(kind))
    assert all((W == V).all() for W, V in zip(other.coefs_, first.coefs_, strict=True))
    assert not (first.coefs_[0] == begun.coefs_[0]).all()


@BOTH
def test_it_goes_on_after_a_fit_on_the_same_part(kind: Any, y: Any) -> None:
    seen = Rows()
    model = kind(early_stopping=True, scoring=seen, max_iter=300, **HOW).fit(X, y)
    n_before = len(seen.given)
    best = model.best_validation_score_
    model.partial_fit(X, y)
    assert len(seen.given) > n_before
    assert all((rows == seen.given[0]).all() for rows in seen.given)
    assert model.best_validation_score_ >= best


def test_the_best_so_far_is_judged_anew_on_the_rows_at_hand() -> None:
    model = MLPClassifier(**HOW)
    for _ in range(5):
        model.partial_fit(X[:160], LABELS[:160], classes=[0, 1], X_val=X, y_val=LABELS)
    kept = copy.deepcopy(model)
    # Of these rows it knows nothing; the score on the others does not count here.
    other = 1 - LABELS
    assert kept.score(X, other) < 0.2
    model.partial_fit(X, other, X_val=X, y_val=other)
    assert model.best_validation_score_ == model.score(X, other) > kept.score(X, other)


def test_it_says_when_nothing_improves_any_more_and_goes_on_if_asked() -> None:
    model = MLPClassifier(early_stopping=True, n_iter_no_change=3, tol=0.5, **HOW)
    reasons = [model.partial_fit(X, LABELS, classes=[0, 1]).stopped_ for _ in range(7)]
    assert reasons == ["max_epochs"] * 4 + ["no_improvement"] * 3
    assert len(model.loss_curve_) == 7


@BOTH
def test_amid_calls_a_pickle_goes_on_to_the_same_bits(kind: Any, y: Any) -> None:
    model = kind(early_stopping=True, **HOW)
    for _ in range(4):
        model.partial_fit(X, y, **classes(kind))
    again = pickle.loads(pickle.dumps(model))
    for one in (model, again):
        for _ in range(4):
            one.partial_fit(X, y)
    assert again.loss_curve_ == model.loss_curve_
    assert again.validation_scores_ == model.validation_scores_
    assert all((W == V).all() for W, V in zip(again.coefs_, model.coefs_, strict=True))


def test_a_chunk_with_one_row_of_a_class_is_learned_from() -> None:
    rows = [*np.flatnonzero(LABELS == 0)[:29], np.flatnonzero(LABELS == 1)[0]]
    model = MLPClassifier(early_stopping=True, **HOW)
    model.partial_fit(X[rows], LABELS[rows], classes=[0, 1])
    assert len(model.validation_scores_) == 1


def test_a_chunk_too_small_for_a_part_is_refused() -> None:
    model = MLPClassifier(early_stopping=True, **HOW)
    with pytest.raises(ParameterError, match="Got 1 validation row of 8; 2 are the least"):
        model.partial_fit(X[:8], LABELS[:8], classes=[0, 1])


@BOTH
def test_initialize_draws_another_part_with_another_seed(kind: Any, y: Any) -> None:
    rows = Rows()
    settings = {**HOW, "early_stopping": True, "scoring": rows, "dropout": 0.2}
    used = kind(**settings).partial_fit(X, y, **classes(kind))
    used.set_params(random_state=1).initialize(X, y).partial_fit(X, y)
    fresh = kind(**{**settings, "random_state": 1}).initialize(X, y).partial_fit(X, y)
    first, second, expected = rows.given[0], rows.given[1], rows.given[-1]
    np.testing.assert_array_equal(second, expected)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(used.coefs_[0], fresh.coefs_[0])
