"""Hypothesis strategies: tables of every kind of column, with gaps."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from clearprop.tables.table import Table

from .build import column

MEASURES = st.floats(-1e6, 1e6, allow_nan=False)
VALUES = {
    float: MEASURES | st.sampled_from([0.0, -0.0, 1e300, -1e30, 5e-324]),
    int: st.integers(-5, 5) | st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    str: st.sampled_from(["red", "blue", "green", "7", "x=y", "é"]),
    datetime: st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
}


@st.composite
def tables(draw, min_rows: int = 2) -> Table:
    """One to five columns; the first is a measure that varies, so that something can be used."""
    n_rows = draw(st.integers(min_rows, 12))
    first = draw(st.lists(MEASURES, min_size=n_rows, max_size=n_rows, unique=True))
    columns = {"first": column("first", first)}
    for i, kind in enumerate(draw(st.lists(st.sampled_from(list(VALUES)), max_size=4))):
        value = st.none() | VALUES[kind]
        values = draw(st.lists(value, min_size=n_rows, max_size=n_rows))
        columns[f"column {i}"] = column(f"column {i}", values, kind)
    return Table("t.csv", columns, n_rows, first_line=2)
