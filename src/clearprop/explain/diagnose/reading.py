"""From what somebody gave as their gradient to arrays of this project's layout: all readings.

Where shapes and names leave several, all of them are returned, the likeliest first, and what was
taken as what is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import ParameterError, ShapeError
from clearprop.explain.diagnose.case import KINDS, Case
from clearprop.explain.diagnose.forms import CHOICES, Choices, Form, forms_of
from clearprop.explain.diagnose.given import REMEDY, Item, assignments, is_list
from clearprop.explain.diagnose.slots import Slot

__all__ = ["LAYOUTS", "Reading", "readings_of"]

Array = npt.NDArray[np.float64]

LAYOUTS = ("auto", "rows", "columns")


@dataclass(frozen=True)
class Reading:
    """One way to read a suspect.

    Attributes:
        arrays: (kind, layer) -> array in this project's layout.
        dtypes: of the arrays as given.
        taken: what was taken as what, a line each.
        choices: the conventions it was read by.
        is_transposed: whether weights were read as transposed.
        note: what the reading assumes beyond the layout; "" for nothing.
    """

    arrays: dict[tuple[str, int], Array]
    dtypes: list[np.dtype[Any]]
    taken: tuple[str, ...]
    choices: Choices
    is_transposed: bool
    note: str = ""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The arrays in the order of a backward pass."""
        ordered = sorted(self.arrays, key=lambda key: (-key[1], KINDS.index(key[0])))
        return tuple(Slot(kind, layer, self.arrays[kind, layer].shape) for kind, layer in ordered)


def readings_of(case: Case, suspect: Any, layout: str = "auto") -> list[Reading]:
    """Every way to read a suspect, the likeliest first.

    Args:
        case: what it is a gradient of.
        suspect: as for `diagnose`.
        layout: "rows" where weights have a row per input, "columns" where a row per output, "auto"
            where that is to be found out.

    Raises:
        ShapeError: no reading fits the network and the batch.
        ParameterError: nothing was given, or numbers that are none.
    """
    if layout not in LAYOUTS:
        raise ParameterError(
            f"layout: got {layout!r}, expected one of {', '.join(LAYOUTS)}",
            remedy="'rows': W has a row per input; 'columns': a row per output, as in torch.",
        )
    readings: list[Reading] = []
    for items, convention, left_out in assignments(case, suspect):
        told = tuple(f"{label}: {why}" for label, why in left_out.items())
        readings += [
            replace(reading, taken=reading.taken + told)
            for reading in _readings(case, items, convention if layout == "auto" else layout)
        ]
    if not readings:
        raise _nothing_fits(case, suspect)
    return readings + _without_the_mean(case, readings)


def _readings(case: Case, items: Sequence[Item], layout: str) -> list[Reading]:
    """The readings of arrays whose kinds and layers are known, by each convention."""
    forms = [forms_of(case, item.kind, item.layer, item.array) for item in items]
    if not all(forms):
        return []
    per_sample = any(item.kind == "dW" and item.array.ndim == 3 for item in items)
    found: dict[tuple[int, ...], Reading] = {}
    for choices in CHOICES:
        if layout not in ("auto", choices.weights):
            continue
        chosen = [_first(options, choices) for options in forms]
        if any(index is None for index in chosen):
            continue
        key = tuple(index for index in chosen if index is not None)
        if key not in found:
            picked = [options[index] for options, index in zip(forms, key, strict=True)]
            found[key] = _reading(items, picked, choices, per_sample)
    if not found:
        # No one convention fits all of them: each is read as its own shape demands.
        preferred = CHOICES[0] if layout != "columns" else CHOICES[-1]
        picked = [options[_first(options, preferred) or 0] for options in forms]
        reading = _reading(items, picked, preferred, per_sample)
        return [replace(reading, note="some weights are transposed, and some are not")]
    return list(found.values())


def _first(options: Sequence[Form], choices: Choices) -> int | None:
    return next((i for i, form in enumerate(options) if form.agrees(choices)), None)


def _reading(
    items: Sequence[Item], forms: Sequence[Form], choices: Choices, per_sample: bool
) -> Reading:
    arrays: dict[tuple[str, int], Array] = {}
    taken = []
    for item, form in zip(items, forms, strict=True):
        for kind, array in form.arrays:
            summed = array
            if kind == "db" and per_sample and array.ndim == 2:
                summed = np.sum(array, 0) if choices.samples == "sum" else np.mean(array, 0)
            arrays[kind, item.layer] = summed
        names = " and ".join(f"{kind}[{item.layer}]" for kind, _ in form.arrays)
        if item.label != names or form.told:
            told = f" ({form.told})" if form.told else ""
            taken.append(
                f"{item.label or f'the array of shape {item.array.shape}'} as {names}{told}"
            )
    transposed = any(("weights", "columns") in form.needs for form in forms)
    dtypes = [item.dtype for item in items]
    return Reading(arrays, dtypes, tuple(taken), choices, transposed)


def _without_the_mean(case: Case, readings: Sequence[Reading]) -> list[Reading]:
    """The same with delta as it is where 1/N is taken in dW and db, as some courses have it."""
    if case.network.reduction == "sum" or case.total_weight == 1.0:
        return []
    found = []
    for reading in readings:
        kinds = {kind for kind, _ in reading.arrays}
        if not kinds & {"delta", "dinput"} or not kinds & {"dW", "db"}:
            continue
        arrays = {
            (kind, layer): array / case.total_weight if kind in ("delta", "dinput") else array
            for (kind, layer), array in reading.arrays.items()
        }
        note = "delta is of the sum over the samples, and 1/N is taken in dW and db: a convention"
        found.append(replace(reading, arrays=arrays, note=note))
    return found


def _nothing_fits(case: Case, suspect: Any) -> ShapeError:
    expected = ", ".join(
        f"{kind}[{layer}] {case.shape(kind, layer)}"
        for layer in range(case.network.n_layers)
        for kind in KINDS
    )
    if isinstance(suspect, Mapping):
        got = ", ".join(f"{name} {np.shape(value)}" for name, value in suspect.items())
    elif is_list(suspect):
        got = ", ".join(str(np.shape(value)) for value in suspect)
    else:
        got = str(np.shape(suspect))
    return ShapeError(
        f"suspect: got {got}; no such arrays belong to this network and batch: {expected}",
        remedy=REMEDY,
    )
