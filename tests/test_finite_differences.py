"""The judge's own numbers against derivatives in closed form. Knows nothing of `backward`."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from clearprop import Layer, Network, finite_differences
from clearprop.finite_differences import loss_point, numeric_derivative

FIRST = np.array([0])


def test_extrapolation_reaches_ten_digits() -> None:
    # Loss = exp(z) for y = 0: its derivative by b is exp(z) too.
    network = Network([1, 1], output="exponential", reduction="sum")
    point = loss_point(network, [Layer(np.ones((1, 1)), np.ones(1))], [[0.5]], [[0.0]])
    found, round_off = numeric_derivative(point, "db", 0, FIRST)
    assert found[0] == pytest.approx(math.exp(1.5), rel=1e-12)
    assert abs(found[0] - math.exp(1.5)) <= round_off[0]


@pytest.mark.parametrize("gain", [1e2, 1e4])
def test_steps_shrink_where_weights_above_are_large(gain: float) -> None:
    # Loss = tanh(gain x)^2 / 2, so dLoss/dx = gain t (1 - t^2); at gain x = 0.5 it bends sharply.
    network = Network([1, 1, 1, 1], ["identity", "tanh"], "identity", "sum")
    one, none = np.ones((1, 1)), np.zeros(1)
    parameters = [Layer(one, none), Layer(gain * one, none), Layer(one, none)]
    point = loss_point(network, parameters, [[0.5 / gain]], [[0.0]])
    t = math.tanh(0.5)
    for kind, factor in (("dinput", gain), ("db", gain), ("dW", 0.5)):
        found, _ = numeric_derivative(point, kind, 0, FIRST)
        assert found[0] == pytest.approx(factor * t * (1.0 - t * t), rel=1e-9)


def test_the_judge_uses_no_derivative_of_the_accused() -> None:
    source = inspect.getsource(finite_differences)
    assert "import Passes, forward, loss\n" in source
    assert ".derivative" not in source
    assert ".delta" not in source
