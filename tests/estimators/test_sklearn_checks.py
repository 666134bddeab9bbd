"""Both estimators pass scikit-learn's own estimator checks; none is expected to fail."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from clearprop.estimators import MLPClassifier, MLPRegressor

# The checks train on noise, and for five epochs at most: neither converging nor learning anything
# is what they are about. DivergenceWarning is a ConvergenceWarning.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_passes_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)
