"""What was given as a gradient, is something else, and no mistake explains, is said to be so."""

from __future__ import annotations

import numpy as np
import pytest

from clearprop import Network, backward, diagnose, forward

NETWORK = Network([3, 4, 3], hidden="tanh", reduction="mean")
PARAMETERS = NETWORK.initialize(1)
X, Y = np.random.default_rng(2).normal(size=(5, 3)), np.eye(3)[[0, 1, 2, 0, 1]]
PASSES = forward(NETWORK, PARAMETERS, X)
RIGHT = backward(NETWORK, PARAMETERS, PASSES, Y)


@pytest.mark.parametrize(
    ("suspect", "said"),
    [
        ({"dW0": PARAMETERS[0].W}, "dW[0] is W[0] itself, not a gradient"),
        ({"db1": PARAMETERS[1].b + 0.5}, ""),
        ({"dW1": PARAMETERS[1].W - 0.3 * RIGHT.dW[1]}, "dW[1] is W[1] - 0.3 dW[1], the parameter"),
        ({"dW1": PARAMETERS[1].W + 0.3 * RIGHT.dW[1]}, ""),
        ({"delta1": PASSES.output}, "delta[1] is yhat, the output"),
        ({"delta1": Y}, "delta[1] is Y, the targets"),
        ({"delta0": PASSES.inputs[1]}, "delta[0] is input[1], the layer's input"),
        ({"dW0": PARAMETERS[0].W.astype(np.float32), "db1": RIGHT.db[1]}, "dW[0] is W[0] itself"),
    ],
)
def test_what_is_no_gradient_is_called_what_it_is(suspect, said) -> None:
    diagnosis = diagnose(NETWORK, PARAMETERS, X, Y, suspect)
    assert diagnosis.verdict == "none"
    notes = " ".join(diagnosis.notes)
    assert said in notes
    assert ("not a gradient" in notes) == bool(said)


def test_a_right_gradient_that_looks_like_something_else_is_right() -> None:
    still = [layer._replace(W=np.zeros_like(layer.W)) for layer in PARAMETERS]
    right = backward(NETWORK, still, forward(NETWORK, still, X), Y)
    assert not np.any(right.dW[0])  # so are the weights
    assert diagnose(NETWORK, still, X, Y, right).ok
    wrong = {"dW": [None, 2.0 * right.dW[1]], "db": [right.db[0], right.db[1]]}
    assert not any("itself" in note for note in diagnose(NETWORK, still, X, Y, wrong).notes)


def test_a_mistake_that_explains_it_comes_first() -> None:
    # Two outputs of softmax: b, once 0, and db are both (c, -c).
    network = Network([3, 4, 2], hidden="tanh", reduction="mean")
    parameters = network.initialize(1)
    parameters[1] = parameters[1]._replace(b=np.array([0.25, -0.25]))
    targets = np.eye(2)[[0, 1, 1, 0, 1]]
    right = backward(network, parameters, forward(network, parameters, X), targets)
    wrong = {"dW": [5.0 * dW for dW in right.dW], "db": [5.0 * db for db in right.db]}
    diagnosis = diagnose(network, parameters, X, targets, wrong)
    assert [finding.mistake for finding in diagnosis.findings] == ["1/N missing"]
    for factor in (7.0, -7.0):  # b less this is a step down the gradient, or up
        odd = {"dW0": right.dW[0] ** 2, "db1": factor * right.db[1]}
        diagnosis = diagnose(network, parameters, X, targets, odd)
        assert diagnosis.verdict == "none"
        assert not any("not a gradient" in note for note in diagnosis.notes)


def test_what_a_gradient_was_judged_by_is_said_where_nothing_explains_it() -> None:
    other = Network([3, 4, 3], hidden="relu", reduction="mean")
    right = backward(other, PARAMETERS, forward(other, PARAMETERS, X), Y)
    diagnosis = diagnose(NETWORK, PARAMETERS, X, Y, right)
    assert diagnosis.verdict == "none"
    assert diagnosis.notes[0].startswith(
        "judged as: hidden tanh, output softmax, reduction mean, 5 rows, l2 0, weights from before"
    )
