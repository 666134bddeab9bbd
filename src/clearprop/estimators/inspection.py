"""What an estimator shows of itself: activations, gradients, and the check of both.

All of it is `clearprop.backprop` on the estimator's own network and on rows that are checked as
those to predict are. This file knows nothing of training.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from clearprop.backprop import Gradients, Passes, backward, forward, input_jacobian
from clearprop.gradcheck import TOLERANCE, GradientReport, check_gradients
from clearprop.network import Layer, Network

__all__ = ["InspectionMixin"]

Array = npt.NDArray[Any]


class InspectionMixin:
    """Activations and gradients of a fitted, or only initialized, estimator."""

    coefs_: list[Array]
    intercepts_: list[Array]

    @property
    @abstractmethod
    def network_(self) -> Network:
        """The network."""

    @property
    @abstractmethod
    def parameters_(self) -> list[Layer]:
        """Its parameters."""

    @abstractmethod
    def _check_rows(self, X: Any) -> Any:
        """X, checked as for `predict`."""

    @abstractmethod
    def _known_targets(self, X: Any, y: Any) -> tuple[Any, Array]:
        """X checked, and the network's targets for y; nothing is learned from either."""

    @abstractmethod
    def _loss_targets(self, Y: Array) -> Array:
        """What the loss compares yhat with, from the network's targets."""

    def forward(self, X: Any) -> Passes:
        """All layers' inputs, pre-activations and the output, for every row.

        Args:
            X: shape (n_samples, n_features), dense or sparse.

        Returns:
            `Passes`: inputs[l + 1] holds the activations of hidden layer l, z[l] what they were
            computed from, output the network's yhat (for two classes one column, the second's
            probability). NumPy arrays of the parameters' dtype, but for a sparse X itself.

        Raises:
            sklearn.exceptions.NotFittedError: there are no parameters yet.

        Examples:
            >>> from clearprop import MLPRegressor
            >>> X = np.array([[0.0], [1.0], [2.0]])
            >>> model = MLPRegressor(hidden_layer_sizes=(4,), random_state=0)
            >>> model = model.initialize(X, X[:, 0])
            >>> passes = model.forward(X)
            >>> [h.shape for h in passes.inputs], passes.output.shape
            ([(3, 1), (3, 4)], (3, 1))
        """
        check_is_fitted(self)
        return forward(self.network_, self.parameters_, self._check_rows(X))

    def gradients(self, X: Any, y: Any, sample_weight: Any = None) -> Gradients:
        """The derivative of the mean loss by every pre-activation, weight, bias and input.

        The penalty is left out: its derivative, alpha * W / n_samples (with sample weights, their
        sum in place of n_samples), is added to dW in training.

        Args:
            X: shape (n_samples, n_features), dense or sparse.
            y: targets, as for `fit`.
            sample_weight: shape (n_samples,), or None.

        Returns:
            `Gradients`: delta[l], dW[l], db[l] and dinput[l] of each layer from the input side;
            dinput[0] is the derivative by X.

        Raises:
            sklearn.exceptions.NotFittedError: there are no parameters yet.
            ParameterError: y holds a class that the estimator does not know.

        Examples:
            >>> from clearprop import MLPRegressor
            >>> X = np.array([[0.0], [1.0], [2.0]])
            >>> model = MLPRegressor(hidden_layer_sizes=(4,), random_state=0)
            >>> model = model.initialize(X, X[:, 0])
            >>> [dW.shape for dW in model.gradients(X, X[:, 0]).dW]
            [(1, 4), (4, 1)]
        """
        check_is_fitted(self)
        X, Y, sample_weight = self._batch(X, y, sample_weight)
        passes = forward(self.network_, self.parameters_, X)
        return backward(self.network_, self.parameters_, passes, Y, sample_weight=sample_weight)

    def input_gradients(self, X: Any) -> Array:
        """How each output changes with each feature: dyhat_k/dx_m at every row.

        Args:
            X: shape (n_samples, n_features), dense or sparse.

        Returns:
            Shape (n_samples, n_outputs_, n_features_in_), dense: derivatives of what
            `predict_proba` (classifier; for two classes of its second column alone) or `predict`
            (regressor) gives.

        Raises:
            sklearn.exceptions.NotFittedError: there are no parameters yet.

        Examples:
            >>> from clearprop import MLPRegressor
            >>> X = np.array([[0.0], [1.0], [2.0]])
            >>> line = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0)
            >>> line = line.fit(X, 3.0 * X[:, 0])
            >>> line.input_gradients([[5.0]]).round(3)
            array([[[3.]]])
        """
        passes = self.forward(X)
        jacobian: Array = input_jacobian(self.network_, self.parameters_, passes)
        return jacobian

    def check_gradients(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        tolerance: float = TOLERANCE,
        max_entries: int | None = None,
        random_state: int = 0,
    ) -> GradientReport:
        """Compare `gradients` with finite differences of the loss.

        Args:
            X: shape (n_samples, n_features); a few rows are enough.
            y: targets, as for `fit`.
            sample_weight: shape (n_samples,), or None.
            tolerance: the largest relative error accepted.
            max_entries: compare at most so many entries of each array; None: all.
            random_state: seed of their draw.

        Returns:
            `GradientReport`; print it.

        Raises:
            sklearn.exceptions.NotFittedError: there are no parameters yet.

        Examples:
            >>> from clearprop import MLPRegressor
            >>> X = np.array([[0.0], [1.0], [2.0]])
            >>> model = MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", random_state=0)
            >>> model = model.initialize(X, X[:, 0])
            >>> model.check_gradients(X, X[:, 0]).ok
            True
        """
        check_is_fitted(self)
        X, Y, sample_weight = self._batch(X, y, sample_weight)
        return check_gradients(
            self.network_,
            self.parameters_,
            X.toarray() if hasattr(X, "toarray") else X,
            Y,
            sample_weight=sample_weight,
            tolerance=tolerance,
            max_entries=max_entries,
            random_state=random_state,
        )

    def _batch(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Array, Array | None]:
        X, Y = self._known_targets(X, y)
        dtype = self.coefs_[0].dtype
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, X, dtype=dtype, ensure_non_negative=True
            )
        Y = self._loss_targets(np.asarray(Y.reshape(-1, 1) if Y.ndim == 1 else Y, dtype))
        return X.astype(dtype, copy=False), Y, sample_weight
