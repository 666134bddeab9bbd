"""Kernels along rows: activations, dropout, sums down the columns, products with sparse rows.

This file knows nothing of layers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir

from clearprop.dropout import GAMMA, MIX
from clearprop.engines.fused.elementwise import ACTIVATION_VECTORS
from clearprop.engines.fused.kernel import Integer, Pointer, choose, index, kernel, loop
from clearprop.engines.fused.records import ACTIVATION_CODES
from clearprop.engines.fused.vector import INDEX, Emitter, Vector

__all__ = [
    "activate",
    "activate_only",
    "add_scaled_rows",
    "add_to_rows",
    "drop",
    "fill_zeros",
    "sum_rows",
]


def _activations(emit: Emitter, z: Any, n: Any, activation: Any, keep: Callable[..., None]) -> None:
    lanes = index(emit.kind.lanes)

    def case(function: Callable[[Vector], tuple[Vector, Vector]]) -> None:
        with loop(emit.builder, emit.builder.sdiv(n, lanes)) as v:
            place = emit.builder.mul(v, lanes)
            h, sigma_prime = function(emit.load(z, place))
            emit.store(h, z, place)
            keep(sigma_prime, place)

    cases = [
        (code, partial(case, ACTIVATION_VECTORS[name])) for name, code in ACTIVATION_CODES.items()
    ]
    choose(emit.builder, activation, cases)


@kernel
def activate(
    emit: Emitter, z: Pointer, sigma_prime: Pointer, n: Integer, activation: Integer
) -> None:
    """Sigma'(z) beside, then h = sigma(z) in the place of n numbers z (whole vectors)."""
    _activations(emit, z, n, activation, lambda d, place: emit.store(d, sigma_prime, place))


@kernel
def activate_only(emit: Emitter, z: Pointer, n: Integer, activation: Integer) -> None:
    """H = sigma(z) in the place of n numbers z (whole vectors)."""
    _activations(emit, z, n, activation, lambda *_: None)


@kernel
def drop(
    emit: Emitter,
    h: Pointer,
    sigma_prime: Pointer,
    scale: Pointer,
    rows: Integer,
    vectors: Integer,
    row: Integer,
    column: Integer,
    columns: Integer,
    seed: Integer,
    update: Integer,
    layer: Integer,
    keep_below: Integer,
) -> None:
    """H and sigma' times `dropout.dropout_scales`, both `rows` rows of `vectors` vectors.

    Args:
        emit: where to.
        h: activations, changed.
        sigma_prime: beside them, changed.
        scale: what a kept one is multiplied by.
        rows: number of rows.
        vectors: width in vectors.
        row: the first row's place in the batch.
        column: the first column's place in the layer.
        columns: of the layer.
        seed: of the run.
        update: number of updates made before.
        layer: number of the layer.
        keep_below: random numbers of units that are kept, as bits.
    """
    builder, lanes = emit.builder, emit.kind.lanes
    key = seed
    for counter in (update, layer):
        key = _mixed(builder, _counted(builder, key, builder.add(counter, index(1))))
    by, zero = emit.load_number(scale, index(0)), emit.constant(0.0)
    limit = _every_lane(builder, keep_below, lanes)
    ahead = ir.Constant(limit.type, [ir.Constant(INDEX, lane + 1) for lane in range(lanes)])
    with loop(builder, rows) as r, loop(builder, vectors) as v:
        first = builder.mul(v, index(lanes))
        unit = builder.mul(builder.add(row, r), columns)
        unit = builder.add(builder.add(unit, column), first)
        counter = builder.add(_every_lane(builder, unit, lanes), ahead)
        number = _mixed(builder, _counted(builder, _every_lane(builder, key, lanes), counter))
        scales = by.where(builder.icmp_unsigned("<", number, limit), zero)
        place = builder.add(builder.mul(builder.mul(r, vectors), index(lanes)), first)
        for numbers in (h, sigma_prime):
            emit.store(scales * emit.load(numbers, place), numbers, place)


def _counted(builder: Any, key: Any, counter: Any) -> Any:
    """Key + counter gamma."""
    return builder.add(key, builder.mul(counter, _constant(key, GAMMA)))


def _mixed(builder: Any, x: Any) -> Any:
    """SplitMix64's rounds, as in `clearprop.dropout`."""
    for shift, factor in MIX:
        shifted = builder.lshr(x, _constant(x, shift))
        x = builder.mul(builder.xor(x, shifted), _constant(x, factor))
    return x


def _constant(like: Any, value: int) -> Any:
    """A number, or a vector of it, as `like` is."""
    if isinstance(like.type, ir.VectorType):
        return ir.Constant(like.type, [ir.Constant(INDEX, value)] * like.type.count)
    return index(value)


def _every_lane(builder: Any, number: Any, lanes: int) -> Any:
    """An int64 in every lane."""
    undefined = ir.Constant(ir.VectorType(INDEX, lanes), ir.Undefined)
    first = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
    return builder.shuffle_vector(first, undefined, zeros)


@kernel
def sum_rows(
    emit: Emitter, source: Pointer, start: Pointer, target: Pointer, rows: Integer, vectors: Integer
) -> None:
    """Target = start + the sum of source's rows, in their order; each `vectors` wide."""
    builder, lanes = emit.builder, emit.kind.lanes
    width = builder.mul(vectors, index(lanes))
    with loop(builder, vectors) as v:
        column = builder.mul(v, index(lanes))
        total = emit.variable(emit.load(start, column))
        with loop(builder, rows) as row:
            place = builder.add(builder.mul(row, width), column)
            total.set(total.get() + emit.load(source, place))
        emit.store(total.get(), target, column)


@kernel
def fill_zeros(emit: Emitter, target: Pointer, n: Integer) -> None:
    """N zeros, whole vectors."""
    lanes = index(emit.kind.lanes)
    with loop(emit.builder, emit.builder.sdiv(n, lanes)) as v:
        emit.store(emit.constant(0.0), target, emit.builder.mul(v, lanes))


def _entry(emit: Emitter, columns: Any, n: Any) -> Any:
    """The n-th int32 of a list of column numbers, as int64."""
    number = ir.IntType(32)
    at = emit.builder.inttoptr(columns, ir.PointerType(number))
    at = emit.builder.gep(at, [n], source_etype=number)
    return emit.builder.sext(emit.builder.load(at, typ=number), ir.IntType(64))


@kernel
def add_scaled_rows(
    emit: Emitter,
    values: Pointer,
    columns: Integer,
    first: Integer,
    last: Integer,
    W: Pointer,
    start: Pointer,
    target: Pointer,
    vectors: Integer,
) -> None:
    """Target = start + sum of values[n] W[columns[n]], n = first … last - 1: a sparse row times W.

    Args:
        emit: where to.
        values: the row's entries that are not zero.
        columns: address of their int32 columns.
        first: the row's first entry.
        last: the entry after its last.
        W: one panel, `vectors` wide.
        start: one row.
        target: one row.
        vectors: width in vectors.
    """
    builder, lanes = emit.builder, emit.kind.lanes
    width = builder.mul(vectors, index(lanes))
    with loop(builder, vectors) as v:
        column = builder.mul(v, index(lanes))
        total = emit.variable(emit.load(start, column))
        with loop(builder, last, start=first) as n:
            place = builder.add(builder.mul(_entry(emit, columns, n), width), column)
            value = emit.load_number(values, n)
            total.set(value.fma(emit.load(W, place), total.get()))
        emit.store(total.get(), target, column)


@kernel
def add_to_rows(
    emit: Emitter,
    values: Pointer,
    columns: Integer,
    first: Integer,
    last: Integer,
    delta: Pointer,
    dW: Pointer,
    vectors: Integer,
) -> None:
    """dW[columns[n]] += values[n] delta, n = first … last - 1; arguments as above."""
    builder, lanes = emit.builder, emit.kind.lanes
    width = builder.mul(vectors, index(lanes))
    with loop(builder, vectors) as v:
        column = builder.mul(v, index(lanes))
        here = emit.load(delta, column)
        with loop(builder, last, start=first) as n:
            place = builder.add(builder.mul(_entry(emit, columns, n), width), column)
            value = emit.load_number(values, n)
            emit.store(value.fma(here, emit.load(dW, place)), dW, place)
