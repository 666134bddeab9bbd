"""From what Python programs hold (pandas and polars frames, arrays, dicts of arrays) to a `Table`.

pandas and polars are recognised by their module's name and never imported: who hands in a frame has
imported them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from clearprop.errors import TableError
from clearprop.tables.names import refuse_duplicates
from clearprop.tables.parquet_file import table_from_arrow
from clearprop.tables.table import Table

__all__ = ["read_array", "read_frame", "read_mapping"]


def read_frame(frame: Any) -> Table:
    """Convert a pandas or polars DataFrame; a pandas index is no column and is left out.

    Raises:
        TableError: two columns of one name, no rows, a column of mixed Python objects.
    """
    names = [str(name) for name in frame.columns]
    refuse_duplicates(names, "DataFrame")
    if type(frame).__module__.partition(".")[0] == "polars":
        return table_from_arrow(frame.to_arrow(), "DataFrame")
    columns = {
        name: _arrow(frame.iloc[:, index], name, "DataFrame") for index, name in enumerate(names)
    }
    return table_from_arrow(pa.table(columns), "DataFrame")


def read_mapping(columns: Mapping[Any, Any], source: str = "dict") -> Table:
    """Convert a dict of one-dimensional arrays or lists.

    Raises:
        TableError: arrays of different lengths or more than one dimension.
    """
    arrays = {str(name): np.asarray(values) for name, values in columns.items()}
    refuse_duplicates([str(name) for name in columns], source)
    n_rows = {name: len(array) if array.ndim else -1 for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.ndim != 1:
            raise TableError(
                f"expected one dimension, got shape {array.shape}", source=source, column=name
            )
        if n_rows[name] != next(iter(n_rows.values())):
            raise TableError(
                f"expected {next(iter(n_rows.values()))} values as in the first column, "
                f"got {n_rows[name]}",
                source=source,
                column=name,
            )
    return table_from_arrow(
        pa.table(
            {
                name: _arrow(list(values) if array.dtype == object else array, name, source)
                for (name, array), values in zip(arrays.items(), columns.values(), strict=True)
            }
        ),
        source,
    )


def read_array(array: np.ndarray[Any, Any]) -> Table:
    """Convert a 2-D array; its columns are called x0, x1, ...

    Raises:
        TableError: not two dimensions, or no rows.

    Examples:
        >>> list(read_array(np.eye(2)).columns)
        ['x0', 'x1']
    """
    if array.ndim != 2:
        raise TableError(
            f"expected an array of shape (n_rows, n_columns), got shape {array.shape}",
            source="array",
            remedy="For one column of values use array.reshape(-1, 1).",
        )
    return read_mapping({f"x{index}": array[:, index] for index in range(array.shape[1])}, "array")


def _arrow(values: Any, name: str, source: str) -> pa.ChunkedArray:
    """The values as Arrow holds them; missing marks of pandas and NumPy become nulls."""
    try:
        if isinstance(values, np.ndarray) and values.dtype.kind in "US":
            values = values.astype(str).tolist()
        converted = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        row, value = _odd_one(values)
        raise TableError(
            f"values of different kinds in one column (data row {row + 1} is a "
            f"{type(value).__name__})",
            source=source,
            column=name,
            value=str(value),
            remedy="Make the column all numbers, all text, all booleans or all dates.",
        ) from None
    return converted if isinstance(converted, pa.ChunkedArray) else pa.chunked_array([converted])


def _odd_one(values: Any) -> tuple[int, Any]:
    """The first value that does not fit those before it."""
    present = [(row, value) for row, value in enumerate(values) if value is not None]
    for row, value in present:
        try:
            pa.array([present[0][1], value], from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            return row, value
    return present[0]
