"""Each activation sigma beside its derivative sigma', one table: `ACTIVATIONS`.

Training, the gradient checker, the tests and the explanation all walk this table; nothing else in
the project knows how an activation is computed. The functions work elementwise on arrays of any
shape from any library of the Python Array API standard, and never overflow: `exp` is only taken of
numbers that are not positive. This file knows nothing of layers, losses or networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from clearprop.erf import erf
from clearprop.errors import ParameterError

__all__ = ["ACTIVATIONS", "Activation", "as_activation"]

Array = Any  # an array of any library that follows the Array API standard

LEAKY_SLOPE = 0.01
"""The slope of leaky_relu below zero (Maas, Hannun & Ng 2013)."""


class Activation(NamedTuple):
    """A row of the table: an activation, its derivative, and what a reader should see of both.

    Attributes:
        name: the name users write.
        function: `h = sigma(z)`.
        derivative: `sigma'(z)`, called as `derivative(z, h)` with `h = sigma(z)` at hand, so that
            no exponential is taken twice.
        formula: sigma in plain text.
        derivative_formula: sigma' in plain text.
        branch: for activations made of two pieces that meet at z = 0, `branch(z, at)` is the
            piece that holds at `at`, evaluated at `z`. Finite differences at a kink need it; None
            where sigma is smooth.
        initial_gain: the numerator of the initial weights' bound, sqrt(gain / (fan_in + fan_out)):
            2 for logistic and 6 elsewhere (Glorot & Bengio 2010, as scikit-learn applies it).
    """

    name: str
    function: Callable[[Array], Array]
    derivative: Callable[[Array, Array], Array]
    formula: str
    derivative_formula: str
    branch: Callable[[Array, Array], Array] | None = None
    initial_gain: float = 6.0


def _scalar(value: float, z: Array) -> Array:
    """A zero-dimensional array of z's dtype: broadcasting it takes no memory."""
    return array_namespace(z).asarray(value, dtype=z.dtype, device=device(z))


def identity(z: Array) -> Array:
    """Identity: h = z."""
    return z


def identity_derivative(z: Array, h: Array) -> Array:  # noqa: ARG001 - one signature for the table
    """sigma' = 1."""
    return array_namespace(z).ones_like(z)


def logistic(z: Array) -> Array:
    """Logistic sigmoid: h = 1 / (1 + exp(-z)).

    Examples:
        >>> import numpy as np
        >>> logistic(np.array([-1e4, 0.0, 2.0])).round(6)
        array([0.      , 0.5     , 0.880797])
    """
    xp = array_namespace(z)
    decay = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, _scalar(1.0, z), decay) / (1.0 + decay)


def logistic_derivative(z: Array, h: Array) -> Array:  # noqa: ARG001 - one signature for the table
    """sigma' = h (1 - h); article A writes it sigma(z)(1 - sigma(z))."""
    return h * (1.0 - h)


def tanh(z: Array) -> Array:
    """Hyperbolic tangent."""
    return array_namespace(z).tanh(z)


def tanh_derivative(z: Array, h: Array) -> Array:  # noqa: ARG001 - one signature for the table
    """sigma' = 1 - h^2."""
    return 1.0 - h * h


def relu_branch(z: Array, at: Array) -> Array:
    """Z where at > 0, 0 elsewhere."""
    return array_namespace(z).where(at > 0, z, _scalar(0.0, z))


def relu(z: Array) -> Array:
    """Rectifier: h = max(z, 0)."""
    return relu_branch(z, z)


def relu_derivative(z: Array, h: Array) -> Array:  # noqa: ARG001 - one signature for the table
    """sigma' = 1 where z > 0, 0 elsewhere (at z = 0, the convention of every framework)."""
    return array_namespace(z).astype(z > 0, z.dtype)


def leaky_relu_branch(z: Array, at: Array) -> Array:
    """Z where at > 0, 0.01 z elsewhere."""
    return array_namespace(z).where(at > 0, z, LEAKY_SLOPE * z)


def leaky_relu(z: Array) -> Array:
    """Leaky rectifier: h = z where z > 0, 0.01 z elsewhere."""
    return leaky_relu_branch(z, z)


def leaky_relu_derivative(z: Array, h: Array) -> Array:  # noqa: ARG001 - one signature for the table
    """sigma' = 1 where z > 0, 0.01 elsewhere."""
    xp = array_namespace(z)
    return xp.where(z > 0, xp.ones_like(z), LEAKY_SLOPE * xp.ones_like(z))


def elu_branch(z: Array, at: Array) -> Array:
    """Z where at > 0, exp(z) - 1 elsewhere."""
    xp = array_namespace(z)
    below = xp.where(at > 0, xp.zeros_like(z), z)
    return xp.where(at > 0, z, xp.expm1(below))


def elu(z: Array) -> Array:
    """Exponential linear unit, alpha = 1: h = z where z > 0, exp(z) - 1 elsewhere."""
    return elu_branch(z, z)


def elu_derivative(z: Array, h: Array) -> Array:
    """sigma' = 1 where z > 0, h + 1 elsewhere."""
    xp = array_namespace(z)
    return xp.where(z > 0, xp.ones_like(z), h + 1.0)


def normal_cdf(z: Array) -> Array:
    """Phi(z) = (1 + erf(z / sqrt 2)) / 2, the normal distribution function."""
    return 0.5 * (1.0 + erf(z * math.sqrt(0.5)))


def gelu(z: Array) -> Array:
    """Gaussian error linear unit, exact: h = z Phi(z), not the tanh form.

    Source: Hendrycks & Gimpel, "Gaussian error linear units", 2016.
    """
    return z * normal_cdf(z)


def gelu_derivative(z: Array, h: Array) -> Array:  # noqa: ARG001 - one signature for the table
    """sigma' = Phi(z) + z phi(z), phi the normal density."""
    xp = array_namespace(z)
    density = xp.exp(-0.5 * z * z) * (1.0 / math.sqrt(2.0 * math.pi))
    return normal_cdf(z) + z * density


def silu(z: Array) -> Array:
    """Sigmoid-weighted linear unit, also called swish: h = z logistic(z)."""
    return z * logistic(z)


def silu_derivative(z: Array, h: Array) -> Array:
    """sigma' = s + h (1 - s), s = logistic(z)."""
    s = logistic(z)
    return s + h * (1.0 - s)


def softplus(z: Array) -> Array:
    """Softplus: h = log(1 + exp(z)), computed as max(z, 0) + log1p(exp(-|z|))."""
    xp = array_namespace(z)
    return relu(z) + xp.log1p(xp.exp(-xp.abs(z)))


def softplus_derivative(z: Array, h: Array) -> Array:  # noqa: ARG001 - one signature for the table
    """sigma' = logistic(z)."""
    return logistic(z)


_ROWS = (
    Activation("identity", identity, identity_derivative, "z", "1"),
    Activation(
        "logistic",
        logistic,
        logistic_derivative,
        "1 / (1 + exp(-z))",
        "h (1 - h)",
        initial_gain=2.0,
    ),
    Activation("tanh", tanh, tanh_derivative, "tanh(z)", "1 - h^2"),
    Activation("relu", relu, relu_derivative, "max(z, 0)", "1 if z > 0 else 0", relu_branch),
    Activation(
        "leaky_relu",
        leaky_relu,
        leaky_relu_derivative,
        "z if z > 0 else 0.01 z",
        "1 if z > 0 else 0.01",
        leaky_relu_branch,
    ),
    Activation(
        "elu",
        elu,
        elu_derivative,
        "z if z > 0 else exp(z) - 1",
        "1 if z > 0 else h + 1",
        elu_branch,
    ),
    Activation("gelu", gelu, gelu_derivative, "z Phi(z)", "Phi(z) + z phi(z)"),
    Activation(
        "silu", silu, silu_derivative, "z / (1 + exp(-z))", "s + h (1 - s), s = 1/(1 + exp(-z))"
    ),
    Activation("softplus", softplus, softplus_derivative, "log(1 + exp(z))", "1 / (1 + exp(-z))"),
)

ACTIVATIONS: dict[str, Activation] = {row.name: row for row in _ROWS}
"""Every hidden activation by name."""

# Between the points of the usual kinks (0, ±1, ±3), where no derivative is to be had.
_JUDGED = tuple(0.25 * number + 0.0123 for number in range(-16, 17))
_STEP = 1e-6
_CLOSE = 1e-4


def as_activation(given: Any) -> Activation:
    """The row that is meant: by name, given whole, or made of somebody's own two functions.

    Args:
        given: a name of `ACTIVATIONS`; an `Activation`; or a pair (function, derivative), called as
            `h = function(z)` and `derivative(z, h)` with NumPy arrays of any shape. The derivative
            is compared with finite differences at some points between -4 and 4.

    Returns:
        The row; of a pair, one that is named after its function.

    Raises:
        ParameterError: an unknown name, no pair of functions, or a derivative that is not the
            function's.

    Examples:
        >>> import numpy as np
        >>> as_activation("tanh").derivative_formula
        '1 - h^2'
        >>> as_activation((np.sin, lambda z, h: np.cos(z))).name
        'sin'
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, str) and given in ACTIVATIONS:
        return ACTIVATIONS[given]
    is_pair = isinstance(given, tuple) and len(given) == 2 and all(map(callable, given))
    if not is_pair:
        raise ParameterError(
            f"activation: got {given!r}, expected one of {', '.join(ACTIVATIONS)}",
            remedy="Give one of these names, or a pair of functions: (function, derivative), "
            "called as h = function(z) and derivative(z, h).",
        )
    function, derivative = given
    name = getattr(function, "__name__", type(function).__name__)
    own = Activation(name, function, derivative, f"{name}(z)", f"{name}'(z)")
    _require_derivative(own)
    return own


def _require_derivative(own: Activation) -> None:
    z = np.array(_JUDGED)
    h = np.asarray(own.function(z))
    if h.shape != z.shape:
        raise ParameterError(
            f"activation: {own.name} gave shape {h.shape} for z of shape {z.shape}",
            remedy="It must work elementwise on NumPy arrays.",
        )
    told = np.broadcast_to(np.asarray(own.derivative(z, h), float), z.shape)
    measured = (own.function(z + _STEP) - own.function(z - _STEP)) / (2.0 * _STEP)
    wrong = ~(np.abs(told - measured) <= _CLOSE * (1.0 + np.abs(measured)))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ParameterError(
            f"activation: the derivative given with {own.name} is not its derivative: at z = "
            f"{z[at]:g} it is {told[at]:g}, finite differences of {own.name} give "
            f"{measured[at]:g}",
            remedy="Correct derivative(z, h); h = function(z) is handed to it beside z.",
        )
