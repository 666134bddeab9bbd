"""A sheet and its key as plain text."""

from __future__ import annotations

import textwrap

from clearprop.explain.exercise.line import Line, plain_line
from clearprop.explain.exercise.question import Question, Sheet
from clearprop.explain.exercise.writers.contents import (
    Table,
    answer_line,
    head_lines,
    key_mistakes,
    letter,
    tables,
    wrong_answer,
)

__all__ = ["question_text", "table_text", "to_text"]

WIDTH = 92


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


def _wrapped(line: Line, indent: str = "", first: str | None = None) -> str:
    return textwrap.fill(
        plain_line(line),
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table_text(table: Table) -> str:
    """An array with the names of its rows and columns."""
    name = table.title if table.symbol is None else f"{table.title}, {plain_line((table.symbol,))}"
    rows = table.rows or ("",)
    left = max(map(len, rows))
    widths = [
        max(len(column), *(len(row[index]) for row in table.cells))
        for index, column in enumerate(table.columns)
    ]
    lines = [name, _row("", table.columns, left, widths)]
    lines += [_row(row, cells, left, widths) for row, cells in zip(rows, table.cells, strict=True)]
    return "\n".join(lines)


def _row(name: str, cells: tuple[str, ...], left: int, widths: list[int]) -> str:
    padded = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"  {name.ljust(left)}  {'  '.join(padded)}".rstrip()


def question_text(number: int, question: Question) -> str:
    """A question with what is given and the answers to choose from."""
    head = f"{number}. "
    indent = " " * len(head)
    lines = [_wrapped(question.text, indent, head)]
    if question.given:
        given: list[str | object] = []
        for equation in question.given:
            given += [plain_line((equation,)).replace(" ", "\u00a0"), ";  "]
        words = "".join(map(str, given[:-1]))
        lines.append(_wrapped((f"Given: {words}",), indent + "  ", indent).replace("\u00a0", " "))
    lines += [
        f"{indent}{letter(option)}) {plain_line(line)}"
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
