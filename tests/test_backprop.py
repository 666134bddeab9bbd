"""Forward and backward: worked by hand in fractions, then one body for every array library.

Knows nothing of training. Agreement with finite differences is in test_gradcheck.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import array_api_strict
import numpy as np
import pytest

from clearprop import Layer, Network, backward, check_gradients, forward, loss
from clearprop.activations import ACTIVATIONS
from clearprop.errors import ShapeError
from clearprop.losses import OUTPUTS, REDUCTIONS

LIBRARIES = ["numpy-float64", "numpy-float32", "array-api-strict", "torch"]


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> tuple[Any, Any, float]:
    """An array library, the dtype to use in it, and how far it may be from NumPy's float64."""
    if request.param == "torch":
        torch = pytest.importorskip("torch")
        return torch, torch.float64, 1e-12
    if request.param == "array-api-strict":
        return array_api_strict, array_api_strict.float64, 1e-12
    if request.param == "numpy-float32":
        return np, np.dtype(np.float32), 2e-5
    return np, np.dtype(np.float64), 0.0


def batch(network: Network, n_samples: int, seed: int = 0) -> tuple[Any, Any, Any]:
    generator = np.random.default_rng(seed)
    n_outputs = network.sizes[-1]
    X = generator.normal(size=(n_samples, network.sizes[0]))
    Y = generator.dirichlet(np.ones(n_outputs), n_samples)
    return X, Y, generator.uniform(0.5, 2.0, n_samples)


def test_a_network_worked_by_hand() -> None:
    # 2 -> 2 relu -> 1, half squared error, mean over two samples; every number in fractions.
    W0, b0 = [[1, -2], [3, 1]], [1, 0]
    W1, b1 = [[2], [-1]], [Fraction(1, 2)]
    X, Y = [[1, 2], [2, -1]], [[10], [1]]
    # z0 = [[8, 0], [0, -5]]: two of them on the kink, where the slope is 0.
    # h = [[8, 0], [0, 0]]; z1 = [[33/2], [1/2]]; delta1 = (z1 - y) / 2 = [[13/4], [-1/4]].
    # dh = delta1 W1^T = [[13/2, -13/4], [-1/2, 1/4]]; delta0 = [[13/2, 0], [0, 0]].
    network = Network([2, 2, 1], "relu", "identity", "mean")
    as_array = lambda rows: np.array(rows, dtype=float)  # noqa: E731 - a name for a conversion
    parameters = [Layer(as_array(W0), as_array(b0)), Layer(as_array(W1), as_array(b1))]
    passes = forward(network, parameters, as_array(X))
    np.testing.assert_array_equal(passes.z[0], [[8, 0], [0, -5]])
    np.testing.assert_array_equal(passes.inputs[1], [[8, 0], [0, 0]])
    np.testing.assert_array_equal(passes.output, [[16.5], [0.5]])
    expected_loss = (Fraction(13, 2) ** 2 / 2 + Fraction(1, 2) ** 2 / 2) / 2
    assert float(loss(network, passes, as_array(Y))) == expected_loss
    found = backward(network, parameters, passes, as_array(Y))
    np.testing.assert_array_equal(found.delta[1], [[3.25], [-0.25]])
    np.testing.assert_array_equal(found.dW[1], [[26], [0]])
    np.testing.assert_array_equal(found.db[1], [3])
    np.testing.assert_array_equal(found.dinput[1], [[6.5, -3.25], [-0.5, 0.25]])
    np.testing.assert_array_equal(found.delta[0], [[6.5, 0], [0, 0]])
    np.testing.assert_array_equal(found.dW[0], [[6.5, 0], [13, 0]])
    np.testing.assert_array_equal(found.db[0], [6.5, 0])
    np.testing.assert_array_equal(found.dinput[0], [[6.5, 19.5], [0, 0]])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_every_library_gives_numpys_numbers(
    library: tuple[Any, Any, float], hidden: str, output: str, reduction: str
) -> None:
    xp, dtype, tolerance = library
    network = Network([3, 4, 3, 2], hidden, output, reduction)
    parameters = network.initialize(0)
    X, Y, weights = batch(network, 5)
    passes = forward(network, parameters, X)
    expected = backward(network, parameters, passes, Y, sample_weight=weights)
    expected_loss = loss(network, passes, Y, sample_weight=weights)

    to = lambda array: xp.asarray(array, dtype=dtype)  # noqa: E731 - a name for a conversion
    own = [Layer(to(W), to(b)) for W, b in parameters]
    own_passes = forward(network, own, to(X))
    own_loss = loss(network, own_passes, to(Y), sample_weight=to(weights))
    found = backward(network, own, own_passes, to(Y), sample_weight=to(weights))
    array_type = type(to([0.0]))
    pairs = [(own_passes.output, passes.output), (own_loss, expected_loss)]
    pairs += list(zip(own_passes.z, passes.z, strict=True))
    for kind in expected._fields:
        pairs += list(zip(getattr(found, kind), getattr(expected, kind), strict=True))
    for one, other in pairs:
        assert one.dtype == dtype
        assert isinstance(one, array_type) or one.ndim == 0
        np.testing.assert_allclose(np.asarray(one), other, rtol=tolerance, atol=tolerance)
    if tolerance <= 1e-12:
        assert check_gradients(network, parameters, X, Y, sample_weight=weights, gradients=found).ok


@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients_of_samples_add_up(output: str) -> None:
    network = Network([3, 4, 2], "tanh", output, "sum")
    parameters = network.initialize(1)
    X, Y, _ = batch(network, 6)
    whole = backward(network, parameters, forward(network, parameters, X), Y)
    alone = [
        backward(network, parameters, forward(network, parameters, X[i : i + 1]), Y[i : i + 1])
        for i in range(6)
    ]
    for layer in range(2):
        for kind in ("dW", "db"):
            total = sum(getattr(one, kind)[layer] for one in alone)
            np.testing.assert_allclose(getattr(whole, kind)[layer], total, rtol=1e-12, atol=1e-15)
        rows = np.concatenate([one.dinput[layer] for one in alone])
        np.testing.assert_allclose(whole.dinput[layer], rows, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_weight_of_three_is_a_row_three_times(reduction: str) -> None:
    network = Network([3, 4, 2], "silu", "softmax", reduction)
    parameters = network.initialize(2)
    X, Y, _ = batch(network, 3)
    counts = np.array([1, 3, 0])
    weighted = forward(network, parameters, X)
    repeated = forward(network, parameters, np.repeat(X, counts, axis=0))
    Y_repeated = np.repeat(Y, counts, axis=0)
    weights = counts.astype(float)
    assert float(loss(network, weighted, Y, sample_weight=weights)) == pytest.approx(
        float(loss(network, repeated, Y_repeated)), rel=1e-13
    )
    one = backward(network, parameters, weighted, Y, sample_weight=weights)
    other = backward(network, parameters, repeated, Y_repeated)
    for kind in ("dW", "db"):
        for a, b in zip(getattr(one, kind), getattr(other, kind), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    assert not np.any(one.dinput[0][2])


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_of_zero_give_loss_and_gradient_zero(reduction: str) -> None:
    network = Network([3, 4, 2], "tanh", "logistic", reduction)
    parameters = network.initialize(2)
    X, Y, _ = batch(network, 3)
    passes = forward(network, parameters, X)
    assert float(loss(network, passes, Y, sample_weight=np.zeros(3))) == 0.0
    found = backward(network, parameters, passes, Y, sample_weight=np.zeros(3))
    assert not any(np.any(array) for array in [*found.dW, *found.db, *found.dinput])


def test_a_stack_of_batches_gives_a_stack_of_losses() -> None:
    network = Network([3, 4, 2], "gelu", "softmax", "mean")
    parameters = network.initialize(0)
    X, Y, weights = batch(network, 5)
    other = batch(network, 5, seed=1)[0]
    stacked = forward(network, parameters, np.stack([X, other]))
    found = loss(network, stacked, Y, sample_weight=weights)
    assert found.shape == (2,)
    for value, one in zip(found, (X, other), strict=True):
        alone = loss(network, forward(network, parameters, one), Y, sample_weight=weights)
        assert float(value) == pytest.approx(float(alone), rel=1e-14)


def test_held_pieces_are_those_of_the_earlier_pass() -> None:
    network = Network([1, 1, 1], "relu", "identity")
    parameters = [Layer(np.ones((1, 1)), np.zeros(1))] * 2
    at = forward(network, parameters, np.array([[0.0], [1.0]]))
    held = forward(network, parameters, np.array([[0.5], [-0.5]]), hold=at.z)
    np.testing.assert_array_equal(held.inputs[1], [[0.0], [-0.5]])


def test_dx_can_be_left_out() -> None:
    network = Network([3, 4, 2])
    parameters = network.initialize(0)
    X, Y, _ = batch(network, 3)
    passes = forward(network, parameters, X)
    found = backward(network, parameters, passes, Y, dx=False)
    whole = backward(network, parameters, passes, Y)
    assert found.dinput[0] is None
    np.testing.assert_array_equal(found.dW[0], whole.dW[0])
    np.testing.assert_array_equal(found.dinput[1], whole.dinput[1])


@pytest.mark.parametrize(
    ("wrong", "message", "remedy"),
    [
        ({"X": np.zeros((5, 4))}, r"X: got shape \(5, 4\), expected \(n_samples, 3\)", "one row"),
        ({"X": np.zeros(3)}, r"X: got shape \(3,\), expected \(n_samples, 3\)", "a batch of one"),
        ({"Y": np.zeros((5, 3))}, r"Y: got shape \(5, 3\), expected \(n_samples, 2\)", "one-hot"),
        ({"Y": np.eye(2)}, "Y: got 2 rows for 5 samples", "one row of targets per row of X"),
        ({"Y": np.ones((5, 2))}, "must each sum to 1 for softmax", "One-hot encode the classes"),
        (
            {"sample_weight": np.ones(4)},
            r"sample_weight: got shape \(4,\), expected \(5,\)",
            "Give one weight per row of X",
        ),
        ({"parameters": []}, "got 0 layers, the network has 2", "network.initialize"),
        (
            {"parameters": [Layer(np.zeros((4, 3)), np.zeros(4)), Layer(np.eye(2), np.zeros(2))]},
            r"parameters\[0\]: got W of shape \(4, 3\) and b of shape \(4,\), "
            r"expected \(3, 4\) and \(4,\)",
            "one row per input",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_explained(wrong: Any, message: str, remedy: str) -> None:
    network = Network([3, 4, 2])
    X, Y, weights = batch(network, 5)
    given = {"parameters": network.initialize(0), "X": X, "Y": Y, "sample_weight": weights}
    given |= wrong

    def run() -> None:
        passes = forward(network, given["parameters"], given["X"])
        loss(network, passes, given["Y"], sample_weight=given["sample_weight"])

    with pytest.raises(ShapeError, match=message) as caught:
        run()
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("name", ["parameters", "Y", "sample_weight"])
def test_backward_looks_at_the_shapes_itself(name: str) -> None:
    network = Network([3, 4, 2])
    X, Y, weights = batch(network, 5)
    parameters = network.initialize(0)
    passes = forward(network, parameters, X)
    given: dict[str, Any] = {"parameters": parameters, "Y": Y, "sample_weight": weights}
    given[name] = given[name][:1]
    with pytest.raises(ShapeError, match=name):
        backward(network, passes=passes, **given)
