"""The validation part of early stopping, stratified: every class where there are rows for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier as Theirs

from clearprop.errors import ParameterError
from clearprop.estimators import MLPClassifier
from clearprop.estimators.splitting import stratified_rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COUNTS = np.array([40, 20, 9, 6, 4, 3, 2, 2, 1])


def table(counts: Any = COUNTS) -> tuple[Any, Any]:
    y = np.repeat(np.arange(len(counts)), counts)
    # The first column tells the row apart, so that a scorer can say which rows it saw.
    X = np.column_stack([np.arange(len(y)), np.random.default_rng(0).normal(size=(len(y), 2))])
    return X, y


class Seen:
    """A scorer that remembers the labels it was given."""

    def __call__(self, _: Any, X: Any, y: Any) -> float:
        self.rows, self.labels = X[:, 0].astype(int), y
        return 0.0


def validated(y: Any, X: Any, **settings: Any) -> Any:
    seen = Seen()
    MLPClassifier(
        (2,), early_stopping=True, max_iter=1, random_state=1, scoring=seen, **settings
    ).fit(X, y)
    assert (y[seen.rows] == seen.labels).all()
    return seen.labels


def test_every_class_with_two_rows_is_validated_on() -> None:
    X, y = table()
    labels = validated(y, X, stratified_validation=True)
    assert len(labels) == 9  # ceil(0.1 * 87)
    np.testing.assert_array_equal(np.bincount(labels, minlength=9), [2, 1, 1, 1, 1, 1, 1, 1, 0])
    # The default draws scikit-learn's rows, and misses classes.
    assert len(np.unique(validated(y, X))) < 8


def test_the_draw_follows_the_seed() -> None:
    Y = np.eye(9)[table()[1]]
    parts = [stratified_rows(Y, 9, np.random.RandomState(seed))[1] for seed in (0, 0, 1)]
    assert (parts[0] == parts[1]).all()
    assert (parts[0] != parts[2]).any()


def test_a_class_of_one_row_stays_in_training_where_scikit_learn_raises() -> None:
    X, y = table([30, 1])
    with pytest.raises(ValueError, match="least populated class"):
        Theirs(early_stopping=True).fit(X, y)
    with pytest.raises(ValueError, match="least populated class"):
        validated(y, X)
    assert (validated(y, X, stratified_validation=True) == 0).all()


def test_labels_that_are_rare_are_validated_on_too() -> None:
    X, _ = table([60])
    Y = np.zeros((60, 3), int)
    Y[:40, 0] = Y[35:45, 1] = Y[:2, 2] = 1  # rows 45 and later have no label
    labels = validated(Y, X, stratified_validation=True, validation_fraction=0.1)
    assert labels.any(axis=0).all()
    assert not labels.any(axis=1).all()


def test_two_rows_are_the_least() -> None:
    X, y = table([5, 5])
    with pytest.raises(ParameterError, match="Got 1 validation row of 10; 2 are the least"):
        validated(y, X, stratified_validation=True)


@given(
    counts=st.lists(st.integers(0, 30), min_size=2, max_size=12).filter(lambda c: sum(c) >= 2),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
def test_parts_are_whole_and_hold_what_they_can(counts: list[int], share: float, seed: int) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    wanted = min(max(1, round(share * len(y))), len(y) - 1)
    train, part = stratified_rows(np.eye(len(counts))[y], wanted, np.random.RandomState(seed))
    np.testing.assert_array_equal(np.sort([*train, *part]), np.arange(len(y)))
    # Every class there is can be trained on.
    assert set(y[train]) == set(y)
    can_give = np.maximum(np.array(counts) - 1, 0)
    assert len(part) == min(wanted, can_give.sum())
    n_kinds = np.count_nonzero(can_give)
    assert len(set(y[part])) == min(n_kinds, len(part))
