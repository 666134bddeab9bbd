"""Gradient descent, plain and with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from clearprop.optimizers.state import Array, OptimizerState, zeros

__all__ = ["SGD", "Momentum", "Nesterov"]


@dataclass(frozen=True)
class SGD:
    """Gradient descent: w = w - learning_rate * dw, article B's update.

    Examples:
        >>> import numpy as np
        >>> w = np.array([1.0, 2.0])
        >>> sgd = SGD()
        >>> sgd.update([w], [np.array([10.0, -10.0])], sgd.start([w]), learning_rate=0.1)
        >>> w
        array([0., 3.])
    """

    formula: ClassVar[str] = "w_new = w - alpha dw"

    def start(self, arrays: Sequence[Array]) -> OptimizerState:  # noqa: ARG002 - no state to shape
        """No slots."""
        return OptimizerState()

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """w -= learning_rate * dw."""
        for w, dw in zip(arrays, gradients, strict=True):
            w -= learning_rate * dw
        state.n_updates += 1


@dataclass(frozen=True)
class Momentum:
    """Gradient descent with momentum: v = momentum * v - learning_rate * dw, w = w + v.

    The learning rate stands inside the velocity, as in scikit-learn (PyTorch has it outside).

    Args:
        momentum: share of the velocity kept, 0 to 1.

    Examples:
        >>> import numpy as np
        >>> w = np.array([1.0])
        >>> optimizer = Momentum(momentum=0.5)
        >>> state = optimizer.start([w])
        >>> for _ in range(2):
        ...     optimizer.update([w], [np.array([1.0])], state, learning_rate=0.1)
        >>> w.round(6)  # 1 - 0.1 - (0.05 + 0.1)
        array([0.75])

    Source: Polyak 1964; Sutskever et al. 2013.
    """

    formula: ClassVar[str] = "v_new = momentum v - alpha dw, w_new = w + v_new"

    momentum: float = 0.9

    def start(self, arrays: Sequence[Array]) -> OptimizerState:
        """Velocities of zero."""
        return OptimizerState(slots={"velocity": zeros(arrays)})

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """v = momentum * v - learning_rate * dw, w += v."""
        for w, dw, v in zip(arrays, gradients, state.slots["velocity"], strict=True):
            v *= self.momentum
            v -= learning_rate * dw
            w += v
        state.n_updates += 1


@dataclass(frozen=True)
class Nesterov:
    """Nesterov's momentum: v as in `Momentum`, then w = w + momentum * v - learning_rate * dw.

    The form that keeps the parameters at the point looked ahead to, as in scikit-learn and Keras.

    Args:
        momentum: share of the velocity kept, 0 to 1.

    Examples:
        >>> import numpy as np
        >>> w = np.array([1.0])
        >>> optimizer = Nesterov(momentum=0.5)
        >>> optimizer.update([w], [np.array([1.0])], optimizer.start([w]), learning_rate=0.1)
        >>> w.round(6)  # 1 - 0.5 * 0.1 - 0.1
        array([0.85])

    Source: Nesterov 1983; Sutskever et al. 2013, equations 3 and 4; Bengio et al. 2013.
    """

    formula: ClassVar[str] = "v_new = momentum v - alpha dw, w_new = w + momentum v_new - alpha dw"

    momentum: float = 0.9

    def start(self, arrays: Sequence[Array]) -> OptimizerState:
        """Velocities of zero."""
        return OptimizerState(slots={"velocity": zeros(arrays)})

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """v = momentum * v - learning_rate * dw, w += momentum * v - learning_rate * dw."""
        for w, dw, v in zip(arrays, gradients, state.slots["velocity"], strict=True):
            step = learning_rate * dw
            v *= self.momentum
            v -= step
            w += self.momentum * v - step
        state.n_updates += 1
