"""One fit of an estimator: from its parameters to a training run, and from the result back.

It knows nothing of classes, labels or how rows are checked.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from clearprop.engines import Problem
from clearprop.engines.default import default_engine
from clearprop.errors import ParameterError
from clearprop.estimators.architecture import dropout_rates
from clearprop.estimators.continuation import (
    SAME_COURSE,
    goes_on_exactly,
    is_over,
    next_state,
    random_state_of_the_split,
    refuse_exact,
    seed_of_dropout,
)
from clearprop.estimators.solvers import (
    STOP_WARNINGS,
    make_optimizer,
    make_schedule,
    minimize_lbfgs,
    require_epochs,
)
from clearprop.estimators.validation import given_validation, split_validation
from clearprop.estimators.verbose import VerboseLines
from clearprop.estimators.watching import LOSS, curves_of_metrics, watch
from clearprop.training import Callback, TrainingResult, TrainingSettings, fit
from clearprop.training.resume import resume, run_identity
from clearprop.training.verdict import warn_if_useless

__all__ = ["fit_lbfgs", "fit_stochastic"]

_BLOWN_UP = 1e6


def fit_lbfgs(
    estimator: Any, problem: Problem, *, X_val: Any, y_val: Any, tasks: Sequence[Callback] = ()
) -> None:
    """Fit by L-BFGS, which has neither epochs nor validation.

    Args:
        estimator: with its initial parameters; gets the fitted attributes.
        problem: what is minimised.
        X_val: refused, where given.
        y_val: refused, where given.
        tasks: told of progress, besides the estimator's callbacks.

    Raises:
        ParameterError: a parameter that L-BFGS has no use for.
        DivergenceError: the loss or a parameter became infinite or undefined.
    """
    require_epochs(estimator, "solver='lbfgs'")
    refuse_exact(estimator)
    unused = {
        "X_val": X_val,
        "y_val": y_val,
        "checkpoint": estimator.checkpoint,
        "max_grad_norm": estimator.max_grad_norm,
        "dropout": estimator.dropout if np.any(estimator.dropout) else None,
        "metrics": estimator.metrics,
    }
    for name, value in unused.items():
        if value is not None:
            raise ParameterError(
                f"{name}: solver='lbfgs' has no use for it",
                remedy=f"Leave {name} out, or choose solver='adam' or 'sgd'.",
            )
    problem = replace(problem, Y=estimator._loss_targets(problem.Y))
    parameters, estimator.loss_, estimator.n_iter_, estimator.stopped_ = minimize_lbfgs(
        problem,
        estimator.parameters_,
        default_engine(estimator.n_threads),
        max_iter=estimator.max_iter,
        max_fun=estimator.max_fun,
        tol=estimator.tol,
        max_seconds=estimator.max_time,
        callbacks=[*_callbacks(estimator), *tasks],
    )
    estimator._keep_parameters(parameters)
    limit = f"{estimator.n_iter_} iterations" if estimator.stopped_ != "converged" else ""
    warn_if_useless(problem, parameters, ended=limit)


def fit_stochastic(
    estimator: Any,
    problem: Problem,
    *,
    incremental: bool,
    X_val: Any,
    y_val: Any,
    tasks: Sequence[Callback] = (),
) -> None:
    """Fit by a stochastic solver.

    Args:
        estimator: with the parameters to begin with; gets the fitted attributes.
        problem: what is minimised, the rows of a validation part to be set aside included.
        incremental: whether this is `partial_fit`: one epoch, going on with the optimizer.
        X_val: the caller's own validation rows, or None.
        y_val: their targets.
        tasks: told of progress, besides the estimator's callbacks.

    Raises:
        ParameterError: parameters that do not go together.
        DivergenceError: training produced infinite or undefined numbers.
    """
    _refuse_for_stochastic(estimator, incremental)
    exact = goes_on_exactly(estimator) and not incremental
    validation = None
    if X_val is not None or y_val is not None:
        validation = given_validation(estimator, problem, X_val, y_val)
    elif estimator.early_stopping:
        problem, validation = split_validation(
            estimator, problem, random_state_of_the_split(estimator, incremental), incremental
        )
    problem = replace(problem, Y=estimator._loss_targets(problem.Y))
    dropout = dropout_rates(estimator.dropout, problem.network.n_layers - 1)
    if any(dropout):
        seed = seed_of_dropout(estimator, incremental=incremental)
        problem = replace(problem, dropout=dropout, dropout_seed=seed)
    optimizer = make_optimizer(estimator)
    state = next_state(estimator, optimizer, incremental=incremental)
    if incremental and validation is not None and state.best_parameters is not None:
        # These may be other rows than the last call's; the best so far must prove itself on them.
        score = validation.score(state.best_parameters)
        state.best_score = -math.inf if math.isnan(score) else score
    told_apart = exact or estimator.checkpoint is not None
    settings = _settings(
        estimator,
        problem,
        max_epochs=1 if incremental else state.epoch + estimator.max_iter,
        validation=validation.digest() if validation is not None and told_apart else "",
    )
    steps_per_epoch = -(-len(problem.Y) // settings.batch_size)
    schedule = make_schedule(
        estimator, steps_per_epoch, 0 if incremental or exact else estimator.t_
    )
    if exact:
        identity = run_identity(problem, settings, optimizer, schedule)
        course = {name: identity[name] for name in SAME_COURSE}
        if is_over(estimator, state, course):
            return
        estimator._course = course
    if estimator.resume and settings.checkpoint is not None and settings.checkpoint.exists():
        state = resume(settings.checkpoint, problem, settings, optimizer, schedule)
    result = fit(
        problem,
        state,
        settings,
        optimizer=optimizer,
        schedule=schedule,
        engine=default_engine(estimator.n_threads),
        validation_score=None if validation is None else validation.score,
        watch=(
            watch(estimator, problem, None, None)
            if validation is None
            else watch(estimator, problem, validation.judged, validation.Y)
        ),
        callbacks=[*_callbacks(estimator), *tasks],
    )
    if not exact:
        # The order of the rows is as long as the data; a pickle should not hold it.
        result.state.order = None
    _keep_result(estimator, result, validated=validation is not None)
    estimator.__dict__.pop("_amid_partial_fit", None)
    if incremental:
        estimator._amid_partial_fit = True
        _after_partial_fit(estimator, problem, result.stopped)
    else:
        _after_fit(estimator, problem, result.stopped)


def _refuse_for_stochastic(estimator: Any, incremental: bool) -> None:
    if not incremental:
        refuse_exact(estimator)
        return
    if estimator.checkpoint is not None or estimator.resume:
        raise ParameterError(
            "partial_fit keeps no checkpoint: it would go back to it at every call",
            remedy="Leave checkpoint and resume out, or call fit.",
        )
    require_epochs(estimator, "partial_fit")


def _after_fit(estimator: Any, problem: Problem, stopped: str) -> None:
    if stopped in STOP_WARNINGS:
        warnings.warn(STOP_WARNINGS[stopped], stacklevel=5)
    elif stopped == "max_epochs":
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=5,
        )
    warn_if_useless(
        problem,
        estimator.parameters_,
        estimator.learning_rate_init,
        curve=estimator.loss_curve_,
        ended=f"{estimator.n_iter_} epochs",
    )


def _callbacks(estimator: Any) -> list[Callback]:
    lines = [VerboseLines(estimator)] if estimator.verbose else []
    return [*(estimator.callbacks or ()), *lines]


def _after_partial_fit(estimator: Any, problem: Problem, stopped: str) -> None:
    if stopped == "interrupted":
        # A loop around partial_fit would otherwise go on; what was learned is kept.
        raise KeyboardInterrupt
    if stopped in STOP_WARNINGS:
        warnings.warn(STOP_WARNINGS[stopped], stacklevel=5)
    # One epoch need not beat a constant yet, but a loss like this one never will.
    if estimator.loss_ > _BLOWN_UP:
        warn_if_useless(
            problem, estimator.parameters_, estimator.learning_rate_init, beyond=_BLOWN_UP
        )


def _settings(
    estimator: Any, problem: Problem, *, max_epochs: int, validation: str
) -> TrainingSettings:
    n_samples = len(problem.Y)
    batch_size = (
        min(200, n_samples) if estimator.batch_size == "auto" else int(estimator.batch_size)
    )
    if batch_size > n_samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=5,
        )
        batch_size = n_samples
    return TrainingSettings(
        batch_size=batch_size,
        max_epochs=max_epochs,
        shuffle=bool(estimator.shuffle),
        tolerance=estimator.tol,
        patience=estimator.n_iter_no_change,
        max_seconds=estimator.max_time,
        validation=validation,
        checkpoint=None if estimator.checkpoint is None else Path(estimator.checkpoint),
        checkpoint_seconds=estimator.checkpoint_seconds,
    )


def _keep_result(estimator: Any, result: TrainingResult, *, validated: bool) -> None:
    state = result.state
    estimator.stopped_ = result.stopped
    estimator._keep_parameters(result.parameters)
    estimator._training = state
    estimator.n_iter_ = state.epoch
    estimator.t_ = state.samples_seen
    estimator.loss_curve_ = state.loss_curve
    estimator.loss_ = state.loss_curve[-1] if state.loss_curve else np.inf
    estimator.validation_scores_ = state.validation_scores if validated else None
    estimator.validation_loss_curve_ = state.curves.get(LOSS, []) if validated else None
    asked = estimator.metrics is not None
    estimator.metric_curves_ = curves_of_metrics(state.curves) if asked else None
    estimator.best_validation_score_ = state.best_score if validated else None
    estimator.best_loss_ = None if validated else state.best_loss
