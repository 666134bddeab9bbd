"""From a table's raw columns to X, as `tables.encoders` makes it, in ONNX nodes.

    numeric    a double; NaN where it is missing
    boolean    a double: 1, 0, NaN where it is missing
    category   a string, spelled as in training; "" where it is missing
    datetime   an int64: microseconds since 1970-01-01; the least int64 where it is missing

All arithmetic is in double, whatever the network's dtype. This file knows nothing of networks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from clearprop.onnx_file.graph import Graph
from clearprop.tables.encoders import (
    CALENDAR,
    MICROSECONDS_A_DAY,
    BooleanEncoder,
    CategoryEncoder,
    DatetimeEncoder,
    Encoder,
    NumericEncoder,
    circle,
)
from clearprop.tables.standardization import Standardization

__all__ = ["COLUMN_DTYPES", "MISSING_TIME", "add_column", "apply", "restore"]

COLUMN_DTYPES: dict[str, Any] = {
    "numeric": np.float64,
    "boolean": np.float64,
    "category": np.str_,
    "datetime": np.int64,
}
"""The dtype of a raw column, by the kind of its encoder."""

MISSING_TIME = np.iinfo(np.int64).min
"""What NumPy's NaT is as an int64."""

_DAYS_BEFORE_1970 = 719_468  # from 0000-03-01, where the calendar's cycles begin
_DAYS_IN_400_YEARS = 146_097


def _powered(graph: Graph, x: str, exponent: int) -> str:
    """X 2^exponent, in two steps, as 2^exponent itself may be beyond all numbers."""
    if exponent == 0:
        return x
    half = exponent // 2
    x = graph("Mul", x, graph.constant(2.0**half))
    return graph("Mul", x, graph.constant(2.0 ** (exponent - half)))


def apply(graph: Graph, standardization: Standardization, x: str) -> str:
    """`Standardization.apply`."""
    centred = graph(
        "Sub", _powered(graph, x, -standardization.shift), graph.constant(standardization.mean)
    )
    return graph("Div", centred, graph.constant(standardization.scale))


def restore(graph: Graph, standardization: Standardization, x: str) -> str:
    """`Standardization.restore`."""
    scaled = graph("Mul", x, graph.constant(standardization.scale))
    x = graph("Add", scaled, graph.constant(standardization.mean))
    return _powered(graph, x, standardization.shift)


def add_column(graph: Graph, encoder: Encoder, column: str) -> list[str]:
    """Add the nodes of one column's encoder.

    Args:
        graph: where to, of float64.
        encoder: the encoder.
        column: name of the raw column, shape (n_rows, 1).

    Returns:
        The names of its blocks of features, each of shape (n_rows, some), in their order.
    """
    if isinstance(encoder, CategoryEncoder):
        blocks, missing = _category(graph, encoder, column)
    elif isinstance(encoder, DatetimeEncoder):
        missing = graph("Equal", column, graph.integers([MISSING_TIME]))
        blocks = _datetime(graph, encoder, column, missing)
    else:
        missing = graph("IsNaN", column)
        blocks = []
        if isinstance(encoder, NumericEncoder) and encoder.standardization is not None:
            blocks = [apply(graph, encoder.standardization, column)]
        elif isinstance(encoder, BooleanEncoder) and encoder.varies:
            blocks = [column]
        blocks = [graph("Where", missing, graph.constant(0.0), block) for block in blocks]
    if encoder.marks_missing:
        blocks.append(graph.cast(missing, np.float64))
    return blocks


def _category(graph: Graph, encoder: CategoryEncoder, column: str) -> tuple[list[str], str]:
    """The one-hot block, and where the value is missing."""
    n_features = len(encoder.value_features)
    rare_feature = len(encoder.categories)
    nothing = n_features
    features = {category: i for i, category in enumerate(encoder.categories)}
    features |= dict.fromkeys(encoder.rare, rare_feature)
    features[""] = nothing + 1
    codes = graph(
        "LabelEncoder",
        column,
        domain="ai.onnx.ml",
        keys_strings=list(features),
        values_int64s=list(features.values()),
        default_int64=rare_feature if encoder.rare else nothing,
    )
    missing = graph("Equal", codes, graph.integers([nothing + 1]))
    if n_features == 0:
        return [], missing
    # (n_rows, 1) codes become (n_rows, 1, depth), of which the features are the first.
    off_on = graph.array(np.array([0.0, 1.0], np.float32))  # onnxruntime has no OneHot of doubles
    hot = graph("OneHot", codes, graph.integers(nothing + 2), off_on, axis=-1)
    flat = graph("Reshape", hot, graph.integers([-1, nothing + 2]))
    bounds = [graph.integers([number]) for number in (0, n_features, 1)]
    return [graph.cast(graph("Slice", flat, *bounds), np.float64)], missing


def _datetime(graph: Graph, encoder: DatetimeEncoder, column: str, missing: str) -> list[str]:
    # Whatever a missing value counts as is replaced at the end.
    time = graph("Where", missing, graph.integers([0]), column)
    day = graph.integers([MICROSECONDS_A_DAY])
    rest = graph("Mod", time, day)
    days = graph("Div", graph("Sub", time, rest), day)
    blocks = []
    if encoder.standardization is not None:
        part = graph("Div", graph.cast(rest, np.float64), graph.cast(day, np.float64))
        whole = graph("Add", graph.cast(days, np.float64), part)
        blocks.append(apply(graph, encoder.standardization, whole))
    for name in encoder.parts:
        if name == "month":
            position = _month(graph, days)
        elif name == "weekday":  # 1970-01-01 was a Thursday
            thursday = graph("Add", days, graph.integers([3]))
            position = graph("Mod", thursday, graph.integers([7]))
        else:
            position = graph("Div", rest, graph.integers([MICROSECONDS_A_DAY // 24]))
        points = graph("Gather", graph.constant(circle(CALENDAR[name])), position, axis=0)
        blocks.append(graph("Reshape", points, graph.integers([-1, 2])))
    return [graph("Where", missing, graph.constant(0.0), block) for block in blocks]


def _month(graph: Graph, days: str) -> str:
    """Month 0 to 11 of days since 1970-01-01, in whole numbers that are not negative.

    Years begin with March here, so that the leap day is their last.
    """

    def number(value: int) -> str:
        return graph.integers([value])

    def divided(x: str, by: int) -> str:
        return graph("Div", x, number(by))

    shifted = graph("Add", days, number(_DAYS_BEFORE_1970))
    day = graph("Mod", shifted, number(_DAYS_IN_400_YEARS))
    # Days that are no leap day of their 4, 100 and 400 years: 365 to a year.
    even = graph("Sub", day, divided(day, 1460))
    even = graph("Sub", graph("Add", even, divided(day, 36_524)), divided(day, 146_096))
    year = divided(even, 365)
    before = graph("Sub", graph("Mul", year, number(365)), divided(year, 100))
    day_of_year = graph("Sub", day, graph("Add", before, divided(year, 4)))
    # March to July, and again, have 153 days.
    fifth = graph("Add", graph("Mul", day_of_year, number(5)), number(2))
    from_march = divided(fifth, 153)
    return graph("Mod", graph("Add", from_march, number(2)), number(12))
