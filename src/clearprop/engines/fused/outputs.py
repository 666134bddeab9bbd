"""The output layer: from logits to predictions, and to losses and delta, row by row.

    delta = scale dLoss/dz        scale = factor * sample weight, per row

The elementwise outputs come from `elementwise.OUTPUT_VECTORS`; softmax, which needs whole rows, is
here. Formulas are those of `clearprop.losses`. This file knows nothing of layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from numba.core import cgutils

from clearprop.engines.fused.elementary import exp_below_zero, log1p
from clearprop.engines.fused.elementwise import OUTPUT_VECTORS, OutputVectors
from clearprop.engines.fused.kernel import Integer, Pointer, choose, index, kernel, loop
from clearprop.engines.fused.panels import RowVector, only_vector_of_row, vectors_of_row
from clearprop.engines.fused.records import OUTPUT_CODES, SEVERAL_SOFTMAX
from clearprop.engines.fused.vector import INDEX, Emitter, Vector

__all__ = ["losses_and_deltas", "predictions"]

Vectors = Callable[..., AbstractContextManager[RowVector]]
"""How to go through a row's vectors: `vectors_of_row` or `only_vector_of_row`."""

Keep = Callable[[Vector, Any, Any], None]
"""How to write a vector: itself, its place, and which lanes are meant."""


@kernel
def losses_and_deltas(
    emit: Emitter,
    z: Pointer,
    Y: Pointer,
    delta: Pointer,
    scales: Pointer,
    losses: Pointer,
    parameters: Pointer,
    rows: Integer,
    columns: Integer,
    first: Integer,
    last: Integer,
    output: Integer,
    targets: Integer,
) -> None:
    """Losses[i], and delta[i] = scales[i] dLoss/dz[i], for rows first … last - 1.

    Args:
        emit: where to.
        z: logits, panels.
        Y: targets, panels of the same shape.
        delta: panels of the same shape, written; zero in the padding.
        scales: one number per row.
        losses: one number per row, written: the row's loss, neither weighted nor scaled.
        parameters: the output's, one number per output; for several targets, their numbers of
            classes.
        rows: the panels' rows.
        columns: number of outputs.
        first: the first row.
        last: the row after the last.
        output: a code of `OUTPUT_CODES`, or `SEVERAL_SOFTMAX`.
        targets: number of targets.
    """
    builder = emit.builder

    def every_row(body: Callable[[Any, Vectors], Any]) -> None:
        def store(row: Any, vectors: Vectors) -> None:
            builder.store(body(row, vectors), emit.address(losses, row), align=emit.kind.size)

        _rows(emit, columns, first, last, store)

    def elementwise(terms: OutputVectors) -> None:
        def body(row: Any, vectors: Vectors) -> Any:
            scale = emit.load_number(scales, row)
            total = emit.variable(emit.constant(0.0))
            with vectors(emit, rows, columns, row) as (place, inside, column):
                parameter = emit.load(parameters, column)
                _, term, residual = terms(emit.load(z, place), emit.load(Y, place), parameter)
                total.set(total.get() + term.where(inside, 0.0))
                emit.store((scale * residual).where(inside, 0.0), delta, place)
            return total.get().sum()

        every_row(body)

    softmax_of = partial(_softmax_losses, emit, z, Y, delta, scales, rows, columns)

    def softmax() -> None:
        def keep(value: Vector, place: Any, _: Any) -> None:
            emit.store(value, delta, place)

        every_row(lambda row, vectors: softmax_of(row, vectors, keep))

    def several_softmax() -> None:
        def keep(value: Vector, place: Any, inside: Any) -> None:
            emit.store(value.where(inside, emit.load(delta, place)), delta, place)

        def body(row: Any, vectors: Vectors) -> Any:
            zero = emit.constant(0.0)
            with vectors(emit, rows, columns, row) as (place, _, _):
                emit.store(zero, delta, place)
            total = emit.variable(zero)
            with _every_target(emit, parameters, targets, vectors) as own:
                total.set(total.get() + emit.broadcast(softmax_of(row, own, keep)))
            return total.get().first()

        every_row(body)

    cases = [(OUTPUT_CODES["softmax"], softmax), (SEVERAL_SOFTMAX, several_softmax)]
    for name, terms in OUTPUT_VECTORS.items():
        cases.append((OUTPUT_CODES[name], partial(elementwise, terms)))
    choose(builder, output, cases)


@kernel
def predictions(
    emit: Emitter,
    z: Pointer,
    parameters: Pointer,
    rows: Integer,
    columns: Integer,
    first: Integer,
    last: Integer,
    output: Integer,
    targets: Integer,
) -> None:
    """From logits to yhat, in place, for rows first … last - 1; arguments as above."""
    builder = emit.builder

    def elementwise(terms: OutputVectors) -> None:
        def body(row: Any, vectors: Vectors) -> None:
            zero = emit.constant(0.0)
            with vectors(emit, rows, columns, row) as (place, _, _):
                yhat, _, _ = terms(emit.load(z, place), zero, zero)
                emit.store(yhat, z, place)

        _rows(emit, columns, first, last, body)

    softmax_of = partial(_softmax_predictions, emit, z, rows, columns)

    def softmax() -> None:
        def keep(value: Vector, place: Any, _: Any) -> None:
            emit.store(value, z, place)

        _rows(emit, columns, first, last, lambda row, vectors: softmax_of(row, vectors, keep))

    def several_softmax() -> None:
        def keep(value: Vector, place: Any, inside: Any) -> None:
            emit.store(value.where(inside, emit.load(z, place)), z, place)

        def body(row: Any, vectors: Vectors) -> None:
            with _every_target(emit, parameters, targets, vectors) as own:
                softmax_of(row, own, keep)

        _rows(emit, columns, first, last, body)

    cases = [(OUTPUT_CODES["softmax"], softmax), (SEVERAL_SOFTMAX, several_softmax)]
    for name, terms in OUTPUT_VECTORS.items():
        cases.append((OUTPUT_CODES[name], partial(elementwise, terms)))
    choose(builder, output, cases)


def _softmax_losses(
    emit: Emitter,
    z: Any,
    Y: Any,
    delta: Any,
    scales: Any,
    rows: Any,
    columns: Any,
    row: Any,
    vectors: Vectors,
    keep: Keep,
) -> Any:
    """One row's loss, its delta written by `keep`; of one target where `vectors` are its own."""
    largest = _largest(emit, z, rows, columns, row, vectors)
    zero = emit.constant(0.0)
    others, ties, targets, distance = (emit.variable(zero) for _ in range(4))
    with vectors(emit, rows, columns, row) as (place, inside, _):
        below = largest - emit.load(z, place)
        y = emit.load(Y, place).where(inside, 0.0)
        exponential = exp_below_zero(-below).where(inside, 0.0)
        is_largest = emit.builder.and_(below <= 0.0, inside)
        others.set(others.get() + zero.where(is_largest, exponential))
        ties.set(ties.get() + emit.constant(1.0).where(is_largest, 0.0))
        targets.set(targets.get() + y)
        distance.set(distance.get() + (y * below).where(y > 0.0, 0.0))
        keep(exponential, place, inside)
    # The largest term is left out of the sum, so that log1p keeps a small loss's digits.
    rest = emit.broadcast(others.get().sum()) + (emit.broadcast(ties.get().sum()) - 1.0)
    sum_y = emit.broadcast(targets.get().sum())
    share = sum_y / (1.0 + rest)
    scale = emit.load_number(scales, row)
    with vectors(emit, rows, columns, row) as (place, inside, _):
        y = emit.load(Y, place).where(inside, 0.0)
        residual = emit.load(delta, place).fma(share, -y)
        keep(scale * residual, place, inside)
    return (log1p(rest) * sum_y + emit.broadcast(distance.get().sum())).first()


def _softmax_predictions(
    emit: Emitter, z: Any, rows: Any, columns: Any, row: Any, vectors: Vectors, keep: Keep
) -> None:
    """One row's yhat, written by `keep`; of one target where `vectors` are its own."""
    largest = _largest(emit, z, rows, columns, row, vectors)
    total = emit.variable(emit.constant(0.0))
    with vectors(emit, rows, columns, row) as (place, inside, _):
        exponential = exp_below_zero(emit.load(z, place) - largest).where(inside, 0.0)
        total.set(total.get() + exponential)
        keep(exponential, place, inside)
    whole = emit.broadcast(total.get().sum())
    with vectors(emit, rows, columns, row) as (place, inside, _):
        keep(emit.load(z, place) / whole, place, inside)


@contextmanager
def _every_target(
    emit: Emitter, n_classes: Any, targets: Any, vectors: Vectors
) -> Iterator[Vectors]:
    """Emit a loop over the targets; gives the way through one target's outputs alone."""
    builder = emit.builder
    begin = cgutils.alloca_once_value(builder, index(0))
    with loop(builder, targets) as target:
        first = builder.load(begin)
        end = builder.add(first, builder.fptosi(emit.number(n_classes, target), INDEX))

        @contextmanager
        def own(emit: Emitter, rows: Any, columns: Any, row: Any) -> Iterator[RowVector]:
            with vectors(emit, rows, columns, row) as (place, inside, column):
                before = emit.lanes_below(builder.sub(first, column))
                until = emit.lanes_below(builder.sub(end, column))
                mine = builder.and_(inside, builder.and_(until, builder.not_(before)))
                yield RowVector(place, mine, column)

        yield own
        builder.store(end, begin)


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
    with vectors(emit, rows, columns, row) as (place, inside, _):
        here = emit.load(z, place).where(inside, -math.inf)
        largest.set(here.at_least(largest.get()))
    return emit.broadcast(largest.get().maximum())
