"""MLPRegressor: scikit-learn's signature and fitted attributes, this project's training."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from clearprop.errors import ClearpropWarning, ParameterError
from clearprop.estimators.base import BaseMLP
from clearprop.estimators.refusals import refuse_targets_of_classes
from clearprop.estimators.solvers import is_stochastic

__all__ = ["MLPRegressor"]

Array = npt.NDArray[Any]


_OUTPUTS = {
    "squared_error": "identity",
    "poisson": "exponential",
    "absolute_error": "median",
    "huber": "huber",
    "quantile": "quantile",
}
"""The network's output by the name of the loss."""


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """Multilayer perceptron for regression: means, medians or quantiles.

        loss = mean over the rows of sum_k term(yhat_k, y_k)
               + alpha / (2 n) * sum of squared weights

        "squared_error"     (yhat - y)^2 / 2
        "poisson"           y log(y / yhat) - y + yhat, yhat = exp(z)
        "absolute_error"    |yhat - y|
        "huber"             (yhat - y)^2 / 2 up to huber_delta, a straight line beyond
        "quantile"          q (y - yhat) where y > yhat, (1 - q) (yhat - y) elsewhere

    Args:
        loss: "squared_error"; "poisson" for targets of 0 and more; "absolute_error" for the median;
            "huber", between the two; or "quantile".
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
        scoring: validation metric; None is R^2, for "absolute_error" and "huber" the share of the
            absolute error that is explained, for "quantile" that of the pinball loss.
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
        dropout: share of the hidden layers' units that each training step leaves out, 0 to below 1:
            one for all hidden layers or a list with one for each. Predictions use all units, and
            so do `gradients` and `check_gradients`.
        max_grad_norm: length to which a longer gradient (of all parameters, alpha's share
            included) is shortened before each step; None for any length.
        quantile: for loss="quantile": the probability, or a list of several, rising, which one
            network predicts at once: `predict` gives a column for each, and they never cross.
        huber_delta: for loss="huber": the error, in units of y, beyond which its loss grows
            straight.

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
        "loss": [StrOptions(set(_OUTPUTS))],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        loss: str = "squared_error",
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
        quantile: Any = 0.5,
        huber_delta: float = 1.0,
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
            dropout=dropout,
            max_grad_norm=max_grad_norm,
        )
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta

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
        refuse_targets_of_classes(y)
        if self.loss != "quantile" and (np.ndim(self.quantile) > 0 or self.quantile != 0.5):
            warnings.warn(
                f"quantile={self.quantile!r} is ignored, as loss={self.loss!r}. Set "
                "loss='quantile' to learn it.",
                ClearpropWarning,
                stacklevel=4,
            )
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
        return X, self._repeated(y)

    def _quantiles(self) -> list[float]:
        """The probabilities of loss="quantile", one in a list where there is one."""
        given = np.atleast_1d(np.asarray(self.quantile))
        are_numbers = given.ndim == 1 and given.size > 0 and given.dtype.kind in "if"
        levels = given.astype(float) if are_numbers else np.zeros(1)
        if not (np.all(np.diff(levels) > 0.0) and levels[0] > 0.0 and levels[-1] < 1.0):
            raise ParameterError(
                f"quantile: got {self.quantile!r}, expected a number between 0 and 1, or a list of "
                "rising ones",
                remedy="Write for instance quantile=[0.05, 0.5, 0.95].",
            )
        return [float(level) for level in levels]

    @property
    def _has_several_quantiles(self) -> bool:
        return self.loss == "quantile" and np.ndim(self.quantile) > 0

    def _repeated(self, y: Array) -> Array:
        """Each target as often as there are quantiles of it."""
        if not self._has_several_quantiles:
            return y
        Y: Array = np.repeat(y.reshape(len(y), -1), len(self._quantiles()), axis=1)
        return Y

    def _known_targets(self, X: Any, y: Any) -> tuple[Any, Array]:
        return self._encode_targets(X, y, reset=False, incremental=True)

    def _output_name(self) -> str:
        return _OUTPUTS[self.loss]

    def _output_parameters(self) -> tuple[float, ...]:
        if self.loss == "huber":
            return (float(self.huber_delta),)
        if self.loss != "quantile":
            return ()
        levels = self._quantiles()
        n_targets = self.n_outputs_ // len(levels) if self._has_several_quantiles else 1
        return tuple(levels * n_targets)

    def _default_score(self, y: Array, yhat: Array, sample_weight: Array | None) -> float:
        if self.loss == "quantile":
            return self._pinball_score(y, yhat, sample_weight)
        # Fitting starts sooner without.
        from sklearn.metrics import d2_absolute_error_score, r2_score  # noqa: PLC0415

        robust = self.loss in ("absolute_error", "huber")
        metric = d2_absolute_error_score if robust else r2_score
        return float(metric(y, yhat, sample_weight=sample_weight))

    def _pinball_score(self, y: Array, yhat: Array, sample_weight: Array | None) -> float:
        """The share of the pinball loss that is explained, mean over the quantiles."""
        from sklearn.metrics import d2_pinball_score  # noqa: PLC0415 - fitting starts sooner without

        levels = self._quantiles()
        each = np.asarray(yhat).reshape(len(y), -1, len(levels))
        if not self._has_several_quantiles:
            each = np.asarray(yhat).reshape(len(y), -1, 1)
        y = np.asarray(y).reshape(len(y), -1)
        scores = [
            d2_pinball_score(y, each[:, :, number], alpha=level, sample_weight=sample_weight)
            for number, level in enumerate(levels)
        ]
        return float(np.mean(scores))

    def _original_targets(self, Y: Array) -> Array:
        if self._has_several_quantiles:
            Y = Y[:, :: len(self._quantiles())]
        return Y.ravel() if Y.shape[1] == 1 else Y

    def _decode_targets(self, Y: Array) -> Array:
        if self._has_several_quantiles:
            if Y.shape[1] % len(self._quantiles()):
                raise ParameterError(
                    f"quantile: got {len(self._quantiles())}, the fitted network has {Y.shape[1]} "
                    "outputs",
                    remedy="It was changed since fit: set it back, or fit again.",
                )
            # Each row's in order: nearer to the truth wherever they crossed, never further
            # (Chernozhukov, Fernández-Val & Galichon 2010).
            ordered: Array = np.sort(Y.reshape(len(Y), -1, len(self._quantiles())), axis=2)
            return ordered[:, 0] if ordered.shape[1] == 1 else ordered
        return Y.ravel() if self.n_outputs_ == 1 else Y

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """How well predictions explain y: R^2; for loss="quantile", what is explained of its loss.

        Args:
            X: shape (n_samples, n_features).
            y: targets, as for `fit`.
            sample_weight: shape (n_samples,), or None.

        Returns:
            1 for perfect predictions, 0 for those of the best constant; for several quantiles the
            mean of each one's `sklearn.metrics.d2_pinball_score`.
        """
        if self.loss == "quantile":
            return self._pinball_score(y, self.predict(X), sample_weight)
        return float(super().score(X, y, sample_weight))

    def predict(self, X: Any) -> Array:
        """Predict targets.

        Args:
            X: shape (n_samples, n_features).

        Returns:
            Shape (n_samples,), or (n_samples, n_outputs) for several outputs; for a list of
            quantiles (n_samples, n_quantiles) and (n_samples, n_outputs, n_quantiles).
        """
        check_is_fitted(self)
        return self._decode_targets(self._forward(self._check_rows(X)))
