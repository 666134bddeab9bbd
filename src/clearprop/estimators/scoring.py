"""From parameters to a figure: a scikit-learn scorer, or an estimator's own score, on some rows."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.engines import Problem
from clearprop.errors import DataWarning, ParameterError
from clearprop.estimators.refusals import nearest_scorer
from clearprop.network import Layer

__all__ = ["Score", "judge_of", "make_score"]

Score = Callable[[list[Layer]], float]


def judge_of(estimator: Any) -> Any:
    """A copy of an estimator that is given parameters to be judged with."""
    judge = copy.copy(estimator)
    # The rows are arrays by now; scikit-learn would miss the names they came with.
    judge.__dict__.pop("feature_names_in_", None)
    return judge


def make_score(judge: Any, judged: Problem, scoring: Any, said: str) -> Score:
    """The score of parameters on some rows.

    Args:
        judge: from `judge_of`.
        judged: the rows, with labels in place of targets.
        scoring: a scorer or its name; None for the estimator's own score.
        said: the parameter that asks for it, for a warning.
    """
    X, y, weight = judged.X, judged.Y, judged.sample_weight
    scorer = None
    if scoring is not None:
        from sklearn.metrics import get_scorer  # noqa: PLC0415 - fitting starts sooner without

        try:
            scorer = get_scorer(scoring)
        except ValueError:
            raise ParameterError(
                f"{said}: there is no scorer {scoring!r}",
                remedy=f"{nearest_scorer(scoring)} sklearn.metrics.get_scorer_names() lists "
                "all.".lstrip(),
            ) from None
    weights: dict[str, npt.NDArray[Any]] = {} if weight is None else {"sample_weight": weight}
    if weights and scorer is not None and not _takes_weights(scorer):
        warnings.warn(
            f"{said} takes no sample_weight: the rows it judges count alike, whatever their "
            "weights. Score by a function with a parameter sample_weight.",
            DataWarning,
            stacklevel=2,
        )
        weights = {}

    def score(parameters: list[Layer]) -> float:
        judge._keep_parameters(parameters)
        # A score beyond all numbers is a bad score; training reports divergence with its cause.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if scorer is not None:
                return float(scorer(judge, X, y, **weights))
            yhat = judge._forward(X)
            if not np.isfinite(yhat).all():
                return float("nan")
            return float(judge._default_score(y, judge._decode_targets(yhat), weight))

    return score


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer, or the metric that scikit-learn made it from, has sample_weight."""
    parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    return "sample_weight" in parameters or any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
    )
