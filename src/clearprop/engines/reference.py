"""The reference engine: `backprop` and `optimizers`, batch by batch, in NumPy.

It is the specification that every other engine is held to, so it is written to be read: it adds
nothing to the articles' formulas but the loop over batches. It knows nothing of epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.backprop import backward, forward, loss
from clearprop.dropout import dropout_scales
from clearprop.engines import Problem
from clearprop.losses import reduction_factor
from clearprop.network import Layer, Network
from clearprop.optimizers import Optimizer, OptimizerState
from clearprop.penalties import l2_gradient, l2_penalty

__all__ = ["ReferenceEngine", "ReferenceSession"]

Array = npt.NDArray[Any]

_NUMBERS_AT_ONCE = 2**16  # per layer: its temporaries then stay in the processor's cache


def _loss_and_gradient(
    problem: Problem,
    parameters: Sequence[Layer],
    rows: Any,
    dropout: Sequence[Array] | None = None,
) -> tuple[float, list[Layer]]:
    network, l2 = problem.network, problem.l2
    X, Y = problem.X[rows], problem.Y[rows]
    sample_weight = None if problem.sample_weight is None else problem.sample_weight[rows]
    passes = forward(network, parameters, X, dropout=dropout)
    value = loss(network, passes, Y, sample_weight=sample_weight)
    gradients = backward(network, parameters, passes, Y, sample_weight=sample_weight, dx=False)
    dW = gradients.dW
    if l2 > 0.0:
        factor = reduction_factor(network.reduction, len(Y), network.sizes[-1], sample_weight)
        value = value + l2_penalty(parameters, l2, factor)
        dW = [dW + l2_gradient(W, l2, factor) for dW, (W, _) in zip(dW, parameters, strict=True)]
    return float(value), [Layer(*pair) for pair in zip(dW, gradients.db, strict=True)]


class ReferenceSession:
    """One training run: parameters, and the optimizer's state.

    Args:
        problem: what is minimised.
        parameters: where to begin; copied.
        optimizer: how to update.
        optimizer_state: where the optimizer stood; None starts it afresh. Copied.

    Attributes:
        optimizer_state: the optimizer's state, current between calls of `run`.
    """

    def __init__(
        self,
        problem: Problem,
        parameters: Sequence[Layer],
        optimizer: Optimizer,
        optimizer_state: OptimizerState | None = None,
    ) -> None:
        self._problem = problem
        self._parameters = [Layer(W.copy(), b.copy()) for W, b in parameters]
        self._optimizer = optimizer
        if optimizer_state is None:
            self.optimizer_state = optimizer.start(_flat(self._parameters))
        else:
            self.optimizer_state = OptimizerState(
                optimizer_state.n_updates,
                {
                    name: [array.copy() for array in arrays]
                    for name, arrays in optimizer_state.slots.items()
                },
                dict(optimizer_state.powers),
            )

    def run(
        self, order: npt.NDArray[np.int64], batch_size: int, learning_rates: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Train on consecutive batches; see `clearprop.engines.Session.run`."""
        losses = np.empty(len(learning_rates))
        # Overflow is training's to report, with its cause, not NumPy's.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for batch, learning_rate in enumerate(learning_rates):
                rows = order[batch * batch_size : (batch + 1) * batch_size]
                losses[batch], gradients = _loss_and_gradient(
                    self._problem, self._parameters, rows, self._dropout(len(rows))
                )
                self._optimizer.update(
                    _flat(self._parameters),
                    _flat(gradients),
                    self.optimizer_state,
                    float(learning_rate),
                )
        return losses

    def _dropout(self, n_rows: int) -> list[Array] | None:
        """The next update's, for each hidden layer."""
        problem = self._problem
        if not any(problem.dropout):
            return None
        return [
            dropout_scales(
                rate,
                (n_rows, width),
                seed=problem.dropout_seed,
                update=self.optimizer_state.n_updates,
                layer=layer,
                dtype=problem.Y.dtype,
            )
            for layer, (rate, width) in enumerate(
                zip(problem.dropout, problem.network.sizes[1:-1], strict=True)
            )
        ]

    def parameters(self) -> list[Layer]:
        """A copy of the current parameters."""
        return [Layer(W.copy(), b.copy()) for W, b in self._parameters]


class ReferenceEngine:
    """NumPy, one batch after another.

    Examples:
        >>> from clearprop.optimizers import SGD
        >>> network = Network([1, 1], output="identity", reduction="sum")
        >>> problem = Problem(network, X=np.array([[3.0]]), Y=np.array([[5.0]]))
        >>> start = [Layer(np.array([[2.0]]), np.array([1.0]))]
        >>> session = ReferenceEngine().session(problem, start, SGD())
        >>> session.run(np.array([0]), batch_size=1, learning_rates=np.array([0.1]))
        array([2.])
        >>> session.parameters()
        [Layer(W=array([[1.4]]), b=array([0.8]))]
    """

    def session(
        self,
        problem: Problem,
        parameters: Sequence[Layer],
        optimizer: Optimizer,
        optimizer_state: OptimizerState | None = None,
    ) -> ReferenceSession:
        """Begin or continue training from the given parameters."""
        return ReferenceSession(problem, parameters, optimizer, optimizer_state)

    def loss_and_gradient(
        self, problem: Problem, parameters: Sequence[Layer]
    ) -> tuple[float, list[Layer]]:
        """Loss with penalty over all rows, and its gradient as `Layer(dW, db)` per layer.

        Summed block by block, so that memory does not grow with the number of rows.
        """
        network, n_samples = problem.network, len(problem.Y)
        factor = reduction_factor(
            network.reduction, n_samples, network.sizes[-1], problem.sample_weight
        )
        summed = replace(problem, network=replace(network, reduction="sum"), l2=0.0)
        value = factor * l2_penalty(parameters, problem.l2)
        gradient = [Layer(l2_gradient(W, problem.l2, factor), 0.0 * b) for W, b in parameters]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows in _blocks(network, n_samples):
                part, layers = _loss_and_gradient(summed, parameters, rows)
                value += factor * part
                for total, summand in zip(_flat(gradient), _flat(layers), strict=True):
                    np.add(total, factor * summand, out=total)
        return float(value), gradient

    def predict(self, network: Network, parameters: Sequence[Layer], X: Any) -> Array:
        """yhat for every row of X."""
        parts = [
            forward(network, parameters, X[rows]).output for rows in _blocks(network, X.shape[0])
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _blocks(network: Network, n_samples: int) -> Iterator[slice]:
    """Consecutive blocks of rows, at least one."""
    n_rows = max(_NUMBERS_AT_ONCE // max(network.sizes), 1)
    return (slice(start, start + n_rows) for start in range(0, max(n_samples, 1), n_rows))


def _flat(layers: Sequence[Layer]) -> list[Array]:
    return [array for layer in layers for array in layer]
