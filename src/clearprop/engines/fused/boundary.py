"""What native code, which checks nothing, is never given: arrays that do not fit.

Whoever calls the engine directly gets an error here, not a read beyond an array's end. This file
knows nothing of how the arrays are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearprop.engines import Problem
from clearprop.errors import ParameterError, ShapeError
from clearprop.network import Layer, Network

__all__ = [
    "require_order",
    "require_parameters",
    "require_problem",
    "require_samples",
    "require_threads",
]


def require_threads(n_threads: int | None) -> None:
    """Refuse a number of threads that nobody can have.

    Args:
        n_threads: 1 or more, or None.

    Raises:
        ParameterError: it is below 1.
    """
    if n_threads is not None and n_threads < 1:
        raise ParameterError(
            f"n_threads: got {n_threads}, expected 1 or more, or None",
            remedy="Give None for as many as the work and the processors warrant.",
        )


def require_parameters(network: Network, parameters: Sequence[Layer]) -> None:
    """Refuse weights and biases of another network, which would be cut or repeated to fit.

    Args:
        network: the network.
        parameters: a layer each.

    Raises:
        ShapeError: they are more or fewer layers, or one has another shape.
    """
    if len(parameters) != network.n_layers:
        raise ShapeError(
            f"parameters: got {len(parameters)} layers, expected {network.n_layers}",
            remedy="Give one layer of W and b per layer of the network.",
        )
    for number, ((W, b), (fan_in, fan_out)) in enumerate(
        zip(parameters, pairwise(network.sizes), strict=True)
    ):
        if W.shape != (fan_in, fan_out) or b.shape != (fan_out,):
            raise ShapeError(
                f"parameters: layer {number} has W of shape {W.shape} and b of shape {b.shape}, "
                f"expected {(fan_in, fan_out)} and {(fan_out,)}",
                remedy="Give the parameters of this network.",
            )


def require_samples(X: Any, width: int) -> None:
    """Refuse samples that are not (n_samples, width), or CSR rows that point outside themselves.

    Args:
        X: shape (n_samples, width), dense or CSR.
        width: the network's inputs.

    Raises:
        ShapeError: X has another shape, or its sparse indices are out of range.
    """
    if X.ndim != 2 or X.shape[1] != width:
        raise ShapeError(
            f"X: got shape {tuple(X.shape)}, expected (n_samples, {width})",
            remedy=f"Give one row per sample and {width} features.",
        )
    if not sparse.issparse(X):
        return
    starts, columns = X.indptr, X.indices
    whole = len(starts) == X.shape[0] + 1 and starts[0] == 0
    if not whole or starts[-1] > min(len(columns), len(X.data)) or np.any(starts[1:] < starts[:-1]):
        raise ShapeError(
            "X: the indptr of the sparse matrix does not rise from 0 to its number of entries",
            remedy="Build it anew, for instance from X.tocoo().",
        )
    if len(columns) and not 0 <= columns.min() <= columns.max() < width:
        raise ShapeError(
            f"X: the sparse matrix has entries outside of its {width} columns",
            remedy="Correct its indices.",
        )


def require_problem(problem: Problem) -> None:
    """Refuse a problem whose samples, targets and weights do not fit each other or the network.

    Args:
        problem: what is to be minimised.

    Raises:
        ShapeError: an array has another shape than `Problem` says.
    """
    sizes, n_samples = problem.network.sizes, problem.X.shape[0]
    require_samples(problem.X, sizes[0])
    if problem.Y.shape != (n_samples, sizes[-1]):
        raise ShapeError(
            f"Y: got shape {tuple(problem.Y.shape)}, expected {(n_samples, sizes[-1])}",
            remedy="Give one row of targets per row of X.",
        )
    weight = problem.sample_weight
    if weight is not None and weight.shape != (n_samples,):
        raise ShapeError(
            f"sample_weight: got shape {tuple(weight.shape)}, expected ({n_samples},)",
            remedy="Give one weight per row of X.",
        )


def require_order(order: npt.NDArray[np.int64], n_samples: int) -> None:
    """Refuse row numbers outside of 0 … n_samples - 1.

    Args:
        order: row numbers, in the order of training.
        n_samples: rows that there are.

    Raises:
        IndexError: a number is out of range.
    """
    if len(order) and not 0 <= order.min() <= order.max() < n_samples:
        raise IndexError(f"order: got row numbers outside of 0 … {n_samples - 1}")
