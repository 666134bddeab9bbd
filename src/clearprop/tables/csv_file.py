"""From a CSV file's bytes to a `Table`: the fast reader within the strict layer.

pyarrow cuts the file into fields and refuses rows of another length; what it accepts in silence is
checked in `csv_structure`. Fields are text, and `text_columns` finds their types, where no value is
converted unless the whole column is; columns that plainly hold decimals or dates are converted as
they are cut (`csv_plan`), to the same end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from clearprop.errors import TableError
from clearprop.tables.csv_dialect import Dialect, describe, sniff
from clearprop.tables.csv_marks import TextNeeded, read_columns
from clearprop.tables.csv_plan import CsvOptions, is_as_planned, plan_types
from clearprop.tables.csv_structure import Walk, count_lines, doubtful_quotes, mixed_line_ends, walk
from clearprop.tables.names import name_columns
from clearprop.tables.source_file import Data, TextFile
from clearprop.tables.spellings import MISSING
from clearprop.tables.table import Table
from clearprop.tables.text_cast import TextColumn
from clearprop.tables.text_columns import Reading

__all__ = ["read_csv"]

# Large enough that the cost of each block does not count, small enough to keep two cores busy.
_BLOCK = 4 << 20


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
    plan = plan_types(data, dialect, options)
    try:
        return _table(file, source, options, dialect, end, plan)
    except TextNeeded:
        return _table(file, source, options, dialect, end, {})


def _table(
    file: TextFile,
    source: str,
    options: CsvOptions,
    dialect: Dialect,
    end: int,
    plan: dict[str, pa.DataType],
) -> Table:
    """The file's rows up to a byte offset, some columns converted as planned."""
    columns, rows = _cut(file.data, end, dialect, source, plan)
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
            keep=name in options.text | options.ignore,
            dates=options.dates,
            usual_dates=options.usual.dates.get(name),
        )
        for name, chunks in named.columns.items()
    ]
    notes += _unknown(options.text, named.columns)
    del columns, named
    readings, said = read_columns(texts, dialect.delimiter, options.usual)
    notes += said
    notes += _notes_of([one for one in readings if one.column.name not in options.ignore])
    return Table(
        source,
        {reading.column.name: reading.column for reading in readings},
        n_rows,
        first_line=None if lines is not None else first_line,
        lines=lines,
        notes=tuple(notes),
        reading=_alike(options, readings, dialect.delimiter),
    )


def _alike(options: CsvOptions, readings: Sequence[Reading], delimiter: str) -> dict[str, Any]:
    """What another file of this kind is read by: said of this one, or proved by its values."""
    commas = any(reading.decimal == "," for reading in readings)
    decimal = options.decimal or ("," if commas else "")
    alike: dict[str, Any] = {
        "decimal": decimal,
        "delimiter": delimiter if decimal else "",
        "dates": {
            reading.column.name: reading.dates for reading in readings if reading.dates is not None
        },
        "missing": sorted(options.missing),
        "text": sorted(options.text),
    }
    return {name: value for name, value in alike.items() if value}


def _unknown(wanted: Collection[str], names: Collection[str]) -> list[str]:
    return [
        f"there is no column {name!r} to read as text" for name in sorted(set(wanted) - set(names))
    ]


def _end_of_rows(data: Data, start: int) -> int:
    """The byte offset where the blank lines at the end begin."""
    end = len(data)
    while end > start and data[end - 1] in b"\r\n":
        end -= 1
        line = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end)) + 1
        if data[max(line, start) : end].strip(b" ") == b"":
            end = max(line, start)
    return end


def _cut(
    data: Data, end: int, dialect: Dialect, source: str, plan: dict[str, pa.DataType]
) -> tuple[list[pa.ChunkedArray], Walk | None]:
    """The columns, and where the rows stand unless every row is one line.

    Columns are text, but for those of the plan, if all of the file turns out to be as planned.
    """
    start = dialect.body
    quoted = data.find(b'"', start, end) >= 0
    body = pa.py_buffer(data).slice(start, end - start)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # The bytes are checked while the reader cuts them.
        checked = pool.submit(_suspicious, data, start, end, dialect, quoted=quoted)
        columns = _parse(body, dialect, plan, newlines=False) if plan else None
        if columns is None or not all(is_as_planned(column) for column in columns):
            columns = _parse(body, dialect, {}, newlines=False)
        n_lines, suspicious = checked.result()
    # The reader loses a row whose quotes are open where a block ends: rows are then too few.
    regular = (
        columns is not None
        and not suspicious
        and len(columns[0]) == n_lines
        and not (len(columns) == 1 and columns[0].null_count)
    )
    if columns is not None and regular:
        return columns, None
    rows = walk(data, end, dialect, source)
    if quoted or columns is None:
        columns = _parse(body, dialect, {}, newlines=True)
    if columns is None or len(columns[0]) != len(rows.lines):
        raise TableError(
            "the file cannot be cut into rows without doubt",
            source=source,
            remedy=f"Check its quotes, and that {describe(dialect.delimiter)} is its delimiter.",
        )
    return columns, rows


def _suspicious(
    data: Data, start: int, end: int, dialect: Dialect, *, quoted: bool
) -> tuple[int, bool]:
    """The number of lines, and whether quotes or line ends call for a walk."""
    n_lines = count_lines(data, start, end)
    doubtful = mixed_line_ends(data, max(start - 1, 0), end) or (
        quoted
        and (_open_at_end(data, start, end) or doubtful_quotes(data, start, end, dialect.delimiter))
    )
    return n_lines, doubtful


def _parse(
    body: pa.Buffer, dialect: Dialect, plan: dict[str, pa.DataType], *, newlines: bool
) -> list[pa.ChunkedArray] | None:
    """The body's fields as text or as planned, null where empty; None if the reader refuses."""
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
                column_types=dict.fromkeys(names, pa.string()) | plan,
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return [table.column(index) for index in range(table.num_columns)]


def _open_at_end(data: Data, start: int, end: int) -> bool:
    """Whether the last line has an odd number of quotes."""
    line = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end), start - 1) + 1
    return data[line:end].count(b'"') % 2 == 1


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
