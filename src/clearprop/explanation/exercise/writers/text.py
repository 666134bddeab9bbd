"""A sheet and its key as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from clearprop.explanation.exercise.line import Line, plain_line
from clearprop.explanation.exercise.question import Question, Sheet
from clearprop.explanation.exercise.writers.contents import (
    Table,
    answer_line,
    head_lines,
    key_mistakes,
    letter,
    tables,
    wrong_answer,
)

__all__ = ["WIDTH", "question_text", "table_text", "to_text"]

WIDTH = 92
UNBROKEN = "\u00a0"


def to_text(sheet: Sheet, *, key: bool = False) -> str:
    """A sheet, or its answer key, as plain text."""
    title = f"{'Answer key: ' if key else ''}{sheet.title}"
    blocks = [f"{title}\n{'=' * len(title)}"]
    blocks += [_wrapped(line) for line in head_lines(sheet)]
    if not key:
        blocks += [table_text(table) for table in tables(sheet)]
    for number, question in enumerate(sheet.questions, start=1):
        blocks.append(question_text(number, question) + (_key(question) if key else _space()))
    return "\n\n".join(blocks) + "\n"


def _wrapped(
    line: Line,
    indent: str = "",
    first: str | None = None,
    width: int = WIDTH,
    ascii_only: bool = False,
) -> str:
    return textwrap.fill(
        plain_line(line, ascii_only=ascii_only),
        width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table_text(table: Table, *, ascii_only: bool = False) -> str:
    """An array with the names of its rows and columns."""
    title: Line = (table.title,) if table.symbol is None else (f"{table.title}, ", table.symbol)
    name = plain_line(title, ascii_only=ascii_only)
    rows, columns = (
        [plain_line((each,), ascii_only=ascii_only) for each in names]
        for names in (table.rows or ("",), table.columns)
    )
    left = max(map(len, rows))
    widths = [
        max(len(column), *(len(row[index]) for row in table.cells))
        for index, column in enumerate(columns)
    ]
    lines = [name, _row("", columns, left, widths)]
    lines += [_row(row, cells, left, widths) for row, cells in zip(rows, table.cells, strict=True)]
    return plain_line(("\n".join(lines),), ascii_only=ascii_only)


def _row(name: str, cells: Sequence[str], left: int, widths: list[int]) -> str:
    padded = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"  {name.ljust(left)}  {'  '.join(padded)}".rstrip()


def question_text(
    number: int, question: Question, width: int = WIDTH, *, ascii_only: bool = False
) -> str:
    """A question with what is given and the answers to choose from."""
    head = f"{number}. "
    indent = " " * len(head)
    lines = [_wrapped(question.text, indent, head, width, ascii_only)]
    if question.given:
        # An equation is broken nowhere: its spaces become spaces again after wrapping.
        equations = (
            plain_line((known,), ascii_only=ascii_only).replace(" ", UNBROKEN)
            for known in question.given
        )
        words = f"Given: {';  '.join(equations)}"
        lines.append(_wrapped((words,), indent + "  ", indent, width).replace(UNBROKEN, " "))
    lines += [
        f"{indent}{letter(option)}) {plain_line(line, ascii_only=ascii_only)}"
        for option, line in enumerate(question.options)
    ]
    return "\n".join(lines)


def _space() -> str:
    return "\n\n   Answer: ____________________"


def _key(question: Question) -> str:
    lines = ["", f"   Answer: {plain_line(answer_line(question))}"]
    lines += [f"      {plain_line(line)}" for line in question.solution]
    wrong = key_mistakes(question)
    if wrong:
        lines.append("   Wrong answers, and what leads to them:")
        width = max(len(wrong_answer(mistake)) for mistake in wrong)
        lines += [
            _wrapped(
                mistake.sentence,
                " " * (width + 8),
                f"      {wrong_answer(mistake).ljust(width)}  ",
            )
            for mistake in wrong
        ]
    return "\n".join(lines)
