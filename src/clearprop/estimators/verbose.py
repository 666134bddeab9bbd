"""The lines that `verbose=True` prints, in scikit-learn's words."""

from __future__ import annotations

from typing import Any

from clearprop.training import Callback, Progress

__all__ = ["VerboseLines"]


class VerboseLines(Callback):
    """One line an epoch, and a second one where there is validation.

    Args:
        estimator: whose parameters name the solver.
    """

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def on_epoch(self, progress: Progress) -> None:
        """Print the epoch's loss and score."""
        print(f"Iteration {progress.epoch}, loss = {progress.loss:.8f}")  # noqa: T201 - verbose=True asks for it
        if progress.score is not None:
            print(f"Validation score: {progress.score:f}")  # noqa: T201 - verbose=True asks for it

    def on_plateau(self, progress: Progress, learning_rate: float | None) -> None:
        """Print that nothing improves any more, and what follows."""
        estimator = self._estimator
        what = "Training loss" if progress.score is None else "Validation score"
        then = "Stopping."
        if learning_rate is not None:
            then = f"Setting learning rate to {learning_rate:f}"
        elif estimator.solver == "sgd" and estimator.learning_rate == "adaptive":
            then = "Learning rate too small. Stopping."
        print(  # noqa: T201 - verbose=True asks for it
            f"{what} did not improve more than tol={estimator.tol:f} for "
            f"{estimator.n_iter_no_change:d} consecutive epochs. {then}"
        )
