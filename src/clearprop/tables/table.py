"""A table in memory: named columns of one type each, and which of their values are missing.

What readers return and encoders take. It remembers where its rows stood in the user's file, so that
every later message can name the line. This file knows nothing of files, targets or encodings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Column", "Table"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Column:
    """One column: its values and where they are missing.

    Attributes:
        name: as it stands in the header.
        values: shape (n_rows,); float64, int64, bool, datetime64[us], or int32 codes into
            `categories` for text. Where a value is missing there is a filler.
        missing: shape (n_rows,), bool.
        categories: a text column's distinct values in order of first appearance, else None.

    Examples:
        >>> column = Column("ash", np.array([2.4, np.nan]), np.array([False, True]))
        >>> column.kind, column.n_missing
        ('float', 1)
    """

    name: str
    values: Array
    missing: Array
    categories: tuple[str, ...] | None = None

    @property
    def kind(self) -> str:
        """What the values are: "float", "integer", "boolean", "datetime" or "text"."""
        if self.categories is not None:
            return "text"
        return {"f": "float", "i": "integer", "b": "boolean", "M": "datetime"}[
            self.values.dtype.kind
        ]

    @property
    def n_missing(self) -> int:
        """Number of missing values."""
        return int(np.count_nonzero(self.missing))

    def take(self, rows: Array) -> Column:
        """The column at the given row indices (or boolean mask), categories kept."""
        return replace(self, values=self.values[rows], missing=self.missing[rows])

    def text(self, row: int) -> str:
        """The value of a row as a person would write it; "" where it is missing."""
        if self.missing[row]:
            return ""
        if self.categories is not None:
            return self.categories[int(self.values[row])]
        return str(self.values[row].item() if self.kind != "datetime" else self.values[row])


@dataclass(frozen=True)
class Table:
    """Columns of equal length, and where they came from.

    Attributes:
        source: what the user calls it: a path, the name of a bundled data set, "DataFrame".
        columns: by name, in the order of the file.
        n_rows: number of data rows.
        lines: file line of each row, shape (n_rows,); None if the source has no lines, or if
            row i stands on line first_line + i.
        first_line: line of the first data row, counted from 1; None if the source has no lines.
        notes: sentences about how it was read that the user should see.
        reading: what `read_table` takes as `like`, to read another file of this kind: the decimal
            mark that was given or proved, with the delimiter; the order of each column's dates; and
            the given `missing` and `text`.

    Examples:
        >>> ash = Column("ash", np.array([2.4, 2.1]), np.array([False, False]))
        >>> table = Table("wine.csv", {"ash": ash}, n_rows=2, first_line=2)
        >>> table.line_of(1), table.take(np.array([1])).line_of(0)
        (3, 3)
    """

    source: str
    columns: dict[str, Column]
    n_rows: int
    first_line: int | None = None
    lines: Array | None = None
    notes: tuple[str, ...] = ()
    reading: dict[str, Any] = field(default_factory=dict)

    def line_of(self, row: int) -> int | None:
        """The file line on which a row starts, or None if the source has no lines."""
        if self.lines is not None:
            return int(self.lines[row])
        return None if self.first_line is None else self.first_line + row

    def take(self, rows: Array) -> Table:
        """The table at the given row indices (or boolean mask)."""
        indices = np.flatnonzero(rows) if rows.dtype == bool else rows
        lines = self.lines
        if lines is None and self.first_line is not None:
            lines = np.arange(self.n_rows) + self.first_line
        return replace(
            self,
            columns={name: column.take(indices) for name, column in self.columns.items()},
            n_rows=len(indices),
            first_line=None,
            lines=None if lines is None else lines[indices],
        )

    def select(self, names: Iterable[str]) -> Table:
        """The table with only the named columns, in that order."""
        return replace(self, columns={name: self.columns[name] for name in names})

    def drop(self, names: Iterable[str]) -> Table:
        """The table without the named columns."""
        dropped = set(names)
        return self.select(name for name in self.columns if name not in dropped)
