"""What training takes: nothing per step, and beyond the data no more than docs/engine.md says."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from clearprop.engines import Problem
from clearprop.engines.fused.engine import FusedEngine, FusedSession
from clearprop.network import Layer, Network
from clearprop.optimizers import SGD, Adam, Momentum, Optimizer

NETWORK = Network([20, 64, 32, 3], hidden="relu", output="softmax")


def begin(rows: int, optimizer: Optimizer, dtype: str = "float32") -> FusedSession:
    generator = np.random.default_rng(0)
    X = generator.random((rows, 20)).astype(dtype)
    Y = np.eye(3, dtype=dtype)[generator.integers(3, size=rows)]
    session = FusedEngine(1).session(
        Problem(NETWORK, X, Y), NETWORK.initialize(0, dtype=np.dtype(dtype)), optimizer
    )
    assert isinstance(session, FusedSession)
    return session


def held(session: FusedSession) -> int:
    """Bytes of the session's buffers."""
    return sum(array.nbytes for array in session._job.workspace._keep)


@pytest.mark.parametrize("batch", [32, 5000])
def test_a_step_allocates_nothing(batch: int) -> None:
    session = begin(5000, Adam())
    order = np.arange(5000)
    rates = np.full(-(-5000 // batch), 0.001)
    peaks = []
    for epochs in (1, 50):
        tracemalloc.start()
        for _ in range(epochs):
            session.run(order, batch, rates)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The losses, one number a batch, come back from each call. 8 bytes a step would be 63 kB.
    assert max(peaks) < 8 * len(rates) + 20_000


@pytest.mark.parametrize(("optimizer", "slots"), [(SGD(), 0), (Momentum(), 1), (Adam(), 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_held_is_what_is_stated(optimizer: Optimizer, slots: int, dtype: str) -> None:
    session = begin(3000, optimizer, dtype)
    session.run(np.arange(3000), 3000, np.array([0.001]))
    itemsize = np.dtype(dtype).itemsize
    parameters = NETWORK.n_parameters * itemsize
    rows = 512 * (2 * sum(NETWORK.sizes) + NETWORK.sizes[-1] + 2) * itemsize
    scratch = (1 << 20) * itemsize // 4
    # Panels are padded to whole vectors: small layers by up to a vector a row.
    padding = 64 * (sum(NETWORK.sizes) * (2 + slots) + 512 * 2 * len(NETWORK.sizes))
    assert held(session) <= parameters * (2 + slots) + rows + scratch + padding
    assert held(session) >= parameters * (1 + slots)


@pytest.mark.parametrize(("optimizer", "slots"), [(SGD(), 0), (Momentum(), 1), (Adam(), 2)])
def test_of_parameters_there_are_no_more_copies_than_stated(
    optimizer: Optimizer, slots: int
) -> None:
    # So many that a copy more would weigh as much as all else, which is 8 rows of a batch.
    network = Network([1000, 700, 700, 10], hidden="relu", output="softmax")
    X, Y = np.zeros((8, 1000), np.float32), np.eye(10, dtype=np.float32)[:8]
    start = network.initialize(0, dtype=np.dtype(np.float32))
    session = FusedEngine(1).session(Problem(network, X, Y), start, optimizer)
    assert isinstance(session, FusedSession)
    copy = network.n_parameters * 4
    assert held(session) < (2 + slots) * copy + 0.2 * copy


def test_scratch_is_of_fixed_size_however_wide_the_input() -> None:
    network = Network([400_000, 1], output="identity")
    X = sparse.csr_matrix((4, 400_000), dtype=np.float32)
    start = [Layer(np.zeros((400_000, 1), np.float32), np.zeros(1, np.float32))]
    session = FusedEngine(2).session(
        Problem(network, X, np.zeros((4, 1), np.float32)), start, SGD()
    )
    assert isinstance(session, FusedSession)
    assert int(session._job.plan["scratch_bytes"]) < 1 << 20


def test_it_does_not_grow_with_the_rows() -> None:
    few, many = (begin(rows, Adam()) for rows in (1000, 100_000))
    for session, rows in ((few, 1000), (many, 100_000)):
        session.run(np.arange(rows), rows, np.array([0.001]))
    assert held(few) == held(many)
