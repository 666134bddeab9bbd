"""Going on from a checkpoint: only on the same data with the same settings."""

from __future__ import annotations

from pathlib import Path

from clearprop.checkpoint import load_checkpoint
from clearprop.engines import Problem
from clearprop.errors import ModelFileError
from clearprop.optimizers import Optimizer
from clearprop.schedules import Schedule
from clearprop.training.settings import TrainingSettings
from clearprop.training.state import TrainingState, fingerprint

__all__ = ["resume", "run_identity"]


def run_identity(
    problem: Problem, settings: TrainingSettings, optimizer: Optimizer, schedule: Schedule
) -> str:
    """A digest of what decides the course of a run; limits on time may differ."""
    course = (
        settings.batch_size,
        settings.max_epochs,
        settings.shuffle,
        settings.tolerance,
        settings.patience,
        settings.validation,
    )
    return fingerprint(problem, course, optimizer, schedule)


def resume(
    path: Path,
    problem: Problem,
    settings: TrainingSettings,
    optimizer: Optimizer,
    schedule: Schedule,
) -> TrainingState:
    """The state that a run on the same data with the same settings had left in a checkpoint.

    Args:
        path: the checkpoint.
        problem: as in the run that wrote it.
        settings: as in that run, but for `max_seconds` and the checkpoint's own settings.
        optimizer: as in that run.
        schedule: as in that run.

    Raises:
        ModelFileError: the file is damaged or no checkpoint, or the run was another one.
    """
    data = load_checkpoint(path)
    if data.get("identity") != run_identity(problem, settings, optimizer, schedule):
        raise ModelFileError(
            f"{path}: this checkpoint was written with other data or other settings",
            remedy="Resume with the data and settings it was written with (a validation part that "
            "is drawn by chance needs a fixed random_state), or train anew without resuming.",
        )
    try:
        return TrainingState.from_data(data["state"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path}: this checkpoint's training state cannot be understood ({error})",
            remedy="Train anew without resuming.",
        ) from error
