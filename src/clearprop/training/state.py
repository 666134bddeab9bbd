"""Everything a training run would need to go on exactly where it stood.

The state turns into plain data (dicts, lists, numbers, arrays) and back, which is what a checkpoint
holds. It knows nothing of files.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearprop.checkpoint import random_state_from_data, random_state_to_data
from clearprop.engines import Problem
from clearprop.network import Layer
from clearprop.optimizers import OptimizerState

__all__ = ["TrainingState", "array_digest", "fingerprint"]


@dataclass
class TrainingState:
    """Where a run stands, between two steps.

    Attributes:
        parameters: current parameters.
        optimizer_state: the optimizer's; None before the first step.
        random_state: the generator that shuffles.
        epoch: whole epochs done.
        position: steps done in the current epoch.
        step: steps done in all.
        order: the current epoch's row order; None before the first epoch.
        loss_sum: sum of the current epoch's losses so far, each times its rows.
        samples_seen: rows of all whole epochs.
        plateaus: times the schedule lowered the rate for want of improvement.
        no_improvement: epochs in a row without improvement.
        loss_curve: mean training loss of each whole epoch.
        validation_scores: validation score after each whole epoch; empty without validation.
        curves: what else was watched after each whole epoch, by name.
        best_loss: least epoch loss.
        best_score: best validation score.
        best_epoch: the epoch, counted from 1, of the best score (of the best loss, without
            validation).
        best_parameters: parameters at the best score; None without validation.
        seconds: training time so far.
    """

    parameters: list[Layer]
    random_state: np.random.RandomState
    optimizer_state: OptimizerState | None = None
    epoch: int = 0
    position: int = 0
    step: int = 0
    order: npt.NDArray[np.int64] | None = None
    loss_sum: float = 0.0
    samples_seen: int = 0
    plateaus: int = 0
    no_improvement: int = 0
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    curves: dict[str, list[float]] = field(default_factory=dict)
    best_loss: float = math.inf
    best_score: float = -math.inf
    best_epoch: int = 0
    best_parameters: list[Layer] | None = None
    seconds: float = 0.0

    _PLAIN = (
        "epoch",
        "position",
        "step",
        "order",
        "loss_sum",
        "samples_seen",
        "plateaus",
        "no_improvement",
        "loss_curve",
        "validation_scores",
        "curves",
        "best_loss",
        "best_score",
        "best_epoch",
        "seconds",
    )

    def to_data(self) -> dict[str, Any]:
        """Plain data: dicts, lists, numbers, strings and arrays."""
        data = {name: getattr(self, name) for name in self._PLAIN}
        data["parameters"] = _layers_to_data(self.parameters)
        data["best_parameters"] = (
            None if self.best_parameters is None else _layers_to_data(self.best_parameters)
        )
        data["random_state"] = random_state_to_data(self.random_state)
        optimizer = self.optimizer_state
        data["optimizer_state"] = (
            None
            if optimizer is None
            else {
                "n_updates": optimizer.n_updates,
                "slots": optimizer.slots,
                "powers": optimizer.powers,
            }
        )
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> TrainingState:
        """The state that `to_data` gave, to the last bit."""
        optimizer, best = data["optimizer_state"], data["best_parameters"]
        return cls(
            parameters=_layers_from_data(data["parameters"]),
            best_parameters=None if best is None else _layers_from_data(best),
            random_state=random_state_from_data(data["random_state"]),
            optimizer_state=None if optimizer is None else OptimizerState(**optimizer),
            **{name: data[name] for name in cls._PLAIN},
        )


def _layers_to_data(layers: list[Layer]) -> list[Any]:
    return [[layer.W, layer.b] for layer in layers]


def _layers_from_data(data: list[Any]) -> list[Layer]:
    return [Layer(W, b) for W, b in data]


def fingerprint(problem: Problem, *settings: object) -> str:
    """A digest of the data and the settings, so that a run is never resumed on others.

    Args:
        problem: network, data, weights and penalty.
        settings: everything else that decides the course of training, as dataclasses.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(repr((problem.network, problem.l2, settings)).encode())
    for array in (problem.X, problem.Y, problem.sample_weight):
        _add(digest, array)
    return digest.hexdigest()


def array_digest(array: Any) -> str:
    """A digest of an array, dense or sparse, that tells it from any other; "" for None."""
    digest = hashlib.sha256()
    _add(digest, array)
    return "" if array is None else digest.hexdigest()


def _add(digest: hashlib._Hash, array: Any) -> None:
    parts = [array.data, array.indices, array.indptr] if sparse.issparse(array) else [array]
    for part in parts:
        if part is not None:
            digest.update(repr((part.shape, part.dtype)).encode())
            # Only labels are objects; their text tells them apart on every machine alike.
            is_text = part.dtype.kind in "OUT"
            digest.update(
                repr(part.tolist()).encode() if is_text else np.ascontiguousarray(part).data
            )
