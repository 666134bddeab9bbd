"""The update kernel against the optimizers' own steps, and what it sums beside them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from clearprop.engines.fused.records import CONSTANTS, CONSTANTS_ROOM, OPTIMIZER_CODES
from clearprop.engines.fused.updates import UPDATE_VECTORS
from clearprop.engines.fused.vector import KINDS, Kind
from clearprop.optimizers import SGD, Adam, AdamW, Momentum, Nadam, Nesterov, RMSprop

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
OPTIMIZERS = [SGD(), Momentum(0.7), Nesterov(), RMSprop(), Adam(0.8), AdamW(), Nadam()]
RATE, L2, N_STEPS = 0.03, 0.2, 3


def constants(optimizer: Any, step: int, kind: Kind) -> np.ndarray:
    """`CONSTANTS` of an update, the penalty included."""
    beta_1 = getattr(optimizer, "beta_1", getattr(optimizer, "momentum", 0.0))
    beta_2 = getattr(optimizer, "beta_2", 0.0)
    power_1, power_2, rate = beta_1**step, beta_2**step, RATE
    if type(optimizer) in (Adam, AdamW, Nadam):
        rate *= math.sqrt(1.0 - power_2) / (1.0 - power_1)
    told = {
        "l2": L2,
        "rate": rate,
        "beta_1": beta_1,
        "one_minus_beta_1": 1.0 - beta_1,
        "beta_2": beta_2,
        "one_minus_beta_2": 1.0 - beta_2,
        "epsilon": getattr(optimizer, "epsilon", 0.0),
        "keep": 1.0 - RATE * getattr(optimizer, "weight_decay", 0.0),
        "mean_share": beta_1 * (1.0 - power_1) / (1.0 - power_1 * beta_1),
    }
    numbers = np.full(CONSTANTS_ROOM, np.nan, kind.dtype)
    for name, number in told.items():
        numbers[CONSTANTS.index(name)] = number
    return numbers


@kinds
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize(("rows", "vectors"), [(1, 1), (5, 3), (48, 2)])
def test_a_few_steps_are_the_optimizers(
    kind: Kind, optimizer: Any, rows: int, vectors: int, kernel_of: Any
) -> None:
    name = type(optimizer).__name__
    n_slots, width = UPDATE_VECTORS[name][0], vectors * kind.lanes
    generator = np.random.default_rng(rows)
    W = generator.normal(size=(rows, width)).astype(kind.dtype).astype(float)
    memory = np.zeros((1 + n_slots, rows * width + 16), kind.dtype)
    memory[0, : W.size] = W.ravel()
    memory[:, W.size :] = -7.0
    squares, state = np.empty(width, kind.dtype), optimizer.start([W])
    for step in range(1, N_STEPS + 1):
        dW = generator.normal(size=W.shape).astype(kind.dtype)
        kernel_of("update", kind)(
            dW, memory, memory.shape[1], constants(optimizer, step, kind), squares, rows, vectors,
            OPTIMIZER_CODES[name],
        )  # fmt: skip
        optimizer.update([W], [dW + L2 * W], state, RATE)
    found = memory[:, : W.size].reshape(-1, rows, width)
    close = {"rtol": 100 * np.finfo(kind.dtype).eps, "atol": 10 * np.finfo(kind.dtype).eps}
    np.testing.assert_allclose(found[0], W, **close)
    for slot, expected in zip(found[1:], state.slots.values(), strict=True):
        np.testing.assert_allclose(slot, expected[0], **close)
    assert (memory[:, W.size :] == -7.0).all()
    np.testing.assert_allclose(squares, (found[0].astype(float) ** 2).sum(axis=0), **close)
    # The same sums, to the last bit, where they are asked for afresh.
    afresh = np.empty_like(squares)
    kernel_of("sum_squares", kind)(memory, afresh, rows, vectors)
    np.testing.assert_array_equal(afresh, squares)


@kinds
def test_means_that_have_decayed_below_the_normal_numbers_are_gone(
    kind: Kind, kernel_of: Any
) -> None:
    tiny = np.finfo(kind.dtype).tiny
    memory = np.zeros((3, kind.lanes), kind.dtype)
    memory[1:] = tiny
    kernel_of("update", kind)(
        np.zeros(kind.lanes, kind.dtype), memory, kind.lanes, constants(Adam(), 1, kind),
        np.empty(kind.lanes, kind.dtype), 1, 1, OPTIMIZER_CODES["Adam"],
    )  # fmt: skip
    assert (memory[1] == 0.0).all()
    assert (memory[2] >= tiny).all()


@kinds
def test_penalty_and_shortening(kind: Kind, kernel_of: Any) -> None:
    n = 3 * kind.lanes
    dW, W = np.arange(1.0, n + 2).astype(kind.dtype), np.full(n, 2.0, kind.dtype)
    kernel_of("add_penalty", kind)(dW, W, constants(SGD(), 1, kind), n)
    added = np.arange(1.0, n + 1) + kind.dtype(L2) * kind.dtype(2.0)
    np.testing.assert_allclose(dW[:n], added, rtol=2 * np.finfo(kind.dtype).eps)
    kernel_of("scale", kind)(W, np.array([0.25], kind.dtype), n)
    np.testing.assert_array_equal(W, 0.5)
    assert dW[n] == n + 1
