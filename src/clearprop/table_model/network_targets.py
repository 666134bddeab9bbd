"""From labels or standardised numbers to the targets of a fitted estimator's network, and its loss.

This file knows nothing of tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.backprop import forward, loss
from clearprop.estimators import MLPClassifier, MLPRegressor

__all__ = ["negative_loss", "network_targets"]

Array = npt.NDArray[Any]


def network_targets(estimator: MLPClassifier | MLPRegressor, y: Array) -> Array:
    """The targets Y of the estimator's network.

    Args:
        estimator: fitted.
        y: labels from `estimator.classes_`, or numbers; shape (n_rows,).

    Returns:
        Shape (n_rows, n_outputs): one-hot rows; one column for two classes; the numbers themselves.
    """
    if isinstance(estimator, MLPRegressor):
        return np.asarray(y, dtype=np.float64)[:, None]
    hot: Array = (np.asarray(y)[:, None] == estimator.classes_).astype(np.float64)
    return hot if estimator.n_outputs_ > 1 else hot[:, 1:]


def negative_loss(
    estimator: MLPClassifier | MLPRegressor, X: Array, y: Array, sample_weight: Array | None = None
) -> float:
    """A scorer: the mean loss of the rows without penalty, below 0 so that higher is better.

    Finer than the accuracy, which a small validation part knows in few steps only; and unlike
    scikit-learn's scorer it allows for classes that the rows lack.
    """
    network = estimator.network_
    passes = forward(network, estimator.parameters_, X)
    targets = network_targets(estimator, y)
    return -float(loss(network, passes, targets, sample_weight=sample_weight))
