"""The table of mistakes: every row, at every place, is what it says and is told from all others."""

from __future__ import annotations

import re

import numpy as np
import pytest

from clearprop import Layer, Network
from clearprop.backprop import backward, forward
from clearprop.errors import ParameterError
from clearprop.explain.diagnose import MISTAKES, mistaken_gradients, possible_mistakes
from clearprop.explain.diagnose.case import make_case
from clearprop.explain.diagnose.doctor import Doctor
from clearprop.explain.diagnose.mistake import Planted
from clearprop.explain.diagnose.planting import planted_pass


def setting(output: str, reduction: str) -> tuple[Network, list[Layer], np.ndarray, np.ndarray]:
    """Square layers, as many samples as a layer is wide, and neither N, K nor their ratios 2."""
    network = Network([5, 5, 5, 5, 3], ["logistic", "tanh", "softplus"], output, reduction)
    generator = np.random.default_rng(3)
    X, Y = generator.normal(size=(5, 5)), np.eye(3)[generator.integers(0, 3, 5)]
    return network, network.initialize(4), X, Y


SETTINGS = [("softmax", "mean"), ("logistic", "mean_all"), ("identity", "sum")]
ROWS = pytest.mark.parametrize("name", MISTAKES)


@pytest.fixture(scope="module")
def doctors() -> list[Doctor]:
    """One per setting, with sample weights in the first."""
    made = []
    for number, (output, reduction) in enumerate(SETTINGS):
        weights = np.array([1.0, 0.5, 2.0, 1.5, 0.7]) if number == 0 else None
        case = make_case(*setting(output, reduction), sample_weight=weights, l2=0.2)
        made.append(Doctor(case))
    return made


@ROWS
def test_every_row_is_named_wherever_it_can_be_made(name: str, doctors: list[Doctor]) -> None:
    row, n_made = MISTAKES[name], 0
    for doctor in doctors:
        case = doctor.case
        layers = row.where(case)
        every = [tuple(layers)] if row.site == "all" else [(layer,) for layer in layers]
        if len(layers) > 1 and row.site != "all":
            every.append(tuple(layers))
        for places in every if layers else []:
            plant = Planted(row, places, 0.37)
            given = planted_pass(case, [plant])
            diagnosis = doctor.examine(given)
            n_made += 1
            assert diagnosis.verdict in ("mistake", "constant factor"), f"{places} {diagnosis}"
            assert diagnosis.precision == "float64"
            (finding,) = diagnosis.findings
            assert (finding.mistake, finding.layers) == (name, places[::-1])
            assert finding.relative_error_after < 1e-12
            assert finding.relative_error_before > 1e-4
            if row.coefficient:
                assert finding.coefficient == pytest.approx(0.37, rel=1e-9)
            shown = str(diagnosis)
            assert finding.right in shown
            assert not re.search(r"[{}]", shown), shown
            assert re.fullmatch(r"(delta|dW|db|dinput)\[\d\]", finding.step)
    assert n_made > 0


def test_a_pass_without_mistakes_is_backward() -> None:
    network, parameters, X, Y = setting("softmax", "mean")
    run = planted_pass(make_case(network, parameters, X, Y), [])
    right = backward(network, parameters, forward(network, parameters, X), Y)
    for ours, others in zip(run, right, strict=True):
        for one, other in zip(ours, others, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_mistake_spoils_what_lies_below_it_and_nothing_above() -> None:
    network, parameters, X, Y = setting("softmax", "mean")
    right = backward(network, parameters, forward(network, parameters, X), Y)
    wrong = mistaken_gradients(network, parameters, X, Y, "missing sigma'", 1)
    for kind in right._fields:
        for layer in range(4):
            same = np.array_equal(getattr(right, kind)[layer], getattr(wrong, kind)[layer])
            assert same == (layer > 1), f"{kind}[{layer}]"
    expected = right.dinput[2]
    np.testing.assert_array_equal(wrong.delta[1], expected)


def test_what_is_possible_can_be_made_and_nothing_else() -> None:
    given = setting("identity", "sum")
    possible = possible_mistakes(*given)
    assert "softmax Jacobian applied twice" not in possible
    assert "1/N missing" not in possible
    for name, layers in possible.items():
        mistaken_gradients(*given, name, layers[0])
    with pytest.raises(ParameterError, match="it can be made at layers"):
        mistaken_gradients(*given, "missing sigma'", 3)
    with pytest.raises(ParameterError, match="nowhere here"):
        mistaken_gradients(*given, "1/N missing")
    with pytest.raises(ParameterError, match="got 'missing', expected one of"):
        mistaken_gradients(*given, "missing")


def test_the_learning_rate_is_used_as_given() -> None:
    network = Network([1, 1], output="identity", reduction="sum")
    parameters = [Layer(np.array([[2.0]]), np.array([1.0]))]
    X, Y = np.array([[3.0]]), np.array([[5.0]])  # delta = 2, dW = 6
    wrong = mistaken_gradients(
        network, parameters, X, Y, "weights already updated", coefficient=0.1
    )
    assert wrong.dinput[0] == pytest.approx(2.0 * (2.0 - 0.6))
