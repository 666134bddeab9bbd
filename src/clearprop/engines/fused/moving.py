"""Kernels that only move numbers: rows into panels and out of them, and a panel transposed.

This file knows nothing of what the numbers mean.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from clearprop.engines.fused.kernel import Integer, Pointer, index, kernel, loop
from clearprop.engines.fused.panels import panels
from clearprop.engines.fused.vector import Emitter, Vector

__all__ = ["gather_row", "scatter_row", "transpose_panel"]


def _copy_row(emit: Emitter, matrix: Any, rows: Any, columns: Any, row: Any, flat: Any, into: bool):
    builder, lanes = emit.builder, emit.kind.lanes
    with panels(emit, rows, columns) as panel:
        place = builder.add(panel.offset, builder.mul(row, panel.width))
        inside, outside = emit.address(matrix, place), emit.address(flat, panel.first)
        source, target = (outside, inside) if into else (inside, outside)
        n_whole = builder.sdiv(panel.columns, index(lanes))
        with loop(builder, n_whole) as v:
            offset = builder.mul(v, index(lanes))
            emit.store(emit.load(source, offset), target, offset)
        # Beyond the row there may be no memory to read or write.
        with loop(builder, panel.columns, start=builder.mul(n_whole, index(lanes))) as column:
            number = emit.number(source, column)
            builder.store(number, emit.address(target, column), align=emit.kind.size)


@kernel
def gather_row(
    emit: Emitter, matrix: Pointer, rows: Integer, columns: Integer, row: Integer, source: Pointer
) -> None:
    """Copy `columns` numbers from source into a row of a matrix in panels."""
    _copy_row(emit, matrix, rows, columns, row, source, into=True)


@kernel
def scatter_row(
    emit: Emitter, matrix: Pointer, rows: Integer, columns: Integer, row: Integer, target: Pointer
) -> None:
    """Copy a row of a matrix in panels to `columns` numbers at target."""
    _copy_row(emit, matrix, rows, columns, row, target, into=False)


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
    with panels(emit, rows, columns) as panel:
        with loop(builder, builder.sdiv(panel.width, index(lanes))) as v:
            column = builder.mul(v, index(lanes))
            with loop(builder, builder.sdiv(width, index(lanes))) as block:
                offset = builder.mul(block, index(lanes))
                row = builder.add(first_row, offset)
                left = builder.sub(rows, row)
                vectors = []
                for lane in range(lanes):
                    exists = builder.icmp_signed("<", index(lane), left)
                    here = builder.select(exists, builder.add(row, index(lane)), first_row)
                    place = builder.add(builder.mul(here, panel.width), column)
                    vectors.append(emit.load(matrix, builder.add(panel.offset, place)))
                inside = emit.lanes_below(left)
                first = builder.add(panel.first, column)
                for lane, vector in enumerate(_transposed(emit, vectors)):
                    at = builder.mul(builder.add(first, index(lane)), width)
                    kept = vector.where(inside, 0.0)
                    emit.store(kept, target, builder.add(at, offset))


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
