"""How good predictions are, beside those that need no model at all.

The baselines: the class with the most training rows, and the mean of the training rows' targets.
This file knows nothing of tables and models: it takes targets and predictions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import binomtest

__all__ = ["ClassEvaluation", "Evaluation", "QuantityEvaluation", "judge_classes", "judge_values"]

Array = npt.NDArray[Any]
Label = str | int | bool | float

VERDICTS = ("better", "unclear", "not better")
"""Than the baseline: beyond what luck explains, by no more than luck may explain, not at all."""

ERROR_QUANTILES = (0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True)
class ClassEvaluation:
    """Predicted classes beside the true ones.

    Attributes:
        n_rows: rows judged.
        classes: labels, in the order of the confusion matrix.
        confusion: confusion[i, j] = rows of class i that were predicted as class j.
        n_correct: rows whose class was predicted.
        log_loss: mean of -log(probability of the true class), with probabilities of 1e-15 at least.
        n_baseline_correct: rows of the training part's most frequent class.
        baseline_class: that class.
        n_unknown: rows of a class that training did not know; counted as wrong, and left out of
            the confusion matrix and the log loss.
    """

    n_rows: int
    classes: list[Label]
    confusion: npt.NDArray[np.int64]
    n_correct: int
    log_loss: float
    n_baseline_correct: int
    baseline_class: Label
    n_unknown: int = 0

    @property
    def accuracy(self) -> float:
        """Share of the rows whose class was predicted."""
        return self.n_correct / self.n_rows

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval for the accuracy on further rows of the same kind.

        Source: Wilson, "Probable inference, the law of succession, and statistical inference",
        1927.
        """
        interval = binomtest(self.n_correct, self.n_rows).proportion_ci(method="wilson")
        return float(interval.low), float(interval.high)

    @property
    def baseline(self) -> float:
        """Accuracy of always predicting the most frequent class."""
        return self.n_baseline_correct / self.n_rows

    @property
    def beats_baseline(self) -> bool:
        """Whether more rows are right than always predicting the most frequent class gets right."""
        return self.n_correct > self.n_baseline_correct

    @property
    def clearly_beats_baseline(self) -> bool:
        """Whether the baseline lies below the interval of the accuracy."""
        return self.accuracy_interval[0] > self.baseline

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        return _verdict(self.beats_baseline, self.clearly_beats_baseline)

    def recall(self) -> list[float | None]:
        """Share of each class's rows that were predicted as it; None where there is no row."""
        rows = self.confusion.sum(axis=1).tolist()
        right = np.diag(self.confusion).tolist()
        return [hits / n if n else None for hits, n in zip(right, rows, strict=True)]

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "rows": self.n_rows,
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.accuracy_interval),
            "log_loss": self.log_loss,
            "baseline_accuracy": self.baseline,
            "baseline_class": self.baseline_class,
            "beats_baseline": self.beats_baseline,
            "verdict": self.verdict,
            "unknown_class_rows": self.n_unknown,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
        }


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
        return _verdict(self.beats_baseline, self.clearly_beats_baseline)

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
            "beats_baseline": self.beats_baseline,
            "verdict": self.verdict,
        }


def _verdict(beats: bool, clearly: bool) -> str:
    better, unclear, not_better = VERDICTS
    if not beats:
        return not_better
    return better if clearly else unclear


Evaluation = ClassEvaluation | QuantityEvaluation


def judge_classes(
    y: Array, probabilities: Array, classes: Sequence[Label], class_counts: Sequence[int]
) -> ClassEvaluation:
    """Judge predicted classes.

    Args:
        y: true labels, shape (n_rows,), of the classes' type.
        probabilities: shape (n_rows, n_classes).
        classes: labels, sorted.
        class_counts: training rows of each class.

    Examples:
        >>> probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
        >>> judged = judge_classes(np.array(["a", "b", "b"]), probabilities, ["a", "b"], [5, 4])
        >>> judged.confusion.tolist(), round(judged.accuracy, 3), round(judged.baseline, 3)
        ([[1, 0], [1, 1]], 0.667, 0.333)
    """
    labels = np.array(classes)
    n_classes = len(labels)
    codes = np.minimum(np.searchsorted(labels, y), n_classes - 1)
    known = labels[codes] == y
    truth = codes[known]
    predicted = np.argmax(probabilities, axis=1)[known]
    confusion = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(confusion, (truth, predicted), 1)
    given = np.maximum(probabilities[known, truth], 1e-15)
    majority = int(np.argmax(class_counts))
    return ClassEvaluation(
        n_rows=len(y),
        classes=list(classes),
        confusion=confusion,
        n_correct=int(np.trace(confusion)),
        log_loss=float(-np.mean(np.log(given))) if len(given) else math.nan,
        n_baseline_correct=int(np.count_nonzero(truth == majority)),
        baseline_class=classes[majority],
        n_unknown=int(np.count_nonzero(~known)),
    )


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
