"""How good predicted numbers are, beside always predicting the mean of the training targets.

Knows nothing of tables and models: it takes targets and predictions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from clearprop.table_model.evaluation.verdicts import scoring_to_dict, verdict_of

__all__ = ["QuantityEvaluation", "judge_values"]

Array = npt.NDArray[Any]

ERROR_QUANTILES = (0.5, 0.9, 0.99, 1.0)

# An interval of the share of the error saved that is this wide tells nothing.
TOO_WIDE_SAVED = 1.0


@dataclass(frozen=True)
class QuantityEvaluation:
    """Predicted numbers beside the true ones, in the target's units.

    Attributes:
        n_rows: rows judged.
        mae: mean absolute error.
        rmse: root of the mean squared error.
        r2: 1 - squared error / squared deviation from these rows' own mean; None where all targets
            are equal, or it is beyond all numbers.
        quantiles: share of the rows -> absolute error that they do not exceed.
        baseline_value: the mean of the training rows' targets.
        baseline_mae: mean absolute error of always predicting it.
        baseline_rmse: root of its mean squared error.
        saved_interval: 95 % interval of the share of the baseline's squared error that the model
            saves, on further rows of the same kind; None for a single row, or a baseline without
            error.
        scoring: name of the scorer that the user chose; None for none.
        score: its score of these rows, in the target's units; None where it is undefined.
    """

    n_rows: int
    mae: float
    rmse: float
    r2: float | None
    quantiles: dict[float, float]
    baseline_value: float
    baseline_mae: float
    baseline_rmse: float
    saved_interval: tuple[float, float] | None
    scoring: str | None = None
    score: float | None = None

    @property
    def beats_baseline(self) -> bool:
        """Whether the root mean squared error is below that of always predicting the mean."""
        return self.rmse < self.baseline_rmse

    @property
    def clearly_beats_baseline(self) -> bool:
        """Whether the whole interval of the share saved lies above 0."""
        return self.saved_interval is not None and self.saved_interval[0] > 0

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        low, high = self.saved_interval or (0.0, 0.0)
        may_be_better = self.n_rows == 1 or (high > 0 and high - low > TOO_WIDE_SAVED)
        # Where the baseline has no error there is nothing to be better than.
        may_be_better &= self.baseline_rmse > 0
        return verdict_of(
            self.beats_baseline, self.clearly_beats_baseline, may_be_better=may_be_better
        )

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "rows": self.n_rows,
            "mae": self.mae,
            "rmse": self.rmse,
            "r2": self.r2,
            "absolute_error_quantiles": {f"{q:g}": value for q, value in self.quantiles.items()},
            "baseline_value": self.baseline_value,
            "baseline_mae": self.baseline_mae,
            "baseline_rmse": self.baseline_rmse,
            "saved_interval_95": None if self.saved_interval is None else list(self.saved_interval),
            "scoring": scoring_to_dict(self.scoring, self.score),
            "beats_baseline": self.beats_baseline,
            "verdict": self.verdict,
        }


def judge_values(y: Array, values: Array, baseline_value: float) -> QuantityEvaluation:
    """Judge predicted numbers.

    Args:
        y: true numbers, shape (n_rows,).
        values: predicted numbers, shape (n_rows,).
        baseline_value: the mean of the training rows' targets.

    Examples:
        >>> judged = judge_values(np.array([1.0, 3.0]), np.array([1.5, 2.5]), baseline_value=2.0)
        >>> judged.mae, judged.rmse, judged.r2, judged.baseline_rmse
        (0.5, 0.5, 0.75, 1.0)
    """
    errors = np.abs(values - y)
    rmse, spread = _root_mean_square(errors), _root_mean_square(y - y.mean())
    ratio = rmse / spread if spread > 0 else math.inf
    quantiles = np.quantile(errors, ERROR_QUANTILES, method="higher").tolist()
    return QuantityEvaluation(
        n_rows=len(y),
        mae=float(np.mean(errors)),
        rmse=rmse,
        r2=1 - ratio * ratio if math.isfinite(ratio * ratio) else None,
        quantiles=dict(zip(ERROR_QUANTILES, quantiles, strict=True)),
        baseline_value=baseline_value,
        baseline_mae=float(np.mean(np.abs(y - baseline_value))),
        baseline_rmse=_root_mean_square(y - baseline_value),
        saved_interval=_saved_interval(errors, np.abs(y - baseline_value)),
    )


def _saved_interval(errors: Array, baseline_errors: Array) -> tuple[float, float] | None:
    """Student's 95 % interval of mean(b^2 - e^2) / mean(b^2), row beside row.

    The divisor is taken as known: its own spread moves no end of the interval across 0.

    Source: Student, "The probable error of a mean", 1908.

    Examples:
        >>> _saved_interval(np.array([1.0, 1.0, 1.0]), np.array([2.0, 2.0, 2.0]))
        (0.75, 0.75)
    """
    n_rows, largest = len(errors), float(np.max(baseline_errors))
    if n_rows < 2 or largest == 0:
        return None
    # Scaled, as targets of 1e200 have squares beyond float64.
    squared = np.square(baseline_errors / largest)
    with np.errstate(over="ignore", invalid="ignore"):
        saved = (squared - np.square(errors / largest)) / np.mean(squared)
        middle = float(np.mean(saved))
        half = float(stdtrit(n_rows - 1, 0.975) * np.std(saved, ddof=1) / math.sqrt(n_rows))
    return (middle - half, middle + half) if math.isfinite(half) else None


def _root_mean_square(errors: Array) -> float:
    """Without overflow: targets of 1e200 have squares beyond float64."""
    largest = float(np.max(np.abs(errors)))
    if largest == 0:
        return 0.0
    return largest * math.sqrt(float(np.mean(np.square(errors / largest))))
