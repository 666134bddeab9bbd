"""Early stopping by a scorer of any kind, with sample weights and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer, make_scorer, mean_squared_error

from clearprop.errors import DataWarning, ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(80, 3))
Y = X[:, 0]
WEIGHT = GENERATOR.uniform(1, 2, size=80)
WEIGHTED = "neg_mean_squared_error"


def unweighted(model: Any, rows: Any, y: Any) -> float:
    return -float(mean_squared_error(y, model.predict(rows)))


def weighted(model: Any, rows: Any, y: Any, sample_weight: Any = None) -> float:
    return -float(mean_squared_error(y, model.predict(rows), sample_weight=sample_weight))


def collecting(model: Any, rows: Any, y: Any, **more: Any) -> float:
    return weighted(model, rows, y, **more)


def plain_error(y: Any, yhat: Any) -> float:
    return float(mean_squared_error(y, yhat))


def scores(scoring: Any, sample_weight: Any = WEIGHT) -> Any:
    model = MLPRegressor(
        hidden_layer_sizes=(4,), early_stopping=True, validation_fraction=0.25, scoring=scoring,
        max_iter=8, learning_rate_init=0.1, random_state=0,
    )  # fmt: skip
    return model.fit(X, Y, sample_weight=sample_weight).validation_scores_


@pytest.mark.parametrize("scoring", [weighted, collecting, get_scorer(WEIGHTED)])
def test_scorers_that_take_weights_get_them(scoring: Any) -> None:
    assert scores(scoring) == scores(WEIGHTED)
    assert scores(scoring) != scores(scoring, None)


def test_scorers_without_weights_count_all_rows_alike_and_it_is_said() -> None:
    counted = {}
    for scoring in (unweighted, make_scorer(plain_error, greater_is_better=False)):
        with pytest.warns(DataWarning, match="takes no sample_weight: the rows it judges count"):
            counted[str(scoring)] = scores(scoring)
    one, other = counted.values()
    assert one == other != scores(WEIGHTED)
    with pytest.warns(DataWarning, match="'neg_max_error' takes no sample_weight"):
        scores("neg_max_error")


def test_without_weights_nothing_is_said() -> None:
    assert scores(unweighted, None) == scores(WEIGHTED, None)


LABELS = np.digitize(Y, [-0.5, 0.5])
INDICATORS = np.column_stack([Y > 0, Y < 1]).astype(int)


def judged(y: Any, y_val: Any, **parameters: Any) -> Any:
    model = MLPClassifier((4,), max_iter=3, learning_rate_init=0.1, random_state=0, **parameters)
    with pytest.warns(ConvergenceWarning):
        return model.fit(X[:50], y[:50], X_val=X[50:], y_val=y_val[50:]).validation_scores_


@pytest.mark.parametrize("class_weight", [None, {0: 4.0}])
def test_a_column_of_validation_labels_is_labels(class_weight: Any) -> None:
    column = judged(LABELS, LABELS[:, None], class_weight=class_weight)
    assert column == judged(LABELS, LABELS, class_weight=class_weight)


def test_sparse_validation_indicators_are_indicators() -> None:
    expected = judged(INDICATORS, INDICATORS)
    assert judged(INDICATORS, sparse.csr_matrix(INDICATORS)) == expected
    assert judged(sparse.csr_matrix(INDICATORS), INDICATORS) == expected


@pytest.mark.parametrize(
    ("model", "y", "y_val", "message"),
    [
        (MLPClassifier(), INDICATORS, INDICATORS[:, 0], "got 1 columns, and y has 2"),
        (MLPClassifier(), INDICATORS, INDICATORS[:, [0, 1, 1]], "got 3 columns, and y has 2"),
        (MLPClassifier(), LABELS, INDICATORS, "got 2 columns, and y has 1"),
        (MLPRegressor(), Y, INDICATORS, "got 2 columns, and y has 1"),
        (MLPRegressor("quantile", quantile=[0.1, 0.9]), Y, INDICATORS, "got 2 columns, and y has"),
    ],
)
def test_validation_targets_of_another_kind_are_refused(
    model: Any, y: Any, y_val: Any, message: str
) -> None:
    with pytest.raises(ParameterError, match=f"y_val: {message}"):
        model.fit(X, y, X_val=X, y_val=y_val)
