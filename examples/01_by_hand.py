r"""Backpropagation by hand: two inputs, two hidden nodes, one output, weight by weight.

Plain Python numbers and the chain rule written out, in the style of article B ("How to do
backpropagation in a neural network", Educative Answers). Nodes are numbered as there, and w24 is
the weight from node 2 to node 4:

    x0 (node 0) ---- node 2
                \ /        \
                 X          node 4  ->  p, the probability that y = 1
                / \        /
    x1 (node 1) ---- node 3

At the end each derivative stands beside clearprop's `backward` and beside a finite difference:
nudge the weight a little up and down, and divide the change of the cost by that of the weight.
"""

from math import exp, log

import numpy as np

from clearprop import Layer, Network, backward, forward

# One sample, its class, and nine parameters.
x0, x1, y = 0.5, -1.0, 1.0
start = {
    "w02": 0.4, "w03": -0.3, "w12": 0.2, "w13": 0.8, "b2": 0.1, "b3": -0.2,
    "w24": 0.7, "w34": -0.5, "b4": 0.3,
}  # fmt: skip


def sigmoid(net: float) -> float:
    """1 / (1 + exp(-net))."""
    return 1.0 / (1.0 + exp(-net))


def run(w: dict[str, float]) -> tuple[float, float, float]:
    """The forward pass: what nodes 2, 3 and 4 put out."""
    out2 = sigmoid(x0 * w["w02"] + x1 * w["w12"] + w["b2"])
    out3 = sigmoid(x0 * w["w03"] + x1 * w["w13"] + w["b3"])
    out4 = sigmoid(out2 * w["w24"] + out3 * w["w34"] + w["b4"])
    return out2, out3, out4


def cost(w: dict[str, float]) -> float:
    """Binary cross-entropy of one sample and one output."""
    p = run(w)[2]
    return -(y * log(p) + (1.0 - y) * log(1.0 - p))


# Forward.
out2, out3, out4 = run(start)
print(f"out2 = {out2:.6f}   out3 = {out3:.6f}   out4 = p = {out4:.6f}   cost = {cost(start):.6f}\n")

# The output node. Three links of a chain: cost <- out4 <- net4 <- w24.
dcost_dout4 = -y / out4 + (1.0 - y) / (1.0 - out4)
dout4_dnet4 = out4 * (1.0 - out4)
delta4 = dcost_dout4 * dout4_dnet4
print(f"delta4 = dcost/dout4 * dout4/dnet4 = {dcost_dout4:.6f} * {dout4_dnet4:.6f} = {delta4:.6f}")
print(f"       = out4 - y                  = {out4:.6f} - {y:.6f}  = {out4 - y:.6f}\n")

by_hand = {}
by_hand["w24"] = delta4 * out2  # dnet4/dw24 = out2
by_hand["w34"] = delta4 * out3
by_hand["b4"] = delta4  # dnet4/db4 = 1

# The hidden nodes. The chain goes on: net4 <- out2 <- net2 <- w02.
delta2 = delta4 * start["w24"] * out2 * (1.0 - out2)
delta3 = delta4 * start["w34"] * out3 * (1.0 - out3)
print(f"delta2 = delta4 * w24 * out2 (1 - out2) = {delta2:.6f}")
print(f"delta3 = delta4 * w34 * out3 (1 - out3) = {delta3:.6f}\n")
by_hand["w02"], by_hand["w12"], by_hand["b2"] = delta2 * x0, delta2 * x1, delta2
by_hand["w03"], by_hand["w13"], by_hand["b3"] = delta3 * x0, delta3 * x1, delta3

# The same network in clearprop: a matrix per layer, a row per sending, a column per receiving node.
network = Network([2, 2, 1], hidden="logistic", output="logistic", reduction="mean_all")
W1 = np.array([[start["w02"], start["w03"]], [start["w12"], start["w13"]]])
W2 = np.array([[start["w24"]], [start["w34"]]])
parameters = [
    Layer(W1, np.array([start["b2"], start["b3"]])),
    Layer(W2, np.array([start["b4"]])),
]
passes = forward(network, parameters, np.array([[x0, x1]]))
gradients = backward(network, parameters, passes, np.array([[y]]))
(dw02, dw03), (dw12, dw13) = gradients.dW[0]
(dw24,), (dw34,) = gradients.dW[1]
db2, db3 = gradients.db[0]
(db4,) = gradients.db[1]
computed = {
    "w02": dw02, "w03": dw03, "w12": dw12, "w13": dw13, "b2": db2, "b3": db3,
    "w24": dw24, "w34": dw34, "b4": db4,
}  # fmt: skip

step = 1e-4
print(f"{'d cost by':<12}{'by hand':>16}{'backward':>16}{'finite difference':>20}")
for name in start:
    above, below = dict(start), dict(start)
    above[name] += step
    below[name] -= step
    numeric = (cost(above) - cost(below)) / (2.0 * step)
    print(f"{name:<12}{by_hand[name]:>16.8g}{computed[name]:>16.8g}{numeric:>20.8g}")
