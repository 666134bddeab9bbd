"""Answers to a sheet and what they come to: at a terminal, from a pipe, from a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from clearprop.errors import ParameterError
from clearprop.explanation.exercise.line import plain_line
from clearprop.explanation.exercise.marking import Mark, mark
from clearprop.explanation.exercise.question import Question, Sheet
from clearprop.explanation.exercise.writers.contents import answer_line

__all__ = ["Result", "Session", "read_answers"]

UNANSWERED = ("", "-", "skip", "?")


@dataclass
class Result:
    """How far one question is.

    Attributes:
        question: it.
        answers: what was answered, in order.
        mark: of the last answer that could be read; None before.
        unreadable: what was wrong with the last answer; "" where it could be read.
        used_hint: whether the hint was asked for.
        saw_solution: whether the solution was shown before a right answer.
    """

    question: Question
    answers: list[str] = field(default_factory=list)
    mark: Mark | None = None
    unreadable: str = ""
    used_hint: bool = False
    saw_solution: bool = False

    def answer(self, text: str) -> Mark | None:
        """Mark an answer; None where it cannot be read."""
        self.answers.append(text)
        try:
            self.mark = mark(self.question, text)
        except ParameterError as error:
            self.unreadable = str(error)
            return None
        self.unreadable = ""
        return self.mark

    @property
    def outcome(self) -> str:
        """How the question stands, a key of `OUTCOMES`."""
        if self.saw_solution:
            return "solution"
        if self.mark is not None:
            return self.mark.verdict
        return "unreadable" if self.unreadable else "skipped"


class Session:
    """A sheet being answered.

    Args:
        sheet: the sheet.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.results = [Result(question) for question in sheet.questions]

    @property
    def counts(self) -> dict[str, int]:
        """Outcome -> how many questions have it."""
        counted = Counter(result.outcome for result in self.results)
        return {name: counted[name] for name in OUTCOMES}

    def score(self) -> str:
        """The score in words.

        Examples:
            >>> from clearprop.explanation.exercise.sheet import exercise_sheet
            >>> session = Session(exercise_sheet("article-a", questions=2))
            >>> session.score()
            '0 of 2 right, 2 not answered'
        """
        counts = self.counts
        parts = [f"{counts['right']} of {len(self.results)} right"]
        first = sum(r.outcome == "right" and len(r.answers) == 1 for r in self.results)
        if first < counts["right"]:
            parts[0] += f" ({first} at the first try)"
        parts += [
            f"{counts[name]} {words}" for name, words in OUTCOMES.items() if words and counts[name]
        ]
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The session for machines."""
        return {
            "questions": [_as_dict(number, r) for number, r in enumerate(self.results, start=1)],
            "counts": self.counts,
            "score": self.score(),
        }


OUTCOMES = {
    "right": "",
    "rounding": "right but for rounding",
    "wrong": "wrong",
    "unreadable": "not readable",
    "solution": "with the solution",
    "skipped": "not answered",
}
"""Outcome -> its words in the score."""


def _as_dict(number: int, result: Result) -> dict[str, Any]:
    question = result.question
    right: Any = question.right
    explanations = result.mark.explanations if result.mark is not None else ()
    return {
        "number": number,
        "kind": question.kind,
        "step": question.step,
        "entry": list(question.entry),
        "question": plain_line(question.text),
        "given": [plain_line((known,)) for known in question.given],
        "options": [plain_line(option) for option in question.options],
        "answers": result.answers,
        "outcome": result.outcome,
        "right": right if isinstance(right, float) else list(right),
        "right_answer": plain_line(answer_line(question)),
        "mistakes": [mistake.name for mistake in explanations],
        "said": [plain_line(line) for line in result.mark.lines] if result.mark else [],
        "unreadable": result.unreadable,
    }


_NUMBERED = re.compile(r"\s*(?:question\s+)?([0-9]{1,4})\s*[:)]\s*(.*)", re.IGNORECASE)


def read_answers(lines: Iterable[str], n_questions: int, source: str) -> list[str]:
    """The answers of a file, one a line, in order or with the question's number before them.

    Args:
        lines: such as "0.25", or "3: 0.25"; empty, "-", "?" or "skip" for no answer; what follows a
            "#" is left out.
        n_questions: on the sheet.
        source: name of the file, for errors.

    Returns:
        One answer for each question, "" where there is none.

    Raises:
        ParameterError: an answer to a question that does not exist, two answers to one question, or
            numbers before some answers only.

    Examples:
        >>> read_answers(["0.25", "", "b"], 4, "answers.txt")
        ['0.25', '', 'b', '']
        >>> read_answers(["3: b", "1) 0.25"], 3, "answers.txt")
        ['0.25', '', 'b']
    """
    answers = [""] * n_questions
    texts = [line.partition("#")[0].strip() for line in lines]
    while texts and not texts[-1]:
        texts.pop()
    matches = [_NUMBERED.fullmatch(text) for text in texts]
    is_numbered = any(matches)
    seen: dict[int, int] = {}
    place = 0
    for number, (text, match) in enumerate(zip(texts, matches, strict=True), start=1):
        if is_numbered and not text:
            continue
        if is_numbered and match is None:
            raise ParameterError(
                f"{source}, line {number}: got {text[:60]!r} without the number of its question",
                remedy="Write 3: before the answer to question 3, in every line or in none.",
            )
        place = int(match[1]) if match else place + 1
        if not 1 <= place <= n_questions:
            raise ParameterError(
                f"{source}, line {number}: there is no question {place}, the sheet has "
                f"{n_questions}",
                remedy="Give the seed and the number of questions that the sheet was made with.",
            )
        if place in seen:
            raise ParameterError(
                f"{source}, line {number}: question {place} was answered in line {seen[place]}",
                remedy="Keep one of the two answers.",
            )
        seen[place] = number
        answer = match[2] if match else text
        answers[place - 1] = "" if answer.lower() in UNANSWERED else answer
    return answers
