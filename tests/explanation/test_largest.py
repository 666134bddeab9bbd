"""The largest entries, without sorting all of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clearprop.explanation.largest import largest_entries

NUMBER = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, -3.0, np.inf, -np.inf, np.nan])


@given(st.lists(NUMBER, min_size=1, max_size=12), st.integers(1, 14))
def test_they_are_the_first_of_all_of_them_sorted(numbers: list[float], count: int) -> None:
    values = np.array(numbers).reshape(1, -1)
    size = np.where(np.isnan(values), np.inf, np.abs(values))[0]
    expected = sorted(range(len(size)), key=lambda place: -size[place])[:count]
    assert largest_entries(values, count) == [(0, place) for place in expected]


def test_a_number_that_is_none_is_seen_everywhere() -> None:
    assert largest_entries(np.array([[1.0, 9.0], [np.nan, 3.0]]), 2) == [(1, 0), (0, 1)]
    assert largest_entries(np.array(4.0), 1) == [()]
