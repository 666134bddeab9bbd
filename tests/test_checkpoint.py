"""A state reads back with equal types and bits; a random generator goes on where it stood."""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clearprop.checkpoint import (
    load_checkpoint,
    random_state_from_data,
    random_state_to_data,
    save_checkpoint,
)
from clearprop.errors import ModelFileError, ParameterError
from clearprop.safe_file import DTYPES, read_safe_file, write_safe_file

STORABLE_ARRAYS = hnp.arrays(
    dtype=st.sampled_from(sorted(DTYPES)).map(np.dtype),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | STORABLE_ARRAYS
    | STORABLE_ARRAYS.filter(lambda array: array.size > 0).map(lambda array: array.ravel()[0])
)
STATES = st.dictionaries(
    st.text(),
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def fingerprint(value: Any) -> Any:
    """Equal for two values only if types, order of keys and bits are equal."""
    if isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return "dict", [(key, fingerprint(item)) for key, item in value.items()]
    if isinstance(value, list):
        return "list", [fingerprint(item) for item in value]
    if type(value) is float:
        return "float", struct.pack("<d", value)
    return type(value).__name__, repr(value)


@given(state=STATES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_state_reads_back_bit_for_bit(tmp_path: Path, state: dict[str, Any]) -> None:
    save_checkpoint(tmp_path / "run", state)
    assert fingerprint(load_checkpoint(tmp_path / "run")) == fingerprint(state)


def test_keys_that_look_like_the_files_own_entries_stay_keys(tmp_path: Path) -> None:
    state = {
        "array": "x",
        "dict": {"dict": {"float": "inf"}},
        "a/b": np.zeros(1),
        "a": {"b": np.ones(1), "ä": np.full(1, 2.0), "ö": np.full(1, 3.0)},
        "__metadata__": np.full(1, 4.0),
        "": np.full(1, 5.0),
    }
    save_checkpoint(tmp_path / "run", state)
    assert fingerprint(load_checkpoint(tmp_path / "run")) == fingerprint(state)


def test_infinite_and_undefined_floats_keep_their_bits(tmp_path: Path) -> None:
    negative_nan = struct.unpack("<d", b"\x01\0\0\0\0\0\xf8\xff")[0]
    state = {
        "best_loss": math.inf,
        "best_score": -math.inf,
        "nan": [math.nan, negative_nan],
        "z": -0.0,
    }
    save_checkpoint(tmp_path / "run", state)
    assert fingerprint(load_checkpoint(tmp_path / "run")) == fingerprint(state)


def test_loaded_arrays_can_be_trained_on_in_place(tmp_path: Path) -> None:
    shared = np.zeros(3)
    save_checkpoint(tmp_path / "run", {"W": shared, "best": shared})
    state = load_checkpoint(tmp_path / "run")
    state["W"] += 1.0
    assert state["best"].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (print, "builtin_function_or_method"),
        ((1, 2), "tuple"),
        ({1: 2}, "dict with keys that are not text"),
        (np.array(["a"]), "ndarray of dtype <U1"),
        (np.datetime64("2020-01-01"), "datetime64"),
        (1j, "complex"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place(
    tmp_path: Path, value: object, words: str
) -> None:
    with pytest.raises(ParameterError, match=words) as caught:
        save_checkpoint(tmp_path / "run", {"optimizer": {"slots": [value]}})
    assert "'optimizer/slots/0'" in caught.value.message
    assert os.listdir(tmp_path) == []


def test_a_state_that_is_no_dict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="got list"):
        save_checkpoint(tmp_path / "run", [1])  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize(
    ("arrays", "metadata"),
    [
        ({}, {"dict": {"a": {"array": "missing"}}}),
        ({}, {"dict": {"a": {"array": []}}}),
        ({"x": np.zeros(1)}, {"dict": {}}),
        ({"x": np.zeros(1)}, {"dict": {"a": {"array": "x"}, "b": {"array": "x"}}}),
        ({"x": np.zeros(2)}, {"dict": {"a": {"scalar": "x"}}}),
        ({}, {"dict": {"a": {"float": "0.5"}}}),
        ({}, {"dict": {"a": {"code": "import os"}}}),
        ({}, {"dict": {"a": {"array": "x", "dict": {}}}}),
        ({}, {"dict": [1]}),
        ({}, {}),
        ({}, {"float": "inf"}),
    ],
)
def test_a_checkpoint_with_other_entries_is_refused(
    tmp_path: Path, arrays: dict[str, Any], metadata: dict[str, Any]
) -> None:
    write_safe_file(tmp_path / "run", "checkpoint", arrays, metadata)
    with pytest.raises(ModelFileError, match="something else than a checkpoint"):
        load_checkpoint(tmp_path / "run")


def test_a_model_file_is_no_checkpoint_and_the_other_way_round(tmp_path: Path) -> None:
    write_safe_file(tmp_path / "model", "model", {}, {})
    with pytest.raises(ModelFileError, match="is a model file, expected a checkpoint file"):
        load_checkpoint(tmp_path / "model")
    save_checkpoint(tmp_path / "run", {})
    with pytest.raises(ModelFileError, match="is a checkpoint file, expected a model file"):
        read_safe_file(tmp_path / "run", "model")


@given(seed=st.integers(0, 2**32 - 1), n_uniform=st.integers(0, 700), n_normal=st.integers(0, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_random_generator_goes_on_where_it_stood(
    tmp_path: Path, seed: int, n_uniform: int, n_normal: int
) -> None:
    generator = np.random.RandomState(seed)
    generator.uniform(size=n_uniform)
    # An odd number of normal draws leaves one in store.
    generator.normal(size=n_normal)
    save_checkpoint(tmp_path / "run", {"random_state": random_state_to_data(generator)})
    after = random_state_from_data(load_checkpoint(tmp_path / "run")["random_state"])
    assert after.normal(size=5).tobytes() == generator.normal(size=5).tobytes()
    assert after.permutation(1000).tobytes() == generator.permutation(1000).tobytes()


def test_the_data_of_a_random_generator_is_a_copy() -> None:
    generator = np.random.RandomState(0)
    data = random_state_to_data(generator)
    expected = generator.uniform(size=1000)
    np.testing.assert_array_equal(random_state_from_data(data).uniform(size=1000), expected)


def test_other_generators_are_refused() -> None:
    generator = np.random.RandomState(np.random.PCG64(0))
    with pytest.raises(ParameterError, match="PCG64"):
        random_state_to_data(generator)


@pytest.mark.parametrize(
    "change",
    [
        {"key": np.zeros(624, np.int64)},
        {"key": np.zeros(623, np.uint32)},
        {"key": [0] * 624},
        {"pos": 625},
        {"pos": -1},
        {"pos": 1.0},
        {"has_gauss": 2},
        {"gauss": "0.0"},
        {"more": 1},
    ],
)
def test_no_generator_is_made_of_other_data(change: dict[str, Any]) -> None:
    data = random_state_to_data(np.random.RandomState(0))
    with pytest.raises(ModelFileError, match="no state of a random generator"):
        random_state_from_data({**data, **change})
