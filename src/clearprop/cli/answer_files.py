"""Files of answers to a sheet of exercises, marked one after another; of a class, counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from clearprop.cli.asking import plain
from clearprop.cli.output import Output, shown
from clearprop.errors import ParameterError
from clearprop.explanation.exercise.question import Sheet
from clearprop.explanation.exercise.session import Result, Session, read_answers

__all__ = ["mark_files"]

MARKS = {"right": "right", "rounding": "right but for rounding", "wrong": "wrong"}
MOST_BYTES = 1_000_000


def mark_files(out: Output, sheet: Sheet, paths: tuple[str, ...]) -> list[dict[str, Any]]:
    """Mark files of answers; of several, say what many got wrong.

    Args:
        out: where it is said.
        sheet: the questions.
        paths: the files.

    Returns:
        One session a file, as for JSON; "error" in place of the questions where one of several
        files cannot be read, which is a warning and leaves the others to be marked.

    Raises:
        ParameterError, OSError: the only file cannot be read.
    """
    marked: list[dict[str, Any]] = []
    slips: Counter[str] = Counter()
    for path in paths:
        try:
            answers = read_answers(_lines(path), len(sheet.questions), path)
        except (ParameterError, OSError) as error:
            if len(paths) == 1:
                raise
            if isinstance(error, OSError):
                reason = f"{path}: {error.strerror}"
            else:
                reason = f"{error.message}. {error.remedy}"
            out.warn(f"not marked: {reason}")
            marked.append({"file": path, "error": reason})
            continue
        session = Session(sheet)
        for result, answer in zip(session.results, answers, strict=True):
            if answer:
                result.answer(answer)
        out.say(f"{path}: {session.score()}")
        for number, result in enumerate(session.results, start=1):
            _say_result(out, number, result)
        out.say()
        slips.update({name for r in session.results for name in _likeliest(r)})
        marked.append({"file": path, **session.to_dict()})
    if len(paths) > 1 and slips:
        out.say("Mistakes, by how many made them:")
        for name, count in slips.most_common():
            out.say(f"{count:3d}  {name}")
    return marked


def _likeliest(result: Result) -> list[str]:
    if result.mark is None or not result.mark.explanations:
        return []
    return [result.mark.explanations[0].name]


def _say_result(out: Output, number: int, result: Result) -> None:
    if not result.answers:
        out.say(f"{number}. not answered", indent=2)
        return
    answer = shown(result.answers[-1])
    if result.mark is None:
        out.say(f"{number}. {answer}: {result.unreadable.splitlines()[0]}", indent=2)
        return
    out.say(f"{number}. {answer}: {MARKS[result.mark.verdict]}", indent=2)
    if result.mark.verdict != "right":
        for line in result.mark.lines:
            out.say(plain(line), indent=5)


def _lines(path: str) -> list[str]:
    with Path(path).open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    try:
        if len(content) > MOST_BYTES:
            raise ParameterError(
                f"--answers {path}: larger than a file of answers can be",
                remedy="Give a text file with one answer a line.",
            )
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ParameterError(
            f"--answers {path}: this is no text in UTF-8",
            remedy="Save it as plain text, with one answer a line.",
        ) from None
