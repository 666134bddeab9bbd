"""MLPClassifier and MLPRegressor: scikit-learn's contract on this project's training.

They know nothing of tables, files or the command line.
"""

from clearprop.estimators.classifier import MLPClassifier
from clearprop.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
