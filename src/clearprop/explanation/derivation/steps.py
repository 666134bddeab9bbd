"""The steps of a derivation, in order: what is given, forward, the loss, backward, the update.

Each is a name, a sentence, its numbers and what it is computed from. This file computes nothing of
backpropagation itself: the numbers come from `numbers`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.activations import as_activation
from clearprop.backprop import Gradients
from clearprop.explanation.derivation.batch import Batch
from clearprop.explanation.derivation.checks import Checker
from clearprop.explanation.derivation.numbers import Numbers, sigma_prime
from clearprop.explanation.derivation.records import Operand, Phase, Step
from clearprop.losses import OUTPUTS
from clearprop.penalties import l2_penalty

__all__ = ["Names", "derivation_steps"]

Array = npt.NDArray[Any]

SAME = (0, 1)  # an operand's entry is the result's own
ROW, COLUMN = (0, None), (None, 1)
ALL = (None, None)


class Names:
    """What rows, inputs and outputs are called.

    Args:
        features: one name per input, or () for x1, x2, …
        outputs: one name per output, or () for the numbers of the outputs.
        samples: one name per row, or () for sample 1, sample 2, …
    """

    def __init__(
        self,
        sizes: Sequence[int],
        n_samples: int,
        features: Sequence[str] = (),
        outputs: Sequence[str] = (),
        samples: Sequence[str] = (),
    ) -> None:
        self.samples = tuple(samples) or tuple(f"sample {s + 1}" for s in range(n_samples))
        self.layers = [tuple(features) or tuple(f"x{i + 1}" for i in range(sizes[0]))]
        for layer, width in enumerate(sizes[1:-1], start=1):
            self.layers.append(tuple(f"h{layer},{j + 1}" for j in range(width)))
        self.layers.append(tuple(outputs) or tuple(f"yhat{k + 1}" for k in range(sizes[-1])))
        self.targets = tuple(outputs) or tuple(f"y{k + 1}" for k in range(sizes[-1]))


class _Steps:
    """Collects steps."""

    def __init__(self, batch: Batch, names: Names, inputs_first: bool) -> None:
        self.batch, self.names, self.inputs_first = batch, names, inputs_first
        self.steps: list[Step] = []
        self.weight: tuple[Operand, ...] = ()
        if batch.sample_weight is not None:
            self.weight = (Operand("sample_weight", (0,)),)

    def add(
        self,
        id: str,
        phase: Phase,
        operation: str,
        layer: int | None,
        title: str,
        sentence: str,
        values: Any,
        rows: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
        operands: Sequence[Operand] = (),
    ) -> None:
        numbers = np.asarray(values, np.float64)
        step = Step(
            id, phase, operation, layer, title, sentence, numbers, rows, columns, tuple(operands)
        )
        self.steps.append(step)


def derivation_steps(
    batch: Batch, numbers: Numbers, names: Names, *, inputs_first: bool = True
) -> list[Step]:
    """All steps in order, without their checks.

    Args:
        batch: what is derived.
        numbers: its numbers.
        names: of rows, inputs and outputs.
        inputs_first: whether dinput comes before dW and db, as in article A, or after, as in B.
    """
    steps = _Steps(batch, names, inputs_first)
    _given(steps)
    _forward(steps, numbers)
    _loss(steps, numbers)
    _backward(steps, numbers)
    if numbers.updated is not None:
        _update(steps, numbers)
    return _with_users(steps.steps)


def add_checks(steps: Sequence[Step], checker: Checker, l2: float) -> list[Step]:
    """The same steps, with finite differences beside every derivative of the loss."""
    checked = []
    for step in steps:
        kind = step.id.partition("[")[0]
        if kind in ("dW", "db", "dinput", "delta"):
            assert step.layer is not None
            step = replace(step, check=checker.check(kind, step.layer, step.values))  # noqa: PLW2901 - a record is replaced, not changed
        elif kind == "dW_total":
            assert step.layer is not None
            step = replace(step, check=checker.check("dW", step.layer, step.values, l2=l2))  # noqa: PLW2901 - the same
        checked.append(step)
    return checked


def _with_users(steps: list[Step]) -> list[Step]:
    users: dict[str, list[str]] = {step.id: [] for step in steps}
    for step in steps:
        for operand in step.operands:
            users[operand.step].append(step.id)
    return [replace(step, used_by=tuple(users[step.id])) for step in steps]


def layer_name(layer: int, n_layers: int) -> str:
    """A layer with weights, as its title has it: "layer 2 (output)"."""
    return f"layer {layer + 1}{' (output)' if layer == n_layers - 1 else ''}"


def _given(steps: _Steps) -> None:
    batch, names = steps.batch, steps.names
    network = batch.network
    steps.add(
        "input[0]", "given", "given", 0, "Input X",
        "The batch: one row per sample, one column per input.",
        batch.X, names.samples, names.layers[0],
    )  # fmt: skip
    steps.add(
        "Y", "given", "given", None, "Targets Y",
        "What the output should have been, one row per sample.",
        batch.Y, names.samples, names.targets,
    )  # fmt: skip
    if batch.sample_weight is not None:
        steps.add(
            "sample_weight", "given", "given", None, "Sample weights",
            "How much each sample counts.",
            batch.sample_weight, (), names.samples,
        )  # fmt: skip
    for layer, (W, b) in enumerate(batch.parameters):
        where = layer_name(layer, network.n_layers)
        steps.add(
            f"W[{layer}]", "given", "given", layer, f"Weights of {where}",
            "A row for each node that sends, a column for each node that receives.",
            W, names.layers[layer], names.layers[layer + 1],
        )  # fmt: skip
        steps.add(
            f"b[{layer}]", "given", "given", layer, f"Biases of {where}",
            "One for each node that receives, shared by all samples.",
            b, (), names.layers[layer + 1],
        )  # fmt: skip


def _forward(steps: _Steps, numbers: Numbers) -> None:
    network, names = steps.batch.network, steps.names
    last = network.n_layers - 1
    for layer in range(network.n_layers):
        where = layer_name(layer, network.n_layers)
        steps.add(
            f"z[{layer}]", "forward", "affine", layer, f"Pre-activation of {where}",
            "Each node adds up what it receives, weighted, and its bias."
            + (" These are the logits." if layer == last else ""),
            numbers.passes.z[layer], names.samples, names.layers[layer + 1],
            [
                Operand(f"input[{layer}]", ROW),
                Operand(f"W[{layer}]", COLUMN),
                Operand(f"b[{layer}]", (1,)),
            ],
        )  # fmt: skip
        if layer < last:
            activation = as_activation(network.hidden[layer]).name
            steps.add(
                f"input[{layer + 1}]", "forward", "activation", layer,
                f"Activation of {where}",
                f"The activation function, {activation}, entry by entry; the next layer's input.",
                numbers.passes.inputs[layer + 1], names.samples, names.layers[layer + 1],
                [Operand(f"z[{layer}]", SAME)],
            )  # fmt: skip
    is_softmax = network.output == "softmax"
    blocks = tuple(int(width) for width in network.output_parameters) if is_softmax else ()
    of_target = " that belong to its own target" if blocks else ""
    steps.add(
        "output", "forward", "output", last, "Output yhat",
        f"The probabilities of the classes: each depends on all logits of its row{of_target}."
        if is_softmax
        else f"The output function, {network.output}, entry by entry.",
        numbers.passes.output, names.samples, names.layers[-1],
        [Operand(f"z[{last}]", ROW, blocks) if is_softmax else Operand(f"z[{last}]", SAME)],
    )  # fmt: skip


def _loss(steps: _Steps, numbers: Numbers) -> None:
    batch, names = steps.batch, steps.names
    network = batch.network
    output = OUTPUTS[network.output]
    terms = output.loss_terms(numbers.passes.z[-1], batch.Y, network.output_parameters)
    steps.add(
        "loss_terms", "loss", "loss_terms", None, "Loss of each sample and output",
        f"{output.loss_name.replace('_', ' ').capitalize()}, before anything is summed."
        + _limits(numbers, batch),
        terms, names.samples, names.layers[-1],
        [Operand("output", SAME), Operand("Y", SAME)],
    )  # fmt: skip
    steps.add(
        "loss", "loss", "loss", None, "The loss",
        _REDUCTION_SENTENCES[network.reduction],
        numbers.loss, (), (),
        [Operand("loss_terms", ALL), *(Operand(w.step, (None,)) for w in steps.weight)],
    )  # fmt: skip
    if batch.l2:
        weights = [Operand(f"W[{layer}]", ALL) for layer in range(network.n_layers)]
        steps.add(
            "penalty", "loss", "penalty", None, "The L2 penalty",
            "Half the squares of all weights, times its strength and the loss's own factor; "
            "biases are left out.",
            float(l2_penalty(batch.parameters, batch.l2, batch.factor)), (), (), weights,
        )  # fmt: skip
        steps.add(
            "total_loss", "loss", "total_loss", None, "The loss with its penalty",
            "What training minimises.",
            numbers.total_loss, (), (), [Operand("loss", ()), Operand("penalty", ())],
        )  # fmt: skip


def _limits(numbers: Numbers, batch: Batch) -> str:
    """What is to be said where the loss's formula, as it stands, has no value."""
    yhat, output = np.asarray(numbers.passes.output), batch.network.output
    if (output == "softmax" and np.any(yhat == 0.0)) or (
        output == "logistic" and np.any((yhat == 0.0) | (yhat == 1.0))
    ):
        return (
            " It is computed from the logits: here an output has been rounded to 0 or 1, and with "
            "that the formula would have log(0) in it."
        )
    if output == "exponential" and np.any(batch.Y == 0.0):
        return " Where y is 0, y log(y / yhat) counts as 0, its limit."
    return ""


_REDUCTION_SENTENCES = {
    "sum": "The sum over all samples and outputs.",
    "mean": "The sum over the outputs, averaged over the samples.",
    "mean_all": "The average over samples and outputs.",
}


def _backward(steps: _Steps, numbers: Numbers) -> None:
    batch, names = steps.batch, steps.names
    network, gradients = batch.network, numbers.gradients
    last = network.n_layers - 1
    output = OUTPUTS[network.output]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        by_output = batch.shares * np.asarray(
            output.by_output(numbers.passes.output, batch.Y, network.output_parameters), np.float64
        )
    targets = [Operand("output", SAME), Operand("Y", SAME), *steps.weight]
    steps.add(
        "doutput", "backward", "by_output", last, "The loss by the output",
        "The first link of the chain: how the loss changes with each output alone.",
        by_output, names.samples, names.layers[-1], targets,
    )  # fmt: skip
    steps.add(
        f"delta[{last}]", "backward", "output_delta", last, "Delta of the output layer",
        "How the loss changes with each logit: the first link times the derivative of the output "
        "function, which together are short.",
        gradients.delta[last], names.samples, names.layers[-1], targets,
    )  # fmt: skip
    for layer in range(last, -1, -1):
        if layer < last:
            _delta(steps, numbers, layer)
        _gradients(steps, numbers, layer)


def _delta(steps: _Steps, numbers: Numbers, layer: int) -> None:
    network, names = steps.batch.network, steps.names
    where = layer_name(layer, network.n_layers)
    activation = as_activation(network.hidden[layer])
    is_by_h = re.search(r"\bh\b", activation.derivative_formula)
    needs = [Operand(f"input[{layer + 1}]", SAME)] if is_by_h else []
    steps.add(
        f"sigma_prime[{layer}]", "backward", "sigma_prime", layer,
        f"Slope of the activation of {where}",
        "How much each activation changes with its own pre-activation, and with no other.",
        sigma_prime(network, numbers.passes, layer), names.samples, names.layers[layer + 1],
        [Operand(f"z[{layer}]", SAME), *needs],
    )  # fmt: skip
    steps.add(
        f"delta[{layer}]", "backward", "delta", layer, f"Delta of {where}",
        "How the loss changes with each pre-activation: what came back to h, times its slope, "
        "entry by entry.",
        numbers.gradients.delta[layer], names.samples, names.layers[layer + 1],
        [Operand(f"dinput[{layer + 1}]", SAME), Operand(f"sigma_prime[{layer}]", SAME)],
    )  # fmt: skip


def _gradients(steps: _Steps, numbers: Numbers, layer: int) -> None:
    """What a layer's delta gives: article A hands it down first, article B last."""
    parts = [_dinput, _parameters]
    for part in parts if steps.inputs_first else reversed(parts):
        part(steps, numbers.gradients, layer)


def _dinput(steps: _Steps, gradients: Gradients, layer: int) -> None:
    names = steps.names
    whose = f"the activation of layer {layer}" if layer else "the input"
    steps.add(
        f"dinput[{layer}]", "backward", "dinput", layer, f"The loss by {whose}",
        "Every node hands back to its senders what it has, weighted as it received. "
        + ("The layer below needs it." if layer else "No layer is below: nothing uses it."),
        gradients.dinput[layer], names.samples, names.layers[layer],
        [Operand(f"delta[{layer}]", ROW), Operand(f"W[{layer}]", (1, None))],
    )  # fmt: skip


def _parameters(steps: _Steps, gradients: Gradients, layer: int) -> None:
    names = steps.names
    where = layer_name(layer, steps.batch.network.n_layers)
    steps.add(
        f"dW[{layer}]", "backward", "dW", layer, f"The loss by the weights of {where}",
        "What was sent times the delta of who received it, added up over the samples.",
        gradients.dW[layer], names.layers[layer], names.layers[layer + 1],
        [Operand(f"input[{layer}]", (None, 0)), Operand(f"delta[{layer}]", COLUMN)],
    )  # fmt: skip
    steps.add(
        f"db[{layer}]", "backward", "db", layer, f"The loss by the biases of {where}",
        "A bias is sent to every sample, so its derivative adds up all samples' deltas.",
        gradients.db[layer], (), names.layers[layer + 1],
        [Operand(f"delta[{layer}]", (None, 0))],
    )  # fmt: skip


def _update(steps: _Steps, numbers: Numbers) -> None:
    batch, names = steps.batch, steps.names
    updated = numbers.updated
    assert updated is not None
    network = batch.network
    for layer in range(network.n_layers):
        where = layer_name(layer, network.n_layers)
        rows, columns = names.layers[layer], names.layers[layer + 1]
        gradient = f"dW[{layer}]"
        if batch.l2:
            gradient = f"dW_total[{layer}]"
            steps.add(
                gradient, "update", "dW_total", layer,
                f"The loss with penalty by the weights of {where}",
                "The penalty's derivative is added: every weight is drawn towards 0.",
                numbers.dW_total[layer], rows, columns,
                [Operand(f"dW[{layer}]", SAME), Operand(f"W[{layer}]", SAME)],
            )  # fmt: skip
        for kind, same, old, new, used, row_names in (
            ("W", SAME, batch.parameters[layer].W, updated[layer].W, gradient, rows),
            ("b", (0,), batch.parameters[layer].b, updated[layer].b, f"db[{layer}]", ()),
        ):
            noun = "weights" if kind == "W" else "biases"
            steps.add(
                f"{kind}_step[{layer}]", "update", "step", layer, f"Step of the {noun} of {where}",
                "How far the optimizer moves each of them, against its derivative.",
                np.asarray(new, np.float64) - np.asarray(old, np.float64), row_names, columns,
                [Operand(used, same), Operand(f"{kind}[{layer}]", same)],
            )  # fmt: skip
            steps.add(
                f"{kind}_new[{layer}]", "update", "new", layer, f"New {noun} of {where}",
                "Old plus step.",
                new, row_names, columns,
                [Operand(f"{kind}[{layer}]", same), Operand(f"{kind}_step[{layer}]", same)],
            )  # fmt: skip
    everything = [
        operand
        for layer in range(network.n_layers)
        for operand in (Operand(f"W_new[{layer}]", ALL), Operand(f"b_new[{layer}]", (None,)))
    ]
    steps.add(
        "new_loss", "update", "new_loss", None, "The loss after the update",
        "The same batch through the network with its new parameters.",
        numbers.new_loss, (), (), everything,
    )  # fmt: skip
