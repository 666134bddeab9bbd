"""The validation loss and metrics of each epoch: the figures are right, and change nothing."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss, make_scorer, mean_absolute_error
from sklearn.preprocessing import StandardScaler

from clearprop import MLPClassifier, MLPRegressor, load_model, save_model
from clearprop.errors import DataWarning, ParameterError
from clearprop.training import Callback, Progress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, LABELS = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
TARGETS = {
    "three classes": LABELS,
    "two classes": (LABELS == 1).astype(str),
    "labels": np.stack([LABELS == 0, LABELS > 0], axis=1).astype(int),
    "number": X[:, 0] + 2.0,
    "numbers": X[:, :2].copy(),
}
HOW: dict[str, Any] = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0}


def model(name: str, **settings: Any) -> Any:
    kind = MLPRegressor if name.startswith("number") else MLPClassifier
    return kind(**{**HOW, **settings})


def expected_loss(fitted: Any, name: str, X: Any, y: Any, weight: Any = None) -> float:
    if name.startswith("number"):
        error = (fitted.predict(X) - y) ** 2 / 2.0
        return float(np.average(error if error.ndim == 1 else error.sum(axis=1), weights=weight))
    yhat = fitted.predict_proba(X)
    if name == "labels":
        terms = -np.log(np.where(y == 1, yhat, 1.0 - yhat)).sum(axis=1)
        return float(np.average(terms, weights=weight))
    return float(log_loss(y, yhat, sample_weight=weight))


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix, np.float32])
@pytest.mark.parametrize("name", TARGETS)
def test_the_validation_loss_is_the_loss_of_the_validation_rows(name: str, make: Any) -> None:
    y = TARGETS[name]
    rows = make(X)
    fitted = model(name, alpha=0.0).fit(rows[::2], y[::2], X_val=rows[1::2], y_val=y[1::2])
    assert len(fitted.validation_loss_curve_) == fitted.n_iter_ == 4
    # The weights kept are the best epoch's.
    epoch = int(np.argmax(fitted.validation_scores_))
    expected = expected_loss(fitted, name, rows[1::2], y[1::2])
    assert fitted.validation_loss_curve_[epoch] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", TARGETS)
def test_of_a_part_set_aside_and_with_weights_too(name: str) -> None:
    y = TARGETS[name]
    weight = np.linspace(0.1, 3.0, len(y))
    seen: list[Any] = []

    def remember(judge: Any, rows: Any, y: Any, sample_weight: Any = None) -> float:
        seen.append((rows, y, sample_weight, expected_loss(judge, name, rows, y, sample_weight)))
        return 0.0

    fitted = model(name, early_stopping=True, scoring=remember).fit(X, y, weight)
    np.testing.assert_allclose(fitted.validation_loss_curve_, [loss for *_, loss in seen])


def test_without_validation_there_is_none() -> None:
    fitted = model("three classes").fit(X, LABELS)
    assert fitted.validation_loss_curve_ is None
    assert fitted.metric_curves_ is None


def test_a_loss_beyond_what_probabilities_can_tell_is_told() -> None:
    wrong = MLPClassifier((), learning_rate_init=50.0, max_iter=1, random_state=0)
    fitted = wrong.fit(X * 50, LABELS > 0, X_val=X * 50, y_val=LABELS == 0)
    assert 100.0 < fitted.validation_loss_curve_[0] < math.inf


METRICS = ["accuracy", "f1_macro", "neg_log_loss"]


@pytest.mark.parametrize("named", [METRICS, {name: name for name in METRICS}], ids=["list", "dict"])
def test_metrics_are_kept_of_both_parts_and_change_nothing(named: Any) -> None:
    validation = {"X_val": X[::2], "y_val": LABELS[::2]}
    watched = model("three classes", metrics=named).fit(X[1::2], LABELS[1::2], **validation)
    plain = model("three classes").fit(X[1::2], LABELS[1::2], **validation)
    assert all((W == V).all() for W, V in zip(watched.coefs_, plain.coefs_, strict=True))
    curves = watched.metric_curves_
    assert list(curves) == ["training", "validation"]
    assert [list(part) for part in curves.values()] == [METRICS, METRICS]
    assert curves["validation"]["accuracy"] == plain.validation_scores_
    np.testing.assert_allclose(
        -np.array(curves["validation"]["neg_log_loss"]), plain.validation_loss_curve_
    )
    kept = int(np.argmax(plain.validation_scores_))
    assert curves["training"]["accuracy"][kept] == plain.score(X[1::2], LABELS[1::2])


def test_metrics_of_the_training_rows_alone() -> None:
    metrics = {"error": make_scorer(mean_absolute_error)}
    fitted = model("number", metrics=metrics).fit(X, TARGETS["number"])
    assert fitted.metric_curves_["validation"] == {}
    error = np.abs(fitted.predict(X) - TARGETS["number"]).mean()
    assert fitted.metric_curves_["training"]["error"][-1] == pytest.approx(error)


def test_metrics_are_weighted_where_they_can_be() -> None:
    weight = np.linspace(0.0, 5.0, len(X))
    y = TARGETS["number"]
    metrics = ["neg_mean_squared_error", "neg_max_error"]
    with pytest.warns(DataWarning, match="metrics: neg_max_error takes no sample_weight"):
        fitted = model("number", metrics=metrics).fit(X, y, weight)
    error = np.average((fitted.predict(X) - y) ** 2, weights=weight)
    curves = fitted.metric_curves_["training"]
    assert curves["neg_mean_squared_error"][-1] == pytest.approx(-error)


def test_curves_go_on_with_partial_fit_warm_start_and_through_files(tmp_path: Path) -> None:
    how = {"metrics": ["accuracy"], "early_stopping": True, "warm_start": "exact"}
    whole = model("three classes", **{**how, "max_iter": 8}).fit(X, LABELS)
    halves = model("three classes", **how).fit(X, LABELS)
    halves = pickle.loads(pickle.dumps(halves)).fit(X, LABELS)
    assert halves.metric_curves_ == whole.metric_curves_
    assert halves.validation_loss_curve_ == whole.validation_loss_curve_
    save_model(whole, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.metric_curves_ == whole.metric_curves_
    assert loaded.validation_loss_curve_ == whole.validation_loss_curve_
    loaded.partial_fit(X, LABELS)
    assert len(loaded.validation_loss_curve_) == 9
    assert len(loaded.metric_curves_["training"]["accuracy"]) == 9


def test_callbacks_are_told() -> None:
    told: list[dict[str, float]] = []

    class Remember(Callback):
        def on_epoch(self, progress: Progress) -> None:
            told.append(dict(progress.watched))

    how = {"metrics": ["accuracy"], "callbacks": [Remember()]}
    fitted = model("three classes", **how).fit(X, LABELS, X_val=X, y_val=LABELS)
    assert [figures["loss"] for figures in told] == fitted.validation_loss_curve_
    accuracies = [figures["training accuracy"] for figures in told]
    assert accuracies == fitted.metric_curves_["training"]["accuracy"]


def test_a_metric_there_is_not_and_a_solver_without_epochs() -> None:
    with pytest.raises(ParameterError, match=r"no scorer 'acuracy'(.|\n)*Did you mean 'accuracy'"):
        model("three classes", metrics=["acuracy"]).fit(X, LABELS)
    with pytest.raises(ParameterError, match="metrics: solver='lbfgs' has no use for it"):
        model("three classes", metrics=["accuracy"], solver="lbfgs").fit(X, LABELS)
    with pytest.raises(ValueError, match="metrics"):
        model("three classes", metrics="accuracy").fit(X, LABELS)
