"""What native code, which checks nothing, is never given: arrays that do not fit.

Whoever calls the engine directly gets an error here, not a read beyond an array's end. This file
knows nothing of how the arrays are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearprop.engines import Problem
from clearprop.errors import ShapeError

__all__ = ["require_order", "require_problem", "require_samples"]


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
    whole = starts[0] == 0 and starts[-1] <= min(len(columns), len(X.data))
    if not whole or np.any(starts[1:] < starts[:-1]):
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
