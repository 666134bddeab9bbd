"""Dropout, shortened gradients and smoothed labels: each does what its formula says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from clearprop import MLPClassifier, MLPRegressor
from clearprop.dropout import dropout_scales
from clearprop.engines import Problem
from clearprop.engines.reference import ReferenceEngine
from clearprop.errors import ParameterError
from clearprop.optimizers import SGD

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(60, 5))
y = np.argmax(X[:, :3], axis=1)
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
ONE_STEP = {
    "hidden_layer_sizes": (30, 20),
    "activation": "tanh",
    "solver": "sgd",
    "momentum": 0.0,
    "learning_rate_init": 0.5,
    "batch_size": 60,
    "max_iter": 1,
    "alpha": 0.0,
    "shuffle": False,
    "random_state": 0,
}


def one_step(kind: Any, **parameters: Any) -> tuple[Any, list[Any], list[Any]]:
    """A fitted model, and the gradient that its one step was made of."""
    start = kind(**ONE_STEP).initialize(X, y)
    model = kind(**{**ONE_STEP, **parameters}).fit(X, y)
    dW = [(W - after) / 0.5 for W, after in zip(start.coefs_, model.coefs_, strict=True)]
    db = [(b - after) / 0.5 for b, after in zip(start.intercepts_, model.intercepts_, strict=True)]
    return start, dW, db


@BOTH
@pytest.mark.parametrize("dropout", [0.4, [0.0, 0.7]])
def test_a_step_with_dropout_is_the_gradient_of_the_units_left(kind: Any, dropout: Any) -> None:
    start, dW, db = one_step(kind, dropout=dropout)
    drawn = np.random.RandomState(0)
    kind(**{**ONE_STEP, "random_state": drawn}).initialize(X, y)
    seed = int(drawn.randint(np.iinfo(np.int32).max))
    rates = np.broadcast_to(dropout, 2)
    scales = [
        dropout_scales(rates[layer], (60, width), seed=seed, update=0, layer=layer)
        for layer, width in enumerate((30, 20))
    ]
    from clearprop import backward, check_gradients, forward  # noqa: PLC0415 - after the fit

    network, parameters = start.network_, start.parameters_
    Y = np.eye(3)[y] if kind is MLPClassifier else y[:, None].astype(float)
    passes = forward(network, parameters, X, dropout=scales)
    expected = backward(network, parameters, passes, Y)
    for found, right in zip([*dW, *db], [*expected.dW, *expected.db], strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12)
    report = check_gradients(
        network, parameters, X, Y, dropout=scales, gradients={"dW": dW, "db": db}, max_entries=50
    )
    assert report.ok, str(report)


@BOTH
def test_every_step_drops_other_units_and_a_seed_the_same(kind: Any) -> None:
    parameters = {**ONE_STEP, "max_iter": 4, "dropout": 0.5}
    first, again = (kind(**parameters).fit(X, y).coefs_[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = kind(**{**parameters, "dropout": 0.51}).fit(X, y).coefs_[0]
    assert not np.array_equal(first, other)
    losses = kind(**{**parameters, "learning_rate_init": 1e-12}).fit(X, y).loss_curve_
    assert len({round(loss, 6) for loss in losses}) == 4


@BOTH
def test_predictions_use_all_units(kind: Any) -> None:
    model = kind(**ONE_STEP, dropout=0.5).fit(X, y)
    plain = model.forward(X)
    assert (np.abs(plain.inputs[1]) > 0).all()
    name = "predict_proba" if kind is MLPClassifier else "predict"
    assert np.allclose(getattr(model, name)(X).ravel(), plain.output.ravel())


@BOTH
def test_a_long_gradient_is_shortened_and_a_short_one_not(kind: Any) -> None:
    _, dW, db = one_step(kind)
    norm = np.sqrt(sum(float((array**2).sum()) for array in [*dW, *db]))
    _, shortened, _ = one_step(kind, max_grad_norm=0.5 * norm)
    for found, whole in zip(shortened, dW, strict=True):
        np.testing.assert_allclose(found, 0.5 * whole, rtol=1e-9, atol=1e-14)
    _, left, _ = one_step(kind, max_grad_norm=1.01 * norm)
    for found, whole in zip(left, dW, strict=True):
        np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("targets", ["classes", "two classes", "labels"])
def test_smoothed_labels_are_what_the_loss_compares_with(targets: str) -> None:
    labels = {"classes": y, "two classes": y > 0, "labels": np.eye(3, dtype=int)[y]}[targets]
    start = MLPClassifier(**ONE_STEP).initialize(X, labels)
    model = MLPClassifier(**ONE_STEP, label_smoothing=0.3).fit(X, labels)
    Y = np.eye(3)[y] if targets != "two classes" else (y > 0)[:, None].astype(float)
    Y = 0.7 * Y + (0.1 if targets == "classes" else 0.15)
    session = ReferenceEngine().session(Problem(start.network_, X, Y), start.parameters_, SGD())
    session.run(np.arange(60), 60, np.array([0.5]))
    for W, layer in zip(model.coefs_, session.parameters(), strict=True):
        np.testing.assert_allclose(W, layer.W, rtol=1e-9, atol=1e-12)
    assert model.check_gradients(X[:9], labels[:9], max_entries=40).ok
    plain = MLPClassifier(**ONE_STEP).fit(X, labels)
    plain.coefs_, plain.intercepts_ = model.coefs_, model.intercepts_
    smoothed, sharp = model.gradients(X, labels), plain.gradients(X, labels)
    hard = np.eye(3)[y] if targets != "two classes" else (y > 0)[:, None]
    difference = smoothed.delta[-1] - sharp.delta[-1]
    np.testing.assert_allclose(difference, (hard - Y) / 60, rtol=1e-9)


def test_smoothing_leaves_scores_of_validation_to_the_labels() -> None:
    settings = {"early_stopping": True, "learning_rate_init": 0.01, "random_state": 0}
    model = MLPClassifier((20,), label_smoothing=0.5, **settings)
    model.fit(np.tile(X, (5, 1)), np.tile(y, 5))
    assert model.best_validation_score_ > 0.9


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_weights_losses_and_sparse_rows_work_together(kind: Any, dtype: str) -> None:
    thin = X * (np.abs(X) > 0.5)
    weights = GENERATOR.uniform(0.1, 2.0, 60)
    special: dict[str, Any] = {"loss": "quantile", "quantile": [0.1, 0.9]}
    if kind is MLPClassifier:
        special = {"label_smoothing": 0.1, "class_weight": "balanced"}
    settings = {
        "hidden_layer_sizes": (30, 20),
        "dropout": [0.2, 0.5],
        "activation": ["relu", "gelu"],
        "max_grad_norm": 0.5,
        "solver": "nadam",
        "batch_size": 16,
        "max_iter": 5,
        "random_state": 0,
        "dtype": dtype,
        **special,
    }
    dense = kind(**settings).fit(thin, y, sample_weight=weights)
    rows = kind(**settings).fit(sparse.csr_matrix(thin), y, sample_weight=weights)
    two = kind(**settings, n_threads=2).fit(sparse.csr_matrix(thin), y, sample_weight=weights)
    close = 1e-3 if dtype == "float32" else 1e-9
    for W, of_rows, of_two in zip(dense.coefs_, rows.coefs_, two.coefs_, strict=True):
        assert W.dtype == dtype
        np.testing.assert_allclose(W, of_rows, rtol=close, atol=close)
        np.testing.assert_array_equal(of_rows, of_two)
    for without in ({"dropout": 0.0}, {"max_grad_norm": None}, {"solver": "adam"}):
        other = kind(**{**settings, **without}).fit(thin, y, sample_weight=weights)
        assert not np.allclose(other.coefs_[0], dense.coefs_[0], rtol=1e-3)
    unweighted = kind(**settings).fit(thin, y)
    assert not np.allclose(unweighted.coefs_[0], dense.coefs_[0], rtol=1e-3)
    if dtype == "float64":
        assert dense.check_gradients(thin[:8], y[:8], weights[:8], max_entries=40).ok


@BOTH
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dropout": [0.1]}, "got 1 shares for 2 hidden layers"),
        ({"dropout": [0.1, 1.0]}, "expected shares of 0 to below 1"),
        ({"dropout": 1.0}, "in the range"),
        ({"dropout": ["a", "b"]}, "expected shares of 0 to below 1"),
        ({"max_grad_norm": 0.0}, "in the range"),
        ({"solver": "lbfgs", "dropout": 0.1}, "dropout: solver='lbfgs' has no use for it"),
        ({"solver": "lbfgs", "max_grad_norm": 1.0}, "max_grad_norm: solver='lbfgs' has no use"),
    ],
)
def test_what_cannot_be_is_said(kind: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(hidden_layer_sizes=(30, 20), **parameters).fit(X, y)


def test_lbfgs_takes_a_dropout_of_nothing() -> None:
    MLPClassifier((5,), solver="lbfgs", dropout=0.0, max_iter=3).fit(X, y)


@BOTH
def test_partial_fit_goes_on_with_other_units(kind: Any) -> None:
    classes = {"classes": [0, 1, 2]} if kind is MLPClassifier else {}
    parameters = {**ONE_STEP, "learning_rate_init": 1e-12, "dropout": 0.5}
    model, losses = kind(**parameters), []
    for _ in range(3):
        model.partial_fit(X, y, **classes)
        losses.append(round(model.loss_, 6))
    assert len(set(losses)) == 3


def test_an_error_of_ours_is_a_parameter_error() -> None:
    with pytest.raises(ParameterError, match="shares"):
        MLPClassifier((3,), dropout=[0.1, 0.2]).fit(X, y)


def test_the_validation_loss_is_of_smoothed_labels_too() -> None:
    still = {**ONE_STEP, "learning_rate_init": 1e-12}
    model = MLPClassifier(**still, label_smoothing=0.4).fit(X, y, X_val=X, y_val=y)
    assert model.validation_loss_curve_[0] == pytest.approx(model.loss_curve_[0], rel=1e-9)


def test_lbfgs_compares_with_smoothed_labels_too() -> None:
    """Without smoothing the probabilities of these would go to 0 and 1."""
    labels = np.arange(20) % 2
    rows = labels[:, None] - 0.5
    settings = {"solver": "lbfgs", "alpha": 0.0, "tol": 1e-9, "random_state": 0}
    smooth = MLPClassifier((), label_smoothing=0.2, **settings).fit(rows, labels)
    np.testing.assert_allclose(smooth.predict_proba(rows)[:, 1], 0.1 + 0.8 * labels, atol=1e-6)
