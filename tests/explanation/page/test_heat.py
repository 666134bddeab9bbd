"""Heat maps are PNG files whose pixels are the entries."""

import base64
import struct
import zlib

import numpy as np
import pytest

from clearprop.explanation.page.heat import LEVELS, heat_map


def read_png(url: str) -> np.ndarray:
    """The levels of an indexed-colour PNG without filters, from -LEVELS to LEVELS."""
    prefix = "data:image/png;base64,"
    assert url.startswith(prefix)
    data = base64.b64decode(url.removeprefix(prefix))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            name + body
        )
        chunks[name] = body
        at += 12 + length
    columns, rows = struct.unpack(">II", chunks[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, columns + 1)
    assert not np.any(lines[:, 0])
    return lines[:, 1:].astype(int) - LEVELS


def test_a_pixel_is_an_entry_against_the_largest():
    values = np.array([[1.0, -1.0, 0.0], [0.5, -0.25, 0.01]])
    expected = np.rint(values * LEVELS)
    assert np.array_equal(read_png(heat_map(values)), expected)


def test_of_a_large_matrix_a_pixel_is_the_largest_of_a_block():
    values = np.zeros((300, 200))
    values[17, 33], values[299, 199] = -2.0, 1.0
    levels = read_png(heat_map(values, most_pixels=1000))
    assert levels.size <= 1000
    assert sorted(levels[levels != 0]) == [-LEVELS, round(LEVELS / 2)]
    assert levels[-1, -1] > 0


@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.array([[np.nan, 1.0]])])
def test_zeros_and_nan_are_transparent(values: np.ndarray):
    levels = read_png(heat_map(np.nan_to_num(values)))
    assert np.array_equal(levels != 0, np.nan_to_num(values) != 0)
