"""Panels: how matrices lie in memory so that tiles read and write without strides.

A matrix of `rows` x `columns` is cut into panels of `panel` columns, one panel after another, each
row-major; the last panel has the columns that are left, padded to whole vectors with zeros. Panel p
begins p * panel * rows numbers after the start. This file knows nothing of what the numbers mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Panels", "Views", "aligned_zeros", "pack", "padded", "unpack"]

Array = npt.NDArray[Any]
Views = list[tuple[slice, Array]]
"""A matrix's panels: the columns of each, and where it lies."""

CACHE_LINE = 64


def padded(n: int, multiple: int) -> int:
    """N, or the next multiple.

    Examples:
        >>> padded(10, 16), padded(16, 16)
        (16, 16)
    """
    return -(-n // multiple) * multiple


def aligned_zeros(n: int, dtype: Any) -> Array:
    """N zeros, the first at the start of a cache line."""
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(n * itemsize + CACHE_LINE, dtype=np.uint8)
    first = -memory.ctypes.data % CACHE_LINE
    return memory[first : first + n * itemsize].view(dtype)


@dataclass(frozen=True)
class Panels:
    """The layout of one matrix.

    Attributes:
        rows: its rows.
        columns: its columns.
        panel: columns of a whole panel, a multiple of `lanes`.
        lanes: numbers in a vector.

    Examples:
        >>> layout = Panels(rows=2, columns=3, panel=2, lanes=1)
        >>> memory = np.zeros(layout.size)
        >>> pack(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), layout.views(memory))
        >>> memory
        array([1., 2., 4., 5., 3., 6.])
        >>> unpack(layout.views(memory))
        array([[1., 2., 3.],
               [4., 5., 6.]])
    """

    rows: int
    columns: int
    panel: int
    lanes: int

    @property
    def size(self) -> int:
        """Numbers that the matrix takes."""
        return self.rows * padded(self.columns, self.lanes)

    def views(self, memory: Array) -> Views:
        """Each panel's columns of the matrix, and the panel in memory without its padding."""
        views = []
        for first in range(0, self.columns, self.panel):
            columns = min(self.panel, self.columns - first)
            width = padded(columns, self.lanes)
            start = first * self.rows
            view = memory[start : start + self.rows * width].reshape(self.rows, width)
            views.append((slice(first, first + columns), view[:, :columns]))
        return views


def pack(matrix: Array, views: Views) -> None:
    """Write a matrix into its panels; the padding is left as it is."""
    for columns, view in views:
        view[...] = matrix[:, columns]


def unpack(views: Views) -> Array:
    """A copy of the matrix in its panels."""
    _, last = views[-1]
    matrix = np.empty((len(last), views[-1][0].stop), last.dtype)
    for columns, view in views:
        matrix[:, columns] = view
    return matrix
