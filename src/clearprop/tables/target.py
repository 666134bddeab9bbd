"""The column to predict: which one it is, the task it sets, its classes, and y.

Class labels keep their type and spelling on the way through. This file knows nothing of features,
networks and files.
"""

from __future__ import annotations

import difflib
import itertools
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import DataWarning, ParameterError, TableError
from clearprop.tables.convert import (
    as_booleans,
    as_numbers,
    as_texts,
    meaning,
    missing_rows,
    value_error,
)
from clearprop.tables.report import name_some
from clearprop.tables.stored import Stored
from clearprop.tables.table import Column, Table

__all__ = ["TARGET_NAMES", "TASKS", "TargetEncoder", "drop_missing_targets", "resolve_target"]

Array = npt.NDArray[Any]
Label = str | int | bool | float

TASKS = ("classification", "regression")
TARGET_NAMES = ("target", "label", "class", "y", "outcome", "response")
MAX_WHOLE_CLASSES = 20  # whole numbers with more distinct values are quantities
MIN_ROWS_A_CLASS = 2  # and so are those with fewer rows than this to a value, on average
LISTED_COLUMNS = 30  # a table with more columns than this is not listed in full
DTYPES: dict[type, str] = {bool: "bool", int: "int64", float: "float64", str: "str"}


def resolve_target(table: Table, target: str | None = None) -> str:
    """The name of the column to predict.

    Args:
        table: any table.
        target: the user's choice; None takes the one column that is called like a target
            (`TARGET_NAMES`, in any case), if there is exactly one.

    Raises:
        TableError: there is no such column (the nearest names are offered), or no choice is plain.

    Examples:
        >>> column = Column("Class", np.array([0, 1]), np.array([False, False]))
        >>> resolve_target(Table("wine.csv", {"Class": column}, 2))
        'Class'
    """
    names = list(table.columns)
    listed = ", ".join(repr(name) for name in names[:LISTED_COLUMNS])
    if len(names) > LISTED_COLUMNS:
        listed += f" and {len(names) - LISTED_COLUMNS} more"
    if target is None:
        candidates = [name for name in names if name.strip().lower() in TARGET_NAMES]
        if len(candidates) == 1:
            return candidates[0]
        problem = f"{name_some(candidates)} could each be it" if candidates else "none is named so"
        raise TableError(
            f"cannot tell which column to predict: {problem}",
            source=table.source,
            remedy=f"Name it with --target COLUMN. Columns: {listed}.",
        )
    if target in table.columns:
        return target
    lowered = {name.strip().lower(): name for name in names}
    near = [lowered[n] for n in difflib.get_close_matches(target.strip().lower(), lowered)]
    hint = f"Did you mean {' or '.join(repr(name) for name in near)}? " if near else ""
    raise TableError(
        f"there is no column {target!r} to predict",
        source=table.source,
        remedy=f"{hint}Columns: {listed}.",
    )


def drop_missing_targets(table: Table, target: str) -> Table:
    """The rows whose target is known; says how many were dropped, and the line of the first.

    Call this before splitting and encoding: X and y must have the same rows.

    Raises:
        TableError: more than half of the targets are missing, or there are no rows.

    Warns:
        DataWarning: rows were dropped.
    """
    missing = missing_rows(table.columns[resolve_target(table, target)])
    count = int(np.count_nonzero(missing))
    if table.n_rows == 0:
        raise TableError(
            "there is no row to learn from",
            source=table.source,
            remedy="Give a table with at least one row below its header.",
        )
    if count == 0:
        return table
    first = int(np.flatnonzero(missing)[0])
    if 2 * count > table.n_rows:
        raise TableError(
            f"the target is missing in {count:,} of {table.n_rows:,} rows, more than half",
            source=table.source,
            line=table.line_of(first),
            column=target,
            remedy="Choose another target, or remove the rows without one yourself.",
        )
    line = table.line_of(first)
    where = f"data row {first + 1}" if line is None else f"line {line}"
    noun = "row has no target and is" if count == 1 else "rows have no target and are"
    warnings.warn(
        f"{table.source}, column {target!r}: {count:,} of {table.n_rows:,} {noun} left out, the "
        f"first is {where}",
        DataWarning,
        stacklevel=2,
    )
    return table.take(~missing)


def _is_whole(column: Column) -> bool:
    values = column.values[~missing_rows(column)]
    return column.kind == "integer" or (column.kind == "float" and bool((values % 1 == 0).all()))


def _infer_task(column: Column) -> tuple[str, str]:
    """The task and the reason, in words."""
    if column.kind in ("text", "boolean"):
        return "classification", f"{column.kind} values are classes"
    present = column.values[~missing_rows(column)]
    n_distinct = len(np.unique(present))
    if not _is_whole(column):
        return "regression", "numbers with fractions are quantities"
    counted = f"whole numbers with {n_distinct} distinct values in {len(present)} rows"
    if n_distinct <= MAX_WHOLE_CLASSES and MIN_ROWS_A_CLASS * n_distinct <= len(present):
        return "classification", f"{counted} are taken as classes"
    return "regression", f"{counted} are taken as quantities"


@dataclass(frozen=True)
class TargetEncoder:
    """What the target column holds.

    Attributes:
        name: the column's name.
        task: "classification" or "regression".
        classes: the class labels in sorted order, of one type: str, int, bool or float; empty for
            regression.
        reason: why this task, in words.

    Examples:
        >>> none = np.zeros(4, dtype=bool)
        >>> codes = np.array([0, 1, 1, 0], dtype=np.int32)
        >>> species = Column("species", codes, none, categories=("Setosa", "Iris"))
        >>> table = Table("iris.csv", {"species": species}, 4)
        >>> target = TargetEncoder.fit(table, "species")
        >>> target.task, target.classes, target.encode(table).tolist()
        ('classification', ['Iris', 'Setosa'], ['Setosa', 'Iris', 'Iris', 'Setosa'])
    """

    name: str
    task: str
    classes: list[Label]
    reason: str

    @classmethod
    def fit(cls, table: Table, target: str, task: str | None = None) -> TargetEncoder:
        """Learn the task and the classes; rows without a target are passed over.

        Args:
            table: the rows to learn from, see `drop_missing_targets`.
            target: the column's name, see `resolve_target`.
            task: "classification" or "regression"; None chooses: text and truth values are classes,
                and so are whole numbers of at most 20 distinct values with two rows to a value on
                average; other numbers are quantities.

        Raises:
            TableError: the column cannot be predicted: one class or value only, infinite values,
                dates, text where numbers are asked for.

        Warns:
            DataWarning: a class has one row.
        """
        if task is not None and task not in TASKS:
            raise ParameterError(f"task={task!r}: expected one of {', '.join(TASKS)}, or None")
        target = resolve_target(table, target)
        column = table.columns[target]
        present = np.flatnonzero(~missing_rows(column))
        if present.size == 0:
            raise TableError(
                "every target is missing",
                source=table.source,
                column=target,
                remedy="Choose another target.",
            )
        if column.kind == "datetime":
            remedy = (
                "Choose another target; or turn the dates into numbers, such as days from a start."
            )
            raise value_error(table, target, int(present[0]), "a date cannot be predicted", remedy)
        _refuse_infinite(table, target)
        inferred, reason = _infer_task(column)
        if task is not None:
            inferred, reason = task, "as asked for"
        labelled = table.take(present)
        if inferred == "classification":
            return cls(target, inferred, _fit_classes(labelled, target), reason)
        _check_quantities(labelled, target)
        return cls(target, inferred, [], reason)

    def labels_as_text(self) -> list[str]:
        """The classes as a person would write them, in their order."""
        return [str(label) for label in self.classes]

    def encode(self, table: Table) -> Array:
        """The target of each row.

        Args:
            table: rows that all have a target.

        Returns:
            y of shape (n_rows,): labels as they stand in the table, with the classes' type (dtype
            str, int64, bool or float64); float64 for regression.

        Raises:
            TableError: a target that is missing, infinite, or of another type.

        Warns:
            DataWarning: there are classes that training did not know; any prediction for their rows
                is wrong.
        """
        name = resolve_target(table, self.name)
        missing = np.flatnonzero(missing_rows(table.columns[name]))
        if missing.size:
            remedy = "Leave out the rows without a target."
            raise value_error(table, name, int(missing[0]), "the target is missing", remedy)
        if self.task == "regression":
            _check_numbers(table, name)
            return as_numbers(table, name)[0]
        y, unseen = self._labels(table)
        if unseen.any():
            distinct = [str(label) for label in np.unique(y[unseen]).tolist()]
            count = int(np.count_nonzero(unseen))
            warnings.warn(
                f"{table.source}, column {name!r}: {count:,} of {table.n_rows:,} rows have a class "
                f"that training did not know: {name_some(distinct)}",
                DataWarning,
                stacklevel=2,
            )
        return y

    def _labels(self, table: Table) -> tuple[Array, Array]:
        """The label of each row, and where training did not know it."""
        kind = type(self.classes[0])
        column = table.columns[self.name]
        if kind is str:
            return self._text_labels(table)
        if kind is bool:
            y: Array = as_booleans(table, self.name)[0]
        elif kind is int and column.kind == "integer":
            y = column.values
        else:
            values = as_numbers(table, self.name)[0]
            fraction = np.flatnonzero(values % 1 != 0)
            if fraction.size:
                remedy = "Correct the value; the classes are whole numbers."
                row = int(fraction[0])
                raise value_error(table, self.name, row, "expected a class", remedy)
            y = values.astype(DTYPES[kind])
        return y, ~np.isin(y, np.array(self.classes))

    def _text_labels(self, table: Table) -> tuple[Array, Array]:
        spellings, codes, _ = as_texts(table, self.name)
        if table.columns[self.name].kind != "text":
            # These labels happen to look like numbers; the same label may be spelled "007".
            alike: dict[object, list[str]] = {}
            for label in self.labels_as_text():
                alike.setdefault(meaning(label), []).append(label)
            found = (alike.get(meaning(text), []) for text in spellings)
            spellings = tuple(
                same[0] if len(same) == 1 else text
                for text, same in zip(spellings, found, strict=True)
            )
        known = set(self.classes)
        unseen = np.array([text not in known for text in spellings], dtype=bool)
        return np.array(spellings, dtype=np.str_)[codes], unseen[codes]

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold; labels keep type and spelling."""
        classes = list(self.classes)
        return {"name": self.name, "task": self.task, "classes": classes, "reason": self.reason}

    @classmethod
    def from_dict(cls, data: object) -> TargetEncoder:
        """From `to_dict`; anything else is refused.

        Raises:
            TableError: a key or value that `to_dict` cannot have written.
        """
        stored = Stored(data, "target", ["name", "task", "classes", "reason"])
        task, classes = stored.text("task", TASKS), stored.items("classes")
        if task == "regression" and classes:
            raise stored.error("classes", "empty for regression")
        if task == "classification" and not _are_labels(classes):
            raise stored.error("classes", "two labels or more of one type, sorted")
        return cls(stored.text("name"), task, classes, stored.text("reason"))


def _are_labels(classes: list[Any]) -> bool:
    kinds = {type(label) for label in classes}
    if len(classes) < 2 or len(kinds) != 1 or not kinds <= set(DTYPES):
        return False
    if kinds == {float} and not all(math.isfinite(label) for label in classes):
        return False
    if kinds == {int} and not all(-(2**63) <= label < 2**63 for label in classes):
        return False
    return all(a < b for a, b in itertools.pairwise(classes))


def _refuse_infinite(table: Table, target: str) -> None:
    column = table.columns[target]
    if column.kind == "float" and np.isinf(column.values[~missing_rows(column)]).any():
        row = int(np.flatnonzero(np.isinf(column.values) & ~missing_rows(column))[0])
        remedy = "Correct the value, or leave it empty: rows without a target are left out."
        raise value_error(table, target, row, "the target is infinite", remedy)


def _fit_classes(table: Table, target: str) -> list[Label]:
    """The sorted labels of rows that all have one; too few is an error, a single row a warning."""
    column = table.columns[target]
    if column.kind == "float" and not _is_whole(column):
        row = int(np.flatnonzero(column.values % 1 != 0)[0])
        remedy = "Leave the task to regression, or give the classes names."
        raise value_error(table, target, row, "a number with a fraction cannot be a class", remedy)
    spellings, codes, _ = as_texts(table, target)
    counts = np.bincount(codes, minlength=len(spellings))
    if column.kind == "text":
        labels: list[Label] = list(spellings)
    else:
        labels = np.unique(column.values).tolist()
    counted = sorted(
        (label, int(count)) for label, count in zip(labels, counts, strict=True) if count
    )
    if len(counted) == 1:
        raise TableError(
            f"there is one class only, {counted[0][0]!r}: nothing to tell apart",
            source=table.source,
            column=target,
            remedy="Choose another target, or add rows of another class.",
        )
    if all(count == 1 for _, count in counted):
        raise TableError(
            f"each of the {len(counted):,} classes has one row: nothing to learn a class from",
            source=table.source,
            column=target,
            remedy="Choose another target; or ask for regression if these are quantities.",
        )
    lonely = [str(label) for label, count in counted if count == 1]
    if lonely:
        warnings.warn(
            f"{table.source}, column {target!r}: {len(lonely)} of {len(counted)} classes with one "
            f"row only, which cannot be both learned from and tested on: {name_some(lonely)}",
            DataWarning,
            stacklevel=3,
        )
    return [label for label, _ in counted]


def _check_numbers(table: Table, target: str) -> None:
    """Regression's own words for a target that holds truth values or dates."""
    if table.columns[target].kind in ("boolean", "datetime"):
        remedy = "Leave the task to classification, or choose a numeric target."
        message = "regression needs a number"
        raise value_error(table, target, 0, message, remedy)


def _check_quantities(table: Table, target: str) -> None:
    """Numbers that are not all the same, in rows that all have one."""
    _check_numbers(table, target)
    values, _ = as_numbers(table, target)
    if values.min() == values.max():
        raise TableError(
            f"the target is {values[0]:g} in every row: nothing to predict",
            source=table.source,
            column=target,
            remedy="Choose another target.",
        )
