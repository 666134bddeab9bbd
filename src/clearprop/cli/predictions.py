"""Predictions as columns, and the columns as CSV or Parquet.

Numbers are written with every digit they need to be read back to the last bit. Knows nothing of how
predictions are made.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clearprop.atomic_write import replace_file
from clearprop.table_model import Predictions, TableModel
from clearprop.tables import Column, Table
from clearprop.tables.columns import SET_ASIDE

__all__ = ["prediction_columns", "write_csv", "write_parquet", "write_to_stdout"]

ROWS_AT_ONCE = 10_000

Columns = dict[str, list[Any]]


def prediction_columns(model: TableModel, table: Table, predictions: Predictions) -> Columns:
    """The columns of the result, one value per row of the table, in its order.

    Returns:
        "line" (or "row", where the table has no lines), the identifiers, "prediction", and
        "probability of …" for each class. An identifier of one of these names gets " (data)"
        after it.
    """
    first = table.line_of(0) is not None
    place = [table.line_of(row) if first else row + 1 for row in range(table.n_rows)]
    columns: Columns = {"line" if first else "row": place}
    ours = {*columns, "prediction", *(f"probability of {label}" for label in predictions.classes)}
    for profile in model.encoder.profiles:
        if profile.role == SET_ASIDE and profile.reason.startswith("identifier-like"):
            column = table.columns.get(profile.name)
            if column is not None:
                name = profile.name
                while name in ours or name in columns:
                    name = f"{name} (data)"
                columns[name] = _identifiers(column)
    columns["prediction"] = predictions.values.tolist()
    if predictions.probabilities is not None:
        for index, label in enumerate(predictions.classes):
            values = predictions.probabilities[:, index].tolist()
            columns[f"probability of {label}"] = values
    return columns


def _identifiers(column: Column) -> list[Any]:
    """Whole numbers as such, everything else as it is spelled; None where it is missing."""
    if column.kind == "integer":
        values = column.values.tolist()
        return [None if gone else value for value, gone in zip(values, column.missing, strict=True)]
    return [column.text(row) for row in range(len(column.values))]


def _csv_parts(columns: Columns) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for number, row in enumerate(zip(*columns.values(), strict=True), 1):
        writer.writerow(row)
        if number % ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def write_to_stdout(columns: Columns) -> None:
    """CSV on stdout."""
    for part in _csv_parts(columns):
        sys.stdout.write(part)


def write_csv(columns: Columns, path: str) -> None:
    """CSV in UTF-8; the file is replaced as a whole."""
    replace_file(path, (part.encode() for part in _csv_parts(columns)))


def write_parquet(columns: Columns, path: str) -> None:
    """Parquet; the file is replaced as a whole."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    replace_file(path, [buffer.getvalue()])
