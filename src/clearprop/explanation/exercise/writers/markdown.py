"""A sheet and its key as Markdown, formulas in LaTeX between dollars."""

from __future__ import annotations

from clearprop.explanation.exercise.line import Line, markdown_line
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

__all__ = ["to_markdown"]


def to_markdown(sheet: Sheet, *, key: bool = False) -> str:
    """A sheet, or its answer key, as Markdown."""
    title: Line = (f"{'Answer key: ' if key else ''}{sheet.title}",)
    blocks = [f"# {markdown_line(title)}"]
    blocks += [markdown_line(line) for line in head_lines(sheet)]
    if not key:
        blocks += [_table(table) for table in tables(sheet)]
    for number, question in enumerate(sheet.questions, start=1):
        blocks.append(f"## Question {number}")
        blocks += _question(question)
        blocks += _key(question) if key else ["Answer: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_"]
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    title: Line = (table.title,) if table.symbol is None else (f"{table.title}, ", table.symbol)
    columns = [markdown_line((column,)) for column in table.columns]
    rows = table.rows or ("",)
    lines = [
        f"| {markdown_line(title)} | {' | '.join(columns)} |",
        f"|---|{'---:|' * len(columns)}",
    ]
    lines += [
        f"| {markdown_line((row,))} | {' | '.join(cells)} |"
        for row, cells in zip(rows, table.cells, strict=True)
    ]
    return "\n".join(lines)


def _question(question: Question) -> list[str]:
    blocks = [markdown_line(question.text)]
    if question.given:
        blocks.append("Given: " + ", ".join(markdown_line((known,)) for known in question.given))
    if question.options:
        blocks.append(
            "\n".join(
                f"- {letter(option)}) {markdown_line(line)}"
                for option, line in enumerate(question.options)
            )
        )
    return blocks


def _key(question: Question) -> list[str]:
    blocks = [f"**Answer:** {markdown_line(answer_line(question))}"]
    blocks.append("\n".join(f"- {markdown_line(line)}" for line in question.solution))
    wrong = key_mistakes(question)
    if wrong:
        rows = "\n".join(
            f"| {wrong_answer(mistake)} | {markdown_line(mistake.sentence)} |" for mistake in wrong
        )
        blocks.append(f"| wrong answer | what leads to it |\n|---:|---|\n{rows}")
    return blocks
