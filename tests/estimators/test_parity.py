"""The same parameters and random_state give scikit-learn's weights, curves and predictions.

Only rounding may differ, so the tolerance is a few thousand roundings; float32's is float32's.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as peer
from peer_limits import arguments_of, skip_what_it_lacks
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from clearprop import estimators

SHORT = {"max_iter": 6, "random_state": 3, "hidden_layer_sizes": (9,)}

# Both sides say that so few epochs are too few.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def rows(name: str) -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    if name == "multilabel":
        X, y = load_wine(return_X_y=True)
        y = np.stack([y == 0, y > 0, generator.random(len(y)) < 0.3], axis=1).astype(int)
    elif name in ("diabetes", "multioutput", "counts"):
        X, y = load_diabetes(return_X_y=True)
        X, y = X[:150], y[:150]
        y = {
            "diabetes": (y - y.mean()) / y.std(),
            "multioutput": np.stack([y, y**2 / 100.0, X[:, 0] * 50.0], axis=1) / 100.0,
            "counts": np.round(y / 50.0),
        }[name]
    else:
        X, y = {
            "binary": load_breast_cancer,
            "multiclass": load_wine,
            "iris": load_iris,
        }[name](return_X_y=True)
        X, y = X[::2], y[::2]
    return StandardScaler().fit_transform(X), y


def pair(name: str, **parameters: Any) -> tuple[Any, Any]:
    kind = "MLPRegressor" if name in ("diabetes", "multioutput", "counts") else "MLPClassifier"
    how = {**SHORT, **parameters}
    skip_what_it_lacks(kind, how)
    return getattr(estimators, kind)(**how), getattr(peer, kind)(**how)


def assert_same(ours: Any, theirs: Any, X: Any, rtol: float = 1e-9) -> None:
    def close(got: Any, expected: Any) -> None:
        scale = float(np.max(np.abs(expected), initial=0.0)) + 1e-300
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol * scale)

    for name in ("coefs_", "intercepts_"):
        for got, expected in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert got.dtype == expected.dtype
            close(got, expected)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    # Several outputs: scikit-learn reports another loss than it descends, see docs/differences.md.
    losses = (
        []
        if ours.out_activation_ == "identity" and ours.n_outputs_ > 1
        else [
            "loss_curve_",
            "loss_",
            "best_loss_",
        ]
    )
    for name in [*losses, "validation_scores_", "best_validation_score_"]:
        expected = getattr(theirs, name, None)
        if expected is None:
            assert getattr(ours, name, None) is None, name
        else:
            close(getattr(ours, name), expected)
    close(ours.predict(X), theirs.predict(X))
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        close(ours.predict_proba(X), theirs.predict_proba(X))


def fit_both(name: str, *, weight: Any = None, make: Any = None, **parameters: Any) -> None:
    X, y = rows(name)
    X = X if make is None else make(X * (np.abs(X) > 0.5))
    ours, theirs = pair(name, **parameters)
    skip_what_it_lacks(type(ours).__name__, parameters, weight=weight)
    assert_same(ours.fit(X, y, weight), theirs.fit(X, y, **arguments_of(weight)), X)


DATA = ["binary", "multiclass", "multilabel", "diabetes", "multioutput"]
DATA_AND_SOLVER = [
    (name, solver)
    for name in DATA
    for solver in ("adam", "sgd", "lbfgs")
    # scikit-learn minimises by a loss and a gradient that do not belong together there.
    if (name, solver) != ("multioutput", "lbfgs")
]


@pytest.mark.parametrize(("name", "solver"), DATA_AND_SOLVER)
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_solver_and_activation(name: str, solver: str, activation: str) -> None:
    fit_both(name, solver=solver, activation=activation)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_early_stopping(name: str, solver: str) -> None:
    fit_both(
        name,
        solver=solver,
        early_stopping=True,
        validation_fraction=0.2,
        max_iter=40,
        n_iter_no_change=3,
        learning_rate_init=0.02,
    )


@pytest.mark.parametrize(("name", "solver"), DATA_AND_SOLVER)
def test_sample_weights(name: str, solver: str) -> None:
    weight = np.random.default_rng(5).random(len(rows(name)[1])) * 3.0
    fit_both(name, solver=solver, weight=weight)


@pytest.mark.parametrize("name", DATA)
def test_sample_weights_with_early_stopping(name: str) -> None:
    weight = np.random.default_rng(5).random(len(rows(name)[1])) * 3.0
    fit_both(name, weight=weight, early_stopping=True, validation_fraction=0.3)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_sparse_rows(make: Any, solver: str, early_stopping: bool) -> None:
    fit_both("multiclass", make=make, solver=solver, early_stopping=early_stopping)


@pytest.mark.parametrize(
    "parameters",
    [
        {"nesterovs_momentum": False},
        {"momentum": 0.0},
        {"momentum": 0.99},
        {"learning_rate": "invscaling", "power_t": 0.3},
        {"learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2, "max_iter": 60},
        {"learning_rate": "adaptive", "early_stopping": True, "tol": 0.05, "n_iter_no_change": 1,
         "max_iter": 40},
        {"tol": 0.02, "n_iter_no_change": 2, "max_iter": 200},
        {"n_iter_no_change": np.inf},
        {"batch_size": 1, "max_iter": 2, "learning_rate_init": 0.001},
        {"batch_size": 7},
        {"shuffle": False, "batch_size": 7},
        {"alpha": 0.0},
        {"alpha": 3.0},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": 4},
        {"hidden_layer_sizes": [8, 7, 6, 5]},
        {"random_state": 12345},
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("name", ["multiclass", "diabetes"])
def test_every_other_parameter_of_sgd(name: str, parameters: dict[str, Any]) -> None:
    fit_both(name, **{"solver": "sgd", "learning_rate_init": 0.05, **parameters})


@pytest.mark.parametrize(
    "parameters",
    [
        {"beta_1": 0.5}, {"beta_2": 0.9}, {"epsilon": 1e-2}, {"learning_rate_init": 0.05},
        {"learning_rate": "adaptive"}, {"hidden_layer_sizes": ()}, {"batch_size": 7},
    ],
    ids=repr,
)  # fmt: skip
def test_every_other_parameter_of_adam(parameters: dict[str, Any]) -> None:
    fit_both("binary", **parameters)


@pytest.mark.parametrize(
    "parameters", [{"max_fun": 5}, {"tol": 0.05, "max_iter": 200}, {"hidden_layer_sizes": ()}]
)
def test_every_other_parameter_of_lbfgs(parameters: dict[str, Any]) -> None:
    fit_both("multiclass", solver="lbfgs", **parameters)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_poisson(solver: str) -> None:
    fit_both("counts", solver=solver, loss="poisson", learning_rate_init=0.01)


@pytest.mark.parametrize("name", ["multiclass", "binary", "diabetes"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_float32(name: str, solver: str) -> None:
    X, y = rows(name)
    ours, theirs = pair(name, solver=solver)
    X = X.astype(np.float32)
    assert_same(ours.fit(X, y), theirs.fit(X, y), X, rtol=2e-4)


@pytest.mark.parametrize(("name", "solver"), DATA_AND_SOLVER)
def test_warm_start_goes_on_alike(name: str, solver: str) -> None:
    X, y = rows(name)
    ours, theirs = pair(name, solver=solver, warm_start=True, max_iter=3)
    for _ in range(3):
        ours.fit(X, y)
        theirs.fit(X, y)
        assert_same(ours, theirs, X)


def test_a_warm_start_begins_at_the_first_learning_rate_again() -> None:
    X, y = rows("multiclass")
    how = {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1}
    ours, theirs = pair("multiclass", **how, warm_start=True, max_iter=10)
    for _ in range(2):
        ours.fit(X, y)
        theirs.fit(X, y)
        assert_same(ours, theirs, X)
    assert ours._training.plateaus > 0


def test_warm_start_with_early_stopping_keeps_the_best_of_all_fits() -> None:
    """scikit-learn overwrites its best weights in place; see docs/differences.md."""
    X, y = rows("multiclass")
    model = pair("multiclass", warm_start=True, early_stopping=True, max_iter=30)[0]
    model.set_params(learning_rate_init=0.02).fit(X, y)
    best, score = [W.copy() for W in model.coefs_], model.best_validation_score_
    assert score == 1.0, "it cannot be surpassed"
    model.fit(X, y)
    for W, expected in zip(model.coefs_, best, strict=True):
        np.testing.assert_array_equal(W, expected)


def test_the_loss_of_a_certain_and_wrong_prediction_is_not_cut_off() -> None:
    """scikit-learn clips probabilities at one rounding, and so losses at 36."""
    X, y = np.array([[1.0], [1.0]]) * 1000.0, np.array([0, 1])
    ours, theirs = pair("binary", hidden_layer_sizes=(), solver="sgd", batch_size=1, max_iter=1)
    with pytest.warns(ConvergenceWarning):
        ours.set_params(learning_rate_init=1.0, shuffle=False).fit(X, y)
    theirs.set_params(learning_rate_init=1.0, shuffle=False).fit(X, y)
    assert theirs.loss_ < 1000.0 < ours.loss_
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_goes_on_alike(name: str, solver: str) -> None:
    X, y = rows(name)
    ours, theirs = pair(name, solver=solver, learning_rate="invscaling")
    classes = {}
    if name in ("binary", "multiclass", "multilabel"):
        classes = {"classes": np.arange(3) if name == "multilabel" else np.unique(y)}
    for start in (0, 40, 20):
        part = slice(start, start + 40)
        if name == "multilabel":
            part = slice(0, None)
        for model in (ours, theirs):
            model.partial_fit(X[part], y[part], **classes)
        assert_same(ours, theirs, X)


def test_partial_fit_after_fit_goes_on_alike() -> None:
    X, y = rows("multiclass")
    ours, theirs = pair("multiclass")
    for model in (ours, theirs):
        model.fit(X, y)
        model.partial_fit(X, y)
    assert_same(ours, theirs, X)


def test_one_random_state_passed_on_draws_alike() -> None:
    X, y = rows("multiclass")
    ours, theirs = pair("multiclass", early_stopping=True)
    for model in (ours, theirs):
        model.set_params(random_state=np.random.RandomState(4)).fit(X, y)
    assert_same(ours, theirs, X)
    assert ours.random_state.random_sample() == theirs.random_state.random_sample()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_several_outputs_report_the_loss_that_is_minimised(activation: str) -> None:
    X, y = rows("multioutput")
    ours, theirs = pair("multioutput", activation=activation, alpha=0.0)
    ours.fit(X, y)
    theirs.fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, 3.0 * np.array(theirs.loss_curve_), rtol=1e-9)


def test_converged_weights_are_the_same_too() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_both("iris", max_iter=2000, tol=1e-3, learning_rate_init=0.01)
