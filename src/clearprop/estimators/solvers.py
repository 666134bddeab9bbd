"""From an estimator's parameters to an optimizer and a schedule; and L-BFGS, which is SciPy's."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

from clearprop.engines import Engine, Problem
from clearprop.errors import ParameterError
from clearprop.network import Layer
from clearprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Clipped,
    Momentum,
    Nadam,
    Nesterov,
    Optimizer,
    RMSprop,
)
from clearprop.schedules import (
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    OneCycle,
    Schedule,
    WarmUp,
)
from clearprop.training import Callback, Progress
from clearprop.training.interrupt import Interrupt
from clearprop.training.verdict import divergence_error, is_finite

__all__ = [
    "PLANNED",
    "STOCHASTIC_SOLVERS",
    "STOP_WARNINGS",
    "is_stochastic",
    "make_optimizer",
    "make_schedule",
    "minimize_lbfgs",
    "require_epochs",
]

STOCHASTIC_SOLVERS = ("sgd", "adam", "adamw", "nadam", "rmsprop")

PLANNED = ("cosine", "one_cycle")
"""Learning rates that follow the number of epochs."""

STOP_WARNINGS = {
    "interrupted": "Training interrupted by user.",
    "max_seconds": "Training stopped at max_time before it converged.",
    "callback": "Training stopped by a callback.",
}

Array = npt.NDArray[Any]


def is_stochastic(estimator: Any) -> bool:
    """True, or scikit-learn's AttributeError: L-BFGS has no partial_fit."""
    if estimator.solver not in STOCHASTIC_SOLVERS:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


def make_optimizer(estimator: Any) -> Optimizer:
    """The optimizer that an estimator's parameters name."""
    optimizer = _unclipped(estimator)
    if estimator.max_grad_norm is None:
        return optimizer
    return Clipped(optimizer, float(estimator.max_grad_norm))


def _unclipped(estimator: Any) -> Optimizer:
    if estimator.solver == "adam":
        return Adam(estimator.beta_1, estimator.beta_2, estimator.epsilon)
    if estimator.solver == "adamw":
        return AdamW(estimator.beta_1, estimator.beta_2, estimator.epsilon, estimator.weight_decay)
    if estimator.solver == "nadam":
        return Nadam(estimator.beta_1, estimator.beta_2, estimator.epsilon)
    if estimator.solver == "rmsprop":
        return RMSprop(estimator.beta_2, estimator.epsilon)
    if estimator.momentum == 0:
        return SGD()
    return (Nesterov if estimator.nesterovs_momentum else Momentum)(estimator.momentum)


def make_schedule(estimator: Any, steps_per_epoch: int, begun_at: int = 0) -> Schedule:
    """The learning-rate schedule that an estimator's parameters name.

    "invscaling" and "adaptive" are for SGD, as in scikit-learn; the others for every solver.

    Args:
        estimator: whose parameters are meant.
        steps_per_epoch: what an epoch of warm-up takes.
        begun_at: rows that an earlier fit has seen.
    """
    schedule = _after_warm_up(estimator, begun_at)
    n_steps = round(estimator.warmup_epochs * steps_per_epoch)
    return WarmUp(n_steps, then=schedule) if n_steps > 0 else schedule


def _after_warm_up(estimator: Any, begun_at: int) -> Schedule:
    initial, name = estimator.learning_rate_init, estimator.learning_rate
    if name == "cosine":
        return Cosine(initial)
    if name == "one_cycle":
        return OneCycle(initial)
    if estimator.solver == "sgd" and name == "invscaling":
        return InverseScaling(initial, estimator.power_t, begun_at)
    if estimator.solver == "sgd" and name == "adaptive":
        return Adaptive(initial)
    return Constant(initial)


def require_epochs(estimator: Any, caller: str) -> None:
    """Refuse a learning rate over the epochs of a training that has none.

    Args:
        estimator: whose parameters are meant.
        caller: who has no epochs, for the message.

    Raises:
        ParameterError: `learning_rate` or `warmup_epochs` needs them.
    """
    name = estimator.learning_rate
    if name in PLANNED or estimator.warmup_epochs > 0:
        told = f"learning_rate={name!r}" if name in PLANNED else "warmup_epochs"
        raise ParameterError(
            f"{told} follows the epochs of a fit, and {caller} has none",
            remedy="Set learning_rate='constant' and warmup_epochs=0, or fit with solver='adam'.",
        )


def _pack(layers: Sequence[Layer]) -> Array:
    """All weights, then all biases, in one vector: scikit-learn's order."""
    return np.concatenate([W.ravel() for W, _ in layers] + [b.ravel() for _, b in layers])


def _unpack(vector: Array, like: Sequence[Layer]) -> list[Layer]:
    pieces = np.split(vector, np.cumsum([W.size for W, _ in like] + [b.size for _, b in like])[:-1])
    return [
        Layer(W.reshape(layer.W.shape), b)
        for W, b, layer in zip(pieces[: len(like)], pieces[len(like) :], like, strict=True)
    ]


def minimize_lbfgs(
    problem: Problem,
    parameters: list[Layer],
    engine: Engine,
    *,
    max_iter: int,
    max_fun: int,
    tol: float,
    max_seconds: float | None = None,
    callbacks: Sequence[Callback] = (),
) -> tuple[list[Layer], float, int, str]:
    """Minimise the full-batch loss by L-BFGS (SciPy's L-BFGS-B without bounds).

    Args:
        problem: what is minimised.
        parameters: where to begin.
        engine: computes loss and gradient.
        max_iter: iterations at most.
        max_fun: evaluations of the loss at most.
        tol: stops when no entry of the gradient is larger.
        max_seconds: stops after this time; None for no limit.
        callbacks: told after each iteration, as an epoch of one step.

    Returns:
        Parameters, loss, number of iterations, and why it stopped: "converged", "max_epochs",
        "max_seconds", "callback" or "interrupted". Warns where it did not converge.

    Raises:
        DivergenceError: the loss or a parameter became infinite or undefined.
    """
    began = time.monotonic()
    losses: list[float] = []
    stopped = ""

    def loss_and_gradient(vector: Array) -> tuple[float, Array]:
        value, gradient = engine.loss_and_gradient(problem, _unpack(vector, parameters))
        return value, _pack(gradient).astype(np.float64)

    def after_iteration(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        nonlocal stopped
        losses.append(float(intermediate_result.fun))
        seconds = time.monotonic() - began
        vector = intermediate_result.x

        def reached() -> list[Layer]:
            return [Layer(W.copy(), b.copy()) for W, b in _unpack(vector, parameters)]

        progress = Progress(
            len(losses), max_iter, 0, 1, losses[-1], None, None, None, 0.0, seconds,
            parameters=reached,
        )  # fmt: skip
        told = [callback.on_epoch(progress) is True for callback in callbacks]
        if interrupt.requested:
            stopped = "interrupted"
        elif max_seconds is not None and seconds >= max_seconds:
            stopped = "max_seconds"
        elif any(told):
            stopped = "callback"
        if stopped:
            raise StopIteration

    with Interrupt() as interrupt, np.errstate(over="ignore", invalid="ignore"):
        result = scipy.optimize.minimize(
            loss_and_gradient,
            _pack(parameters),
            method="L-BFGS-B",
            jac=True,
            callback=after_iteration,
            options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tol},
        )
    dtype = parameters[0].W.dtype
    found = [Layer(W.astype(dtype), b.astype(dtype)) for W, b in _unpack(result.x, parameters)]
    if not (is_finite(found) and np.isfinite(result.fun)):
        raise divergence_error(problem, f"iteration {result.nit} of L-BFGS")
    if stopped:
        warnings.warn(STOP_WARNINGS[stopped], stacklevel=2)
    elif result.status != 0:
        warnings.warn(
            f"lbfgs failed to converge after {result.nit} iteration(s): {result.message}. "
            f"Increase max_iter (now {max_iter}) or standardise the inputs.",
            ConvergenceWarning,
            stacklevel=2,
        )
    reason = stopped or ("converged" if result.status == 0 else "max_epochs")
    return found, float(result.fun), min(int(result.nit), max_iter), reason
