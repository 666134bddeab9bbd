"""What an engine is asked for is its own, and agrees with the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clearprop import Network
from clearprop.engines import Problem
from clearprop.engines.default import default_engine
from clearprop.engines.reference import ReferenceEngine
from clearprop.explanation.derivation.batch import Batch, Update, as_batch
from clearprop.explanation.derivation.numbers import Numbers, engine_numbers, reference_numbers
from clearprop.network import Layer
from clearprop.optimizers import SGD, Adam, Nesterov

ENGINES = [ReferenceEngine(), default_engine(1)]


def arrays(numbers: Numbers) -> dict[str, np.ndarray]:
    passes, gradients = numbers.passes, numbers.gradients
    found = {"output": passes.output, "loss": np.asarray(numbers.loss)}
    for layer, delta in enumerate(gradients.delta):
        found |= {
            f"z[{layer}]": passes.z[layer], f"input[{layer}]": passes.inputs[layer],
            f"delta[{layer}]": delta, f"dW[{layer}]": gradients.dW[layer],
            f"db[{layer}]": gradients.db[layer], f"dinput[{layer}]": gradients.dinput[layer],
            f"dW_total[{layer}]": numbers.dW_total[layer],
        }  # fmt: skip
    if numbers.updated is not None:
        for layer, (W, b) in enumerate(numbers.updated):
            found |= {f"W_new[{layer}]": W, f"b_new[{layer}]": b}
    return found


@pytest.mark.parametrize("engine", ENGINES, ids=["reference", "fused"])
def test_an_engine_asked_piece_by_piece_agrees(engine, batch: Batch) -> None:
    update = Update(SGD(), 0.1)
    expected = arrays(reference_numbers(batch, update))
    got = arrays(engine_numbers(engine, batch, update))
    assert got.keys() == expected.keys()
    for name, values in got.items():
        size = np.max(np.abs(expected[name]), initial=1e-300)
        assert np.max(np.abs(values - expected[name]), initial=0.0) <= 1e-12 * size, name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [SGD(), Nesterov(), Adam()])
def test_the_fused_engines_numbers_are_its_own_to_the_last_bit(dtype, optimizer) -> None:
    # Another computation's would differ in the last bits: the training engine's must not.
    generator = np.random.default_rng(3)
    network = Network([5, 7, 6, 3], ["tanh", "gelu"], "softmax", "mean")
    X = generator.normal(size=(9, 5)).astype(dtype)
    Y = np.eye(3, dtype=dtype)[generator.integers(3, size=9)]
    parameters = network.initialize(0, dtype=dtype)
    batch = as_batch(network, parameters, X, Y, l2=0.01)
    engine = default_engine(1)
    numbers = engine_numbers(engine, batch, Update(optimizer, 0.05))
    problem = Problem(network, X, Y, None, 0.01)
    total_loss, total = engine.loss_and_gradient(problem, parameters)
    assert numbers.total_loss == total_loss
    session = engine.session(problem, parameters, optimizer)
    losses = session.run(np.arange(9), 9, np.array([0.05]))
    assert losses[0] == pytest.approx(numbers.total_loss, rel=1e-6)
    for layer, (W, b) in enumerate(session.parameters()):
        np.testing.assert_array_equal(numbers.updated[layer].W, W)
        np.testing.assert_array_equal(numbers.updated[layer].b, b)
        np.testing.assert_array_equal(numbers.dW_total[layer], total[layer].W)
    np.testing.assert_array_equal(numbers.passes.output, engine.predict(network, parameters, X))
    # And they do differ from the reference's somewhere, or this test could not fail.
    other = arrays(reference_numbers(batch, None))
    mine = arrays(replace(numbers, updated=None))
    assert any(np.any(mine[name] != other[name]) for name in mine)
    assert isinstance(numbers.updated[0], Layer)
