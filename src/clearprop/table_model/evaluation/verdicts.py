"""What a score beside a baseline amounts to, and scores that the user chose.

Knows nothing of what is judged.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy.typing as npt
from sklearn.metrics import get_scorer

__all__ = ["VERDICTS", "score_of", "scoring_to_dict", "verdict_of"]

Array = npt.NDArray[Any]

VERDICTS = ("better", "unclear", "not better", "too few rows")
"""Than the baseline: beyond what luck explains, by no more than luck may explain, not at all; or
not, on rows so few that it may well be better on others."""


def verdict_of(beats: bool, clearly: bool, *, may_be_better: bool) -> str:
    """One of `VERDICTS`.

    Args:
        beats: whether the score is above the baseline's.
        clearly: whether beyond what luck explains.
        may_be_better: whether the rows are so few that the score of others may well be above it.
    """
    better, unclear, not_better, too_few = VERDICTS
    if not beats:
        return too_few if may_be_better else not_better
    return better if clearly else unclear


def scoring_to_dict(name: str | None, score: float | None) -> dict[str, Any] | None:
    """A score that the user chose, as JSON holds it."""
    return None if name is None else {"name": name, "score": score}


def score_of(scoring: str, predictor: Any, X: Array, y: Array) -> float | None:
    """A scikit-learn scorer's score; None where these rows leave it undefined.

    Args:
        scoring: the scorer's name.
        predictor: what predicts, in the units of y.
        X: shape (n_rows, n_features).
        y: true labels or numbers, shape (n_rows,).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            score = float(get_scorer(scoring)(predictor, X, y))
        except ValueError:
            return None
    return score if math.isfinite(score) else None
