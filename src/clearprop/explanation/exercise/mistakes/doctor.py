"""The doctor's table of mistakes, read at the asked entry of a gradient."""

from __future__ import annotations

import numpy as np

from clearprop.explanation.diagnose.mistake import Planted, formula_words
from clearprop.explanation.exercise.material import Material, Place
from clearprop.explanation.exercise.mistakes.found import Found, Wrong
from clearprop.explanation.exercise.mistakes.sums import ONE_SAMPLE
from clearprop.explanation.formulas.notation import split_id

__all__ = ["doctors_mistakes"]

ASKED = ("delta", "dW", "db", "dinput")
EARLIER = 2
FAMILIES = dict.fromkeys(
    ("bias not summed", "bias of the first row", "bias of the last row"), ONE_SAMPLE
)
"""What cannot be told apart by one entry."""
OWN_SITES = {"dW": ("dW", "used"), "db": ("db", "used"), "delta": ("delta",), "dinput": ("dinput",)}


def doctors_mistakes(material: Material, place: Place) -> Wrong:
    """The asked entry in every gradient that has a mistake of the table."""
    kind, layer = split_id(place[0])
    if kind not in ASKED:
        return
    shape = material.step(place[0]).shape
    for planted, gradients in material.wrong_gradients:
        array = np.asarray(getattr(gradients, kind)[layer])
        rank = 0 if _is_here(planted, kind, layer) else EARLIER
        words = formula_words(material.case, planted)
        name = planted.mistake.name
        sentence = material.in_symbols(planted.mistake.sentence.format(**words))
        step = _step(planted, material.last)
        family = FAMILIES.get(name, planted.mistake.family or name)
        if array.shape == shape:
            yield Found(name, float(array[place[1]]), sentence, step, rank, family)
        elif array.shape[1:] == shape:
            # A bias that was never summed: any of its rows may be what is given.
            for row in array:
                yield Found(name, float(row[place[1]]), sentence, step, rank, family)


def _is_here(planted: Planted, kind: str, layer: int) -> bool:
    """Whether the mistake is in the formula that was asked for, or in what that includes."""
    site, where = planted.mistake.site, planted.layers[0]
    if site in OWN_SITES[kind] and where == layer:
        return True
    return kind == "delta" and site == "dinput" and where == layer + 1


def _step(planted: Planted, last: int) -> str:
    site, layer = planted.mistake.site, planted.layers[0]
    if site == "all":
        return f"delta[{last}]"
    return f"{'dW' if site == 'used' else site}[{layer}]"
