"""What rows of the table share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from array_api_compat import array_namespace, device

__all__ = ["Array", "Parameters", "diagonal", "like", "log_link", "residual"]

Array = Any  # an array of any library that follows the Array API standard
Parameters = Sequence[float]

_TINY = 1e-30


def like(z: Array, numbers: Any) -> Array:
    """Numbers as an array of z's library and dtype, one per output or one for all."""
    return array_namespace(z).asarray(numbers, dtype=z.dtype, device=device(z))


def log_link(yhat: Array) -> Array:
    """z = log(yhat), kept finite at yhat = 0."""
    xp = array_namespace(yhat)
    return xp.log(xp.where(yhat > _TINY, yhat, _TINY * xp.ones_like(yhat)))


def residual(yhat: Array, Y: Array, parameters: Parameters = ()) -> Array:  # noqa: ARG001 - one signature for the table
    """delta = yhat - y, shared by the pairs of both articles."""
    return yhat - Y


def diagonal(entries: Array) -> Array:
    """Each row of entries as a diagonal matrix."""
    xp = array_namespace(entries)
    return xp.expand_dims(entries, axis=-1) * xp.eye(entries.shape[-1], dtype=entries.dtype)
