"""Early stopping by a scorer of any kind, with sample weights and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import get_scorer, make_scorer, mean_squared_error

from clearprop.errors import DataWarning
from clearprop.estimators import MLPRegressor

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
