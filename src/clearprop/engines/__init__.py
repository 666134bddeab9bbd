"""Who does the arithmetic of training: the reference engine, and what every engine must offer.

An engine knows networks and optimizers; it knows nothing of epochs, stopping, estimators or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from clearprop.network import Layer, Network
from clearprop.optimizers import Optimizer, OptimizerState

__all__ = ["Engine", "Problem", "Session"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """What is to be minimised: loss(network, X, Y, sample_weight) + L2 penalty.

    Attributes:
        network: the network; its reduction applies within each batch.
        X: shape (n_samples, sizes[0]), NumPy array or SciPy CSR matrix, float32 or float64.
        Y: targets, shape (n_samples, sizes[-1]), X's dtype.
        sample_weight: shape (n_samples,), X's dtype, or None.
        l2: strength of the L2 penalty (scikit-learn's alpha).
        dropout: share of each hidden layer's units that a training step leaves out, one per hidden
            layer; () for none. `loss_and_gradient` and `predict` leave none out.
        dropout_seed: which ones (`clearprop.dropout`); 0 to 2^63 - 1.
    """

    network: Network
    X: Any
    Y: Array
    sample_weight: Array | None = None
    l2: float = 0.0
    dropout: tuple[float, ...] = ()
    dropout_seed: int = 0


class Session(Protocol):
    """One training run's parameters and optimizer state, held by the engine."""

    @property
    def optimizer_state(self) -> OptimizerState:
        """The optimizer's state, current between calls of `run`."""

    def run(
        self, order: npt.NDArray[np.int64], batch_size: int, learning_rates: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Train on consecutive batches.

        Args:
            order: row indices; cut into batches of batch_size, the last one may be smaller.
            batch_size: rows per batch.
            learning_rates: one per batch.

        Returns:
            Each batch's loss before its update, penalty included; shape (n_batches,).
        """

    def parameters(self) -> list[Layer]:
        """A copy of the current parameters."""


class Engine(Protocol):
    """What training and the estimators ask of an engine."""

    def session(
        self,
        problem: Problem,
        parameters: Sequence[Layer],
        optimizer: Optimizer,
        optimizer_state: OptimizerState | None = None,
    ) -> Session:
        """Begin, or with an optimizer state continue, training from the given parameters."""

    def loss_and_gradient(
        self, problem: Problem, parameters: Sequence[Layer]
    ) -> tuple[float, list[Layer]]:
        """Loss with penalty over all rows, and its gradient as `Layer(dW, db)` per layer."""

    def predict(self, network: Network, parameters: Sequence[Layer], X: Any) -> Array:
        """yhat for every row of X, shape (n_samples, sizes[-1])."""
