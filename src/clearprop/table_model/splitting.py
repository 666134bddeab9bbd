"""Which rows are learned from, which ones stop the training, and which ones judge the result.

This file knows nothing of tables and estimators: it takes classes and gives row indices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.errors import ParameterError

__all__ = ["Parts", "split_rows"]

Rows = npt.NDArray[np.int64]


class Parts(NamedTuple):
    """Row indices of each part, in the table's order; together they are all rows, each once.

    Attributes:
        train: rows that weights and encoding are learned from.
        validation: rows whose score stops the training; may be empty.
        test: rows that judge the result; may be empty.
    """

    train: Rows
    validation: Rows
    test: Rows


def split_rows(
    n_rows: int,
    *,
    test_size: float,
    validation_size: float,
    random_state: int,
    classes: npt.NDArray[Any] | None = None,
) -> Parts:
    """Draw the parts at random; each class gives every part its share, and training a row at least.

    Args:
        n_rows: rows of the table.
        test_size: share of all rows, from 0 to below 1.
        validation_size: share of the rest, from 0 to below 1.
        random_state: seed; one seed gives one split.
        classes: class of each row, shape (n_rows,); None for quantities.

    Raises:
        ParameterError: a share outside of its range.

    Examples:
        >>> classes = np.array(["a", "a", "a", "a", "a", "a", "a", "a", "a", "b"])
        >>> parts = split_rows(10, test_size=0.2, validation_size=0.25, random_state=0,
        ...                    classes=classes)
        >>> [len(part) for part in parts], "b" in classes[parts.train]
        ([6, 2, 2], True)
    """
    for name, share in {"test_size": test_size, "validation_size": validation_size}.items():
        if not 0 <= share < 1:
            raise ParameterError(
                f"{name}: got {share!r}, expected a share from 0 to below 1",
                remedy=f"Give {name} as a share of the rows, such as 0.2.",
            )
    generator = np.random.RandomState(random_state)
    kinds = np.zeros(n_rows, dtype=np.int64)
    if classes is not None:
        kinds = np.unique(classes, return_inverse=True)[1]
    rest, test = _draw(np.arange(n_rows), kinds, test_size, generator)
    train, validation = _draw(rest, kinds, validation_size, generator)
    return Parts(train, validation, test)


def _draw(
    rows: Rows, kinds: Rows, share: float, generator: np.random.RandomState
) -> tuple[Rows, Rows]:
    """Split the rows in two; the second part has the share asked for, as far as classes allow."""
    counts = np.bincount(kinds[rows])
    wanted = counts * share
    taken = np.floor(wanted).astype(np.int64)
    # The rows that rounding down has left over go where most was cut off.
    left_over = round(share * len(rows)) - int(taken.sum())
    for kind in np.argsort(taken - wanted, kind="stable"):
        if left_over > 0 and taken[kind] < counts[kind] - 1:
            taken[kind] += 1
            left_over -= 1
    shuffled = generator.permutation(rows)
    # The place of each row among those of its class, in the shuffled order.
    by_kind = np.argsort(kinds[shuffled], kind="stable")
    first = np.cumsum(counts) - counts
    place = np.arange(len(rows)) - first[kinds[shuffled[by_kind]]]
    drawn = place < taken[kinds[shuffled[by_kind]]]
    return np.sort(shuffled[by_kind][~drawn]), np.sort(shuffled[by_kind][drawn])
