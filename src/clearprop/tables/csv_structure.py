"""The strict layer over the CSV reader's structure: quotes, ragged rows, line numbers.

The fast reader accepts text after a closing quote and a quote that never closes, and does not
number lines. Here the file's bytes are checked for what it would accept in silence, and walked
record by record where that is needed to name a line. Knows nothing of values and types.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import TableError
from clearprop.tables.csv_dialect import Dialect, describe, lines_of
from clearprop.tables.source_file import Data, count_in

__all__ = ["Walk", "count_lines", "doubtful_quotes", "mixed_line_ends", "walk"]

_QUOTE = ord('"')
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Walk:
    """Where the records stand.

    Attributes:
        lines: file line on which each record starts, shape (n_rows,).
        blank: lines that hold nothing and are no record.
    """

    lines: npt.NDArray[np.int64]
    blank: tuple[int, ...]


def count_lines(data: Data, start: int, end: int) -> int:
    """Number of lines between two byte offsets; a last line without line end counts."""
    count = count_in(data, b"\n", start, end) + _lone_returns(data, start, end)
    return count + (end > start and data[end - 1 : end] not in {b"\n", b"\r"})


def _lone_returns(data: Data, start: int, end: int) -> int:
    """Number of carriage returns that no line feed follows."""
    if data.find(b"\r", start, end) < 0:
        return 0
    return count_in(data, b"\r", start, end) - count_in(data, b"\r\n", start, end)


def mixed_line_ends(data: Data, start: int, end: int) -> bool:
    """Whether there are line feeds, and carriage returns without one."""
    return data.find(b"\n", start, end) >= 0 and _lone_returns(data, start, end) > 0


def doubtful_quotes(data: Data, start: int, end: int, delimiter: str) -> bool:
    """Whether some quote neither opens a field, nor closes one, nor is doubled.

    A run of quotes at the start of a field is one that opens, with pairs; elsewhere it is pairs,
    with one that closes. A run that closes must be followed by the end of the field.
    """
    buffer = np.frombuffer(data, dtype=np.uint8)
    edge = np.zeros(256, dtype=bool)
    edge[[ord(character) for character in f"{delimiter}\r\n"]] = True
    position = start
    while position < end:
        stop = min(position + _CHUNK, end)
        while stop < end and buffer[stop] == _QUOTE:
            stop += 1
        quotes = np.flatnonzero(buffer[position:stop] == _QUOTE) + position
        if quotes.size and _doubtful_runs(buffer, quotes, edge, start, end):
            return True
        position = stop
    return False


def _doubtful_runs(
    buffer: npt.NDArray[np.uint8],
    quotes: npt.NDArray[Any],
    edge: npt.NDArray[np.bool_],
    start: int,
    end: int,
) -> bool:
    apart = np.diff(quotes) != 1
    if apart.all():
        # No two stand together, as in most files: each must begin or end a field.
        alone = (
            edge[buffer[np.maximum(quotes - 1, 0)]] | edge[buffer[np.minimum(quotes + 1, end - 1)]]
        )
        return not bool((alone | (quotes == start) | (quotes == end - 1)).all())
    breaks = np.flatnonzero(apart)
    first = quotes[np.concatenate(([0], breaks + 1))]
    last = quotes[np.concatenate((breaks, [quotes.size - 1]))]
    opens = edge[buffer[np.maximum(first - 1, 0)]] | (first == start)
    ends = edge[buffer[np.minimum(last + 1, end - 1)]] | (last == end - 1)
    even = (last - first) % 2 == 1
    return bool(np.any((opens == even) & ~ends))


def walk(data: Data, end: int, dialect: Dialect, source: str) -> Walk:
    """Walk the body, up to a byte offset, with the standard library's strict reader.

    Raises:
        TableError: a ragged row, a quote that is not closed, text after a closing quote; with the
            first line that is wrong and how many are.
    """
    expected = len(dialect.names)
    lines: list[int] = []
    blank: list[int] = []
    ragged: list[tuple[int, int]] = []
    returns = data[dialect.body - 1 : dialect.body] == b"\r"
    text = ""

    def lines_read() -> Iterator[str]:
        nonlocal text
        for line_read in lines_of(data, dialect.body, end):
            text = line_read
            yield line_read

    reader = csv.reader(lines_read(), delimiter=dialect.delimiter, strict=True)
    while True:
        line = dialect.header_lines + reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise _bad_quotes(data, dialect, source, line, str(error)) from None
        if text.endswith(("\r", "\n")) and text.endswith("\r") != returns:
            raise _mixed_ends(source, dialect.header_lines + reader.line_num, returns=returns)
        if not fields:
            blank.append(line)
            if expected > 1:
                continue
        elif len(fields) != expected:
            ragged.append((line, len(fields)))
        lines.append(line)
    if ragged:
        raise _ragged(ragged, len(lines), dialect, source)
    return Walk(np.array(lines, dtype=np.int64), tuple(blank))


def _mixed_ends(source: str, line: int, *, returns: bool) -> TableError:
    usual, odd = ("CR", "LF") if returns else ("LF", "CR")
    return TableError(
        f"the line ends in {odd}, the lines above in {usual}; it may be part of a value",
        source=source,
        line=line,
        remedy="Put quotes around a value that holds a line end, or give all lines the same end.",
    )


def _ragged(
    ragged: list[tuple[int, int]], n_rows: int, dialect: Dialect, source: str
) -> TableError:
    expected = len(dialect.names)
    line, got = ragged[0]
    others = len(ragged) - 1
    message = f"expected {expected} field{'s' if expected > 1 else ''} as in the header, got {got}"
    if others:
        message += f"; {others} other line{'s' if others > 1 else ''} do not fit either"
    sizes = Counter(size for _, size in ragged)
    if len(ragged) == n_rows and set(sizes) == {expected + 1}:
        remedy = (
            "Every row has one field more than the header: name the first column if it holds row "
            "names, or remove the delimiter at the end of the rows."
        )
    elif len(ragged) == n_rows and len(sizes) == 1 and n_rows > 1:
        remedy = (
            "All rows agree with each other but not with the header: remove lines above the "
            f"header, or name the delimiter if it is not {describe(dialect.delimiter)}."
        )
    elif got > expected:
        remedy = (
            f"Put quotes around values that contain the delimiter "
            f"({describe(dialect.delimiter)}), or remove the fields that are too many."
        )
    else:
        remedy = "Write the missing fields, empty ones too, with a delimiter between them."
    return TableError(message, source=source, line=line, remedy=remedy)


def _bad_quotes(data: Data, dialect: Dialect, source: str, line: int, reason: str) -> TableError:
    if "field larger" in reason:
        return TableError(
            "a value longer than 131,072 characters begins here; a quote may not be closed",
            source=source,
            line=line,
            remedy="Close the quote on this line, or shorten the value.",
        )
    opened, closed_early = _opening(data, dialect, line)
    if closed_early:
        return TableError(
            "expected the delimiter after a closing quote, got other text",
            source=source,
            line=opened,
            remedy='Write a quote inside a quoted value twice (""), '
            "or close the quote that was opened too early.",
        )
    return TableError(
        "a quote is opened here and never closed",
        source=source,
        line=opened,
        remedy="Close it, or remove it.",
    )


def _opening(data: Data, dialect: Dialect, line: int) -> tuple[int, bool]:
    """The line of the last quote opened in the record that starts on a line; whether it closes."""
    here = dialect.header_lines + 1
    opened, inside, start_of_field, closing = line, False, True, False
    for text in lines_of(data, dialect.body):
        if here >= line:
            for character in text:
                if closing and character != '"':
                    if character not in f"{dialect.delimiter}\r\n":
                        return opened, True
                    inside = closing = False
                if character == '"' and inside:
                    closing = not closing
                elif character == '"' and start_of_field:
                    opened, inside = here, True
                start_of_field = not inside and character in f"{dialect.delimiter}\r\n"
        here += 1
    return opened, False
