"""Which entries of an array are shown where not all of them are: those of largest size."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["largest_entries"]


def largest_entries(values: npt.NDArray[Any], count: int) -> list[tuple[int, ...]]:
    """The indices of the entries of largest size, falling; of equal ones the first comes first.

    Args:
        values: any array. NaN counts as largest: it is what must be seen.
        count: how many; all where there are fewer.

    Examples:
        >>> largest_entries(np.array([[1.0, -3.0], [3.0, 0.0]]), 2)
        [(0, 1), (1, 0)]
    """
    sizes = np.abs(values).ravel()
    sizes = np.where(np.isnan(sizes), np.inf, sizes)
    places = np.arange(sizes.size)
    if 0 < count < sizes.size:
        # Millions of entries are not sorted for the sake of ten.
        places = np.flatnonzero(sizes >= np.partition(sizes, -count)[-count])
    order = places[np.argsort(-sizes[places], kind="stable")][:count]
    return [tuple(int(i) for i in np.unravel_index(place, values.shape)) for place in order]
