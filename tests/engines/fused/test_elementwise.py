"""The vector tables against the tables that they mirror. Knows nothing of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from clearprop.activations import ACTIVATIONS
from clearprop.engines.fused.elementwise import ACTIVATION_VECTORS, OUTPUT_VECTORS
from clearprop.engines.fused.vector import FLOAT64, KINDS, Kind
from clearprop.losses import OUTPUTS

PROCESSORS = ("skylake-avx512", "haswell", "sandybridge")
CLOSE = {"f32": 1e-6, "f64": 1e-15}

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
activations = pytest.mark.parametrize("name", ACTIVATION_VECTORS)
outputs = pytest.mark.parametrize("name", OUTPUT_VECTORS)


def _logits() -> np.ndarray:
    random = np.random.default_rng(11)
    return np.concatenate([np.linspace(-40.0, 40.0, 8001), random.normal(size=8000)])


def _targets(name: str, size: int) -> np.ndarray:
    random = np.random.default_rng(12)
    draws = {
        "logistic": random.uniform(size=size),
        "identity": random.normal(size=size),
        "exponential": random.poisson(2.0, size=size).astype(float),
    }
    return draws.get(name, draws["identity"])


def _assert_close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """Relative above 1, absolute below."""
    errors = np.abs(found - expected) / np.maximum(np.abs(expected), 1.0)
    assert errors.max() <= tolerance, (errors.argmax(), errors.max())


def test_same_names_in_the_same_order() -> None:
    assert list(ACTIVATION_VECTORS) == list(ACTIVATIONS)
    assert list(OUTPUT_VECTORS) == [name for name in OUTPUTS if name != "softmax"]


@kinds
@activations
def test_activations_agree_with_their_rows(
    name: str, kind: Kind, compile_vectors: Callable[..., Any]
) -> None:
    z = _logits().astype(kind.dtype).astype(float)
    h, sigma_prime = compile_vectors(ACTIVATION_VECTORS[name], kind, 1, 2)(z)
    row = ACTIVATIONS[name]
    expected = row.function(z)
    _assert_close(h, expected, CLOSE[kind.name])
    _assert_close(sigma_prime, row.derivative(z, expected), CLOSE[kind.name])


@pytest.mark.parametrize("name", [name for name in ACTIVATION_VECTORS if name != "gelu"])
def test_small_results_agree_to_the_last_digits(
    name: str, compile_vectors: Callable[..., Any]
) -> None:
    z = _logits()
    h, _ = compile_vectors(ACTIVATION_VECTORS[name], FLOAT64, 1, 2)(z)
    np.testing.assert_allclose(h, ACTIVATIONS[name].function(z), rtol=1e-15, atol=0.0)


def test_gelu_keeps_its_digits_where_it_is_small(compile_vectors: Callable[..., Any]) -> None:
    z = np.concatenate([np.linspace(-37.0, 3.0, 801), [-1e-300, 1e-9]])
    h, _ = compile_vectors(ACTIVATION_VECTORS["gelu"], FLOAT64, 1, 2)(z)
    with mpmath.workprec(140):
        exact = np.array([float(v * mpmath.ncdf(v)) for v in map(mpmath.mpf, map(float, z))])
    np.testing.assert_allclose(h, exact, rtol=2e-15, atol=0.0)


@kinds
@activations
def test_extreme_logits(name: str, kind: Kind, compile_vectors: Callable[..., Any]) -> None:
    z = np.array([-1e4, -0.0, 0.0, 1e4, np.nan], kind.dtype)
    h, sigma_prime = compile_vectors(ACTIVATION_VECTORS[name], kind, 1, 2)(z)
    row = ACTIVATIONS[name]
    expected = row.function(z)
    np.testing.assert_allclose(h, expected, rtol=CLOSE[kind.name])
    np.testing.assert_allclose(sigma_prime, row.derivative(z, expected), rtol=CLOSE[kind.name])


@kinds
@outputs
def test_outputs_agree_with_their_rows(
    name: str, kind: Kind, compile_vectors: Callable[..., Any]
) -> None:
    z = (_logits() / 8.0).astype(kind.dtype).astype(float)
    y = _targets(name, z.size).astype(kind.dtype).astype(float)
    parameter = np.full_like(z, 0.75)
    yhat, terms, delta = compile_vectors(OUTPUT_VECTORS[name], kind, 3, 3)(z, y, parameter)
    row = OUTPUTS[name]
    _assert_close(yhat, row.function(z), CLOSE[kind.name])
    # A difference of two numbers near 100 keeps fewer digits, in both tables.
    _assert_close(terms, row.loss_terms(z, y, parameter), 2.0 * CLOSE[kind.name])
    _assert_close(delta, row.delta(row.function(z), y, parameter), 2.0 * CLOSE[kind.name])


@kinds
def test_poisson_deviance_keeps_its_digits_near_its_minimum(
    kind: Kind, compile_vectors: Callable[..., Any]
) -> None:
    sizes = np.concatenate([np.linspace(0.01, 1.0, 200), np.logspace(-15, -2, 200)])
    z = np.concatenate([-sizes, sizes]).astype(kind.dtype)
    compiled = compile_vectors(OUTPUT_VECTORS["exponential"], kind, 3, 3)
    _, terms, _ = compiled(z, np.ones_like(z), np.zeros_like(z))
    with mpmath.workprec(240):
        exact = np.array([float(mpmath.expm1(d) - d) for d in map(mpmath.mpf, map(float, z))])
    np.testing.assert_allclose(terms, exact, rtol=10.0 * np.finfo(kind.dtype).eps, atol=0.0)


@kinds
def test_extreme_losses(kind: Kind, compile_vectors: Callable[..., Any]) -> None:
    z, y = np.array([1e4, 1e4, -1e4, -1e4]), np.array([1.0, 0.0, 0.0, 1.0])
    none = np.zeros(4)
    _, terms, _ = compile_vectors(OUTPUT_VECTORS["logistic"], kind, 3, 3)(z, y, none)
    np.testing.assert_array_equal(terms, [0.0, 1e4, 0.0, 1e4])
    _, terms, _ = compile_vectors(OUTPUT_VECTORS["exponential"], kind, 3, 3)(
        np.array([-1e4, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]), none[:3]
    )
    np.testing.assert_array_equal(terms, [0.0, 1.0, 0.0])


@kinds
@pytest.mark.parametrize("table", ["activations", "outputs"])
def test_every_processor_gives_the_same_bits(
    table: str, kind: Kind, compile_vectors: Callable[..., Any], runs_here: Callable[[str], bool]
) -> None:
    functions: Any = ACTIVATION_VECTORS if table == "activations" else OUTPUT_VECTORS
    z = _logits()[::16]
    for name, function in functions.items():
        inputs = [z]
        if table == "outputs":
            inputs += [_targets(name, z.size), np.full_like(z, 0.3)]
        shape = (1, 2) if table == "activations" else (3, 3)
        here = compile_vectors(function, kind, *shape)(*inputs)
        for processor in filter(runs_here, PROCESSORS):
            there = compile_vectors(function, kind, *shape, processor=processor)(*inputs)
            for a, b in zip(here, there, strict=True):
                assert a.tobytes() == b.tobytes(), (name, processor)


@kinds
@pytest.mark.parametrize("name", ["median", "huber", "quantile"])
def test_a_residual_of_nothing_has_no_loss_and_no_delta(
    name: str, kind: Kind, compile_vectors: Callable[..., Any]
) -> None:
    y = np.array([-2.5, 0.0, 7.0])
    _, terms, delta = compile_vectors(OUTPUT_VECTORS[name], kind, 3, 3)(y, y, np.full(3, 0.75))
    np.testing.assert_array_equal(terms, 0.0)
    np.testing.assert_array_equal(delta, 0.0)


@kinds
@outputs
def test_undefined_and_infinite_logits_are_so_in_what_comes_of_them(
    name: str, kind: Kind, compile_vectors: Callable[..., Any]
) -> None:
    z = np.array([np.nan, np.inf, -np.inf], kind.dtype)
    y, parameter = np.ones_like(z), np.full_like(z, 0.75)
    row = OUTPUTS[name]
    with np.errstate(invalid="ignore", over="ignore"):
        yhat = row.function(z)
        expected = yhat, row.loss_terms(z, y, parameter), row.delta(yhat, y, parameter)
    found = compile_vectors(OUTPUT_VECTORS[name], kind, 3, 3)(z, y, parameter)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
