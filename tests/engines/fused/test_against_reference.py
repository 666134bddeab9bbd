"""The engine beside its specification, in float64, and beside finite differences."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, problem_of
from hypothesis import given, settings
from hypothesis import strategies as st

from clearprop.activations import ACTIVATIONS
from clearprop.engines import Problem
from clearprop.engines.fused.engine import FusedEngine
from clearprop.engines.fused.workspace import FAR_BYTES
from clearprop.engines.reference import ReferenceEngine
from clearprop.gradcheck import check_gradients
from clearprop.network import Layer
from clearprop.optimizers import SGD, Adam, AdamW, Clipped, Momentum, Nadam, Nesterov, RMSprop

OUTPUTS = ["softmax", "logistic", "identity", "exponential", "median", "huber", "quantile"]
OPTIMIZERS = [
    SGD(),
    Momentum(0.5),
    Nesterov(),
    RMSprop(),
    Adam(),
    Adam(0.8, 0.9, 1e-3),
    AdamW(),
    Nadam(),
    Clipped(SGD(), 0.3),
    Clipped(AdamW(), 0.1),
    Clipped(Nesterov(), 1e9),
]


def assert_near(got: Any, expected: Any, relative: float) -> None:
    """Each entry within a share of its array's largest, as sums cancel."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= relative * max(np.abs(expected).max(), 1e-300)


def assert_layers_near(got: list[Layer], expected: list[Layer], relative: float) -> None:
    for ours, theirs in zip(got, expected, strict=True):
        assert_near(ours.W, theirs.W, relative)
        assert_near(ours.b, theirs.b, relative)


def assert_equal_to_reference(problem: Problem, parameters: list[Layer], n_threads: int) -> None:
    loss, gradient = FusedEngine(n_threads).loss_and_gradient(problem, parameters)
    expected_loss, expected = ReferenceEngine().loss_and_gradient(problem, parameters)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert_layers_near(gradient, expected, 1e-12)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("reduction", ["sum", "mean", "mean_all"])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_and_gradients(hidden: str, output: str, reduction: str, weighted: bool) -> None:
    case = Case([19, 27, 13, 4], hidden, output, SGD(), "float64", 45, 45, weighted, False, 0.2)
    assert_equal_to_reference(*problem_of(case._replace(reduction=reduction)), n_threads=2)


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 70), min_size=2, max_size=5),
    rows=st.integers(1, 70),
    n_threads=st.integers(1, 4),
    is_sparse=st.booleans(),
)
def test_any_shape(sizes: list[int], rows: int, n_threads: int, is_sparse: bool) -> None:
    case = Case(sizes, "tanh", "identity", SGD(), "float64", rows, rows, False, is_sparse, 0.1)
    assert_equal_to_reference(*problem_of(case), n_threads)


@pytest.mark.parametrize("size", [191, 192, 193, 383, 385, 600])
def test_at_the_edges_of_blocks(size: int) -> None:
    case = Case([size, 11, size, 3], "tanh", "softmax", SGD(), "float64", size, size)
    assert_equal_to_reference(*problem_of(case), n_threads=2)


@pytest.mark.parametrize("rows", [1, 37])
def test_weights_that_are_fetched_ahead_of_their_use(rows: int) -> None:
    case = Case([150, 241, 250, 3], "tanh", "softmax", SGD(), "float64", rows, rows)
    assert np.zeros((150, 241)).nbytes > FAR_BYTES
    assert_equal_to_reference(*problem_of(case), n_threads=2)


@pytest.mark.parametrize("columns", [2, 3, 17, 40])
def test_logits_that_tie_for_the_largest(columns: int) -> None:
    case = Case([4, columns], "tanh", "softmax", SGD(), "float64", 9, 9)
    problem, start = problem_of(case)
    W, b = np.zeros_like(start[0].W), np.zeros(columns)
    b[-2:] = 3.0
    for biases in (np.zeros(columns), b):
        assert_equal_to_reference(problem, [Layer(W, biases)], n_threads=1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_after_50_steps(optimizer: Any, weighted: bool) -> None:
    case = Case([9, 21, 5], "tanh", "softmax", optimizer, "float64", 80, 16, weighted, l2=0.1)
    problem, start = problem_of(case)
    sessions = [
        engine.session(problem, start, optimizer) for engine in (FusedEngine(2), ReferenceEngine())
    ]
    order = np.concatenate([np.random.default_rng(n).permutation(80) for n in range(10)])
    rates = np.linspace(0.02, 0.001, 50)
    losses = [session.run(order, 16, rates) for session in sessions]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-9)
    assert_layers_near(sessions[0].parameters(), sessions[1].parameters(), 1e-9)
    assert max(np.abs(W - old.W).max() for (W, _), old in zip(
        sessions[0].parameters(), start, strict=True)) > 0.01  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_its_own_gradients_are_the_slopes_of_the_loss(name: str) -> None:
    problem, parameters = problem_of(CASES[name]._replace(dtype="float64"))
    few = slice(0, 40)
    X = problem.X[few].toarray() if CASES[name].is_sparse else problem.X[few]
    weight = None if problem.sample_weight is None else problem.sample_weight[few]
    problem = dataclasses.replace(problem, X=X, Y=problem.Y[few], sample_weight=weight)
    _, gradient = FusedEngine(2).loss_and_gradient(problem, parameters)
    report = check_gradients(
        problem.network,
        parameters,
        X,
        problem.Y,
        sample_weight=weight,
        gradients={"dW": [dW for dW, _ in gradient], "db": [db for _, db in gradient]},
        l2=problem.l2,
        max_entries=30,
    )
    assert report.ok, str(report)
