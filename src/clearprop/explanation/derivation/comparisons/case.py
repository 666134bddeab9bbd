"""What every answer needs: the batch, its numbers, and whether a side agrees with a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clearprop.explanation.derivation.batch import Batch, Update
from clearprop.explanation.derivation.checks import Checker
from clearprop.explanation.derivation.numbers import Numbers
from clearprop.explanation.derivation.records import Side, Sweep

__all__ = ["MOST_PARTS", "MOST_WEIGHTS", "Case"]

MOST_PARTS = 8
"""Samples whose shares are written out."""
MOST_WEIGHTS = 4096
"""Beyond, a layer's shares and Jacobians are left to smaller layers."""


@dataclass(frozen=True)
class Case:
    """What every answer needs."""

    batch: Batch
    numbers: Numbers
    update: Update | None
    checker: Checker
    sweep: Sweep | None
    names: tuple[str, ...]

    @property
    def last(self) -> int:
        """The index of the output layer."""
        return self.batch.network.n_layers - 1

    @property
    def is_small(self) -> bool:
        """Whether the output layer's weights are few enough for a share of each sample."""
        fan_in, fan_out = self.batch.network.sizes[-2:]
        return fan_in * fan_out <= MOST_WEIGHTS

    def side(self, label: str, values: Any, reference: Any = None, like: str | None = None) -> Side:
        """A side, which agrees with the reference to what its numbers' rounding allows.

        NaN in a reference of finite differences is an entry for which none was taken.
        """
        values = np.asarray(values, np.float64)
        if reference is None:
            return Side(label, values, like=like)
        reference = np.asarray(reference, np.float64)
        with np.errstate(invalid="ignore"):
            taken = ~np.isnan(reference)
            size = np.max(np.abs(reference), initial=0.0, where=taken)
            tolerance = 1e-4 if self.batch.X.dtype == np.float32 else 1e-7
            difference = np.max(np.abs(values - reference), initial=0.0, where=taken)
        agrees = values.shape == reference.shape and bool(difference <= tolerance * size)
        return Side(label, values, agrees=agrees, like=like)
