"""Drawn configurations: scikit-learn's weights, curves and stopping epoch, to rounding.

Each draws a task and a value for every parameter, so that they meet in combinations nobody chose.
Left out is what differs on purpose (docs/differences.md): the value of the loss for several
outputs, where it would decide when to stop; a warm start with early stopping; and losses cut off,
which an unbounded activation under L-BFGS comes to now and then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as peer
from peer_limits import arguments_of, skip_what_it_lacks
from scipy import sparse

from clearprop import estimators

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

N_CONFIGURATIONS = 320
TASKS = ("binary", "multiclass", "multilabel", "regression", "several outputs", "counts")
ACTIVATIONS = ("relu", "tanh", "logistic", "identity")
RELATIVE = {np.float64: 1e-7, np.float32: 1e-4}


def drawn(number: int) -> tuple[str, str, Any, dict[str, Any], Any]:
    """Task, way of learning, dtype, parameters and data of a configuration."""
    rng = np.random.default_rng(number)

    def pick(*values: Any) -> Any:
        return values[rng.integers(len(values))]

    task, dtype = TASKS[number % len(TASKS)], pick(np.float64, np.float64, np.float32)
    how = pick("fit", "fit", "warm start", "partial_fit")
    # float32 rounds in SciPy's line search, which then takes other steps.
    solvers = (
        ("adam", "sgd") if how == "partial_fit" or dtype == np.float32 else ("adam", "sgd", "lbfgs")
    )
    solver = pick(*solvers) if task != "several outputs" else pick(*solvers[:2])
    is_bounded = solver == "lbfgs" and task in TASKS[:3]
    n_rows, n_features = int(rng.integers(40, 90)), int(rng.integers(3, 12))
    X = rng.normal(size=(n_rows, n_features))
    score = X @ rng.normal(size=(n_features, 3))
    y: Any = {
        "binary": np.where(score[:, 0] > 0, "yes", "no"),
        "multiclass": score.argmax(axis=1) * 5,
        "multilabel": (score > 0).astype(int),
        "regression": np.tanh(score[:, 0]),
        "several outputs": np.tanh(score),
        "counts": rng.poisson(np.exp(np.tanh(score[:, 0]))),
    }[task]
    early_stopping = bool(how == "fit" and solver != "lbfgs" and rng.random() < 0.4)
    parameters = {
        "hidden_layer_sizes": pick((), (7,), (6, 5), (20, 3, 4)),
        "activation": pick(*(("tanh", "logistic") if is_bounded else ACTIVATIONS)),
        "solver": solver,
        "alpha": pick(0.0, 1e-4, 0.3),
        "batch_size": pick("auto", 1, 7, 32) if dtype == np.float64 else pick("auto", 7, 32),
        "shuffle": pick(True, False),
        "learning_rate": pick("constant", "invscaling", "adaptive"),
        "learning_rate_init": pick(1e-3, 1e-2),
        "momentum": pick(0.0, 0.5, 0.9),
        "nesterovs_momentum": pick(True, False),
        "max_iter": 30 if early_stopping else 5,
        "early_stopping": early_stopping,
        "validation_fraction": 0.25,
        "n_iter_no_change": pick(2, 10),
        "tol": pick(1e-4, 0.05),
        "warm_start": how == "warm start",
        "random_state": number,
    }
    if task == "counts":
        parameters |= {"loss": "poisson", "learning_rate_init": 1e-3}
    if task == "several outputs" and not early_stopping:
        parameters |= {"n_iter_no_change": 10}
    X = X.astype(dtype)
    if rng.random() < 0.3:
        X = sparse.csr_matrix(np.where(np.abs(X) > 0.6, X, dtype(0.0)))
    weight = rng.random(n_rows) + 0.1 if rng.random() < 0.4 else None
    return how, task, dtype, parameters, (X, y, weight)


def learned(estimator: Any, how: str, data: Any) -> Any:
    X, y, weight = data
    if how == "partial_fit":
        classes: dict[str, Any] = {}
        if hasattr(estimator, "predict_proba"):
            classes["classes"] = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
        for _ in range(5):
            estimator.partial_fit(X, y, **arguments_of(weight), **classes)
        return estimator
    for _ in range(2 if how == "warm start" else 1):
        estimator.fit(X, y, **arguments_of(weight))
    return estimator


@pytest.mark.parametrize("number", range(N_CONFIGURATIONS))
def test_a_drawn_configuration(number: int) -> None:
    how, task, dtype, parameters, data = drawn(number)
    kind = "MLPClassifier" if task in TASKS[:3] else "MLPRegressor"
    skip_what_it_lacks(kind, parameters, weight=data[2], y=data[1])
    ours = learned(getattr(estimators, kind)(**parameters), how, data)
    theirs = learned(getattr(peer, kind)(**parameters), how, data)
    relative = RELATIVE[dtype]

    def assert_near(got: Any, expected: Any) -> None:
        scale = float(np.max(np.abs(expected), initial=0.0))
        np.testing.assert_allclose(got, expected, rtol=relative, atol=relative * scale)

    for got, expected in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        assert got.dtype == expected.dtype == dtype
        assert_near(got, expected)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    if task != "several outputs" and parameters["solver"] != "lbfgs":
        assert_near(ours.loss_curve_, theirs.loss_curve_)
    if parameters["early_stopping"]:
        assert_near(ours.validation_scores_, theirs.validation_scores_)
        assert_near(ours.best_validation_score_, theirs.best_validation_score_)
    if kind == "MLPRegressor":
        assert_near(ours.predict(data[0]), theirs.predict(data[0]))
    else:
        assert_near(ours.predict_proba(data[0]), theirs.predict_proba(data[0]))
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)


def test_every_value_is_drawn_somewhere() -> None:
    """The draw is no use if it never reaches a corner."""
    ways = [drawn(number) for number in range(N_CONFIGURATIONS)]
    assert {how for how, *_ in ways} == {"fit", "warm start", "partial_fit"}
    for name, least in (("solver", 3), ("activation", 4), ("batch_size", 4), ("early_stopping", 2)):
        assert len({parameters[name] for *_, parameters, _ in ways}) == least
    assert {(task, sparse.issparse(data[0])) for _, task, _, _, data in ways} == {
        (task, is_sparse) for task in TASKS for is_sparse in (False, True)
    }
