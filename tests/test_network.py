"""What a network is: settings and their errors, and initial parameters equal to scikit-learn's.

Knows nothing of passes.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from clearprop import Network
from clearprop.errors import ParameterError


@pytest.mark.parametrize(
    ("hidden", "sizes"),
    [
        ("relu", [4, 3]),
        *[
            (hidden, sizes)
            for hidden in ("identity", "logistic", "tanh", "relu")
            for sizes in ([4, 5, 3], [4, 7, 2, 3])
        ],
    ],
)
def test_initial_parameters_are_scikit_learns(hidden: str, sizes: list[int]) -> None:
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(30, 4)), np.arange(30) % 3
    theirs = MLPClassifier(
        sizes[1:-1],
        activation=hidden,
        solver="sgd",
        # So small a step that no bit of a weight changes.
        learning_rate_init=1e-300,
        alpha=0.0,
        momentum=0.0,
        max_iter=1,
        tol=0.0,
        shuffle=False,
        random_state=42,
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs.fit(X, y)
    ours = Network(sizes, hidden).initialize(42)
    for layer, W, b in zip(ours, theirs.coefs_, theirs.intercepts_, strict=True):
        np.testing.assert_array_equal(layer.W, W)
        np.testing.assert_array_equal(layer.b, b)


@pytest.mark.parametrize(
    ("hidden", "gain", "expected"), [("logistic", None, 2.0), ("relu", None, 6.0), ("relu", 9, 9.0)]
)
def test_initial_parameters_fill_their_bounds(
    hidden: str, gain: float | None, expected: float
) -> None:
    for W, b in Network([60, 40, 50], hidden).initialize(0, gain=gain):
        bound = np.sqrt(expected / sum(W.shape))
        largest = max(np.max(np.abs(W)), np.max(np.abs(b)))
        assert 0.99 * bound < largest <= bound


def test_random_state_and_dtype() -> None:
    network = Network([3, 4, 2])
    double, single = network.initialize(7), network.initialize(7, dtype=np.float32)
    for (W, b), (W32, b32) in zip(double, single, strict=True):
        assert W32.dtype == b32.dtype == np.float32
        np.testing.assert_array_equal(W.astype(np.float32), W32)
        np.testing.assert_array_equal(b.astype(np.float32), b32)
    state = np.random.RandomState(7)
    np.testing.assert_array_equal(network.initialize(state)[0].W, double[0].W)
    assert np.any(network.initialize(state)[0].W != double[0].W)
    assert np.any(network.initialize(None)[0].W != network.initialize(None)[0].W)


@pytest.mark.parametrize(("sizes", "n_parameters"), [([5, 3], 18), ([2, 2, 4, 3], 33)])
def test_counts(sizes: list[int], n_parameters: int) -> None:
    network = Network(sizes)
    assert network.n_layers == len(sizes) - 1
    assert network.n_parameters == n_parameters
    assert n_parameters == sum(W.size + b.size for W, b in network.initialize(0))


def test_one_activation_per_hidden_layer() -> None:
    assert Network([1, 2, 3, 2], "relu").hidden == ("relu", "relu")
    assert Network([1, 2, 3, 2], ["relu", "tanh"]).hidden == ("relu", "tanh")


def test_a_network_cannot_be_changed() -> None:
    network = Network(np.array([3, 4, 2]))
    assert network == Network([3, 4, 2])
    assert hash(network) == hash(Network((3, 4, 2)))
    assert all(type(width) is int for width in network.sizes)
    with pytest.raises(dataclasses.FrozenInstanceError):
        network.output = "identity"  # type: ignore[misc]  # that it fails is the test


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([4],), r"sizes: got \[4\], expected two or more positive integers"),
        (([4, 0, 2],), r"sizes: got \[4, 0, 2\]"),
        (([4, 2.5, 2],), r"sizes: got \[4, 2.5, 2\]"),
        (([4, 3, 2], ["relu", "relu"]), "hidden: got 2 activations for 1 hidden layers"),
        (([4, 3, 2], "sigmoid"), "hidden: got 'sigmoid', expected one of identity, logistic"),
        (([4, 2], "sigmoid"), "hidden: got 'sigmoid'"),
        (([4, 3, 2], "relu", "linear"), "output: got 'linear', expected one of softmax"),
        (([4, 3, 2], "relu", "softmax", "avg"), "reduction: got 'avg', expected one of sum, mean"),
        (([4, 3, 1],), "softmax over a single output is always 1"),
    ],
)
def test_wrong_settings_are_explained(arguments: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        Network(*arguments)
    assert caught.value.remedy
