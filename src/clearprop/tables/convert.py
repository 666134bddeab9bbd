"""A table's column as numbers, truth values, times or spellings; strict: nothing is guessed.

The same column can be read as another type from one file to the next: a measure as text because of
one stray letter, codes such as "7b" as integers because this file happens to hold digits only.
Each function here turns what arrived into what is needed, or names line, column and value. A column
without a single value fits every type. This file knows nothing of encodings, targets or training.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import TableError
from clearprop.tables.table import Column, Table

__all__ = [
    "as_booleans",
    "as_numbers",
    "as_texts",
    "as_times",
    "distinct_values",
    "is_exact_in_float64",
    "meaning",
    "missing_rows",
    "value_error",
]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LARGEST_EXACT_INTEGER = 2**53  # beyond it float64 skips integers
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
TRUTH = {"true": True, "false": False, "1": True, "0": False}


def missing_rows(column: Column) -> Bools:
    """Where a column has no value: its mask, and NaN or NaT that stand in its values."""
    if column.kind == "float":
        return np.asarray(column.missing | np.isnan(column.values), dtype=np.bool_)
    if column.kind == "datetime":
        return np.asarray(column.missing | np.isnat(column.values), dtype=np.bool_)
    return np.asarray(column.missing, dtype=np.bool_)


def value_error(table: Table, name: str, row: int, message: str, remedy: str) -> TableError:
    """The error for one value: says source, line, column and value; a row number without lines."""
    line = table.line_of(row)
    where = message if line is not None else f"{message} (data row {row + 1})"
    value = table.columns[name].text(row)
    return TableError(
        where, source=table.source, line=line, column=name, value=value, remedy=remedy
    )


def is_exact_in_float64(integers: Array) -> Bools:
    """Where an int64 is one of the numbers that float64 can hold.

    Examples:
        >>> is_exact_in_float64(np.array([2**53, 2**53 + 1, 2**60]))
        array([ True, False,  True])
    """
    exact = (integers <= LARGEST_EXACT_INTEGER) & (integers >= -LARGEST_EXACT_INTEGER)
    for i in np.flatnonzero(~exact):
        exact[i] = int(float(integers[i])) == int(integers[i])
    return np.asarray(exact, dtype=np.bool_)


def distinct_values(column: Column) -> Array:
    """The distinct values of a column, sorted; text as codes into its categories, those in use."""
    present = column.values[~missing_rows(column)]
    if column.categories is not None:
        counts = np.bincount(present, minlength=len(column.categories))
        return np.flatnonzero(counts)
    return np.unique(present)


def _convert_texts(
    table: Table,
    name: str,
    convert: Callable[[str], Any | None],
    expected: tuple[str, str],
    dtype: str,
) -> Array:
    """Each distinct spelling converted once; the first row whose spelling is refused is named.

    What is expected is said in the singular and in the plural.
    """
    column = table.columns[name]
    spellings = column.categories or ()
    converted = [convert(spelling.strip()) for spelling in spellings]
    refused = np.array([value is None for value in converted], dtype=bool)
    present = ~column.missing
    codes = np.where(present, column.values, 0)
    bad = present & refused[codes]
    if bad.any():
        remedy = (
            f"Column {name!r} is used as {expected[1]}: correct the value, or leave it empty if it "
            "is missing."
        )
        row = int(np.flatnonzero(bad)[0])
        raise value_error(table, name, row, f"expected a {expected[0]}", remedy)
    filler = np.zeros(1, dtype=dtype)[0]
    filled = [filler if value is None else value for value in converted]
    return np.array(filled, dtype=dtype)[codes]


def _refuse_kind(table: Table, name: str, expected: str) -> TableError:
    column = table.columns[name]
    row = int(np.flatnonzero(~missing_rows(column))[0])
    remedy = f"The column must hold {expected}s, as when the model was trained."
    message = f"expected a {expected}, but the column was read as {column.kind}"
    return value_error(table, name, row, message, remedy)


def _number(text: str) -> float | None:
    return float(text) if NUMBER.fullmatch(text) else None


def as_numbers(table: Table, name: str) -> tuple[Floats, Bools]:
    """A column as float64, and where it is missing (there the numbers are arbitrary but finite).

    Args:
        table: holds the column.
        name: the column's name.

    Returns:
        Values and mask, each of shape (n_rows,).

    Raises:
        TableError: a value that is no number, infinite, or an integer that float64 would round.
    """
    column = table.columns[name]
    missing = missing_rows(column)
    if missing.all():
        return np.zeros(table.n_rows), missing
    if column.kind == "integer":
        rounded = np.flatnonzero(~missing & ~is_exact_in_float64(column.values))
        if rounded.size:
            message = "this integer is beyond 2^53 and would be rounded"
            remedy = (
                "Drop the column if it is an identifier; write it as 1.5e20 if rounding is fine."
            )
            raise value_error(table, name, int(rounded[0]), message, remedy)
        values = column.values.astype(np.float64)
    elif column.kind == "float":
        values = column.values
    elif column.kind == "text":
        values = _convert_texts(table, name, _number, ("number", "numbers"), "float64")
    else:
        raise _refuse_kind(table, name, "number")
    values = np.where(missing, 0.0, values)
    infinite = np.flatnonzero(~np.isfinite(values))
    if infinite.size:
        remedy = "Correct the value, or leave it empty if it is missing."
        raise value_error(table, name, int(infinite[0]), "expected a finite number", remedy)
    return values, missing


def _truth(text: str) -> bool | None:
    return TRUTH.get(text.lower())


def as_booleans(table: Table, name: str) -> tuple[Bools, Bools]:
    """A column as truth values, and where it is missing; 0 and 1 are taken too.

    Raises:
        TableError: a value that is neither true nor false.
    """
    column = table.columns[name]
    missing = missing_rows(column)
    if missing.all():
        return np.zeros(table.n_rows, dtype=np.bool_), missing
    if column.kind == "boolean":
        return np.asarray(column.values & ~missing, dtype=np.bool_), missing
    if column.kind == "text":
        expected = ("truth value (true or false)", "truth values (true or false)")
        values = _convert_texts(table, name, _truth, expected, "bool")
        return np.asarray(values & ~missing, dtype=np.bool_), missing
    if column.kind == "datetime":
        raise _refuse_kind(table, name, "truth value")
    neither = np.flatnonzero(~missing & (column.values != 0) & (column.values != 1))
    if neither.size:
        message = "expected true or false (or 1 or 0)"
        raise value_error(table, name, int(neither[0]), message, "Correct the value.")
    return np.asarray((column.values == 1) & ~missing, dtype=np.bool_), missing


def _time(text: str) -> np.datetime64 | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # overflow: the first or last day of the calendar, shifted
        return None
    return np.datetime64(moment, "us")


def as_times(table: Table, name: str) -> tuple[Array, Bools]:
    """A column as datetime64[us], and where it is missing (there the time is 1970-01-01).

    Raises:
        TableError: a value that is no date or time as ISO 8601 writes it.
    """
    column = table.columns[name]
    missing = missing_rows(column)
    epoch = np.datetime64(0, "us")
    if missing.all():
        return np.full(table.n_rows, epoch), missing
    if column.kind == "datetime":
        values = column.values.astype("datetime64[us]")
    elif column.kind == "text":
        expected = (
            "date (2024-05-31) or time (2024-05-31 13:45)",
            "dates (2024-05-31) or times (2024-05-31 13:45)",
        )
        values = _convert_texts(table, name, _time, expected, "datetime64[us]")
    else:
        raise _refuse_kind(table, name, "date")
    return np.where(missing, epoch, values), missing


def as_texts(table: Table, name: str) -> tuple[tuple[str, ...], Array, Bools]:
    """A column as distinct spellings and codes into them, and where it is missing (code -1).

    Numbers, truth values and times are spelled the usual way, see `meaning` to compare them.

    Examples:
        >>> size = Column("size", np.array([7, 3, 7]), np.array([False, False, True]))
        >>> as_texts(Table("t", {"size": size}, 3), "size")
        (('3', '7'), array([ 1,  0, -1]), array([False, False,  True]))
    """
    column = table.columns[name]
    missing = missing_rows(column)
    if column.categories is not None:
        return column.categories, np.where(missing, -1, column.values), missing
    distinct, inverse = np.unique(column.values[~missing], return_inverse=True)
    codes = np.full(table.n_rows, -1, dtype=np.int64)
    codes[~missing] = inverse
    return tuple(str(value) for value in distinct), codes, missing


def meaning(text: str) -> object:
    """What a spelling stands for, so that "1.50" and 1.5, or "TRUE" and true, can be matched.

    Examples:
        >>> meaning("007") == meaning("7"), meaning("red")
        (True, 'red')
    """
    stripped = text.strip()
    number = _number(stripped)
    if number is not None:
        return ("number", number)
    if stripped.lower() in ("true", "false"):
        return ("truth", stripped.lower())
    moment = _time(stripped)
    return text if moment is None else ("time", str(moment))
