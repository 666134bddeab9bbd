"""What is looked at after each epoch besides the score: the validation loss, and metrics asked for.

Nothing here decides anything; with no validation rows and no metrics there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from clearprop.backprop import Passes, loss
from clearprop.engines import Problem
from clearprop.engines.default import default_engine
from clearprop.estimators.scoring import judge_of, make_score
from clearprop.network import Layer, Network

__all__ = ["Watch", "curves_of_metrics", "watch", "watch_loss"]

Watch = Callable[[list[Layer]], dict[str, float]]

LOSS = "loss"
"""The validation loss's name among `TrainingState.curves`; a metric's begins with its part."""

PARTS = ("training", "validation")


def watch(estimator: Any, train: Problem, judged: Problem | None, Y_val: Any) -> Watch | None:
    """All that is to be looked at, or None.

    Args:
        estimator: whose `metrics` are meant.
        train: what is trained on.
        judged: the validation rows, with labels in place of targets; None without.
        Y_val: their targets.
    """
    looks: dict[str, Callable[[list[Layer]], float]] = {}
    if judged is not None:
        looks[LOSS] = watch_loss(estimator, judged, Y_val)
    if estimator.metrics is not None:
        labelled = Problem(
            train.network, train.X, estimator._original_targets(train.Y), train.sample_weight
        )
        for part, rows in zip(PARTS, (labelled, judged), strict=True):
            if rows is not None:
                looks |= _watch_metrics(estimator, part, rows)
    if not looks:
        return None
    return lambda parameters: {name: look(parameters) for name, look in looks.items()}


def watch_loss(estimator: Any, judged: Problem, Y_val: Any) -> Callable[[list[Layer]], float]:
    """The mean loss of the validation rows, without penalty, from the logits.

    Args:
        estimator: whose `n_threads` compute it.
        judged: the rows and their weights.
        Y_val: their targets.
    """
    network = judged.network
    # What the network gives without its last function are the logits.
    up_to_logits = Network(network.sizes, network.hidden, "identity")
    targets = np.asarray(estimator._loss_targets(Y_val), np.float64)

    def value(parameters: list[Layer]) -> float:
        z = default_engine(estimator.n_threads).predict(up_to_logits, parameters, judged.X)
        z = z.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            passes = Passes([], [z], z)
            return float(loss(network, passes, targets, sample_weight=judged.sample_weight))

    return value


def _watch_metrics(
    estimator: Any, part: str, rows: Problem
) -> dict[str, Callable[[list[Layer]], float]]:
    named = estimator.metrics
    if not isinstance(named, dict):
        named = {name: name for name in named}
    judge = judge_of(estimator)
    return {
        f"{part} {name}": make_score(judge, rows, scoring, f"metrics: {name}")
        for name, scoring in named.items()
    }


def curves_of_metrics(curves: dict[str, list[float]]) -> dict[str, dict[str, list[float]]]:
    """The metrics' curves, by part and name.

    Args:
        curves: `TrainingState.curves`.

    Examples:
        >>> curves_of_metrics({"loss": [0.5], "training accuracy": [0.9]})
        {'training': {'accuracy': [0.9]}, 'validation': {}}
    """
    return {
        part: {
            name.removeprefix(f"{part} "): curve
            for name, curve in curves.items()
            if name.startswith(f"{part} ")
        }
        for part in PARTS
    }
