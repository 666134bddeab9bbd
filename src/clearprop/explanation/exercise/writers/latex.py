"""A sheet and its key as a LaTeX document, ready for pdflatex; needs amsmath, bm and graphicx."""

from __future__ import annotations

from clearprop.explanation.exercise.line import Line, latex_line
from clearprop.explanation.exercise.question import Question, Sheet
from clearprop.explanation.exercise.writers.contents import (
    Table,
    answer_line,
    head_lines,
    key_mistakes,
    letter,
    sides,
    tables,
    wrong_answer,
)
from clearprop.explanation.formula.latex import to_latex

__all__ = ["to_latex_document"]

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath}
\usepackage{bm}
\usepackage{graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{5pt plus 2pt}
\emergencystretch=3em
\raggedright
\raggedbottom
% As wide as it is, or made smaller where that is too wide for the page.
\newsavebox{\fittedbox}
\newcommand{\fitted}[1]{\sbox{\fittedbox}{#1}%
  \ifdim\wd\fittedbox>\linewidth\resizebox{\linewidth}{!}{\usebox{\fittedbox}}%
  \else\usebox{\fittedbox}\fi}
\begin{document}"""


def to_latex_document(sheet: Sheet, *, key: bool = False) -> str:
    """A sheet, or its answer key, as a document that compiles as it is."""
    title: Line = (f"{'Answer key: ' if key else ''}{sheet.title}",)
    blocks = [PREAMBLE, rf"\section*{{{latex_line(title)}}}"]
    blocks += [latex_line(line) for line in head_lines(sheet)]
    if not key:
        blocks += [_table(table) for table in tables(sheet)]
    for number, question in enumerate(sheet.questions, start=1):
        blocks.append(rf"\subsection*{{Question {number}}}")
        blocks += _question(question)
        blocks += _key(question) if key else [r"\medskip Answer: \rule{5cm}{0.4pt}"]
    blocks.append(r"\end{document}")
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    title: Line = (table.title,) if table.symbol is None else (f"{table.title}, ", table.symbol)
    columns = " & ".join(latex_line((column,)) for column in table.columns)
    rows = table.rows or ("",)
    body = "".join(
        f"{latex_line((row,))} & {' & '.join(latex_line((cell,)) for cell in cells)} \\\\\n"
        for row, cells in zip(rows, table.cells, strict=True)
    )
    grid = (
        f"\\begin{{tabular}}{{l|{'r' * len(table.columns)}}}\n & {columns} \\\\ \\hline\n{body}"
        "\\end{tabular}"
    )
    return f"{latex_line(title)}\\nopagebreak\\\\[3pt]\n\\fitted{{{grid}}}"


def _question(question: Question) -> list[str]:
    blocks = [latex_line(question.text)]
    if question.given:
        blocks.append("Given: " + ", ".join(f"${to_latex(known)}$" for known in question.given))
    blocks += [
        f"{letter(option)}) {latex_line(line)}" for option, line in enumerate(question.options)
    ]
    return blocks


def _key(question: Question) -> list[str]:
    blocks = [rf"\textbf{{Answer:}} {latex_line(answer_line(question))}"]
    blocks += [_breakable(line) for line in question.solution]
    wrong = key_mistakes(question)
    if wrong:
        rows = "".join(
            f"{latex_line((wrong_answer(mistake),))} & {latex_line(mistake.sentence)} \\\\\n"
            for mistake in wrong
        )
        blocks.append(
            "\\begin{tabular}{r p{0.72\\linewidth}}\n"
            f"wrong answer & what leads to it \\\\ \\hline\n{rows}\\end{{tabular}}"
        )
    return blocks


def _breakable(line: Line) -> str:
    """A line whose equations TeX may break before each sign."""
    parts = []
    for part in line:
        if not isinstance(part, str) and len(sides(part)) > 1:
            first, *rest = sides(part)
            parts.append(f"${to_latex(first)}$")
            parts += [f" $= {to_latex(side)}$" for side in rest]
        else:
            parts.append(latex_line((part,)))
    return "".join(parts)
