"""From a Parquet file to a `Table`; types are the file's own, nothing is guessed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from clearprop.errors import TableError
from clearprop.tables.arrow_columns import column_from_arrow
from clearprop.tables.names import refuse_duplicates
from clearprop.tables.source_file import Data
from clearprop.tables.table import Table

__all__ = ["read_parquet", "table_from_arrow"]


def read_parquet(data: Data, source: str) -> Table:
    """Read a Parquet file's bytes.

    Raises:
        TableError: damaged or cut short, no rows, two columns of one name.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=True)
        # Columns may share buffers with the file; validation walks them once.
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        raise TableError(
            "this Parquet file is damaged or cut short",
            source=source,
            remedy="Copy or export the file again.",
        ) from None
    return table_from_arrow(table, source)


def table_from_arrow(table: pa.Table, source: str) -> Table:
    """Convert an Arrow table, column by column.

    Raises:
        TableError: no rows, no column that can be read, two columns of one name.
    """
    refuse_duplicates(table.column_names, source)
    if table.num_rows == 0 or table.num_columns == 0:
        raise TableError(
            f"expected rows and columns, got {table.num_rows} rows and {table.num_columns} columns",
            source=source,
            remedy="Check that this is the table you mean.",
        )
    columns, notes = {}, []
    for name, chunks in zip(table.column_names, table.columns, strict=True):
        if not name.strip():
            raise TableError(
                "a column has no name",
                source=source,
                column=name,
                remedy="Give each column a name.",
            )
        column, note = column_from_arrow(name, chunks)
        if column is not None:
            columns[name] = column
        if note:
            notes.append(note)
    if not columns:
        raise TableError(
            f"no column can be read; {notes[0]}",
            source=source,
            remedy="Expected numbers, text, booleans or dates.",
        )
    return Table(source, columns, table.num_rows, notes=tuple(notes))
