"""Steps divided by the root of the mean squared gradient: RMSprop, Adam and its kin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from clearprop.optimizers.state import Array, OptimizerState, zeros

__all__ = ["Adam", "AdamW", "Nadam", "RMSprop"]


@dataclass(frozen=True)
class RMSprop:
    """Steps divided by the root of the mean of the squared gradients.

        v = beta_2 v + (1 - beta_2) dw^2        w = w - learning_rate * dw / (sqrt(v) + epsilon)

    v begins at 0 and is not corrected for it, so the first steps are the longest: 1 / sqrt(1 -
    beta_2) times the learning rate. PyTorch's form too; Keras adds epsilon inside of the root.

    Args:
        beta_2: decay of the mean of the squared gradients, 0 to below 1 (Hinton's 0.9).
        epsilon: keeps the division from 0; above 0.

    Examples:
        >>> w = np.array([1.0])
        >>> optimizer = RMSprop(beta_2=0.75)
        >>> optimizer.update([w], [np.array([4.0])], optimizer.start([w]), learning_rate=0.1)
        >>> w.round(6)  # 1 - 0.1 * 4 / sqrt(0.25 * 16)
        array([0.8])

    Source: Hinton, "Neural networks for machine learning", lecture 6e, 2012.
    """

    formula: ClassVar[str] = (
        "v_new = beta_2 v + (1 - beta_2) dw^2, w_new = w - alpha dw / (sqrt(v_new) + epsilon)"
    )

    beta_2: float = 0.9
    epsilon: float = 1e-8

    def start(self, arrays: Sequence[Array]) -> OptimizerState:
        """A mean of zero."""
        return OptimizerState(slots={"mean_square": zeros(arrays)})

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """v = beta_2 v + (1 - beta_2) dw^2, w -= learning_rate * dw / (sqrt(v) + epsilon)."""
        for w, dw, v in zip(arrays, gradients, state.slots["mean_square"], strict=True):
            v *= self.beta_2
            v += (1.0 - self.beta_2) * (dw * dw)
            w -= learning_rate * dw / (np.sqrt(v) + self.epsilon)
        state.n_updates += 1


@dataclass(frozen=True)
class Adam:
    """Adam, with epsilon outside of the bias correction, as in scikit-learn.

        m = beta_1 m + (1 - beta_1) dw        v = beta_2 v + (1 - beta_2) dw^2
        w = w - learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    This is the form at the end of section 2 of the paper ("epsilon hat"); its algorithm 1, PyTorch
    and optax correct v before adding epsilon, which differs while 1 - beta_2^t is small.

    Args:
        beta_1: decay of the mean of the gradients, 0 to below 1.
        beta_2: decay of the mean of their squares, 0 to below 1.
        epsilon: keeps the division from 0; above 0.

    Examples:
        >>> w = np.array([1.0])
        >>> adam = Adam()
        >>> adam.update([w], [np.array([4.0])], adam.start([w]), learning_rate=0.1)
        >>> w.round(6)  # the first step is learning_rate * sign(dw)
        array([0.9])

    Source: Kingma & Ba, "Adam: a method for stochastic optimization", 2015.
    """

    formula: ClassVar[str] = (
        "m_new = beta_1 m + (1 - beta_1) dw, "
        "v_new = beta_2 v + (1 - beta_2) dw^2, "
        "w_new = w - alpha sqrt(1 - beta_2^t) / (1 - beta_1^t) m_new / (sqrt(v_new) + "
        "epsilon)"
    )

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def start(self, arrays: Sequence[Array]) -> OptimizerState:
        """Means of zero."""
        return OptimizerState(
            slots={"mean": zeros(arrays), "mean_square": zeros(arrays)},
            powers={"beta_1": 1.0, "beta_2": 1.0},
        )

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """One bias-corrected step."""
        powers = state.powers
        powers["beta_1"] *= self.beta_1
        powers["beta_2"] *= self.beta_2
        rate = learning_rate * np.sqrt(1.0 - powers["beta_2"]) / (1.0 - powers["beta_1"])
        means, mean_squares = state.slots["mean"], state.slots["mean_square"]
        for w, dw, m, v in zip(arrays, gradients, means, mean_squares, strict=True):
            m *= self.beta_1
            m += (1.0 - self.beta_1) * dw
            v *= self.beta_2
            v += (1.0 - self.beta_2) * (dw * dw)
            # A Python float keeps float32 parameters float32.
            w -= float(rate) * m / (np.sqrt(v) + self.epsilon)
        state.n_updates += 1


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: w = w - learning_rate * weight_decay * w, then Adam's step.

    Only weights decay: arrays of two dimensions; biases do not.

    Args:
        beta_1: as in `Adam`.
        beta_2: as in `Adam`.
        epsilon: as in `Adam`.
        weight_decay: share of a weight lost per update and unit of learning rate.

    Examples:
        >>> W, b = np.array([[1.0]]), np.array([1.0])
        >>> optimizer = AdamW(weight_decay=0.5)
        >>> zero = [np.zeros((1, 1)), np.zeros(1)]
        >>> optimizer.update([W, b], zero, optimizer.start([W, b]), learning_rate=0.1)
        >>> W, b
        (array([[0.95]]), array([1.]))

    Source: Loshchilov & Hutter, "Decoupled weight decay regularization", 2019.
    """

    formula: ClassVar[str] = (
        "m_new = beta_1 m + (1 - beta_1) dw, "
        "v_new = beta_2 v + (1 - beta_2) dw^2, "
        "w_new = (1 - alpha weight_decay) w - alpha sqrt(1 - beta_2^t) / (1 - beta_1^t) "
        "m_new / (sqrt(v_new) + epsilon)"
    )

    weight_decay: float = 0.01

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """Decay, then Adam's step."""
        for w in arrays:
            if w.ndim == 2:
                w *= 1.0 - learning_rate * self.weight_decay
        super().update(arrays, gradients, state, learning_rate)


@dataclass(frozen=True)
class Nadam(Adam):
    """Adam with Nesterov's momentum: the step looks one update of the mean ahead.

        m, v as in `Adam`
        ahead = beta_1 (1 - beta_1^t) / (1 - beta_1^(t+1)) * m + (1 - beta_1) * dw
        w = w - learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * ahead / (sqrt(v) + epsilon)

    beta_1 is constant here, as in the paper's algorithm; PyTorch and Keras let it rise along a
    schedule of their own (0.5 * 0.96^(t/250) below its value).

    Examples:
        >>> w = np.array([1.0])
        >>> nadam = Nadam()
        >>> nadam.update([w], [np.array([4.0])], nadam.start([w]), learning_rate=0.1)
        >>> w.round(6)  # 1 - 0.1 * (0.9 * 0.1 / 0.19 + 1)
        array([0.852632])

    Source: Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    """

    formula: ClassVar[str] = (
        "m_new = beta_1 m + (1 - beta_1) dw, "
        "v_new = beta_2 v + (1 - beta_2) dw^2, "
        "a = beta_1 (1 - beta_1^t) / (1 - beta_1^(t + 1)) m_new + (1 - beta_1) dw, "
        "w_new = w - alpha sqrt(1 - beta_2^t) / (1 - beta_1^t) a / (sqrt(v_new) + "
        "epsilon)"
    )

    def update(
        self,
        arrays: Sequence[Array],
        gradients: Sequence[Array],
        state: OptimizerState,
        learning_rate: float,
    ) -> None:
        """One bias-corrected step along the mean that the next update would have."""
        powers = state.powers
        powers["beta_1"] *= self.beta_1
        powers["beta_2"] *= self.beta_2
        left = 1.0 - powers["beta_1"]
        rate = learning_rate * float(np.sqrt(1.0 - powers["beta_2"])) / left
        mean_share = self.beta_1 * left / (1.0 - powers["beta_1"] * self.beta_1)
        means, mean_squares = state.slots["mean"], state.slots["mean_square"]
        for w, dw, m, v in zip(arrays, gradients, means, mean_squares, strict=True):
            m *= self.beta_1
            m += (1.0 - self.beta_1) * dw
            v *= self.beta_2
            v += (1.0 - self.beta_2) * (dw * dw)
            ahead = mean_share * m + (1.0 - self.beta_1) * dw
            w -= rate * ahead / (np.sqrt(v) + self.epsilon)
        state.n_updates += 1
