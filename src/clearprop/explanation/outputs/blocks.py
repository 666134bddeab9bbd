"""What a written derivation is made of, before any markup: headings, sentences, formulas, tables.

Terminal, Markdown and LaTeX write the same blocks, so that all of them say the same. This file
knows nothing of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clearprop.explanation.formula.tree import Formula, Infix
from clearprop.explanation.formulas import Name

__all__ = [
    "Block",
    "Cell",
    "Document",
    "Equation",
    "Paragraph",
    "References",
    "Section",
    "Table",
    "as_equation",
    "column_groups",
]

Cell = float | str


@dataclass(frozen=True)
class Paragraph:
    """Sentences.

    Attributes:
        text: them.
        label: a word before them, such as "Question"; "" for none.
        formula: follows them on the same line, or None.
    """

    text: str
    label: str = ""
    formula: Formula | None = None


@dataclass(frozen=True)
class Equation:
    """left = side = side = …, where something is something.

    Attributes:
        left: what the equation is about, or all there is where nothing is equal to it.
        sides: what it is equal to, one after another.
        where: equations of symbols within the sides.
        label: what it is, in a few words; "" for none.
    """

    left: Formula
    sides: tuple[Formula, ...] = ()
    where: tuple[Formula, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Table:
    """Numbers with the names of their rows and columns.

    Attributes:
        caption: what it is; "" where the text before it says so.
        columns: names of the columns, in words or as a formula.
        rows: names of the rows, or of the row and the column of what they hold; all empty where
            there is one row only.
        cells: numbers, or words, row by row.
        corner: stands over the names of the rows.
    """

    caption: str
    columns: tuple[Name, ...]
    rows: tuple[Name | tuple[Name, ...], ...]
    cells: tuple[tuple[Cell, ...], ...]
    corner: str = ""

    @property
    def names_rows(self) -> bool:
        """Whether there is a column for the names of the rows."""
        return bool(self.corner) or any(self.rows)


def as_equation(formula: Formula, label: str = "") -> Equation:
    """A formula as an equation: a chain of equal sides taken apart, and what commas define.

    Examples:
        >>> from clearprop.explanation.formula.parse import parse
        >>> equation = as_equation(parse("a = b = c + d, d = 2"))
        >>> equation.left.name, len(equation.sides), len(equation.where)
        ('a', 2, 1)
    """
    (left, *sides), where = _sides(formula)
    return Equation(left, tuple(sides), tuple(where), label)


def _sides(formula: Formula) -> tuple[list[Formula], list[Formula]]:
    if not isinstance(formula, Infix) or formula.operator not in ("=", ","):
        return [formula], []
    if formula.operator == ",":
        sides, where = _sides(formula.operands[0])
        return sides, [*where, *formula.operands[1:]]
    taken = [_sides(operand) for operand in formula.operands]
    return [side for sides, _ in taken for side in sides], [w for _, ws in taken for w in ws]


@dataclass(frozen=True)
class References:
    """Other steps that are referred to.

    Attributes:
        label: why.
        steps: the id and symbol of each.
    """

    label: str
    steps: tuple[tuple[str, Formula], ...]


Block = Paragraph | Equation | Table | References


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it.

    Attributes:
        title: the heading.
        blocks: what stands under it.
        step: id of the step that it is about; "" for a phase or a summary.
        symbol: of the step, or None.
    """

    title: str
    blocks: tuple[Block, ...]
    step: str = ""
    symbol: Formula | None = None


@dataclass(frozen=True)
class Document:
    """A whole derivation.

    Attributes:
        title: what is derived.
        sections: in order; a section without a step begins a part.
        digits: significant digits of the numbers in tables.
    """

    title: str
    sections: tuple[Section, ...]
    digits: int


def column_groups(widths: Sequence[float], first: float, available: float) -> list[range]:
    """Which columns of a table stand side by side where not all of them do.

    Args:
        widths: of the columns.
        first: of the column with the names of the rows, which every group repeats.
        available: the greatest width of a group.

    Returns:
        A range of columns for each group; a column wider than all that is available has a group
        of its own.

    Examples:
        >>> column_groups([4, 4, 4], first=2, available=10)
        [range(0, 2), range(2, 3)]
    """
    groups, begin, used = [], 0, first
    for column, width in enumerate(widths):
        if used + width > available and column > begin:
            groups.append(range(begin, column))
            begin, used = column, first
        used += width
    return [*groups, range(begin, len(widths))]
