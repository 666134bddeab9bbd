"""The estimators' own contract: signature, attributes, labels, validation, limits, pickles."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import pickle
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network as peer
from peer_limits import BEFORE_1_7
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import f1_score, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import StandardScaler

from clearprop import backward, check_gradients, forward, loss
from clearprop.errors import ClearpropWarning, DivergenceError, ModelFileError, ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.training import Callback, Progress

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
OURS = [
    "scoring",
    "max_time",
    "callbacks",
    "checkpoint",
    "checkpoint_seconds",
    "resume",
    "n_threads",
    "dtype",
    "weight_decay",
    "warmup_epochs",
    "metrics",
    "dropout",
    "max_grad_norm",
]

# Most fits here are kept short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def small(kind: Any = MLPClassifier, **parameters: Any) -> Any:
    return kind(**{"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0, **parameters})


of_1_7 = pytest.mark.skipif(
    BEFORE_1_7, reason="sample_weight and loss came with scikit-learn 1.7; ours has them anyway"
)

# --- signature and attributes --------------------------------------------------------------


@of_1_7
@BOTH
def test_the_signature_is_scikit_learns_with_ours_after_it(kind: Any) -> None:
    theirs = inspect.signature(getattr(peer, kind.__name__)).parameters
    ours = inspect.signature(kind).parameters
    only = {MLPClassifier: ["class_weight", "label_smoothing", "stratified_validation"]}
    own = [*OURS, *only.get(kind, ["quantile", "huber_delta"])]
    assert list(ours) == [*theirs, *own]
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default, name
        assert ours[name].kind == parameter.kind, name


@of_1_7
@BOTH
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "score", "predict_proba"])
def test_methods_take_what_scikit_learns_take(kind: Any, method: str) -> None:
    reference = getattr(peer, kind.__name__)
    assert hasattr(kind(), method) == hasattr(reference(), method)
    if hasattr(kind(), method):
        theirs = list(inspect.signature(getattr(reference(), method)).parameters)
        ours = list(inspect.signature(getattr(kind(), method)).parameters)
        assert ours == theirs + (["X_val", "y_val"] if "fit" in method else [])


@BOTH
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_fitted_attributes_are_scikit_learns(kind: Any, solver: str, early_stopping: bool) -> None:
    how = {"solver": solver, "early_stopping": early_stopping, "random_state": 0, "max_iter": 3}
    theirs = getattr(peer, kind.__name__)(**how).fit(X, Y)
    ours = kind(**how).fit(X, Y)
    public = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert public <= {name for name in vars(ours) if name.endswith("_")}
    for name in public:
        assert type(getattr(ours, name)) in {type(getattr(theirs, name)), float}, name


def test_lbfgs_has_no_partial_fit() -> None:
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError):
        MLPRegressor(solver="lbfgs").partial_fit  # noqa: B018 - reading it is the test


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_before_fit_there_is_nothing_to_predict_with(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(MLPClassifier(), method)(X)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("solver", "sdg"), ("alpha", -1.0), ("activation", "rellu"), ("max_time", 0), ("tol", -1)],
)
def test_parameters_outside_what_is_allowed_are_refused(parameter: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"'{parameter}' parameter of MLPClassifier"):
        MLPClassifier(**{parameter: value}).fit(X, Y)


def test_hidden_layers_of_no_width_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"hidden_layer_sizes must be > 0, got \[4, 0\]"):
        MLPClassifier((4, 0)).fit(X, Y)


# --- labels and probabilities --------------------------------------------------------------


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["setosa", "versi", "ünïcode"]),
        np.array(["setosa", "versi", "ünïcode"], dtype=object),
        np.array([-3, 0, 10**12]),
        np.array([0.0, 1.0, 7.0]),
        np.array([False, True]),
        np.array(["no", "yes"]),
    ],
    ids=lambda classes: f"{classes.dtype}-{len(classes)}",
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_labels_come_back_as_they_were_given(classes: Any, early_stopping: bool) -> None:
    labels = classes[np.minimum(Y, len(classes) - 1)]
    model = small(max_iter=60, learning_rate_init=0.05, early_stopping=early_stopping)
    predicted = model.fit(X, labels).predict(X)
    np.testing.assert_array_equal(model.classes_, classes)
    assert np.mean(predicted == labels) > 0.85
    assert predicted.dtype.kind == ("U" if labels.dtype == object else labels.dtype.kind)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_sum_to_one_and_agree_with_the_prediction(n_classes: int) -> None:
    labels = np.minimum(Y, n_classes - 1)
    model = small().fit(X, labels)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (150, n_classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probabilities, rtol=1e-12)


def test_the_logarithm_of_zero_is_no_warning() -> None:
    model = small(n_iter_no_change=1).fit(X, Y)
    assert np.isneginf(model.predict_log_proba(X * 1e6)).any()


def test_several_labels_per_row() -> None:
    labels = np.stack([Y == 0, Y > 0, X[:, 0] > 0], axis=1).astype(int)
    model = small(max_iter=150, learning_rate_init=0.02).fit(X, labels)
    assert model.out_activation_ == "logistic"
    assert model.predict(X).shape == labels.shape
    assert model.score(X, labels) > 0.9
    assert model.predict_proba(X).shape == (150, 3)


def test_unknown_classes_in_warm_start_and_partial_fit_are_refused() -> None:
    model = small(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="same classes as in the previous"):
        model.fit(X[:100], Y[:100])
    model = small().partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"not in `self\.classes_`"):
        model.partial_fit(X, Y + 1)


def test_poisson_needs_targets_of_zero_and_more() -> None:
    with pytest.raises(ParameterError, match="targets of 0 and more, got -1"):
        small(MLPRegressor, loss="poisson").fit(X, Y - 1.0)
    assert np.all(small(MLPRegressor, loss="poisson").fit(X, Y).predict(X) > 0.0)


# --- validation and scoring ----------------------------------------------------------------


@pytest.mark.parametrize(
    "scoring", ["neg_log_loss", "f1_macro", make_scorer(f1_score, average="macro")]
)
def test_training_stops_on_the_chosen_metric(scoring: Any) -> None:
    model = small(early_stopping=True, scoring=scoring, validation_fraction=0.3, max_iter=30)
    model.fit(X, Y)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert len(set(model.validation_scores_)) > 1


def test_the_metric_is_computed_on_the_given_rows_and_the_best_weights_are_kept() -> None:
    model = small(scoring="neg_log_loss", max_iter=40, learning_rate_init=0.3)
    model.fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    found = -log_loss(Y[1::2], model.predict_proba(X[1::2]))
    assert found == pytest.approx(max(model.validation_scores_), rel=1e-12)
    assert model.best_validation_score_ == pytest.approx(found, rel=1e-12)
    assert model.best_loss_ is None


def test_without_a_metric_accuracy_and_r2_decide() -> None:
    classifier = small().fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert classifier.best_validation_score_ == classifier.score(X[1::2], Y[1::2])
    regressor = small(MLPRegressor).fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert regressor.best_validation_score_ == pytest.approx(regressor.score(X[1::2], Y[1::2]))


def test_given_validation_rows_leave_the_training_rows_alone() -> None:
    """Validation that decides nothing: the same course as without it."""
    plain = small().fit(X, Y)
    watched = small().fit(X, Y, X_val=X[:9], y_val=Y[:9])
    assert watched.loss_curve_ == plain.loss_curve_


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"X_val": X}, "got only one of the two"),
        ({"y_val": Y}, "got only one of the two"),
        ({"X_val": X, "y_val": Y[1:]}, "X_val has 150 rows and y_val 149"),
        ({"X_val": X[:, 1:], "y_val": Y}, "3 features"),
    ],
)
def test_validation_rows_that_do_not_fit_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        small().fit(X, Y, **given)


@BOTH
def test_frames_give_no_spurious_warning_about_feature_names(kind: Any) -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    scoring = "accuracy" if kind is MLPClassifier else "r2"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        for how in ({"early_stopping": True, "scoring": scoring}, {"early_stopping": True}):
            model = small(kind, **how).fit(frame, Y)
            model.predict(frame)
        for how in ({"scoring": scoring}, {}):
            small(kind, **how).fit(frame, Y, X_val=frame[:20], y_val=Y[:20])
        assert list(model.feature_names_in_) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["d", "c", "b", "a"]])


def test_a_validation_part_too_small_is_refused() -> None:
    with pytest.raises(ParameterError, match="validation set is too small"):
        small(early_stopping=True, validation_fraction=0.005).fit(X, Y)


# --- weights of rows -----------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_a_row_of_weight_two_is_the_row_twice(kind: Any, solver: str) -> None:
    weight = np.random.default_rng(0).integers(0, 3, size=150)
    rows = np.repeat(np.arange(150), weight)
    how = {"solver": solver, "batch_size": 500, "shuffle": False, "alpha": 0.1}
    with pytest.warns(UserWarning, match="batch_size") if solver == "sgd" else _nothing():
        weighted = small(kind, **how).fit(X, Y, weight)
        repeated = small(kind, **how).fit(X[rows], Y[rows])
    for W, expected in zip(weighted.coefs_, repeated.coefs_, strict=True):
        np.testing.assert_allclose(W, expected, rtol=1e-6, atol=1e-9)


@contextlib.contextmanager
def _nothing() -> Iterator[None]:
    yield


def test_weights_that_teach_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one non-zero"):
        small().fit(X, Y, np.zeros(150))
    with pytest.raises(ValueError, match="Negative values"):
        small().fit(X, Y, np.linspace(-1.0, 1.0, 150))


# --- stopping, limits, checkpoints ---------------------------------------------------------


class CtrlC(Callback):
    def on_epoch(self, progress: Progress) -> bool | None:
        if progress.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return None


class StopAt(Callback):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch(self, progress: Progress) -> bool | None:
        return progress.epoch == self.epoch


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(
    ("parameters", "said", "stopped"),
    [
        ({"callbacks": [CtrlC()]}, "interrupted by user", "interrupted"),
        ({"callbacks": [StopAt(3)]}, "stopped by a callback", "callback"),
        ({"max_time": 1e-9}, "stopped at max_time", "max_seconds"),
    ],
    ids=["ctrl-c", "callback", "max_time"],
)
def test_training_cut_short_says_so(
    solver: str, parameters: dict[str, Any], said: str, stopped: str
) -> None:
    model = small(solver=solver, max_iter=50, tol=0.0, **parameters)
    with pytest.warns(UserWarning, match=said):
        model.fit(X, Y)
    assert model.stopped_ == stopped
    assert model.n_iter_ == (3 if "callbacks" in parameters else model.n_iter_)
    assert model.n_iter_ < 50
    assert model.predict(X).shape == (150,)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_interrupted_and_resumed_is_never_interrupted(solver: str, tmp_path: Path) -> None:
    how = {"solver": solver, "early_stopping": True, "max_iter": 9, "tol": 0.0, "batch_size": 16}
    expected = small(**how).fit(X, Y)
    path = str(tmp_path / "run")
    with pytest.warns(UserWarning, match="interrupted by user"):
        small(**how, checkpoint=path, callbacks=[CtrlC()]).fit(X, Y)
    resumed = small(**how, checkpoint=Path(path), resume=True).fit(X, Y)
    assert [W.tobytes() for W in resumed.coefs_] == [W.tobytes() for W in expected.coefs_]
    assert resumed.loss_curve_ == expected.loss_curve_
    assert resumed.validation_scores_ == expected.validation_scores_
    assert (resumed.n_iter_, resumed.t_) == (expected.n_iter_, expected.t_)


def test_a_run_is_resumed_on_the_same_data_and_settings_only(tmp_path: Path) -> None:
    path = tmp_path / "run"
    how = {"checkpoint": path, "resume": True}
    validation = {"X_val": X[:20], "y_val": Y[:20].astype(str)}
    labels = Y.astype(str)
    with pytest.warns(UserWarning, match="callback"):
        small(**how, callbacks=[StopAt(2)]).fit(X, labels, **validation)
    others = [
        ({"alpha": 0.5}, X, validation),
        ({"learning_rate_init": 0.5}, X, validation),
        ({"solver": "sgd"}, X, validation),
        ({"scoring": "neg_log_loss"}, X, validation),
        ({}, X[::-1].copy(), validation),
        ({}, X, {"X_val": X[1:21], "y_val": labels[:20]}),
        ({}, X, {"X_val": X[:20], "y_val": labels[-20:]}),
        ({}, X, {}),
    ]
    for parameters, rows, given in others:
        with pytest.raises(ModelFileError, match="other data or other settings"):
            small(**{**how, **parameters}).fit(rows, labels, **given)
    assert small(**how).fit(X, labels, **validation).n_iter_ == 8


def test_lbfgs_refuses_what_it_has_no_use_for(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="checkpoint: solver='lbfgs' has no use for it"):
        small(solver="lbfgs", checkpoint=tmp_path / "run").fit(X, Y)
    with pytest.raises(ParameterError, match="X_val: solver='lbfgs' has no use for it"):
        small(solver="lbfgs").fit(X, Y, X_val=X, y_val=Y)


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_iter": 4},
        {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 50},
        {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 50, "early_stopping": True},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 2,
         "max_iter": 60},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1,
         "early_stopping": True, "max_iter": 60},
    ],
    ids=["epochs", "plateau", "validated plateau", "adaptive", "validated adaptive"],
)  # fmt: skip
def test_verbose_prints_what_scikit_learn_prints(parameters: dict[str, Any]) -> None:
    printed = []
    for kind in (MLPClassifier, peer.MLPClassifier):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            kind((6,), random_state=0, verbose=True, **parameters).fit(X, Y)
        printed.append(out.getvalue())
    assert printed[0] == printed[1]
    assert "Iteration 1, loss = " in printed[0]


# --- going on ------------------------------------------------------------------------------


def test_another_solver_in_partial_fit_begins_with_its_own_state() -> None:
    model = small(solver="adam").partial_fit(X, Y, classes=[0, 1, 2])
    model.set_params(solver="sgd").partial_fit(X, Y)
    model.set_params(solver="adam").partial_fit(X, Y)
    assert len(model.loss_curve_) == 3
    assert np.isfinite(model.loss_curve_).all()


def test_without_warm_start_fit_forgets() -> None:
    model = small().fit(X, Y)
    before = [W.tobytes() for W in model.coefs_]
    assert [W.tobytes() for W in model.fit(X, Y).coefs_] == before
    assert len(model.loss_curve_) == 8
    model.fit(X[:, :2], np.minimum(Y, 1))
    assert (model.n_features_in_, model.n_outputs_) == (2, 1)


# --- pickles, clones, searches -------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_pickle_predicts_the_same_and_holds_no_data(kind: Any, solver: str) -> None:
    digits, labels = load_digits(return_X_y=True)
    model = small(kind, solver=solver, early_stopping=True, max_iter=3)
    model.fit(digits / 16.0, labels)
    pickled = pickle.dumps(model)
    again = pickle.loads(pickled)
    np.testing.assert_array_equal(again.predict(digits), model.predict(digits))
    # Adam keeps two numbers beside each weight, and the best weights are kept beside the last.
    assert len(pickled) < 5 * sum(W.nbytes for W in model.coefs_) + 10_000
    assert len(pickled) < digits.nbytes / 10


def test_a_pickled_model_goes_on_as_the_model_itself() -> None:
    model = small().partial_fit(X, Y, classes=[0, 1, 2])
    again = pickle.loads(pickle.dumps(model))
    for each in (model, again):
        each.partial_fit(X, Y)
    assert [W.tobytes() for W in again.coefs_] == [W.tobytes() for W in model.coefs_]


@BOTH
def test_a_clone_has_the_parameters_and_nothing_learned(kind: Any) -> None:
    model = small(kind, alpha=0.3, scoring="accuracy", max_time=9.0).fit(X, Y)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "coefs_")


@pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning")  # joblib's pool
def test_grid_search_over_processes_finds_what_one_process_finds() -> None:
    grid = {"alpha": [1e-4, 10.0], "hidden_layer_sizes": [(3,), (5, 4)]}
    searches = [
        GridSearchCV(small(max_iter=60, learning_rate_init=0.05), grid, cv=3, n_jobs=n_jobs).fit(
            X, Y
        )
        for n_jobs in (1, 2)
    ]
    first, second = (search.cv_results_["mean_test_score"] for search in searches)
    np.testing.assert_array_equal(first, second)
    assert searches[1].best_estimator_.score(X, Y) > 0.6


def test_errors_come_home_from_other_processes() -> None:
    with pytest.raises(ParameterError, match="lbfgs"):
        cross_val_score(
            small(solver="lbfgs", checkpoint="x"), X, Y, cv=2, n_jobs=2, error_score="raise"
        )


# --- the network behind --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "poisson"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_network_and_parameters_are_what_forward_and_backward_take(
    kind: str, activation: str
) -> None:
    if kind in ("binary", "multiclass"):
        labels = np.minimum(Y, 1) if kind == "binary" else Y
        model = small(activation=activation).fit(X, labels)
        targets = labels[:, None] if kind == "binary" else np.eye(3)[Y]
        predicted = model.predict_proba(X)[:, -targets.shape[1] :]
    else:
        how = {"loss": "poisson"} if kind == "poisson" else {}
        model = small(MLPRegressor, activation=activation, **how).fit(X, Y)
        targets, predicted = Y[:, None].astype(float), model.predict(X)[:, None]
    passes = forward(model.network_, model.parameters_, X)
    np.testing.assert_allclose(passes.output, predicted, rtol=1e-12)
    assert float(loss(model.network_, passes, targets)) < 3.0 * model.loss_
    gradients = backward(model.network_, model.parameters_, passes, targets)
    assert [dW.shape for dW in gradients.dW] == [W.shape for W in model.coefs_]
    assert check_gradients(model.network_, model.parameters_, X[:5], targets[:5]).ok


def test_sparse_rows_predict_what_dense_rows_predict() -> None:
    model = small().fit(sparse.csc_matrix(X), Y)
    for make in (sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array):
        np.testing.assert_allclose(model.predict_proba(make(X)), model.predict_proba(X), rtol=1e-12)


def test_float32_stays_float32() -> None:
    model = small().fit(X.astype(np.float32), Y)
    assert {W.dtype for W in model.coefs_ + model.intercepts_} == {np.dtype(np.float32)}
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("hidden", [(7,), (7, 3), 9, ()])
def test_other_hidden_layers_in_a_warm_start_are_told_to_be_left(hidden: Any) -> None:
    model = small(hidden_layer_sizes=[5], warm_start=True, solver="adam", max_iter=2).fit(X, Y)
    with pytest.warns(ClearpropWarning, match=r"the network has \(5,\) since its first fit"):
        model.set_params(hidden_layer_sizes=hidden).fit(X, Y)
    with pytest.warns(ClearpropWarning, match=r"the network has \(5,\) since its first fit"):
        model.partial_fit(X, Y)
    assert [W.shape for W in model.coefs_] == [(4, 5), (5, 3)]


def test_a_first_fit_that_failed_leaves_no_classes_to_a_warm_start() -> None:
    model = small(solver="sgd", learning_rate_init=1e300, warm_start=True, max_iter=9)
    with pytest.raises(DivergenceError):
        model.fit(X, Y)
    model.set_params(learning_rate_init=0.01).fit(X, Y == 1)
    assert model.classes_.tolist() == [False, True]


def test_callbacks_of_another_protocol_are_refused() -> None:
    for other, name in ((list, "list"), (object(), "object")):
        with pytest.raises(
            ParameterError, match=rf"callbacks\[0\]: got {name}, expected an object"
        ):
            small(solver="adam", callbacks=[other]).fit(X, Y)
