"""Matrices as tables with row and column headers, and summaries of those too large to read.

A table says which step's entries it holds (`data-step`), of which shape (`data-shape`), where they
stand in the drawing (`data-place`), and, beside a result, which of them an entry of the result is
computed from (`data-axes`, as `Operand.axes` with * for all, and `data-blocks`, as
`Operand.blocks`). The script needs no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.explanation.budget import Budget
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.largest import largest_entries
from clearprop.explanation.markup.elements import tag, text
from clearprop.explanation.page.heat import heat_map
from clearprop.explanation.wording import counted

__all__ = ["axes_attribute", "matrix", "size_of", "table"]

Array = npt.NDArray[Any]
Entry = tuple[int, ...]
Mark = Callable[[Entry], str]

TINTS = 4
HEAT_SIDE = 384  # pixels
FIGURE_SPACE = "\u2007"  # as wide as a digit


def size_of(shape: tuple[int, ...]) -> str:
    """A shape in words.

    Examples:
        >>> size_of((4, 3)), size_of((3,)), size_of(())
        ('4 × 3', '3 entries', 'one number')
        >>> size_of((1,))
        '1 entry'
    """
    if not shape:
        return "one number"
    if len(shape) == 1:
        return f"{shape[0]} {'entry' if shape[0] == 1 else 'entries'}"
    return " × ".join(str(length) for length in shape)


def axes_attribute(axes: Sequence[int | None]) -> str:
    """An operand's axes as the script reads them.

    Examples:
        >>> axes_attribute((None, 1))
        '*,1'
    """
    return ",".join("*" if axis is None else str(axis) for axis in axes)


def unmarked(_: Entry) -> str:
    """Nothing to say of an entry."""
    return ""


def matrix(
    values: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    caption: str,
    budget: Budget,
    class_: str = "matrix",
    mark: Mark = unmarked,
    **data: str | None,
) -> str:
    """A matrix as a table, or a summary where it is beyond the budget.

    Args:
        values: shape (), (width,) or (rows, columns).
        rows: names of the rows, as HTML; of a single row its own name.
        columns: names of the columns, as HTML.
        caption: HTML.
        budget: how large a matrix is shown whole.
        class_: the table's classes.
        mark: what a summary says of an entry beside its name, as HTML.
        data: the table's `data-` attributes.
    """
    if budget.shows_whole(values.shape):
        return table(values, rows, columns, caption, class_, **data)
    return _summary(values, rows, columns, caption, budget, class_, mark, **data)


def table(
    values: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    caption: str,
    class_: str = "matrix",
    **data: str | None,
) -> str:
    """A matrix entry by entry; NaN, where nothing was taken, is a dash."""
    grid = values.reshape(-1, values.shape[-1] if values.ndim else 1)
    tints = _tints(grid)
    shown = [_aligned([_shown(value) for value in column]) for column in grid.T]
    head = ""
    if values.ndim:
        names = _names(columns, grid.shape[1])
        head = tag(
            "thead",
            tag("tr", "<td></td>", *(tag("th", name, scope="col") for name in names)),
        )
    names = _names(rows, grid.shape[0])
    body = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            *(
                tag("td", text(number), class_=tint)
                for number, tint in zip(line, line_tints, strict=True)
            ),
        )
        for name, line, line_tints in zip(names, zip(*shown, strict=True), tints, strict=True)
    ]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", tag("div", caption)),
            head,
            tag("tbody", *body),
            class_=class_,
            data_shape=",".join(str(length) for length in values.shape),
            **data,
        ),
        class_="scroll",
    )


def _summary(
    values: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    caption: str,
    budget: Budget,
    class_: str,
    mark: Mark,
    **data: str | None,
) -> str:
    """A heat map, the norm and the largest entries."""
    finite = values[np.isfinite(values)]
    grid = values.reshape(-1, values.shape[-1])
    shown = largest_entries(values, budget.largest)
    row_names = _names(rows, grid.shape[0])
    column_names = _names(columns, grid.shape[1])
    lines = [
        tag(
            "tr",
            tag("th", place, mark(entry), scope="row"),
            tag("td", text(_shown(values[entry])), data_entry=",".join(str(i) for i in entry)),
        )
        for entry, place in zip(shown, _entry_names(shown, row_names, column_names), strict=True)
    ]
    facts = (
        f"{values.size:,} entries, norm {_shown(float(np.linalg.norm(finite)))}, "
        f"from {_shown(finite.min())} to {_shown(finite.max())}"
    )
    return tag(
        "div",
        tag(
            "figure",
            _heat_image(grid),
            tag("figcaption", text(facts)),
        ),
        tag(
            "table",
            tag(
                "caption",
                tag("div", caption),
                f"the {counted(len(shown), 'largest entry', 'largest entries')}",
            ),
            tag("tbody", *lines),
            class_=f"{class_} largest",
            **data,
        ),
        class_="summary scroll",
    )


def _heat_image(grid: Array) -> str:
    rows, columns = grid.shape
    scale = max(1, HEAT_SIDE // max(rows, columns))
    width, height = (
        min(max(length * scale, narrowest), widest)
        for length, narrowest, widest in ((columns, 96, 2 * HEAT_SIDE), (rows, 12, HEAT_SIDE))
    )
    return (
        f'<img class="heat" alt="Heat map of {rows} × {columns} entries" width="{width}" '
        f'height="{height}" src="{heat_map(np.nan_to_num(grid))}">'
    )


def _names(names: Sequence[str], count: int) -> list[str]:
    return list(names) if names else [str(i + 1) for i in range(count)]


def _entry_names(entries: list[Entry], rows: list[str], columns: list[str]) -> list[str]:
    return [
        columns[entry[0]] if len(entry) == 1 else f"{rows[entry[0]]}, {columns[entry[1]]}"
        for entry in entries
    ]


def _shown(value: float) -> str:
    return "–" if np.isnan(value) else plain_number(float(value))


def _aligned(numbers: list[str]) -> list[str]:
    """A column's numbers, their decimal points one below the other.

    Examples:
        >>> [number.replace(FIGURE_SPACE, "_") for number in _aligned(["10.5", "−0.25", "1"])]
        ['10.5', '−0.25', '_1']
    """
    before = [len(re.split(r"[.e]", number)[0]) for number in numbers]
    widest = max(before, default=0)
    return [
        FIGURE_SPACE * (widest - length) + number
        for length, number in zip(before, numbers, strict=True)
    ]


def _tints(grid: Array) -> list[list[str | None]]:
    """How dark each cell is: p1 to p4 above zero, n1 to n4 below, by size against the largest."""
    size = np.nan_to_num(np.abs(grid))
    largest = np.max(size, initial=0.0)
    levels = np.ceil(size / largest * TINTS - 0.5).astype(int) if largest > 0 else size.astype(int)
    return [
        [
            f"{'p' if value > 0 else 'n'}{level}" if level > 0 else None
            for value, level in zip(line, line_levels, strict=True)
        ]
        for line, line_levels in zip(grid, levels, strict=True)
    ]
