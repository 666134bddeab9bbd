"""Another number of the derivation than the one that was asked for."""

from __future__ import annotations

import numpy as np

from clearprop.explanation.exercise.line import Line
from clearprop.explanation.exercise.material import Material, Place, in_a_sentence
from clearprop.explanation.exercise.mistakes.found import Found, Wrong
from clearprop.explanation.formulas.notation import PER_SAMPLE, split_id

__all__ = ["other_places"]

MOST_ENTRIES = 64
RANK = 1


def other_places(material: Material, place: Place) -> Wrong:
    """Other entries of the same step, and the same entry of other steps."""
    step = material.step(place[0])
    if step.values.ndim and step.values.size <= MOST_ENTRIES:
        for other in np.ndindex(step.shape):
            if other != place[1]:
                name, what = _difference(place, other)
                symbol = material.symbol((step.id, other))
                value = material.value((step.id, other))
                yield Found(name, value, (*what, symbol), rank=RANK)
    for asked in material.records.steps:
        is_alike = (asked.shape, asked.rows, asked.columns) == (step.shape, step.rows, step.columns)
        if asked.id != step.id and is_alike and asked.phase != "given":
            there = (asked.id, place[1])
            title = in_a_sentence(asked.title)
            sentence: Line = ("this is ", material.symbol(there), f", {title}")
            yield Found("another quantity", material.value(there), sentence, asked.id, RANK)


def _difference(place: Place, other: tuple[int, ...]) -> tuple[str, Line]:
    """What kind of another entry it is."""
    step, entry = place
    if split_id(step)[0] in PER_SAMPLE:
        if other[1] == entry[1]:
            return "another sample", ("this is another sample's: ",)
        if other[0] == entry[0]:
            return "another node", ("this is another node's: ",)
        return "another entry", ("this is another sample's and another node's: ",)
    if len(entry) == 2 and other == entry[::-1]:
        return "transposed index", ("row and column are exchanged: this is ",)
    return "another entry", ("this is another entry: ",)
