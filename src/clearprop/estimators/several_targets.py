"""Several class targets for one network: each its own one-hot columns, side by side.

It has what the classifier uses of scikit-learn's `LabelBinarizer`, for targets that it refuses.
This file knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import type_of_target

from clearprop.errors import ParameterError

__all__ = ["SeveralTargets", "are_classes_of_several", "are_several_targets"]

Array = npt.NDArray[Any]


def are_several_targets(y: Any) -> bool:
    """Whether y has several columns of classes, not of 0/1 indicators of labels.

    Examples:
        >>> are_several_targets([["a", "x"], ["b", "y"]]), are_several_targets([[0, 1], [1, 1]])
        (True, False)
    """
    y = y if hasattr(y, "dtype") or hasattr(y, "iloc") else np.asarray(y)
    if len(np.shape(y)) != 2 or np.shape(y)[1] < 2 or hasattr(y, "tocsr"):
        return False
    kind = np.asarray(y)
    if kind.dtype.kind in "OUS":
        return True
    return bool(type_of_target(kind) == "multiclass-multioutput")


def are_classes_of_several(classes: Any) -> bool:
    """Whether these are a list of labels for each of several targets.

    Examples:
        >>> are_classes_of_several([["a", "b"], [0, 1, 2]]), are_classes_of_several(["a", "b"])
        (True, False)
    """
    return np.iterable(classes) and any(np.ndim(labels) > 0 for labels in classes)


class SeveralTargets:
    """One-hot columns of each target, and back.

    Attributes:
        classes_: one sorted array of labels for each target.
        y_type_: "multiclass-multioutput", scikit-learn's word for it.

    Examples:
        >>> targets = SeveralTargets.of([["a", 3], ["b", 1], ["a", 2]])
        >>> [labels.tolist() for labels in targets.classes_], targets.n_classes
        ([['a', 'b'], [1, 2, 3]], (2, 3))
        >>> targets.transform([["b", 2]])
        array([[0, 1, 0, 1, 0]])
    """

    y_type_ = "multiclass-multioutput"
    sparse_input_ = False

    def __init__(self, classes: Sequence[Any]) -> None:
        for number, labels in enumerate(classes):
            # NaN is not equal to itself.
            if any(label is None or label != label for label in np.asarray(labels, object)):  # noqa: PLR0124
                raise ParameterError(
                    f"y: column {number} has rows without a label",
                    remedy="Leave these rows out, or give them a label of their own.",
                )
        self.classes_: list[Array] = [np.unique(_labels(labels)) for labels in classes]
        for number, labels in enumerate(self.classes_):
            if len(labels) < 2:
                raise ParameterError(
                    f"y: column {number} has the one class {labels.tolist()}",
                    remedy="There is nothing to learn of it: leave the column out.",
                )

    @classmethod
    def of(cls, y: Any) -> SeveralTargets:
        """With the classes of these rows."""
        return cls(list(_table(y).T))

    @property
    def n_classes(self) -> tuple[int, ...]:
        """Each target's number of classes."""
        return tuple(len(labels) for labels in self.classes_)

    def transform(self, y: Any) -> Array:
        """One-hot columns of every target, shape (n_rows, sum of `n_classes`).

        Raises:
            ParameterError: another number of targets, or a class that is not known.
        """
        y = _table(y)
        if y.shape[1] != len(self.classes_):
            raise ParameterError(
                f"y: got {y.shape[1]} columns, expected {len(self.classes_)}",
                remedy="Give one column for each target of the first fit.",
            )
        columns = []
        for number, labels in enumerate(self.classes_):
            column = _labels(y[:, number])
            unknown = [label for label in np.unique(column).tolist() if label not in labels]
            if unknown:
                raise ParameterError(
                    f"y: column {number} has {unknown[0]!r}, which is no class of this estimator",
                    remedy=f"Its classes are {', '.join(map(str, labels))}.",
                )
            columns.append((column[:, None] == labels).astype(int))
        return np.concatenate(columns, axis=1)

    def inverse_transform(self, Y: Array) -> Array:
        """The likeliest label of every target, shape (n_rows, n_targets)."""
        parts = np.split(Y, np.cumsum(self.n_classes)[:-1], axis=1)
        chosen = [
            labels[np.argmax(part, axis=1)]
            for labels, part in zip(self.classes_, parts, strict=True)
        ]
        kinds = {labels.dtype.kind for labels in self.classes_}
        # Labels of different kinds keep theirs; NumPy would make text of numbers.
        dtype = object if len(kinds) > 1 else np.result_type(*self.classes_)
        return np.stack([labels.astype(dtype) for labels in chosen], axis=1)


def _table(y: Any) -> Array:
    if hasattr(y, "dtype") or hasattr(y, "iloc"):
        return np.asarray(y)
    # A list of mixed rows, whose numbers NumPy would make text of.
    rows = np.empty((len(y), len(y[0])), object)
    rows[:] = y
    return rows


def _labels(column: Any) -> Array:
    """Of Python objects of one kind, NumPy's own."""
    labels = np.asarray(column)
    return np.array(labels.tolist()) if labels.dtype == object else labels
