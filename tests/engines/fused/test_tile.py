"""Tiles against plain products: every shape, both orientations, and nothing written beside them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from clearprop.engines.fused.vector import FLOAT64, KINDS, Kind

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
GUARD = 32
UNTOUCHED = -77.0


def whole_numbers(*shape: int) -> np.ndarray:
    """Small ones, whose products and sums are exact in float32."""
    return np.random.default_rng(sum(shape)).integers(-9, 10, shape).astype(float)


def shapes(loaded: Any) -> list[tuple[int, int]]:
    """Rows and vectors of every tile that the engine cuts."""
    rows = {loaded.tile_rows, *(n for n in (4, 2, 1) if n < loaded.tile_rows)}
    return [(r, v) for r in sorted(rows) for v in range(1, loaded.panel // loaded.lanes + 1)]


def guarded(values: np.ndarray, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """Memory with a margin on both sides, and the values' place in it."""
    memory = np.full(values.size + 2 * GUARD, UNTOUCHED, kind.dtype)
    inner = memory[GUARD : GUARD + values.size]
    inner[:] = values.ravel()
    return memory, inner


def assert_only(memory: np.ndarray, expected: np.ndarray) -> None:
    """The expected numbers, and the margins as they were."""
    np.testing.assert_array_equal(memory[GUARD:-GUARD].reshape(expected.shape), expected)
    assert (memory[:GUARD] == UNTOUCHED).all()
    assert (memory[-GUARD:] == UNTOUCHED).all()


@kinds
@pytest.mark.parametrize("n_k", [1, 2, 7, 16, 47, 48, 49, 100])
@pytest.mark.parametrize("times", [0, 1])
@pytest.mark.parametrize("one_start", [True, False])
def test_a_as_it_lies(
    kind: Kind, n_k: int, times: int, one_start: bool, kernel_of: Any, shape_of_tiles: Any,
    in_panels: Any,
) -> None:  # fmt: skip
    tile, loaded = kernel_of("tile_as_it_lies", kind), shape_of_tiles(kind)
    a_rows = 3 * loaded.tile_rows
    A = whole_numbers(a_rows, n_k)
    panels = in_panels(A, kind)
    for rows, vectors in shapes(loaded):
        width, first_row = vectors * loaded.lanes, 5
        B, start = whole_numbers(n_k, width), whole_numbers(1 if one_start else rows, width)
        before = whole_numbers(rows, width) + 1.0
        memory, C = guarded(before, kind)
        tile(
            panels, first_row, a_rows, n_k, B.astype(kind.dtype), start.astype(kind.dtype),
            0 if one_start else width, C, times, rows, vectors,
        )  # fmt: skip
        product = start + A[first_row : first_row + rows] @ B
        assert_only(memory, product * before if times else product)


@kinds
@pytest.mark.parametrize("n_k", [1, 47, 48, 49, 100])
@pytest.mark.parametrize("times", [0, 1])
def test_what_is_fetched_changes_nothing(
    kind: Kind, n_k: int, times: int, kernel_of: Any, shape_of_tiles: Any, in_panels: Any
) -> None:
    loaded = shape_of_tiles(kind)
    panels = in_panels(np.random.default_rng(5).normal(size=(2 * loaded.tile_rows, n_k)), kind)
    B = np.random.default_rng(6).normal(size=(n_k, loaded.panel)).astype(kind.dtype)
    start = np.arange(loaded.panel, dtype=kind.dtype)
    # Far beyond the end of B's memory: nothing that is only fetched need be there.
    far = 1 << 30
    for rows in {rows for rows, _ in shapes(loaded)}:
        results = []
        for name, ahead in (("tile_as_it_lies", ()), ("tile_and_fetch", (B, far))):
            memory, C = guarded(np.full((rows, loaded.panel), 2.0), kind)
            kernel_of(name, kind)(
                panels, 1, 2 * loaded.tile_rows, n_k, B, start, 0, C, times, *ahead, rows,
                loaded.panel // loaded.lanes,
            )  # fmt: skip
            results.append(memory)
        assert (results[0][GUARD:-GUARD] != 2.0).all()
        np.testing.assert_array_equal(*results)


@kinds
@pytest.mark.parametrize("n_k", [1, 3, 4, 5, 8, 33])
@pytest.mark.parametrize("one_start", [True, False])
def test_a_transposed(
    kind: Kind, n_k: int, one_start: bool, kernel_of: Any, shape_of_tiles: Any
) -> None:
    tile, loaded = kernel_of("tile_transposed", kind), shape_of_tiles(kind)
    for rows, vectors in shapes(loaded):
        width, a_row, first = vectors * loaded.lanes, loaded.panel, loaded.panel - rows
        A, B = whole_numbers(n_k, a_row), whole_numbers(n_k, width)
        start = whole_numbers(1 if one_start else rows, width)
        memory, C = guarded(np.zeros((rows, width)), kind)
        columns = A.astype(kind.dtype).ravel()[first:].copy()
        tile(
            columns, a_row, n_k, B.astype(kind.dtype), start.astype(kind.dtype),
            0 if one_start else width, C, C, 0, rows, vectors,
        )  # fmt: skip
        assert_only(memory, start + A[:, first : first + rows].T @ B)


def test_a_sum_is_taken_in_the_order_of_k_each_product_rounded_with_it(
    kernel_of: Any, shape_of_tiles: Any, in_panels: Any
) -> None:
    kind, n_k = FLOAT64, 60
    loaded = shape_of_tiles(kind)
    generator = np.random.default_rng(4)
    A = generator.normal(size=(loaded.tile_rows, n_k)) * 10.0 ** generator.integers(-8, 9, n_k)
    B, start = generator.normal(size=(n_k, loaded.lanes)), generator.normal(size=loaded.lanes)
    rounded_once = np.empty((loaded.tile_rows, loaded.lanes))
    for m, n in np.ndindex(rounded_once.shape):
        total = float(start[n])
        for k in range(n_k):
            total = float(Fraction(A[m, k]) * Fraction(B[k, n]) + Fraction(total))
        rounded_once[m, n] = total
    assert (rounded_once != start + A @ B).any()
    found = np.empty_like(rounded_once)
    kernel_of("tile_as_it_lies", kind)(
        in_panels(A, kind), 0, loaded.tile_rows, n_k, B, start, 0, found, 0, loaded.tile_rows, 1
    )
    np.testing.assert_array_equal(found, rounded_once)
    kernel_of("tile_transposed", kind)(
        np.ascontiguousarray(A.T), loaded.tile_rows, n_k, B, start, 0, found, found, 0,
        loaded.tile_rows, 1,
    )  # fmt: skip
    np.testing.assert_array_equal(found, rounded_once)
