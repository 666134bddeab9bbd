"""What is given with a question, and its worked solution: from what is given to what is asked.

The numbers that are given and worked with have as few digits as the answer allows: who calculates
with them as printed comes out within the tolerance, and by a wide margin. This file knows no kind
of question.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from clearprop.explanation.exercise.material import Material, Place
from clearprop.explanation.exercise.tolerance import CLOSE
from clearprop.explanation.formula.evaluate import evaluate
from clearprop.explanation.formula.parse import parse
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula, Infix, Number
from clearprop.explanation.formulas import Equation, entry_equation

__all__ = ["HEAD_DIGITS", "Solution", "solve"]

HEAD_DIGITS = 6
"""Significant digits of the network and the batch at the head of a sheet."""

FEWEST_DIGITS, MOST_DIGITS = 4, 9
MARGIN = 0.1
MOST_GIVEN, MOST_OPERANDS, MOST_EQUATIONS = 24, 49, 60
EVERY_TERM = 1000


class Solution(NamedTuple):
    """How an entry is found.

    Attributes:
        given: an equation for each number that is given.
        equations: one after another; the last is the asked entry's.
        digits: significant digits of their numbers.
    """

    given: tuple[Formula, ...]
    equations: tuple[Formula, ...]
    digits: int


def solve(material: Material, place: Place, given: Collection[str]) -> Solution | None:
    """Work out an entry from what is given.

    Args:
        material: the derivation.
        place: what is asked.
        given: ids of the steps that may be taken as known, beside the network and the batch.

    Returns:
        The solution; None where it is too long for paper, or its number cannot be worked with.
    """
    found = _way(material, place, frozenset(given) - {place[0]})
    if found is None:
        return None
    known, worked = found
    for digits in range(FEWEST_DIGITS, MOST_DIGITS + 1):
        if all(_survives(material, one, digits) for one in worked):
            break
    else:
        return None
    return Solution(
        tuple(
            Infix("=", (material.symbol(one), Number(material.value(one), digits))) for one in known
        ),
        tuple(_equation(material, one, digits).whole for one in worked),
        digits,
    )


def _way(
    material: Material, place: Place, given: Collection[str]
) -> tuple[list[Place], list[Place]] | None:
    """The known entries that are needed, and the entries to work out, in order."""
    known: dict[Place, None] = {}
    worked: dict[Place, None] = {}

    def visit(at: Place) -> bool:
        if at in known or at in worked or material.is_at_head(at[0]):
            return True
        if at[0] in given or material.step(at[0]).phase == "given":
            known[at] = None
            return len(known) <= MOST_GIVEN
        if material.n_operands(at) > MOST_OPERANDS or len(worked) > MOST_EQUATIONS:
            return False
        if not all(visit(operand) for operand in material.operands(at)):
            return False
        worked[at] = None
        return True

    is_short = visit(place) and len(worked) <= MOST_EQUATIONS
    order = {step.id: number for number, step in enumerate(material.records.steps)}
    by_step = sorted(known, key=lambda at: (order[at[0]], at[1]))
    return (by_step, list(worked)) if is_short else None


def _equation(material: Material, place: Place, digits: int) -> Equation:
    step = material.step(place[0])
    return entry_equation(
        material.records, step, place[1], material.notation,
        digits=digits, max_terms=EVERY_TERM, more_digits=False,
    )  # fmt: skip


def _survives(material: Material, place: Place, digits: int) -> bool:
    """Whether an entry worked out from its operands as printed is what it should be."""
    numbers = _equation(material, place, digits).numbers
    value = material.value(place)
    if numbers is None or not math.isfinite(value):
        return False
    with np.errstate(all="ignore"):
        printed = float(evaluate(parse(to_plain(numbers, ascii_only=True)), {}))
    return abs(printed - value) <= MARGIN * CLOSE * abs(value)
