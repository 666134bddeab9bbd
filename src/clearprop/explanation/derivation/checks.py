"""Finite differences beside the derivation's derivatives, and how close is close enough.

The differences are the gradient checker's own. This file knows nothing of how the derivatives
were computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.backprop import forward, loss
from clearprop.explanation.derivation.batch import Batch
from clearprop.explanation.derivation.records import Check, Sweep
from clearprop.finite_differences import LossPoint, loss_point
from clearprop.gradcheck import TOLERANCE, compare_entries
from clearprop.network import Layer

__all__ = ["Checker", "sweep"]

Array = npt.NDArray[Any]

TOLERANCE_FLOAT32 = 1e-3
MOST_PRODUCTS = 60_000_000  # of an array's check, for each nudge; seconds
FEWEST_ENTRIES = 4
EPSILONS = tuple(float(10.0 ** (-exponent / 2.0)) for exponent in range(2, 27))


class Checker:
    """Checks steps, at most so many entries of each; what has been checked is not checked again.

    Args:
        batch: what is differentiated.
        max_entries: entries checked of an array, drawn at random where there are more; fewer of a
            network so large that its losses take long.
    """

    def __init__(self, batch: Batch, max_entries: int) -> None:
        self._batch, self._max_entries = batch, max_entries
        self._points: dict[float, LossPoint] = {}
        self._done: dict[tuple[str, int, float], tuple[Array, Check]] = {}
        self._generator = np.random.default_rng(0)
        is_single = batch.X.dtype == np.float32
        self._epsilon = float(np.finfo(np.float32).eps) if is_single else 0.0
        self._tolerance = TOLERANCE_FLOAT32 if is_single else TOLERANCE

    def check(self, kind: str, layer: int, values: Array, *, l2: float = 0.0) -> Check:
        """One array, of kind "dW", "db", "dinput" or "delta", beside finite differences."""
        key = kind, layer, l2
        if key not in self._done or not np.array_equal(self._done[key][0], values):
            self._done[key] = values, self._check(kind, layer, values, l2)
        return self._done[key][1]

    def _most_entries(self, kind: str) -> int:
        # A weight is nudged for every row, a row's own entry for that row alone.
        rows = self._batch.n_samples if kind in ("dW", "db") else 1
        affordable = MOST_PRODUCTS // (rows * self._batch.network.n_parameters)
        return min(self._max_entries, max(affordable, FEWEST_ENTRIES))

    def _check(self, kind: str, layer: int, values: Array, l2: float) -> Check:
        entries, most = np.arange(values.size), self._most_entries(kind)
        if values.size > most:
            # The largest say most; the others are a random draw.
            n_largest = most // 4
            largest = np.argsort(-np.abs(values).ravel(), kind="stable")[:n_largest]
            others = np.setdiff1d(entries, largest)
            drawn = self._generator.choice(others, most - n_largest, replace=False)
            entries = np.sort(np.concatenate([largest, drawn]))
        value = np.asarray(values, np.float64)
        compared = compare_entries(
            self.point(l2), kind, layer, value, entries, self._tolerance, self._epsilon
        )
        numeric = np.full(values.size, np.nan)
        numeric[entries] = compared.numeric
        return Check(
            numeric=numeric.reshape(values.shape),
            n_checked=len(entries),
            n_unresolved=compared.n_unresolved,
            max_relative_error=float(np.max(compared.errors)),
            tolerance=self._tolerance,
        )

    def point(self, l2: float = 0.0) -> LossPoint:
        """Where the loss is differentiated, with a penalty or without."""
        if l2 not in self._points:
            batch = self._batch
            self._points[l2] = loss_point(
                batch.network, batch.parameters, batch.X, batch.Y, batch.sample_weight, l2
            )
        return self._points[l2]


def sweep(point: LossPoint, dW: Array) -> Sweep:
    """Plain central differences of the first layer's steepest weight, at falling steps.

    (Loss(w + epsilon) - Loss(w - epsilon)) / (2 epsilon)
    """
    at = np.unravel_index(int(np.argmax(np.abs(dW))), dW.shape)
    entry, value = tuple(int(i) for i in at), float(dW[at])
    numeric = [_central_difference(point, entry, epsilon) for epsilon in EPSILONS]
    size = abs(value) or 1.0
    return Sweep(
        step="dW[0]",
        entry=entry,
        value=value,
        epsilons=EPSILONS,
        numeric=tuple(numeric),
        relative_errors=tuple(abs(quotient - value) / size for quotient in numeric),
    )


def _central_difference(point: LossPoint, entry: tuple[int, ...], epsilon: float) -> float:
    losses: list[float] = []
    for nudge in (epsilon, -epsilon):
        W = point.parameters[0].W.copy()
        W[entry] += nudge
        losses.append(loss_at(point, {0: Layer(W, point.parameters[0].b)}))
    return (losses[0] - losses[1]) / (2.0 * epsilon)


def loss_at(point: LossPoint, changed: Mapping[int, Layer]) -> float:
    """The loss, without penalty, with some layers' parameters in place of the point's own."""
    parameters = [changed.get(layer, own) for layer, own in enumerate(point.parameters)]
    passes = forward(point.network, parameters, point.passes.inputs[0])
    with np.errstate(over="ignore", invalid="ignore"):
        return float(loss(point.network, passes, point.Y, sample_weight=point.sample_weight))
