"""Outputs for numbers: means by squared error and Poisson deviance, medians, Huber's, quantiles.

This file knows nothing of the table.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from clearprop.losses.common import Array, Parameters, diagonal, like

__all__ = [
    "absolute_error_branch",
    "absolute_error_delta",
    "absolute_error_terms",
    "exponential",
    "exponential_jacobian",
    "half_poisson_deviance_by_output",
    "half_poisson_deviance_terms",
    "half_squared_error_terms",
    "huber_branch",
    "huber_delta",
    "huber_terms",
    "identity",
    "identity_jacobian",
    "identity_link",
    "pinball_branch",
    "pinball_delta",
    "pinball_terms",
]

# Most rows have no parameters; every function takes them, so that the table has one signature.
# ruff: noqa: ARG001


def identity(z: Array, parameters: Parameters = ()) -> Array:
    """Identity: yhat = z."""
    return z


def half_squared_error_terms(z: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """(z - y)^2 / 2: the half cancels the derivative's 2."""
    difference = z - Y
    return 0.5 * difference * difference


def absolute_error_branch(z: Array, Y: Array, at: Array, parameters: Parameters = ()) -> Array:
    """z - y where it is positive at `at`, y - z elsewhere."""
    return array_namespace(z).where(at > Y, z - Y, Y - z)


def absolute_error_terms(z: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """|z - y|, without a half."""
    return absolute_error_branch(z, Y, z)


def absolute_error_delta(yhat: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """delta = sign(yhat - y), 0 where they are equal.

    Examples:
        >>> import numpy as np
        >>> absolute_error_delta(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))
        array([-1.,  0.,  1.])
    """
    return array_namespace(yhat).sign(yhat - Y)


def _clipped(z: Array, Y: Array, parameters: Parameters) -> Array:
    """z - y, cut off at the thresholds."""
    xp, threshold = array_namespace(z), like(z, parameters)
    difference = z - Y
    upper = xp.where(difference > threshold, threshold, difference)
    return xp.where(difference < -threshold, -threshold, upper)


def huber_branch(z: Array, Y: Array, at: Array, parameters: Parameters) -> Array:
    """Half the squared error where |at - y| is within the threshold, a straight line elsewhere."""
    clipped, difference = _clipped(at, Y, parameters), z - Y
    is_near = array_namespace(z).abs(at - Y) <= like(z, parameters)
    near, far = 0.5 * difference * difference, clipped * (difference - 0.5 * clipped)
    return array_namespace(z).where(is_near, near, far)


def huber_terms(z: Array, Y: Array, parameters: Parameters) -> Array:
    """Huber's loss: d^2 / 2 where |d| <= c, c (|d| - c / 2) elsewhere; d = z - y, c the threshold.

    Examples:
        >>> import numpy as np
        >>> huber_terms(np.array([0.5, 3.0]), np.zeros(2), [1.0])
        array([0.125, 2.5  ])

    Source: Huber, "Robust estimation of a location parameter", 1964.
    """
    return huber_branch(z, Y, z, parameters)


def huber_delta(yhat: Array, Y: Array, parameters: Parameters) -> Array:
    """delta = yhat - y, cut off at -c and c."""
    return _clipped(yhat, Y, parameters)


def pinball_branch(z: Array, Y: Array, at: Array, parameters: Parameters) -> Array:
    """The line that holds where `at` is."""
    probability = like(z, parameters)
    return array_namespace(z).where(at > Y, (1.0 - probability) * (z - Y), probability * (Y - z))


def pinball_terms(z: Array, Y: Array, parameters: Parameters) -> Array:
    """The pinball loss, least where z is the quantile of probability p.

        p (y - z) where y > z, (1 - p) (z - y) elsewhere

    For p = 1/2 it is half the absolute error.

    Examples:
        >>> import numpy as np
        >>> pinball_terms(np.array([1.0, 3.0]), np.array([2.0, 2.0]), [0.9]).round(6)
        array([0.9, 0.1])

    Source: Koenker & Bassett, "Regression quantiles", 1978.
    """
    return pinball_branch(z, Y, z, parameters)


def pinball_delta(yhat: Array, Y: Array, parameters: Parameters) -> Array:
    """delta = 1 - p where yhat > y, -p where yhat < y, 0 where they are equal."""
    xp, probability = array_namespace(yhat), like(yhat, parameters)
    zero = xp.zeros_like(yhat)
    below = xp.where(yhat < Y, zero - probability, zero)
    return xp.where(yhat > Y, 1.0 - probability + zero, below)


def exponential(z: Array, parameters: Parameters = ()) -> Array:
    """Exponential: yhat = exp(z), the mean of a Poisson distribution."""
    return array_namespace(z).exp(z)


def half_poisson_deviance_terms(z: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """y log(y / yhat) - y + yhat, yhat = exp(z), where y log y = 0 at y = 0.

    With d = z - log y it is y (exp(d) - 1 - d); near d = 0, where that subtraction would leave no
    digit, by its Taylor series.
    """
    xp = array_namespace(z)
    safe = xp.where(Y > 0, Y, xp.ones_like(Y))
    d = z - xp.log(safe)
    near = (xp.abs(d) < 0.5) & (Y > 0)
    small = xp.where(near, d, xp.zeros_like(d))
    series = xp.zeros_like(d)
    for power in range(16, 1, -1):
        series = (1.0 + series) * small / power
    return xp.where(near, Y * small * series, xp.exp(z) - Y * (1.0 + d))


def half_poisson_deviance_by_output(yhat: Array, Y: Array, parameters: Parameters = ()) -> Array:
    """dLoss/dyhat_k = 1 - y_k / yhat_k.

    Examples:
        >>> import numpy as np
        >>> half_poisson_deviance_by_output(np.array([2.0]), np.array([3.0]))
        array([-0.5])
    """
    return 1.0 - Y / yhat


def identity_link(yhat: Array) -> Array:
    """z = yhat."""
    return yhat


def identity_jacobian(yhat: Array, parameters: Parameters = ()) -> Array:
    """The unit matrix."""
    return diagonal(array_namespace(yhat).ones_like(yhat))


def exponential_jacobian(yhat: Array, parameters: Parameters = ()) -> Array:
    """dyhat_k/dz_k = yhat_k, 0 elsewhere."""
    return diagonal(yhat)
