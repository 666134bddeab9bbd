"""Labels keep type, spelling and dtype."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clearprop.errors import ParameterError
from clearprop.model_file.labels import labels_from_json, labels_to_json
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
