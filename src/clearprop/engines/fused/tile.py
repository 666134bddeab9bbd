"""The tile: a few rows of A times a few vectors of columns of B, all sums held in registers.

    C[m, n] = start[m, n] + A[m, 0] B[0, n] + A[m, 1] B[1, n] + …

Every sum is taken in the order of k, one fused multiply-add after another. So neither how a product
is cut into tiles, nor how wide the registers are, nor which thread computes what can change a bit.

The shape that fills the registers depends on the processor (`shape_of`); the tiles that are left
over at the edge have 4, 2 or 1 rows. Matrices lie in panels, see `layout`. This file knows nothing
of layers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from clearprop.engines.fused.kernel import Integer, Pointer, choose, define, index, kernel, loop
from clearprop.engines.fused.panels import panel_columns, panels
from clearprop.engines.fused.target import current_target
from clearprop.engines.fused.tile_shape import TileShape, shape_of
from clearprop.engines.fused.vector import Emitter, Variable

__all__ = ["tile_and_fetch", "tile_as_it_lies", "tile_transposed"]

_EDGE_ROWS = (4, 2, 1)
_STEPS_AT_ONCE = 4  # divides every panel
_STEPS_PER_FETCH = 4  # a whole tile's C and its two slots arrive within about 100 steps


def _variants() -> list[TileShape]:
    full = shape_of(current_target())
    rows = [full.rows, *(rows for rows in _EDGE_ROWS if rows < full.rows)]
    return [TileShape(r, v) for r in rows for v in range(1, full.vectors + 1)]


def _dispatch(
    emit: Emitter,
    name: str,
    write: Any,
    rows: Any,
    vectors: Any,
    *arguments: Any,
    narrowest: int = 1,
) -> None:
    """Call the variant for this number of rows and vectors, of the narrowest or more."""
    builder = emit.builder

    def call(shape: TileShape) -> None:
        def body(inside: Any, *parameters: Any) -> None:
            write(Emitter(inside, emit.kind), shape, *parameters)

        full_name = f"{name}_{emit.kind.name}_{shape.rows}x{shape.vectors}"
        builder.call(define(builder, full_name, arguments, body), arguments)

    code = builder.add(builder.mul(rows, index(16)), vectors)
    choose(
        builder,
        code,
        [
            (shape.rows * 16 + shape.vectors, partial(call, shape))
            for shape in _variants()
            if shape.vectors >= narrowest
        ],
    )


@kernel
def tile_as_it_lies(
    emit: Emitter,
    a: Pointer,
    first_row: Integer,
    a_rows: Integer,
    n_k: Integer,
    b: Pointer,
    start: Pointer,
    start_row: Integer,
    c: Pointer,
    times: Integer,
    rows: Integer,
    vectors: Integer,
) -> None:
    """C = start + A B for rows first_row … of A; or C *= start + A B.

    Args:
        emit: where to.
        a: A's panels, a_rows rows each, n_k columns in all.
        first_row: the first of the rows.
        a_rows: rows in each of A's panels.
        n_k: columns of A, rows of B.
        b: B's panel: n_k rows, `vectors` wide.
        start: what the sums begin with.
        start_row: numbers from one row of start to the next; 0 for the same row again.
        c: C's panel at the first row, `vectors` wide.
        times: whether the result is multiplied into what C holds.
        rows: number of rows, one of the variants'.
        vectors: width in vectors.
    """
    arguments = (a, first_row, a_rows, n_k, b, start, start_row, c, times)
    _dispatch(emit, "tile_as_it_lies", _write_as_it_lies, rows, vectors, *arguments)


@kernel
def tile_and_fetch(
    emit: Emitter,
    a: Pointer,
    first_row: Integer,
    a_rows: Integer,
    n_k: Integer,
    b: Pointer,
    start: Pointer,
    start_row: Integer,
    c: Pointer,
    times: Integer,
    ahead: Pointer,
    ahead_step: Integer,
    rows: Integer,
    vectors: Integer,
) -> None:
    """`tile_as_it_lies`, for tiles of the full width alone, and meanwhile fetch what is ahead.

    A quarter of a cache line is asked for with each column of A. Where all is near, it only costs.

    Args:
        emit: where to.
        a: as above, with all that is not named here.
        first_row: as above.
        a_rows: as above.
        n_k: as above.
        b: as above.
        start: as above.
        start_row: as above.
        c: as above.
        times: as above.
        ahead: what will be needed next, and lies far away.
        ahead_step: numbers from what is fetched with one panel of A to what is with the next.
        rows: as above.
        vectors: a full tile's width.
    """
    arguments = (a, first_row, a_rows, n_k, b, start, start_row, c, times, ahead, ahead_step)
    full = shape_of(current_target()).vectors
    _dispatch(emit, "tile_and_fetch", _write_as_it_lies, rows, vectors, *arguments, narrowest=full)


@kernel
def tile_transposed(
    emit: Emitter,
    a: Pointer,
    a_row: Integer,
    n_k: Integer,
    b: Pointer,
    start: Pointer,
    start_row: Integer,
    c: Pointer,
    ahead: Pointer,
    ahead_step: Integer,
    rows: Integer,
    vectors: Integer,
) -> None:
    """C = start + A^T B for a few columns of A.

    Args:
        emit: where to.
        a: A's panel at the first of the columns and the first row.
        a_row: numbers from one row of A to the next.
        n_k: rows of A and of B.
        b: B's panel: n_k rows, `vectors` wide.
        start: what the sums begin with.
        start_row: numbers from one row of start to the next.
        c: C's panel at the first row, `vectors` wide.
        ahead: what will be needed next, and lies far away: it is fetched meanwhile, from three
            places `ahead_step` numbers apart.
        ahead_step: see `ahead`.
        rows: number of A's columns, one of the variants'.
        vectors: width in vectors.
    """
    arguments = (a, a_row, n_k, b, start, start_row, c, ahead, ahead_step)
    _dispatch(emit, "tile_transposed", _write_transposed, rows, vectors, *arguments)


class _Sums:
    """The accumulators of one tile: memory to Python, registers after LLVM's promotion."""

    def __init__(self, emit: Emitter, shape: TileShape, start: Any, start_row: Any) -> None:
        self.emit, self.shape = emit, shape
        self.sums: dict[tuple[int, int], Variable] = {}
        for m in range(shape.rows):
            row = emit.address(start, emit.builder.mul(index(m), start_row))
            for v in range(shape.vectors):
                self.sums[m, v] = emit.variable(emit.load(row, index(v * emit.kind.lanes)))

    def add_products(self, a: list[Any], a_offset: Any, b: Any, k: Any) -> None:
        """One step of k: every sum gains A[m, k] B[k, n]."""
        emit, shape = self.emit, self.shape
        width = shape.vectors * emit.kind.lanes
        at = emit.address(b, emit.builder.mul(k, index(width)))
        row = [emit.load(at, index(v * emit.kind.lanes)) for v in range(shape.vectors)]
        for m in range(shape.rows):
            factor = emit.load_number(a[m], a_offset)
            for v in range(shape.vectors):
                total = self.sums[m, v]
                total.set(factor.fma(row[v], total.get()))

    def add_panel(
        self,
        a: Any,
        a_row: Any,
        b: Any,
        columns: Any,
        *,
        at_once: int = 1,
        ahead: Any | None = None,
    ) -> None:
        """A panel of A, its rows a_row numbers apart, times B; at_once divides its columns.

        A line of `ahead` is fetched every fourth time, but asked for each time, without counting.
        """
        emit, builder = self.emit, self.emit.builder
        rows = [emit.address(a, builder.mul(index(m), a_row)) for m in range(self.shape.rows)]
        with loop(builder, builder.sdiv(columns, index(at_once))) as n:
            if ahead is not None:
                emit.prefetch(ahead, builder.mul(n, index(emit.kind.lanes // 4)))
            first = builder.mul(n, index(at_once))
            for step in range(at_once):
                k = builder.add(first, index(step))
                self.add_products(rows, k, b, k)

    def store(self, c: Any, *, times: bool = False) -> None:
        """Write the sums to C, or multiply them into it."""
        emit = self.emit
        for (m, v), variable in self.sums.items():
            place = index((m * self.shape.vectors + v) * emit.kind.lanes)
            total = variable.get()
            emit.store(total * emit.load(c, place) if times else total, c, place)


def _write_as_it_lies(
    emit: Emitter,
    shape: TileShape,
    a: Any,
    first_row: Any,
    a_rows: Any,
    n_k: Any,
    b: Any,
    start: Any,
    start_row: Any,
    c: Any,
    times: Any,
    ahead: Any | None = None,
    ahead_step: Any | None = None,
) -> None:
    builder = emit.builder
    width = shape.vectors * emit.kind.lanes
    sums = _Sums(emit, shape, start, start_row)
    whole = index(panel_columns(emit))
    with panels(emit, a_rows, n_k) as panel:
        top = emit.address(a, panel.offset)
        a_here = emit.address(top, builder.mul(first_row, panel.width))
        b_here = emit.address(b, builder.mul(panel.first, index(width)))
        if shape.vectors == shape_of(current_target()).vectors:
            there = None
            if ahead is not None:
                place = builder.mul(builder.sdiv(panel.first, whole), ahead_step)
                there = emit.address(ahead, place)
            sums.add_panel(a_here, panel.width, b_here, panel.columns, ahead=there)
        else:
            # Narrow tiles do too little to hide arithmetic on addresses: here the rows' are known.
            is_whole = builder.icmp_signed("==", panel.columns, whole)
            with builder.if_else(is_whole) as (then, otherwise):
                with then:
                    sums.add_panel(a_here, whole, b_here, whole, at_once=_STEPS_AT_ONCE)
                with otherwise:
                    sums.add_panel(a_here, panel.width, b_here, panel.columns)
    with builder.if_else(builder.icmp_signed("!=", times, index(0))) as (then, otherwise):
        with then:
            sums.store(c, times=True)
        with otherwise:
            sums.store(c)


def _write_transposed(
    emit: Emitter,
    shape: TileShape,
    a: Any,
    a_row: Any,
    n_k: Any,
    b: Any,
    start: Any,
    start_row: Any,
    c: Any,
    ahead: Any,
    ahead_step: Any,
) -> None:
    builder = emit.builder
    sums = _Sums(emit, shape, start, start_row)
    columns = [emit.address(a, index(m)) for m in range(shape.rows)]

    def step(k: Any) -> None:
        sums.add_products(columns, builder.mul(k, a_row), b, k)

    n_rounds = builder.sdiv(n_k, index(_STEPS_PER_FETCH))
    with loop(builder, n_rounds) as n:
        line = builder.mul(n, index(emit.kind.lanes))
        for place in range(3):
            emit.prefetch(ahead, builder.add(line, builder.mul(index(place), ahead_step)))
        first = builder.mul(n, index(_STEPS_PER_FETCH))
        for k in range(_STEPS_PER_FETCH):
            step(builder.add(first, index(k)))
    with loop(builder, n_k, start=builder.mul(n_rounds, index(_STEPS_PER_FETCH))) as k:
        step(k)
    sums.store(c)
