"""Which rows of a fit are set aside to validate on: as scikit-learn draws them, or class by class.

It knows only targets and random states, and nothing of scores.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier

from clearprop.errors import ParameterError

__all__ = ["split_rows", "stratified_rows"]

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]


def split_rows(
    estimator: Any, Y: Array, random_state: np.random.RandomState, incremental: bool = False
) -> tuple[Array, Array]:
    """Draw the rows to train on and the rows to validate on.

    Args:
        estimator: whose `validation_fraction` and `stratified_validation` decide.
        Y: the network's targets, shape (n_samples, n_outputs).
        random_state: drawn from.
        incremental: whether these are some of the rows, which may well hold one row of a class:
            scikit-learn, which would refuse them, sets no validation part aside there.

    Returns:
        Indices of both parts.

    Raises:
        ParameterError: fewer than two rows would be set aside.
        ValueError: scikit-learn's, where it finds too few rows.
    """
    # Only this way of validating needs it, and importing it takes its time.
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    fraction = estimator.validation_fraction
    two_classes = is_classifier(estimator) and Y.shape[1] == 1
    has_lone = two_classes and 1 in np.unique(Y, return_counts=True)[1]
    # A class of one row is what scikit-learn speaks of first.
    if math.ceil(fraction * len(Y)) < 2 and not has_lone:
        raise _too_small(math.ceil(fraction * len(Y)), len(Y))
    if (incremental and has_lone) or getattr(estimator, "stratified_validation", False):
        n_validation = min(math.ceil(fraction * len(Y)), len(Y) - 1)
        train, validation = stratified_rows(Y, n_validation, random_state)
    else:
        train, validation = train_test_split(
            np.arange(len(Y)),
            random_state=random_state,
            test_size=fraction,
            # scikit-learn stratifies two classes alone, as their targets are one column.
            stratify=Y.astype(bool) if two_classes else None,
        )
    if len(validation) < 2:
        raise _too_small(len(validation), len(Y))
    return train, validation


def _too_small(n_validation: int, n_rows: int) -> ParameterError:
    return ParameterError(
        "The validation set is too small. Increase 'validation_fraction' or the size of your "
        "dataset.",
        remedy=f"Got {n_validation} validation row{'s' if n_validation != 1 else ''} of {n_rows}; "
        "2 are the least. Or set early_stopping=False.",
    )


def stratified_rows(
    Y: Array, n_validation: int, random_state: np.random.RandomState
) -> tuple[Rows, Rows]:
    """Draw a validation part that holds every class, as far as there are rows for it.

    A class with two rows or more gives one at least, unless the part has fewer rows than there are
    classes: then the most frequent classes give theirs. A class with one row keeps it for training.
    The rest goes by the classes' shares. Where rows have several labels, a row's class is its
    rarest label.

    Args:
        Y: the network's targets: one column for two classes, else one per class or label.
        n_validation: rows to set aside; fewer where there are too many classes of one row.
        random_state: drawn from.

    Returns:
        Indices of the rows to train on and of those to validate on, ascending.

    Examples:
        >>> Y = np.repeat(np.eye(4), [10, 5, 2, 1], axis=0)
        >>> train, validation = stratified_rows(Y, 4, np.random.RandomState(0))
        >>> Y[train].sum(axis=0), Y[validation].sum(axis=0)
        (array([8., 4., 1., 1.]), array([2., 1., 1., 0.]))
    """
    frequency = np.where(Y > 0, np.sum(Y > 0, axis=0), math.inf)
    # A row without a label is of a class of its own, the last.
    kinds = np.where(np.any(Y > 0, axis=1), np.argmin(frequency, axis=1), Y.shape[1])
    counts = np.bincount(kinds, minlength=Y.shape[1] + 1)
    taken = _share_out(counts, n_validation)
    shuffled = random_state.permutation(len(Y))
    by_kind = shuffled[np.argsort(kinds[shuffled], kind="stable")]
    place = np.arange(len(Y)) - (np.cumsum(counts) - counts)[kinds[by_kind]]
    chosen = np.zeros(len(Y), bool)
    chosen[by_kind] = place < taken[kinds[by_kind]]
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _share_out(counts: Rows, n_validation: int) -> Rows:
    """Rows that each class gives: its share, but one at the least and all but one at most."""
    share = counts * (n_validation / counts.sum())
    room = np.maximum(counts - 1, 0)
    taken: Rows = np.minimum(np.maximum(np.floor(share).astype(np.int64), 1), room)
    while taken.sum() > n_validation:
        least = 1 if taken.max() > 1 else 0
        taken[np.argmax(np.where(taken > least, taken - share, -math.inf))] -= 1
    while taken.sum() < n_validation and (taken < room).any():
        taken[np.argmax(np.where(taken < room, share - taken, -math.inf))] += 1
    return taken
