"""Rows into panels, out of them, and a panel transposed: what lies where, and zeros around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearprop.engines.fused.layout import Panels, padded, unpack
from clearprop.engines.fused.vector import KINDS, Kind

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
widths = pytest.mark.parametrize("columns", [1, 7, 8, 16, 17, 47, 48, 49, 100])


def numbers(rows: int, columns: int, kind: Kind) -> np.ndarray:
    return np.arange(1.0, rows * columns + 1).reshape(rows, columns).astype(kind.dtype)


@kinds
@widths
@pytest.mark.parametrize("listed", [True, False])
def test_rows_there_and_back(
    kind: Kind, columns: int, listed: bool, kernel_of: Any, shape_of_tiles: Any
) -> None:
    loaded, rows, first, last, part = shape_of_tiles(kind), 9, 2, 7, 3
    source = numbers(20, columns, kind)
    samples = np.random.default_rng(0).permutation(20) if listed else np.arange(20)
    layout = Panels(rows, columns, loaded.panel, loaded.lanes)
    memory = np.full(layout.size, np.nan, kind.dtype)
    order = samples if listed else None
    kernel_of("gather_rows", kind)(memory, rows, columns, source, order, part, first, last)
    matrix = unpack(layout.views(memory))
    np.testing.assert_array_equal(matrix[first:last], source[samples[part + first : part + last]])
    assert np.isnan(matrix[:first]).all()
    assert np.isnan(matrix[last:]).all()
    # What fills the last panel up to whole vectors is zero in the rows that were gathered.
    padding = padded(columns, loaded.lanes) - columns
    assert np.count_nonzero(memory == 0.0) == padding * (last - first)

    target = np.full((rows, columns), -1.0, kind.dtype)
    kernel_of("scatter_rows", kind)(memory, rows, columns, target, first, last)
    np.testing.assert_array_equal(target[first:last], matrix[first:last])
    assert (target[:first] == -1.0).all()
    assert (target[last:] == -1.0).all()


@kinds
@widths
@pytest.mark.parametrize("rows", [1, 15, 16, 17, 48, 60])
def test_a_panel_transposed(
    kind: Kind, columns: int, rows: int, kernel_of: Any, shape_of_tiles: Any, in_panels: Any
) -> None:
    loaded = shape_of_tiles(kind)
    matrix = numbers(rows, columns, kind)
    memory = np.concatenate([in_panels(matrix, kind), np.full(64, np.nan, kind.dtype)])
    for first_row in range(0, rows, loaded.panel):
        width = min(loaded.panel, padded(rows - first_row, loaded.lanes))
        target = np.full((padded(columns, loaded.lanes), width), np.nan, kind.dtype)
        kernel_of("transpose_panel", kind)(memory, rows, columns, first_row, width, target)
        expected = np.zeros((columns, width), kind.dtype)
        block = matrix[first_row : first_row + width]
        expected[:, : len(block)] = block.T
        np.testing.assert_array_equal(target[:columns], expected)
