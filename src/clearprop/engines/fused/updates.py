"""The optimizers of `clearprop.optimizers` on vectors, one table, and the kernel that applies them.

    dw = dw + l2 w        w, slots = step(w, dw, slots)        squares = sum of w^2

This file knows nothing of layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from clearprop.engines.fused.kernel import Integer, Pointer, choose, index, kernel, loop
from clearprop.engines.fused.reciprocal import reciprocal_square_root
from clearprop.engines.fused.records import CONSTANTS, OPTIMIZER_CODES
from clearprop.engines.fused.vector import Emitter, Vector

__all__ = ["UPDATE_VECTORS", "add_penalty", "scale", "sum_squares", "update"]

Numbers = dict[str, Vector]
Step = Callable[[Numbers, Vector, Vector, list[Vector]], tuple[Vector, list[Vector]]]


def _sgd(k: Numbers, w: Vector, dw: Vector, slots: list[Vector]) -> tuple[Vector, list[Vector]]:
    return (-k["rate"]).fma(dw, w), slots


def _momentum(
    k: Numbers, w: Vector, dw: Vector, slots: list[Vector]
) -> tuple[Vector, list[Vector]]:
    velocity = k["beta_1"].fma(slots[0], -(k["rate"] * dw))
    return w + velocity, [velocity]


def _nesterov(
    k: Numbers, w: Vector, dw: Vector, slots: list[Vector]
) -> tuple[Vector, list[Vector]]:
    step = k["rate"] * dw
    velocity = k["beta_1"].fma(slots[0], -step)
    return w + k["beta_1"].fma(velocity, -step), [velocity]


def _adam(k: Numbers, w: Vector, dw: Vector, slots: list[Vector]) -> tuple[Vector, list[Vector]]:
    mean = _mean(k, dw, slots[0])
    mean_square, root = _mean_square(k, dw, slots[1])
    return w - k["rate"] * mean / (root + k["epsilon"]), [mean, mean_square]


def _adamw(k: Numbers, w: Vector, dw: Vector, slots: list[Vector]) -> tuple[Vector, list[Vector]]:
    return _adam(k, w * k["keep"], dw, slots)


def _rmsprop(k: Numbers, w: Vector, dw: Vector, slots: list[Vector]) -> tuple[Vector, list[Vector]]:
    mean_square, root = _mean_square(k, dw, slots[0])
    return w - k["rate"] * dw / (root + k["epsilon"]), [mean_square]


def _nadam(k: Numbers, w: Vector, dw: Vector, slots: list[Vector]) -> tuple[Vector, list[Vector]]:
    mean = _mean(k, dw, slots[0])
    mean_square, root = _mean_square(k, dw, slots[1])
    ahead = k["mean_share"].fma(mean, k["one_minus_beta_1"] * dw)
    return w - k["rate"] * ahead / (root + k["epsilon"]), [mean, mean_square]


def _mean(k: Numbers, dw: Vector, mean: Vector) -> Vector:
    return _flushed(k["beta_1"].fma(mean, k["one_minus_beta_1"] * dw))


def _mean_square(k: Numbers, dw: Vector, mean_square: Vector) -> tuple[Vector, Vector]:
    """The mean of the squared gradients, and its root."""
    mean_square = k["beta_2"].fma(mean_square, k["one_minus_beta_2"] * (dw * dw))
    # Never 0, so that its root can be divided by; the root of this is far below any epsilon, and
    # what decays from it is still a normal number.
    mean_square = mean_square.at_least(_smallest_normal(dw) * 2.0**24)
    return mean_square, mean_square * reciprocal_square_root(mean_square)


def _smallest_normal(like: Vector) -> float:
    return float(np.finfo(like.emitter.kind.dtype).tiny)


def _flushed(state: Vector) -> Vector:
    """Zero for what has decayed below the normal numbers: processors take far longer over those."""
    zero = state.emitter.constant(0.0)
    return zero.where(state.absolute() < _smallest_normal(state), state)


UPDATE_VECTORS: dict[str, tuple[int, Step]] = {
    "SGD": (0, _sgd),
    "Momentum": (1, _momentum),
    "Nesterov": (1, _nesterov),
    "RMSprop": (1, _rmsprop),
    "Adam": (2, _adam),
    "AdamW": (2, _adamw),
    "Nadam": (2, _nadam),
}
"""By optimizer: how many slots it has, and its step from (numbers, w, dw, slots) to (w, slots)."""


@kernel
def update(
    emit: Emitter,
    dw: Pointer,
    w: Pointer,
    slot: Integer,
    constants: Pointer,
    squares: Pointer,
    rows: Integer,
    vectors: Integer,
    optimizer: Integer,
) -> None:
    """Step `rows` rows of parameters, each `vectors` wide, one after another in memory.

    Args:
        emit: where to.
        dw: their gradient, the same shape.
        w: the parameters, changed.
        slot: numbers from a parameter to its first slot, and from there to the next.
        constants: the numbers of `CONSTANTS`.
        squares: one row, written: the sums of the squares of the new w, row by row.
        rows: number of rows.
        vectors: width in vectors.
        optimizer: a code of `OPTIMIZER_CODES`.
    """
    builder = emit.builder
    k = {name: emit.load_number(constants, index(n)) for n, name in enumerate(CONSTANTS)}

    def steps(n_slots: int, step: Step) -> None:
        def body(place: Any) -> Vector:
            old = emit.load(w, place)
            places = [builder.add(place, builder.mul(slot, index(n + 1))) for n in range(n_slots)]
            penalised = k["l2"].fma(old, emit.load(dw, place))
            new, states = step(k, old, penalised, [emit.load(w, at) for at in places])
            emit.store(new, w, place)
            for state, at in zip(states, places, strict=True):
                emit.store(state, w, at)
            return new

        _sum_squares(emit, squares, rows, vectors, body)

    cases = [
        (code, lambda row=UPDATE_VECTORS[name]: steps(*row))
        for name, code in OPTIMIZER_CODES.items()
    ]
    choose(builder, optimizer, cases)


@kernel
def sum_squares(
    emit: Emitter, w: Pointer, squares: Pointer, rows: Integer, vectors: Integer
) -> None:
    """The sums of the squares of `rows` rows of w, in the order in which `update` takes them."""
    _sum_squares(emit, squares, rows, vectors, lambda place: emit.load(w, place))


def _sum_squares(
    emit: Emitter, squares: Any, rows: Any, vectors: Any, number: Callable[[Any], Vector]
) -> None:
    builder, lanes = emit.builder, emit.kind.lanes
    width = builder.mul(vectors, index(lanes))
    with loop(builder, vectors) as v:
        column = builder.mul(v, index(lanes))
        total = emit.variable(emit.constant(0.0))
        with loop(builder, rows) as row:
            w = number(builder.add(builder.mul(row, width), column))
            total.set(w.fma(w, total.get()))
        emit.store(total.get(), squares, column)


@kernel
def add_penalty(emit: Emitter, dw: Pointer, w: Pointer, constants: Pointer, n: Integer) -> None:
    """Dw = dw + l2 w for n numbers, whole vectors."""
    l2 = emit.load_number(constants, index(CONSTANTS.index("l2")))
    with loop(emit.builder, emit.builder.sdiv(n, index(emit.kind.lanes))) as v:
        place = emit.builder.mul(v, index(emit.kind.lanes))
        emit.store(l2.fma(emit.load(w, place), emit.load(dw, place)), dw, place)


@kernel
def scale(emit: Emitter, dw: Pointer, factor: Pointer, n: Integer) -> None:
    """Dw = factor dw for n numbers, whole vectors."""
    by = emit.load_number(factor, index(0))
    with loop(emit.builder, emit.builder.sdiv(n, index(emit.kind.lanes))) as v:
        place = emit.builder.mul(v, index(emit.kind.lanes))
        emit.store(by * emit.load(dw, place), dw, place)
