"""What a source of wrong answers yields. This file knows no mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clearprop.explanation.exercise.line import Line

__all__ = ["Found", "Wrong"]


class Found(NamedTuple):
    """A wrong number and how one gets it.

    Attributes:
        name: of the mistake.
        value: the number.
        sentence: what happened.
        step: id of the step whose formula was meant; "" for the asked one's.
        rank: as of `KnownMistake`.
        family: mistakes of one family that give one number are the same mistake.
    """

    name: str
    value: float
    sentence: Line
    step: str = ""
    rank: int = 0
    family: str = ""


Wrong = Iterator[Found]
