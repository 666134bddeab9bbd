"""The error function against mpmath at 50 digits. Knows nothing of activations."""

from __future__ import annotations

import array_api_strict
import mpmath
import numpy as np
import pytest

from clearprop.erf import erf

mpmath.mp.dps = 50


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_within_5_units_in_the_last_place(dtype: type) -> None:
    sizes = np.concatenate([np.linspace(0.001, 7.0, 1500), np.logspace(-30, 0, 200)])
    z = np.concatenate([-sizes, sizes, [0.46875, 4.0, 6.0]]).astype(dtype)
    exact = [mpmath.erf(mpmath.mpf(float(v))) for v in z]
    found = erf(z)
    assert found.dtype == dtype
    unit = np.spacing(np.abs([float(v) for v in exact]).astype(dtype)).astype(float)
    errors = [abs(mpmath.mpf(float(h)) - e) for h, e in zip(found, exact, strict=True)]
    ulp = np.array([float(error) for error in errors]) / unit
    assert np.max(ulp) <= 5.0, (float(z[np.argmax(ulp)]), float(np.max(ulp)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limits(dtype: type) -> None:
    z = np.array([-np.inf, -1e4, 0.0, 1e4, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(erf(z), np.array([-1, -1, 0, 1, 1, np.nan], dtype))


def test_odd_and_bounded() -> None:
    z = np.linspace(0.0, 8.0, 4001)
    np.testing.assert_array_equal(erf(-z), -erf(z))
    assert np.max(np.abs(erf(z))) <= 1.0


def test_any_array_library() -> None:
    z = array_api_strict.asarray([-0.3, 2.0])
    np.testing.assert_array_equal(np.asarray(erf(z)), erf(np.array([-0.3, 2.0])))
