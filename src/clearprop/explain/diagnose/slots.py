"""Several arrays of a gradient as one vector, so that many passes are compared with it at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients

__all__ = ["Layout", "Slot"]

Array = npt.NDArray[np.float64]


class Slot(NamedTuple):
    """One array of a gradient.

    Attributes:
        kind: "delta", "dW", "db" or "dinput".
        layer: index of the layer, from the input side.
        shape: as it was given; a bias that was never summed has a row per sample.
    """

    kind: str
    layer: int
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """As in "dW[1]"."""
        return f"{self.kind}[{self.layer}]"


class Layout:
    """Which arrays a vector is made of, in the order in which a backward pass makes them.

    Args:
        slots: the arrays, from the output side.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = tuple(slots)
        self.sizes = np.array([int(np.prod(slot.shape)) for slot in slots])
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])

    def vector(self, gradients: Gradients) -> Array:
        """The arrays of a pass, one after another.

        An array of another shape than the slot's is repeated if it can be, and else NaN.
        """
        parts = []
        for kind, layer, shape in self.slots:
            array = getattr(gradients, kind)[layer]
            if array.shape != shape:
                array = _stretched(array, shape)
            parts.append(array.ravel())
        return np.concatenate(parts)

    def largest(self, vectors: Array) -> Array:
        """The largest size of each slot, shape (..., n_slots)."""
        return np.asarray(np.maximum.reduceat(np.abs(vectors), self.starts, axis=-1))

    def spread(self, per_slot: Array) -> Array:
        """One number per slot to one per entry."""
        return np.asarray(np.repeat(per_slot, self.sizes, axis=-1))

    def per_slot_norm(self, vectors: Array) -> Array:
        """The Euclidean norm of each slot, shape (..., n_slots)."""
        return np.sqrt(np.add.reduceat(vectors * vectors, self.starts, axis=-1))

    def relative_errors(self, one: Array, other: Array) -> Array:
        """|one - other| / max(|one|, |other|), Euclidean norms, slot by slot.

        Where one is undefined (NaN), the error is 1.
        """
        scale = np.maximum(self.per_slot_norm(one), self.per_slot_norm(other))
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = self.per_slot_norm(one - other) / scale
        return np.where(np.isnan(errors), np.where(scale == 0.0, 0.0, 1.0), errors)


def _stretched(array: Array, shape: tuple[int, ...]) -> Array:
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        return np.full(shape, np.nan)
