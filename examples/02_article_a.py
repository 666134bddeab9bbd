"""Article A with numbers: every symbol of its derivation, for one sample and for a batch of three.

"An example of backpropagation in a four layer neural network using cross entropy loss", a blog
post: two inputs, hidden layers of two and four sigmoids, softmax over three classes. New after
01_by_hand.py: matrices, the softmax, and more than one sample. The article counts delta from the
output (delta^1 first); in clearprop delta[-1] is that one, delta[0] the one next to the input.
"""

import numpy as np

from clearprop import Layer, Network, backward, check_gradients, forward, loss

np.set_printoptions(precision=5, suppress=True)

network = Network([2, 2, 4, 3], hidden="logistic", output="softmax", reduction="sum")
X = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.8]])
Y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
W1, b1 = np.array([[0.2, -0.4], [0.7, 0.1]]), np.array([0.1, 0.2])
W2 = np.array([[0.3, -0.6, 0.8, 0.5], [-0.1, 0.9, 0.4, -0.7]])
b2 = np.array([0.05, -0.15, 0.25, 0.35])
W3 = np.array([[0.6, -0.3, 0.2], [-0.5, 0.4, 0.7], [0.1, 0.8, -0.9], [-0.2, 0.15, 0.45]])
b3 = np.array([0.12, -0.22, 0.32])
parameters = [Layer(W1, b1), Layer(W2, b2), Layer(W3, b3)]


def show(name, value):
    """Print a matrix beside its name."""
    lines = str(np.asarray(value)).splitlines()
    print(f"{name:<33}{lines[0]}", *(" " * 33 + line for line in lines[1:]), sep="\n")


def compare(X, Y, gradients):
    """Print every entry of every gradient beside its finite difference."""
    step = 1e-4
    print(f"\n{'dH by':<12}{'backward':>16}{'finite difference':>20}")
    for layer in range(3):
        arrays = {"W": gradients.dW[layer], "b": gradients.db[layer]}
        for kind, array in arrays.items():
            for entry in np.ndindex(array.shape):
                losses = []
                for nudge in (step, -step):
                    nudged = [Layer(W.copy(), b.copy()) for W, b in parameters]
                    getattr(nudged[layer], kind)[entry] += nudge
                    losses.append(loss(network, forward(network, nudged, X), Y))
                name = f"{kind}{layer + 1}[{','.join(str(i + 1) for i in entry)}]"
                numeric = (losses[0] - losses[1]) / (2.0 * step)
                print(f"{name:<12}{array[entry]:>16.8g}{numeric:>20.8g}")
    for entry in np.ndindex(X.shape):
        nudge = np.zeros_like(X)
        nudge[entry] = step
        above, below = (
            loss(network, forward(network, parameters, x), Y) for x in (X + nudge, X - nudge)
        )
        numeric = (above - below) / (2.0 * step)
        print(f"{f'x[{entry[0] + 1},{entry[1] + 1}]':<12}", end="")
        print(f"{gradients.dinput[0][entry]:>16.8g}{numeric:>20.8g}")
    print()


print("ONE SAMPLE\n")
x, y = X[:1], Y[:1]
passes = forward(network, parameters, x)
gradients = backward(network, parameters, passes, y)
h1, h2, yhat = passes.inputs[1], passes.inputs[2], passes.output
show("h1 = sigma(x W1 + b1)", h1)
show("h2 = sigma(h1 W2 + b2)", h2)
show("z3 = h2 W3 + b3", passes.z[2])
show("yhat = softmax(z3)", yhat)
print(f"H(yhat, y) = -sum y log(yhat) = {loss(network, passes, y):.6f}\n")

print("Output layer: three paths lead from z3 to H, and the softmax Jacobian adds them up.")
J = np.diag(yhat[0]) - np.outer(yhat[0], yhat[0])
show("dH/dyhat = -y / yhat", -y / yhat)
show("J = dyhat/dz3", J)
show("(-y / yhat) J", -y / yhat @ J)
show("delta^1 = yhat - y", yhat - y)
delta1 = gradients.delta[2]

print("\nHidden layer 2: the Jacobian of z3 by h2 is W3^T; by w3_ij it is h2_i in row j, else 0.")
show("dz3/dh2 = W3^T", W3.T)
show("dH/dh2 = delta^1 W3^T", delta1 @ W3.T)
i, j = 3, 2
indicator = np.array([h2[0, i - 1] if j == k else 0.0 for k in (1, 2, 3)])
show("dz3/dw3_32 = 1(j=k) h2_3", indicator)
show("dH/dw3_32 = delta^1 dz3/dw3_32", delta1 @ indicator)
show("dH/dW3 = h2^T delta^1", h2.T @ delta1)
show("dH/db3 = delta^1", delta1)

print("\nHidden layer 1: h2_k depends on z2_k alone, so the Jacobian of h2 by z2 is diagonal,")
print("and the product with it is a product entry by entry (Hadamard).")
slope = h2 * (1.0 - h2)
show("dh2/dz2", np.diag(slope[0]))
show("delta^1 W3^T dh2/dz2", delta1 @ W3.T @ np.diag(slope[0]))
show("delta^2 = delta^1 W3^T o s'(z2)", delta1 @ W3.T * slope)
delta2 = gradients.delta[1]
show("dH/dW2 = h1^T delta^2", h1.T @ delta2)

print("\nInput layer: the same step once more.")
show("delta^3 = delta^2 W2^T o s'(z1)", delta2 @ W2.T * h1 * (1.0 - h1))
delta3 = gradients.delta[0]
show("dH/dW1 = x^T delta^3", x.T @ delta3)
show("dH/dx = delta^3 W1^T", delta3 @ W1.T)
compare(x, y, gradients)

print("BATCH OF THREE: the same formulas; H is the sum over the samples.\n")
passes = forward(network, parameters, X)
gradients = backward(network, parameters, passes, Y)
h2, delta1 = passes.inputs[2], gradients.delta[2]
show("delta^1, a row per sample", delta1)
show("dH/dW3 = h2^T delta^1", h2.T @ delta1)
shares = h2[:, 0] * delta1[:, 0]
print(f"\ndH/dw3_11: {shares[0]:.6f} + {shares[1]:.6f} + {shares[2]:.6f} = {shares.sum():.6f}")
print("           one share h2_s1 delta^1_s1 for each sample s\n")
show("dH/db3 = column sums of delta^1", delta1.sum(axis=0))
compare(X, Y, gradients)
print(check_gradients(network, parameters, X, Y))
