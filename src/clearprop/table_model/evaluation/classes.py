"""How good predicted classes are, beside always predicting the most frequent one.

Whoever weights the classes is judged by balanced accuracy, where that class is worth 1 / classes.
Knows nothing of tables and models: it takes targets and predictions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, mannwhitneyu

from clearprop.table_model.evaluation.verdicts import scoring_to_dict, verdict_of

__all__ = ["MEASURES", "ClassEvaluation", "judge_classes"]

Array = npt.NDArray[Any]
Label = str | int | bool | float

MEASURES = ("accuracy", "balanced accuracy")
"""By what classes can be judged."""

# An interval of the accuracy that is this wide tells nothing.
TOO_WIDE = 0.4
# From this ratio of the most frequent class's training rows to the rarest's.
IMBALANCED = 2


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
        class_counts: training rows of each class.
        judged_by: the measure of the verdict, one of `MEASURES`.
        roc_auc: two classes: how often a row of the rarer class has a higher probability of it than
            a row of the other; None where either has no row, or there are more classes.
        ranks_clearly: whether that is beyond what luck explains.
        scoring: name of the scorer that the user chose; None for none.
        score: its score of these rows; None where it is undefined.
    """

    n_rows: int
    classes: list[Label]
    confusion: npt.NDArray[np.int64]
    n_correct: int
    log_loss: float
    n_baseline_correct: int
    baseline_class: Label
    n_unknown: int = 0
    class_counts: tuple[int, ...] = ()
    judged_by: str = "accuracy"
    roc_auc: float | None = None
    ranks_clearly: bool = False
    scoring: str | None = None
    score: float | None = None

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
    def balanced_accuracy(self) -> float:
        """Mean over the classes that have rows of the share of each that was predicted."""
        recalls = [recall for recall in self.recall() if recall is not None]
        return float(np.mean(recalls)) if recalls else math.nan

    @property
    def balanced_interval(self) -> tuple[float, float]:
        """95 % interval of the balanced accuracy: the classes' own intervals, squared and added.

        Source: Zou & Donner, "Construction of confidence limits about effect measures", 2008.
        """
        rows = self.confusion.sum(axis=1).tolist()
        below = above = 0.0
        present = [pair for pair in zip(np.diag(self.confusion).tolist(), rows, strict=True)
                   if pair[1]]  # fmt: skip
        for hits, n in present:
            interval = binomtest(hits, n).proportion_ci(method="wilson")
            below += ((hits / n - interval.low) / len(present)) ** 2
            above += ((interval.high - hits / n) / len(present)) ** 2
        middle = self.balanced_accuracy
        return middle - math.sqrt(below), middle + math.sqrt(above)

    @property
    def balanced_baseline(self) -> float:
        """Balanced accuracy of always predicting one class."""
        n_present = int(np.count_nonzero(self.confusion.sum(axis=1)))
        return 1 / n_present if n_present else math.nan

    @property
    def is_imbalanced(self) -> bool:
        """Whether a class has several times the training rows of another."""
        known = [count for count in self.class_counts if count]
        return bool(known) and max(known) >= IMBALANCED * min(known)

    @property
    def rare_class(self) -> int | None:
        """Two classes: the index of the one with fewer training rows."""
        return int(np.argmin(self.class_counts)) if len(self.class_counts) == 2 else None

    def precision(self, index: int) -> float | None:
        """Share of the rows predicted as a class that are of it; None where there is no row."""
        predicted = int(self.confusion[:, index].sum())
        return int(self.confusion[index, index]) / predicted if predicted else None

    def beats(self, measure: str) -> bool:
        """Whether a measure, one of `MEASURES`, is above its baseline."""
        if measure == "accuracy":
            return self.n_correct > self.n_baseline_correct
        return self.balanced_accuracy > self.balanced_baseline

    def clearly_beats(self, measure: str) -> bool:
        """Whether a measure's baseline lies below its interval."""
        if measure == "accuracy":
            return self.accuracy_interval[0] > self.baseline
        return self.balanced_interval[0] > self.balanced_baseline

    @property
    def beats_baseline(self) -> bool:
        """Whether the measure of the verdict is above that of always predicting one class."""
        return self.beats(self.judged_by)

    @property
    def clearly_beats_baseline(self) -> bool:
        """Whether that baseline lies below the measure's interval."""
        return self.clearly_beats(self.judged_by)

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        plain = self.judged_by == "accuracy"
        low, high = self.accuracy_interval if plain else self.balanced_interval
        return verdict_of(
            self.beats_baseline, self.clearly_beats_baseline, may_be_better=high - low > TOO_WIDE
        )

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
            "balanced_accuracy": self.balanced_accuracy,
            "balanced_accuracy_interval_95": list(self.balanced_interval),
            "balanced_baseline": self.balanced_baseline,
            "rare_class": self._rare_class_to_dict(),
            "scoring": scoring_to_dict(self.scoring, self.score),
            "judged_by": self.judged_by,
            "beats_baseline": self.beats_baseline,
            "verdict": self.verdict,
            "unknown_class_rows": self.n_unknown,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
        }

    def _rare_class_to_dict(self) -> dict[str, Any] | None:
        index = self.rare_class
        if index is None:
            return None
        return {
            "class": self.classes[index],
            "recall": self.recall()[index],
            "precision": self.precision(index),
            "roc_auc": self.roc_auc,
        }


def judge_classes(
    y: Array,
    probabilities: Array,
    classes: Sequence[Label],
    class_counts: Sequence[int],
    judged_by: str = "accuracy",
) -> ClassEvaluation:
    """Judge predicted classes.

    Args:
        y: true labels, shape (n_rows,), of the classes' type.
        probabilities: shape (n_rows, n_classes).
        classes: labels, sorted.
        class_counts: training rows of each class.
        judged_by: the measure of the verdict, one of `MEASURES`.

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
    roc_auc, ranks_clearly = None, False
    if n_classes == 2:
        rare = int(np.argmin(class_counts))
        roc_auc, ranks_clearly = _ranking(truth == rare, probabilities[known, rare])
    return ClassEvaluation(
        n_rows=len(y),
        classes=list(classes),
        confusion=confusion,
        n_correct=int(np.trace(confusion)),
        log_loss=float(-np.mean(np.log(given))) if len(given) else math.nan,
        n_baseline_correct=int(np.count_nonzero(truth == majority)),
        baseline_class=classes[majority],
        n_unknown=int(np.count_nonzero(~known)),
        class_counts=tuple(class_counts),
        judged_by=judged_by,
        roc_auc=roc_auc,
        ranks_clearly=ranks_clearly,
    )


def _ranking(is_rare: Array, probability: Array) -> tuple[float | None, bool]:
    """The area under the ROC curve, and whether Mann and Whitney's test finds it above 1/2."""
    rare, others = probability[is_rare], probability[~is_rare]
    if not len(rare) or not len(others):
        return None, False
    test = mannwhitneyu(rare, others, alternative="greater")
    return float(test.statistic) / (len(rare) * len(others)), bool(test.pvalue < 0.025)
