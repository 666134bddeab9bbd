"""The settings of a training run that are not the network's, the optimizer's or the schedule's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clearprop.errors import ParameterError

__all__ = ["TrainingSettings"]


@dataclass(frozen=True)
class TrainingSettings:
    """How long to train, in what batches, and when to stop.

    Attributes:
        batch_size: rows per step; the last batch of an epoch may be smaller and is used too.
        max_epochs: passes over the data at most.
        shuffle: whether each epoch visits the rows in a new order.
        tolerance: an epoch improves if it betters the best by more than this.
        patience: training stops when more than so many epochs in a row do not improve.
        max_seconds: training stops after this time; None for no limit.
        validation: what validates, as text by which two runs can be told apart: a digest of the
            validation rows and the metric.
        checkpoint: file that the state is written to as training goes on; None for none.
        checkpoint_seconds: time between two writes.

    Raises:
        ParameterError: a value that is not positive where it must be.

    Examples:
        >>> TrainingSettings(batch_size=32).max_epochs
        200
    """

    batch_size: int
    max_epochs: int = 200
    shuffle: bool = True
    tolerance: float = 1e-4
    patience: float = 10
    max_seconds: float | None = None
    validation: str = ""
    checkpoint: Path | None = None
    checkpoint_seconds: float = 30.0

    def __post_init__(self) -> None:
        for name in ("batch_size", "max_epochs", "max_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ParameterError(
                    f"{name}: got {value!r}, expected a number above 0",
                    remedy=f"Set {name} to 1 or more.",
                )
