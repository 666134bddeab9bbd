"""From one fit to the next: what of the last one's state the next one begins with.

Three ways: scikit-learn's warm start (the weights, and a new optimizer), `partial_fit` (the weights
and the optimizer), and warm_start="exact" (everything, so that two fits are one longer fit). It
knows nothing of rows, classes or how training goes.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from clearprop.errors import ParameterError
from clearprop.estimators.solvers import PLANNED
from clearprop.optimizers import Optimizer
from clearprop.training import TrainingState

__all__ = [
    "SAME_COURSE",
    "goes_on_exactly",
    "is_over",
    "next_random_state",
    "next_state",
    "random_state_of_the_split",
    "refuse_exact",
    "seed_of_dropout",
    "state_to_pickle",
]

Course = dict[str, str]

SAME_COURSE = ("X", "y", "sample_weight", "validation", "batch_size")
"""What must be as it was, by `run_identity`'s names, for an epoch to be gone on with midway."""


def goes_on_exactly(estimator: Any) -> bool:
    """Whether `fit` goes on with everything, where there is something to go on with."""
    return bool(estimator.warm_start == "exact")


def refuse_exact(estimator: Any) -> None:
    """Refuse warm_start="exact" where two fits cannot be one.

    Raises:
        ParameterError: the solver is SciPy's, or the learning rate is planned for one fit.
    """
    if not goes_on_exactly(estimator):
        return
    if estimator.solver == "lbfgs":
        raise ParameterError(
            "warm_start='exact': solver='lbfgs' cannot go on exactly, as SciPy keeps its state",
            remedy="Set warm_start=True, which goes on from the weights, or choose solver='adam'.",
        )
    if estimator.learning_rate in PLANNED:
        raise ParameterError(
            f"warm_start='exact': learning_rate={estimator.learning_rate!r} is planned over the "
            "epochs of one fit, and ends with it",
            remedy="Choose another learning_rate; to go on with a fit that was stopped, use "
            "checkpoint and resume.",
        )


def next_random_state(estimator: Any, *, begins: bool) -> np.random.RandomState:
    """The generator of the next fit: drawn on, where everything goes on, else from the seed.

    Args:
        estimator: whose `random_state` is meant.
        begins: whether the fit draws initial weights, or is `partial_fit`'s.
    """
    if goes_on_exactly(estimator) and not begins:
        training: TrainingState = estimator._training
        return training.random_state
    generator: np.random.RandomState = check_random_state(estimator.random_state)
    return generator


def random_state_of_the_split(estimator: Any, incremental: bool) -> np.random.RandomState:
    """The generator that sets the validation rows aside.

    Where training goes on, it is the same one each time, so that rows given again are divided as
    they were and none is learned from that judges.
    """
    goes_on = incremental or goes_on_exactly(estimator)
    if not (goes_on and hasattr(estimator, "_split_state")):
        generator: np.random.RandomState = estimator._random_state
        estimator._split_state = copy.deepcopy(generator)
        return generator
    before: np.random.RandomState = copy.deepcopy(estimator._split_state)
    return before


def seed_of_dropout(estimator: Any, *, incremental: bool) -> int:
    """Which units are dropped: drawn once where everything goes on, else for each fit.

    Drawn where dropout is used alone, so that every other draw stays scikit-learn's.

    Args:
        estimator: whose generator draws it.
        incremental: whether this is `partial_fit`.
    """
    goes_on = goes_on_exactly(estimator) and not incremental
    if not (goes_on and hasattr(estimator, "_dropout_seed")):
        generator: np.random.RandomState = estimator._random_state
        estimator._dropout_seed = int(generator.randint(np.iinfo(np.int32).max))
    seed: int = estimator._dropout_seed
    return seed


def next_state(estimator: Any, optimizer: Optimizer, *, incremental: bool) -> TrainingState:
    """The state to begin with: of a new run, or going on from the last one.

    Args:
        estimator: with its initial parameters at least.
        optimizer: whose state is gone on with, if it is of the same kind.
        incremental: whether this is `partial_fit`.
    """
    before: TrainingState = estimator._training
    exact = goes_on_exactly(estimator) and not incremental
    diverged = getattr(estimator, "stopped_", "") == "diverged"
    state = copy.copy(before)
    state.random_state = estimator._random_state
    goes_on = (exact or incremental) and not diverged
    # Where a validation score chose, the estimator holds the best parameters, not the last.
    chosen = getattr(estimator, "validation_scores_", None) is not None
    if not (goes_on and chosen and _keeps_last(estimator)):
        state.parameters = estimator.parameters_
    state.loss_curve = list(before.loss_curve)
    state.validation_scores = list(before.validation_scores)
    state.curves = {name: list(curve) for name, curve in before.curves.items()}
    slots = None if state.optimizer_state is None else state.optimizer_state.slots.keys()
    if not goes_on or slots != optimizer.start([]).slots.keys():
        state.optimizer_state, state.plateaus, state.step = None, 0, 0
    if not exact:
        state.epoch = 0
        begin_epoch(state)
    return state


def begin_epoch(state: TrainingState) -> None:
    """Forget the order of the rows, and what was done of an epoch."""
    state.position, state.loss_sum, state.order = 0, 0.0, None


def is_over(estimator: Any, state: TrainingState, course: Course) -> bool:
    """Whether one longer fit would have ended where the last fit did; on other rows, begins anew.

    Args:
        estimator: fitted before or not.
        state: to go on from; where the rows are others, its epoch and its patience begin anew.
        course: of this fit, as `_course` holds that of the last one.
    """
    if getattr(estimator, "_course", None) != course:
        begin_epoch(state)
        state.no_improvement = 0
        return False
    return (
        getattr(estimator, "stopped_", "") == "no_improvement"
        and state.no_improvement > estimator.n_iter_no_change
    )


def _keeps_last(estimator: Any) -> bool:
    """Whether the last parameters, where the best are others, are kept to go on from."""
    return goes_on_exactly(estimator) or hasattr(estimator, "_amid_partial_fit")


def state_to_pickle(estimator: Any) -> TrainingState:
    """What the next fit needs of the last one's state, and no more."""
    training: TrainingState = copy.copy(estimator._training)
    if not _keeps_last(estimator):
        training.parameters = estimator.parameters_
        training.optimizer_state = None
    return training
