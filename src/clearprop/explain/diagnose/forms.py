"""How one array of a gradient may have been written down: transposed, flat, stacked, per sample.

Each form says how to get from there to this project's layout, and which choices it rests on, so
that a whole gradient is read by one convention. This file knows nothing of names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.explain.diagnose.case import Case

__all__ = ["CHOICES", "Choices", "Form", "forms_of"]

Array = npt.NDArray[np.float64]


class Choices(NamedTuple):
    """The conventions of a whole gradient.

    Attributes:
        weights: "rows" where W has a row per input, as here; "columns" where it has a column per
            input, as in torch's Linear.
        batch: "rows" where a sample is a row, as here; "columns" as in article B.
        samples: what becomes of an array with a part per sample: "sum" or "mean".
        bias: where a bias lies that is stacked onto its weights: "first" or "last".
    """

    weights: str
    batch: str
    samples: str
    bias: str


CHOICES = [
    Choices(weights, batch, samples, bias)
    for weights in ("rows", "columns")
    for batch in ("rows", "columns")
    for samples in ("sum", "mean")
    for bias in ("first", "last")
]
"""All conventions, the likeliest first."""


class Form(NamedTuple):
    """One way to read an array.

    Attributes:
        needs: the choices it rests on, (field of `Choices`, value).
        arrays: what it holds: (kind, array in this project's layout).
        told: how it was read, in words; "" for this project's layout.
    """

    needs: tuple[tuple[str, str], ...]
    arrays: tuple[tuple[str, Array], ...]
    told: str

    def agrees(self, choices: Choices) -> bool:
        """Whether these choices allow it."""
        return all(getattr(choices, field) == value for field, value in self.needs)


_TRANSPOSED = "transposed: a row per output, as in torch's Linear"
_ONE_COLUMN = "transposed: a column per sample"


def forms_of(case: Case, kind: str, layer: int, array: Array) -> list[Form]:
    """Every way to read an array as one kind of a layer; none where its shape does not fit.

    Args:
        case: what the gradient is of.
        kind: "delta", "dW", "db", "dinput", or "stack" for a bias stacked onto its weights.
        layer: index of the layer, from the input side.
        array: as it was given.
    """
    sizes = case.network.sizes
    fan_in, fan_out = sizes[layer], sizes[layer + 1]
    readers: dict[str, Callable[[], Iterator[Form]]] = {
        "dW": lambda: _weights(array, fan_in, fan_out, case.n_samples),
        "db": lambda: _bias(array, fan_out, case.n_samples),
        "delta": lambda: _batch("delta", array, case.n_samples, fan_out),
        "dinput": lambda: _batch("dinput", array, case.n_samples, fan_in),
        "stack": lambda: _stack(array, fan_in, fan_out),
    }
    return list(readers[kind]())


def _weights(array: Array, fan_in: int, fan_out: int, n_samples: int) -> Iterator[Form]:
    rows, columns = ("weights", "rows"), ("weights", "columns")
    if array.shape == (fan_in, fan_out):
        yield Form((rows,), (("dW", array),), "")
    if array.shape == (fan_out, fan_in):
        yield Form((columns,), (("dW", array.T),), _TRANSPOSED)
    if array.shape == (fan_in * fan_out,):
        yield Form((rows,), (("dW", array.reshape(fan_in, fan_out)),), "flat, row by row")
        yield Form((columns,), (("dW", array.reshape(fan_out, fan_in).T),), f"flat, {_TRANSPOSED}")
    for how, reduce in (("sum", np.sum), ("mean", np.mean)):
        needs = ("samples", how)
        told = f"one matrix per sample, taken as their {how}"
        if array.shape == (n_samples, fan_in, fan_out):
            yield Form((rows, needs), (("dW", np.asarray(reduce(array, axis=0))),), told)
        if array.shape == (n_samples, fan_out, fan_in):
            transposed = np.asarray(reduce(array, axis=0)).T
            yield Form((columns, needs), (("dW", transposed),), f"{told}, {_TRANSPOSED}")


def _bias(array: Array, fan_out: int, n_samples: int) -> Iterator[Form]:
    if array.size == fan_out and array.ndim <= 2 and max(array.shape, default=1) == fan_out:
        told = "" if array.ndim == 1 else f"of shape {array.shape}"
        yield Form((), (("db", array.reshape(fan_out)),), told)
    elif array.size == 1 and array.ndim <= 2:
        yield Form((), (("db", np.full(fan_out, array.item())),), "one number for all outputs")
    if n_samples > 1:
        rows, columns = ("batch", "rows"), ("batch", "columns")
        if array.shape == (n_samples, fan_out):
            yield Form((rows,), (("db", array),), "a row per sample")
        if array.shape == (fan_out, n_samples):
            yield Form((columns,), (("db", array.T),), "a column per sample")


def _batch(kind: str, array: Array, n_samples: int, width: int) -> Iterator[Form]:
    if array.shape == (n_samples, width):
        yield Form((("batch", "rows"),), ((kind, array),), "")
    if array.shape == (width, n_samples):
        yield Form((("batch", "columns"),), ((kind, array.T),), _ONE_COLUMN)
    if array.shape == (n_samples * width,) and 1 in (n_samples, width):
        yield Form((), ((kind, array.reshape(n_samples, width)),), "a vector")


def _stack(array: Array, fan_in: int, fan_out: int) -> Iterator[Form]:
    for weights, oriented, told in (
        ("rows", array, "a bias as its {} row"),
        ("columns", array.T, "transposed, a bias as its {} column"),
    ):
        if oriented.shape != (fan_in + 1, fan_out):
            continue
        for bias, b, W in (
            ("first", oriented[0], oriented[1:]),
            ("last", oriented[-1], oriented[:-1]),
        ):
            yield Form(
                (("weights", weights), ("bias", bias)),
                (("dW", W), ("db", b)),
                f"weights with {told.format(bias)}",
            )
