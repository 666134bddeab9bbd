"""The derivations whose pages are read back, and their numbers by `forward` and `backward`."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np

from clearprop import Layer, Network, backward, forward, loss
from clearprop.activations import ACTIVATIONS, as_activation
from clearprop.explain.derivation.batch import Batch, Update, as_batch
from clearprop.explain.derivation.build import build_records
from clearprop.explain.derivation.records import Records
from clearprop.explain.document import explain
from clearprop.losses import OUTPUTS
from clearprop.optimizers import SGD

N_RANDOM = 30
LEARNING_RATE = 0.1


def random_batch(seed: int) -> Batch:
    """A network of depth 1 to 6, width 1 to 8, with 1 to 8 rows; all activations, all outputs."""
    random = np.random.default_rng(seed)
    names, outputs = list(ACTIVATIONS), list(OUTPUTS)
    output = outputs[seed % len(outputs)]
    n_layers = 1 + seed % 6
    sizes = [int(size) for size in random.integers(1, 9, n_layers + 1)]
    if output == "softmax":
        sizes[-1] = max(sizes[-1], 2)
    hidden = [names[(seed + layer) % len(names)] for layer in range(n_layers - 1)]
    reduction = ("sum", "mean", "mean_all")[seed % 3]
    network = Network(sizes, hidden=hidden, output=output, reduction=reduction)
    n_samples = 1 + (seed * 5) % 8
    X = random.normal(size=(n_samples, sizes[0]))
    if output == "softmax":
        Y = np.eye(sizes[-1])[random.integers(0, sizes[-1], n_samples)]
    elif output == "logistic":
        Y = random.integers(0, 2, (n_samples, sizes[-1])).astype(float)
    else:
        Y = random.normal(size=(n_samples, sizes[-1])) ** 2
    return as_batch(network, network.initialize(seed), X, Y)


@cache
def random_records(seed: int) -> Records:
    """Its derivation with an update; the numbers of finite differences are another test's."""
    update = Update(SGD(), LEARNING_RATE)
    return build_records(random_batch(seed), update=update, check=seed % 5 == 0)


@cache
def article_records(letter: str) -> Records:
    """An article's derivation with everything it has."""
    return explain(f"article-{letter}").records


def large_batch() -> Batch:
    """The size the page's limits are promised for: 784-128-64-10 and 32 rows."""
    random = np.random.default_rng(0)
    network = Network([784, 128, 64, 10], hidden="relu", output="softmax", reduction="mean")
    Y = np.eye(10)[random.integers(0, 10, 32)]
    return as_batch(network, network.initialize(0), random.random((32, 784)), Y)


def expected_values(records: Records) -> dict[str, Any]:
    """Each step's values, computed here from what is given; "doutput" is left to its own test."""
    network, last = records.network, records.network.n_layers - 1
    X, Y = records["input[0]"].values, records["Y"].values
    layers = range(network.n_layers)
    parameters = [Layer(records[f"W[{k}]"].values, records[f"b[{k}]"].values) for k in layers]
    passes = forward(network, parameters, X)
    gradients = backward(network, parameters, passes, Y)
    terms = OUTPUTS[network.output].loss_terms(passes.z[-1], Y, network.output_parameters)
    values: dict[str, Any] = {
        "input[0]": X, "Y": Y, "output": passes.output, "loss_terms": terms,
        "loss": loss(network, passes, Y),
    }  # fmt: skip
    for layer, (W, b) in enumerate(parameters):
        values |= {
            f"W[{layer}]": W, f"b[{layer}]": b, f"z[{layer}]": passes.z[layer],
            f"delta[{layer}]": gradients.delta[layer], f"dinput[{layer}]": gradients.dinput[layer],
            f"dW[{layer}]": gradients.dW[layer], f"db[{layer}]": gradients.db[layer],
        }  # fmt: skip
        if layer < last:
            h = passes.inputs[layer + 1]
            values[f"input[{layer + 1}]"] = h
            sigma_prime = as_activation(network.hidden[layer]).derivative(passes.z[layer], h)
            values[f"sigma_prime[{layer}]"] = sigma_prime
    if records.update is not None:
        rate = records.update.learning_rate
        updated = [
            Layer(W - rate * dW, b - rate * db)
            for (W, b), dW, db in zip(parameters, gradients.dW, gradients.db, strict=True)
        ]
        for (layer, old), kind in product(enumerate(parameters), "Wb"):
            new = getattr(updated[layer], kind)
            values[f"{kind}_new[{layer}]"] = new
            values[f"{kind}_step[{layer}]"] = new - getattr(old, kind)
        values["new_loss"] = loss(network, forward(network, updated, X), Y)
    return {step: np.asarray(array, float) for step, array in values.items()}
