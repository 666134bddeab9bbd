"""Every row of the table of activations: values, derivatives, limits, dtypes, conventions at 0.

Judged by mpmath at 50 digits. Knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_strict
import mpmath
import numpy as np
import pytest

from clearprop.activations import ACTIVATIONS, Activation

mpmath.mp.dps = 50
ROWS = pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=list(ACTIVATIONS))
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])

EXACT: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + mpmath.exp(-z)),
    "tanh": mpmath.tanh,
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "gelu": lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2,
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
}
AT_ZERO = {  # sigma(0), sigma'(0): at a kink, the slope of the left piece by convention
    "identity": (0.0, 1.0),
    "logistic": (0.5, 0.25),
    "tanh": (0.0, 1.0),
    "relu": (0.0, 0.0),
    "leaky_relu": (0.0, 0.01),
    "elu": (0.0, 1.0),
    "gelu": (0.0, 0.5),
    "silu": (0.0, 0.5),
    "softplus": (np.log(2.0), 0.5),
}
LEFT_SLOPE = {"identity": 1.0, "leaky_relu": 0.01}  # at -1e4; 0 elsewhere
BOUNDED = {"logistic": (0.0, 1.0), "tanh": (-1.0, 1.0)}  # at -1e4 and 1e4


def points(dtype: str) -> Any:
    """Numbers of every size within ±20, zero left out."""
    sizes = np.concatenate([np.logspace(-8, np.log10(20.0), 60), [0.46, 0.47, 0.67, 1.0, 4.0]])
    return np.concatenate([-sizes, sizes]).astype(dtype)


def test_every_row_is_tested() -> None:
    assert list(EXACT) == list(AT_ZERO) == list(ACTIVATIONS)
    assert all(row.name == name for name, row in ACTIVATIONS.items())


@ROWS
@DTYPES
def test_values_are_within_4_units_in_the_last_place(row: Activation, dtype: str) -> None:
    z = points(dtype)
    exact = [EXACT[row.name](mpmath.mpf(float(v))) for v in z]
    # Below -1, 1 + erf cancels: gelu is good to the last place of z / 2, not of its vanishing self.
    size = np.abs([float(v) for v in exact])
    if row.name == "gelu":
        size = np.where(z < -1, np.abs(z) / 2, size)
    unit = np.spacing(size.astype(dtype)).astype(float)
    found = row.function(z)
    errors = [abs(mpmath.mpf(float(h)) - e) for h, e in zip(found, exact, strict=True)]
    ulp = np.array([float(error) for error in errors]) / unit
    assert np.max(ulp) <= 4.0, (float(z[np.argmax(ulp)]), float(np.max(ulp)))


@ROWS
def test_derivative_is_the_derivative(row: Activation) -> None:
    z = points("float64")
    found = row.derivative(z, row.function(z))
    # One-sided pieces are smooth on the side of the point itself, so steps stay on that side.
    exact = [
        float(mpmath.diff(EXACT[row.name], mpmath.mpf(float(v)), h=abs(mpmath.mpf(v)) * 1e-20))
        for v in z
    ]
    np.testing.assert_allclose(found, exact, rtol=1e-13, atol=2e-15)


@ROWS
@DTYPES
@pytest.mark.parametrize("xp", [np, array_api_strict], ids=["numpy", "array-api-strict"])
def test_limits_and_zero_in_every_dtype_and_library(row: Activation, dtype: str, xp: Any) -> None:
    z = xp.asarray([-1e4, 0.0, 1e4], dtype=getattr(xp, dtype))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        h = row.function(z)
        slope = row.derivative(z, h)
    assert h.dtype == slope.dtype == z.dtype
    assert type(h) is type(slope) is type(z)
    low, high = BOUNDED.get(row.name, (LEFT_SLOPE.get(row.name, 0.0) * -1e4, 1e4))
    if row.name == "elu":
        low = -1.0
    rtol = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(np.asarray(h), [low, AT_ZERO[row.name][0], high], rtol=rtol)
    right = 0.0 if row.name in BOUNDED else 1.0
    expected = [LEFT_SLOPE.get(row.name, 0.0), AT_ZERO[row.name][1], right]
    np.testing.assert_allclose(np.asarray(slope), expected, rtol=rtol)


@ROWS
@DTYPES
@pytest.mark.parametrize("xp", [np, array_api_strict], ids=["numpy", "array-api-strict"])
def test_dtype_and_library_are_kept(row: Activation, dtype: str, xp: Any) -> None:
    z = xp.reshape(xp.asarray(points("float64"), dtype=getattr(xp, dtype)), (2, -1))
    h = row.function(z)
    slope = row.derivative(z, h)
    assert h.dtype == slope.dtype == z.dtype
    assert h.shape == slope.shape == z.shape
    np.testing.assert_array_equal(np.asarray(h), row.function(np.asarray(z)))


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu"])
def test_a_branch_holds_where_it_is_told(name: str) -> None:
    row = ACTIVATIONS[name]
    assert row.branch is not None
    z = points("float64")
    np.testing.assert_array_equal(row.branch(z, z), row.function(z))
    step = np.array([1e-3, -1e-3])
    left, right = row.branch(step, np.zeros(2)), row.branch(step, np.ones(2))
    np.testing.assert_array_equal(right, step)
    expected = {"relu": [0.0, 0.0], "leaky_relu": 0.01 * step, "elu": np.expm1(step)}[name]
    np.testing.assert_array_equal(left, expected)


def test_only_activations_with_a_kink_or_two_pieces_have_a_branch() -> None:
    with_branch = {row.name for row in ACTIVATIONS.values() if row.branch is not None}
    assert with_branch == {"relu", "leaky_relu", "elu"}
