"""The validation rows of an estimator's training: a part set aside, or the caller's own.

Each way gives the score that training stops on, and a digest by which a run that goes on knows that
it is judged by the same rows and metric.
"""

from __future__ import annotations

import copy
import functools
import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier

from clearprop.engines import Problem
from clearprop.errors import DataWarning, ParameterError
from clearprop.estimators.splitting import split_rows
from clearprop.network import Layer
from clearprop.training.state import fingerprint

__all__ = ["Validation", "given_validation", "split_validation"]

Score = Callable[[list[Layer]], float]


@dataclass(frozen=True)
class Validation:
    """What judges each epoch.

    Attributes:
        score: from parameters to a score, higher is better.
        digest: tells the rows and the metric from others; only asked for where that matters.
    """

    score: Score
    digest: Callable[[], str]


def split_validation(
    estimator: Any, problem: Problem, random_state: np.random.RandomState, incremental: bool
) -> tuple[Problem, Validation]:
    """Set a part of the rows aside.

    Args:
        estimator: whose parameters decide.
        problem: all rows.
        random_state: drawn from.
        incremental: whether these are the rows of one call of `partial_fit`.

    Returns:
        The rows left to train on, and what judges on the others.

    Raises:
        ParameterError: fewer than two rows would be set aside.
    """
    X, Y, weight = problem.X, problem.Y, problem.sample_weight
    train, set_aside = split_rows(estimator, Y, random_state, incremental)
    weights = (None, None) if weight is None else (weight[train], weight[set_aside])
    y_val = estimator._decode_targets(Y[set_aside])
    judged = Problem(problem.network, X[set_aside], y_val, weights[1])
    problem = Problem(problem.network, X[train], Y[train], weights[0], problem.l2)
    return problem, _validation(estimator, judged)


def given_validation(estimator: Any, problem: Problem, X_val: Any, y_val: Any) -> Validation:
    """What judges on the caller's own validation rows.

    Args:
        estimator: checks the rows as it checks those to predict.
        problem: what is trained on.
        X_val: shape (n_rows, n_features).
        y_val: their targets, as given to `fit`.

    Raises:
        ParameterError: one of the two is missing, or their lengths differ.
    """
    if X_val is None or y_val is None:
        raise ParameterError(
            "X_val and y_val: got only one of the two", remedy="Give both, or none."
        )
    X_val, y_val = estimator._check_rows(X_val), np.asarray(y_val)
    is_labels = is_classifier(estimator) and y_val.ndim == 1
    unknown = np.setdiff1d(y_val, estimator.classes_).tolist() if is_labels else []
    if unknown:
        raise ParameterError(
            f"y_val: got {unknown[0]!r}, which is no class of y",
            remedy=f"Give only the classes of y: {', '.join(map(str, estimator.classes_))}.",
        )
    if len(y_val) != X_val.shape[0]:
        raise ParameterError(
            f"X_val has {X_val.shape[0]} rows and y_val {len(y_val)}",
            remedy="Give one target per validation row.",
        )
    judged = Problem(problem.network, X_val, y_val, estimator._weights_of_labels(y_val))
    return _validation(estimator, judged)


def _validation(estimator: Any, judged: Problem) -> Validation:
    return Validation(_score(estimator, judged), functools.partial(_digest, estimator, judged))


def _score(estimator: Any, judged: Problem) -> Score:
    X_val, y_val, weight = judged.X, judged.Y, judged.sample_weight
    judge = copy.copy(estimator)
    # The rows are arrays by now; scikit-learn would miss the names they came with.
    judge.__dict__.pop("feature_names_in_", None)
    scorer = None
    if estimator.scoring is not None:
        from sklearn.metrics import get_scorer  # noqa: PLC0415 - fitting starts sooner without

        scorer = get_scorer(estimator.scoring)
    weights: dict[str, npt.NDArray[Any]] = {} if weight is None else {"sample_weight": weight}
    if weights and scorer is not None and not _takes_weights(scorer):
        warnings.warn(
            f"scoring={estimator.scoring!r} takes no sample_weight: the validation rows count "
            "alike, whatever their weights. Score by a function with a parameter sample_weight.",
            DataWarning,
            stacklevel=2,
        )
        weights = {}

    def score(parameters: list[Layer]) -> float:
        judge._keep_parameters(parameters)
        # A score beyond all numbers is a bad score; training reports divergence with its cause.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if scorer is not None:
                return float(scorer(judge, X_val, y_val, **weights))
            yhat = judge._forward(X_val)
            if not np.isfinite(yhat).all():
                return float("nan")
            return float(judge._default_score(y_val, judge._decode_targets(yhat), weight))

    return score


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer, or the metric that scikit-learn made it from, has sample_weight."""
    parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    return "sample_weight" in parameters or any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
    )


def _digest(estimator: Any, judged: Problem) -> str:
    # A scorer's repr may hold an address, which is another one in the next process.
    metric = estimator.scoring
    return fingerprint(judged, metric if isinstance(metric, str) else type(metric).__qualname__)
