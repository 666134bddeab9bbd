"""One body for every engine: training is backprop and an optimizer, batch after batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from clearprop.backprop import backward, forward, loss
from clearprop.dropout import dropout_scales
from clearprop.engines import Engine, Problem
from clearprop.engines import reference as reference_module
from clearprop.engines.default import default_engine
from clearprop.engines.fused.engine import FusedEngine
from clearprop.engines.reference import ReferenceEngine
from clearprop.network import Layer, Network
from clearprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Clipped,
    Momentum,
    Nadam,
    Nesterov,
    Optimizer,
    RMSprop,
)

ENGINES: list[Engine] = [ReferenceEngine(), FusedEngine(1), FusedEngine(3)]
OPTIMIZERS: list[Optimizer] = [
    SGD(),
    Momentum(),
    Nesterov(),
    RMSprop(),
    Adam(),
    AdamW(),
    Nadam(),
    Clipped(Adam(), 0.1),
]
NETWORKS = [
    Network([5, 4, 3], hidden="tanh", output="softmax", reduction="mean"),
    Network([5, 6, 4, 2], hidden=["relu", "logistic"], output="logistic", reduction="mean_all"),
    Network([5, 3], output="identity", reduction="sum"),
    Network([5, 4, 1], hidden="gelu", output="exponential", reduction="mean"),
    Network([5, 4, 3], hidden="relu", output="quantile", output_parameters=[0.1, 0.5, 0.9]),
    Network([5, 4, 2], hidden="relu", output="huber", output_parameters=0.7),
    Network([5, 2], output="median"),
    Network([5, 6, 5], hidden="tanh", output="softmax", output_parameters=[2, 3]),
]
BATCH = 8
ROWS = 20  # two whole batches and one of four rows

pytestmark = pytest.mark.parametrize("engine", ENGINES, ids=lambda e: type(e).__name__)


def build(
    network: Network, *, weighted: bool = False, l2: float = 0.0, dtype: Any = np.float64
) -> tuple[Problem, list[Layer]]:
    generator = np.random.default_rng(7)
    X = generator.normal(size=(ROWS, network.sizes[0])) * (generator.random((ROWS, 5)) < 0.6)
    K = network.sizes[-1]
    if network.output == "softmax":
        targets = [int(n) for n in network.output_parameters] or [K]
        drawn = [np.eye(n)[generator.integers(n, size=ROWS)] for n in targets]
        Y = np.concatenate(drawn, axis=1)
    elif network.output == "logistic":
        Y = generator.integers(2, size=(ROWS, K)).astype(float)
    else:
        Y = generator.random((ROWS, K)) * 3.0
    weight = generator.random(ROWS).astype(dtype) + 0.1 if weighted else None
    problem = Problem(network, X.astype(dtype), Y.astype(dtype), weight, l2)
    return problem, network.initialize(0, dtype=dtype)


def flat(layers: list[Layer]) -> list[Any]:
    return [array for layer in layers for array in layer]


def by_hand(
    problem: Problem, parameters: list[Layer], rows: Any, dropout: Any = None
) -> tuple[float, list[Layer]]:
    """Loss and gradient of some rows: backprop, and the penalty's two formulas."""
    network, X, Y = problem.network, problem.X[rows], problem.Y[rows]
    weight = None if problem.sample_weight is None else problem.sample_weight[rows]
    passes = forward(network, parameters, X, dropout=dropout)
    gradients = backward(network, parameters, passes, Y, sample_weight=weight)
    total = len(Y) if weight is None else weight.sum()
    divisor = {"sum": 1.0, "mean": total, "mean_all": total * network.sizes[-1]}[network.reduction]
    value = loss(network, passes, Y, sample_weight=weight)
    value += problem.l2 / (2.0 * divisor) * sum((W**2).sum() for W, _ in parameters)
    return float(value), [
        Layer(dW + problem.l2 / divisor * W, db)
        for dW, db, (W, _) in zip(gradients.dW, gradients.db, parameters, strict=True)
    ]


def assert_same(got: list[Layer], expected: list[Layer], rtol: float = 1e-11) -> None:
    for array, other in zip(flat(got), flat(expected), strict=True):
        np.testing.assert_allclose(array, other, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.output)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_run_is_backprop_and_the_optimizer_over_batches(
    engine: Engine, network: Network, optimizer: Optimizer, weighted: bool, l2: float
) -> None:
    problem, start = build(network, weighted=weighted, l2=l2)
    order = np.random.default_rng(1).permutation(ROWS)
    rates = np.array([0.01, 0.02, 0.005])
    session = engine.session(problem, start, optimizer)
    losses = session.run(order, BATCH, rates)

    expected = [Layer(W.copy(), b.copy()) for W, b in start]
    state, expected_losses = optimizer.start(flat(expected)), []
    for batch, rate in enumerate(rates):
        rows = order[batch * BATCH : (batch + 1) * BATCH]
        value, gradient = by_hand(problem, expected, rows)
        expected_losses.append(value)
        optimizer.update(flat(expected), flat(gradient), state, rate)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-11)
    assert_same(session.parameters(), expected, rtol=1e-9)
    assert session.optimizer_state.n_updates == 3


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.3), (0.2, 0.9)])
@pytest.mark.parametrize("batch_size", [BATCH, ROWS])
@pytest.mark.parametrize("calls", [1, 2])
def test_dropout_leaves_out_the_units_of_its_numbers(
    engine: Engine, rates: tuple[float, ...], batch_size: int, calls: int
) -> None:
    network = Network([5, 37, 4, 2], hidden=["relu", "logistic"], output="logistic")
    problem, start = build(network, weighted=True, l2=0.1)
    problem = replace(problem, dropout=rates, dropout_seed=11)
    order, optimizer = np.random.default_rng(1).permutation(ROWS), Adam()
    session = engine.session(problem, start, optimizer)
    n_batches = -(-ROWS // batch_size)
    losses: list[float] = []
    for _ in range(2):
        for part in np.array_split(np.arange(n_batches), min(calls, n_batches)):
            rows = order[part[0] * batch_size : (part[-1] + 1) * batch_size]
            losses += session.run(rows, batch_size, np.full(len(part), 0.01)).tolist()

    expected = [Layer(W.copy(), b.copy()) for W, b in start]
    state, expected_losses = optimizer.start(flat(expected)), []
    for update in range(2 * n_batches):
        batch = update % n_batches
        rows = order[batch * batch_size : (batch + 1) * batch_size]
        scales = [
            dropout_scales(rate, (len(rows), width), seed=11, update=update, layer=layer)
            for layer, (rate, width) in enumerate(zip(rates, (37, 4), strict=True))
        ]
        value, gradient = by_hand(problem, expected, rows, scales)
        expected_losses.append(value)
        optimizer.update(flat(expected), flat(gradient), state, 0.01)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-11)
    assert_same(session.parameters(), expected, rtol=1e-9)
    # Nothing is left out where the network is asked, not trained.
    plain = replace(problem, dropout=())
    assert engine.loss_and_gradient(problem, start)[0] == engine.loss_and_gradient(plain, start)[0]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.output)
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("numbers_at_once", [1, 24, 10**6])
def test_loss_and_gradient_is_backprop_over_all_rows(
    engine: Engine,
    network: Network,
    weighted: bool,
    numbers_at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The reference engine's blocks; an engine without them has one case three times.
    monkeypatch.setattr(reference_module, "_NUMBERS_AT_ONCE", numbers_at_once)
    problem, parameters = build(network, weighted=weighted, l2=0.3)
    value, gradient = engine.loss_and_gradient(problem, parameters)
    expected_value, expected = by_hand(problem, parameters, slice(None))
    assert value == pytest.approx(expected_value, rel=1e-12)
    assert_same(gradient, expected)
    yhat = engine.predict(network, parameters, problem.X)
    np.testing.assert_allclose(
        yhat, forward(network, parameters, problem.X).output, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.output)
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array])
def test_sparse_rows_are_dense_rows(engine: Engine, network: Network, make: Any) -> None:
    problem, start = build(network, weighted=True, l2=0.1)
    thin = Problem(network, make(problem.X), problem.Y, problem.sample_weight, problem.l2)
    order, rates = np.random.default_rng(3).permutation(ROWS), np.full(3, 0.05)
    sessions = [engine.session(p, start, Adam()) for p in (problem, thin)]
    losses = [session.run(order, BATCH, rates) for session in sessions]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-11)
    assert_same(sessions[1].parameters(), sessions[0].parameters(), rtol=1e-8)
    dense, light = (engine.loss_and_gradient(p, start) for p in (problem, thin))
    assert light[0] == pytest.approx(dense[0], rel=1e-12)
    assert_same(light[1], dense[1])
    np.testing.assert_allclose(
        engine.predict(network, start, thin.X), engine.predict(network, start, problem.X)
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_float32_stays_float32(engine: Engine, optimizer: Optimizer) -> None:
    problem, start = build(NETWORKS[0], weighted=True, l2=0.1, dtype=np.float32)
    session = engine.session(problem, start, optimizer)
    losses = session.run(np.arange(ROWS), BATCH, np.full(3, 0.01))
    assert losses.dtype == np.float64
    arrays = flat(session.parameters()) + flat(engine.loss_and_gradient(problem, start)[1])
    arrays.append(engine.predict(problem.network, start, problem.X))
    arrays += [array for slot in session.optimizer_state.slots.values() for array in slot]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    wide, wide_start = build(NETWORKS[0], weighted=True, l2=0.1)
    wide_session = engine.session(wide, wide_start, optimizer)
    wide_session.run(np.arange(ROWS), BATCH, np.full(3, 0.01))
    assert_same(session.parameters(), wide_session.parameters(), rtol=1e-3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("cut", [1, 2])
def test_a_session_continued_ends_with_the_same_bits(
    engine: Engine, optimizer: Optimizer, cut: int
) -> None:
    problem, start = build(NETWORKS[1], weighted=True, l2=0.1)
    order, rates = np.random.default_rng(5).permutation(ROWS), np.array([0.1, 0.2, 0.3])
    whole = engine.session(problem, start, optimizer)
    losses = whole.run(order, BATCH, rates)
    first = engine.session(problem, start, optimizer)
    early = first.run(order[: cut * BATCH], BATCH, rates[:cut])
    middle, state = first.parameters(), first.optimizer_state
    slots = [array.tobytes() for slot in state.slots.values() for array in slot]
    second = engine.session(problem, middle, optimizer, state)
    late = second.run(order[cut * BATCH :], BATCH, rates[cut:])
    assert np.concatenate([early, late]).tobytes() == losses.tobytes()
    assert [a.tobytes() for a in flat(second.parameters())] == [
        a.tobytes() for a in flat(whole.parameters())
    ]
    assert second.optimizer_state.n_updates == 3
    assert first.optimizer_state.n_updates == cut, "the state handed over was copied"
    assert [a.tobytes() for slot in state.slots.values() for a in slot] == slots


def test_the_callers_parameters_are_left_alone(engine: Engine) -> None:
    problem, start = build(NETWORKS[0])
    before = [array.copy() for array in flat(start)]
    session = engine.session(problem, start, SGD())
    handed_out = session.parameters()
    session.run(np.arange(ROWS), BATCH, np.full(3, 0.5))
    for array, other in zip(flat(start) + flat(handed_out), before * 2, strict=True):
        np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_a_batch_of_weight_zero_has_no_data_loss(engine: Engine, l2: float) -> None:
    problem, start = build(NETWORKS[0], l2=l2)
    weight = np.ones(ROWS)
    weight[:BATCH] = 0.0
    problem = Problem(problem.network, problem.X, problem.Y, weight, l2)
    session = engine.session(problem, start, SGD())
    losses = session.run(np.arange(BATCH), BATCH, np.array([0.1]))
    penalty = l2 / 2.0 * sum(float((W**2).sum()) for W, _ in start)
    assert losses[0] == pytest.approx(penalty)
    for (W, b), (W_before, b_before) in zip(session.parameters(), start, strict=True):
        np.testing.assert_allclose(W, W_before * (1.0 - 0.1 * l2))
        np.testing.assert_array_equal(b, b_before)


def test_overflow_is_left_to_training_to_report(engine: Engine) -> None:
    problem, start = build(NETWORKS[2])
    session = engine.session(problem, start, SGD())
    losses = session.run(np.arange(ROWS), 1, np.full(ROWS, 1e300))
    assert not np.isfinite(losses).all()


def test_no_rows_have_no_predictions(engine: Engine) -> None:
    problem, start = build(NETWORKS[0])
    assert engine.predict(problem.network, start, problem.X[:0]).shape == (0, 3)


def test_the_default_engine_is_one_of_those_tested_here(engine: Engine) -> None:
    assert type(default_engine()) in {type(known) for known in ENGINES}
    assert callable(engine.session)
