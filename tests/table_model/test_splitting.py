"""The parts: every row once, each class its share, rare classes never lost to training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearprop.errors import ParameterError
from clearprop.table_model import split_rows

shares = st.floats(0, 0.95)


@given(
    classes=st.lists(st.integers(0, 6), min_size=1, max_size=80).map(np.array),
    test_size=shares,
    validation_size=shares,
    seed=st.integers(0, 2**32 - 1),
)
def test_each_row_once_and_each_class_in_training(classes, test_size, validation_size, seed):
    sizes = {"test_size": test_size, "validation_size": validation_size, "random_state": seed}
    parts = split_rows(len(classes), **sizes, classes=classes)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(classes)))
    assert set(classes[parts.train]) == set(classes)
    for label in set(classes):
        wanted = test_size * np.count_nonzero(classes == label)
        got = np.count_nonzero(classes[parts.test] == label)
        assert got < wanted + 1
    again = split_rows(len(classes), **sizes, classes=classes)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


@given(n_rows=st.integers(5, 500), test_size=shares, seed=st.integers(0, 1000))
def test_quantities_get_the_share_to_a_row(n_rows, test_size, seed):
    parts = split_rows(n_rows, test_size=test_size, validation_size=0.0, random_state=seed)
    assert abs(len(parts.test) - test_size * n_rows) <= 1


def test_another_seed_draws_other_rows():
    tests = [
        split_rows(100, test_size=0.2, validation_size=0.1, random_state=seed).test.tolist()
        for seed in range(5)
    ]
    assert len({tuple(rows) for rows in tests}) == 5


@pytest.mark.parametrize("share", [-0.1, 1.0, np.nan])
def test_shares_outside_their_range_are_refused(share):
    with pytest.raises(ParameterError, match="test_size"):
        split_rows(10, test_size=share, validation_size=0.1, random_state=0)
    with pytest.raises(ParameterError, match="validation_size"):
        split_rows(10, test_size=0.1, validation_size=share, random_state=0)
