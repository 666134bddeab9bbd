"""The validation rows of an estimator's training: a part set aside, or the caller's own.

Each way gives the score that training stops on, and a digest by which a run that goes on knows that
it is judged by the same rows and metric.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils.validation import _num_samples

from clearprop.engines import Problem
from clearprop.errors import ParameterError
from clearprop.estimators.rows import as_rows, as_targets
from clearprop.estimators.scoring import Score, judge_of, make_score
from clearprop.estimators.splitting import split_rows
from clearprop.training.state import fingerprint

__all__ = ["Validation", "given_validation", "split_validation"]


@dataclass(frozen=True)
class Validation:
    """What judges each epoch.

    Attributes:
        score: from parameters to a score, higher is better.
        judged: the validation rows, with labels in place of targets.
        Y: their targets.
        digest: tells the rows and the metric from others; only asked for where that matters.
    """

    score: Score
    judged: Problem
    Y: Any
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
    y_val = estimator._original_targets(Y[set_aside])
    judged = Problem(problem.network, X[set_aside], y_val, weights[1])
    problem = replace(problem, X=X[train], Y=Y[train], sample_weight=weights[0])
    return problem, _validation(estimator, judged, Y[set_aside])


def given_validation(estimator: Any, problem: Problem, X_val: Any, y_val: Any) -> Validation:
    """What judges on the caller's own validation rows.

    Args:
        estimator: checks the rows as it checks those to predict.
        problem: what is trained on.
        X_val: shape (n_rows, n_features).
        y_val: their targets, as given to `fit`.

    Raises:
        ParameterError: one of the two is missing, their lengths differ, or y_val has other columns
            or classes than y.
    """
    if X_val is None or y_val is None:
        raise ParameterError(
            "X_val and y_val: got only one of the two", remedy="Give both, or none."
        )
    y_val = _as_labels(y_val)
    n_columns = _n_columns(estimator._original_targets(problem.Y[:1]))
    if _n_columns(y_val) != n_columns:
        raise ParameterError(
            f"y_val: got {_n_columns(y_val)} columns, and y has {n_columns}",
            remedy="Give y_val the columns of y.",
        )
    is_labels = is_classifier(estimator) and y_val.ndim == 1
    unknown = np.setdiff1d(y_val, estimator.classes_).tolist() if is_labels else []
    if unknown:
        raise ParameterError(
            f"y_val: got {unknown[0]!r}, which is no class of y",
            remedy=f"Give only the classes of y: {', '.join(map(str, estimator.classes_))}.",
        )
    if len(y_val) != _num_samples(X_val):
        raise ParameterError(
            f"X_val has {_num_samples(X_val)} rows and y_val {len(y_val)}",
            remedy="Give one target per validation row.",
        )
    X_val, Y_val = estimator._known_targets(X_val, y_val)
    X_val, Y_val = as_rows(X_val, problem.X.dtype), as_targets(Y_val, problem.X.dtype)
    judged = Problem(problem.network, X_val, y_val, estimator._weights_of_labels(y_val))
    return _validation(estimator, judged, Y_val)


def _as_labels(y_val: Any) -> Any:
    """An array of as many dimensions as `fit` makes of y: sparse indicators and columns too."""
    y_val = y_val.toarray() if sparse.issparse(y_val) else np.asarray(y_val)
    return y_val[:, 0] if y_val.ndim == 2 and y_val.shape[1] == 1 else y_val


def _n_columns(targets: Any) -> int:
    return targets.shape[1] if targets.ndim == 2 else 1


def _validation(estimator: Any, judged: Problem, Y: Any) -> Validation:
    scoring = estimator.scoring
    score = make_score(judge_of(estimator), judged, scoring, f"scoring={scoring!r}")
    return Validation(score, judged, Y, functools.partial(_digest, estimator, judged))


def _digest(estimator: Any, judged: Problem) -> str:
    # A scorer's repr may hold an address, which is another one in the next process.
    metric = estimator.scoring
    return fingerprint(judged, metric if isinstance(metric, str) else type(metric).__qualname__)
