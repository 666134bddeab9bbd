"""What training tells of itself while it runs, and how to stop it from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clearprop.network import Layer

__all__ = ["Callback", "Progress"]


@dataclass(frozen=True)
class Progress:
    """Where training stands.

    Attributes:
        epoch: whole epochs done.
        max_epochs: epochs at most.
        position: steps done in the current epoch.
        steps_per_epoch: steps in an epoch.
        loss: mean loss of the last whole epoch (of the current one, before the first is whole).
        score: last validation score, higher is better; None without validation.
        best_score: best validation score so far; None without validation.
        best_epoch: the epoch, counted from 1, after which it was reached.
        learning_rate: of the last step.
        seconds: since training began.
        watched: the validation loss of the last whole epoch ("loss") and the metrics asked for
            ("training accuracy", "validation accuracy"); empty without either.
        parameters: when called, a copy of what training would come to if it stopped now: the best
            parameters so far where there is validation, else the current ones.
    """

    epoch: int
    max_epochs: int
    position: int
    steps_per_epoch: int
    loss: float
    score: float | None
    best_score: float | None
    best_epoch: int | None
    learning_rate: float
    seconds: float
    watched: Mapping[str, float] = field(default_factory=dict)
    parameters: Callable[[], list[Layer]] = list

    @property
    def seconds_left(self) -> float | None:
        """Time to the last epoch at the pace so far; stopping early makes it less. None at 0."""
        done = self.epoch + self.position / self.steps_per_epoch
        if done == 0:
            return None
        return self.seconds / done * (self.max_epochs - done)


class Callback:
    """Override what you need; return True to stop training.

    Examples:
        >>> class StopAt(Callback):
        ...     def on_epoch(self, progress):
        ...         return progress.epoch == 3
    """

    def on_start(self, progress: Progress) -> bool | None:
        """Before the first step."""

    def on_epoch_start(self, progress: Progress) -> None:
        """Before an epoch's first step, and where training goes on within one."""

    def on_progress(self, progress: Progress) -> bool | None:
        """Several times a second."""

    def on_epoch(self, progress: Progress) -> bool | None:
        """After each whole epoch, its validation score included."""

    def on_plateau(self, progress: Progress, learning_rate: float | None) -> None:
        """When patience has run out: the next learning rate, or None where training stops."""
