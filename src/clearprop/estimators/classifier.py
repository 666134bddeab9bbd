"""MLPClassifier: scikit-learn's signature and fitted attributes, this project's training."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from clearprop.errors import ParameterError
from clearprop.estimators.base import BaseMLP
from clearprop.estimators.solvers import is_stochastic

__all__ = ["MLPClassifier"]

Array = npt.NDArray[Any]


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    r"""Multilayer perceptron for classification: cross-entropy, minimised by SGD, Adam or L-BFGS.

        softmax (several classes) or logistic (two classes; several labels per row) output;
        loss = mean over the rows of the cross-entropy + alpha / (2 n) * sum of squared weights

    Parameters up to `max_fun` are scikit-learn's, with its defaults; the ones after it are this
    project's own, and change nothing at their defaults.

    Args:
        hidden_layer_sizes: width of each hidden layer.
        activation: hidden activation: a name from `clearprop.activations.ACTIVATIONS`.
        solver: "adam", "sgd", "lbfgs", or "adamw", Adam with weight_decay.
        alpha: strength of the L2 penalty on the weights.
        batch_size: rows per step; "auto" is min(200, n_samples).
        learning_rate: "constant", "invscaling" or "adaptive", for solver="sgd"; for every solver
            but "lbfgs" also "cosine", falling to 0 over max_iter epochs, and "one_cycle", rising
            over 0.3 of them to learning_rate_init and falling again.
        learning_rate_init: learning rate to begin with.
        power_t: exponent of "invscaling".
        max_iter: epochs at most (L-BFGS: iterations).
        shuffle: whether to visit the rows in a new order each epoch.
        random_state: seed or RandomState: initial weights, validation split, order of the rows.
        tol: an epoch improves if it betters loss or score by more than this.
        verbose: whether to print each epoch's loss.
        warm_start: whether `fit` goes on from the weights of the last `fit`; "exact" goes on with
            the optimizer, the order of the rows and the validation part too, so that two fits have
            the bits of one longer fit.
        momentum: for solver="sgd".
        nesterovs_momentum: for solver="sgd" with momentum above 0.
        early_stopping: whether to set a validation part aside, stop on its score and keep the best
            weights.
        validation_fraction: share of the rows set aside.
        beta_1: Adam's.
        beta_2: Adam's.
        epsilon: Adam's.
        n_iter_no_change: epochs without improvement until training stops.
        max_fun: evaluations of the loss at most, for solver="lbfgs".
        scoring: validation metric: a scikit-learn scorer's name or a scorer; None is accuracy.
        max_time: seconds after which training stops; None for no limit.
        callbacks: list of `clearprop.training.Callback`.
        checkpoint: file to which training writes its state as it goes on; None for none.
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
        class_weight: what each row's weight is multiplied by: a dict from class label to weight
            (1 for classes not named), or "balanced", n_samples / (n_classes * rows of the class),
            so that every class counts alike; None for 1. The validation score of early stopping
            is weighted too.
        stratified_validation: whether the validation part of early stopping holds every class, as
            far as there are rows for it; False stratifies two classes only, as scikit-learn does.

    Attributes:
        classes_: class labels, as given.
        coefs_: coefs_[l] = W[l], shape (fan_in, fan_out).
        intercepts_: intercepts_[l] = b[l], shape (fan_out,).
        loss_curve_: training loss of each epoch.
        validation_scores_: validation score of each epoch, or None.
        validation_loss_curve_: mean loss of the validation rows after each epoch, without penalty,
            or None.
        metric_curves_: metric_curves_["training"][name] and ["validation"][name], the metrics after
            each epoch, or None.
        n_iter_, t_, loss_, best_loss_, best_validation_score_, n_layers_, n_outputs_,
        out_activation_, n_features_in_, feature_names_in_: as in scikit-learn.
        stopped_: why training stopped: "max_epochs", "no_improvement", "max_seconds", "callback",
            "interrupted" or "diverged" (with an earlier model to keep); L-BFGS: "converged" too.
        network_, parameters_: the same network as `clearprop.forward` takes it.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.preprocessing import StandardScaler
        >>> X, y = load_iris(return_X_y=True)
        >>> X = StandardScaler().fit_transform(X)
        >>> model = MLPClassifier((8,), solver="lbfgs", alpha=0.1, random_state=0).fit(X, y)
        >>> bool(model.score(X, y) >= 0.97)
        True
        >>> [W.shape for W in model.coefs_]
        [(4, 8), (8, 3)]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "stratified_validation": ["boolean"],
    }

    def __init__(
        self,
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
        class_weight: Any = None,
        stratified_validation: bool = False,
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
        self.class_weight = class_weight
        self.stratified_validation = stratified_validation

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]  # no types
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> MLPClassifier:
        """Train on X and y.

        Args:
            X: shape (n_samples, n_features), dense or sparse; float32 is kept.
            y: class labels, shape (n_samples,); or 0/1 indicators, shape (n_samples, n_labels).
            sample_weight: shape (n_samples,), or None.
            X_val: validation rows of your own; training then stops on their score.
            y_val: their labels.

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
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> MLPClassifier:
        """Train for one epoch on X and y, going on from where the last call stopped.

        With X_val, or early_stopping=True, which sets a part of X aside, the weights are the best
        so far by the score on these rows, training goes on from the last, and `stopped_` becomes
        "no_improvement" when it is time for the caller to stop.

        Args:
            X: shape (n_samples, n_features).
            y: class labels, shape (n_samples,).
            sample_weight: shape (n_samples,), or None.
            classes: all class labels of all calls; needed in the first one.
            X_val: validation rows of your own.
            y_val: their labels.

        Returns:
            The estimator.
        """
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer()
            self._label_binarizer.fit(y if type_of_target(y).startswith("multilabel") else classes)
        self._fit(X, y, sample_weight, incremental=True, X_val=X_val, y_val=y_val)
        return self

    def _encode_targets(
        self, X: Any, y: Any, *, reset: bool, incremental: bool, anew: bool = False
    ) -> tuple[Any, Any]:
        X, y = self._check_pair(X, y, reset=reset)
        if anew or not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return X, self._label_binarizer.transform(y)

    def _known_targets(self, X: Any, y: Any) -> tuple[Any, Array]:
        X, y = self._check_pair(X, y, reset=False)
        unknown = np.setdiff1d(unique_labels(y), self.classes_).tolist()
        if unknown:
            raise ParameterError(
                f"y: got {unknown[0]!r}, which is no class of this estimator",
                remedy=f"Its classes are {', '.join(map(str, self.classes_))}.",
            )
        return X, self._label_binarizer.transform(y)

    def _check_pair(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _check_classes(self, classes: Array) -> None:
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ParameterError(
                    "warm_start can only be used where `y` has the same classes as in the previous "
                    f"call to fit. Previously got {self.classes_}, `y` has {classes}",
                    remedy="Set warm_start=False to begin anew.",
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ParameterError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}.",
                remedy="Name all classes in the first call: partial_fit(X, y, classes=[...]).",
            )

    def _with_class_weight(
        self, Y: Array, sample_weight: Array | None, *, incremental: bool
    ) -> Array | None:
        if self.class_weight is None:
            return sample_weight
        if self._label_binarizer.y_type_.startswith("multilabel"):
            raise ParameterError(
                "class_weight: y has several labels per row, and a row has one weight",
                remedy="Leave class_weight out, and give fit a sample_weight of your own.",
            )
        classes = Y[:, 0].astype(int) if Y.shape[1] == 1 else np.argmax(Y, axis=1)
        self._class_weights = self._weights_of_classes(classes, incremental=incremental)
        weights = self._class_weights[classes]
        if sample_weight is not None:
            weights = weights * sample_weight
        weighed: Array = weights.astype(Y.dtype, copy=False)
        return weighed

    def _weights_of_labels(self, y: Array) -> Array | None:
        if self.class_weight is None:
            return None
        weights: Array = self._class_weights[np.searchsorted(self.classes_, y)]
        return weights

    def _weights_of_classes(self, classes: Array, *, incremental: bool) -> Array:
        """One weight for each of `classes_`, given the rows' positions in it."""
        n_classes = len(self.classes_)
        if isinstance(self.class_weight, str):
            if incremental:
                raise ParameterError(
                    "class_weight='balanced': partial_fit does not see all rows, to count them",
                    remedy="Give the weights as a dict; sklearn.utils.compute_class_weight counts.",
                )
            counts = np.bincount(classes, minlength=n_classes)
            # A class of an earlier fit, under warm_start, may have no row now.
            balanced: Array = len(classes) / (n_classes * np.maximum(counts, 1))
            return balanced
        unknown = [label for label in self.class_weight if label not in self.classes_]
        if unknown:
            raise ParameterError(
                f"class_weight: got a weight for {unknown[0]!r}, which is no class of y",
                remedy=f"The classes are {', '.join(map(str, self.classes_))}.",
            )
        given = [float(self.class_weight.get(label, 1.0)) for label in self.classes_.tolist()]
        if not (np.isfinite(given).all() and min(given) >= 0.0 and max(given) > 0.0):
            raise ParameterError(
                f"class_weight: got {self.class_weight!r}, expected numbers of 0 and more",
                remedy="Give at least one class a weight above 0.",
            )
        return np.asarray(given)

    def _output_name(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _default_score(self, y: Array, yhat: Array, sample_weight: Array | None) -> float:
        if sample_weight is None and y.ndim == 1:
            # scikit-learn's function would take longer than the forward pass of a small network.
            return float(np.mean(y == yhat))
        from sklearn.metrics import accuracy_score  # noqa: PLC0415 - fitting starts sooner without

        return float(accuracy_score(y, yhat, sample_weight=sample_weight))

    def _decode_targets(self, Y: Array) -> Array:
        labels: Array = self._label_binarizer.inverse_transform(
            Y.ravel() if self.n_outputs_ == 1 else Y
        )
        return labels

    def predict(self, X: Any) -> Array:
        """Predict class labels.

        Args:
            X: shape (n_samples, n_features).

        Returns:
            Labels from `classes_`, shape (n_samples,); indicators for several labels per row.
        """
        check_is_fitted(self)
        return self._decode_targets(self._forward(self._check_rows(X)))

    def predict_proba(self, X: Any) -> Array:
        """Predict probabilities.

        Args:
            X: shape (n_samples, n_features).

        Returns:
            Shape (n_samples, n_classes), columns in the order of `classes_`.
        """
        check_is_fitted(self)
        yhat = self._forward(self._check_rows(X))
        return np.hstack([1 - yhat, yhat]) if self.n_outputs_ == 1 else yhat

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of `predict_proba`.

        Args:
            X: shape (n_samples, n_features).

        Returns:
            Shape (n_samples, n_classes); -inf where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            logarithms: Array = np.log(self.predict_proba(X))
        return logarithms

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
