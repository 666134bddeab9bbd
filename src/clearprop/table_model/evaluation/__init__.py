"""How good predictions are, beside those that need no model at all."""

from clearprop.table_model.evaluation.classes import ClassEvaluation, judge_classes
from clearprop.table_model.evaluation.quantities import QuantityEvaluation, judge_values
from clearprop.table_model.evaluation.verdicts import VERDICTS, score_of

__all__ = [
    "VERDICTS",
    "ClassEvaluation",
    "Evaluation",
    "QuantityEvaluation",
    "judge_classes",
    "judge_values",
    "score_of",
]

Evaluation = ClassEvaluation | QuantityEvaluation
