"""What is derived: a network at its parameters, a batch, and the update that follows.

This file knows nothing of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import ParameterError, ShapeError
from clearprop.losses import reduction_factor
from clearprop.network import Layer, Network
from clearprop.optimizers import Optimizer, OptimizerState

__all__ = ["Batch", "Update", "as_batch"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """A network at its parameters, and the rows whose loss is differentiated.

    Attributes:
        network: the network.
        parameters: one `Layer(W, b)` per layer.
        X: shape (n_samples, sizes[0]).
        Y: shape (n_samples, sizes[-1]).
        sample_weight: shape (n_samples,), or None.
        l2: strength of the L2 penalty.
    """

    network: Network
    parameters: list[Layer]
    X: Array
    Y: Array
    sample_weight: Array | None = None
    l2: float = 0.0

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.X)

    @property
    def factor(self) -> float:
        """What the sum over the samples is multiplied by: 1, 1/N or 1/(K N)."""
        network = self.network
        return float(
            reduction_factor(
                network.reduction, self.n_samples, network.sizes[-1], self.sample_weight
            )
        )

    @property
    def shares(self) -> Array:
        """What each sample's loss is multiplied by: the factor times its weight; shape (n, 1)."""
        weights = np.ones(self.n_samples) if self.sample_weight is None else self.sample_weight
        shares: Array = self.factor * np.asarray(weights, np.float64)[:, None]
        return shares


@dataclass(frozen=True)
class Update:
    """The update that follows the backward pass.

    Attributes:
        optimizer: how.
        learning_rate: how far.
        state: where the optimizer stands; None before its first update.
    """

    optimizer: Optimizer
    learning_rate: float
    state: OptimizerState | None = None


def as_batch(
    network: Network,
    parameters: Sequence[Layer],
    X: Any,
    Y: Any,
    sample_weight: Any = None,
    l2: float = 0.0,
) -> Batch:
    """A batch of NumPy arrays in the parameters' dtype, float64 unless they are float32.

    Raises:
        ShapeError: X is no table of numbers, or empty.
        ParameterError: a number is not finite, or a weight or the penalty's strength below 0.
    """
    given = np.asarray(parameters[0].W).dtype if len(parameters) else np.dtype(np.float64)
    dtype = given if given == np.float32 else np.dtype(np.float64)
    X, Y = (
        np.ascontiguousarray(array.toarray() if hasattr(array, "toarray") else array, dtype)
        for array in (X, Y)
    )
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight, dtype)
    if X.ndim != 2 or len(X) == 0:
        raise ShapeError(
            f"X: got shape {X.shape}, expected one row or more of {network.sizes[0]} numbers",
            remedy="Give a row per sample; a single sample is a batch of one row.",
        )
    layers = [Layer(np.asarray(W, dtype), np.asarray(b, dtype)) for W, b in parameters]
    for name, array in (
        ("X", X),
        ("Y", Y),
        *(("parameters", a) for layer in layers for a in layer),
        *(() if sample_weight is None else (("sample_weight", sample_weight),)),
    ):
        if not np.all(np.isfinite(array)):
            raise ParameterError(
                f"{name}: got NaN or infinity, which no derivation can be made of",
                remedy="Give finite numbers.",
            )
    if not 0.0 <= l2 < np.inf:
        raise ParameterError(
            f"l2: got {l2!r}, expected a number from 0 up", remedy="0 is no penalty."
        )
    if sample_weight is not None and np.any(sample_weight < 0.0):
        raise ParameterError(
            f"sample_weight: got {np.min(sample_weight):g}, expected numbers from 0 up",
            remedy="A weight of 0 leaves its row out.",
        )
    return Batch(network, layers, X, Y, sample_weight, float(l2))
