"""From a CSV file's bytes to a `Table`: the fast reader within the strict layer.

pyarrow cuts the file into fields, all of them text, and refuses rows of another length; what it
accepts in silence is checked in `csv_structure`, and the types are found in `text_columns`, where
no value is converted unless the whole column is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.csv as pa_csv

from clearprop.errors import TableError
from clearprop.tables.csv_dialect import Dialect, describe, sniff
from clearprop.tables.csv_structure import Walk, count_lines, doubtful_quotes, mixed_line_ends, walk
from clearprop.tables.names import name_columns
from clearprop.tables.source_file import TextFile
from clearprop.tables.spellings import MISSING, AmbiguousMark, is_grouped_by_dots
from clearprop.tables.table import Table
from clearprop.tables.text_columns import Reading, TextColumn, read_text_column

__all__ = ["CsvOptions", "read_csv"]

# Large enough that the cost of each block does not count, small enough to keep two cores busy.
_BLOCK = 4 << 20


@dataclass(frozen=True)
class CsvOptions:
    """What the user said about the file; None where it is to be found out.

    Attributes:
        delimiter: one character.
        decimal: "," or ".".
        header: whether the first line holds names.
        missing: spellings that mean "no value", besides the known ones.
        text: columns to read as text.
    """

    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    missing: frozenset[str] = frozenset()
    text: frozenset[str] = frozenset()


def read_csv(file: TextFile, source: str, options: CsvOptions) -> Table:
    """Read a CSV file.

    Raises:
        TableError: what cannot be read right, with line, column and value.
    """
    data = file.data
    dialect = sniff(data, source, options.delimiter, options.header)
    end = _end_of_rows(data, dialect.body)
    if end <= dialect.body:
        raise TableError(
            "the file holds a header and no rows",
            source=source,
            line=dialect.header_lines or 1,
            remedy="Expected at least one row below the header.",
        )
    columns, rows = _cut(data, end, dialect, source)
    n_rows = len(columns[0])
    first_line = dialect.header_lines + 1
    lines = None if rows is None else rows.lines
    notes = [*file.notes, *dialect.notes]
    if rows is not None and rows.blank:
        what = "is a missing value" if len(dialect.names) == 1 else "is skipped"
        more = f" and {len(rows.blank) - 1} more" if len(rows.blank) > 1 else ""
        notes.append(f"blank line {rows.blank[0]}{more} {what}")
    named = name_columns(dialect.names, columns, source, dialect.header_lines)
    notes += named.notes

    def line_of(row: int) -> int:
        return first_line + row if lines is None else int(lines[row])

    texts = [
        TextColumn(
            name,
            chunks,
            source,
            line_of,
            options.decimal,
            MISSING | options.missing,
            keep=name in options.text,
        )
        for name, chunks in named.columns.items()
    ]
    notes += _unknown(options.text, named.columns)
    del columns, named
    readings = _read_columns(texts)
    notes += _notes_of(readings)
    return Table(
        source,
        {reading.column.name: reading.column for reading in readings},
        n_rows,
        first_line=None if lines is not None else first_line,
        lines=lines,
        notes=tuple(notes),
    )


def _unknown(wanted: Collection[str], names: Collection[str]) -> list[str]:
    return [
        f"there is no column {name!r} to read as text" for name in sorted(set(wanted) - set(names))
    ]


def _end_of_rows(data: bytes, start: int) -> int:
    """The byte offset where the blank lines at the end begin."""
    end = len(data)
    while end > start and data[end - 1] in b"\r\n":
        end -= 1
        line = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end)) + 1
        if data[max(line, start) : end].strip(b" ") == b"":
            end = max(line, start)
    return end


def _cut(
    data: bytes, end: int, dialect: Dialect, source: str
) -> tuple[list[pa.ChunkedArray], Walk | None]:
    """The columns as text, and where the rows stand unless every row is one line."""
    start = dialect.body
    quoted = data.find(b'"', start, end) >= 0
    body = pa.py_buffer(data).slice(start, end - start)
    columns = _parse(body, dialect, newlines=False)
    regular = (
        columns is not None
        and len(columns[0]) == count_lines(data, start, end)
        and not (len(columns) == 1 and columns[0].null_count)
        and not mixed_line_ends(data, max(start - 1, 0), end)
        and not (quoted and _spans_blocks(columns[-1]))
        and not (quoted and doubtful_quotes(data, start, end, dialect.delimiter))
        and not (quoted and _open_at_end(data, start, end))
    )
    if columns is not None and regular:
        return columns, None
    rows = walk(data, end, dialect, source)
    if quoted or columns is None:
        columns = _parse(body, dialect, newlines=True)
    if columns is None or len(columns[0]) != len(rows.lines):
        raise TableError(
            "the file cannot be cut into rows without doubt",
            source=source,
            remedy=f"Check its quotes, and that {describe(dialect.delimiter)} is its delimiter.",
        )
    return columns, rows


def _parse(body: pa.Buffer, dialect: Dialect, *, newlines: bool) -> list[pa.ChunkedArray] | None:
    """The body's fields as text, null where empty; None if the reader refuses the file."""
    names = [str(index) for index in range(len(dialect.names))]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                column_names=names, block_size=max(_BLOCK, body.size) if newlines else _BLOCK
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=dialect.delimiter,
                newlines_in_values=newlines,
                ignore_empty_lines=len(names) > 1,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return [table.column(index) for index in range(table.num_columns)]


def _spans_blocks(last: pa.ChunkedArray) -> bool:
    """Whether a block ends within quotes: its last value then holds the line end."""
    for chunk in last.chunks:
        value = chunk[-1].as_py() if len(chunk) else None
        if value is not None and value.endswith(("\n", "\r")):
            return True
    return False


def _open_at_end(data: bytes, start: int, end: int) -> bool:
    """Whether the last line has an odd number of quotes."""
    line = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end), start - 1) + 1
    return data.count(b'"', line, end) % 2 == 1


def _read_columns(texts: Sequence[TextColumn]) -> list[Reading]:
    """Type all columns; those with ambiguous commas last, as the others may prove the mark."""

    def attempt(text: TextColumn) -> Reading | AmbiguousMark:
        try:
            return read_text_column(text)
        except AmbiguousMark as ambiguous:
            return ambiguous

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        found = list(pool.map(attempt, texts))
    commas = any(isinstance(one, Reading) and one.decimal == "," for one in found)
    readings: list[Reading] = []
    for text, one in zip(texts, found, strict=True):
        if isinstance(one, AmbiguousMark):
            if not commas:
                raise _ambiguous(text, str(one))
            readings.append(read_text_column(replace(text, decimal=",")))
        else:
            if commas and text.decimal is None:
                _refuse_dots(text, one)
            readings.append(one)
    return readings


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


def _refuse_dots(text: TextColumn, reading: Reading) -> None:
    """In a file with decimal commas, 1.234 may be thousands; refuse a column that is all so."""
    if reading.column.kind != "float" or reading.decimal == ",":
        return
    words = [word for word in text.chunks.unique().to_pylist() if word not in text.missing | {None}]
    if is_grouped_by_dots(words) and words:
        value = words[0]
        raise TableError(
            f"it may mean {value.replace('.', '')} or {value}: other columns use decimal commas",
            source=text.source,
            line=_line_of_value(text, value),
            column=text.name,
            value=value,
            remedy="Say which mark the file uses (decimal=',' or decimal='.', --decimal).",
        )


def _notes_of(readings: Sequence[Reading]) -> list[str]:
    notes = [note for reading in readings for note in reading.notes]
    spelled: dict[str, dict[str, int]] = {}
    for reading in readings:
        for word, count in reading.spelled_missing.items():
            spelled.setdefault(word, {})[reading.column.name] = count
    for word, counts in spelled.items():
        total = sum(counts.values())
        where = ", ".join(repr(name) for name in list(counts)[:3])
        more = f" and {len(counts) - 3} more" if len(counts) > 3 else ""
        times = "value" if total == 1 else "values"
        notes.append(f"{word!r} counted as missing: {total} {times} in {where}{more}")
    return notes
