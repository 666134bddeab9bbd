"""The vector functions against mpmath, and the same bits for every processor.

Knows nothing of activations and losses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
import scipy.special

from clearprop.engines.fused import elementary
from clearprop.engines.fused.vector import FLOAT32, FLOAT64, KINDS, Kind, Vector

PRECISION = 140
PROCESSORS = ("skylake-avx512", "haswell", "sandybridge")


class Case(NamedTuple):
    """A function: its references, and where it is tried (the ends of the exponents in float64)."""

    function: Callable[[Vector], Any]
    exact: Callable[[Any], Any]
    double: Callable[[np.ndarray], np.ndarray]
    least: dict[str, float]
    most: dict[str, float]
    bounds: dict[str, float]
    output: int = 0


def _bounds(single: float, double: float) -> dict[str, float]:
    return {"f32": single, "f64": double}


def _logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


EXP_ENDS = _bounds(-105, -750), _bounds(88.7228, 709.78)
BELOW_ZERO = _bounds(-105, -750), _bounds(0, 0)
CASES = {
    "exp": Case(elementary.exp, mpmath.exp, np.exp, *EXP_ENDS, _bounds(1, 1)),
    "exp_below_zero": Case(
        elementary.exp_below_zero, mpmath.exp, np.exp, *BELOW_ZERO, _bounds(1, 1)
    ),
    "expm1": Case(elementary.expm1, mpmath.expm1, np.expm1, *EXP_ENDS, _bounds(2, 2.5)),
    "log": Case(
        elementary.log, mpmath.log, np.log, _bounds(0, 0), _bounds(3e38, 1e308), _bounds(1, 2)
    ),
    "log1p": Case(
        elementary.log1p,
        mpmath.log1p,
        np.log1p,
        _bounds(-0.9999, -0.9999),
        _bounds(8e37, 4e307),
        _bounds(1.5, 2),
    ),
    "logistic": Case(
        elementary.logistic, _logistic, scipy.special.expit, *EXP_ENDS, _bounds(1.5, 1.6)
    ),
    "tanh": Case(
        elementary.tanh,
        mpmath.tanh,
        np.tanh,
        _bounds(-3e38, -1e308),
        _bounds(3e38, 1e308),
        _bounds(2, 3),
    ),
    "normal": Case(
        elementary.normal,
        mpmath.ncdf,
        scipy.special.ndtr,
        _bounds(-14.2, -38.4),
        _bounds(20, 50),
        _bounds(2, 3.5),
    ),
    "density": Case(
        elementary.normal,
        mpmath.npdf,
        lambda x: np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi),
        _bounds(-14.2, -38.4),
        _bounds(14.2, 38.4),
        _bounds(1.3, 1.5),
        1,
    ),
}
N_OUTPUTS = {name: 2 if name in ("normal", "density") else 1 for name in CASES}


@pytest.fixture(scope="module")
def compiled(compile_vectors: Callable[..., Any]) -> Callable[..., Any]:
    """`compiled(name, kind, processor)`, each compiled once."""
    known: dict[Any, Any] = {}

    def get(name: str, kind: Kind, processor: str | None = None) -> Any:
        key = name, kind.name, processor
        if key not in known:
            known[key] = compile_vectors(
                CASES[name].function, kind, 1, N_OUTPUTS[name], processor=processor
            )
        return known[key]

    return get


def _arguments(case: Case, kind: Kind, count: int) -> np.ndarray:
    """Even over the range, even near 0 and near 1, and over every exponent."""
    random = np.random.default_rng(7)
    least, most = case.least[kind.name], case.most[kind.name]
    lowest = np.finfo(kind.dtype).minexp - kind.mantissa_bits
    sizes = 2.0 ** random.uniform(lowest, np.log2(max(most, -least)), count)
    near = random.uniform(-2.5, 2.5, count)
    around_one = 1.0 + near * 2.0 ** random.uniform(-kind.mantissa_bits, -1.0, count)
    wide = random.uniform(max(least, -800.0), min(most, 800.0), count)
    x = np.concatenate([sizes, -sizes, wide, near, around_one]).astype(kind.dtype)
    return x[(x >= least) & (x <= most) & (x != 0.0)]


def _units(found: np.ndarray, exact: list[Any]) -> np.ndarray:
    """Errors in units in the last place of the exact value."""
    rounded = np.array([float(value) for value in exact]).astype(found.dtype)
    unit = np.spacing(np.abs(rounded)).astype(float)
    rows = zip(found, exact, unit, strict=True)
    with mpmath.workprec(PRECISION):
        # Divided before it becomes a float: below the normal numbers a float has too few digits.
        return np.array([float(abs(mpmath.mpf(float(f)) - e) / float(u)) for f, e, u in rows])


def _exact(case: Case, x: np.ndarray) -> list[Any]:
    with mpmath.workprec(PRECISION):
        return [case.exact(mpmath.mpf(float(value))) for value in x]


@pytest.mark.parametrize("name", CASES)
def test_float64_stays_within_its_bound_of_the_exact_value(
    name: str, compiled: Callable[..., Any]
) -> None:
    case = CASES[name]
    x = _arguments(case, FLOAT64, 1200)
    units = _units(compiled(name, FLOAT64)(x)[case.output], _exact(case, x))
    assert units.max() <= case.bounds["f64"], (x[units.argmax()], units.max())


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_within_its_bound_of_a_float64_reference(
    name: str, compiled: Callable[..., Any]
) -> None:
    case = CASES[name]
    x = _arguments(case, FLOAT32, 60000)
    found = compiled(name, FLOAT32)(x)[case.output]
    expected = case.double(x.astype(np.float64))
    # The reference itself, which has 29 bits more, is right to far less than a unit of float32.
    some = np.arange(0, x.size, x.size // 300)
    reference = expected[some]
    assert _units(reference, _exact(case, x[some])).max() < 2.0**14
    units = np.abs(found - expected) / np.spacing(np.abs(expected).astype(np.float32))
    assert units.max() <= case.bounds["f32"], (x[units.argmax()], units.max())


# Where each errs most: intervals for both kinds, the second one up to where results vanish.
DENSE = {
    "logistic": (_bounds(-18, -40), _bounds(-104, -745)),
    "normal": (_bounds(-1, -1), _bounds(-14.2, -38.4)),
    "density": (_bounds(-2, -2), _bounds(-14.2, -38.4)),
}


@pytest.mark.parametrize("name", DENSE)
def test_float64_stays_within_its_bound_where_it_errs_most(
    name: str, compiled: Callable[..., Any]
) -> None:
    random = np.random.default_rng(1)
    x = np.concatenate([random.uniform(least["f64"], 0.0, 3000) for least in DENSE[name]])
    case = CASES[name]
    units = _units(compiled(name, FLOAT64)(x)[case.output], _exact(case, x))
    assert units.max() <= case.bounds["f64"], (x[units.argmax()], units.max())


@pytest.mark.parametrize("name", DENSE)
def test_float32_stays_within_its_bound_where_it_errs_most(
    name: str, compiled: Callable[..., Any]
) -> None:
    random, case = np.random.default_rng(2), CASES[name]
    for least in DENSE[name]:
        x = random.uniform(least["f32"], 0.0, 4_000_000).astype(np.float32)
        expected = case.double(x.astype(np.float64))
        units = np.abs(compiled(name, FLOAT32)(x)[case.output] - expected)
        units /= np.spacing(expected.astype(np.float32))
        assert units.max() <= case.bounds["f32"], (x[units.argmax()], units.max())


EDGES = {
    "exp": ([np.inf, -np.inf, 0.0, 1e4, -1e4], [np.inf, 0.0, 1.0, np.inf, 0.0]),
    "exp_below_zero": ([-np.inf, 0.0, -1e4], [0.0, 1.0, 0.0]),
    "expm1": ([np.inf, -np.inf, 0.0, 1e4, -1e4], [np.inf, -1.0, 0.0, np.inf, -1.0]),
    "log": ([np.inf, 1.0, 0.0, -0.0, -1.0, -np.inf], [np.inf, 0, -np.inf, -np.inf, np.nan, np.nan]),
    "log1p": ([0.0], [0.0]),
    "logistic": ([np.inf, -np.inf, 0.0, 1e4, -1e4], [1.0, 0.0, 0.5, 1.0, 0.0]),
    "tanh": ([np.inf, -np.inf, 0.0, 1e4, -1e4], [1.0, -1.0, 0.0, 1.0, -1.0]),
    "normal": ([np.inf, -np.inf, 0.0, 1e4, -1e4], [1.0, 0.0, 0.5, 1.0, 0.0]),
    "density": ([np.inf, -np.inf, 1e4, -1e4], [0.0] * 4),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", CASES)
def test_edges(name: str, kind: Kind, compiled: Callable[..., Any]) -> None:
    x, expected = (np.array(numbers, kind.dtype) for numbers in EDGES[name])
    found = compiled(name, kind)(x)[CASES[name].output]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", CASES)
def test_not_a_number_stays_so_whatever_its_bits(
    name: str, kind: Kind, compiled: Callable[..., Any]
) -> None:
    integer = np.dtype(f"u{np.dtype(kind.dtype).itemsize}")
    quiet = np.array(np.nan, kind.dtype).view(integer)
    sign = integer.type(1) << integer.type(8 * integer.itemsize - 1)
    payloads = np.arange(2048, dtype=integer) | quiet
    x = np.concatenate([payloads, payloads | sign]).view(kind.dtype)
    assert np.isnan(compiled(name, kind)(x)[CASES[name].output]).all()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_tanh_is_odd_to_the_last_bit(kind: Kind, compiled: Callable[..., Any]) -> None:
    tanh = compiled("tanh", kind)
    x = _arguments(CASES["tanh"], kind, 1000)
    np.testing.assert_array_equal(tanh(-x)[0], -tanh(x)[0])
    assert np.signbit(tanh(np.array([-0.0], kind.dtype))[0][0])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_exp_below_zero_gives_the_bits_of_exp(kind: Kind, compiled: Callable[..., Any]) -> None:
    x = _arguments(CASES["exp_below_zero"], kind, 5000)
    found = compiled("exp_below_zero", kind)(x)[0]
    np.testing.assert_array_equal(found, compiled("exp", kind)(x)[0])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", CASES)
def test_every_processor_gives_the_same_bits(
    name: str, kind: Kind, compiled: Callable[..., Any], runs_here: Callable[[str], bool]
) -> None:
    case = CASES[name]
    x = _arguments(case, kind, 2000)
    here = compiled(name, kind)(x)[case.output]
    for processor in filter(runs_here, PROCESSORS):
        there = compiled(name, kind, processor)(x)[case.output]
        assert here.tobytes() == there.tobytes(), processor
