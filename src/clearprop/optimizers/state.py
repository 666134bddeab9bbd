"""What training asks of an optimizer, and what one remembers between updates.

This file knows no particular optimizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Optimizer", "OptimizerState", "zeros"]

Array = npt.NDArray[Any]


@dataclass
class OptimizerState:
    """What an optimizer remembers between updates.

    Attributes:
        n_updates: number of updates made.
        slots: by name, one array per parameter array, of its shape and dtype.
        powers: by name, running products such as beta_1^t. A product rounds the same on every
            machine; pow need not.
    """

    n_updates: int = 0
    slots: dict[str, list[Array]] = field(default_factory=dict)
    powers: dict[str, float] = field(default_factory=dict)


class Optimizer(Protocol):
    """What training asks of an optimizer."""

    def start(self, arrays: Sequence[Array]) -> OptimizerState:
        """The state before the first update."""

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """Change the arrays, and the state, in place."""


def zeros(arrays: Sequence[Array]) -> list[Array]:
    """A slot that begins at zero, for every parameter."""
    return [np.zeros_like(w) for w in arrays]
