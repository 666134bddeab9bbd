"""Arrays as tables: entry by entry, or summarised by norm and largest entries where too large.

This file knows nothing of markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records, Step
from clearprop.explanation.formulas import named, named_pair, step_labels
from clearprop.explanation.largest import largest_entries
from clearprop.explanation.outputs.blocks import Block, Table

__all__ = ["Labels", "array_tables", "named_table", "table_or_summary"]

Array = npt.NDArray[Any]
Labels = tuple[tuple[str, ...], tuple[str, ...]]


def array_tables(
    records: Records,
    step: Step,
    values: Array,
    caption: str,
    notation: str,
    budget: Budget,
    left_out: list[str],
) -> Iterator[Block]:
    """An array that belongs to a step, with the step's names where it has the step's shape."""
    labels = step_labels(records, step, notation) if values.shape == step.shape else ((), ())
    about = f"{caption or 'the values'} of {step.id}".replace("By", "by")
    yield from table_or_summary(values, caption, labels, budget, left_out, about)


def table_or_summary(
    values: Array, caption: str, labels: Labels, budget: Budget, left_out: list[str], about: str
) -> Iterator[Block]:
    """An array as a table; or its shape, norm and largest entries.

    Args:
        values: shape (), (columns,) or (rows, columns).
        caption: what they are.
        labels: names of rows and columns; numbers from 1 where there are none.
        budget: how large a table may be.
        left_out: is told of a summary.
        about: the array's name there.
    """
    if budget.shows_whole(values.shape):
        yield named_table(values, caption, labels)
        return
    shape = " x ".join(map(str, values.shape))
    count = min(budget.largest, values.size)
    left_out.append(f"All but the {count} largest entries of {about}, {shape} numbers.")
    grid = np.atleast_2d(values)
    rows, columns = _names(grid, labels)
    places = largest_entries(grid, count)
    norm = float(np.linalg.norm(values))
    begin = f"{caption}: " if caption else ""
    yield Table(
        f"{begin}{shape} numbers; their Euclidean norm, and the largest by size",
        ("value",),
        ("norm", *(named_pair(rows[row], columns[column]) for row, column in places)),
        ((norm,), *((float(grid[place]),) for place in places)),
    )


def named_table(values: Array, caption: str, labels: Labels) -> Table:
    """A table of all entries.

    Examples:
        >>> named_table(np.array([1.0, 2.0]), "", ((), ("x1", "x2"))).cells
        ((1.0, 2.0),)
    """
    grid = np.atleast_2d(np.asarray(values, np.float64))
    rows, columns = _names(grid, labels)
    if values.ndim == 0:
        columns = ("value",)
    cells = tuple(tuple(float(value) for value in row) for row in grid)
    return Table(caption, tuple(map(named, columns)), tuple(map(named, rows)), cells)


def _names(grid: Array, labels: Labels) -> Labels:
    """A name for every row and column; a single row has none."""
    rows, columns = labels
    n_rows, n_columns = grid.shape
    if len(rows) != n_rows:
        rows = ("",) if n_rows == 1 else tuple(str(row + 1) for row in range(n_rows))
    if len(columns) != n_columns:
        columns = tuple(str(column + 1) for column in range(n_columns))
    return rows, columns
