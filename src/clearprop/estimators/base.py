"""What both estimators share: parameters, fitting, the network behind them.

`__init__` only stores; the constraints are data; scikit-learn's base classes do the rest of the
contract. Fitted attributes have scikit-learn's names.
"""

from __future__ import annotations

import copy
import warnings
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, validate_data

from clearprop.activations import ACTIVATIONS
from clearprop.engines import Problem
from clearprop.engines.default import default_engine
from clearprop.errors import DataWarning, ParameterError
from clearprop.estimators.architecture import (
    dropout_rates,
    hidden_activations,
    out_activation,
    shared_gain,
)
from clearprop.estimators.inspection import InspectionMixin
from clearprop.estimators.solvers import (
    PLANNED,
    STOCHASTIC_SOLVERS,
    STOP_WARNINGS,
    make_optimizer,
    make_schedule,
    minimize_lbfgs,
    require_epochs,
)
from clearprop.estimators.validation import given_validation, split_validation
from clearprop.estimators.verbose import VerboseLines
from clearprop.network import Layer, Network
from clearprop.optimizers import Optimizer
from clearprop.training import TrainingResult, TrainingSettings, TrainingState, fit
from clearprop.training.resume import resume
from clearprop.training.verdict import warn_if_useless

__all__ = ["BaseMLP"]

Array = npt.NDArray[Any]

_BLOWN_UP = 1e6


class _ScorerNames(StrOptions):  # type: ignore[misc]  # scikit-learn has no types
    """The names of scikit-learn's scorers, loaded when somebody asks for them."""

    def __init__(self) -> None:
        self.type = str
        self.deprecated: set[str] = set()
        self.hidden: set[str] = set()

    @property
    def options(self) -> set[str]:
        from sklearn.metrics import get_scorer_names  # noqa: PLC0415 - fitting starts sooner without

        return set(get_scorer_names())


class BaseMLP(InspectionMixin, BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]  # scikit-learn has no types
    """The common part of `MLPClassifier` and `MLPRegressor`; use those."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), tuple, list],
        "solver": [StrOptions({"lbfgs", *STOCHASTIC_SOLVERS})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive", *PLANNED})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "scoring": [_ScorerNames(), callable, None],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "callbacks": ["array-like", None],
        "checkpoint": [str, Path, None],
        "checkpoint_seconds": [Interval(Real, 0, None, closed="left")],
        "resume": ["boolean"],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "dtype": [StrOptions({"float32", "float64"}), None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "warmup_epochs": [Interval(Real, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        scoring: Any = None,
        max_time: float | None = None,
        callbacks: Any = None,
        checkpoint: Any = None,
        checkpoint_seconds: float = 30.0,
        resume: bool = False,
        n_threads: int | None = None,
        dtype: str | None = None,
        weight_decay: float = 0.01,
        warmup_epochs: float = 0.0,
        dropout: Any = 0.0,
        max_grad_norm: float | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.scoring = scoring
        self.max_time = max_time
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.checkpoint_seconds = checkpoint_seconds
        self.resume = resume
        self.n_threads = n_threads
        self.dtype = dtype
        self.weight_decay = weight_decay
        self.warmup_epochs = warmup_epochs
        self.dropout = dropout
        self.max_grad_norm = max_grad_norm

    def export(self, path: str | Path) -> None:
        """Write the fitted network as an ONNX file; see `clearprop.onnx_file.to_onnx`.

        Args:
            path: the file; one that stands there is replaced.

        Raises:
            ParameterError: the package onnx is not installed (`pip install clearprop[onnx]`), or
                the network has an activation of the user's own.
            sklearn.exceptions.NotFittedError: it is not fitted.
        """
        from clearprop.onnx_file.export import export_onnx  # noqa: PLC0415 - loads what it needs

        export_onnx(self, path)

    @abstractmethod
    def _encode_targets(
        self, X: Any, y: Any, *, reset: bool, incremental: bool, anew: bool = False
    ) -> tuple[Any, Any]:
        """Validated X, and y as scikit-learn's methods would leave it; `anew` forgets classes."""

    @abstractmethod
    def _output_name(self) -> str:
        """The network's output: a name from `losses.OUTPUTS`."""

    def _output_parameters(self) -> tuple[float, ...]:
        """The output's parameters, as `Network` takes them."""
        return ()

    def _loss_targets(self, Y: Array) -> Array:
        """What the loss compares yhat with, from the network's targets."""
        return Y

    @abstractmethod
    def _default_score(self, y: Array, yhat: Array, sample_weight: Array | None) -> float:
        """Validation score where `scoring` is None."""

    @abstractmethod
    def _decode_targets(self, Y: Array) -> Array:
        """From yhat to what `predict` gives."""

    def _original_targets(self, Y: Array) -> Array:
        """From the network's targets back to y."""
        return self._decode_targets(Y)

    def _with_class_weight(
        self,
        Y: Array,  # noqa: ARG002 - only classes have weights
        sample_weight: Array | None,
        *,
        incremental: bool,  # noqa: ARG002 - only classes have weights
    ) -> Array | None:
        """The rows' weights, each multiplied by its class's."""
        return sample_weight

    def _weights_of_labels(self, y: Array) -> Array | None:  # noqa: ARG002 - only classes have weights
        """The class weights of validation rows, as in the fit at hand."""
        return None

    # --- the network -----------------------------------------------------------------------

    @property
    def network_(self) -> Network:
        """The network as `clearprop.forward` and `clearprop.backward` take it."""
        sizes = [self.coefs_[0].shape[0], *(W.shape[1] for W in self.coefs_)]
        return Network(
            sizes,
            hidden_activations(self.activation, len(sizes) - 2),
            self._output_name(),
            output_parameters=self._output_parameters(),
        )

    @property
    def parameters_(self) -> list[Layer]:
        """The fitted parameters, one `Layer(W, b)` per layer: views of coefs_ and intercepts_."""
        return [Layer(W, b) for W, b in zip(self.coefs_, self.intercepts_, strict=True)]

    def _keep_parameters(self, parameters: list[Layer]) -> None:
        self.coefs_ = [W for W, _ in parameters]
        self.intercepts_ = [b for _, b in parameters]

    def _forward(self, X: Any) -> Array:
        """yhat for validated X."""
        return default_engine(self.n_threads).predict(self.network_, self.parameters_, X)

    def _check_rows(self, X: Any) -> Any:
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return _as_rows(X, self.coefs_[0].dtype)

    # --- fitting ---------------------------------------------------------------------------

    def initialize(self, X: Any, y: Any) -> Any:
        """Draw the initial parameters that `fit` would begin with, and learn nothing.

        Args:
            X: shape (n_samples, n_features); tells the number of features.
            y: targets, as for `fit`; tells the classes, or the number of outputs.

        Returns:
            The estimator, which can predict, show its gradients, and go on with `partial_fit`.

        Examples:
            >>> from clearprop import MLPClassifier
            >>> X, y = np.array([[0.0], [1.0]]), ["no", "yes"]
            >>> model = MLPClassifier((3,), random_state=0).initialize(X, y)
            >>> [W.shape for W in model.coefs_], model.n_iter_, model.classes_
            ([(1, 3), (3, 1)], 0, array(['no', 'yes'], dtype='<U3'))
        """
        self._validate_params()
        X, Y = self._encode_targets(X, y, reset=True, incremental=False, anew=True)
        X = _as_rows(X, self.dtype or X.dtype)
        self._random_state = check_random_state(self.random_state)
        self._begin(X, _as_targets(Y, X.dtype))
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        incremental: bool = False,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Any:
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, Y = self._encode_targets(X, y, reset=first, incremental=incremental)
        X = _as_rows(X, self.dtype or X.dtype)
        Y = _as_targets(Y, X.dtype)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, X, dtype=X.dtype, ensure_non_negative=True
            )
            if not sample_weight.any():
                raise ParameterError(
                    "Sample weights must contain at least one non-zero number.",
                    remedy="Give at least one row a weight above 0.",
                )
        sample_weight = self._with_class_weight(Y, sample_weight, incremental=incremental)
        self._random_state = check_random_state(self.random_state)
        if first:
            self._begin(X, Y)
        if len(Y) == 1 and not incremental:
            warnings.warn(
                "Got a single row to learn from: the network can do no more than repeat it. Give "
                "more rows.",
                DataWarning,
                stacklevel=3,
            )
        problem = Problem(self.network_, X, Y, sample_weight, float(self.alpha))
        try:
            if self.solver == "lbfgs":
                require_epochs(self, "solver='lbfgs'")
                self._refuse_for_lbfgs(
                    X_val=X_val,
                    y_val=y_val,
                    checkpoint=self.checkpoint,
                    max_grad_norm=self.max_grad_norm,
                    dropout=self.dropout if np.any(self.dropout) else None,
                )
                self._fit_lbfgs(replace(problem, Y=self._loss_targets(Y)))
            else:
                self._fit_stochastic(problem, incremental, X_val, y_val)
        except Exception:
            if first:
                # Initial weights are no model; scikit-learn's NotFittedError says so at predict.
                del self.coefs_, self.intercepts_, self._training
            raise
        return self

    def _begin(self, X: Any, Y: Array) -> None:
        """Initial parameters, and nothing learned yet."""
        hidden = self.hidden_layer_sizes
        hidden = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
        if not all(_is_width(size) for size in hidden):
            raise ParameterError(
                f"hidden_layer_sizes must be > 0, got {hidden}.",
                remedy="Give the width of each hidden layer, such as (100,) or (64, 32).",
            )
        self.n_outputs_ = Y.shape[1]
        self.n_layers_ = len(hidden) + 2
        output = self._output_name()
        self.out_activation_ = out_activation(output)
        network = Network(
            [X.shape[1], *hidden, self.n_outputs_],
            hidden_activations(self.activation, len(hidden)),
            output,
            output_parameters=self._output_parameters(),
        )
        self._keep_parameters(
            network.initialize(self._random_state, dtype=X.dtype, gain=shared_gain(self.activation))
        )
        self.n_iter_ = self.t_ = 0
        self._training = TrainingState(self.parameters_, self._random_state)

    def _refuse_for_lbfgs(self, **given: Any) -> None:
        for name, value in given.items():
            if value is not None:
                raise ParameterError(
                    f"{name}: solver='lbfgs' has no use for it",
                    remedy=f"Leave {name} out, or choose solver='adam' or 'sgd'.",
                )

    def _fit_lbfgs(self, problem: Problem) -> None:
        callbacks = [*(self.callbacks or ()), *([VerboseLines(self)] if self.verbose else ())]
        parameters, self.loss_, self.n_iter_, self.stopped_ = minimize_lbfgs(
            problem,
            self.parameters_,
            default_engine(self.n_threads),
            max_iter=self.max_iter,
            max_fun=self.max_fun,
            tol=self.tol,
            max_seconds=self.max_time,
            callbacks=callbacks,
        )
        self._keep_parameters(parameters)
        limit = f"{self.n_iter_} iterations" if self.stopped_ != "converged" else ""
        warn_if_useless(problem, parameters, ended=limit)

    def _fit_stochastic(self, problem: Problem, incremental: bool, X_val: Any, y_val: Any) -> None:
        if self.early_stopping and incremental:
            raise ParameterError(
                "partial_fit does not support early_stopping=True",
                remedy="Set early_stopping=False, or call fit.",
            )
        if incremental and (self.checkpoint is not None or self.resume):
            raise ParameterError(
                "partial_fit keeps no checkpoint: it would go back to it at every call",
                remedy="Leave checkpoint and resume out, or call fit.",
            )
        if incremental:
            require_epochs(self, "partial_fit")
        validation_score, validation = None, ""
        if X_val is not None or y_val is not None:
            validation_score, validation = given_validation(self, problem, X_val, y_val)
        elif self.early_stopping:
            problem, validation_score, validation = split_validation(self, problem)
        problem = replace(problem, Y=self._loss_targets(problem.Y))
        dropout = dropout_rates(self.dropout, problem.network.n_layers - 1)
        if any(dropout):
            # Drawn where it is needed alone: every other draw stays scikit-learn's.
            seed = int(self._random_state.randint(np.iinfo(np.int32).max))
            problem = replace(problem, dropout=dropout, dropout_seed=seed)
        settings = self._settings(problem, incremental, validation)
        steps_per_epoch = -(-len(problem.Y) // settings.batch_size)
        schedule = make_schedule(self, steps_per_epoch, 0 if incremental else self.t_)
        optimizer = make_optimizer(self)
        state = self._next_state(optimizer, incremental)
        if self.resume and settings.checkpoint is not None and settings.checkpoint.exists():
            state = resume(settings.checkpoint, problem, settings, optimizer, schedule)
        callbacks = [*(self.callbacks or ()), *([VerboseLines(self)] if self.verbose else ())]
        result = fit(
            problem,
            state,
            settings,
            optimizer=optimizer,
            schedule=schedule,
            engine=default_engine(self.n_threads),
            validation_score=validation_score,
            callbacks=callbacks,
        )
        self._keep_result(result, validated=validation_score is not None)
        self.__dict__.pop("_amid_partial_fit", None)
        if incremental:
            self._amid_partial_fit = True
            self._after_partial_fit(problem, result.stopped)
            return
        if result.stopped in STOP_WARNINGS:
            warnings.warn(STOP_WARNINGS[result.stopped], stacklevel=4)
        elif result.stopped == "max_epochs":
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )
        warn_if_useless(
            problem,
            self.parameters_,
            self.learning_rate_init,
            curve=self.loss_curve_,
            ended=f"{self.n_iter_} epochs",
        )

    def _after_partial_fit(self, problem: Problem, stopped: str) -> None:
        if stopped == "interrupted":
            # A loop around partial_fit would otherwise go on; what was learned is kept.
            raise KeyboardInterrupt
        if stopped in STOP_WARNINGS:
            warnings.warn(STOP_WARNINGS[stopped], stacklevel=5)
        # One epoch need not beat a constant yet, but a loss like this one never will.
        if self.loss_ > _BLOWN_UP:
            warn_if_useless(problem, self.parameters_, self.learning_rate_init, beyond=_BLOWN_UP)

    def _next_state(self, optimizer: Optimizer, incremental: bool) -> TrainingState:
        """The state to begin with: of a new run, or going on as scikit-learn goes on."""
        before: TrainingState = self._training
        state = copy.copy(before)
        state.parameters, state.random_state = self.parameters_, self._random_state
        state.epoch = state.position = 0
        state.loss_sum = 0.0
        state.order = None
        state.loss_curve = list(before.loss_curve)
        state.validation_scores = list(before.validation_scores)
        slots = None if state.optimizer_state is None else state.optimizer_state.slots.keys()
        if not incremental or slots != optimizer.start([]).slots.keys():
            state.optimizer_state, state.plateaus, state.step = None, 0, 0
        return state

    def _settings(self, problem: Problem, incremental: bool, validation: str) -> TrainingSettings:
        n_samples = len(problem.Y)
        batch_size = min(200, n_samples) if self.batch_size == "auto" else int(self.batch_size)
        if batch_size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=5,
            )
            batch_size = n_samples
        return TrainingSettings(
            batch_size=batch_size,
            max_epochs=1 if incremental else self.max_iter,
            shuffle=bool(self.shuffle),
            tolerance=self.tol,
            patience=self.n_iter_no_change,
            max_seconds=self.max_time,
            validation=validation,
            checkpoint=None if self.checkpoint is None else Path(self.checkpoint),
            checkpoint_seconds=self.checkpoint_seconds,
        )

    def _keep_result(self, result: TrainingResult, *, validated: bool) -> None:
        state = result.state
        self.stopped_ = result.stopped
        self._keep_parameters(result.parameters)
        # The order of the rows is as long as the data; a pickle should not hold it.
        state.order = None
        self._training = state
        self.n_iter_ = state.epoch
        self.t_ = state.samples_seen
        self.loss_curve_ = state.loss_curve
        self.loss_ = state.loss_curve[-1] if state.loss_curve else np.inf
        self.validation_scores_ = state.validation_scores if validated else None
        self.best_validation_score_ = state.best_score if validated else None
        self.best_loss_ = None if validated else state.best_loss

    def __getstate__(self) -> dict[str, Any]:
        """No data; and the optimizer's state only amid calls of `partial_fit`."""
        kept: dict[str, Any] = dict(super().__getstate__())
        if "_training" in kept:
            kept["_training"] = training = copy.copy(self._training)
            training.parameters = self.parameters_
            if "_amid_partial_fit" not in kept:
                training.optimizer_state = None
        return kept

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _as_targets(Y: Any, dtype: Any) -> Array:
    """Y as a matrix of the network's dtype."""
    with np.errstate(over="ignore"):
        targets = np.asarray(Y.reshape(-1, 1) if Y.ndim == 1 else Y, dtype=dtype)
    if not np.isfinite(targets).all():
        raise ParameterError(
            f"y: the targets reach {np.max(np.abs(Y)):.3g}, beyond the largest number of X's "
            f"dtype {dtype}",
            remedy="Standardise the targets, for instance with "
            "sklearn.compose.TransformedTargetRegressor, or give X as float64.",
        )
    return targets


def _is_width(size: Any) -> bool:
    return isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0


def _as_rows(X: Any, dtype: Any) -> Any:
    """X with rows that can be picked: CSR where it is sparse, and of the network's dtype."""
    if sparse.issparse(X):
        X = X.tocsr()
    if X.dtype == dtype:
        return X
    with np.errstate(over="ignore"):
        rows = X.astype(dtype)
    if not np.isfinite(rows.data if sparse.issparse(rows) else rows).all():
        raise ParameterError(
            f"X: it reaches {abs(X).max():.3g}, beyond the largest number of {np.dtype(dtype)}, "
            "which the network computes in",
            remedy="Standardise X, or choose dtype='float64'.",
        )
    return rows
