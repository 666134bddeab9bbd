"""MLPClassifier: scikit-learn's signature and fitted attributes, this project's training."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from clearprop.errors import ParameterError
from clearprop.estimators.base import BaseMLP
from clearprop.estimators.several_targets import (
    SeveralTargets,
    are_classes_of_several,
    are_several_targets,
)
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
        activation: hidden activation: a name from `clearprop.activations.ACTIVATIONS`; a pair of
            functions of your own, (function, derivative), called as `h = function(z)` and
            `derivative(z, h)` (NumPy computes with them, more slowly); or a list with one of these
            for each hidden layer.
        solver: "adam", "sgd", "lbfgs", "adamw" (Adam with weight_decay), "nadam" (Adam with
            Nesterov's momentum) or "rmsprop".
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
        beta_1: Adam's, AdamW's and Nadam's.
        beta_2: theirs and RMSprop's (Hinton's RMSprop has 0.9).
        epsilon: as beta_2.
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
        dropout: share of the hidden layers' units that each training step leaves out, 0 to below 1:
            one for all hidden layers or a list with one for each. Predictions use all units, and
            so do `gradients` and `check_gradients`.
        max_grad_norm: length to which a longer gradient (of all parameters, alpha's share
            included) is shortened before each step; None for any length.
        class_weight: what each row's weight is multiplied by: a dict from class label to weight
            (1 for classes not named), or "balanced", n_samples / (n_classes * rows of the class),
            so that every class counts alike; None for 1. The validation score of early stopping
            is weighted too.
        label_smoothing: share of each row's target that is spread evenly over all classes (two
            classes and labels: over both values), 0 to below 1: the loss compares with (1 - s) y +
            s / K. Scores compare with y.
        stratified_validation: whether the validation part of early stopping holds every class, as
            far as there are rows for it; False stratifies two classes only, as scikit-learn does.

    Attributes:
        classes_: class labels, as given; of several targets, a list with each one's.
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
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "stratified_validation": ["boolean"],
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
        class_weight: Any = None,
        label_smoothing: float = 0.0,
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
            dropout=dropout,
            max_grad_norm=max_grad_norm,
        )
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.stratified_validation = stratified_validation

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]  # no types
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> MLPClassifier:
        """Train on X and y.

        Args:
            X: shape (n_samples, n_features), dense or sparse; float32 is kept.
            y: class labels, shape (n_samples,); or 0/1 indicators, shape (n_samples, n_labels);
                or the labels of several targets, shape (n_samples, n_targets), which one network
                then learns together, a softmax for each and their losses added.
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
            classes: all class labels of all calls (of several targets, a list with each one's);
                needed in the first one.
            X_val: validation rows of your own.
            y_val: their labels.

        Returns:
            The estimator.
        """
        if self._are_several(y) or are_classes_of_several(classes):
            self._name_several_classes(classes)
        elif _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer()
            self._label_binarizer.fit(y if type_of_target(y).startswith("multilabel") else classes)
        self._fit(X, y, sample_weight, incremental=True, X_val=X_val, y_val=y_val)
        return self

    def _encode_targets(
        self, X: Any, y: Any, *, reset: bool, incremental: bool, anew: bool = False
    ) -> tuple[Any, Any]:
        X, y = self._check_pair(X, y, reset=reset)
        if anew or not hasattr(self, "classes_") or not (self.warm_start or incremental):
            several = are_several_targets(y)
            self._label_binarizer = SeveralTargets.of(y) if several else LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif self._are_several(y) != self._has_several_targets:
            raise ParameterError(
                "y: it has one column of labels where the first fit had several, or several where "
                "it had one",
                remedy="Give labels as in the first fit, or set warm_start=False to begin anew.",
            )
        elif not self._has_several_targets:
            self._check_classes(unique_labels(y))
        return X, self._label_binarizer.transform(y)

    def _known_targets(self, X: Any, y: Any) -> tuple[Any, Array]:
        X, y = self._check_pair(X, y, reset=False)
        if self._has_several_targets:
            return X, self._label_binarizer.transform(y)
        unknown = np.setdiff1d(unique_labels(y), self.classes_).tolist()
        if unknown:
            raise ParameterError(
                f"y: got {unknown[0]!r}, which is no class of this estimator",
                remedy=f"Its classes are {', '.join(map(str, self.classes_))}.",
            )
        return X, self._label_binarizer.transform(y)

    @property
    def _has_several_targets(self) -> bool:
        return isinstance(getattr(self, "_label_binarizer", None), SeveralTargets)

    def _are_several(self, y: Any) -> bool:
        """Whether y has several columns of classes; some rows of them may look like indicators."""
        return are_several_targets(y) or (self._has_several_targets and np.ndim(y) == 2)

    def _name_several_classes(self, classes: Any) -> None:
        """What `_check_partial_fit_first_call` does, for several targets."""
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ParameterError(
                    "classes must be passed on the first call to partial_fit.",
                    remedy="Give a list with the labels of each column of y.",
                )
            self._label_binarizer = SeveralTargets(classes)
            self.classes_ = self._label_binarizer.classes_

    def _check_pair(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        several = are_several_targets(y)
        told = np.zeros(len(y)) if several else y
        X, checked = validate_data(
            self,
            X,
            told,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if several:
            return X, y
        y = checked
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if y.dtype.kind == "f" and type_of_target(y).startswith("continuous"):
            fraction = next(value for value in y.ravel().tolist() if value % 1)
            raise ParameterError(
                f"Unknown label type: continuous. y holds numbers with fractions, such as "
                f"{fraction!r}, expected classes",
                remedy="Use MLPRegressor for quantities; or give the classes as whole numbers or "
                "text.",
            )
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
        if self._label_binarizer.y_type_.startswith("multi") and not self._is_multiclass:
            raise ParameterError(
                "class_weight: y has several labels per row, and a row has one weight",
                remedy="Leave class_weight out, and give fit a sample_weight of your own.",
            )
        classes = Y[:, 0].astype(int) if Y.shape[1] == 1 else np.argmax(Y, axis=1)
        self._class_weights = self._weights_of_classes(classes, incremental=incremental)
        weights = self._class_weights[classes]
        if sample_weight is not None:
            weights = weights * sample_weight
        if not incremental and not weights.any():
            raise ParameterError(
                "class_weight: every row has a weight of 0",
                remedy="Give at least one class that is in y, and one of its rows, a weight above "
                "0.",
            )
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
            # None is 0: a fit has rows of every class, as a warm start refuses other classes.
            balanced: Array = len(classes) / (n_classes * counts)
            return balanced
        unknown = [label for label in self.class_weight if label not in self.classes_]
        if unknown:
            raise ParameterError(
                f"class_weight: got a weight for {unknown[0]!r}, which is no class of y",
                remedy=f"The classes are {', '.join(map(str, self.classes_))}.",
            )
        given = [self.class_weight.get(label, 1.0) for label in self.classes_.tolist()]
        are_numbers = all(isinstance(weight, Real) for weight in given)
        if not (are_numbers and np.isfinite(given).all() and min(given) >= 0.0 < max(given)):
            raise ParameterError(
                f"class_weight: got {self.class_weight!r}, expected numbers of 0 and more",
                remedy="Give at least one class a weight above 0.",
            )
        return np.asarray(given, float)

    def _loss_targets(self, Y: Array) -> Array:
        if self.label_smoothing == 0.0:
            return Y
        n_values = np.full(Y.shape[1], Y.shape[1] if self._output_name() == "softmax" else 2)
        if self._has_several_targets:
            sizes = self._label_binarizer.n_classes
            n_values = np.repeat(sizes, sizes)
        share = (self.label_smoothing / n_values).astype(Y.dtype)
        smoothed: Array = Y * (1.0 - self.label_smoothing) + share
        return smoothed

    @property
    def _is_multiclass(self) -> bool:
        return bool(self._label_binarizer.y_type_ == "multiclass")

    def _output_name(self) -> str:
        return "softmax" if self._is_multiclass or self._has_several_targets else "logistic"

    def _output_parameters(self) -> tuple[float, ...]:
        binarizer = self._label_binarizer
        return binarizer.n_classes if isinstance(binarizer, SeveralTargets) else ()

    def _default_score(self, y: Array, yhat: Array, sample_weight: Array | None) -> float:
        if self._has_several_targets:
            right = np.all(np.asarray(y) == yhat, axis=1)
            return float(np.average(right, weights=sample_weight))
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
            Labels from `classes_`, shape (n_samples,); indicators for several labels per row;
            shape (n_samples, n_targets) for several targets.
        """
        check_is_fitted(self)
        return self._decode_targets(self._forward(self._check_rows(X)))

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities.

        Args:
            X: shape (n_samples, n_features).

        Returns:
            Shape (n_samples, n_classes), columns in the order of `classes_`; for several targets a
            list with one such array for each.
        """
        check_is_fitted(self)
        yhat = self._forward(self._check_rows(X))
        if self._has_several_targets:
            return np.split(yhat, np.cumsum(self._label_binarizer.n_classes)[:-1], axis=1)
        return np.hstack([1 - yhat, yhat]) if self.n_outputs_ == 1 else yhat

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows whose every label is predicted right.

        Args:
            X: shape (n_samples, n_features).
            y: labels, as for `fit`.
            sample_weight: shape (n_samples,), or None.

        Returns:
            0 to 1.
        """
        check_is_fitted(self)
        if self._has_several_targets:
            return self._default_score(y, self.predict(X), sample_weight)
        return float(super().score(X, y, sample_weight))

    def predict_log_proba(self, X: Any) -> Any:
        """Logarithms of `predict_proba`.

        Args:
            X: shape (n_samples, n_features).

        Returns:
            Shape (n_samples, n_classes); -inf where a probability is 0.
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            if isinstance(probabilities, list):
                return [np.log(each) for each in probabilities]
            return np.log(probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
