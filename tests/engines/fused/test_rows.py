"""Kernels along rows against NumPy: activations, dropout, sums, and products with sparse rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearprop.activations import ACTIVATIONS
from clearprop.dropout import dropout_scales, keep_below, kept_scale
from clearprop.engines.fused.records import ACTIVATION_CODES
from clearprop.engines.fused.vector import KINDS, Kind

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
vectors_wide = pytest.mark.parametrize("vectors", [1, 3])


def whole_numbers(kind: Kind, *shape: int) -> np.ndarray:
    """Small ones, whose products and sums are exact in float32."""
    return np.random.default_rng(sum(shape)).integers(-9, 10, shape).astype(kind.dtype)


@kinds
@pytest.mark.parametrize("name", ACTIVATION_CODES)
def test_activations_with_and_without_their_derivative(
    kind: Kind, name: str, kernel_of: Any
) -> None:
    z = np.linspace(-6.0, 6.0, 5 * kind.lanes).astype(kind.dtype)
    row = ACTIVATIONS[name]
    h, sigma_prime, alone = np.append(z, z[0]), np.full_like(z, np.nan), z.copy()
    kernel_of("activate", kind)(h, sigma_prime, z.size, ACTIVATION_CODES[name])
    kernel_of("activate_only", kind)(alone, z.size, ACTIVATION_CODES[name])
    expected = row.function(z.astype(float))
    close = {"rtol": 8 * np.finfo(kind.dtype).eps, "atol": np.finfo(kind.dtype).eps}
    np.testing.assert_allclose(h[:-1], expected, **close)
    derivative = row.derivative(z.astype(float), expected)
    np.testing.assert_allclose(sigma_prime, derivative, **close)
    np.testing.assert_array_equal(alone, h[:-1])
    assert h[-1] == z[0]


@kinds
@vectors_wide
@pytest.mark.parametrize(("row", "column", "columns"), [(0, 0, 60), (13, 48, 97)])
def test_dropout_takes_the_numbers_of_its_place(
    kind: Kind, vectors: int, row: int, column: int, columns: int, kernel_of: Any
) -> None:
    rows, width, rate, seed, update, layer = 5, vectors * kind.lanes, 0.4, 2**62 + 5, 7, 2
    h, sigma_prime = whole_numbers(kind, rows, width), whole_numbers(kind, rows, width + 1)[:, :-1]
    sigma_prime = sigma_prime.copy()
    whole = dropout_scales(
        rate, (row + rows, columns), seed=seed, update=update, layer=layer, dtype=kind.dtype
    )
    inside = min(width, columns - column)
    scales = whole[row:, column : column + inside]
    expected = [array[:, :inside] * scales for array in (h, sigma_prime)]
    limit = int(np.uint64(keep_below(rate)).astype(np.int64))
    scale = np.array([kept_scale(rate, kind.dtype)], kind.dtype)
    kernel_of("drop", kind)(
        h, sigma_prime, scale, rows, vectors, row, column, columns, seed, update, layer, limit
    )
    np.testing.assert_array_equal(h[:, :inside], expected[0])
    np.testing.assert_array_equal(sigma_prime[:, :inside], expected[1])
    assert 0 < np.count_nonzero(scales) < scales.size


@kinds
@vectors_wide
@pytest.mark.parametrize("rows", [0, 1, 10])
def test_sums_down_the_columns(kind: Kind, vectors: int, rows: int, kernel_of: Any) -> None:
    width = vectors * kind.lanes
    source, start = whole_numbers(kind, rows, width), whole_numbers(kind, width)
    target = np.full(width + 1, np.nan, kind.dtype)
    kernel_of("sum_rows", kind)(source, start, target, rows, vectors)
    np.testing.assert_array_equal(target[:-1], start + source.sum(axis=0))
    assert np.isnan(target[-1])


@kinds
def test_zeros_and_no_more(kind: Kind, kernel_of: Any) -> None:
    target = np.ones(4 * kind.lanes, kind.dtype)
    kernel_of("fill_zeros", kind)(target, 3 * kind.lanes)
    np.testing.assert_array_equal(target, [0.0] * 3 * kind.lanes + [1.0] * kind.lanes)


@kinds
@vectors_wide
def test_sparse_rows(kind: Kind, vectors: int, kernel_of: Any) -> None:
    width, n_features = vectors * kind.lanes, 7
    values = whole_numbers(kind, 6)
    columns = np.array([5, 0, 2, 2, 6, 1], np.int32)  # one of them twice
    W, start = whole_numbers(kind, n_features, width), whole_numbers(kind, width)
    first, last = 1, 5
    x = np.zeros(n_features, kind.dtype)
    np.add.at(x, columns[first:last], values[first:last])

    target = np.full(width, np.nan, kind.dtype)
    kernel_of("add_scaled_rows", kind)(values, columns, first, last, W, start, target, vectors)
    np.testing.assert_array_equal(target, start + x @ W)

    delta, dW = whole_numbers(kind, width), whole_numbers(kind, n_features, width)
    expected = dW + np.outer(x, delta)
    kernel_of("add_to_rows", kind)(values, columns, first, last, delta, dW, vectors)
    np.testing.assert_array_equal(dW, expected)
