"""The error function, which the Array API standard lacks and gelu needs.

Rational Chebyshev approximations after W. J. Cody, "Rational Chebyshev approximations for the error
function", Mathematics of Computation 23 (1969), 631-637, whose coefficients these are. The error
stays below 5 units in the last place in float64 and in float32 (shown by the tests against mpmath).
This file knows nothing of the rest of the project.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from array_api_compat import array_namespace

__all__ = ["erf"]

# |z| <= 0.46875: erf(z) = z P(z^2) / Q(z^2); highest power first.
_SMALL_P = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_SMALL_Q = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
# 0.46875 < |z| <= 4: erfc(|z|) = exp(-z^2) P(|z|) / Q(|z|).
_MIDDLE_P = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_MIDDLE_Q = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)
# erfc(4) is 1.5e-8: beyond |z| = 6, erf is 1 to the last bit of float64.
_FAR = 6.0


def _polynomial(coefficients: tuple[float, ...], z: Any) -> Any:
    """Horner's rule, highest power first."""
    return reduce(lambda value, c: value * z + c, coefficients[1:], coefficients[0] + 0.0 * z)


def erf(z: Any) -> Any:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to z.

    Args:
        z: array of any shape, float32 or float64.

    Returns:
        Array of z's shape and dtype, between -1 and 1.

    Examples:
        >>> import numpy as np
        >>> erf(np.array([-9.0, 0.0, 0.5])).round(6)
        array([-1.    ,  0.    ,  0.5205])
    """
    xp = array_namespace(z)
    size = xp.abs(z)
    near_zero = size <= 0.46875
    small = xp.where(near_zero, z, xp.zeros_like(z))
    square = small * small
    inner = small * _polynomial(_SMALL_P, square) / _polynomial(_SMALL_Q, square)
    # The middle formula is good to the last bit of erf up to _FAR: erfc is tiny there.
    large = xp.where(near_zero, xp.ones_like(z), xp.minimum(size, xp.full_like(z, _FAR)))
    complement = (
        xp.exp(-large * large) * _polynomial(_MIDDLE_P, large) / _polynomial(_MIDDLE_Q, large)
    )
    outer = xp.where(z < 0, complement - 1.0, 1.0 - complement)
    return xp.where(near_zero, inner, outer)
