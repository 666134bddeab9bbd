"""A greatest length for the gradient, before any optimizer's step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clearprop.optimizers.state import Array, Optimizer, OptimizerState

__all__ = ["Clipped"]


@dataclass(frozen=True)
class Clipped:
    """An optimizer whose gradient is shortened to a greatest length first.

        norm = sqrt(sum of all squared entries of all arrays)
        dw = dw * max_norm / norm where norm > max_norm

    The gradient keeps its direction. It is the gradient of all that is minimised: a penalty's share
    is in it.

    Args:
        optimizer: makes the step.
        max_norm: the greatest length; above 0.

    Examples:
        >>> from clearprop.optimizers import SGD
        >>> w = np.array([1.0, 1.0])
        >>> clipped = Clipped(SGD(), max_norm=1.0)
        >>> clipped.update([w], [np.array([3.0, 4.0])], clipped.start([w]), learning_rate=1.0)
        >>> w
        array([0.4, 0.2])

    Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks",
    2013.
    """

    optimizer: Optimizer
    max_norm: float

    def start(self, arrays: Sequence[Array]) -> OptimizerState:
        """The optimizer's own."""
        return self.optimizer.start(arrays)

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """The optimizer's step with the shortened gradient."""
        squares = sum(float(np.sum(np.square(dw, dtype=np.float64))) for dw in gradients)
        norm = math.sqrt(squares)
        if norm > self.max_norm:
            gradients = [dw * (self.max_norm / norm) for dw in gradients]
        self.optimizer.update(arrays, gradients, state, learning_rate)
