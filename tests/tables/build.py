"""Short ways to write tables in tests: None is a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from clearprop.tables.table import Column, Table

DTYPES = {bool: "bool", int: "int64", float: "float64"}


def column(name: str, values: Sequence[object], kind: type | None = None) -> Column:
    """A column of the values' type; `kind` for one without any value."""
    missing = np.array([value is None for value in values], dtype=bool)
    present = [value for value in values if value is not None]
    kind = kind or type(present[0])
    if kind is str:
        categories = tuple(dict.fromkeys(present))
        codes = [-1 if value is None else categories.index(value) for value in values]
        return Column(name, np.array(codes, dtype=np.int32), missing, categories)
    if kind is datetime:
        times = [np.datetime64("NaT" if value is None else value, "us") for value in values]
        return Column(name, np.array(times, dtype="datetime64[us]"), missing)
    filler = float("nan") if kind is float else kind(0)
    filled = [filler if value is None else value for value in values]
    return Column(name, np.array(filled, dtype=DTYPES[kind]), missing)


def table(**columns: Sequence[object]) -> Table:
    """A table as read from "t.csv", its header on line 1."""
    built = {name: column(name, values) for name, values in columns.items()}
    return Table("t.csv", built, n_rows=len(next(iter(columns.values()))), first_line=2)
