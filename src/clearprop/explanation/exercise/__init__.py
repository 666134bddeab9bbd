"""Exercises: questions on a network and a batch, marked, wrong answers answered by the doctor.

    friendly.py   a random network whose numbers can be worked with on paper
    material.py   what is asked about: a derivation, and gradients with mistakes in them
    kinds.py      the kinds of questions about a number; special.py, the other kinds;
                  choice.py, which formula
    solution.py   what is given with a question, and its worked solution
    mistakes/     the wrong answers that are known
    sheet.py      which questions, drawn by a seed
    reading.py    what somebody wrote, read leniently; tolerance.py, when it is right
    marking.py    an answer marked
    writers/      a sheet and its key as text, Markdown, LaTeX and a page

The numbers are a derivation's, the mistakes of a gradient the doctor's: no derivative is
computed here.
"""

from clearprop.explanation.exercise.friendly import friendly_source
from clearprop.explanation.exercise.marking import Mark, mark
from clearprop.explanation.exercise.question import KnownMistake, Question, Sheet
from clearprop.explanation.exercise.sheet import exercise_sheet, sheet_of

__all__ = [
    "KnownMistake",
    "Mark",
    "Question",
    "Sheet",
    "exercise_sheet",
    "friendly_source",
    "mark",
    "sheet_of",
]
