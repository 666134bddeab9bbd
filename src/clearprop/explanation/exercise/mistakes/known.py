"""Every known wrong answer to a question about a number, the likeliest first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain

from clearprop.explanation.exercise.material import Material, Place, in_a_sentence
from clearprop.explanation.exercise.mistakes.doctor import doctors_mistakes
from clearprop.explanation.exercise.mistakes.forward import slips_of_formulas
from clearprop.explanation.exercise.mistakes.found import Found
from clearprop.explanation.exercise.mistakes.places import other_places
from clearprop.explanation.exercise.mistakes.sums import slips_of_sums
from clearprop.explanation.exercise.question import KnownMistake
from clearprop.explanation.exercise.tolerance import EXACT, makes_no_difference

__all__ = ["known_mistakes", "sorted_mistakes"]


def known_mistakes(material: Material, place: Place) -> tuple[KnownMistake, ...]:
    """The wrong answers to "what is this entry?" that are known.

    Args:
        material: the derivation.
        place: the entry.

    Returns:
        Those that differ from the right answer, the likeliest first.
    """
    sources = chain(
        doctors_mistakes(material, place),
        slips_of_formulas(material, place),
        slips_of_sums(material, place),
        other_places(material, place),
    )
    return sorted_mistakes(material, place[0], material.value(place), sources)


def sorted_mistakes(
    material: Material, step: str, right: float, found: Iterable[Found]
) -> tuple[KnownMistake, ...]:
    """Those that make a difference, by rank, each once."""
    kept: list[Found] = []
    for one in sorted(_with_opposite(right, found), key=lambda one: one.rank):
        if not math.isfinite(one.value) or makes_no_difference(one.value, right):
            continue
        if not any(_is_same_mistake(one, other) for other in kept):
            kept.append(one)
    return tuple(
        KnownMistake(
            one.name,
            one.value,
            one.sentence,
            material.formula(one.step or step),
            one.step or step,
            in_a_sentence(material.step(one.step or step).title),
            one.rank,
        )
        for one in kept
    )


def _with_opposite(right: float, found: Iterable[Found]) -> Iterator[Found]:
    yield from found
    yield Found("sign", -right, ("the sign is turned round",), family="sign")


def _is_same_mistake(one: Found, other: Found) -> bool:
    is_same_value = abs(one.value - other.value) <= EXACT * max(abs(one.value), abs(other.value))
    family, other_family = one.family or one.name, other.family or other.name
    return is_same_value and (family == other_family or one.sentence == other.sentence)
