"""From a column of text, as a CSV file holds it, to a typed column; strict where others guess.

A column that casts as a whole is done (`text_cast`); any other is looked at through its distinct
spellings. Knows nothing of delimiters, quotes and encodings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clearprop.tables.spellings import (
    MISSING,
    TRUTH,
    ContradictoryDay,
    looks_like_number,
    of_other_mark,
    read_days,
    read_numbers,
    tidy,
)
from clearprop.tables.table import Column
from clearprop.tables.text_cast import (
    AsText,
    TextColumn,
    cast,
    cast_chunks,
    first_row_of,
    rounded_note,
    to_numpy,
    too_large,
)

__all__ = ["Reading", "read_text_column"]

Array = npt.NDArray[Any]

_INT64 = (-(2**63), 2**63 - 1)
_SAMPLE = 1000
_INT32_OFFSETS = 2**31 - 1  # Arrow's short text type counts its bytes in int32

# From this share of numbers on, the others are taken for mistakes. Whole numbers may be codes
# ("1", "2", "3+"), so they need a large majority; numbers with decimals are measurements.
_MOSTLY_WHOLE = 0.95
_MOSTLY_DECIMAL = 0.5

_DATES_BY = {
    "values": "as its values prove",
    "asked": "as asked",
    "usual": "as in the training table",
    "points": "as dates with points are written",
}


@dataclass(frozen=True)
class Reading:
    """A typed column and what is to be said of it.

    Attributes:
        column: the column.
        notes: sentences about it.
        spelled_missing: how often each non-empty spelling stood for "no value".
        decimal: the decimal mark, where a value of the column proves it or it was given and used.
        proof: that value; "" where there is none.
        dates: which stands first in its dates, one of `spellings.ORDERS`, if day and month do.
        dates_by: what decided that; see `spellings.Days`.
    """

    column: Column
    notes: tuple[str, ...] = ()
    spelled_missing: dict[str, int] = field(default_factory=dict)
    decimal: str | None = None
    proof: str = ""
    dates: str | None = None
    dates_by: str = ""


def read_text_column(text: TextColumn) -> Reading:
    """Type a column by all of its values.

    Raises:
        TableError: a word among numbers, a number too large to hold.
        AmbiguousMark: commas that may be decimal marks or thousands separators.
    """
    if text.chunks.type != pa.string():
        return _typed(text, *to_numpy(text.chunks.chunks, len(text.chunks)))
    if text.chunks.null_count == len(text.chunks):
        return Reading(_all_missing(text.name, len(text.chunks)))
    try:
        # A number may be among the user's own spellings of "no value"; a cast would read it.
        own = text.missing - MISSING
        typed = None if text.keep or own else cast(text.chunks, text)
        if typed is not None:
            return _typed(text, *typed)
        return _through_spellings(text)
    except AsText as reason:
        return _through_spellings(text, why=str(reason))


def _typed(text: TextColumn, values: Array, missing: Array) -> Reading:
    if values.dtype.kind != "f":
        return Reading(Column(text.name, values, missing))
    spelled = np.isnan(values) & ~missing
    count = int(np.count_nonzero(spelled))
    return Reading(
        Column(text.name, values, missing | spelled),
        rounded_note(text, values),
        {"NaN": count} if count else {},
    )


def _all_missing(name: str, n_rows: int) -> Column:
    return Column(name, np.full(n_rows, np.nan), np.ones(n_rows, dtype=bool))


@dataclass(frozen=True)
class _Spellings:
    """A column by its distinct spellings: codes into words, -1 where there is no value."""

    codes: Array
    words: list[str]
    spelled_missing: dict[str, int]
    spaced: str | None  # the first word with spaces around it


def _distinct(text: TextColumn) -> _Spellings:
    chunks = text.chunks
    if chunks.nbytes > _INT32_OFFSETS:
        chunks = chunks.cast(pa.large_string())
    encoded = chunks.combine_chunks().dictionary_encode()
    codes, _ = to_numpy([encoded.indices], len(encoded))
    dictionary = encoded.dictionary
    stripped = pc.utf8_trim_whitespace(dictionary)
    gone = pc.is_in(stripped, value_set=pa.array(sorted(text.missing), dictionary.type))
    spaced = pc.index(pc.and_not(pc.not_equal(stripped, dictionary), gone), value=True).as_py()
    spaced_word = None if spaced < 0 else dictionary[spaced].as_py()
    words = dictionary.to_numpy(zero_copy_only=False).tolist()
    if not pc.any(gone).as_py():
        return _Spellings(codes, words, {}, spaced_word)
    out = gone.to_numpy(zero_copy_only=False)
    counts = np.bincount(codes[codes >= 0], minlength=len(words))
    spelled: dict[str, int] = {}
    for index in np.flatnonzero(out):
        word = words[index].strip()
        spelled[word] = spelled.get(word, 0) + int(counts[index])
    spelled.pop("", None)
    renumbered = np.where(out, -1, np.cumsum(~out) - 1).astype(np.int32)
    codes = np.where(codes < 0, np.int32(-1), renumbered[codes]).astype(np.int32)
    kept = [word for word, left_out in zip(words, out, strict=True) if not left_out]
    return _Spellings(codes, kept, spelled, spaced_word)


def _gather(name: str, values: Array, codes: Array, filler: object) -> Column:
    missing = codes < 0
    gathered = values[np.maximum(codes, 0)]
    gathered[missing] = filler
    return Column(name, gathered, missing)


def _as_text(text: TextColumn, found: _Spellings, *notes: str) -> Reading:
    said = [f"column {text.name!r}: {note}" for note in notes if note]
    if found.spaced is not None:
        said.append(f"column {text.name!r}: spaces around values are kept, as in {found.spaced!r}")
    column = Column(text.name, found.codes, found.codes < 0, tuple(found.words))
    return Reading(column, tuple(said), found.spelled_missing)


def _through_spellings(text: TextColumn, why: str = "") -> Reading:
    found = _distinct(text)
    if not found.words:
        return Reading(_all_missing(text.name, len(found.codes)), (), found.spelled_missing)
    if text.keep or why:
        return _as_text(text, found, f"read as text: {why}" if why else "")
    for true, false in TRUTH:
        if len(found.words) <= 2 and set(found.words) <= {true, false}:
            values = np.array([word == true for word in found.words])
            column = _gather(text.name, values, found.codes, filler=False)
            return Reading(column, (), found.spelled_missing)
    sample = found.words[:: max(1, len(found.words) // _SAMPLE)]
    if not any(looks_like_number(word) for word in sample):
        return _as_text(text, found)
    return _typed_words(text, found) or _dates(text, found) or _numbers(text, found)


def _typed_words(text: TextColumn, found: _Spellings) -> Reading | None:
    """The plain cast again, now that spellings of "no value" are out of its way."""
    try:
        typed = cast(pa.chunked_array([pa.array(found.words, pa.string())]), text)
    except AsText as reason:
        return _as_text(text, found, f"read as text: {reason}")
    if typed is None:
        return None
    filler = {"i": 0, "f": np.nan, "M": np.datetime64("NaT")}[typed[0].dtype.kind]
    column = _gather(text.name, typed[0], found.codes, filler)
    notes = rounded_note(text, column.values) if column.kind == "float" else ()
    return Reading(column, notes, found.spelled_missing)


def _dates(text: TextColumn, found: _Spellings) -> Reading | None:
    """Dates that the plain cast does not read: with a time zone, or day and month first."""
    words = pa.chunked_array([pa.array([word.strip() for word in found.words], pa.string())])
    nat = np.datetime64("NaT")
    for kind, note in (
        (pa.timestamp("us"), ""),
        (pa.timestamp("us", "UTC"), "times with a zone are converted to UTC"),
    ):
        arrays = cast_chunks(words, kind)
        if arrays is not None and "-" in found.words[0]:
            values, _ = to_numpy([array.cast(pa.timestamp("us")) for array in arrays], len(words))
            column = _gather(text.name, values, found.codes, nat)
            notes = (f"column {text.name!r}: {note}",) if note else ()
            return Reading(column, notes, found.spelled_missing)
    try:
        days = read_days(found.words, text.dates, text.usual_dates)
    except ContradictoryDay as against:
        value = next(word for word in found.words if word.strip() == str(against))
        raise text.error(
            f"it is no date with the {_first_of(text.dates)} first, as was asked for",
            first_row_of(text.chunks, value),
            value,
            "Correct it, or leave the order out (dates, --dates): the column's own values prove "
            f"it where they can; or {text.text_remedy}.",
        ) from None
    if days is None:
        return None
    column = _gather(text.name, np.array(days.values, "datetime64[us]"), found.codes, nat)
    why = _DATES_BY[days.decided_by]
    if days.decided_by == "values" and text.usual_dates not in (None, days.order):
        why += f", not with the {_first_of(text.usual_dates)} first as in the training table"
    note = f"column {text.name!r}: dates read with the {_first_of(days.order)} first, {why}"
    return Reading(
        column, (note,), found.spelled_missing, dates=days.order, dates_by=days.decided_by
    )


def _first_of(order: str | None) -> str:
    return "day" if order == "day-first" else "month"


def _refuse_other_mark(text: TextColumn, found: _Spellings, words: list[str]) -> None:
    """A value that has the other decimal mark than the one asked for, among numbers."""
    assert text.decimal is not None
    wrong = np.array([of_other_mark(word, text.decimal) for word in words])
    if not wrong.any():
        return
    numbers = wrong | np.array(
        [value is not None for value in read_numbers(words, text.decimal).values]
    )
    counts = np.bincount(found.codes[found.codes >= 0], minlength=len(words))
    if counts[numbers].sum() < _MOSTLY_DECIMAL * counts.sum():
        return
    names = {",": "comma", ".": "point"}
    other = names["." if text.decimal == "," else ","]
    word = found.words[int(np.flatnonzero(wrong)[0])]
    raise text.error(
        f"it has a decimal {other}, but decimal {names[text.decimal]}s were asked for",
        first_row_of(text.chunks, word),
        word,
        f"If the file has decimal {other}s, leave the decimal mark out (decimal, --decimal) or "
        f"name the other; else correct the value, or {text.text_remedy}.",
    )


def _numbers(text: TextColumn, found: _Spellings) -> Reading:
    words = [tidy(word) for word in found.words]
    if text.decimal is not None:
        _refuse_other_mark(text, found, words)
    read = read_numbers(words, text.decimal)
    numbers = [value for value in read.values if value is not None]
    if not numbers:
        day = (
            "the order of day and month is not proved by its values; say which is first "
            "(dates, --dates), or write dates as 2026-01-31"
        )
        dates = all(looks_like_number(word) and len(word) >= 8 for word in words) and any(
            mark in words[0] for mark in "/."
        )
        return _as_text(text, found, f"read as text: {day}" if dates else "")
    fractions = any(isinstance(value, float) and value % 1 for value in numbers)
    for word in words:
        if len(word) > 1 and word.isdigit() and word[0] == "0" and not fractions:
            return _as_text(text, found, f"read as text: codes with leading zeros such as {word!r}")
    if len(numbers) < len(words):
        return _mixed(text, found, read.values)
    notes = []
    if read.marked:
        value = next(word for word in words if not word.lstrip("+-").isdigit())
        commas = read.decimal == "," and "," in value
        how = "decimal commas" if commas else "digits in groups of thousands"
        number = read.values[words.index(value)]
        notes.append(f"column {text.name!r}: read with {how}, {value} as {number}")
    if all(isinstance(value, int) for value in numbers):
        if not all(_INT64[0] <= value <= _INT64[1] for value in numbers):
            return _as_text(
                text,
                found,
                "read as text: integers too large for 64 bits, which would be rounded as numbers",
            )
        column = _gather(text.name, np.array(numbers, np.int64), found.codes, 0)
    else:
        values = np.array([_float(text, word, found) for word in numbers])
        column = _gather(text.name, values, found.codes, np.nan)
    decimal = read.decimal if read.proof or (read.decimal == "," and read.marked) else None
    return Reading(column, tuple(notes), found.spelled_missing, decimal, read.proof)


def _float(text: TextColumn, value: int | float | None, found: _Spellings) -> float:
    try:
        return float(value or 0)
    except OverflowError:
        word = next(word for word in found.words if tidy(word) == str(value))
        raise too_large(text, word) from None


def _mixed(text: TextColumn, found: _Spellings, values: list[int | float | None]) -> Reading:
    """Numbers and words in one column: a mistake if numbers prevail, else text."""
    counts = np.bincount(found.codes[found.codes >= 0], minlength=len(values))
    number = np.array([value is not None for value in values])
    share = counts[number].sum() / counts.sum()
    word = found.words[int(np.flatnonzero(~number)[0])]
    row = first_row_of(text.chunks, word)
    decimal = any(isinstance(value, float) and value % 1 for value in values)
    if share >= _MOSTLY_WHOLE or (decimal and share > _MOSTLY_DECIMAL):
        others = int(counts[~number].sum()) - 1
        more = f"; {others} more of its values are none" if others else ""
        raise text.error(
            f"expected a number, as most values of the column are{more}",
            row,
            word,
            f"Correct it, leave it empty if there is no value, or {text.text_remedy}.",
        )
    note = ""
    if share >= 0.5:
        note = (
            f"read as text, though {share:.0%} of its values are numbers: {word!r} on line "
            f"{text.line_of(row)} is none"
        )
    return _as_text(text, found, note)
