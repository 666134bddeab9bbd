"""A network that takes tables: trained from one, predicting for others, judged on others.

It knows tables and estimators; it knows nothing of files of its own and of the command line.
"""

from clearprop.table_model.evaluation import ClassEvaluation, Evaluation, QuantityEvaluation
from clearprop.table_model.model import Predictions, TableModel
from clearprop.table_model.preparation import PreparedTable, prepare_table
from clearprop.table_model.splitting import Parts, split_rows
from clearprop.table_model.training import TrainingReport, train_prepared, train_table_model

__all__ = [
    "ClassEvaluation",
    "Evaluation",
    "Parts",
    "Predictions",
    "PreparedTable",
    "QuantityEvaluation",
    "TableModel",
    "TrainingReport",
    "prepare_table",
    "split_rows",
    "train_prepared",
    "train_table_model",
]
