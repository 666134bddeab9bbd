"""Kernels that only move numbers: rows into panels and out of them, and a panel transposed.

This file knows nothing of what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from clearprop.engines.fused.kernel import Integer, Pointer, index, kernel, loop
from clearprop.engines.fused.panels import panels
from clearprop.engines.fused.vector import INDEX, Emitter, Vector

__all__ = ["gather_rows", "scatter_rows", "transpose_panel"]


@kernel
def gather_rows(
    emit: Emitter,
    matrix: Pointer,
    rows: Integer,
    columns: Integer,
    source: Pointer,
    samples: Integer,
    part: Integer,
    first: Integer,
    last: Integer,
) -> None:
    """Rows first … last - 1 of a matrix: the source's rows samples[part + first] and so on.

    Args:
        emit: where to.
        matrix: in panels, written.
        rows: the panels' rows.
        columns: its and the source's columns.
        source: row-major.
        samples: address of int64 row numbers; 0 takes the rows as they lie.
        part: what is added to a row before it is looked up.
        first: the first row.
        last: the row after the last.
    """
    builder, lanes = emit.builder, index(emit.kind.lanes)

    def move(numbers_at: Any, place: Any, inside: Any) -> None:
        # Beyond the row there may be no memory to read.
        emit.store(emit.load_where(inside, source, numbers_at), matrix, place)

    def every_row(body: Callable[[Any, Any], None]) -> None:
        with loop(builder, last, start=first) as row:
            sample = _sample(emit, samples, builder.add(part, row))
            body(row, builder.mul(sample, columns))

    def one_vector(row: Any, start: Any) -> None:
        move(start, builder.mul(row, lanes), only)

    def vectors(row: Any, start: Any) -> None:
        # A row after another: the processor fetches ahead along the source's rows.
        with panels(emit, rows, columns) as panel:
            here = builder.add(start, panel.first)
            place = builder.add(panel.offset, builder.mul(row, panel.width))
            with loop(builder, builder.sdiv(panel.width, lanes)) as v:
                offset = builder.mul(v, lanes)
                inside = emit.lanes_below(builder.sub(panel.columns, offset))
                move(builder.add(here, offset), builder.add(place, offset), inside)

    only = emit.lanes_below(columns)
    is_narrow = builder.icmp_signed("<=", columns, lanes)
    with builder.if_else(is_narrow) as (narrow, wide):
        with narrow:
            every_row(one_vector)
        with wide:
            every_row(vectors)


def _sample(emit: Emitter, samples: Any, row: Any) -> Any:
    """Samples[row], or row where there are none."""
    builder = emit.builder
    given = builder.icmp_signed("!=", samples, index(0))
    number = cgutils.alloca_once_value(builder, row)
    with builder.if_then(given):
        at = builder.inttoptr(samples, ir.PointerType(INDEX))
        listed = builder.load(builder.gep(at, [row], source_etype=INDEX), typ=INDEX)
        builder.store(listed, number)
    return builder.load(number, typ=INDEX)


@kernel
def scatter_rows(
    emit: Emitter,
    matrix: Pointer,
    rows: Integer,
    columns: Integer,
    target: Pointer,
    first: Integer,
    last: Integer,
) -> None:
    """Rows first … last - 1 of a matrix in panels, to the same rows of a row-major target."""
    builder = emit.builder
    with panels(emit, rows, columns) as panel, loop(builder, last, start=first) as row:
        here = builder.add(builder.mul(row, columns), panel.first)
        place = builder.add(panel.offset, builder.mul(row, panel.width))
        with loop(builder, builder.sdiv(panel.width, index(emit.kind.lanes))) as v:
            offset = builder.mul(v, index(emit.kind.lanes))
            inside = emit.lanes_below(builder.sub(panel.columns, offset))
            numbers = emit.load(matrix, builder.add(place, offset))
            emit.store_where(inside, numbers, target, builder.add(here, offset))


@kernel
def transpose_panel(
    emit: Emitter,
    matrix: Pointer,
    rows: Integer,
    columns: Integer,
    first_row: Integer,
    width: Integer,
    target: Pointer,
) -> None:
    """Target[n, k] = matrix[first_row + k, n] for all columns n and k = 0 … width - 1.

    Args:
        emit: where to.
        matrix: in panels.
        rows: its rows; beyond the last, zeros are taken.
        columns: its columns.
        first_row: where the panel begins.
        width: whole vectors.
        target: one panel of `columns` rows (padded to whole vectors), `width` wide.
    """
    builder, lanes = emit.builder, emit.kind.lanes
    with (
        panels(emit, rows, columns) as panel,
        loop(builder, builder.sdiv(panel.width, index(lanes))) as v,
    ):
        column = builder.mul(v, index(lanes))
        with loop(builder, builder.sdiv(width, index(lanes))) as block:
            offset = builder.mul(block, index(lanes))
            row = builder.add(first_row, offset)
            left = builder.sub(rows, row)
            start = builder.add(panel.offset, builder.add(builder.mul(row, panel.width), column))
            first = builder.mul(builder.add(panel.first, column), width)
            source = emit.address(matrix, start)
            goal = emit.address(target, builder.add(first, offset))
            is_whole = builder.icmp_signed(">=", left, index(lanes))
            with builder.if_else(is_whole) as (whole, rest):
                with whole:
                    _transpose_square(emit, source, panel.width, goal, width)
                with rest:
                    columns_left = builder.sub(panel.columns, column)
                    _transpose_rest(emit, source, panel.width, left, columns_left, goal, width)


def _transpose_square(
    emit: Emitter, source: Any, source_row: Any, target: Any, target_row: Any
) -> None:
    """As many rows as a vector is wide, of one vector each."""
    builder, lanes = emit.builder, range(emit.kind.lanes)
    vectors = [emit.load(source, builder.mul(index(lane), source_row)) for lane in lanes]
    for lane, vector in zip(lanes, _transposed(emit, vectors), strict=True):
        emit.store(vector, target, builder.mul(index(lane), target_row))


def _transpose_rest(
    emit: Emitter,
    source: Any,
    source_row: Any,
    rows: Any,
    columns: Any,
    target: Any,
    target_row: Any,
) -> None:
    """Fewer rows, number by number; zeros after them."""
    builder, lanes = emit.builder, index(emit.kind.lanes)
    fewer = builder.icmp_signed("<", columns, lanes)
    with loop(builder, builder.select(fewer, columns, lanes)) as column:
        goal = emit.address(target, builder.mul(column, target_row))
        emit.store(emit.constant(0.0), goal)
        with loop(builder, rows) as row:
            place = builder.add(builder.mul(row, source_row), column)
            number = emit.number(source, place)
            builder.store(number, emit.address(goal, row), align=emit.kind.size)


def _transposed(emit: Emitter, vectors: list[Vector]) -> list[Vector]:
    """Exchange ever larger halves of pairs of vectors, in log2(lanes) rounds."""
    lanes, number = emit.kind.lanes, ir.IntType(32)
    rows = [vector.value for vector in vectors]
    distance = 1
    while distance < lanes:
        keep = [n if not n & distance else lanes + n - distance for n in range(lanes)]
        swap = [n + distance if not n & distance else lanes + n for n in range(lanes)]
        masks = [
            ir.Constant(ir.VectorType(number, lanes), [ir.Constant(number, n) for n in order])
            for order in (keep, swap)
        ]
        for n in range(lanes):
            if not n & distance:
                pair = rows[n], rows[n + distance]
                rows[n], rows[n + distance] = (
                    emit.builder.shuffle_vector(*pair, mask) for mask in masks
                )
        distance *= 2
    return [Vector(emit, row) for row in rows]
