"""Slips of adding up: a term left out, the sign of a term lost, one term in place of the sum."""

from __future__ import annotations

from typing import NamedTuple

from clearprop.explanation.exercise.line import Line
from clearprop.explanation.exercise.material import Material, Place
from clearprop.explanation.exercise.mistakes.found import Found, Wrong
from clearprop.explanation.formula.tree import product

__all__ = ["Term", "slips_of_sums", "terms_of"]

MOST_TERMS = 24
ONE_SAMPLE = "one sample"


class Term(NamedTuple):
    """A term of the sum that an entry is.

    Attributes:
        value: its number.
        name: the term with symbols.
    """

    value: float
    name: Line


def terms_of(material: Material, place: Place) -> list[Term]:
    """The terms that an entry is the sum of; none where it is no sum, or a long one."""
    step = material.step(place[0])
    if material.n_operands(place) > 2 * MOST_TERMS + 1:
        return []
    if step.operation == "delta":
        # Its sum is in what came back, each term times the slope.
        handed, slope = material.operands(place)
        inner = terms_of(material, handed)
        by, value = material.symbol(slope), material.value(slope)
        return [Term(term.value * value, (*term.name, " ", by)) for term in inner]
    if step.operation == "db":
        return [Term(material.value(p), (material.symbol(p),)) for p in material.operands(place)]
    if step.operation not in ("affine", "dinput", "dW"):
        return []
    operands = list(material.operands(place))
    bias = operands[-1:] if step.operation == "affine" else []
    half = (len(operands) - len(bias)) // 2
    terms = [
        Term(
            material.value(one) * material.value(other),
            (product(material.symbol(one), material.symbol(other)),),
        )
        for one, other in zip(operands[:half], operands[half : 2 * half], strict=True)
    ]
    return terms + [Term(material.value(p), (material.symbol(p),)) for p in bias]


def slips_of_sums(material: Material, place: Place) -> Wrong:
    """What comes out where one term goes wrong."""
    terms = terms_of(material, place)
    if len(terms) < 2:
        return
    total = material.value(place)
    is_bias = material.step(place[0]).operation == "db"
    for term in terms:
        missing: Line = ("the term ", *term.name, " is missing")
        yield Found("term left out", total - term.value, missing, family=_family(is_bias, terms))
        yield Found(
            "sign of a term",
            total - 2.0 * term.value,
            ("the sign of the term ", *term.name, " is turned round"),
        )
        if len(terms) > 2:
            alone: Line = ("this is the term ", *term.name, " alone")
            yield Found("one term alone", term.value, alone, family=ONE_SAMPLE if is_bias else "")


def _family(is_bias: bool, terms: list[Term]) -> str:
    """Of two samples, to leave one out is to take the other alone."""
    return ONE_SAMPLE if is_bias and len(terms) == 2 else ""
