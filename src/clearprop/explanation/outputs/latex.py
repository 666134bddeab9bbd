r"""A derivation as a LaTeX document, ready for pdflatex.

Needs Debian's texlive-latex-base and nothing else; where lmodern is installed, its fonts are used.
Wide tables are split over their columns, long ones over their rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.latex import escape, latex_number
from clearprop.explanation.formula.latex import to_latex as math
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formulas import Name
from clearprop.explanation.outputs.blocks import (
    Block,
    Cell,
    Equation,
    Paragraph,
    References,
    Section,
    Table,
    column_groups,
)
from clearprop.explanation.outputs.contents import contents
from clearprop.explanation.outputs.latex_lines import equation_lines
from clearprop.printable import printable

__all__ = ["to_latex"]

PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath}
\usepackage{bm}
\usepackage{graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\setlength{\tabcolsep}{4pt}
\emergencystretch=3em
\raggedbottom
\raggedright
% As wide as it is, or made smaller where that is too wide for the page.
\newsavebox{\fittedbox}
\newcommand{\fitted}[1]{\sbox{\fittedbox}{#1}%
  \ifdim\wd\fittedbox>\linewidth\resizebox{\linewidth}{!}{\usebox{\fittedbox}}%
  \else\usebox{\fittedbox}\fi}
"""

CHARACTERS = 96
"""Of a table's line, at its smaller size."""
ROWS = 40
"""Of a table; the rest of a longer one stands in the next."""
WIDEST_NAME = 20


def to_latex(records: Records, notation: str = "matrix", budget: Budget | None = None) -> str:
    r"""A derivation as a LaTeX document.

    Args:
        records: the derivation.
        notation: "matrix" or "weights".
        budget: how much is written out before it is summarised.

    Returns:
        The text of a .tex file.

    Raises:
        ParameterError: no such notation.

    Examples:
        >>> from clearprop.explanation.document import explain
        >>> records = explain("article-a", rows=slice(0, 1), check=False).records
        >>> print(to_latex(records).splitlines()[0])
        \documentclass[10pt,a4paper]{article}
    """
    document = contents(records, notation, budget)
    body = [rf"\section*{{{_text(document.title)}}}"]
    for section in document.sections:
        body.append(_heading(section))
        body += ["\n\n".join(_block(block, document.digits)) for block in section.blocks]
    lines = "\n\n".join(body)
    return f"{PREAMBLE}\\begin{{document}}\n\n{lines}\n\n\\end{{document}}\n"


def _text(text: str) -> str:
    return escape(printable(text))


def _heading(section: Section) -> str:
    if section.symbol is None:
        return rf"\subsection*{{{_text(section.title)}}}"
    symbol = rf"$\boldsymbol{{{math(section.symbol)}}}$"
    return rf"\subsubsection*{{{_text(section.title)} \quad {symbol} \quad {_code(section.step)}}}"


def _code(text: str) -> str:
    return rf"\texttt{{{_text(text)}}}"


def _block(block: Block, digits: int) -> Iterator[str]:
    match block:
        case Paragraph():
            begin = rf"\textbf{{{_text(block.label)}:}} " if block.label else ""
            end = f" ${math(block.formula)}$" if block.formula is not None else ""
            yield f"{begin}{_text(block.text)}{end}"
        case Equation():
            if block.label:
                yield rf"{_text(block.label)}:\nopagebreak"
            lines = " \\\\\n".join(equation_lines(block))
            yield rf"\fitted{{$\begin{{aligned}}[t] {lines} \end{{aligned}}$}}"
        case References():
            named = (f"${math(symbol)}$ ({_code(step)})" for step, symbol in block.steps)
            yield rf"\textbf{{{_text(block.label)}:}} {', '.join(named)}"
        case Table():
            if block.caption:
                yield rf"{_text(block.caption)}:\nopagebreak"
            yield from _tables(block, digits)


def _tables(table: Table, digits: int) -> Iterator[str]:
    cells = [[_cell(cell, digits) for cell in row] for row in table.cells]
    widths = [
        2.0 + max(_name_width(name), *(_number_width(row[column]) for row in cells))
        for column, name in enumerate(table.columns)
    ]
    first = 2.0 + max(map(_name_width, (*table.rows, table.corner))) if table.names_rows else 0.0
    for group in column_groups(widths, first, CHARACTERS):
        for begin in range(0, len(cells), ROWS):
            rows = range(begin, min(begin + ROWS, len(cells)))
            yield rf"{{\footnotesize\fitted{{{_tabular(table, cells, rows, group)}}}}}"


def _tabular(table: Table, cells: list[list[str]], rows: range, columns: range) -> str:
    named = table.names_rows
    heading = [_name(table.columns[column]) for column in columns]
    lines = [" & ".join([_name(table.corner), *heading] if named else heading), r"\hline"]
    for row in rows:
        shown = [cells[row][column] for column in columns]
        lines.append(" & ".join([_name(table.rows[row]), *shown] if named else shown))
    begin = rf"\begin{{tabular}}[t]{{{'l' if named else ''}{'r' * len(columns)}}}"
    head, rule, *body = lines
    strut = r"\rule{0pt}{2.6ex}"
    return "\n".join([begin, rf"{head} \\ {rule}{strut}", " \\\\\n".join(body), r"\end{tabular}"])


def _name(name: Name | tuple[Name, ...]) -> str:
    """A name; a long one on several lines."""
    if isinstance(name, tuple):
        return " / ".join(map(_name, name))
    if not isinstance(name, str):
        return f"${math(name)}$"
    text = printable(name)
    if len(text) <= WIDEST_NAME:
        return _text(text)
    pieces = [text[at : at + WIDEST_NAME] for at in range(0, len(text), WIDEST_NAME)]
    lines = r" \\ ".join(map(_text, pieces))
    return rf"\shortstack[l]{{{lines}}}"


def _name_width(name: Name | tuple[Name, ...]) -> int:
    if isinstance(name, tuple):
        return sum(map(_name_width, name)) + 3 * (len(name) - 1)
    return min(len(name), WIDEST_NAME) if isinstance(name, str) else len(to_plain(name))


def _cell(cell: Cell, digits: int) -> str:
    return _text(cell) if isinstance(cell, str) else f"${latex_number(cell, digits)}$"


def _number_width(latex: str) -> int:
    """Characters of a cell, a power of ten counted as it is set."""
    return len(latex.replace(r"\times 10^{", "x10").strip("$}"))
