"""What was written reads back with equal bits; anything else is refused with our error."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clearprop.errors import ModelFileError, ParameterError
from clearprop.safe_file import (
    DTYPES,
    float_from_json,
    float_to_json,
    read_safe_file,
    write_safe_file,
)

ARRAYS = {"coefs_0": np.arange(6.0).reshape(2, 3), "labels": np.array([True, False, True])}
METADATA = {"name": 'wine "sha256":"' + "0" * 64 + '", größe', "seed": 7, "curve": [0.5, 0.25]}


@pytest.fixture
def blob(tmp_path: Path) -> bytes:
    path = tmp_path / "written"
    write_safe_file(path, "model", ARRAYS, METADATA)
    return path.read_bytes()


def header_length(blob: bytes) -> int:
    return int.from_bytes(blob[:8], "little")


def refusal(path: Path, blob: bytes) -> ModelFileError:
    path.write_bytes(blob)
    with pytest.raises(ModelFileError) as caught:
        read_safe_file(path, "model")
    assert repr(str(path)) in caught.value.message
    assert caught.value.remedy
    return caught.value


def signed(header: str, data: bytes = b"") -> bytes:
    """A file of this header text, its checksum put right."""
    raw = header.encode() + b" " * (-len(header.encode()) % 8)
    blob = len(raw).to_bytes(8, "little") + raw + data
    return blob.replace(b"0" * 64, hashlib.sha256(blob).hexdigest().encode(), 1)


def crafted(content: str = "{}", entries: str = "", start: str = "") -> str:
    described = json.dumps(
        {"format": "clearprop/model", "version": "1", "sha256": "0" * 64, "content": content},
        separators=(",", ":"),
    )
    return start + '{"__metadata__":' + described + entries + "}"


# -- what was written reads back ---------------------------------------------------------------


def test_arrays_and_metadata_read_back(tmp_path: Path) -> None:
    write_safe_file(tmp_path / "a", "model", ARRAYS, METADATA)
    arrays, metadata = read_safe_file(tmp_path / "a", "model")
    assert metadata == METADATA
    assert list(metadata) == list(METADATA)
    assert list(arrays) == ["coefs_0", "labels"]
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].flags.writeable
        assert arrays[name].flags.aligned


@given(
    array=hnp.arrays(
        dtype=st.sampled_from(sorted(DTYPES)).map(np.dtype),
        shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        fill=st.nothing(),
    ),
    order=st.sampled_from("CF"),
    endian=st.sampled_from("<>"),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_array_reads_back_bit_for_bit(
    tmp_path: Path, array: np.ndarray[Any, Any], order: Any, endian: str
) -> None:
    given_array = np.asarray(array, dtype=array.dtype.newbyteorder(endian), order=order)
    write_safe_file(tmp_path / "a", "model", {"x": given_array}, {})
    read = read_safe_file(tmp_path / "a", "model")[0]["x"]
    assert read.dtype == array.dtype
    assert read.shape == array.shape
    assert read.tobytes() == array.tobytes()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False).filter(
        lambda value: abs(value) != float("inf")
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(metadata=st.dictionaries(st.text(), PLAIN, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_metadata_reads_back(tmp_path: Path, metadata: dict[str, Any]) -> None:
    write_safe_file(tmp_path / "a", "model", {}, metadata)
    read = read_safe_file(tmp_path / "a", "model")[1]
    # repr tells 1 from 1.0 and True, and 0.0 from -0.0, and shows the keys' order.
    assert repr(read) == repr(metadata)


@given(st.floats())
def test_any_float_passes_through_json_bit_for_bit(value: float) -> None:
    read = float_from_json(json.loads(json.dumps(float_to_json(value), allow_nan=False)))
    assert np.float64(read).tobytes() == np.float64(value).tobytes()


@pytest.mark.parametrize(
    "text", ["Infinity", "nan:3ff0000000000000", "nan:zz", "0.5", None, True, 1]
)
def test_float_from_json_refuses_what_was_not_written(text: object) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        float_from_json(text)


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    written = set()
    for number in range(8):
        write_safe_file(tmp_path / f"{number}", "model", ARRAYS, METADATA)
        written.add((tmp_path / f"{number}").read_bytes())
    assert len(written) == 1


def test_the_safetensors_library_reads_the_file(tmp_path: Path, blob: bytes) -> None:
    np.testing.assert_array_equal(safetensors.numpy.load(blob)["coefs_0"], ARRAYS["coefs_0"])
    (tmp_path / "a").write_bytes(blob)
    with safetensors.safe_open(tmp_path / "a", "numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "clearprop/model"
    assert json.loads(metadata["content"]) == METADATA


def test_the_arrays_begin_at_a_multiple_of_eight_bytes(tmp_path: Path) -> None:
    for length in range(16):
        write_safe_file(tmp_path / "a", "model", ARRAYS, {"a": "x" * length})
        assert header_length((tmp_path / "a").read_bytes()) % 8 == 0


def test_rows_stay_rows_when_columns_lie_together(tmp_path: Path) -> None:
    by_columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    write_safe_file(tmp_path / "a", "model", {"x": by_columns, "y": by_columns[:, ::2]}, {})
    arrays, _ = read_safe_file(tmp_path / "a", "model")
    assert arrays["x"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert arrays["y"].tolist() == [[0.0, 2.0], [3.0, 5.0]]


def test_the_checksum_is_that_of_the_file_with_zeros_in_its_place(blob: bytes) -> None:
    digest = json.loads(blob[8 : 8 + header_length(blob)])["__metadata__"]["sha256"]
    assert hashlib.sha256(blob.replace(digest.encode(), b"0" * 64)).hexdigest() == digest


# -- what cannot be written ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "is nan"),
        (float("inf"), "is inf"),
        ((1, 2), "tuple"),
        (np.float64(1.0), "float64"),
        ({1: "a"}, "key 1"),
        ({None: "a"}, "key None"),
        (print, "built-in function print"),
        pytest.param(10**5000, "digits", id="5001 digits"),
    ],
)
def test_metadata_that_json_would_change_is_refused(
    tmp_path: Path, value: object, words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        write_safe_file(tmp_path / "a", "model", {}, {"settings": [value]})
    assert os.listdir(tmp_path) == []


def test_metadata_nested_without_end_is_refused(tmp_path: Path) -> None:
    nested: list[Any] = []
    nested.append(nested)
    with pytest.raises(ParameterError, match="nested more than 100 levels"):
        write_safe_file(tmp_path / "a", "model", {}, {"a": nested})


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("x", np.array([None]), "dtype object"),
        ("x", np.array(["a"]), "dtype <U1"),
        ("x", np.array([1j]), "complex128"),
        ("x", [1.0], "got list"),
        ("__metadata__", np.zeros(1), "printable ASCII"),
        ("", np.zeros(1), "printable ASCII"),
        ("é", np.zeros(1), "printable ASCII"),
    ],
)
def test_arrays_the_format_does_not_hold_are_refused(
    tmp_path: Path, name: str, array: Any, words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        write_safe_file(tmp_path / "a", "model", {name: array}, {})
    assert os.listdir(tmp_path) == []


def test_a_kind_that_could_not_be_read_again_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="'My model'"):
        write_safe_file(tmp_path / "a", "My model", {}, {})
    assert os.listdir(tmp_path) == []


# -- damage ---------------------------------------------------------------------------------------


def test_every_byte_of_the_file_flipped_in_any_way_is_found(tmp_path: Path, blob: bytes) -> None:
    damaged = bytearray(blob)
    for position in range(len(blob)):
        for pattern in (0x01, 0x20, 0x80, 0xFF):
            damaged[position] ^= pattern
            error = refusal(tmp_path / "a", bytes(damaged))
            assert "damaged" in error.message or position < 30
            damaged[position] ^= pattern
    (tmp_path / "a").write_bytes(bytes(damaged))
    assert read_safe_file(tmp_path / "a", "model")[1] == METADATA


def test_a_file_cut_at_any_length_is_refused(tmp_path: Path, blob: bytes) -> None:
    for length in range(len(blob)):
        message = refusal(tmp_path / "a", blob[:length]).message
        assert any(words in message for words in ("damaged", "cut short", "too short", "empty"))


@pytest.mark.parametrize("extra", [b"\x00", b" ", b"more", bytes(5000)])
def test_bytes_after_the_end_are_refused(tmp_path: Path, blob: bytes, extra: bytes) -> None:
    assert "checksum" in refusal(tmp_path / "a", blob + extra).message


def test_bytes_put_in_or_taken_out_are_refused(tmp_path: Path, blob: bytes) -> None:
    for position in range(0, len(blob), 7):
        refusal(tmp_path / "a", blob[:position] + b"0" + blob[position:])
        refusal(tmp_path / "a", blob[:position] + blob[position + 1 :])


@pytest.mark.parametrize("claim", [0, 1, 2**20, 10**8 + 1, 2**31, 2**63, 2**64 - 1])
def test_a_header_length_is_held_against_the_file(tmp_path: Path, blob: bytes, claim: int) -> None:
    error = refusal(tmp_path / "a", claim.to_bytes(8, "little") + blob[8:])
    assert "damaged" in error.message
    refusal(tmp_path / "a", claim.to_bytes(8, "little") + b'{"a":' + bytes(100))


@given(junk=st.binary(max_size=400), keep=st.integers(0, 700))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_junk_alone_or_after_a_true_beginning_is_refused(
    tmp_path: Path, blob: bytes, junk: bytes, keep: int
) -> None:
    refusal(tmp_path / "a", junk)
    if not blob.startswith(blob[:keep] + junk):
        refusal(tmp_path / "a", blob[:keep] + junk)


@pytest.mark.parametrize(
    ("header", "data", "words"),
    [
        (crafted(entries=',"__metadata__":{}'), b"", "twice"),
        (crafted(content='{"a":1,"a":2}'), b"", "twice"),
        (crafted(content='{"a":NaN}'), b"", "not JSON"),
        (crafted(content='{"a":-Infinity}'), b"", "not JSON"),
        (crafted(content='{"a":1e999}'), b"", "out of range"),
        (crafted(content="[1]"), b"", "JSON object"),
        pytest.param(crafted(content="[" * 100_000), b"", "recursion", id="deep"),
        (crafted(content="{"), b"", "Expecting"),
        pytest.param(crafted(content='{"a":' + "9" * 5000 + "}"), b"", "digits", id="digits"),
        (crafted() + "x", b"", "Extra data"),
        (
            crafted(entries=',"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}'),
            bytes(4),
            "deserializing",
        ),
        (
            crafted(entries=',"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'),
            bytes(8),
            "deserializing",
        ),
        (
            crafted(entries=',"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}'),
            bytes(8),
            "deserializing",
        ),
        (
            crafted(entries=',"x":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}'),
            b"",
            "deserializing",
        ),
        (
            crafted(entries=',"x":{"dtype":"F64","shape":[0,9223372036854775807],"data_offsets":[0,0]}'),
            b"",
            "too big",
        ),
        (
            crafted(entries=',"x":{"dtype":"BF16","shape":[0],"data_offsets":[0,0]}'),
            b"",
            "unknown dtype",
        ),
        (
            crafted(entries=',"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"code":"x"}'),
            b"",
            "unknown entries",
        ),
        (
            crafted(entries=',"x":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}'),
            b"\x02",
            "truth",
        ),
        (crafted(entries=',"x":7'), b"", "not iterable"),
        (crafted(entries=',"x":[]'), b"", "unknown entries"),
        (crafted().replace('","content"', '","more":"x","content"'), b"", "damaged"),
        (crafted().replace('"}}', '","more":"x"}}'), b"", "unknown entries"),
    ],
)  # fmt: skip
def test_a_wrong_content_under_a_right_checksum_is_refused(
    tmp_path: Path, header: str, data: bytes, words: str
) -> None:
    assert words.lower() in refusal(tmp_path / "a", signed(header, data)).message.lower()


def test_the_crafting_of_these_tests_makes_readable_files(tmp_path: Path) -> None:
    entries = ',"x":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}'
    (tmp_path / "a").write_bytes(signed(crafted('{"a":1}', entries), b"\x01"))
    arrays, metadata = read_safe_file(tmp_path / "a", "model")
    assert metadata == {"a": 1}
    assert arrays["x"].tolist() == [True]


# -- other files ----------------------------------------------------------------------------------


def test_another_kind_and_a_newer_version_are_named(tmp_path: Path) -> None:
    write_safe_file(tmp_path / "a", "checkpoint", {}, {})
    with pytest.raises(ModelFileError, match="is a checkpoint file, expected a model file"):
        read_safe_file(tmp_path / "a", "model")
    header = crafted().replace('"version":"1"', '"version":"2"')
    error = refusal(tmp_path / "b", signed(header))
    assert "newer clearprop" in error.message
    assert "Install that version of clearprop, or a newer one" in error.remedy


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"abc", "too short (3 bytes)"),
        (pickle.dumps({"weights": list(range(50))}), "never runs code from a file"),
        (b"alcohol,ash\n14.2,2.4\n", "table of text (CSV)"),
        (safetensors.numpy.save({"x": np.zeros(2)}), "safetensors file of other software"),
        (safetensors.numpy.save({}), "safetensors file of other software"),
        (safetensors.numpy.save({"x": np.zeros(2)})[:30], "cut short"),
        (b"\x00" * 50, "is not a model file of clearprop"),
    ],
)
def test_files_of_others_are_named_for_what_they_are(
    tmp_path: Path, content: bytes, words: str
) -> None:
    assert words in refusal(tmp_path / "a", content).message


class RunsCode:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.folder,)

    def __init__(self, folder: str) -> None:
        self.folder = folder


def test_code_in_a_pickle_is_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    refusal(tmp_path / "a", pickle.dumps(RunsCode(str(trap))))
    assert not trap.exists()
    pickle.loads((tmp_path / "a").read_bytes())
    assert trap.exists()


def test_a_missing_file_offers_the_nearest_names(tmp_path: Path) -> None:
    (tmp_path / "wine.safetensors").touch()
    with pytest.raises(ModelFileError, match="there is no model file") as caught:
        read_safe_file(tmp_path / "wines.safetensors", "model")
    assert "'wine.safetensors'" in caught.value.remedy
    with pytest.raises(ModelFileError, match="there is no folder"):
        read_safe_file(tmp_path / "nowhere" / "wine.safetensors", "model")
    (tmp_path / "latest").symlink_to(tmp_path / "gone")
    with pytest.raises(ModelFileError, match=r"a link to a file that is not there: .*gone"):
        read_safe_file(tmp_path / "latest", "model")


def test_folders_pipes_and_unreadable_files_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelFileError, match="is a folder"):
        read_safe_file(tmp_path, "model")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="is a device or a pipe"):
        read_safe_file(tmp_path / "pipe", "model")
    write_safe_file(tmp_path / "a", "model", {}, {})

    def forbid(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", forbid)
    with pytest.raises(ModelFileError, match="Permission denied"):
        read_safe_file(tmp_path / "a", "model")


# -- cost -----------------------------------------------------------------------------------------

PEAK_OF_READING = """
import sys
from clearprop.errors import ModelFileError
from clearprop.safe_file import read_safe_file


def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024


before = peak()
try:
    read_safe_file(sys.argv[1], "model")
except ModelFileError:
    pass
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
@pytest.mark.parametrize("position", [None, 3, 5, 100, 400, -1])
def test_reading_takes_no_more_than_twice_the_file(tmp_path: Path, position: int | None) -> None:
    path = tmp_path / "a"
    write_safe_file(path, "model", {"x": np.arange(6_000_000.0)}, METADATA)
    size = path.stat().st_size
    if position is not None:
        damaged = bytearray(path.read_bytes())
        damaged[position] ^= 1
        path.write_bytes(damaged)
    done = subprocess.run(
        [sys.executable, "-c", PEAK_OF_READING, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    # 2 MB for the interpreter's own needs: the first error, its message, the hash.
    assert int(done.stdout) <= 2 * size + 2_000_000
