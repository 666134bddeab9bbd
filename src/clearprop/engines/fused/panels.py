"""How kernels find a row's numbers in a matrix of panels (`layout` says what panels are).

This file knows nothing of what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from clearprop.engines.fused.kernel import index, loop
from clearprop.engines.fused.target import current_target
from clearprop.engines.fused.tile_shape import shape_of
from clearprop.engines.fused.vector import Emitter

__all__ = [
    "PanelRow",
    "RowVector",
    "only_vector_of_row",
    "panel_columns",
    "panels",
    "vectors_of_row",
]


class PanelRow(NamedTuple):
    """One panel, as LLVM int64s.

    Attributes:
        first: its first column.
        columns: its columns.
        width: numbers from one of its rows to the next: its columns, padded to whole vectors.
        offset: numbers from the matrix's start to the panel's.
    """

    first: Any
    columns: Any
    width: Any
    offset: Any


class RowVector(NamedTuple):
    """One vector of a row, as LLVM values.

    Attributes:
        place: numbers from the matrix's start to it.
        inside: which of its lanes are columns of the matrix.
        column: its first column.
    """

    place: Any
    inside: Any
    column: Any


def panel_columns(emit: Emitter) -> int:
    """Columns of a whole panel: as many as a full tile is wide."""
    return shape_of(current_target()).vectors * emit.kind.lanes


@contextmanager
def panels(emit: Emitter, rows: Any, columns: Any) -> Iterator[PanelRow]:
    """Emit a loop over the panels of a matrix."""
    builder, panel = emit.builder, panel_columns(emit)
    n_panels = builder.sdiv(builder.add(columns, index(panel - 1)), index(panel))
    with loop(builder, n_panels) as p:
        first = builder.mul(p, index(panel))
        left = builder.sub(columns, first)
        padded = builder.and_(
            builder.add(left, index(emit.kind.lanes - 1)), index(-emit.kind.lanes)
        )
        whole = builder.icmp_signed(">=", left, index(panel))
        yield PanelRow(
            first,
            builder.select(whole, index(panel), left),
            builder.select(whole, index(panel), padded),
            builder.mul(first, rows),
        )


@contextmanager
def vectors_of_row(emit: Emitter, rows: Any, columns: Any, row: Any) -> Iterator[RowVector]:
    """Emit a loop over a row's vectors."""
    builder, lanes = emit.builder, emit.kind.lanes
    with panels(emit, rows, columns) as panel:
        start = builder.add(panel.offset, builder.mul(row, panel.width))
        with loop(builder, builder.sdiv(panel.width, index(lanes))) as v:
            column = builder.mul(v, index(lanes))
            inside = emit.lanes_below(builder.sub(panel.columns, column))
            yield RowVector(builder.add(start, column), inside, builder.add(panel.first, column))


@contextmanager
def only_vector_of_row(
    emit: Emitter,
    rows: Any,  # noqa: ARG001 - called like vectors_of_row
    columns: Any,
    row: Any,
) -> Iterator[RowVector]:
    """The same for a matrix of one vector's width: no loop, so that rows overlap."""
    place = emit.builder.mul(row, index(emit.kind.lanes))
    yield RowVector(place, emit.lanes_below(columns), index(0))
