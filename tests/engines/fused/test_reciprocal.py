"""The root by iteration: against NumPy's, at every exponent and at the ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clearprop.engines.fused.reciprocal import reciprocal_square_root
from clearprop.engines.fused.vector import KINDS, Kind

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@kinds
def test_it_is_within_two_units_at_every_exponent(
    kind: Kind, compile_vectors: Callable[..., Any]
) -> None:
    ends = np.finfo(kind.dtype)
    exponents = np.repeat(np.arange(ends.minexp, ends.maxexp), 60)
    mantissas = np.random.default_rng(3).uniform(1.0, 2.0, exponents.size).astype(kind.dtype)
    x = np.ldexp(mantissas, exponents).astype(kind.dtype)
    (found,) = compile_vectors(reciprocal_square_root, kind)(x)
    exact = 1.0 / np.sqrt(x.astype(np.longdouble))
    assert (np.abs(found - exact) / np.spacing(exact.astype(kind.dtype))).max() <= 2.0


@kinds
def test_what_is_no_number_stays_none(kind: Kind, compile_vectors: Callable[..., Any]) -> None:
    (found,) = compile_vectors(reciprocal_square_root, kind)(np.array([np.inf, np.nan]))
    np.testing.assert_array_equal(found, [np.inf, np.nan])
