"""Backward passes written by hand with the known mistakes in them, and random networks for them.

Nothing here uses the table of mistakes: what the doctor must name is written a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from clearprop import Layer, Network
from clearprop.activations import ACTIVATIONS
from clearprop.backprop import Gradients

LISTED = {
    "missing sigma'": "delta",
    "sigma' of h instead of z": "delta",
    "logistic' in place of sigma'": "delta",
    "tanh' in place of sigma'": "delta",
    "missing transpose of W": "dinput",
    "weights already updated": "dinput",
    "dW transposed": "dW",
    "delta of the layer above": "both",
    "delta of the layer below": "both",
    "bias not summed": "db",
    "bias of the first row": "db",
    "bias averaged": "db",
    "L2 on the bias": "db",
    "sign": "output",
    "factor 2": "output",
    "1/N missing": "output",
    "1/N doubled": "output",
    "1/N too many": "output",
    "softmax Jacobian applied twice": "output",
}
"""The mistakes of the list by name, with the formula that each spoils."""


class Case(NamedTuple):
    """A network on a batch."""

    network: Network
    parameters: list[Layer]
    X: Any
    Y: Any
    l2: float

    @property
    def given(self) -> tuple[Any, ...]:
        return self.network, self.parameters, self.X, self.Y


def random_case(seed: int, dtype: Any = np.float64) -> Case:
    """One to four layers, many of them square, all activations, outputs and reductions."""
    generator = np.random.default_rng([25, seed])
    n_layers = int(generator.integers(1, 5))
    width = int(generator.integers(2, 5))
    sizes = [width if generator.random() < 0.6 else int(generator.integers(2, 6))
             for _ in range(n_layers + 1)]  # fmt: skip
    hidden = [str(generator.choice(list(ACTIVATIONS))) for _ in sizes[2:]]
    output = str(generator.choice(["softmax", "logistic", "identity"]))
    reduction = str(generator.choice(["sum", "mean", "mean_all"]))
    network = Network(sizes, hidden, output, reduction)
    n_samples = int(generator.integers(3, 7))
    X = generator.normal(size=(n_samples, sizes[0])).astype(dtype)
    Y = np.eye(sizes[-1])[generator.integers(0, sizes[-1], n_samples)]
    if output == "identity":
        Y = generator.normal(size=Y.shape)
    elif output == "logistic":
        Y = generator.random(Y.shape).round()
    parameters = network.initialize(int(generator.integers(1000)), dtype=dtype)
    return Case(network, parameters, X, Y.astype(dtype), 0.3)


def places(name: str, case: Case) -> list[int]:
    """The layers at which a listed mistake can be made: where its shapes fit."""
    sizes, n_layers = case.network.sizes, case.network.n_layers
    square = [layer for layer in range(n_layers) if sizes[layer] == sizes[layer + 1]]
    reduction, output = case.network.reduction, case.network.output
    hidden = list(enumerate(case.network.hidden))
    return {
        "missing sigma'": range(n_layers - 1),
        "sigma' of h instead of z": range(n_layers - 1),
        "logistic' in place of sigma'": [layer for layer, name in hidden if name != "logistic"],
        "tanh' in place of sigma'": [layer for layer, name in hidden if name != "tanh"],
        "missing transpose of W": square,
        "weights already updated": range(n_layers),
        "dW transposed": square,
        "delta of the layer above": [layer - 1 for layer in square if layer > 0],
        "delta of the layer below": [layer for layer in square if layer > 0],
        "bias not summed": range(n_layers),
        "bias of the first row": range(n_layers),
        "bias averaged": range(n_layers),
        "L2 on the bias": range(n_layers),
        "sign": [n_layers - 1],
        "factor 2": [n_layers - 1],
        "1/N missing": [n_layers - 1] if reduction != "sum" else [],
        "1/N doubled": [n_layers - 1] if reduction != "sum" else [],
        "1/N too many": [n_layers - 1] if reduction == "sum" else [],
        "softmax Jacobian applied twice": [n_layers - 1] if output == "softmax" else [],
    }[name]  # type: ignore[return-value]  # ranges are lists enough


def wrong_pass(case: Case, faults: Iterable[tuple[str, int]], rate: float = 0.1) -> Gradients:  # noqa: PLR0912 - a branch per fault
    """Both passes by hand, in the dtype of X, with these faults, each at its layer."""
    faults = set(faults)
    network, (K, N) = case.network, (case.network.sizes[-1], len(case.X))
    n_layers = network.n_layers
    l2 = case.X.dtype.type(case.l2)
    inputs, zs = [case.X], []
    for layer, (W, b) in enumerate(case.parameters):
        zs.append(inputs[layer] @ W + b)
        if layer < n_layers - 1:
            inputs.append(ACTIVATIONS[network.hidden[layer]].function(zs[layer]))
    if network.output == "softmax":
        e = np.exp(zs[-1] - zs[-1].max(axis=1, keepdims=True))
        yhat = e / e.sum(axis=1, keepdims=True)
    elif network.output == "logistic":
        yhat = 1 / (1 + np.exp(-zs[-1]))
    else:
        yhat = zs[-1]
    divisor = {"sum": 1, "mean": N, "mean_all": N * K}[network.reduction]
    delta = (yhat - case.Y) / divisor
    last = n_layers - 1
    if ("softmax Jacobian applied twice", last) in faults:
        delta = yhat * (delta - (yhat * delta).sum(axis=1, keepdims=True))
    for name, number in {
        "sign": -1, "factor 2": 2, "1/N missing": N, "1/N doubled": 1 / N, "1/N too many": 1 / N,
    }.items():  # fmt: skip
        if (name, last) in faults:
            delta = delta * delta.dtype.type(number)
    deltas, dinputs = [None] * n_layers, [None] * n_layers
    for layer in reversed(range(n_layers)):
        W = case.parameters[layer].W
        deltas[layer] = delta
        if ("weights already updated", layer) in faults:
            W = W - W.dtype.type(rate) * (inputs[layer].T @ delta + l2 / divisor * W)
        dinput = delta @ (W if ("missing transpose of W", layer) in faults else W.T)
        dinputs[layer] = dinput
        if layer > 0:
            row, z = ACTIVATIONS[network.hidden[layer - 1]], zs[layer - 1]
            slope = row.derivative(z, row.function(z))
            if ("missing sigma'", layer - 1) in faults:
                slope = np.ones_like(z)
            if ("sigma' of h instead of z", layer - 1) in faults:
                h = inputs[layer]
                slope = row.derivative(h, row.function(h))
            if ("logistic' in place of sigma'", layer - 1) in faults:
                slope = inputs[layer] * (1 - inputs[layer])
            if ("tanh' in place of sigma'", layer - 1) in faults:
                slope = 1 - inputs[layer] ** 2
            delta = dinput * slope
    dWs, dbs = [], []
    for layer in range(n_layers):
        W, b = case.parameters[layer]
        used = deltas[layer]
        if ("delta of the layer above", layer) in faults:
            used = deltas[layer + 1]
        if ("delta of the layer below", layer) in faults:
            used = deltas[layer - 1]
        dW = inputs[layer].T @ used + l2 / divisor * W
        db = used.sum(axis=0)
        if ("dW transposed", layer) in faults:
            dW = dW.T
        if ("bias not summed", layer) in faults:
            db = deltas[layer]
        if ("bias of the first row", layer) in faults:
            db = deltas[layer][0]
        if ("bias averaged", layer) in faults:
            db = db / db.dtype.type(N)
        if ("L2 on the bias", layer) in faults:
            db = db + l2 / divisor * b
        dWs.append(dW)
        dbs.append(db)
    return Gradients(deltas, dWs, dbs, dinputs)
