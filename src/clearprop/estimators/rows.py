"""Rows and targets in the form and the dtype that a network takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearprop.errors import ParameterError

__all__ = ["as_rows", "as_targets"]

Array = npt.NDArray[Any]


def as_targets(Y: Any, dtype: Any) -> Array:
    """Y as a matrix of the network's dtype."""
    with np.errstate(over="ignore"):
        targets = np.asarray(Y.reshape(-1, 1) if Y.ndim == 1 else Y, dtype=dtype)
    if not np.isfinite(targets).all():
        raise ParameterError(
            f"y: the targets reach {np.max(np.abs(Y)):.3g}, beyond the largest number of X's "
            f"dtype {dtype}",
            remedy="Standardise the targets, for instance with "
            "sklearn.compose.TransformedTargetRegressor, or give X as float64.",
        )
    return targets


def as_rows(X: Any, dtype: Any) -> Any:
    """X with rows that can be picked: CSR where it is sparse, and of the network's dtype."""
    if sparse.issparse(X):
        X = X.tocsr()
    if X.dtype == dtype:
        return X
    with np.errstate(over="ignore"):
        rows = X.astype(dtype)
    if not np.isfinite(rows.data if sparse.issparse(rows) else rows).all():
        raise ParameterError(
            f"X: it reaches {abs(X).max():.3g}, beyond the largest number of {np.dtype(dtype)}, "
            "which the network computes in",
            remedy="Standardise X, or choose dtype='float64'.",
        )
    return rows
