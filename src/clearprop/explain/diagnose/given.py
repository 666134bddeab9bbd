"""From what somebody gave as their gradient to arrays of a kind and a layer: all that it may be.

A `Gradients`, a mapping, a list, one array. This file tells by names, by order and by whether a
shape fits, and leaves to `reading` by which convention the arrays are laid out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients
from clearprop.errors import ParameterError, ShapeError
from clearprop.explain.diagnose.case import KINDS, Case
from clearprop.explain.diagnose.forms import forms_of
from clearprop.explain.diagnose.names import Name, parse_name

__all__ = ["REMEDY", "Item", "assignments", "is_list"]

Array = npt.NDArray[np.float64]

REMEDY = (
    "Name the arrays: {'dW': [...], 'db': [...], 'delta': [...], 'dinput': [...]}, each a list "
    "with one array per layer from the input side, None for one that is not given."
)
"""What to do with a suspect that cannot be read."""


class Item(NamedTuple):
    """One given array with what it is taken to be."""

    label: str
    kind: str
    layer: int
    array: Array
    dtype: np.dtype[Any]


def assignments(case: Case, suspect: Any) -> Iterable[tuple[list[Item], str, dict[str, str]]]:
    """What each array may be, the layout of weights where something tells it, what is left out."""
    if isinstance(suspect, Gradients):
        yield _listed_by_kind(case, suspect._asdict()), "rows", {}
        return
    if isinstance(suspect, Mapping):
        if suspect and all(key in KINDS and is_list(value) for key, value in suspect.items()):
            yield _listed_by_kind(case, suspect), "auto", {}
            return
        given = {str(key): _array(str(key), value) for key, value in suspect.items()
                 if value is not None}  # fmt: skip
        parsed = {label: parse_name(label) for label in given}
        if any(name.kind for name in parsed.values()):
            convention = "columns" if any(name.is_torch for name in parsed.values()) else "auto"
            left_out = _left_out(list(parsed), list(parsed.values()))
            kept = [label for label in given if label not in left_out]
            names, arrays = [parsed[label] for label in kept], [given[label] for label in kept]
            for items in _named(case, kept, names, arrays):
                yield items, convention, left_out
            return
        suspect = list(given.values())
        suspect = suspect[0] if len(suspect) == 1 else suspect
    elif isinstance(suspect, list | tuple) and not suspect:
        raise ParameterError("suspect: nothing was given", remedy=REMEDY)
    elif is_list(suspect):
        suspect = [_array(f"array {i}", value) for i, value in enumerate(suspect)]
        if len(suspect) == 1:
            suspect = suspect[0]
    else:
        suspect = _array("", suspect)
    if isinstance(suspect, list):
        if not suspect:
            raise ParameterError("suspect: nothing was given", remedy=REMEDY)
        yield from ((items, "auto", {}) for items in _in_order(case, suspect))
    else:
        yield from ((items, "auto", {}) for items in _alone(case, suspect))


def is_list(value: Any) -> bool:
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


def _item(label: str, kind: str, layer: int, array: npt.NDArray[Any]) -> Item:
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    return Item(label, kind, layer, np.asarray(array, np.float64), dtype)


def _listed_by_kind(case: Case, suspect: Mapping[str, Any]) -> list[Item]:
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
        raise ParameterError("suspect: nothing was given", remedy=REMEDY)
    return items


def _named(
    case: Case, labels: Sequence[str], names: Sequence[Name], arrays: Sequence[npt.NDArray[Any]]
) -> Iterable[list[Item]]:
    """The items of named arrays, by each way of counting that fits their shapes."""
    n_layers = case.network.n_layers
    given = list(zip(labels, names, arrays, strict=True))
    if len(given) == 1 and names[0].number is None and n_layers > 1:
        yield from _alone(case, arrays[0], kinds=(names[0].kind,), label=labels[0])
        return
    numbers = sorted({name.number or 0 for name in names})
    layered = sorted({name.number or 0 for name in names if not name.counts_activations})
    first, second = (0, 1) if 0 in numbers or n_layers not in numbers else (1, 0)
    ways = [{base + layer: layer for layer in range(n_layers)} for base in (first, second)]
    if len(layered) == n_layers:
        # One number for each layer, whatever the numbers: torch counts activations in between.
        ways = [{number: layer for layer, number in enumerate(layered)}]
    seen: list[list[tuple[str, int]]] = []
    for way in ways:
        items = [
            _named_item(case, label, name.kind, layer, array)
            for label, name, array in given
            if (layer := _layer(name, way)) in range(n_layers)
        ]
        places = [(item.kind, item.layer) for item in items]
        fits = all(forms_of(case, item.kind, item.layer, item.array) for item in items)
        if len(places) == len(set(places)) == len(given) and fits and places not in seen:
            seen.append(places)
            yield items


def _layer(name: Name, way: Mapping[int, int]) -> int:
    """The layer that a name means, by one way of counting; -1 for none."""
    number = name.number or 0
    if not name.counts_activations:
        return way.get(number, -1)
    # h[0], the input side's first, is what layer 1 takes; counted from 1, h1 is.
    return number if min(way) == 1 else number + 1


def _named_item(case: Case, label: str, kind: str, layer: int, array: npt.NDArray[Any]) -> Item:
    item = _item(label, kind, layer, array)
    if kind == "dW" and not forms_of(case, "dW", layer, item.array):
        return item._replace(kind="stack")
    return item


def _left_out(labels: Sequence[str], names: Sequence[Name]) -> dict[str, str]:
    """Label -> why it is no part of the gradient: another name, or a parameter beside its own."""
    derived = {(name.kind, name.number) for name in names if name.is_gradient}
    left = {}
    for label, name in zip(labels, names, strict=True):
        if not name.kind:
            left[label] = "left out: its name says no array of a gradient"
        elif not name.is_gradient and (name.kind, name.number) in derived:
            left[label] = "left out: a parameter, whose derivative is there too"
    return left


def _in_order(case: Case, arrays: Sequence[npt.NDArray[Any]]) -> Iterable[list[Item]]:
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
) -> Iterable[list[Item]]:
    """The items of one array: everything that its shape can be."""
    n_layers = case.network.n_layers
    for kind in kinds:
        for layer in range(n_layers):
            item = _item(label, kind, layer, array)
            # Without a name, a row per sample is a delta or a dinput, not a bias never summed.
            is_batch = (
                not label and kind == "db" and item.array.size > case.network.sizes[layer + 1]
            )
            if forms_of(case, kind, layer, item.array) and not is_batch:
                yield [item]
    whole = case.network.n_parameters
    if array.ndim == 1 and array.size == whole and n_layers and "dW" in kinds:
        yield from _flat(case, array)


def _flat(case: Case, vector: npt.NDArray[Any]) -> Iterable[list[Item]]:
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
