"""From a header to column names that are unique and not blank; strict.

Knows nothing of files: it takes the names and the columns below them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clearprop.errors import TableError

__all__ = ["Named", "name_columns", "refuse_duplicates"]


@dataclass(frozen=True)
class Named:
    """The columns under their names, and what the user should know."""

    columns: dict[str, pa.ChunkedArray]
    notes: tuple[str, ...] = ()


def refuse_duplicates(names: Sequence[str], source: str, line: int | None = None) -> None:
    """Raise if two columns share a name.

    Raises:
        TableError: with the name and the positions of the columns, counted from 1.
    """
    for name, count in Counter(names).items():
        if count > 1:
            at = [str(index + 1) for index, other in enumerate(names) if other == name]
            raise TableError(
                f"{count} columns have the same name (columns {', '.join(at)})",
                source=source,
                line=line,
                column=name,
                remedy="Give each column a name of its own.",
            )


def name_columns(
    names: Sequence[str], columns: Sequence[pa.ChunkedArray], source: str, line: int
) -> Named:
    """Put the columns under their names.

    Columns without a name are left out if they hold nothing (rows that end in a delimiter), or if
    they are the first and number the rows (an index that pandas or R wrote).

    Raises:
        TableError: two columns of one name, or a column with values and no name.
    """
    kept: dict[str, pa.ChunkedArray] = {}
    notes: list[str] = []
    refuse_duplicates([name for name in names if name], source, line)
    for index, (name, column) in enumerate(zip(names, columns, strict=True)):
        if name:
            kept[name] = column
        elif column.null_count == len(column):
            notes.append(f"column {index + 1} has no name and no values: left out")
        elif index == 0 and _numbers_rows(column):
            notes.append("column 1 has no name and numbers the rows: left out")
        else:
            raise TableError(
                f"column {index + 1} of {len(names)} has values but no name",
                source=source,
                line=line,
                remedy="Give it a name in the header, or remove it.",
            )
    if not kept:
        raise TableError("no column has a name", source=source, line=line, remedy="Add a header.")
    return Named(kept, tuple(notes))


def _numbers_rows(column: pa.ChunkedArray) -> bool:
    try:
        numbers = column.cast(pa.int64())
    except pa.ArrowInvalid:
        return False
    if numbers.null_count:
        return False
    values = numbers.to_numpy()
    return bool(values[0] in {0, 1} and np.array_equal(values, np.arange(len(values)) + values[0]))
