"""Going on from a checkpoint: only on the same data with the same settings."""

from __future__ import annotations

from pathlib import Path

from clearprop.checkpoint import load_checkpoint
from clearprop.engines import Problem
from clearprop.errors import ModelFileError
from clearprop.optimizers import Optimizer
from clearprop.schedules import Schedule
from clearprop.training.settings import TrainingSettings
from clearprop.training.state import TrainingState, array_digest

__all__ = ["is_finished", "resume", "run_identity"]


_ROWS = {
    "X": "the training rows are others",
    "y": "the targets are others",
    "sample_weight": "the sample weights are others",
    "validation": "the validation rows, or what scores them, are others",
}


def run_identity(
    problem: Problem, settings: TrainingSettings, optimizer: Optimizer, schedule: Schedule
) -> dict[str, str]:
    """What decides the course of a run, by name; limits on time may differ.

    Returns:
        Settings under the estimators' names, as text; digests of the data.

    Examples:
        >>> import numpy as np
        >>> from clearprop import Network
        >>> from clearprop.optimizers import SGD
        >>> from clearprop.schedules import Constant
        >>> network = Network([1, 2, 1], output="identity")
        >>> problem = Problem(network, np.zeros((3, 1)), np.zeros((3, 1)))
        >>> identity = run_identity(problem, TrainingSettings(batch_size=2), SGD(), Constant(0.1))
        >>> identity["layer_widths"], identity["batch_size"], identity["learning_rate"]
        ('1, 2, 1', '2', 'Constant(initial=0.1)')
    """
    network = problem.network
    return {
        "layer_widths": ", ".join(map(str, network.sizes)),
        "activation": ", ".join(activation.name for activation in network.activations),
        "output": " ".join(map(str, (network.output, *network.output_parameters))),
        "reduction": network.reduction,
        "alpha": repr(problem.l2),
        "solver": repr(optimizer),
        "dropout": ", ".join(map(str, problem.dropout)),
        "random_state": str(problem.dropout_seed),
        "learning_rate": repr(schedule),
        "batch_size": repr(settings.batch_size),
        "max_iter": repr(settings.max_epochs),
        "shuffle": repr(settings.shuffle),
        "tol": repr(settings.tolerance),
        "n_iter_no_change": repr(settings.patience),
        "X": array_digest(problem.X),
        "y": array_digest(problem.Y),
        "sample_weight": array_digest(problem.sample_weight),
        "validation": settings.validation,
    }


def _differences(
    written: dict[str, str], now: dict[str, str], schedule: Schedule, *, n_begun: int
) -> list[str]:
    """What is not as it was, a clause each.

    More epochs are no other run, nor are fewer if no more were begun, unless the learning rate is
    planned over all of them.
    """
    found = []
    for name, value in now.items():
        if written.get(name) == value:
            continue
        clause = (
            _ROWS.get(name) or f"{name} was {written.get(name) or 'none'}, is {value or 'none'}"
        )
        if name == "max_iter":
            if schedule.is_planned:
                clause += ", and the learning rate is planned over all epochs from the first one on"
            elif written.get(name, "").isdigit() and n_begun <= int(value):
                continue
            else:
                clause += f", and {n_begun} were begun"
        found.append(clause)
    return found


def is_finished(path: Path) -> bool:
    """Whether a checkpoint is of a run that trained all the epochs it was to, and so lost none.

    Args:
        path: the checkpoint; False too if it is missing or cannot be read.
    """
    try:
        data = load_checkpoint(path)
        state, n_epochs = data["state"], data["identity"]["max_iter"]
        return bool(state["position"] == 0 and str(state["epoch"]) == n_epochs)
    except (ModelFileError, KeyError, TypeError):
        return False


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
        settings: as in that run, but for `max_seconds`, the checkpoint's own settings, and, where
            the schedule is not planned over all steps, `max_epochs`.
        optimizer: as in that run.
        schedule: as in that run.

    Raises:
        ModelFileError: the file is damaged or no checkpoint, or the run was another one; the
            message says in what.
    """
    data = load_checkpoint(path)
    now, written = run_identity(problem, settings, optimizer, schedule), data.get("identity")
    try:
        n_begun = data["state"]["epoch"] + (data["state"]["position"] > 0)
    except (KeyError, TypeError):
        n_begun = 0  # what is wrong with the state is said below
    differences = ["it names none"]
    if isinstance(written, dict):
        differences = _differences(written, now, schedule, n_begun=n_begun)
    if differences:
        raise ModelFileError(
            f"{path}: this checkpoint was written with other data or other settings: "
            f"{'; '.join(differences)}",
            remedy="Resume with the data and settings it was written with (parts that are drawn by "
            "chance need the same random seed), or train anew without resuming.",
        )
    try:
        return TrainingState.from_data(data["state"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path}: this checkpoint's training state cannot be understood ({error})",
            remedy="Train anew without resuming.",
        ) from error
