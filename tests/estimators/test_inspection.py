"""What an estimator shows of itself, held to finite differences and to what `fit` minimises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from clearprop import MLPClassifier, MLPRegressor
from clearprop.errors import ParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5))
TARGETS: dict[str, tuple[type, Any, dict[str, Any]]] = {
    "two classes": (MLPClassifier, np.where(X[:, 0] > 0, "yes", "no"), {}),
    "classes": (MLPClassifier, rng.integers(0, 4, 40), {}),
    "labels": (MLPClassifier, rng.integers(0, 2, (40, 3)), {}),
    "number": (MLPRegressor, X[:, 0], {}),
    "numbers": (MLPRegressor, X[:, :2], {}),
    "counts": (MLPRegressor, rng.integers(0, 5, 40), {"loss": "poisson"}),
}


def fitted(name: str, **parameters: Any) -> tuple[Any, Any]:
    kind, y, more = TARGETS[name]
    settings = {"activation": "tanh", "max_iter": 3, "random_state": 0, **more, **parameters}
    return kind(hidden_layer_sizes=(6, 4), **settings).fit(X, y), y


def output(model: Any, rows: Any) -> Any:
    if isinstance(model, MLPRegressor):
        return model.predict(rows).reshape(len(rows), -1)
    return model.predict_proba(rows)[:, -model.n_outputs_ :]


@pytest.mark.parametrize("name", TARGETS)
def test_forward_ends_in_what_is_predicted(name: str) -> None:
    model, _ = fitted(name)
    passes = model.forward(X)
    np.testing.assert_allclose(passes.output, output(model, X), rtol=1e-12)
    assert [h.shape[1] for h in passes.inputs] == [5, 6, 4]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("is_sparse", [False, True])
def test_input_gradients_are_the_slopes_of_predictions(name: str, is_sparse: bool) -> None:
    model, _ = fitted(name)
    slopes = model.input_gradients(sparse.csr_matrix(X) if is_sparse else X)
    assert slopes.shape == (40, model.n_outputs_, 5)
    for feature in range(5):
        step = np.zeros(5)
        step[feature] = 1e-6
        measured = (output(model, X + step) - output(model, X - step)) / 2e-6
        np.testing.assert_allclose(slopes[:, :, feature], measured, atol=1e-8)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_what_one_step_of_descent_takes(name: str, weighted: bool) -> None:
    kind, y, more = TARGETS[name]
    weight = np.linspace(0.5, 2.0, 40) if weighted else None
    settings = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.01, "alpha": 0.0}
    model = kind(
        hidden_layer_sizes=(6,), max_iter=1, batch_size=40, random_state=0, **settings, **more
    )
    start = model.initialize(X, y).coefs_
    gradients = model.gradients(X, y, weight)
    moved = model.fit(X, y, weight).coefs_
    for W, after, dW in zip(start, moved, gradients.dW, strict=True):
        np.testing.assert_allclose(after, W - 0.01 * dW, rtol=1e-12, atol=1e-15)
    assert gradients.dinput[0].shape == X.shape


@pytest.mark.parametrize("name", TARGETS)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    model, y = fitted(name)
    report = model.check_gradients(sparse.csr_matrix(X[:6]), y[:6], np.linspace(1, 2, 6))
    assert report.ok


def test_a_gradient_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    model, y = fitted("classes")
    monkeypatch.setattr("clearprop.gradcheck.backward", _doubled)
    assert not model.check_gradients(X[:6], y[:6]).ok


def _doubled(*arguments: Any, **more: Any) -> Any:
    from clearprop.backprop import backward  # noqa: PLC0415 - the one that was replaced elsewhere

    gradients = backward(*arguments, **more)
    return gradients._replace(dW=[2.0 * dW for dW in gradients.dW])


@pytest.mark.parametrize("name", TARGETS)
def test_initialize_is_where_fit_begins(name: str) -> None:
    kind, y, more = TARGETS[name]
    settings = {"solver": "sgd", "learning_rate_init": 1e-300, "random_state": 3, **more}
    model = kind(hidden_layer_sizes=(6,), max_iter=1, **settings)
    drawn = kind(hidden_layer_sizes=(6,), **settings).initialize(X, y)
    for W, expected in zip(drawn.coefs_, model.fit(X, y).coefs_, strict=True):
        np.testing.assert_array_equal(W, expected)
    assert drawn.n_iter_ == 0
    assert output(drawn, X).shape == (40, drawn.n_outputs_)


def test_partial_fit_goes_on_from_initialize() -> None:
    _, y, _ = TARGETS["classes"]
    drawn = MLPClassifier((6,), random_state=0).initialize(X, y)
    anew = MLPClassifier((6,), random_state=0).partial_fit(X, y, classes=np.arange(4))
    drawn.partial_fit(X, y)
    assert drawn.n_iter_ == anew.n_iter_ == 1
    assert drawn.coefs_[0].shape == anew.coefs_[0].shape


def test_initialize_forgets_earlier_classes() -> None:
    model, _ = fitted("classes", warm_start=True)
    assert model.initialize(X, np.where(X[:, 0] > 0, "b", "a")).classes_.tolist() == ["a", "b"]


def test_a_subset_of_the_classes_has_gradients_also_with_warm_start() -> None:
    model, y = fitted("classes", warm_start=True)
    rows = np.flatnonzero(y == y[0])
    assert model.gradients(X[rows], y[rows]).delta[-1].shape == (len(rows), 4)


def test_an_unknown_class_is_named() -> None:
    model, y = fitted("classes")
    with pytest.raises(ParameterError, match="got 9, which is no class"):
        model.gradients(X, np.where(y == 0, 9, y))


@pytest.mark.parametrize("method", ["forward", "input_gradients"])
def test_without_parameters_there_is_nothing_to_show(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(MLPClassifier(), method)(X)
