"""From a typed Arrow column (Parquet, pandas, polars, arrays) to a `Column`, exactly or not at all.

Types that have no exact place in a table are left out with a note, never converted by guess. Knows
nothing of files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from clearprop.tables.table import Column

__all__ = ["column_from_arrow"]

_LARGEST_INT64 = 2**63 - 1


def column_from_arrow(  # noqa: PLR0911  (one return for each kind of type)
    name: str, chunks: pa.ChunkedArray
) -> tuple[Column | None, str]:
    """Convert one column.

    Args:
        name: the column's name.
        chunks: its values.

    Returns:
        The column, or None if its type has no place in a table; and a note, or "".

    Examples:
        >>> column, note = column_from_arrow("x", pa.chunked_array([[1, None, 3]]))
        >>> column.kind, column.n_missing, note
        ('integer', 1, '')
    """
    kind = chunks.type
    if pt.is_dictionary(kind):
        return column_from_arrow(name, _plain(chunks))
    if pt.is_null(kind):
        n_rows = len(chunks)
        return Column(name, np.full(n_rows, np.nan), np.ones(n_rows, dtype=bool)), ""
    if pt.is_boolean(kind):
        values = chunks.fill_null(False).to_numpy()
        return Column(name, values.astype(bool), _missing(chunks)), ""
    if pt.is_integer(kind):
        return _integers(name, chunks)
    if pt.is_floating(kind):
        return _floats(name, chunks.cast(pa.float64())), ""
    if pt.is_decimal(kind):
        return _decimals(name, chunks)
    if pt.is_date(kind) or pt.is_timestamp(kind):
        return _times(name, chunks)
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return _texts(name, chunks), ""
    return None, f"column {name!r} left out: a table cannot hold values of type {kind}"


def _plain(chunks: pa.ChunkedArray) -> pa.ChunkedArray:
    if pt.is_dictionary(chunks.type):
        return chunks.cast(chunks.type.value_type)
    return chunks


def _missing(chunks: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if not chunks.null_count:
        return np.zeros(len(chunks), dtype=bool)
    return np.asarray(pc.is_null(chunks).to_numpy(), dtype=bool)


def _integers(name: str, chunks: pa.ChunkedArray) -> tuple[Column, str]:
    if pt.is_uint64(chunks.type):
        largest = pc.max(chunks).as_py()
        if largest is not None and largest > _LARGEST_INT64:
            note = (
                f"column {name!r}: read as text: integers too large for 64 bits with a sign, "
                "which would be rounded as numbers"
            )
            return _texts(name, chunks.cast(pa.string())), note
    values = chunks.cast(pa.int64()).fill_null(0).to_numpy()
    return Column(name, np.array(values, dtype=np.int64), _missing(chunks)), ""


def _floats(name: str, chunks: pa.ChunkedArray) -> Column:
    values = np.array(chunks.to_numpy(), dtype=np.float64)
    return Column(name, values, np.isnan(values))


def _decimals(name: str, chunks: pa.ChunkedArray) -> tuple[Column, str]:
    """Whole decimals as integers, others as the nearest float64, as the same digits in a CSV."""
    if chunks.type.scale <= 0:
        try:
            return _integers(name, chunks.cast(pa.int64()))
        except pa.ArrowInvalid:
            note = f"column {name!r}: read as text: integers too large for 64 bits"
            return _texts(name, chunks.cast(pa.string())), note
    values = [np.nan if value is None else float(value) for value in chunks.to_pylist()]
    return _floats(name, pa.chunked_array([pa.array(values, pa.float64())])), ""


def _times(name: str, chunks: pa.ChunkedArray) -> tuple[Column, str]:
    note = ""
    if pt.is_timestamp(chunks.type) and chunks.type.tz is not None:
        note = f"column {name!r}: times with a zone are converted to UTC"
        chunks = chunks.cast(pa.timestamp(chunks.type.unit))
    try:
        exact = chunks.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        exact = chunks.cast(pa.timestamp("us"), safe=False)
        note = f"column {name!r}: times finer than a microsecond are cut to microseconds"
    values = np.array(exact.to_numpy(), dtype="datetime64[us]")
    return Column(name, values, np.isnat(values)), note


def _texts(name: str, chunks: pa.ChunkedArray) -> Column:
    """Text as codes; empty text is a missing value, as in a CSV file."""
    text = chunks.cast(pa.string()) if not pt.is_large_string(chunks.type) else chunks
    if pc.any(pc.equal(text, "")).as_py():
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)
    encoded = text.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = np.array(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int32)
    return Column(name, codes, codes < 0, tuple(encoded.dictionary.to_pylist()))
