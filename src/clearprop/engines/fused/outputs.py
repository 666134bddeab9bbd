"""The output layer: from logits to predictions, and to losses and delta, row by row.

    delta = scale (yhat - y)        scale = factor * sample weight, per row

The elementwise outputs come from `elementwise.OUTPUT_VECTORS`; softmax, which needs whole rows, is
here. Formulas are those of `clearprop.losses`. This file knows nothing of layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from clearprop.engines.fused.elementary import exp_below_zero, log1p
from clearprop.engines.fused.elementwise import OUTPUT_VECTORS
from clearprop.engines.fused.kernel import Integer, Pointer, choose, index, kernel, loop
from clearprop.engines.fused.panels import only_vector_of_row, vectors_of_row
from clearprop.engines.fused.records import OUTPUT_CODES
from clearprop.engines.fused.vector import Emitter, Vector

__all__ = ["losses_and_deltas", "predictions"]

Vectors = Callable[..., AbstractContextManager[tuple[Any, Any]]]
"""How to go through a row's vectors: `vectors_of_row` or `only_vector_of_row`."""


@kernel
def losses_and_deltas(
    emit: Emitter,
    z: Pointer,
    Y: Pointer,
    delta: Pointer,
    scales: Pointer,
    losses: Pointer,
    rows: Integer,
    columns: Integer,
    first: Integer,
    last: Integer,
    output: Integer,
) -> None:
    """Losses[i], and delta[i] = scales[i] dLoss/dz[i], for rows first … last - 1.

    Args:
        emit: where to.
        z: logits, panels.
        Y: targets, panels of the same shape.
        delta: panels of the same shape, written; zero in the padding.
        scales: one number per row.
        losses: one number per row, written: the row's loss, neither weighted nor scaled.
        rows: the panels' rows.
        columns: number of outputs.
        first: the first row.
        last: the row after the last.
        output: a code of `OUTPUT_CODES`.
    """
    builder = emit.builder

    def every_row(body: Callable[[Any, Vectors], Any]) -> None:
        def store(row: Any, vectors: Vectors) -> None:
            builder.store(body(row, vectors), emit.address(losses, row), align=emit.kind.size)

        _rows(emit, columns, first, last, store)

    def elementwise(terms: Callable[[Vector, Vector], tuple[Vector, Vector]]) -> None:
        def body(row: Any, vectors: Vectors) -> Any:
            scale = emit.load_number(scales, row)
            total = emit.variable(emit.constant(0.0))
            with vectors(emit, rows, columns, row) as (place, inside):
                y = emit.load(Y, place)
                yhat, term = terms(emit.load(z, place), y)
                total.set(total.get() + term.where(inside, 0.0))
                emit.store((scale * (yhat - y)).where(inside, 0.0), delta, place)
            return total.get().sum()

        every_row(body)

    def softmax() -> None:
        def body(row: Any, vectors: Vectors) -> Any:
            largest = _largest(emit, z, rows, columns, row, vectors)
            zero = emit.constant(0.0)
            others, ties, targets, distance = (emit.variable(zero) for _ in range(4))
            with vectors(emit, rows, columns, row) as (place, inside):
                below = largest - emit.load(z, place)
                y = emit.load(Y, place).where(inside, 0.0)
                exponential = exp_below_zero(-below).where(inside, 0.0)
                is_largest = builder.and_(below <= 0.0, inside)
                others.set(others.get() + zero.where(is_largest, exponential))
                ties.set(ties.get() + emit.constant(1.0).where(is_largest, 0.0))
                targets.set(targets.get() + y)
                distance.set(distance.get() + (y * below).where(y > 0.0, 0.0))
                emit.store(exponential, delta, place)
            # The largest term is left out of the sum, so that log1p keeps a small loss's digits.
            rest = emit.broadcast(others.get().sum()) + (emit.broadcast(ties.get().sum()) - 1.0)
            sum_y = emit.broadcast(targets.get().sum())
            share = sum_y / (1.0 + rest)
            scale = emit.load_number(scales, row)
            with vectors(emit, rows, columns, row) as (place, inside):
                y = emit.load(Y, place).where(inside, 0.0)
                residual = emit.load(delta, place).fma(share, -y)
                emit.store(scale * residual, delta, place)
            return (log1p(rest) * sum_y + emit.broadcast(distance.get().sum())).first()

        every_row(body)

    cases = [(OUTPUT_CODES["softmax"], softmax)]
    for name, terms in OUTPUT_VECTORS.items():
        cases.append((OUTPUT_CODES[name], partial(elementwise, terms)))
    choose(builder, output, cases)


@kernel
def predictions(
    emit: Emitter,
    z: Pointer,
    rows: Integer,
    columns: Integer,
    first: Integer,
    last: Integer,
    output: Integer,
) -> None:
    """From logits to yhat, in place, for rows first … last - 1; arguments as above."""
    builder = emit.builder

    def elementwise(terms: Callable[[Vector, Vector], tuple[Vector, Vector]]) -> None:
        def body(row: Any, vectors: Vectors) -> None:
            with vectors(emit, rows, columns, row) as (place, _):
                yhat, _ = terms(emit.load(z, place), emit.constant(0.0))
                emit.store(yhat, z, place)

        _rows(emit, columns, first, last, body)

    def softmax() -> None:
        def body(row: Any, vectors: Vectors) -> None:
            largest = _largest(emit, z, rows, columns, row, vectors)
            total = emit.variable(emit.constant(0.0))
            with vectors(emit, rows, columns, row) as (place, inside):
                exponential = exp_below_zero(emit.load(z, place) - largest).where(inside, 0.0)
                total.set(total.get() + exponential)
                emit.store(exponential, z, place)
            whole = emit.broadcast(total.get().sum())
            with vectors(emit, rows, columns, row) as (place, _):
                emit.store(emit.load(z, place) / whole, z, place)

        _rows(emit, columns, first, last, body)

    cases = [(OUTPUT_CODES["softmax"], softmax)]
    for name, terms in OUTPUT_VECTORS.items():
        cases.append((OUTPUT_CODES[name], partial(elementwise, terms)))
    choose(builder, output, cases)


def _rows(
    emit: Emitter, columns: Any, first: Any, last: Any, body: Callable[[Any, Vectors], Any]
) -> None:
    """Emit body for every row, once for outputs as wide as one vector and once for wider ones."""
    builder = emit.builder
    is_narrow = builder.icmp_signed("<=", columns, index(emit.kind.lanes))
    with builder.if_else(is_narrow) as (narrow, wide):
        for case, vectors in ((narrow, only_vector_of_row), (wide, vectors_of_row)):
            with case, loop(builder, last, start=first) as row:
                body(row, vectors)


def _largest(emit: Emitter, z: Any, rows: Any, columns: Any, row: Any, vectors: Vectors) -> Vector:
    largest = emit.variable(emit.constant(-math.inf))
    with vectors(emit, rows, columns, row) as (place, inside):
        here = emit.load(z, place).where(inside, -math.inf)
        largest.set(here.at_least(largest.get()))
    return emit.broadcast(largest.get().maximum())
