"""The questions of a sheet asked one after another, at a terminal or from a pipe."""

from __future__ import annotations

import sys

from rich.text import Text

from clearprop.cli.output import Output, shown
from clearprop.explanation.exercise.line import Line, plain_line
from clearprop.explanation.exercise.session import UNANSWERED, Result, Session
from clearprop.explanation.exercise.writers.contents import answer_line, head_lines, tables
from clearprop.explanation.exercise.writers.text import WIDTH, question_text, table_text

__all__ = ["Asking", "plain"]


def plain(line: Line) -> str:
    """A line in letters that the terminal has."""
    return plain_line(line, ascii_only=_is_ascii())


def _is_ascii() -> bool:
    """Whether the terminal lacks the letters of formulas."""
    return "utf" not in (getattr(sys.stdout, "encoding", None) or "ascii").lower()


class Asking:
    """Asks the questions of a sheet, one after another.

    At a terminal a wrong answer may be tried again. From a pipe each line answers one question.
    """

    def __init__(self, out: Output, session: Session) -> None:
        self.out, self.session = out, session
        self.is_terminal = sys.stdin.isatty()

    def run(self) -> None:
        """Ask until all are answered, or nobody answers any more; then say the score."""
        sheet, out = self.session.sheet, self.out
        out.say(Text(sheet.title, style="bold"))
        for line in head_lines(sheet):
            out.say(plain(line))
        out.say()
        for table in tables(sheet):
            out.say(table_text(table, ascii_only=_is_ascii()))
            out.say()
        out.say("Type an answer, or hint, solution, skip or quit.")
        try:
            for number, result in enumerate(self.session.results, start=1):
                self._ask(number, result)
        except (EOFError, KeyboardInterrupt):
            out.say()
        out.say()
        out.say(Text(self.session.score(), style="bold"))

    def _ask(self, number: int, result: Result) -> None:
        out = self.out
        out.say()
        width = min(out.stdout.width, WIDTH)
        out.say(question_text(number, result.question, width, ascii_only=_is_ascii()))
        while True:
            text = self._read()
            word = text.lower()
            if word in ("quit", "exit", "q"):
                raise EOFError
            if word in ("hint", "h"):
                result.used_hint = True
                out.say(plain(("Hint: ", *result.question.hint)), indent=3)
            elif word in ("solution", "s"):
                result.saw_solution = True
                self._show_solution(result)
                return
            elif word in UNANSWERED or self._is_done(result, text):
                return

    def _is_done(self, result: Result, text: str) -> bool:
        """Whether the next question follows."""
        mark = result.answer(text)
        if mark is None:
            for words in result.unreadable.splitlines():
                self.out.say(shown(words), indent=3)
            return not self.is_terminal
        style = {"right": "green", "rounding": "yellow", "wrong": "red"}[mark.verdict]
        for index, line in enumerate(mark.lines):
            self.out.say(Text(plain(line), style="" if index else style), indent=3)
        return mark.verdict != "wrong" or not self.is_terminal

    def _show_solution(self, result: Result) -> None:
        self.out.say(plain(("Answer: ", *answer_line(result.question))), indent=3)
        for line in result.question.solution:
            self.out.say(plain(line), indent=5)

    def _read(self) -> str:
        """One line; EOFError at the end."""
        if self.is_terminal and not self.out.quiet:
            return input("   > ").strip()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        text = line.strip()
        self.out.say(f"> {shown(text)}", indent=3)
        return text
