"""Article A's network worked out without clearprop: on paper in fractions, and at 50 digits.

Fractions: biases are chosen so that each z is the logarithm of a fraction; then sigmoid and softmax
give fractions, and every derivative is one too. 50 digits: mpmath's forward pass and central
differences of it, which know nothing of backpropagation.
"""

from fractions import Fraction as F  # noqa: N817 - fifty of them stand in matrices

import numpy as np
import pytest
from mpmath import mp, mpf

from clearprop import Layer, Network, backward, forward, loss

NETWORK = Network([2, 2, 4, 3], hidden="logistic", output="softmax", reduction="sum")


def floats(values):
    return np.array(values, dtype=object).astype(np.float64)


def close(computed, exact, digits=13):
    np.testing.assert_allclose(computed, floats(exact), rtol=10.0**-digits, atol=0)


@pytest.fixture
def paper():
    """One sample whose z are log 3, log 1/3; log 1, log 2, log 1/2, log 3; log 1, log 2, log 3."""
    x, h1 = [F(1), F(2)], [F(3, 4), F(1, 4)]
    h2, yhat = [F(1, 2), F(2, 3), F(1, 3), F(3, 4)], [F(1, 6), F(1, 3), F(1, 2)]
    W1 = [[F(1), F(-1)], [F(1, 2), F(2)]]
    W2 = [[F(1), F(-2), F(3), F(1)], [F(2), F(1), F(-1), F(4)]]
    W3 = [[F(1), F(0), F(2)], [F(-1), F(3), F(1)], [F(2), F(-1), F(0)], [F(1), F(1), F(-2)]]
    z1, z2 = np.log(floats([3, F(1, 3)])), np.log(floats([1, 2, F(1, 2), 3]))
    z3 = np.log(floats([1, 2, 3]))
    parameters = [
        Layer(floats(W1), z1 - floats(x) @ floats(W1)),
        Layer(floats(W2), z2 - floats(h1) @ floats(W2)),
        Layer(floats(W3), z3 - floats(h2) @ floats(W3)),
    ]
    passes = forward(NETWORK, parameters, floats([x]))
    Y = np.array([[1.0, 0.0, 0.0]])
    return {
        "passes": passes,
        "gradients": backward(NETWORK, parameters, passes, Y),
        "loss": loss(NETWORK, passes, Y),
        "exact": (x, h1, h2, yhat, W1, W2, W3),
    }


def test_forward_on_paper(paper):
    x, h1, h2, yhat, *_ = paper["exact"]
    for computed, exact in zip(paper["passes"].inputs, ([x], [h1], [h2]), strict=True):
        close(computed, exact)
    close(paper["passes"].output, [yhat])
    assert float(paper["loss"]) == pytest.approx(np.log(6.0), rel=1e-14)


def test_deltas_on_paper(paper):
    gradients = paper["gradients"]
    # delta^1 = yhat - y
    close(gradients.delta[2], [[F(-5, 6), F(1, 3), F(1, 2)]])
    # dh2 = delta^1 W3^T: -5/6 + 1; 5/6 + 1 + 1/2; -5/3 - 1/3; -5/6 + 1/3 - 1
    close(gradients.dinput[2], [[F(1, 6), F(7, 3), F(-2), F(-3, 2)]])
    # delta^2 = dh2 h2 (1 - h2): times 1/4, 2/9, 2/9, 3/16
    close(gradients.delta[1], [[F(1, 24), F(14, 27), F(-4, 9), F(-9, 32)]])
    # dh1 = delta^2 W2^T
    dh1 = [
        F(1, 24) - 2 * F(14, 27) - 3 * F(4, 9) - F(9, 32),
        2 * F(1, 24) + F(14, 27) + F(4, 9) - 4 * F(9, 32),
    ]
    assert dh1 == [F(-2255, 864), F(-17, 216)]
    close(gradients.dinput[1], [dh1])
    # delta^3 = dh1 h1 (1 - h1): times 3/16 both
    delta3 = [F(-2255, 4608), F(-17, 1152)]
    close(gradients.delta[0], [delta3])
    # dx = delta^3 W1^T
    close(gradients.dinput[0], [[F(-2255, 4608) + F(17, 1152), F(-2255, 9216) - F(34, 1152)]])


def test_weights_and_biases_on_paper(paper):
    gradients = paper["gradients"]
    close(
        gradients.dW[2],  # h2^T delta^1
        [
            [F(-5, 12), F(1, 6), F(1, 4)],
            [F(-5, 9), F(2, 9), F(1, 3)],
            [F(-5, 18), F(1, 9), F(1, 6)],
            [F(-5, 8), F(1, 4), F(3, 8)],
        ],
    )
    close(
        gradients.dW[1],  # h1^T delta^2
        [
            [F(1, 32), F(7, 18), F(-1, 3), F(-27, 128)],
            [F(1, 96), F(7, 54), F(-1, 9), F(-9, 128)],
        ],
    )
    close(  # x^T delta^3
        gradients.dW[0], [[F(-2255, 4608), F(-17, 1152)], [F(-2255, 2304), F(-17, 576)]]
    )
    for layer in range(3):  # one sample: db = delta
        np.testing.assert_array_equal(gradients.db[layer], gradients.delta[layer][0])


def loss_at_50_digits(X, Y, layers, weights):
    """Sum of weighted cross-entropies, in nested lists of mpf."""
    total = mpf(0)
    for x, y, weight in zip(X, Y, weights, strict=True):
        values = x
        for index, (W, b) in enumerate(layers):
            z = [
                mp.fsum([value * W[i][j] for i, value in enumerate(values)]) + b[j]
                for j in range(len(b))
            ]
            hidden = index < len(layers) - 1
            values = [1 / (1 + mp.exp(-z_j)) for z_j in z] if hidden else z
        normaliser = mp.fsum([mp.exp(z_k) for z_k in values])
        total -= weight * mp.fsum(
            [y_k * mp.log(mp.exp(z_k) / normaliser) for y_k, z_k in zip(y, values, strict=True)]
        )
    return total


@pytest.mark.parametrize("reduction", ["sum", "mean", "mean_all"])
@pytest.mark.parametrize("sample_weight", [None, [1.0, 2.0, 0.5]])
def test_batch_of_three_at_50_digits(a, tools, reduction, sample_weight):
    network = Network([2, 2, 4, 3], output="softmax", reduction=reduction)
    parameters = [Layer(a.W1, a.b1), Layer(a.W2, a.b2), Layer(a.W3, a.b3)]
    numpy_weight = None if sample_weight is None else np.array(sample_weight)
    passes = forward(network, parameters, a.X)
    gradients = backward(network, parameters, passes, a.Y, sample_weight=numpy_weight)
    with mp.workdps(50):
        X, Y = tools.exactly(a.X), tools.exactly(a.Y)
        layers = [(tools.exactly(W), tools.exactly(b)) for W, b in parameters]
        weights = tools.exactly(sample_weight or [1.0] * 3)
        divisor = {"sum": 1, "mean": mp.fsum(weights), "mean_all": 3 * mp.fsum(weights)}[reduction]

        def exact_loss():
            return loss_at_50_digits(X, Y, layers, weights) / divisor

        computed = loss(network, passes, a.Y, sample_weight=numpy_weight)
        close(computed, exact_loss(), digits=14)
        close(gradients.dinput[0], tools.exact_differences(exact_loss, X), digits=12)
        for (W, b), dW, db in zip(layers, gradients.dW, gradients.db, strict=True):
            close(dW, tools.exact_differences(exact_loss, W), digits=12)
            close(db, tools.exact_differences(exact_loss, b), digits=12)
