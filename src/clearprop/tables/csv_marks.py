"""What the columns of one file prove together: the decimal mark, and which of a date is the day.

A column is typed by its own values first. What they leave open is settled by the other columns,
then by the table that this one is read like, if the file is written as that one was; else it is an
error. Knows nothing of delimiters and quotes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from clearprop.errors import TableError
from clearprop.tables.csv_plan import Usual
from clearprop.tables.spellings import AmbiguousMark
from clearprop.tables.text_cast import TextColumn
from clearprop.tables.text_columns import Reading, read_text_column

__all__ = ["TextNeeded", "read_columns"]

_MARKS = {",": "decimal commas", ".": "decimal points"}
_SIGN = "^[+\u2212-]?"
_GROUPED = _SIGN + r"[1-9]\d{0,2}(\.\d{3})+$"
_POINT = _SIGN + r"(\d+\.\d*|\.\d+)([eE][+-]?\d+)?$"


class TextNeeded(Exception):  # noqa: N818  (a request to whoever cuts the file)
    """Columns were converted as they were cut, and now their spelling matters."""


def read_columns(
    texts: Sequence[TextColumn], delimiter: str, usual: Usual
) -> tuple[list[Reading], list[str]]:
    """Type all columns of a file.

    Args:
        texts: the columns.
        delimiter: the character between the file's fields.
        usual: of the table that this one is read like.

    Returns:
        The typed columns, and what is to be said of them together.

    Raises:
        TableError: what cannot be read right, or in two ways.
        TextNeeded: give the columns as text, all of them.
    """
    found = _attempts(texts)
    comma = _proof(found, ",")
    if usual.decimal is None and comma is None:
        for text, one in zip(texts, found, strict=True):
            if isinstance(one, AmbiguousMark):
                raise _ambiguous(text, str(one))
        return _dated(texts, [one for one in found if isinstance(one, Reading)]), []
    point = _proof(found, ".") or _point_among(texts, found)
    mark, notes = _mark_of_file(comma, point, delimiter, usual)
    readings = [
        _settled(text, one, mark, comma, usual) for text, one in zip(texts, found, strict=True)
    ]
    return _dated(texts, readings), notes


def _attempts(texts: Sequence[TextColumn]) -> list[Reading | AmbiguousMark]:
    def attempt(text: TextColumn) -> Reading | AmbiguousMark:
        try:
            return read_text_column(text)
        except AmbiguousMark as ambiguous:
            return ambiguous

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        # Text takes longest, so it starts first.
        order = sorted(range(len(texts)), key=lambda index: -texts[index].chunks.nbytes)
        futures = {index: pool.submit(attempt, texts[index]) for index in order}
        return [futures[index].result() for index in range(len(texts))]


def _proof(found: Sequence[Reading | AmbiguousMark], decimal: str) -> tuple[str, str] | None:
    """A value that proves a mark, and its column."""
    for one in found:
        if isinstance(one, Reading) and one.decimal == decimal:
            return one.proof, one.column.name
    return None


def _point_among(
    texts: Sequence[TextColumn], found: Sequence[Reading | AmbiguousMark]
) -> tuple[str, str] | None:
    """A value of a column of plain numbers whose point can only be a decimal mark."""
    for text, one in zip(texts, found, strict=True):
        if isinstance(one, Reading) and _is_plain(text, one):
            value = _point(text)
            if value is not None:
                return value, text.name
    return None


def _is_plain(text: TextColumn, reading: Reading) -> bool:
    """Whether a column holds decimals without any comma."""
    if reading.column.kind != "float" or reading.decimal is not None:
        return False
    if text.chunks.type != pa.string():
        raise TextNeeded
    return True


def _point(text: TextColumn) -> str | None:
    words = pc.utf8_trim_whitespace(text.chunks)
    return _first(
        text,
        pc.and_not(
            pc.match_substring_regex(words, _POINT), pc.match_substring_regex(words, _GROUPED)
        ),
    )


def _grouped(text: TextColumn) -> str | None:
    """A value that may be whole thousands: 1.234 for 1234."""
    return _first(text, pc.match_substring_regex(pc.utf8_trim_whitespace(text.chunks), _GROUPED))


def _first(text: TextColumn, fits: pa.ChunkedArray) -> str | None:
    if text.missing:
        gone = pc.is_in(text.chunks, value_set=pa.array(sorted(text.missing), pa.string()))
        fits = pc.and_not(fits, gone)
    row = pc.index(fits, value=True).as_py()
    return None if row < 0 else str(text.chunks[row].as_py()).strip()


def _mark_of_file(
    comma: tuple[str, str] | None,
    point: tuple[str, str] | None,
    delimiter: str,
    usual: Usual,
) -> tuple[str | None, list[str]]:
    """The mark of columns that do not show theirs, and a note where it is not the usual one."""
    if comma is None and point is None:
        return (usual.decimal if delimiter == usual.delimiter else None), []
    if comma is not None and point is not None:
        return None, []
    mark, proof = (",", comma) if comma is not None else (".", point)
    if usual.decimal in (None, mark) or proof is None:
        return mark, []
    value, column = proof
    note = (
        f"numbers are read with {_MARKS[mark]}, as {value} in column {column!r} proves, "
        f"not with {_MARKS[str(usual.decimal)]} as in the training table"
    )
    return mark, [note]


def _settled(
    text: TextColumn,
    one: Reading | AmbiguousMark,
    mark: str | None,
    comma: tuple[str, str] | None,
    usual: Usual,
) -> Reading:
    """The column, read with the file's mark if its own values leave it open."""
    if isinstance(one, AmbiguousMark):
        # Points elsewhere do not show that a comma separates thousands.
        if mark is None or (mark == "." and usual.decimal != "."):
            raise _ambiguous(text, str(one))
        return _again(text, mark, as_usual=comma is None)
    if (comma is None and usual.decimal != ",") or mark == "." or not _is_plain(text, one):
        return one
    if _point(text) is not None or (value := _grouped(text)) is None:
        return one
    if mark == "," and usual.decimal == ",":
        return _again(text, ",", as_usual=comma is None)
    if comma is not None:
        why = "other columns use decimal commas"
    else:
        why = "the training table has decimal commas, and no value of this file shows its own"
    raise TableError(
        f"it may mean {value.replace('.', '')} or {value}: {why}",
        source=text.source,
        line=_line_of_value(text, value),
        column=text.name,
        value=value,
        remedy="Say which mark the file uses (decimal=',' or decimal='.', --decimal).",
    )


def _again(text: TextColumn, decimal: str, *, as_usual: bool) -> Reading:
    reading = read_text_column(replace(text, decimal=decimal))
    if not as_usual:
        return reading
    return replace(
        reading, notes=tuple(f"{note}, as in the training table" for note in reading.notes)
    )


def _ambiguous(text: TextColumn, value: str) -> TableError:
    whole, decimal = value.replace(",", ""), value.replace(",", ".")
    return TableError(
        f"it may mean {decimal} or {whole}, and no value of the file shows which",
        source=text.source,
        line=_line_of_value(text, value),
        column=text.name,
        value=value,
        remedy=f"Say that commas are decimal marks (decimal=',', --decimal ',') or thousands "
        f"separators (decimal='.', --decimal '.'), or {text.text_remedy}.",
    )


def _line_of_value(text: TextColumn, value: str) -> int | None:
    for row, other in enumerate(text.chunks.to_pylist()):
        if other is not None and value in other:
            return text.line_of(row)
    return None


def _dated(texts: Sequence[TextColumn], readings: list[Reading]) -> list[Reading]:
    """The columns; where one proves another order of its dates than usual, no other rests on it."""
    against = next(
        (
            reading.column.name
            for text, reading in zip(texts, readings, strict=True)
            if reading.dates_by == "values" and text.usual_dates not in (None, reading.dates)
        ),
        None,
    )
    for text, reading in zip(texts, readings, strict=True):
        if against is not None and reading.dates_by == "usual":
            raise TableError(
                "its values do not show whether the day or the month is first, and column "
                f"{against!r} has another order than in the training table",
                source=text.source,
                column=text.name,
                remedy="Say which is first (dates='day-first' or 'month-first', --dates).",
            )
    return readings
