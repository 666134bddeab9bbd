"""The tables of activations and elementwise outputs as vector functions.

Each row computes what the row of the same name in `clearprop.activations.ACTIVATIONS` and
`clearprop.losses.OUTPUTS` does, by the same formulas; what both results of a row need is computed
once, and a result that is not used leaves no instruction. This file knows nothing of layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from clearprop.activations import LEAKY_SLOPE
from clearprop.engines.fused.elementary import (
    exp,
    exp_below_zero,
    expm1,
    log,
    log1p,
    logistic,
    normal,
    tanh,
)
from clearprop.engines.fused.vector import FLOAT32, FLOAT64, Vector

__all__ = ["ACTIVATION_VECTORS", "OUTPUT_VECTORS", "OutputVectors"]

# sum over k >= 2 of d^(k-2) / k! for |d| < 0.5: powers beyond the last change no bit.
_LAST_POWER = {FLOAT32.name: 9, FLOAT64.name: 16}


def _identity(z: Vector) -> tuple[Vector, Vector]:
    return z, z.emitter.constant(1.0)


def _logistic(z: Vector) -> tuple[Vector, Vector]:
    h = logistic(z)
    return h, h * (1.0 - h)


def _tanh(z: Vector) -> tuple[Vector, Vector]:
    h = tanh(z)
    return h, 1.0 - h * h


def _relu(z: Vector) -> tuple[Vector, Vector]:
    one = z.emitter.constant(1.0)
    return z.where(z > 0.0, 0.0), one.where(z > 0.0, 0.0)


def _leaky_relu(z: Vector) -> tuple[Vector, Vector]:
    one = z.emitter.constant(1.0)
    return z.where(z > 0.0, LEAKY_SLOPE * z), one.where(z > 0.0, LEAKY_SLOPE)


def _elu(z: Vector) -> tuple[Vector, Vector]:
    h = z.where(z > 0.0, expm1(z))
    return h, z.emitter.constant(1.0).where(z > 0.0, h + 1.0)


def _gelu(z: Vector) -> tuple[Vector, Vector]:
    distribution, density = normal(z)
    return z * distribution, z.fma(density, distribution)


def _silu(z: Vector) -> tuple[Vector, Vector]:
    s = logistic(z)
    h = z * s
    return h, h.fma(1.0 - s, s)


def _log_of_1_plus_decay(z: Vector) -> Vector:
    """log(1 + exp(-|z|))."""
    return log1p(exp_below_zero(-z.absolute()))


def _softplus(z: Vector) -> tuple[Vector, Vector]:
    return z.where(z > 0.0, 0.0) + _log_of_1_plus_decay(z), logistic(z)


def _binary_cross_entropy(z: Vector, y: Vector, _: Vector) -> tuple[Vector, Vector, Vector]:
    wrong = ((1.0 - y) * z).where(z > 0.0, -y * z)
    yhat = logistic(z)
    return yhat, wrong + _log_of_1_plus_decay(z), yhat - y


def _half_squared_error(z: Vector, y: Vector, _: Vector) -> tuple[Vector, Vector, Vector]:
    difference = z - y
    return z, 0.5 * difference * difference, difference


def _absolute_error(z: Vector, y: Vector, _: Vector) -> tuple[Vector, Vector, Vector]:
    difference, constant = z - y, z.emitter.constant
    # Neither above nor below: equal, or undefined, which stays so.
    below = constant(-1.0).where(z < y, difference * 0.0)
    return z, difference.absolute(), constant(1.0).where(z > y, below)


def _huber(z: Vector, y: Vector, threshold: Vector) -> tuple[Vector, Vector, Vector]:
    difference = z - y
    clipped = difference.at_most(threshold).at_least(-threshold)
    near, far = 0.5 * difference * difference, clipped * (difference - 0.5 * clipped)
    return z, near.where(difference.absolute() <= threshold, far), clipped


def _pinball(z: Vector, y: Vector, probability: Vector) -> tuple[Vector, Vector, Vector]:
    rest = 1.0 - probability
    term = (rest * (z - y)).where(z > y, probability * (y - z))
    below = (-probability).where(z < y, 0.0)
    return z, term, rest.where(z > y, below)


def _half_poisson_deviance(z: Vector, y: Vector, _: Vector) -> tuple[Vector, Vector, Vector]:
    yhat = exp(z)
    d = z - log(y.where(y > 0.0, 1.0))
    series = z.emitter.constant(0.0)
    for power in range(_LAST_POWER[z.emitter.kind.name], 1, -1):
        series = series.fma(d, 1.0 / math.factorial(power))
    far = yhat - y * (1.0 + d)
    near = (y * d * (d * series)).where(d.absolute() < 0.5, far)
    return yhat, near.where(y > 0.0, far), yhat - y


ACTIVATION_VECTORS: dict[str, Callable[[Vector], tuple[Vector, Vector]]] = {
    "identity": _identity,
    "logistic": _logistic,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
}
"""(h, sigma') from z, for every hidden activation."""

OutputVectors = Callable[[Vector, Vector, Vector], tuple[Vector, Vector, Vector]]

OUTPUT_VECTORS: dict[str, OutputVectors] = {
    "logistic": _binary_cross_entropy,
    "identity": _half_squared_error,
    "median": _absolute_error,
    "huber": _huber,
    "quantile": _pinball,
    "exponential": _half_poisson_deviance,
}
"""(yhat, loss term, its derivative by z) from z, y and the output's parameter, for every output but
softmax, which needs whole rows."""
