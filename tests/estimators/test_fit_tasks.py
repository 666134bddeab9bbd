"""scikit-learn's own callbacks, from 1.9 on: told of every epoch, asked whether to stop."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clearprop import MLPClassifier, MLPRegressor
from clearprop.training import Callback, Progress

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Training stopped by a callback"),
]

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
SOLVERS = pytest.mark.parametrize("solver", ["adam", "lbfgs"])


def test_without_scikit_learns_callbacks_the_estimators_are_as_they_were() -> None:
    # scikit-learn 1.9's own modules need it; it goes away before ours look for it.
    code = (
        "import sys, sklearn.neural_network\n"
        "sys.modules['sklearn.callback'] = None\n"
        "from clearprop import MLPClassifier\n"
        "assert not hasattr(MLPClassifier(), 'set_callbacks')\n"
        "MLPClassifier().initialize([[0.0], [1.0]], [0, 1]).predict([[0.5]])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


class EpochStarts(Callback):
    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.weights: list[Any] = []

    def on_epoch_start(self, progress: Progress) -> None:
        self.epochs.append(progress.epoch)

    def on_epoch(self, progress: Progress) -> None:
        self.weights.append(progress.parameters())


@pytest.mark.parametrize("early_stopping", [False, True])
def test_own_callbacks_are_told_of_an_epochs_start_and_of_its_parameters(
    early_stopping: bool,
) -> None:
    told = EpochStarts()
    how = {"early_stopping": early_stopping, "max_iter": 6, "random_state": 0}
    model = MLPClassifier((5,), callbacks=[told], learning_rate_init=0.3, **how).fit(X, Y)
    assert told.epochs == [0, 1, 2, 3, 4, 5]
    for layer, W, b in zip(told.weights[-1], model.coefs_, model.intercepts_, strict=True):
        np.testing.assert_array_equal(layer.W, W)
        np.testing.assert_array_equal(layer.b, b)
    # A copy: what a callback does to it is its own affair.
    assert not np.shares_memory(told.weights[-1][0].W, model.coefs_[0])
    assert not (told.weights[0][0].W == told.weights[1][0].W).all()


# --- with scikit-learn 1.9 and newer -------------------------------------------------------

callback = pytest.importorskip("sklearn.callback")


class Record:
    """Follows scikit-learn's protocol FitCallback."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.events: list[tuple[str, str]] = []
        self.models: list[Any] = []
        self.rows: list[Any] = []
        self.stop_after = stop_after

    def setup(self, estimator: Any, context: Any) -> None:  # noqa: ARG002 - the protocol's
        self.events.append(("setup", context.task_name))

    def teardown(self, estimator: Any, context: Any) -> None:  # noqa: ARG002 - the protocol's
        self.events.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:  # noqa: ARG002 - the protocol's
        self.events.append(("begin", context.task_name))

    def on_fit_task_end(
        self,
        estimator: Any,  # noqa: ARG002 - the protocol's
        context: Any,
        *,
        X: Any,
        y: Any,
        metadata: Any,
        fitted_estimator: Any,
    ) -> bool:
        self.events.append(("end", context.task_name))
        self.rows.append((X, y, metadata))
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)
        return context.task_name == "epoch" and len(self.models) == self.stop_after


def small(kind: Any, **settings: Any) -> Any:
    return kind(**{"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0, **settings})


@BOTH
@SOLVERS
def test_a_fit_is_a_task_and_each_epoch_one_within_it(kind: Any, solver: str) -> None:
    record = Record()
    weight = np.linspace(1.0, 2.0, len(Y))
    model = small(kind, solver=solver).set_callbacks(record).fit(X, Y, weight)
    epochs = [("begin", "epoch"), ("end", "epoch")] * 4
    around = [("setup", "fit"), ("begin", "fit")], [("end", "fit"), ("teardown", "fit")]
    assert record.events == [*around[0], *epochs, *around[1]]
    for rows, y, metadata in record.rows:
        assert rows is X
        assert y is Y
        assert metadata == {"sample_weight": weight}
    plain = small(kind, solver=solver).fit(X, Y, weight)
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])


@BOTH
@SOLVERS
def test_the_estimator_that_callbacks_see_is_the_one_as_of_then(kind: Any, solver: str) -> None:
    record = Record()
    small(kind, solver=solver).set_callbacks(record).fit(X, Y)
    shorter = small(kind, solver=solver, max_iter=2).fit(X, Y)
    seen = record.models[1]
    assert seen.n_iter_ == 2
    np.testing.assert_array_equal(seen.predict(X), shorter.predict(X))
    np.testing.assert_array_equal(seen.coefs_[0], shorter.coefs_[0])


@BOTH
@SOLVERS
def test_a_callback_can_stop_training(kind: Any, solver: str) -> None:
    model = small(kind, solver=solver).set_callbacks(Record(stop_after=2)).fit(X, Y)
    assert (model.n_iter_, model.stopped_) == (2, "callback")


def test_teardown_comes_after_an_error_too_and_partial_fit_tells_nothing() -> None:
    record = Record()
    model = small(MLPClassifier).set_callbacks(record)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X * np.nan, Y)
    assert [name for name, _ in record.events] == ["setup", "begin", "teardown"]
    model.partial_fit(X, Y, classes=[0, 1, 2])
    assert len(record.events) == 3
    assert not hasattr(model, "_callback_fit_ctx")


def test_scikit_learns_monitor_scores_every_epoch_in_a_search_of_pipelines() -> None:
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = small(MLPClassifier).set_callbacks(monitor)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), model), {"mlpclassifier__alpha": [1e-4, 1.0]}, cv=3
    ).fit(X, Y)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 4 * (2 * 3 + 1)  # epochs of 6 fits and of the best one's last
    assert search.best_estimator_.score(X, Y) in scores
    assert clone(model)._skl_callbacks == [monitor]


@SOLVERS
def test_scikit_learns_progress_bar_shows_the_epochs(solver: str) -> None:
    pytest.importorskip("rich")
    shown = io.StringIO()
    with redirect_stdout(shown):
        model = small(MLPClassifier, solver=solver).set_callbacks(callback.ProgressBar())
        model.fit(X, Y)
    assert "MLPClassifier - fit" in shown.getvalue()
    assert "100%" in shown.getvalue()
