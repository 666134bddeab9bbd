"""Settings and data that diverge: each warns or raises, and no useless model comes in silence."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import StandardScaler

from clearprop.errors import DataWarning, DivergenceError, DivergenceWarning, ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor

IRIS, IRIS_CLASSES = load_iris(return_X_y=True)
IRIS_STANDARD = StandardScaler().fit_transform(IRIS)
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
STANDARD_PROGRESSION = (PROGRESSION - PROGRESSION.mean()) / PROGRESSION.std()

FAULTY: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
    "rate 1e6": (MLPClassifier, IRIS_STANDARD, IRIS_CLASSES, {"learning_rate_init": 1e6}),
    "rate 100": (MLPClassifier, IRIS_STANDARD, IRIS_CLASSES, {"learning_rate_init": 1e2}),
    "rate 10": (MLPClassifier, IRIS_STANDARD, IRIS_CLASSES, {"learning_rate_init": 10.0}),
    "X 1e30": (MLPClassifier, IRIS * 1e30, IRIS_CLASSES, {}),
    "X 1e6": (MLPClassifier, IRIS * 1e6, IRIS_CLASSES, {}),
    "one column 1e8": (MLPClassifier, IRIS * [1, 1, 1, 1e8], IRIS_CLASSES, {}),
    "X constant": (MLPClassifier, np.ones((150, 3)), IRIS_CLASSES, {}),
    "X constant 1e6": (MLPClassifier, np.full((150, 3), 1e6), IRIS_CLASSES, {}),
    "regression, rate 1e6": (
        MLPRegressor, DIABETES, STANDARD_PROGRESSION, {"learning_rate_init": 1e6},
    ),
    "regression, rate 1": (
        MLPRegressor, DIABETES, STANDARD_PROGRESSION, {"learning_rate_init": 1.0},
    ),
    "regression, X 1e30": (MLPRegressor, DIABETES * 1e30, STANDARD_PROGRESSION, {}),
    "regression, X 1e6": (MLPRegressor, DIABETES * 1e6, STANDARD_PROGRESSION, {}),
    "regression, y 1e30": (MLPRegressor, DIABETES, STANDARD_PROGRESSION * 1e30, {}),
    "regression, y 1e200": (MLPRegressor, DIABETES, STANDARD_PROGRESSION * 1e200, {}),
    "regression, X constant": (MLPRegressor, np.ones((442, 3)), STANDARD_PROGRESSION, {}),
}  # fmt: skip

CAUSES = ("learning rate", "inputs", "targets", "every column of X is constant", "training ended")
REMEDIES = ("Lower learning_rate_init", "Standardise", "Give columns that vary", "raise max_iter")


@pytest.mark.parametrize("early_stopping", [False, True], ids=["", "early stopping"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("case", FAULTY)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_useless_model_in_silence(
    case: str, solver: str, early_stopping: bool, dtype: Any
) -> None:
    kind, X, y, parameters = FAULTY[case]
    model = kind(
        solver=solver, early_stopping=early_stopping, random_state=0, max_iter=40, **parameters
    )
    raised = None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            model.fit(X.astype(dtype), y)
        except (DivergenceError, ParameterError) as error:
            raised = str(error)
    categories = {warning.category for warning in warned}
    assert categories <= {DivergenceWarning, ConvergenceWarning}, "nothing of NumPy's"
    said = [str(warning.message) for warning in warned if warning.category is DivergenceWarning]
    if raised is not None:
        said.append(raised)
    for text in said:
        assert any(cause in text for cause in CAUSES)
        assert any(remedy in text for remedy in REMEDIES)
    # L-BFGS has no learning rate that could be wrong.
    if case.endswith(("rate 1e6", "X 1e30", "X constant")) and (solver, "rate" in case) != (
        "lbfgs",
        True,
    ):
        assert said
    if raised is not None:
        return
    # What counts: is the model better than the most frequent class, or the mean?
    constant = np.bincount(y).max() / len(y) if kind is MLPClassifier else 0.0
    score = model.score(X.astype(dtype), y)
    assert score > constant + 1e-6 or said


def test_constant_columns_are_named_as_the_cause() -> None:
    with pytest.warns(DivergenceWarning, match="every column of X is constant"):
        MLPClassifier(random_state=0).fit(np.ones((150, 3)), IRIS_CLASSES)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize(
    ("kind", "y"), [(MLPClassifier, IRIS_CLASSES), (MLPRegressor, IRIS_CLASSES * 0.5)]
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # not what this is about
def test_a_single_row_is_said_to_be_one(solver: str, kind: Any, y: Any) -> None:
    with pytest.warns(DataWarning, match="single row.*Give more rows"):
        kind(solver=solver, random_state=0).fit(IRIS[:1], y[:1])


def test_a_training_cut_short_is_not_blamed_on_the_learning_rate() -> None:
    with (
        pytest.warns(ConvergenceWarning, match="Maximum iterations"),
        pytest.warns(DivergenceWarning, match=r"ended after 1 epoch,.*raise max_iter"),
    ):
        MLPClassifier((3,), max_iter=1, random_state=2).fit(IRIS_STANDARD, IRIS_CLASSES)


def test_partial_fit_does_not_warn_after_its_first_epoch() -> None:
    model = MLPClassifier((3,), random_state=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(IRIS_STANDARD, IRIS_CLASSES, classes=[0, 1, 2])


def test_partial_fit_raises_where_it_diverges() -> None:
    model = MLPRegressor(solver="sgd", learning_rate_init=1e6, batch_size=1, random_state=0)
    with pytest.raises(DivergenceError, match="Lower learning_rate_init"):
        model.partial_fit(DIABETES, PROGRESSION)


@pytest.mark.parametrize("load", [load_iris, load_digits, load_wine, load_breast_cancer])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed to converge")
def test_a_good_classifier_gets_no_such_warning(load: Any, solver: str) -> None:
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    rate = 0.1 if solver == "sgd" else 0.01
    model = MLPClassifier(solver=solver, learning_rate_init=rate, max_iter=50, random_state=0)
    assert model.fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed to converge")
def test_a_good_regressor_gets_no_such_warning(solver: str, early_stopping: bool) -> None:
    X = StandardScaler().fit_transform(DIABETES)
    model = MLPRegressor(
        solver=solver,
        early_stopping=early_stopping,
        learning_rate_init=0.01,
        max_iter=60,
        random_state=0,
    )
    assert model.fit(X, STANDARD_PROGRESSION).score(X, STANDARD_PROGRESSION) > 0.4


def test_unscaled_targets_are_said_to_need_more_training_not_a_lower_rate() -> None:
    X, y = load_diabetes(return_X_y=True)
    with (
        pytest.warns(ConvergenceWarning),
        pytest.warns(DivergenceWarning, match="loss still falling.*learning_rate_init") as warned,
    ):
        model = MLPRegressor(random_state=0).fit(X, y)
    assert not any("too high" in str(warning.message) for warning in warned)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        better = MLPRegressor(random_state=0, learning_rate_init=0.01).fit(X, y)
    assert better.score(X, y) > model.score(X, y)


def test_a_constant_target_that_is_missed_is_not_silent() -> None:
    with pytest.warns(DivergenceWarning, match="targets are not scaled"):
        MLPRegressor(random_state=0, early_stopping=True).fit(IRIS_STANDARD, np.full(150, 1e6))


def test_a_first_fit_that_failed_leaves_no_model() -> None:
    model = MLPRegressor(solver="sgd", learning_rate_init=1e6, batch_size=10, random_state=0)
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1, step \d+"):
        model.fit(IRIS_STANDARD, IRIS_STANDARD[:, 0])
    with pytest.raises(NotFittedError):
        model.predict(IRIS_STANDARD)


def test_partial_fit_that_blows_up_is_not_silent() -> None:
    with pytest.warns(DivergenceWarning, match="inputs are not scaled"):
        MLPRegressor(random_state=0).partial_fit(IRIS_STANDARD * 1e30, IRIS_STANDARD[:, 0])


def test_validation_labels_that_training_lacks_are_refused() -> None:
    with pytest.raises(ParameterError, match="y_val: got 10, which is no class of y"):
        MLPClassifier().fit(
            IRIS_STANDARD, IRIS_CLASSES, X_val=IRIS_STANDARD, y_val=IRIS_CLASSES + 10
        )


def test_a_run_stopped_within_an_epoch_leaves_nothing_to_the_next() -> None:
    model = MLPClassifier(max_time=1e-9, warm_start=True, batch_size=10, random_state=0)
    with pytest.warns(UserWarning, match="max_time"):
        model.fit(IRIS_STANDARD, IRIS_CLASSES)
    assert model._training.loss_sum > 0.0
    fresh = copy.deepcopy(model)
    fresh._training.loss_sum = 0.0
    for each in (model, fresh):
        each.set_params(max_time=None, max_iter=1)
        with pytest.warns(ConvergenceWarning):
            each.fit(IRIS_STANDARD, IRIS_CLASSES)
    assert model.loss_curve_ == fresh.loss_curve_


def test_partial_fit_refuses_a_checkpoint(tmp_path: Any) -> None:
    model = MLPClassifier(checkpoint=tmp_path / "run.checkpoint")
    with pytest.raises(ParameterError, match="partial_fit keeps no checkpoint"):
        model.partial_fit(IRIS_STANDARD, IRIS_CLASSES, classes=[0, 1, 2])
