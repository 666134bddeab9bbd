"""MLPRegressor: scikit-learn's signature and fitted attributes, this project's training."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from clearprop.errors import ParameterError
from clearprop.estimators.base import BaseMLP
from clearprop.estimators.solvers import is_stochastic

__all__ = ["MLPRegressor"]

Array = npt.NDArray[Any]


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """Multilayer perceptron for regression: half squared error or half Poisson deviance.

        loss = mean over the rows of sum_k (yhat_k - y_k)^2 / 2
               + alpha / (2 n) * sum of squared weights

    Args:
        loss: "squared_error", or "poisson" for targets of 0 and more (yhat = exp(z)).
        hidden_layer_sizes: as in `MLPClassifier`, and so are all the parameters that follow.
        activation: hidden activation.
        solver: "adam", "sgd", "lbfgs", or "adamw", Adam with weight_decay.
        alpha: strength of the L2 penalty on the weights.
        batch_size: rows per step.
        learning_rate: "constant", "invscaling" or "adaptive".
        learning_rate_init: learning rate to begin with.
        power_t: exponent of "invscaling".
        max_iter: epochs at most.
        shuffle: whether to visit the rows in a new order each epoch.
        random_state: seed or RandomState.
        tol: least improvement that counts.
        verbose: whether to print each epoch's loss.
        warm_start: whether `fit` goes on from the last `fit`; "exact" as in one longer fit.
        momentum: for solver="sgd".
        nesterovs_momentum: for solver="sgd".
        early_stopping: whether to stop on the score of a validation part.
        validation_fraction: share of the rows set aside.
        beta_1: Adam's.
        beta_2: Adam's.
        epsilon: Adam's.
        n_iter_no_change: epochs without improvement until training stops.
        max_fun: evaluations at most, for solver="lbfgs".
        scoring: validation metric; None is R^2.
        max_time: seconds after which training stops.
        callbacks: list of `clearprop.training.Callback`.
        checkpoint: file to which training writes its state.
        checkpoint_seconds: time between two writes.
        resume: whether to go on from the checkpoint where there is one.
        n_threads: threads that train and predict; None takes as many as the work and the
            processors warrant. The result has the same bits for any number.
        dtype: "float32" (about twice as fast) or "float64": of the parameters and all arithmetic;
            None takes X's, float64 where X has another.
        weight_decay: share of a weight lost per step and unit of learning rate, for
            solver="adamw"; alpha, the penalty in the loss, is apart from it.
        warmup_epochs: epochs over which the learning rate rises from 0 to what it would be.
        metrics: what else to keep of each epoch, in `metric_curves_`: list of scikit-learn scorers'
            names, or dict from names of one's own to scorers or their names; None for nothing.

    Attributes:
        coefs_: coefs_[l] = W[l], shape (fan_in, fan_out).
        intercepts_: intercepts_[l] = b[l], shape (fan_out,).
        loss_curve_: training loss of each epoch.
        validation_loss_curve_, metric_curves_: as in `MLPClassifier`.
        n_iter_, t_, loss_, best_loss_, validation_scores_, best_validation_score_, n_layers_,
        n_outputs_, out_activation_, n_features_in_, feature_names_in_: as in scikit-learn.
        stopped_: why training stopped, see `clearprop.training.TrainingResult`.
        network_, parameters_: the same network as `clearprop.forward` takes it.

    Examples:
        >>> X = np.linspace(-1, 1, 50)[:, None]
        >>> model = MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs",
        ...                      alpha=0.0, random_state=0, max_iter=1000).fit(X, X[:, 0] ** 2)
        >>> bool(abs(model.predict([[0.5]])[0] - 0.25) < 0.01)
        True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
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
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            scoring=scoring,
            max_time=max_time,
            callbacks=callbacks,
            checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_seconds,
            resume=resume,
            n_threads=n_threads,
            dtype=dtype,
            weight_decay=weight_decay,
            warmup_epochs=warmup_epochs,
            metrics=metrics,
        )
        self.loss = loss

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]  # no types
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> MLPRegressor:
        """Train on X and y.

        Args:
            X: shape (n_samples, n_features), dense or sparse; float32 is kept.
            y: targets, shape (n_samples,) or (n_samples, n_outputs).
            sample_weight: shape (n_samples,), or None.
            X_val: validation rows of your own; training then stops on their score.
            y_val: their targets.

        Returns:
            The estimator.

        Raises:
            DivergenceError: training produced infinite or undefined numbers.
        """
        self._fit(X, y, sample_weight, X_val=X_val, y_val=y_val)
        return self

    @available_if(is_stochastic)  # type: ignore[untyped-decorator]  # scikit-learn has no types
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]  # no types
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> MLPRegressor:
        """Train for one epoch on X and y, going on from where the last call stopped.

        With X_val, or early_stopping=True, which sets a part of X aside, the weights are the best
        so far by the score on these rows, training goes on from the last, and `stopped_` becomes
        "no_improvement" when it is time for the caller to stop.

        Args:
            X: shape (n_samples, n_features).
            y: targets, shape (n_samples,) or (n_samples, n_outputs).
            sample_weight: shape (n_samples,), or None.
            X_val: validation rows of your own.
            y_val: their targets.

        Returns:
            The estimator.
        """
        self._fit(X, y, sample_weight, incremental=True, X_val=X_val, y_val=y_val)
        return self

    def _encode_targets(
        self, X: Any, y: Any, *, reset: bool, incremental: bool, anew: bool = False
    ) -> tuple[Any, Any]:
        del incremental, anew  # no classes to remember
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and np.min(y) < 0:
            raise ParameterError(
                f"loss='poisson' needs targets of 0 and more, got {np.min(y)}",
                remedy="Use loss='squared_error', or correct the negative targets.",
            )
        return X, y

    def _known_targets(self, X: Any, y: Any) -> tuple[Any, Array]:
        return self._encode_targets(X, y, reset=False, incremental=True)

    def _output_name(self) -> str:
        return "exponential" if self.loss == "poisson" else "identity"

    def _default_score(self, y: Array, yhat: Array, sample_weight: Array | None) -> float:
        from sklearn.metrics import r2_score  # noqa: PLC0415 - fitting starts sooner without

        return float(r2_score(y, yhat, sample_weight=sample_weight))

    def _decode_targets(self, Y: Array) -> Array:
        return Y.ravel() if self.n_outputs_ == 1 else Y

    def predict(self, X: Any) -> Array:
        """Predict targets.

        Args:
            X: shape (n_samples, n_features).

        Returns:
            Shape (n_samples,), or (n_samples, n_outputs) for several outputs.
        """
        check_is_fitted(self)
        return self._decode_targets(self._forward(self._check_rows(X)))
