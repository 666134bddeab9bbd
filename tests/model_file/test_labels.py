"""Labels keep type, spelling and dtype."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clearprop.errors import ParameterError, TableError
from clearprop.model_file.labels import MOST_CHARACTERS, labels_from_json, labels_to_json
from clearprop.safe_file import DTYPES

NUMBERS = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda name: hnp.arrays(
        np.dtype(name),
        st.integers(1, 5),
        elements={"allow_nan": False, "allow_infinity": False} if name[0] == "f" else None,
    )
)
TEXTS = st.lists(st.text(), min_size=1, max_size=5).map(np.array)
OBJECTS = st.lists(st.text() | st.integers() | st.booleans(), min_size=1, max_size=5).map(
    lambda values: np.array(values, dtype=object)
)


@given(NUMBERS | TEXTS | OBJECTS)
def test_any_labels_read_back(labels: np.ndarray[Any, Any]) -> None:
    read = labels_from_json(json.loads(json.dumps(labels_to_json(labels))))
    assert read.dtype == labels.dtype
    assert repr(read.tolist()) == repr(labels.tolist())


@pytest.mark.parametrize(
    "labels",
    [
        np.array([b"a", b"b"]),
        np.array([b"a", "b"], dtype=object),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.array([1j]),
        np.array([None, "a"], dtype=object),
    ],
)
def test_other_labels_are_refused(labels: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ParameterError, match="class labels have dtype"):
        labels_to_json(labels)


def test_a_width_that_would_fill_the_memory_is_refused_before_it_is_allocated() -> None:
    values = [str(number) for number in range(300)]
    tracemalloc.start()
    try:
        with pytest.raises(TableError, match="'dtype' to be of at most 16,777,216 characters"):
            labels_from_json({"dtype": "U999999", "labels": values})
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_labels_are_saved_up_to_the_width_that_is_read() -> None:
    labels = np.array(["a", "b"], dtype=f"U{MOST_CHARACTERS // 2}")
    assert labels_from_json(labels_to_json(labels)).dtype == labels.dtype
    with pytest.raises(ParameterError, match="16,777,218 characters"):
        labels_to_json(labels.astype(f"U{MOST_CHARACTERS // 2 + 1}"))
