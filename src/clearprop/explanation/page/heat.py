"""A heat map of a large matrix as a PNG: one pixel an entry, or the largest of a block.

Blue is positive, orange negative, and 0 is transparent, so that it suits light and dark. The file
is indexed colour: the palette holds the opacities. This file knows nothing of HTML.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["heat_map"]

Array = npt.NDArray[Any]

LEVELS = 15
POSITIVE, NEGATIVE = (31, 111, 208), (217, 96, 21)


def heat_map(values: Array, *, most_pixels: int = 120_000, most_side: int = 1024) -> str:
    """The data URL of a matrix's heat map, and how large a block one pixel stands for.

    Args:
        values: the matrix, of two axes.
        most_pixels: a matrix with more entries is shown in blocks, each by its largest entry.
        most_side: the same, for the longer side.

    Returns:
        "data:image/png;base64,…".
    """
    blocks = _largest_of_blocks(values, most_pixels, most_side)
    largest = np.max(np.abs(blocks), initial=0.0)
    scaled = blocks / largest if largest > 0 else np.zeros_like(blocks)
    levels = np.rint(np.nan_to_num(scaled) * LEVELS).astype(int) + LEVELS
    return "data:image/png;base64," + base64.b64encode(_png(levels.astype(np.uint8))).decode()


def _largest_of_blocks(values: Array, most_pixels: int, most_side: int) -> Array:
    rows, columns = values.shape
    side = 1
    while (
        -(-rows // side) * -(-columns // side) > most_pixels
        or max(rows, columns) > side * most_side
    ):
        side += 1
    padded = np.zeros((-(-rows // side) * side, -(-columns // side) * side))
    padded[:rows, :columns] = values
    blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)
    flat = blocks.transpose(0, 2, 1, 3).reshape(blocks.shape[0], blocks.shape[2], side * side)
    at = np.argmax(np.abs(flat), axis=-1)
    largest: Array = np.take_along_axis(flat, at[..., None], axis=-1)[..., 0]
    return largest


def _png(levels: npt.NDArray[np.uint8]) -> bytes:
    rows, columns = levels.shape
    palette, opacity = bytearray(), bytearray()
    for level in range(-LEVELS, LEVELS + 1):
        palette += bytes(POSITIVE if level > 0 else NEGATIVE)
        opacity.append(round(255 * abs(level) / LEVELS))
    # Each row begins with its filter: 0, none.
    lines = b"".join(b"\0" + levels[row].tobytes() for row in range(rows))
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", bytes(palette)),
        (b"tRNS", bytes(opacity)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
