"""An answer marked: right, right but for rounding, or wrong, and then which mistake gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clearprop.explanation.exercise.line import Line
from clearprop.explanation.exercise.question import KnownMistake, Question
from clearprop.explanation.exercise.reading import read_choice, read_number, read_shape
from clearprop.explanation.exercise.tolerance import is_rounded, is_same
from clearprop.explanation.formula.tree import Number

__all__ = ["MOST_EXPLANATIONS", "Mark", "Verdict", "mark"]

Verdict = Literal["right", "rounding", "wrong"]

MOST_EXPLANATIONS = 3
"""That many mistakes are told where several lead to one number."""


@dataclass(frozen=True)
class Mark:
    """What is said of an answer.

    Attributes:
        verdict: "right", "rounding" (right but for rounding) or "wrong".
        explanations: the known mistakes that give this very answer, the likeliest first.
        lines: what to tell who answered, paragraph by paragraph.
    """

    verdict: Verdict
    explanations: tuple[KnownMistake, ...]
    lines: tuple[Line, ...]


def mark(question: Question, answer: str) -> Mark:
    """Mark an answer.

    Args:
        question: what was asked.
        answer: what was written.

    Returns:
        The verdict, and for a wrong answer the mistakes that lead to it.

    Raises:
        ParameterError: it cannot be read as an answer.

    Examples:
        >>> from clearprop.explanation.exercise.sheet import exercise_sheet
        >>> sheet = exercise_sheet("article-a", seed=3)
        >>> question = next(q for q in sheet.questions if q.kind == "hidden delta")
        >>> mark(question, f"{question.right:.4g}").verdict
        'right'
        >>> missing = next(m for m in question.mistakes if m.name == "missing sigma'")
        >>> mark(question, f"{missing.value:.4g}").explanations[0].name
        "missing sigma'"
    """
    if question.answer == "number":
        return _of_number(question, answer)
    if question.answer == "shape":
        given: tuple[int, ...] = read_shape(answer)
    else:
        given = (read_choice(answer, len(question.options)),)
    if given == question.right:
        return Mark("right", (), (("Right.",),))
    return _wrong(question, [m for m in question.mistakes if m.value == given])


def _of_number(question: Question, answer: str) -> Mark:
    right = question.right
    assert isinstance(right, float)
    reading = read_number(answer)
    if is_same(reading, right):
        return Mark("right", (), (("Right.",),))
    if same := [m for m in question.mistakes if is_same(reading, _number(m))]:
        return _wrong(question, same)
    if is_rounded(reading, right):
        value = Number(right, question.digits)
        line: Line = (
            "Right but for rounding: it is ",
            value,
            ". Three digits or more are asked for.",
        )
        return Mark("rounding", (), (line,))
    return _wrong(question, [m for m in question.mistakes if is_rounded(reading, _number(m))])


def _number(mistake: KnownMistake) -> float:
    assert isinstance(mistake.value, float)
    return mistake.value


def _wrong(question: Question, found: Sequence[KnownMistake]) -> Mark:
    if not found:
        lines: tuple[Line, ...] = (
            ("Not yet, and no mistake that is known here leads to this answer.",),
            ("Hint: ", *question.hint),
        )
        return Mark("wrong", (), lines)
    # A slip of this very step is likelier than one before it, if either leads here.
    likeliest = [m for m in found if m.rank == found[0].rank]
    told = likeliest[:MOST_EXPLANATIONS]
    first: Line
    if question.answer != "number":
        first = ("Not yet: ", *told[0].sentence, ".")
    elif len(likeliest) == 1:
        first = ("Not yet. One mistake leads to this very number: ", *told[0].sentence, ".")
    else:
        some = "" if len(likeliest) == len(told) else f", of which here are {len(told)}"
        count = _counted(len(likeliest))
        first = (f"Not yet. {count} mistakes lead to this number{some}: ", *told[0].sentence, ".")
    lines = (first, *(("Or: ", *m.sentence, ".") for m in told[1:]))
    meant: list[Line] = []
    for mistake in told:
        line: Line = (f"What was meant, {mistake.title}: ", *mistake.formula)
        if line not in meant and question.answer != "shape":
            meant.append(line)
    return Mark("wrong", tuple(found), (*lines, *meant))


def _counted(number: int) -> str:
    return {2: "Two", 3: "Three", 4: "Four"}.get(number, str(number))
