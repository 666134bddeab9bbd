"""From what somebody gave as their gradient to the arrays that it holds: all ways to read it.

A `Gradients`, a mapping, a list, one array; of any layout of `forms`. Where shapes and names leave
several readings, all of them are returned, the likeliest first, and what was taken as what is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients
from clearprop.errors import ParameterError, ShapeError
from clearprop.explain.diagnose.case import KINDS, Case
from clearprop.explain.diagnose.forms import CHOICES, Choices, Form, forms_of
from clearprop.explain.diagnose.names import Name, parse_name
from clearprop.explain.diagnose.slots import Slot

__all__ = ["LAYOUTS", "Reading", "readings_of"]

Array = npt.NDArray[np.float64]

LAYOUTS = ("auto", "rows", "columns")
_REMEDY = (
    "Name the arrays: {'dW': [...], 'db': [...], 'delta': [...], 'dinput': [...]}, each a list "
    "with one array per layer from the input side, None for one that is not given."
)


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


class _Item(NamedTuple):
    """One given array with what it is taken to be."""

    label: str
    kind: str
    layer: int
    array: Array
    dtype: np.dtype[Any]


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
    for items, convention in _assignments(case, suspect):
        readings += _readings(case, items, convention if layout == "auto" else layout)
    if not readings:
        raise _nothing_fits(case, suspect)
    return readings + _without_the_mean(case, readings)


def _readings(case: Case, items: Sequence[_Item], layout: str) -> list[Reading]:
    """The readings of arrays whose kinds and layers are known, by each convention."""
    forms = [forms_of(case, item.kind, item.layer, item.array) for item in items]
    if not all(forms):
        return []
    per_sample = any(item.kind == "dW" and item.array.ndim == 3 for item in items)
    found: dict[tuple[int, ...], Reading] = {}
    for choices in CHOICES:
        if layout != "auto" and choices.weights != layout:
            continue
        chosen = [_first(options, choices) for options in forms]
        if any(index is None for index in chosen):
            continue
        key = tuple(index for index in chosen if index is not None)
        if key not in found:
            picked = [options[index] for options, index in zip(forms, key, strict=True)]
            found[key] = _reading(case, items, picked, choices, per_sample)
    if not found:
        # No one convention fits all of them: each is read as its own shape demands.
        preferred = CHOICES[0] if layout != "columns" else CHOICES[-1]
        picked = [options[_first(options, preferred) or 0] for options in forms]
        reading = _reading(case, items, picked, preferred, per_sample)
        return [replace(reading, note="some weights are transposed, and some are not")]
    return list(found.values())


def _first(options: Sequence[Form], choices: Choices) -> int | None:
    return next((i for i, form in enumerate(options) if form.agrees(choices)), None)


def _reading(
    case: Case, items: Sequence[_Item], forms: Sequence[Form], choices: Choices, per_sample: bool
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
            taken.append(f"{item.label or f'the array of shape {item.array.shape}'} as {names}{told}")
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


def _assignments(case: Case, suspect: Any) -> Iterable[tuple[list[_Item], str]]:
    """What each array may be, and the layout of weights where the names or the type tell it."""
    if isinstance(suspect, Gradients):
        yield _listed_by_kind(case, suspect._asdict()), "rows"
        return
    if isinstance(suspect, Mapping):
        if suspect and all(key in KINDS and _is_list(value) for key, value in suspect.items()):
            yield _listed_by_kind(case, suspect), "auto"
            return
        arrays = [_array(str(key), value) for key, value in suspect.items() if value is not None]
        labels = [str(key) for key, value in suspect.items() if value is not None]
        parsed = [parse_name(name) for name in labels]
        if any(name.kind for name in parsed):
            convention = "columns" if any(name.is_torch for name in parsed) else "auto"
            for items in _named(case, labels, parsed, arrays):
                yield items, convention
            return
        suspect = arrays if len(arrays) != 1 else arrays[0]
    elif _is_list(suspect):
        suspect = [_array(f"array {i}", value) for i, value in enumerate(suspect)]
        if len(suspect) == 1:
            suspect = suspect[0]
    else:
        suspect = _array("", suspect)
    if isinstance(suspect, list):
        if not suspect:
            raise ParameterError("suspect: nothing was given", remedy=_REMEDY)
        yield from ((items, "auto") for items in _in_order(case, suspect))
    else:
        yield from ((items, "auto") for items in _alone(case, suspect))


def _is_list(value: Any) -> bool:
    """Whether this is a list of arrays: the rows of a matrix are no arrays of their own."""
    if not isinstance(value, list | tuple):
        return False
    return not all(_is_number_or_row(entry) for entry in value)


def _is_number_or_row(entry: Any) -> bool:
    if isinstance(entry, list | tuple):
        return all(isinstance(number, int | float) for number in entry)
    return isinstance(entry, int | float)


def _array(label: str, value: Any) -> npt.NDArray[Any]:
    detach = getattr(value, "detach", None)  # a tensor of torch, which may be on another device
    if detach is not None:
        value = detach().cpu()
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            array = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"suspect: {label or 'it'} is no array of numbers: {type(value).__name__}",
            remedy="Give arrays of real numbers.",
        ) from error
    if array.size == 0:
        raise ShapeError(
            f"suspect: {label or 'the array'} of shape {array.shape} holds no number",
            remedy="Leave it out, or give its numbers.",
        )
    if not np.all(np.isfinite(array)):
        entry = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ParameterError(
            f"suspect: {label or 'the array'} holds {array[entry]} at {list(entry)}",
            remedy="No wrong formula makes a NaN or an infinity of these parameters: look for an "
            "overflow, a division by 0 or a log of 0 first.",
        )
    return array


def _item(label: str, kind: str, layer: int, array: npt.NDArray[Any]) -> _Item:
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    return _Item(label, kind, layer, np.asarray(array, np.float64), dtype)


def _listed_by_kind(case: Case, suspect: Mapping[str, Any]) -> list[_Item]:
    n_layers = case.network.n_layers
    items = []
    for kind, arrays in suspect.items():
        if len(arrays) != n_layers:
            raise ShapeError(
                f"suspect: got {len(arrays)} arrays in {kind!r}, the network has {n_layers} layers",
                remedy="Give one array per layer, from the input side; None leaves a layer out.",
            )
        for layer, value in enumerate(arrays):
            if value is not None:
                label = f"{kind}[{layer}]"
                item = _item(label, kind, layer, _array(label, value))
                if not forms_of(case, kind, layer, item.array):
                    raise ShapeError(
                        f"suspect: got {label} of shape {item.array.shape}, expected "
                        f"{case.shape(kind, layer)}",
                        remedy="It may also be transposed, flat, or one matrix per sample.",
                    )
                items.append(item)
    if not items:
        raise ParameterError("suspect: nothing was given", remedy=_REMEDY)
    return items


def _named(
    case: Case, labels: Sequence[str], names: Sequence[Name], arrays: Sequence[npt.NDArray[Any]]
) -> Iterable[list[_Item]]:
    """The items of named arrays, by each way of counting that fits their shapes."""
    unknown = [label for label, name in zip(labels, names, strict=True) if not name.kind]
    if unknown:
        raise ParameterError(
            f"suspect: {unknown[0]!r} does not say which array it is",
            remedy="Call it dW0, db0, delta0 or dinput0, with its layer's number, or leave it out.",
        )
    n_layers = case.network.n_layers
    numbers = sorted({name.number for name in names if name.number is not None})
    layered = sorted({n.number or 0 for n in names if not n.counts_activations})
    ways: list[dict[int, int]] = []
    if len(layered) == n_layers:
        ways.append({number: rank for rank, number in enumerate(layered)})
    for base in (0, 1) if 0 in numbers or n_layers not in numbers else (1, 0):
        ways.append({number: number - base for number in range(base, n_layers + base)})
    seen: list[list[tuple[str, int]]] = []
    for way in ways:
        is_from_one = min(way, default=0) == 1
        items: list[_Item] = []
        for label, name, array in zip(labels, names, arrays, strict=True):
            if name.number is None and n_layers > 1 and len(labels) == 1:
                yield from _alone(case, array, kinds=(name.kind,), label=label)
                return
            number = name.number or 0
            layer = way.get(number, -1)
            if name.counts_activations and name.number is not None:
                layer = number if is_from_one else number + 1
            if 0 <= layer < n_layers:
                item = _item(label, name.kind, layer, array)
                stacked = name.kind == "dW" and not forms_of(case, "dW", layer, item.array)
                items.append(item._replace(kind="stack") if stacked else item)
        places = [(item.kind, item.layer) for item in items]
        fits = all(forms_of(case, item.kind, item.layer, item.array) for item in items)
        if len(items) == len(labels) == len(set(places)) and fits and places not in seen:
            seen.append(places)
            yield items
            if len(layered) == n_layers:
                return


def _in_order(case: Case, arrays: Sequence[npt.NDArray[Any]]) -> Iterable[list[_Item]]:
    """The items of a list without names, in the usual orders."""
    layers = list(range(case.network.n_layers))
    down = layers[::-1]
    pairs = [(kind, layer) for layer in layers for kind in ("dW", "db")]
    orders = [
        pairs,
        [*(("dW", layer) for layer in layers), *(("db", layer) for layer in layers)],
        *([(kind, layer) for layer in layers] for kind in ("dW", "stack", "db", "delta", "dinput")),
        [(kind, layer) for layer in down for kind in ("dW", "db")],
        *([(kind, layer) for layer in down] for kind in ("dW", "stack", "db", "delta", "dinput")),
    ]
    seen: list[dict[tuple[str, int], int]] = []
    for order in orders:
        if len(order) != len(arrays):
            continue
        place = {key: index for index, key in enumerate(order)}
        items = [
            _item(f"array {index}", kind, layer, array)
            for index, ((kind, layer), array) in enumerate(zip(order, arrays, strict=True))
        ]
        fits = all(forms_of(case, item.kind, item.layer, item.array) for item in items)
        if fits and place not in seen:
            seen.append(place)
            yield items


def _alone(
    case: Case,
    array: npt.NDArray[Any],
    kinds: Sequence[str] = ("dW", "delta", "dinput", "db", "stack"),
    label: str = "",
) -> Iterable[list[_Item]]:
    """The items of one array: everything that its shape can be."""
    n_layers = case.network.n_layers
    for kind in kinds:
        for layer in range(n_layers):
            item = _item(label, kind, layer, array)
            if forms_of(case, kind, layer, item.array):
                yield [item]
    whole = case.network.n_parameters
    if array.ndim == 1 and array.size == whole and n_layers and "dW" in kinds:
        yield from _flat(case, array)


def _flat(case: Case, vector: npt.NDArray[Any]) -> Iterable[list[_Item]]:
    """The items of one vector with all parameters in it."""
    sizes, n_layers = case.network.sizes, case.network.n_layers
    pairs = [(kind, layer) for layer in range(n_layers) for kind in ("dW", "db")]
    for order in (pairs, sorted(pairs, key=lambda key: key[0] == "db")):
        begin, items = 0, []
        for kind, layer in order:
            size = sizes[layer + 1] * (sizes[layer] if kind == "dW" else 1)
            part = vector[begin : begin + size]
            items.append(_item(f"numbers {begin} to {begin + size - 1}", kind, layer, part))
            begin += size
        yield items


def _nothing_fits(case: Case, suspect: Any) -> ShapeError:
    expected = ", ".join(
        f"{kind}[{layer}] {case.shape(kind, layer)}"
        for layer in range(case.network.n_layers)
        for kind in KINDS
    )
    if isinstance(suspect, Mapping):
        got = ", ".join(f"{name} {np.shape(value)}" for name, value in suspect.items())
    elif _is_list(suspect):
        got = ", ".join(str(np.shape(value)) for value in suspect)
    else:
        got = str(np.shape(suspect))
    return ShapeError(
        f"suspect: got {got}; no such arrays belong to this network and batch: {expected}",
        remedy=_REMEDY,
    )
