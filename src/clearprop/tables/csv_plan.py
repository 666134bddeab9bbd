"""Which columns of a CSV file may be converted while they are cut: plain decimals and ISO dates.

It saves the time of keeping their text. The plan rests on the first rows and holds only if every
value of the file fits it; the result is the same as by way of text, which is tried otherwise.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from clearprop.tables.csv_dialect import Dialect, lines_of
from clearprop.tables.source_file import Data

__all__ = ["CsvOptions", "Usual", "is_as_planned", "plan_types"]

_SAMPLE = 100
_DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_FRACTION = re.compile(r"-?\d+\.\d*[1-9]", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", re.ASCII)
_LARGEST_EXACT = 2.0**53


@dataclass(frozen=True)
class Usual:
    """How another table was written whose kind this one is of; it counts where nothing is proved.

    Attributes:
        decimal: "," or ".", where that table showed or was told.
        delimiter: the character between its fields.
        dates: column -> one of `spellings.ORDERS`.
    """

    decimal: str | None = None
    delimiter: str | None = None
    dates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CsvOptions:
    """What the user said about the file; None where it is to be found out.

    Attributes:
        delimiter: one character.
        decimal: "," or ".".
        header: whether the first line holds names.
        missing: spellings that mean "no value", besides the known ones.
        text: columns to read as text.
        ignore: columns that nobody will use: text whatever they hold, and not missed.
        dates: one of `spellings.ORDERS`.
        usual: what the user did not say of this file.
    """

    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    missing: frozenset[str] = frozenset()
    text: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    dates: str | None = None
    usual: Usual = field(default_factory=Usual)


def plan_types(data: Data, dialect: Dialect, options: CsvOptions) -> dict[str, pa.DataType]:
    """Types by the column's position; columns that need a closer look have none.

    Where another character than a comma is the delimiter, or the user named the decimal mark or
    spellings of "no value", or decimal commas are usual, every number needs a closer look.
    """
    commas = options.usual.decimal == ","
    if dialect.delimiter != "," or options.decimal or options.missing or commas:
        return {}
    rows = csv.reader(lines_of(data, dialect.body))
    try:
        sample = list(islice((row for row in rows if row), _SAMPLE))
    except csv.Error:
        return {}
    plan = {}
    for index, name in enumerate(dialect.names):
        words = [row[index] for row in sample if len(row) > index and row[index]]
        kind = None if name in options.text | options.ignore else _type_of(words)
        if kind is not None:
            plan[str(index)] = kind
    return plan


def _type_of(words: Sequence[str]) -> pa.DataType | None:
    if all(map(_DECIMAL.fullmatch, words)) and any(map(_FRACTION.match, words)):
        return pa.float64()
    if words and all(map(_DATE.fullmatch, words)):
        return pa.timestamp("us")
    return None


def is_as_planned(column: pa.ChunkedArray) -> bool:
    """Whether no number is infinite or so large that whole numbers are rounded."""
    if column.type != pa.float64():
        return True
    ends = pc.min_max(column)
    least, greatest = ends["min"].as_py(), ends["max"].as_py()
    return least is None or bool(least > -_LARGEST_EXACT and greatest < _LARGEST_EXACT)
