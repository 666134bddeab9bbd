"""How a CSV file is written: its delimiter, and where its header ends and what it says.

Looks at the first lines only and knows nothing of values and types.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from clearprop.errors import TableError
from clearprop.tables.source_file import Data

__all__ = ["DELIMITERS", "Dialect", "describe", "lines_of", "sniff"]

# In order of preference where several cut into as many fields: a comma may stand inside numbers,
# the others do not.
DELIMITERS = ("\t", ";", "|", ",")

_HEAD = 1 << 18
_SAMPLE = 50
_NAMES = {"\t": "tab", ",": "','", ";": "';'", "|": "'|'", " ": "space"}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?|nan|[+-]?inf", re.IGNORECASE)
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")


@dataclass(frozen=True)
class Dialect:
    """What the first lines tell.

    Attributes:
        delimiter: one character.
        names: the header's names, stripped of spaces around them; "" where blank.
        body: byte offset of the first line after the header.
        header_lines: number of lines up to there.
        notes: what the user should know.
    """

    delimiter: str
    names: tuple[str, ...]
    body: int
    header_lines: int
    notes: tuple[str, ...] = ()


def describe(delimiter: str) -> str:
    """The delimiter as a message names it."""
    return _NAMES.get(delimiter, repr(delimiter))


def lines_of(data: Data, start: int = 0, end: int | None = None) -> Iterator[str]:
    """The lines between byte offsets, each with its end (LF, CR LF or CR)."""
    end = len(data) if end is None else end
    while start < end:
        match = _LINE.match(data, start, end)
        assert match is not None
        yield match.group().decode("utf-8")
        start = match.end()


def sniff(data: Data, source: str, delimiter: str | None, header: bool | None) -> Dialect:
    """Find the delimiter (unless given) and read the header.

    Args:
        data: the file as UTF-8.
        source: the file as the user calls it.
        delimiter: one character, or None to find it among comma, semicolon, tab and pipe.
        header: True if the first line holds names, False if it holds data, None to find out.

    Raises:
        TableError: a header of numbers only, or a quote in it that is not closed.
    """
    start = skipped = 0
    notes: list[str] = []
    stated = re.match(rb"sep=(.)(\r\n|\n|\r)", data)
    if stated:
        delimiter = delimiter or stated.group(1).decode("utf-8", "replace")
        start, skipped = stated.end(), 1
    while match := re.compile(rb"[ ]*(\r\n|\n|\r)").match(data, start):
        start, skipped = match.end(), skipped + 1
    if delimiter is None:
        delimiter = _find_delimiter(data[start : start + _HEAD].decode("utf-8", "ignore"))
    if delimiter != ",":
        notes.append(f"delimiter: {describe(delimiter)}")
    fields, length, n_lines = _first_record(data, start, delimiter, source, skipped)
    names = tuple(field.strip() for field in fields)
    if header is False:
        made = tuple(f"x{index}" for index in range(len(names)))
        notes.append(f"no header: the columns are called {made[0]} to {made[-1]}")
        return Dialect(delimiter, made, start, skipped, tuple(notes))
    if header is None and any(names) and all(_NUMBER.fullmatch(name) or not name for name in names):
        raise TableError(
            "expected column names, got only numbers",
            source=source,
            line=skipped + 1,
            value=names[0] or next(filter(None, names)),
            remedy="Add a line with the columns' names; or say that there is none "
            "(header=False, --no-header), or that these are names (header=True, --header).",
        )
    return Dialect(delimiter, names, start + length, skipped + n_lines, tuple(notes))


def _find_delimiter(head: str) -> str:
    """The delimiter that cuts header and first rows into the same number of fields, most fields.

    Commas that another such delimiter leaves as decimal marks do not cut. Where none fits but
    perhaps the comma, the one the header has most of; where the header has none, the one that most
    rows have: the structure check will then name the line that does not fit.
    """
    sample = {delimiter: _sample(head, delimiter) for delimiter in DELIMITERS}
    counts = {one: [len(row) for row in rows] for one, rows in sample.items()}
    fitting = [one for one in DELIMITERS if len(set(counts[one])) == 1 and counts[one][0] > 1]
    others = [one for one in fitting if one != ","]
    if any(_leaves_decimal_commas(sample[one]) for one in others):
        fitting = others
    if others:
        return max(fitting, key=lambda one: counts[one][0])
    by_header = max(DELIMITERS, key=lambda one: counts[one][0] if counts[one] else 0)
    if counts[by_header] and counts[by_header][0] > 1:
        return by_header
    rows_with = Counter(
        {one: sum(1 for number in counts[one] if number > 1) for one in DELIMITERS if counts[one]}
    )
    best = rows_with.most_common(1)
    return best[0][0] if best and best[0][1] > 0 else ","


def _sample(head: str, delimiter: str) -> list[list[str]]:
    """The first records that hold anything, up to one whose quotes cannot be read."""
    records: list[list[str]] = []
    try:
        for row in csv.reader(head.splitlines(keepends=True), delimiter=delimiter):
            if row:
                records.append(row)
            if len(records) > _SAMPLE:
                break
    except csv.Error:
        return records
    # The last record may be cut by the end of the sample.
    if len(records) <= _SAMPLE and len(head) >= _HEAD // 4:
        records.pop()
    return records


def _leaves_decimal_commas(records: list[list[str]]) -> bool:
    """Whether every comma in the fields below the first record is a number's decimal mark."""
    with_comma = [field.strip() for row in records[1:] for field in row if "," in field]
    return bool(with_comma) and all(map(_NUMBER.fullmatch, with_comma))


def _first_record(
    data: Data, start: int, delimiter: str, source: str, skipped: int
) -> tuple[list[str], int, int]:
    """The first record's fields, its length in bytes, and its number of lines."""
    length = 0

    def counted() -> Iterator[str]:
        nonlocal length
        for line in lines_of(data, start):
            length += len(line.encode("utf-8"))
            yield line

    reader = csv.reader(counted(), delimiter=delimiter, strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        raise TableError(
            "the quotes in the header do not match",
            source=source,
            line=skipped + 1,
            remedy="Close each quoted name with a quote and write a quote inside it twice.",
        ) from None
    return fields, length, reader.line_num
