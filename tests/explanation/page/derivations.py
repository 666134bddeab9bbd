"""The derivations whose pages are read back, and their numbers by `forward` and `backward`."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from random_networks import random_case

from clearprop import Layer, Network, backward, forward, loss
from clearprop.activations import as_activation
from clearprop.explanation.derivation.batch import Batch, as_batch
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.document import explain
from clearprop.explanation.random_network import random_targets
from clearprop.losses import OUTPUTS, reduction_factor
from clearprop.penalties import l2_gradient, l2_penalty


@cache
def random_records(number: int) -> Records:
    """A random network's derivation, with finite differences where that takes no time."""
    return random_case(number).records(check=number % 5 == 0)


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


def named_records(width: int) -> Records:
    """Inputs and outputs with names as long as those that an encoded table has."""
    network = Network([width, 4, 3], hidden="tanh", output="softmax", reduction="mean")
    random = np.random.default_rng(width)
    return explain(
        network, network.initialize(0), random.normal(size=(3, width)), np.eye(3), check=False,
        feature_names=[f"native-country of birth={LAND[i % 4]} {i}" for i in range(width)],
        output_names=["income above 50 thousand", "income of at most 50 thousand", "none <= 0"],
    ).records  # fmt: skip


LAND = (
    "United-States-of-America",
    "WWWWWWWW MMMMMMMM WWWWWWWWW",
    "日本国日本国日本国日本国",
    "Perú",
)


@cache
def several_targets() -> Records:
    """Two targets, of three classes and of two, each with a softmax of its own."""
    network = Network([3, 4, 5], output="softmax", output_parameters=(3, 2), reduction="mean")
    random = np.random.default_rng(0)
    Y = random_targets(network, 4, random)
    return explain(network, network.initialize(0), random.normal(size=(4, 3)), Y).records


def expected_values(records: Records, l2: float = 0.0) -> dict[str, Any]:
    """Each step's values, computed here from what is given; "doutput" is left to its own test."""
    network, last = records.network, records.network.n_layers - 1
    X, Y = records["input[0]"].values, records["Y"].values
    weight = records["sample_weight"].values if "sample_weight" in records else None
    layers = range(network.n_layers)
    parameters = [Layer(records[f"W[{k}]"].values, records[f"b[{k}]"].values) for k in layers]
    passes = forward(network, parameters, X)
    gradients = backward(network, parameters, passes, Y, sample_weight=weight)
    terms = OUTPUTS[network.output].loss_terms(passes.z[-1], Y, network.output_parameters)
    factor = reduction_factor(network.reduction, len(X), network.sizes[-1], weight)

    def total_loss(at: list[Layer]) -> Any:
        data_loss = loss(network, forward(network, at, X), Y, sample_weight=weight)
        return data_loss + l2_penalty(at, l2, factor)

    values: dict[str, Any] = {
        "input[0]": X, "Y": Y, "output": passes.output, "loss_terms": terms,
        "loss": loss(network, passes, Y, sample_weight=weight), "sample_weight": weight,
        "penalty": l2_penalty(parameters, l2, factor), "total_loss": total_loss(parameters),
    }  # fmt: skip
    updated = []
    for layer, (W, b) in enumerate(parameters):
        values |= {
            f"W[{layer}]": W, f"b[{layer}]": b, f"z[{layer}]": passes.z[layer],
            f"delta[{layer}]": gradients.delta[layer], f"dinput[{layer}]": gradients.dinput[layer],
            f"dW[{layer}]": gradients.dW[layer], f"db[{layer}]": gradients.db[layer],
            f"dW_total[{layer}]": gradients.dW[layer] + l2_gradient(W, l2, factor),
        }  # fmt: skip
        if layer < last:
            h = passes.inputs[layer + 1]
            values[f"input[{layer + 1}]"] = h
            sigma_prime = as_activation(network.hidden[layer]).derivative(passes.z[layer], h)
            values[f"sigma_prime[{layer}]"] = sigma_prime
        if records.update is not None:
            updated.append(_updated(records, layer, values))
            for kind in "Wb":
                values[f"{kind}_new[{layer}]"] = getattr(updated[-1], kind)
                step = getattr(updated[-1], kind) - getattr(parameters[layer], kind)
                values[f"{kind}_step[{layer}]"] = step
    if updated:
        values["new_loss"] = total_loss(updated)
    shown = {step.id for step in records.steps}
    return {name: np.asarray(array, float) for name, array in values.items() if name in shown}


def _updated(records: Records, layer: int, values: dict[str, Any]) -> Layer:
    """By gradient descent; what another optimizer does is tested where it is."""
    rule = records.update
    assert rule is not None
    if rule.name != "SGD":
        return Layer(records[f"W_new[{layer}]"].values, records[f"b_new[{layer}]"].values)
    rate = rule.learning_rate
    W, b = values[f"W[{layer}]"], values[f"b[{layer}]"]
    return Layer(W - rate * values[f"dW_total[{layer}]"], b - rate * values[f"db[{layer}]"])
