"""What became of a training run: its result, why it stopped, and whether the model is of any use.

A run that diverged is never returned in silence: it raises, or warns where there is a model worth
keeping, with the likely cause and the remedy.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearprop.backprop import forward, loss
from clearprop.engines import Problem
from clearprop.errors import DivergenceError, DivergenceWarning
from clearprop.losses import OUTPUTS
from clearprop.network import Layer, Network
from clearprop.training.state import TrainingState

__all__ = [
    "TrainingResult",
    "divergence_error",
    "is_finite",
    "warn_if_useless",
]

_LARGE = 1e3
_JUDGED_ROWS = 4096
_ROUNDING = 1e-5  # a loss lower by no more than this share is float32's rounding
_FAR = 10.0  # beyond so many times the constant's loss, training has blown up
_STRONG_PENALTY = 0.1  # alpha per row


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of `training.fit`.

    Attributes:
        parameters: the best by validation score where there is validation, else the last.
        state: where the run stood when it stopped.
        stopped: "max_epochs", "no_improvement", "max_seconds", "callback", "interrupted" or
            "diverged".
    """

    parameters: list[Layer]
    state: TrainingState
    stopped: str


def is_finite(parameters: list[Layer]) -> bool:
    """Whether every weight and bias is a finite number."""
    return all(bool(np.isfinite(W).all() and np.isfinite(b).all()) for W, b in parameters)


def _largest_input(X: Any) -> tuple[float, int]:
    """The largest absolute value of X, and its column."""
    if sparse.issparse(X):
        columns = np.asarray(abs(X).max(axis=0).todense()).ravel()
    else:
        columns = np.max(np.abs(X), axis=0)
    column = int(np.argmax(columns))
    return float(columns[column]), column


def _scale_cause(problem: Problem) -> tuple[str, str] | None:
    """Cause and remedy where inputs or targets are not scaled, else None."""
    largest, column = _largest_input(problem.X)
    inputs_remedy = (
        "Standardise the inputs, for instance with sklearn.preprocessing.StandardScaler in a "
        "Pipeline."
    )
    if not largest <= _LARGE:
        return (
            f"the inputs are not scaled: column {column} of X reaches {largest:.3g}",
            inputs_remedy,
        )
    if 0.0 < largest < 1.0 / _LARGE:
        return f"the inputs are not scaled: no column of X exceeds {largest:.3g}", inputs_remedy
    largest_target = float(np.max(np.abs(problem.Y)))
    if not largest_target <= _LARGE:
        return _targets_cause(largest_target)
    centre, spread = np.abs(np.mean(problem.Y, axis=0)), np.std(problem.Y, axis=0)
    off_centre = OUTPUTS[problem.network.output].formula == "z" and bool(
        np.any(centre > 10.0 * (spread + 1.0))
    )
    return _targets_cause(largest_target) if off_centre else None


def _targets_cause(largest: float) -> tuple[str, str]:
    return (
        f"the targets are not scaled: they reach {largest:.3g}",
        "Standardise the targets, for instance with sklearn.compose.TransformedTargetRegressor.",
    )


def _rate_cause(learning_rate: float) -> tuple[str, str]:
    return (
        f"the learning rate of {learning_rate:.3g} is likely too high",
        f"Lower learning_rate_init, say to {min(learning_rate / 10, 1e-3):.0e}, and raise it again "
        "while training stays stable.",
    )


def divergence_error(
    problem: Problem, where: str, learning_rate: float | None = None
) -> DivergenceError:
    """The error for a run whose numbers became infinite or undefined.

    Args:
        problem: what was trained on; its inputs tell the cause.
        where: "epoch 1, step 3" or so.
        learning_rate: at that step; None where the solver has none.
    """
    cause, remedy = _scale_cause(problem) or (
        (
            "the inputs or the initial weights do not suit this network",
            "Standardise the inputs, or use the solver 'adam'.",
        )
        if learning_rate is None
        else _rate_cause(learning_rate)
    )
    return DivergenceError(
        # scikit-learn's sentences, which callers may look for.
        "Solver produced non-finite parameter weights. The input data may contain large values and "
        f"need to be preprocessed. Training diverged in {where}. Likely cause: {cause}.",
        remedy=remedy,
    )


def _is_useless(reached: float, trivial: float) -> bool:
    return not reached < trivial * (1.0 - _ROUNDING)


def _reached_and_trivial(problem: Problem, parameters: list[Layer]) -> tuple[float, float]:
    """Mean loss of the parameters, and of the best constant prediction.

    Of evenly spread rows where there are many; of all rows where those make the model look useless.
    """
    n_samples = len(problem.Y)
    if n_samples > _JUDGED_ROWS:
        spread = np.linspace(0, n_samples - 1, _JUDGED_ROWS).astype(np.int64)
        losses = _losses(problem, parameters, spread)
        if not _is_useless(*losses):
            return losses
    return _losses(problem, parameters, np.arange(n_samples))


def _losses(
    problem: Problem, parameters: list[Layer], rows: npt.NDArray[np.int64]
) -> tuple[float, float]:
    network = replace(problem.network, reduction="sum")
    weight = np.ones(len(problem.Y)) if problem.sample_weight is None else problem.sample_weight
    total = float(np.sum(weight[rows]))
    if total == 0.0:
        return 0.0, 0.0
    logits = OUTPUTS[network.output].link(_best_constant(network, problem.Y[rows], weight[rows]))
    reached = trivial = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(rows), _JUDGED_ROWS):
            block = rows[start : start + _JUDGED_ROWS]
            Y, weights = problem.Y[block], weight[block]
            passes = forward(network, parameters, problem.X[block])
            reached += float(loss(network, passes, Y, sample_weight=weights))
            passes = passes._replace(z=[np.broadcast_to(logits, Y.shape)])
            trivial += float(loss(network, passes, Y, sample_weight=weights))
    return reached / total, trivial / total


def _best_constant(
    network: Network, Y: npt.NDArray[Any], weight: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """The constant prediction of least loss; for Huber's, between mean and median, the median."""
    if OUTPUTS[network.output].branch is None:
        mean: npt.NDArray[Any] = np.average(Y, axis=0, weights=weight)
        return mean
    levels = network.output_parameters if network.output == "quantile" else [0.5] * Y.shape[1]
    columns = zip(Y.T, levels, strict=True)
    return np.array(
        [np.quantile(y, p, weights=weight, method="inverted_cdf") for y, p in columns], Y.dtype
    )


def warn_if_useless(
    problem: Problem,
    parameters: list[Layer],
    learning_rate: float | None = None,
    *,
    curve: Sequence[float] = (),
    ended: str = "",
    beyond: float = 1.0,
) -> None:
    """Warn of a model whose loss is no better than a constant prediction's.

    Args:
        problem: what was trained on.
        parameters: what came out.
        learning_rate: the first one; None where the solver has none.
        curve: training loss of each epoch; tells a rate too high from a training too short.
        ended: how long training took, such as "3 epochs"; "" where it had converged.
        beyond: warn only where the loss is more than so many times the constant's.
    """
    weight = problem.sample_weight
    targets = problem.Y if weight is None else problem.Y[weight > 0]
    if len(targets) == 0:
        return
    reached, trivial = _reached_and_trivial(problem, parameters)
    if not np.ptp(targets, axis=0).any():
        useless = not reached <= _right_enough(problem, targets)
    else:
        useless = _is_useless(reached, beyond * trivial)
    if not useless:
        return
    short = bool(ended) and (len(curve) < 2 or curve[-1] < curve[0] * (1.0 - _ROUNDING))
    cause, remedy = _useless_cause(
        problem, learning_rate, ended=ended if short else "", ratio=reached / max(trivial, 1e-300)
    )
    warnings.warn(
        f"The trained network's loss on its own training rows, {reached:.6g}, is no better than "
        f"that of always predicting the same, {trivial:.6g}. Likely cause, if the inputs do tell "
        f"something of the target: {cause}. {remedy}",
        DivergenceWarning,
        stacklevel=2,
    )


def _right_enough(problem: Problem, targets: npt.NDArray[Any]) -> float:
    """The loss up to which a constant target is met: 10 % off, or the right class likelier."""
    output = OUTPUTS[problem.network.output]
    if output.branch is not None:
        sizes = 0.1 * np.maximum(1.0, np.abs(targets[:1]))
        sides = [targets[:1] - sizes, targets[:1] + sizes]
        numbers = problem.network.output_parameters
        terms = [output.loss_terms(side, targets[:1], numbers).sum() for side in sides]
        return float(min(terms))
    if output.name == "identity":
        squares = [float(value) ** 2 for value in targets[0]]
        return 0.005 * max(1.0, sum(squares))
    return math.log(2.0) * float(problem.Y.shape[1])


def _after(ended: str) -> str:
    """How long training took, in words.

    Examples:
        >>> _after("3 epochs"), _after("1 epochs"), _after("0 epochs")
        ('after 3 epochs', 'after 1 epoch', 'within the first epoch')
    """
    count, _, nouns = ended.partition(" ")
    noun = nouns.removesuffix("s")
    return {"0": f"within the first {noun}", "1": f"after 1 {noun}"}.get(count, f"after {ended}")


def _useless_cause(  # noqa: PLR0911 - one return for each cause
    problem: Problem, learning_rate: float | None, *, ended: str, ratio: float
) -> tuple[str, str]:
    """Cause and remedy, by what the data and the course of training show."""
    X = problem.X
    varies = (
        bool((X.max(axis=0) != X.min(axis=0)).nnz)
        if sparse.issparse(X)
        else bool(np.any(np.max(X, axis=0) != np.min(X, axis=0)))
    )
    if not varies:
        return "every column of X is constant", "Give columns that vary."
    scale = _scale_cause(problem)
    if scale is not None:
        return scale
    if problem.l2 > _STRONG_PENALTY * len(problem.Y):
        return (
            f"the penalty of alpha={problem.l2:g} holds all weights near 0",
            "Lower alpha; its default is 1e-4.",
        )
    if learning_rate is not None and (learning_rate >= 1.0 or (ratio > _FAR and not ended)):
        return _rate_cause(learning_rate)
    if ended:
        return (
            f"training ended {_after(ended)}, with the loss still falling",
            "Train for longer or in larger steps: raise max_iter, n_iter_no_change or "
            "learning_rate_init, and standardise inputs and targets.",
        )
    if learning_rate is None:
        return (
            "the inputs or the initial weights do not suit this network",
            "Standardise the inputs, or use the solver 'adam'.",
        )
    return (
        f"the learning rate of {learning_rate:.3g} does not suit the data, or the training was "
        "too short",
        "Try learning_rate_init=0.001 where it is far from that, and a larger max_iter.",
    )
