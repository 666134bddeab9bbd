"""The cast of a column of text to numbers or times, and what such a cast would hide.

A cast takes the whole column or nothing. Afterwards leading zeros, hexadecimal, infinity by
overflow and rounded integers are looked for. Knows nothing of missing values' spellings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clearprop.errors import TableError
from clearprop.tables.spellings import INFINITE, MISSING, looks_like_number, tidy

__all__ = [
    "AsText",
    "TextColumn",
    "cast",
    "cast_chunks",
    "first_row_of",
    "rounded_note",
    "to_numpy",
    "too_large",
]

Array = npt.NDArray[Any]

_ZERO, _NINE = ord("0"), ord("9")
_HEX = (ord("x"), ord("X"))
_LARGEST_EXACT = 2.0**53
_FIRST = 1000


@dataclass(frozen=True)
class TextColumn:
    """A column as the file holds it, and what is needed to judge and to speak of it.

    Attributes:
        name: as in the header.
        chunks: the spellings; null where the field is empty. Numbers and dates if they were
            converted as they were cut.
        source: the file as the user calls it.
        line_of: the file line of a row.
        decimal: "," or "." if the user said so.
        missing: spellings that mean "no value".
        keep: True if the user wants the column as text.
        dates: one of `spellings.ORDERS` if the user said so.
        usual_dates: the order where no value of the column proves one.
    """

    name: str
    chunks: pa.ChunkedArray
    source: str
    line_of: Callable[[int], int]
    decimal: str | None = None
    missing: frozenset[str] = MISSING
    keep: bool = False
    dates: str | None = None
    usual_dates: str | None = None

    def error(self, message: str, row: int, value: str, remedy: str) -> TableError:
        """The error for one of the column's values."""
        return TableError(
            message,
            source=self.source,
            line=self.line_of(row),
            column=self.name,
            value=value,
            remedy=remedy,
        )

    @property
    def text_remedy(self) -> str:
        """How to have the column read as text."""
        return f"have the column read as text (text=[{self.name!r}], --text {self.name!r})"


class AsText(Exception):  # noqa: N818  (a decision, not an error)
    """The column casts to numbers but must stay text; carries the reason."""


def cast(chunks: pa.ChunkedArray, text: TextColumn) -> tuple[Array, Array] | None:
    """The column as int64, float64 or datetime64[us], with its missing mask; None if neither."""
    first = _first_value(chunks)
    if first is None or not (looks_like_number(first) or INFINITE.fullmatch(first)):
        return None
    # Where commas are decimal marks, 1.234 is a thousand and more; only its spelling shows that.
    kinds = (pa.int64(),) if text.decimal == "," else (pa.int64(), pa.float64())
    for kind in kinds:
        arrays = _cast_integers(chunks) if kind == pa.int64() else cast_chunks(chunks, kind)
        if arrays is not None:
            values, missing = to_numpy(arrays, len(chunks))
            if values.dtype.kind == "f":
                _refuse_overflow(chunks, values, text)
            if values.dtype.kind == "i" or _all_whole(values):
                _refuse_codes(chunks)
            return values, missing
    arrays = cast_chunks(chunks, pa.timestamp("us"))
    return None if arrays is None else to_numpy(arrays, len(chunks))


def _first_value(chunks: pa.ChunkedArray) -> str | None:
    for chunk in chunks.chunks:
        if chunk.null_count < len(chunk):
            first: str = chunk.drop_null()[0].as_py() if chunk.null_count else chunk[0].as_py()
            return first
    return None


def cast_chunks(chunks: pa.ChunkedArray, kind: pa.DataType) -> list[pa.Array] | None:
    """The chunks as a type, or None if some value does not fit it."""
    try:
        return [chunk.cast(kind) for chunk in chunks.chunks]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _cast_integers(chunks: pa.ChunkedArray) -> list[pa.Array] | None:
    """The chunks as int64; Arrow's cast knows no plus sign, so it is taken off whole numbers."""
    arrays = cast_chunks(chunks, pa.int64())
    if arrays is not None or not pc.any(pc.starts_with(chunks, "+")).as_py():
        return arrays
    return cast_chunks(pc.replace_substring_regex(chunks, r"^\+(\d+)$", r"\1"), pa.int64())


def to_numpy(arrays: list[pa.Array], n_rows: int) -> tuple[Array, Array]:
    """Values, with fillers where they are missing, and the missing mask; one copy."""
    kind = arrays[0].type
    dtype, filler = {
        pa.int64(): ("int64", 0),
        pa.float64(): ("float64", np.nan),
        pa.timestamp("us"): ("datetime64[us]", np.datetime64("NaT")),
        pa.int32(): ("int32", -1),
    }[kind]
    values = np.empty(n_rows, dtype=dtype)
    missing = np.zeros(n_rows, dtype=bool)
    start = 0
    for array in arrays:
        stop = start + len(array)
        if array.null_count:
            missing[start:stop] = array.is_null().to_numpy(zero_copy_only=False)
            if dtype == "datetime64[us]":
                values[start:stop] = array.to_numpy(zero_copy_only=False)
            else:
                values[start:stop] = array.fill_null(filler).to_numpy()
        else:
            values[start:stop] = array.to_numpy(zero_copy_only=False)
        start = stop
    return values, missing


def _bytes_of(chunk: pa.Array) -> tuple[Array, Array]:
    """Offsets (one more than values) and bytes of a chunk of text."""
    _, offsets, data = chunk.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    content = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else None
    return ends, np.zeros(1, dtype=np.uint8) if content is None else content


def _all_whole(values: Array) -> bool:
    """Whether no number has a fraction; the first ones mostly decide, so they are asked first."""
    with np.errstate(invalid="ignore"):
        return all(
            not np.any(part[np.isfinite(part)] % 1) for part in (values[:_FIRST], values[_FIRST:])
        )


def _refuse_codes(chunks: pa.ChunkedArray) -> None:
    """Numbers that are written as no number is: 007, and 0x1F which the cast accepts."""
    for chunk in chunks.chunks:
        ends, content = _bytes_of(chunk)
        starts = ends[:-1]
        if starts.size and starts[-1] == content.size:
            starts = starts[starts < content.size]
        at = np.flatnonzero(content[starts] == _ZERO)
        at = at[ends[at + 1] - ends[at] > 1]
        following = content[starts[at] + 1]
        for row in at[(following >= _ZERO) & (following <= _NINE)]:
            word = chunk[int(row)].as_py()
            if word.isdigit():
                raise AsText(f"codes with leading zeros such as {word!r}")
        if np.isin(following, _HEX).any():
            raise AsText("hexadecimal codes")


def _value_at(chunks: pa.ChunkedArray, row: int) -> str:
    value: str = chunks[row].as_py()
    return value


def _refuse_overflow(chunks: pa.ChunkedArray, values: Array, text: TextColumn) -> None:
    """Infinity that was not written as infinity; whole numbers beyond int64."""
    if max(values.max(), -values.min()) < _LARGEST_EXACT:
        return
    for row in np.flatnonzero(np.isinf(values)):
        word = _value_at(chunks, int(row))
        if not INFINITE.fullmatch(word):
            raise too_large(text, word)
    with np.errstate(invalid="ignore"):
        large = np.flatnonzero(np.abs(values) >= _LARGEST_EXACT)
    if large.size and np.isfinite(values[large]).any():
        words = pc.drop_null(chunks)
        if pc.all(pc.match_substring_regex(words, r"^[+-]?\d+$")).as_py():
            raise AsText("integers too large for 64 bits, which would be rounded as numbers")


def too_large(text: TextColumn, word: str) -> TableError:
    """The error for a number that no float64 holds."""
    row = first_row_of(text.chunks, word)
    return text.error(
        "the number is too large to hold (expected below 1.8e308)",
        row,
        word,
        f"Correct it, leave it empty, or {text.text_remedy}.",
    )


def first_row_of(chunks: pa.ChunkedArray, word: str) -> int:
    """The first row with a spelling."""
    row: int = pc.index(chunks, pa.scalar(word)).as_py()
    return row


def rounded_note(text: TextColumn, values: Array) -> tuple[str, ...]:
    """A note on whole numbers among decimals that float64 cannot hold exactly."""
    if max(values.max(), -values.min()) < _LARGEST_EXACT:
        return ()
    with np.errstate(invalid="ignore"):
        large = np.flatnonzero((np.abs(values) >= _LARGEST_EXACT) & np.isfinite(values))
    for row in large:
        word = tidy(_value_at(text.chunks, int(row)))
        if word.lstrip("+-").isdigit() and int(word) != int(values[row]):
            line = text.line_of(int(row))
            return (
                f"column {text.name!r}: integers beyond 2^53 among decimals are rounded "
                f"(first on line {line}: {word} to {int(values[row])})",
            )
    return ()
