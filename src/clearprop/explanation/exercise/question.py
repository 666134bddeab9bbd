"""A question, what is known about its wrong answers, and a sheet of questions: the records.

This file knows nothing of how questions are made, marked or shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clearprop.explanation.derivation.records import Records
from clearprop.explanation.exercise.line import Line
from clearprop.explanation.formula.tree import Formula

__all__ = ["LETTERS", "KnownMistake", "Question", "Right", "Sheet"]

Right = float | tuple[int, ...]
"""What an answer is: a number; a shape; or the number of a choice, from 0, alone in a tuple."""

LETTERS = "abcdefghij"
"""Names of the answers to choose from."""


@dataclass(frozen=True)
class KnownMistake:
    """A wrong answer that is known, and the mistake that leads to it.

    Attributes:
        name: of the mistake; a name in `clearprop.explanation.diagnose.MISTAKES` where it is one.
        value: the wrong answer.
        sentence: what happened.
        formula: the formula that was meant.
        step: id of the step whose formula it is.
        title: what that step is called.
        rank: 0 for a formula of this step put wrong, 1 for another thing than was asked, 2 for a
            formula of an earlier step put wrong.
    """

    name: str
    value: Right
    sentence: Line
    formula: Line
    step: str
    title: str
    rank: int


@dataclass(frozen=True)
class Question:
    """One question of a sheet.

    Attributes:
        kind: a key of `clearprop.explanation.exercise.kinds.KINDS`.
        level: how hard, from 1.
        step: id of the step that is asked for.
        entry: which entry of it; () where it is not about one.
        text: the question.
        given: what may be taken as known: equations of a symbol and a number.
        answer: "number", "shape" or "choice".
        right: the right answer.
        symbol: what is asked for; None where it has no name.
        options: the answers to choose from.
        mistakes: known wrong answers, the likeliest first.
        hint: the formula with symbols.
        solution: equations, one after another: symbols, numbers, value.
        digits: significant digits of the numbers that are given and worked with.
    """

    kind: str
    level: int
    step: str
    entry: tuple[int, ...]
    text: Line
    given: tuple[Formula, ...]
    answer: Literal["number", "shape", "choice"]
    right: Right
    symbol: Formula | None
    options: tuple[Line, ...]
    mistakes: tuple[KnownMistake, ...]
    hint: Line
    solution: tuple[Line, ...]
    digits: int


@dataclass(frozen=True)
class Sheet:
    """Questions on one network and batch.

    Attributes:
        title: what it is about.
        records: the derivation that the questions are about.
        notation: "matrix" or "weights".
        seed: the questions' seed.
        questions: from easy to hard.
        from_scratch: whether no intermediate quantities are given.
        remake: the command that makes the same sheet; "" where there is none.
    """

    title: str
    records: Records
    notation: str
    seed: int
    questions: tuple[Question, ...]
    from_scratch: bool = False
    remake: str = ""
