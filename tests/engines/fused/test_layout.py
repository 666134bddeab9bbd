"""Panels: nothing is lost, nothing is moved, and every number begins where tiles look for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearprop.engines.fused.layout import (
    CACHE_LINE,
    Panels,
    aligned_zeros,
    pack,
    padded,
    unpack,
)


@given(
    rows=st.integers(1, 30),
    columns=st.integers(1, 100),
    vectors=st.integers(1, 3),
    lanes=st.sampled_from([1, 8, 16]),
)
def test_a_matrix_comes_back_as_it_went(rows: int, columns: int, vectors: int, lanes: int) -> None:
    layout = Panels(rows, columns, vectors * lanes, lanes)
    matrix = np.arange(1.0, rows * columns + 1).reshape(rows, columns)
    memory = np.zeros(layout.size)
    pack(matrix, layout.views(memory))
    np.testing.assert_array_equal(unpack(layout.views(memory)), matrix)
    assert np.count_nonzero(memory) == matrix.size


@given(rows=st.integers(1, 9), columns=st.integers(1, 70), row=st.data())
def test_an_entry_lies_in_its_panel_row_by_row(rows: int, columns: int, row: st.DataObject) -> None:
    panel, lanes = 24, 8
    layout = Panels(rows, columns, panel, lanes)
    matrix = np.arange(1.0, rows * columns + 1).reshape(rows, columns)
    memory = np.zeros(layout.size)
    pack(matrix, layout.views(memory))
    i, j = row.draw(st.integers(0, rows - 1)), row.draw(st.integers(0, columns - 1))
    first = j // panel * panel
    width = min(panel, padded(columns - first, lanes))
    assert memory[first * rows + i * width + (j - first)] == matrix[i, j]


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("n", [0, 1, 63, 1000])
def test_memory_begins_with_a_cache_line(dtype: str, n: int) -> None:
    memory = aligned_zeros(n, dtype)
    assert (memory.shape, memory.dtype) == ((n,), np.dtype(dtype))
    assert n == 0 or memory.ctypes.data % CACHE_LINE == 0
    assert not memory.any()
