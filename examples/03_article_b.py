"""Article B with numbers: node by node through five layers, the batch summed right, and an update.

"How to do backpropagation in a neural network", Educative Answers: nodes 0 and 1 are the inputs,
2 to 7 three hidden layers of two sigmoids, 8 and 9 the outputs, each a probability. New after
02_article_a.py: an output of sigmoids, the factor 1/(2N) (N samples times 2 outputs,
reduction="mean_all"), and w_new = w_old - alpha * dw. The article writes Z = W^T X + b with one
column per sample; clearprop writes X W + b with one row per sample, and W is the same matrix.
"""

import numpy as np

from clearprop import Layer, Network, backward, check_gradients, forward, loss

network = Network([2, 2, 2, 2, 2], hidden="logistic", output="logistic", reduction="mean_all")
X = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.8]])
Y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
N = len(X)
parameters = [
    Layer(np.array([[1.2, -0.8], [0.5, 1.6]]), np.array([0.1, -0.3])),
    Layer(np.array([[-1.4, 0.9], [0.7, 1.1]]), np.array([0.2, -0.1])),
    Layer(np.array([[1.3, -0.5], [-0.6, 1.5]]), np.array([-0.4, 0.3])),
    Layer(np.array([[1.7, -1.2], [-0.9, 0.8]]), np.array([0.25, -0.15])),
]
alpha = 0.5


def cost(parameters):
    """-1/(2N) times the sum over samples and outputs of y log(p) + (1 - y) log(1 - p)."""
    p = forward(network, parameters, X).output
    return -np.sum(Y * np.log(p) + (1.0 - Y) * np.log(1.0 - p)) / (2 * N)


def finite_difference(layer, kind, entry, step=1e-4):
    """The change of the cost over the change of one weight or bias."""
    costs = []
    for nudge in (step, -step):
        nudged = [Layer(W.copy(), b.copy()) for W, b in parameters]
        getattr(nudged[layer], kind)[entry] += nudge
        costs.append(cost(nudged))
    return (costs[0] - costs[1]) / (2.0 * step)


passes = forward(network, parameters, X)
gradients = backward(network, parameters, passes, Y)
out = {0: X[:, 0], 1: X[:, 1]}  # by node number, one value per sample
for layer in range(1, 4):
    out[2 * layer], out[2 * layer + 1] = passes.inputs[layer].T
out[8], out[9] = passes.output.T
y1, y2 = Y.T
(w46, w47), (w56, w57) = parameters[2].W
(w68, w69), (w78, w79) = parameters[3].W
print("node   sample 1   sample 2   sample 3")
for node, values in out.items():
    print(f"{node:<4}" + "".join(f"{value:>11.6f}" for value in values))
print(f"\nCost: written out {cost(parameters):.8f}, from logits {loss(network, passes, Y):.8f}\n")

# The last layer. Each factor has a value per sample; they are multiplied first, summed last.
dcost_dout8 = (-y1 / out[8] + (1.0 - y1) / (1.0 - out[8])) / (2 * N)
dcost_dout9 = (-y2 / out[9] + (1.0 - y2) / (1.0 - out[9])) / (2 * N)
delta8 = dcost_dout8 * out[8] * (1.0 - out[8])
delta9 = dcost_dout9 * out[9] * (1.0 - out[9])
print("delta8 per sample          ", delta8.round(6))
print("(out_o8 - y1) / (2N)       ", ((out[8] - y1) / (2 * N)).round(6))
shares = delta8 * out[6]
print(f"dw68 = {shares[0]:.6f} + {shares[1]:.6f} + {shares[2]:.6f} = {shares.sum():.6f}")
print(f"db8  = {delta8[0]:.6f} + {delta8[1]:.6f} + {delta8[2]:.6f} = {delta8.sum():.6f}\n")

# Node 6 reaches the cost through nodes 8 and 9, so both paths are added; so does node 7.
delta6 = (delta8 * w68 + delta9 * w69) * out[6] * (1.0 - out[6])
delta7 = (delta8 * w78 + delta9 * w79) * out[7] * (1.0 - out[7])
# Node 4 through 6 and 7. out_h6 is already sigma(net), so its slope is out_h6 (1 - out_h6).
dcost_dout4 = delta6 * w46 + delta7 * w47
dcost_dout5 = delta6 * w56 + delta7 * w57
print("dCost/dout_h4 per sample   ", dcost_dout4.round(6))
print("the same from backward     ", gradients.dinput[2][:, 0].round(6), "\n")
delta4 = dcost_dout4 * out[4] * (1.0 - out[4])
delta5 = dcost_dout5 * out[5] * (1.0 - out[5])
# The remaining hidden layer, the same way.
(w24, w25), (w34, w35) = parameters[1].W
delta2 = (delta4 * w24 + delta5 * w25) * out[2] * (1.0 - out[2])
delta3 = (delta4 * w34 + delta5 * w35) * out[3] * (1.0 - out[3])
delta = {2: delta2, 3: delta3, 4: delta4, 5: delta5, 6: delta6, 7: delta7, 8: delta8, 9: delta9}

print(f"{'dCost by':<12}{'by hand':>16}{'backward':>16}{'finite difference':>20}")
for layer in (3, 2, 1, 0):
    for to in (2 * layer + 2, 2 * layer + 3):
        column = to - (2 * layer + 2)
        for row in (0, 1):
            by_hand = np.sum(delta[to] * out[2 * layer + row])
            numeric = finite_difference(layer, "W", (row, column))
            computed = gradients.dW[layer][row, column]
            name = f"w{2 * layer + row}{to}"
            print(f"{name:<12}{by_hand:>16.8g}{computed:>16.8g}{numeric:>20.8g}")
        numeric = finite_difference(layer, "b", column)
        by_hand, computed = np.sum(delta[to]), gradients.db[layer][column]
        print(f"{f'b{to}':<12}{by_hand:>16.8g}{computed:>16.8g}{numeric:>20.8g}")
print(f"\n{check_gradients(network, parameters, X, Y)}\n")

# The update, all parameters at once, each from the derivatives at the old ones.
before = cost(parameters)
updated = [
    Layer(W - alpha * dW, b - alpha * db)
    for (W, b), dW, db in zip(parameters, gradients.dW, gradients.db, strict=True)
]
print(f"w68: {w68:.6f} - {alpha} * {gradients.dW[3][0, 0]:.6f} = {updated[3].W[0, 0]:.6f}")
print(f"cost before the update {before:.8f}")
print(f"cost after the update  {cost(updated):.8f}")
