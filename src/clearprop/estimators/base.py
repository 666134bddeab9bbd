"""What both estimators share: parameters, the network behind them, what is kept of a fit.

`__init__` only stores; the constraints are data; scikit-learn's base classes do the rest of the
contract. Fitted attributes have scikit-learn's names. How training goes is `fitting`'s matter.
"""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, validate_data

from clearprop.activations import ACTIVATIONS
from clearprop.engines import Problem
from clearprop.engines.default import default_engine
from clearprop.errors import ClearpropWarning, DataWarning, ParameterError
from clearprop.estimators.architecture import (
    hidden_activations,
    out_activation,
    shared_gain,
)
from clearprop.estimators.continuation import next_random_state, state_to_pickle
from clearprop.estimators.fit_tasks import CallbackSupportMixin, FitTasks
from clearprop.estimators.fitting import fit_lbfgs, fit_stochastic
from clearprop.estimators.inspection import InspectionMixin
from clearprop.estimators.refusals import refuse_run
from clearprop.estimators.rows import as_rows, as_targets
from clearprop.estimators.solvers import PLANNED, STOCHASTIC_SOLVERS
from clearprop.network import Layer, Network
from clearprop.training import TrainingState

__all__ = ["BaseMLP"]

Array = npt.NDArray[Any]


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

    def __str__(self) -> str:
        return "the name of one of scikit-learn's scorers (sklearn.metrics.get_scorer_names())"


class BaseMLP(CallbackSupportMixin, InspectionMixin, BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]  # scikit-learn has no types
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
        "warm_start": ["boolean", StrOptions({"exact"})],
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
        "metrics": ["array-like", dict, None],
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
        warm_start: bool | str = False,
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
        metrics: Any = None,
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
        self.metrics = metrics
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
        return as_rows(X, self.coefs_[0].dtype)

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
        X = as_rows(X, self.dtype or X.dtype)
        self._random_state = check_random_state(self.random_state)
        self._begin(X, as_targets(Y, X.dtype))
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
        refuse_run(self)
        tasks = [] if incremental else FitTasks.begun(self, X, y, sample_weight)
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        # A first fit that failed leaves no classes behind; partial_fit has just been given its own.
        anew = first and not incremental
        X, Y = self._encode_targets(X, y, reset=first, incremental=incremental, anew=anew)
        X = as_rows(X, self.dtype or X.dtype)
        Y = as_targets(Y, X.dtype)
        if not first and Y.shape[1] != self.n_outputs_:
            raise ParameterError(
                f"y: it needs {Y.shape[1]} outputs, and the network has {self.n_outputs_} since "
                "its first fit",
                remedy="Give targets, and quantiles, as in the first fit; or call fit with "
                "warm_start=False to begin anew.",
            )
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
        has = [int(W.shape[1]) for W in self.coefs_[:-1]] if not first else []
        if not first and self._hidden_sizes() != has:
            warnings.warn(
                f"hidden_layer_sizes: got {self.hidden_layer_sizes}, and the network has "
                f"{tuple(has)} since its first fit, which it keeps. Call fit with "
                "warm_start=False to begin anew.",
                ClearpropWarning,
                stacklevel=4,
            )
        self._random_state = next_random_state(self, begins=first or incremental)
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
                fit_lbfgs(self, problem, X_val=X_val, y_val=y_val, tasks=tasks)
            else:
                fit_stochastic(
                    self, problem, incremental=incremental, X_val=X_val, y_val=y_val, tasks=tasks
                )
        except Exception:
            if first:
                # Initial weights are no model; scikit-learn's NotFittedError says so at predict.
                del self.coefs_, self.intercepts_, self._training
            raise
        for task in tasks:
            task.finish()
        return self

    def _hidden_sizes(self) -> list[Any]:
        hidden = self.hidden_layer_sizes
        return list(hidden) if hasattr(hidden, "__iter__") else [hidden]

    def _begin(self, X: Any, Y: Array) -> None:
        """Initial parameters, and nothing learned yet."""
        hidden = self._hidden_sizes()
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
        for name in ("_amid_partial_fit", "_course", "_dropout_seed", "_split_state", "stopped_"):
            self.__dict__.pop(name, None)
        self._training = TrainingState(self.parameters_, self._random_state)

    def __getstate__(self) -> dict[str, Any]:
        """No data; the optimizer's state only where training is to go on exactly."""
        kept: dict[str, Any] = dict(super().__getstate__())
        if "_training" in kept:
            kept["_training"] = state_to_pickle(self)
        return kept

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _is_width(size: Any) -> bool:
    return isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0
