r"""A derivation in Markdown, as GitHub shows it: mathematics between dollar signs, pipe tables.

Markdown takes a backslash before punctuation for its own, so thin spaces and new lines within
formulas are written as words here. Numbers in tables have ASCII's hyphen, to be pasted elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.latex import to_latex
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.formula.tree import Formula
from clearprop.explanation.formulas import Name
from clearprop.explanation.outputs.blocks import (
    Block,
    Cell,
    Document,
    Equation,
    Paragraph,
    References,
    Table,
)
from clearprop.explanation.outputs.contents import contents
from clearprop.printable import printable

__all__ = ["to_markdown"]

_WORDS = {
    r"\,": r"\thinspace ",
    r"\\": r"\cr ",
    r"\%": r"\char37 ",
    r"\_": r"\char95 ",
    "<": r"\lt ",
    ">": r"\gt ",
}


def to_markdown(records: Records, notation: str = "matrix", budget: Budget | None = None) -> str:
    r"""A derivation in Markdown.

    Args:
        records: the derivation.
        notation: "matrix" or "weights".
        budget: how much is written out before it is summarised.

    Returns:
        The text of a file.

    Raises:
        ParameterError: no such notation.

    Examples:
        >>> from clearprop.explanation.document import explain
        >>> records = explain("article-a", rows=slice(0, 1), check=False).records
        >>> lines = to_markdown(records).splitlines()
        >>> print([line for line in lines if line.startswith(r"\delta^{1} = ")][0])
        \delta^{1} = \hat{\mathbf{y}} - \mathbf{y}
    """
    document = contents(records, notation, budget)
    return "\n\n".join(_document(document)) + "\n"


def _document(document: Document) -> Iterator[str]:
    yield f"# {_text(document.title)}"
    for section in document.sections:
        if section.symbol is None:
            yield f"## {_text(section.title)}"
        else:
            yield f"### {_text(section.title)}: {_math(section.symbol)} `{section.step}`"
        for block in section.blocks:
            yield _block(block, document.digits)


def _text(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#$])", r"\\\1", printable(text))


def _latex(formula: Formula) -> str:
    latex = to_latex(formula)
    return re.sub(r"\\\\|\\[,%_]|[<>]", lambda found: _WORDS[found[0]], latex)


def _math(formula: Formula) -> str:
    return f"${_latex(formula).strip()}$"


def _block(block: Block, digits: int) -> str:
    match block:
        case Paragraph():
            begin = f"**{block.label}:** " if block.label else ""
            end = f" {_math(block.formula)}" if block.formula is not None else ""
            return f"{begin}{_text(block.text)}{end}"
        case Equation():
            label = f"{_text(block.label)}:\n\n" if block.label else ""
            return label + _equation(block)
        case References():
            named = (f"{_math(symbol)} (`{step}`)" for step, symbol in block.steps)
            return f"**{block.label}:** {', '.join(named)}"
        case Table():
            return _table(block, digits)


def _equation(equation: Equation) -> str:
    lines = [_latex(equation.left)]
    if equation.sides:
        first, *others = (rf"= {_latex(side)}" for side in equation.sides)
        lines = [f"{lines[0]} {first}"]
        if others:
            aligned = r" \cr ".join([lines[0].replace("= ", "&= ", 1), *(f"&{o}" for o in others)])
            lines = [rf"\begin{{aligned}} {aligned} \end{{aligned}}"]
    lines += [rf"\text{{where }} {_latex(each)}" for each in equation.where]
    return "\n\n".join(f"$$\n{line}\n$$" for line in lines)


def _table(table: Table, digits: int) -> str:
    first = [_text(table.corner) or " "] if table.names_rows else []
    heading = [*first, *(_name(name) for name in table.columns)]
    rule = [":--"] * len(first) + ["--:"] * len(table.columns)
    lines = [_line(heading), _line(rule)]
    for row, cells in zip(table.rows, table.cells, strict=True):
        name = [_row_name(row)] if table.names_rows else []
        lines.append(_line([*name, *(_cell(cell, digits) for cell in cells)]))
    caption = f"{_text(table.caption)}:\n\n" if table.caption else ""
    return caption + "\n".join(lines)


def _name(name: Name) -> str:
    return _text(name) if isinstance(name, str) else _math(name)


def _row_name(name: Name | tuple[Name, ...]) -> str:
    if isinstance(name, tuple):
        return " / ".join(map(_row_name, name))
    if isinstance(name, str):
        return f"**{_text(name)}**" if name else " "
    return _math(name)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell, digits: int) -> str:
    return _text(cell) if isinstance(cell, str) else plain_number(cell, digits, ascii_only=True)
