"""Files that are no model files are named for what they look like."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest

from clearprop.file_guess import guess_file


def zip_of(name: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr(name, b"content")
    return memory.getvalue()


def npy() -> bytes:
    memory = io.BytesIO()
    np.save(memory, np.arange(3))
    return memory.getvalue()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        *[(pickle.dumps({"a": 1}, protocol), "a pickle") for protocol in (2, 3, 4, 5)],
        (zip_of("archive/data.pkl"), "PyTorch"),
        (zip_of("arr_0.npy"), "NumPy archive"),
        (zip_of("word/document.xml"), "zip archive"),
        (npy(), "NumPy array"),
        (b"PAR1\x15\x04\x15", "Parquet"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x08\x08\x12\x07pytorch", "ONNX"),
        (b"GGUF\x03\x00", "GGUF"),
        (b'{"layers": 3}', "JSON"),
        (b"a;b;c\n1;2;3\n", "table of text"),
        ("länge,größe".encode()[:10], "table of text"),
        (b"Dear reader\n", "plain text"),
    ],
)
def test_guess(start: bytes, words: str) -> None:
    guess = guess_file(start)
    assert guess is not None
    assert words in guess.what


@pytest.mark.parametrize("start", [b"\x00\x01\x02\x03\x04\x05", bytes(range(128, 256))])
def test_no_guess_for_what_looks_like_nothing(start: bytes) -> None:
    assert guess_file(start) is None
