"""What `fit` refuses before it trains, and says what to do instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearprop import MLPClassifier, MLPRegressor
from clearprop.errors import ClearpropWarning
from clearprop.training import Callback

X = np.random.default_rng(0).normal(size=(40, 3))
QUANTITY = X[:, 0]
CLASSES = (QUANTITY > 0).astype(int)
FEW = {"hidden_layer_sizes": (3,), "max_iter": 2}


class Deaf(Callback):
    def on_epoch(self, progress: Any) -> None:
        raise AssertionError(f"training must not have begun, and is at {progress}")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"checkpoint": "nowhere/run"}, r"checkpoint: got 'nowhere/run', and there is no folder"),
        ({"callbacks": [print]}, r"callbacks\[0\]: got print, expected an object of a subclass"),
        ({"callbacks": [Deaf(), Deaf]}, r"callbacks\[1\]: got Deaf, (.|\n)*Create one: Deaf\(\)"),
        ({"metrics": ["acuracy"]}, r"metrics: acuracy: there is no scorer(.|\n)*Did you mean 'acc"),
        ({"scoring": "acuracy"}, r"the name of one of scikit-learn's scorers .*Got 'acuracy'"),
    ],
)
def test_parameters_that_cannot_work_are_refused_before_training(
    parameters: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    parameters = {"callbacks": [Deaf()], **parameters}
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**FEW, **parameters).fit(X, CLASSES)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.where(CLASSES, "a", "b"), r"label '[ab]'(.|\n)*Use MLPClassifier"),
        (np.where(CLASSES, "a", "b").astype(object), r"label '[ab]'(.|\n)*Use MLPClassifier"),
        ([None] * 40, r"y: got None, expected a number"),
    ],
)
def test_classes_are_no_quantities(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**FEW).fit(X, y)


def test_quantities_are_no_classes_and_are_not_printed_at_length() -> None:
    with pytest.raises(ValueError, match=r"Unknown label type: (.|\n)*MLPRegressor") as caught:
        MLPClassifier(**FEW).fit(X, QUANTITY)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_too_few_rows_to_stop_early_on(estimator: Any) -> None:
    with pytest.raises(
        ValueError, match=r"validation set is too small(.|\n)*1 validation row of 5"
    ):
        estimator(**FEW, early_stopping=True).fit(X[:5], CLASSES[:5])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:The trained network's loss")
def test_a_quantile_that_is_ignored_is_said_to_be() -> None:
    with pytest.warns(ClearpropWarning, match=r"quantile=0\.9 is ignored(.|\n)*loss='quantile'"):
        MLPRegressor(**FEW, quantile=0.9).fit(X, QUANTITY)
    MLPRegressor(**FEW, quantile=0.9, loss="quantile").fit(X, QUANTITY)
