"""A derivation for the terminal: Rich's tables, formulas in one line each.

Tables wider than the terminal are split over their columns; nothing is cut off.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table as Grid
from rich.text import Text

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula
from clearprop.explanation.formulas import Name
from clearprop.explanation.outputs.blocks import (
    Block,
    Cell,
    Document,
    Equation,
    Paragraph,
    References,
    Section,
    Table,
    column_groups,
)
from clearprop.explanation.outputs.contents import contents
from clearprop.printable import printable

__all__ = ["WrittenDerivation", "to_text"]

INDENT = 4
WIDEST_NAME = 24
GAP = 3
SET_OFF = ("Question", "Misprint", "Check", "Optimizer")
_PLAIN_BOX = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def to_text(
    records: Records,
    notation: str = "matrix",
    budget: Budget | None = None,
    *,
    width: int = 100,
    ascii_only: bool = False,
    styled: bool = False,
) -> str:
    r"""A derivation as plain text.

    Args:
        records: the derivation.
        notation: "matrix" or "weights".
        budget: how much is written out before it is summarised.
        width: of the lines, in characters; at least 40.
        ascii_only: whether the terminal has nothing else.
        styled: whether headings are set off by a terminal's codes.

    Returns:
        All steps in order.

    Raises:
        ParameterError: no such notation.

    Examples:
        >>> from clearprop.explanation.document import explain
        >>> records = explain("article-a", rows=slice(0, 1), check=False).records
        >>> lines = to_text(records).splitlines()
        >>> begin = lines.index("Delta of the output layer   δ¹   delta[2]")
        >>> print("\n".join(line.strip() for line in lines[begin + 3 : begin + 8]))
        δ¹ = ŷ − y
        With its numbers:
        δ¹₁ = ŷ₁ − y₁
        = 0.270534 − 1
        = −0.729466
    """
    file = io.StringIO()
    console = Console(
        file=file, width=max(width, 40), force_terminal=styled, highlight=False, markup=False,
        emoji=False, color_system="standard" if styled else None, legacy_windows=False,
    )  # fmt: skip
    console.print(WrittenDerivation(records, notation, budget, ascii_only=ascii_only))
    lines = (line.rstrip() for line in file.getvalue().splitlines())
    text = "\n".join(lines) + "\n"
    return text.encode("ascii", "backslashreplace").decode() if ascii_only else text


class WrittenDerivation:
    """A derivation that Rich can print: `console.print(WrittenDerivation(records))`.

    Args:
        records: the derivation.
        notation: "matrix" or "weights".
        budget: how much is written out before it is summarised.
        ascii_only: whether the terminal has nothing else.
    """

    def __init__(
        self,
        records: Records,
        notation: str = "matrix",
        budget: Budget | None = None,
        *,
        ascii_only: bool = False,
    ) -> None:
        self._document = contents(records, notation, budget)
        self._ascii_only = ascii_only

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The whole document, section by section."""
        writer = _Writer(self._document, options.max_width, self._ascii_only)
        yield Text(printable(self._document.title), style="bold")
        for section in self._document.sections:
            yield from writer.section(section)


class _Writer:
    def __init__(self, document: Document, width: int, ascii_only: bool) -> None:
        self.digits, self.width, self.ascii_only = document.digits, width, ascii_only

    def section(self, section: Section) -> Iterator[RenderableType]:
        yield Text()
        if section.symbol is None:
            line = "=" if self.ascii_only else "━"
            title = Text(section.title, style="bold")
            yield Rule(title, align="left", characters=line, style="none")
        else:
            symbol = self.formula(section.symbol)
            heading = Text(f"{section.title}   {symbol}   ", style="bold")
            yield heading + Text(section.step, style="not bold dim")
        for block in section.blocks:
            yield from self.block(block)

    def formula(self, formula: Formula) -> str:
        return printable(to_plain(formula, ascii_only=self.ascii_only))

    def block(self, block: Block) -> Iterator[RenderableType]:
        match block:
            case Paragraph():
                if block.label in SET_OFF:
                    yield Text()
                begin = f"{block.label}: " if block.label else ""
                end = f" {self.formula(block.formula)}" if block.formula is not None else ""
                yield Text(begin, style="bold") + Text(f"{printable(block.text)}{end}")
            case Equation():
                if block.label:
                    yield Text(f"{printable(block.label)}:")
                for line in self.lines(block):
                    yield Text("\n".join(self.wrapped(line)), no_wrap=True)
            case References():
                named = (f"{self.formula(symbol)} ({step})" for step, symbol in block.steps)
                yield Text(f"{block.label}: ", style="bold") + Text(", ".join(named))
            case Table():
                yield from self.table(block)

    def lines(self, equation: Equation) -> Iterator[str]:
        left = self.formula(equation.left)
        sides = [f"= {self.formula(side)}" for side in equation.sides]
        yield " ".join([left, *sides[:1]])
        # Equals signs stand one below the other, unless that would leave no room.
        has_room = len(left) < min(WIDEST_NAME, self.width // 4)
        indent = len(left) + 1 if has_room else INDENT
        for side in sides[1:]:
            yield " " * indent + side
        for each in equation.where:
            yield f"where {self.formula(each)}"

    def wrapped(self, line: str) -> list[str]:
        """A line of mathematics, indented; what does not fit goes on below its right side."""
        begin = line[: len(line) - len(line.lstrip())]
        indent = " " * INDENT
        return textwrap.wrap(
            line.strip(), self.width, initial_indent=indent + begin,
            subsequent_indent=indent + begin + " " * INDENT, break_on_hyphens=False,
        )  # fmt: skip

    def name(self, name: Name | tuple[Name, ...]) -> str:
        if isinstance(name, tuple):
            return " / ".join(map(self.name, name))
        return printable(name) if isinstance(name, str) else self.formula(name)

    def table(self, table: Table) -> Iterator[RenderableType]:
        if table.caption:
            yield Text(f"{printable(table.caption)}:")
        cells = [[self.cell(cell) for cell in row] for row in table.cells]
        names = [self.name(name) for name in table.columns]
        widest = min(WIDEST_NAME, self.width // 3)
        widths = [
            max(min(cell_len(name), widest), *(cell_len(row[column]) for row in cells))
            for column, name in enumerate(names)
        ]
        rows = [self.name(row) for row in table.rows]
        first = min(max(map(cell_len, [*rows, table.corner])), widest) + GAP
        for group in column_groups(
            [width + GAP for width in widths],
            first if table.names_rows else 0,
            self.width - INDENT,
        ):
            grid = Grid(
                box=_PLAIN_BOX if self.ascii_only else box.SIMPLE_HEAD,
                pad_edge=False, show_edge=False, header_style="none",
            )  # fmt: skip
            if table.names_rows:
                grid.add_column(table.corner, overflow="fold", max_width=widest)
            for column in group:
                # Rich is three times as fast where it need not look for places to wrap.
                fits = cell_len(names[column]) <= widths[column]
                grid.add_column(
                    names[column], justify="right", overflow="fold",
                    width=widths[column], no_wrap=fits,
                )  # fmt: skip
            for row, line in zip(rows, cells, strict=True):
                shown = [line[column] for column in group]
                grid.add_row(*([row] if table.names_rows else []), *shown)
            yield Padding(grid, (0, 0, 0, INDENT))

    def cell(self, cell: Cell) -> str:
        if isinstance(cell, str):
            return printable(cell)
        return plain_number(cell, self.digits, ascii_only=self.ascii_only)
