"""Outputs for classes and labels: softmax and logistic, with their cross-entropies.

This file knows nothing of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from array_api_compat import array_namespace

from clearprop.activations import logistic
from clearprop.losses.common import Array, Parameters, diagonal, like, log_link

__all__ = [
    "binary_cross_entropy_by_output",
    "binary_cross_entropy_terms",
    "cross_entropy_by_output",
    "cross_entropy_delta",
    "cross_entropy_terms",
    "logistic_jacobian",
    "logistic_output",
    "logit",
    "softmax",
    "softmax_jacobian",
]

# Most rows have no parameters; every function takes them, so that the table has one signature.
# ruff: noqa: ARG001


def _shifted_log_sum(z: Array) -> tuple[Array, Array]:
    """The largest logit m of each row, and log(sum exp(z - m)).

    The largest term is taken out of the sum, so that log1p keeps all digits of a loss near zero.
    """
    xp = array_namespace(z)
    largest = xp.max(z, axis=-1, keepdims=True)
    first = xp.expand_dims(xp.argmax(z, axis=-1), axis=-1)
    columns = xp.arange(z.shape[-1], dtype=first.dtype)
    others = xp.where(columns == first, xp.zeros_like(z), xp.exp(z - largest))
    return largest, xp.log1p(xp.sum(others, axis=-1, keepdims=True))


def _by_target(function: Callable[..., Array], parameters: Parameters, *arrays: Array) -> Array:
    """Function on each target's outputs, side by side: all of them where there is one target."""
    if not parameters:
        return function(*arrays)
    ends = list(accumulate(int(n_classes) for n_classes in parameters))
    parts = [
        function(*(array[..., begin:end] for array in arrays))
        for begin, end in zip([0, *ends], ends, strict=False)
    ]
    return array_namespace(parts[0]).concat(parts, axis=-1)


def softmax(z: Array, parameters: Parameters = ()) -> Array:
    """Softmax over each row, or over each target's outputs: yhat_k = exp(z_k) / sum_i exp(z_i).

    Examples:
        >>> import numpy as np
        >>> softmax(np.array([[1e4, 1e4, -1e4]]))
        array([[0.5, 0.5, 0. ]])
    """
    return _by_target(_softmax, parameters, z)


def _softmax(z: Array) -> Array:
    xp = array_namespace(z)
    exponentials = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return exponentials / xp.sum(exponentials, axis=-1, keepdims=True)


def cross_entropy_terms(z: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """-y_k log(softmax(z)_k), from logits."""
    return _by_target(_cross_entropy_terms, parameters, z, Y)


def _cross_entropy_terms(z: Array, Y: Array) -> Array:
    largest, log_sum = _shifted_log_sum(z)
    return Y * ((largest - z) + log_sum)


def binary_cross_entropy_terms(z: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """-y log(s) - (1 - y) log(1 - s), s = logistic(z), as max(z, 0) - y z + log1p(exp(-|z|))."""
    xp = array_namespace(z)
    return xp.where(z > 0, (1.0 - Y) * z, -Y * z) + xp.log1p(xp.exp(-xp.abs(z)))


def logistic_output(z: Array, parameters: Parameters = ()) -> Array:
    """Logistic sigmoid: yhat = 1 / (1 + exp(-z))."""
    return logistic(z)


def logit(yhat: Array) -> Array:
    """z = log(yhat / (1 - yhat)), kept finite at yhat = 0 and 1."""
    return log_link(yhat) - log_link(1.0 - yhat)


def _ratio(top: Array, bottom: Array) -> Array:
    """Top / bottom, and 0 where top is 0, whatever bottom is there."""
    xp = array_namespace(top)
    is_zero = top == 0
    return xp.where(is_zero, xp.zeros_like(top), top / xp.where(is_zero, xp.ones_like(top), bottom))


def cross_entropy_by_output(yhat: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """dLoss/dyhat_k = -y_k / yhat_k; infinite where a class with y_k > 0 has yhat_k rounded to 0.

    Examples:
        >>> import numpy as np
        >>> cross_entropy_by_output(np.array([[0.25, 0.75]]), np.array([[1.0, 0.0]]))
        array([[-4.,  0.]])
    """
    return _ratio(-Y, yhat)


def binary_cross_entropy_by_output(yhat: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """dLoss/dyhat_k = -y_k / yhat_k + (1 - y_k) / (1 - yhat_k): article B's first link.

    Examples:
        >>> import numpy as np
        >>> binary_cross_entropy_by_output(np.array([[0.25, 0.75]]), np.array([[1.0, 0.0]]))
        array([[-4.,  4.]])
    """
    return _ratio(-Y, yhat) + _ratio(1.0 - Y, 1.0 - yhat)


def cross_entropy_delta(yhat: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """delta = yhat sum_i y_i - y: article A's yhat - y where the row of y sums to 1.

    Probabilities as targets sum to 1 only to rounding (0.333 three times), and the loss is that
    of the row as given.
    """
    return _by_target(_cross_entropy_delta, parameters, yhat, Y)


def _cross_entropy_delta(yhat: Array, Y: Array) -> Array:
    return yhat * array_namespace(Y).sum(Y, axis=-1, keepdims=True) - Y


def softmax_jacobian(yhat: Array, parameters: Parameters = ()) -> Array:
    """dyhat_k/dz_j = yhat_k (1[k = j] - yhat_j): article A's D^softmax; 0 between targets.

    Examples:
        >>> import numpy as np
        >>> softmax_jacobian(np.array([[0.25, 0.75]]))
        array([[[ 0.1875, -0.1875],
                [-0.1875,  0.1875]]])
    """
    xp = array_namespace(yhat)
    products = xp.expand_dims(yhat, axis=-1) * xp.expand_dims(yhat, axis=-2)
    if parameters:
        target = [t for t, n_classes in enumerate(parameters) for _ in range(int(n_classes))]
        numbers = like(yhat, target)
        same = xp.expand_dims(numbers, axis=-1) == xp.expand_dims(numbers, axis=-2)
        products = xp.where(same, products, xp.zeros_like(products))
    return diagonal(yhat) - products


def logistic_jacobian(yhat: Array, parameters: Parameters = ()) -> Array:
    """dyhat_k/dz_k = yhat_k (1 - yhat_k), 0 elsewhere."""
    return diagonal(yhat * (1.0 - yhat))
