"""Article B's network worked out without clearprop: on paper in fractions, and at 50 digits.

Fractions: biases are chosen so that each node puts out a fraction; then every derivative is one.
50 digits: the article's own Cost in mpmath, and central differences of it.
"""

from fractions import Fraction as F  # noqa: N817 - fifty of them stand in matrices
from itertools import pairwise

import numpy as np
import pytest
from mpmath import mp, mpf

from clearprop import Layer, Network, backward, forward, loss
from clearprop.optimizers import SGD

NETWORK = Network([2] * 5, hidden="logistic", output="logistic", reduction="mean_all")


def floats(values):
    return np.array(values, dtype=object).astype(np.float64)


def close(computed, exact, digits=13):
    np.testing.assert_allclose(computed, floats(exact), rtol=10.0**-digits, atol=0)


@pytest.fixture
def paper():
    """One sample; the nodes' outputs by layer, and weights from small whole numbers."""
    out = [
        [F(1), F(2)],  # nodes 0, 1
        [F(1, 2), F(1, 3)],  # nodes 2, 3
        [F(2, 3), F(1, 4)],  # nodes 4, 5
        [F(3, 4), F(1, 2)],  # nodes 6, 7
        [F(1, 3), F(3, 4)],  # nodes 8, 9
    ]
    weights = [[[2, 1], [1, -1]], [[1, -2], [3, 1]], [[2, -1], [1, 3]], [[1, 2], [-1, 1]]]
    parameters = []
    for layer, W in enumerate(weights):
        sent, received = floats(out[layer]), floats(out[layer + 1])
        net = np.log(received / (1.0 - received))
        parameters.append(Layer(floats(W), net - sent @ floats(W)))
    return out, parameters, np.array([[1.0, 0.0]])


def test_forward_on_paper(paper):
    out, parameters, Y = paper
    passes = forward(NETWORK, parameters, floats([out[0]]))
    for layer, computed in enumerate(passes.inputs):
        close(computed, [out[layer]])
    close(passes.output, [out[4]])
    # Cost = -1/2 (log(1/3) + log(1 - 3/4)) = log(12) / 2
    assert float(loss(NETWORK, passes, Y)) == pytest.approx(np.log(12.0) / 2.0, rel=1e-14)


def test_backward_on_paper(paper):
    out, parameters, Y = paper
    gradients = backward(NETWORK, parameters, forward(NETWORK, parameters, floats([out[0]])), Y)
    # delta_8 = (-1 / (1/3)) (1/3) (2/3) / 2 and delta_9 = (1 / (1/4)) (3/4) (1/4) / 2
    close(gradients.delta[3], [[F(-1, 3), F(3, 8)]])
    # dCost/dout_h6 = -1/3 + 2 * 3/8, dCost/dout_h7 = 1/3 + 3/8; times 3/16 and 1/4
    close(gradients.dinput[3], [[F(5, 12), F(17, 24)]])
    close(gradients.delta[2], [[F(5, 64), F(17, 96)]])
    # dCost/dout_h4 = 2 * 5/64 - 17/96, dCost/dout_h5 = 5/64 + 3 * 17/96; times 2/9 and 3/16
    close(gradients.dinput[2], [[F(-1, 48), F(39, 64)]], digits=12)
    close(gradients.delta[1], [[F(-1, 216), F(117, 1024)]], digits=12)
    # dCost/dout_h2 = -1/216 - 2 * 117/1024, dCost/dout_h3 = -3/216 + 117/1024; times 1/4, 2/9
    close(gradients.dinput[1], [[F(-3223, 13824), F(925, 9216)]])
    close(gradients.delta[0], [[F(-3223, 55296), F(925, 41472)]])
    # dW = out of the sending node times delta of the receiving node; w68 first in W_5
    close(gradients.dW[3], [[F(-1, 4), F(9, 32)], [F(-1, 6), F(3, 16)]])
    close(gradients.dW[2], [[F(5, 96), F(17, 144)], [F(5, 256), F(17, 384)]])
    close(gradients.dW[1], [[F(-1, 432), F(117, 2048)], [F(-1, 648), F(39, 1024)]], digits=12)
    close(gradients.dW[0], [[F(-3223, 55296), F(925, 41472)], [F(-3223, 27648), F(925, 20736)]])
    for layer in range(4):
        np.testing.assert_array_equal(gradients.db[layer], gradients.delta[layer][0])


def test_update_on_paper(paper):
    out, parameters, Y = paper
    gradients = backward(NETWORK, parameters, forward(NETWORK, parameters, floats([out[0]])), Y)
    arrays = [parameters[3].W, parameters[3].b]
    b8 = float(parameters[3].b[0])
    sgd = SGD()
    sgd.update(arrays, [gradients.dW[3], gradients.db[3]], sgd.start(arrays), learning_rate=0.4)
    # w68 = 1 + 0.4 / 4, w69 = 2 - 0.4 * 9/32, w78 = -1 + 0.4 / 6, w79 = 1 - 0.4 * 3/16
    close(arrays[0], [[F(11, 10), F(151, 80)], [F(-14, 15), F(37, 40)]])
    assert arrays[1][0] == pytest.approx(b8 + 0.4 / 3.0, rel=1e-14)


def cost_at_50_digits(X, Y, layers):
    """-1/(2N) sum over samples and outputs of y log(p) + (1 - y) log(1 - p), Z = W^T X + b."""
    total = mpf(0)
    for x, y in zip(X, Y, strict=True):
        out = x
        for W, b in layers:
            net = [W[0][j] * out[0] + W[1][j] * out[1] + b[j] for j in (0, 1)]
            out = [1 / (1 + mp.exp(-n)) for n in net]
        total += mp.fsum(y[i] * mp.log(out[i]) + (1 - y[i]) * mp.log(1 - out[i]) for i in (0, 1))
    return -total / (2 * len(X))


def test_batch_of_three_at_50_digits(b, tools):
    parameters = [Layer(b.W2, b.b2), Layer(b.W3, b.b3), Layer(b.W4, b.b4), Layer(b.W5, b.b5)]
    passes = forward(NETWORK, parameters, b.X)
    gradients = backward(NETWORK, parameters, passes, b.Y)
    with mp.workdps(50):
        X, Y = tools.exactly(b.X), tools.exactly(b.Y)
        layers = [(tools.exactly(W), tools.exactly(bias)) for W, bias in parameters]

        def cost():
            return cost_at_50_digits(X, Y, layers)

        close(loss(NETWORK, passes, b.Y), cost(), digits=14)
        close(gradients.dinput[0], tools.exact_differences(cost, X), digits=12)
        for (W, bias), dW, db in zip(layers, gradients.dW, gradients.db, strict=True):
            close(dW, tools.exact_differences(cost, W), digits=12)
            close(db, tools.exact_differences(cost, bias), digits=12)


def test_steps_of_the_update_lower_the_cost_every_time(b):
    parameters = [Layer(b.W2, b.b2), Layer(b.W3, b.b3), Layer(b.W4, b.b4), Layer(b.W5, b.b5)]
    costs = []
    for _ in range(20):
        passes = forward(NETWORK, parameters, b.X)
        costs.append(float(loss(NETWORK, passes, b.Y)))
        gradients = backward(NETWORK, parameters, passes, b.Y)
        parameters = [
            Layer(W - 0.5 * dW, bias - 0.5 * db)
            for (W, bias), dW, db in zip(parameters, gradients.dW, gradients.db, strict=True)
        ]
    assert all(after < before for before, after in pairwise(costs))
