"""Random networks whose numbers can be worked with on paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearprop.errors import ParameterError
from clearprop.explanation.exercise import friendly_source


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=5),
    st.integers(0, 2**32 - 1),
    st.integers(1, 6),
    st.sampled_from(["softmax", "logistic", "identity"]),
)
@settings(max_examples=60)
def test_numbers_have_one_decimal_and_are_not_zero(sizes, seed, n_samples, output):
    if output == "softmax" and sizes[-1] == 1:
        output = "logistic"
    batch = friendly_source(sizes, seed, n_samples=n_samples, output=output).batch
    assert batch.X.shape == (n_samples, sizes[0])
    for array in (batch.X, *(array for layer in batch.parameters for array in layer)):
        assert np.array_equal(array, np.round(array, 1))
        assert np.all(array != 0.0)
        assert np.max(np.abs(array)) <= 2.0
    for W, _ in batch.parameters:
        # Nine sizes; as long as they last, none is there twice.
        assert len(np.unique(np.abs(W))) == min(W.size, 9)
    if output == "softmax":
        assert np.array_equal(batch.Y.sum(axis=1), np.ones(n_samples))


def test_a_seed_is_a_network_on_every_machine():
    batch = friendly_source([2, 3, 2], 7).batch
    assert batch.parameters[0].W.tolist() == [[0.8, 0.4, -0.1], [-0.6, -0.9, -0.3]]
    assert batch.X.tolist() == [[1.0, 0.7], [0.4, 1.8], [-0.9, -0.8]]
    assert friendly_source([2, 3, 2], 8).batch.X.tolist() != batch.X.tolist()


@pytest.mark.parametrize(
    ("sizes", "options"),
    [([2], {}), ([2, 0], {}), ([2, 2], {"n_samples": 0}), ([2, 2], {"output": "huber"}),
     ([2, 1], {"output": "softmax"}), ([2, 2, 2], {"hidden": "unknown"})],
)  # fmt: skip
def test_what_cannot_be_drawn(sizes, options):
    with pytest.raises(ParameterError):
        friendly_source(sizes, 0, **options)
