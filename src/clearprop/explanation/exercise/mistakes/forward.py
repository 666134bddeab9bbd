"""Slips of the forward pass, the loss and the update: formulas that the doctor does not see.

One function for each operation of the derivation's steps, in `SLIPS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from clearprop.activations import ACTIVATIONS, as_activation
from clearprop.explanation.exercise.material import Material, Place
from clearprop.explanation.exercise.mistakes.found import Found, Wrong

__all__ = ["slips_of_formulas"]

OTHER_ACTIVATIONS = ("logistic", "tanh", "relu")


def slips_of_formulas(material: Material, place: Place) -> Wrong:
    """What comes out where the step's formula is put wrong."""
    slips = SLIPS.get(material.step(place[0]).operation)
    if slips is not None:
        with np.errstate(all="ignore"):
            yield from slips(material, place)


def _affine(material: Material, place: Place) -> Wrong:
    step, (sample, node) = material.step(place[0]), place[1]
    layer = step.layer
    assert layer is not None
    right = material.value(place)
    bias = material.value((f"b[{layer}]", (node,)))
    sent = material.step(f"input[{layer}]").values[sample]
    W = material.step(f"W[{layer}]").values
    b = material.symbol((f"b[{layer}]", (node,)))
    yield Found("bias subtracted", right - 2.0 * bias, ("the bias ", b, " was subtracted"))
    yield Found("bias twice", right + bias, ("the bias ", b, " was added twice"))
    if W.shape[0] == W.shape[1] > 1:
        yield Found(
            "W transposed",
            float(sent @ W[node] + bias),
            (
                "the weights were taken from a row of ",
                material.names.whole(f"W[{layer}]"),
                ", not from the node's column: a column holds what one node receives",
            ),
        )
    if f"W_new[{layer}]" in material.by_id:
        new = material.step(f"W_new[{layer}]").values[:, node]
        new_bias = material.value((f"b_new[{layer}]", (node,)))
        yield Found(
            "weights already updated",
            float(sent @ new + new_bias),
            ("the weights and the bias are those after the update",),
        )
    if layer > 0:
        before = material.step(f"z[{layer - 1}]").values[sample]
        z, h = material.names.whole(f"z[{layer - 1}]"), material.names.whole(f"input[{layer}]")
        yield Found(
            "pre-activation in place of the input",
            float(before @ W[:, node] + bias),
            ("the layer was fed with ", z, ", before the activation, in place of ", h),
        )


def _activation(material: Material, place: Place) -> Wrong:
    layer = material.step(place[0]).layer
    assert layer is not None
    own = as_activation(material.network.hidden[layer])
    z, right = material.value((f"z[{layer}]", place[1])), material.value(place)

    def of(argument: float) -> float:
        return float(own.function(np.array(argument)))

    yield Found(
        "sign of z", of(-z), ("the function was taken of −z: a minus sign too many or too few",)
    )
    yield Found("activated twice", of(right), ("the activation was applied twice",))
    for name in OTHER_ACTIVATIONS:
        if name != own.name:
            value = float(ACTIVATIONS[name].function(np.array(z)))
            yield Found(
                f"{name} in place of {own.name}",
                value,
                (f"this is {name} of z, and the activation of this layer is {own.name}",),
            )


def _output(material: Material, place: Place) -> Wrong:
    sample, k = place[1]
    logits = material.step(f"z[{material.last}]").values[sample]
    z = float(logits[k])
    output = material.network.output
    if output == "softmax":
        powers = np.exp(logits)
        others = float(powers.sum() - powers[k])
        yield Found(
            "softmax not divided",
            float(powers[k]),
            ("this is exp(z), not yet divided by the sum over all outputs",),
        )
        yield Found(
            "softmax without itself",
            float(powers[k]) / others,
            ("the sum below leaves out the output's own exp(z)",),
        )
        yield Found(
            "logistic in place of softmax",
            1.0 / (1.0 + math.exp(-z)),
            (
                "this is the logistic function of z alone: softmax divides by the sum over all "
                "outputs",
            ),
        )
        yield Found(
            "shares of z",
            z / float(logits.sum()),
            ("z was divided by the sum of all z, without exp",),
        )
        yield Found(
            "sign of z", float(np.exp(-z) / np.exp(-logits).sum()), ("exp was taken of −z",)
        )
    elif output == "logistic":
        yield Found(
            "sign of z",
            1.0 / (1.0 + math.exp(z)),
            ("a minus sign is lost: this is 1 / (1 + exp(z))",),
        )
        yield Found(
            "softmax in place of logistic",
            float(np.exp(z) / np.exp(logits).sum()),
            (
                "this is softmax over the outputs: each output here has a logistic function of "
                "its own",
            ),
        )


def _loss(material: Material, place: Place) -> Wrong:
    records = material.records
    right, factor = material.value(place), records.factor
    terms = material.step("loss_terms").values
    n, K = records.n_samples, material.network.sizes[-1]
    yield Found("sign", -right, ("the minus sign before the sum is missing",))
    if material.network.output in ("softmax", "logistic"):
        yield Found(
            "logarithm to base 10",
            right / math.log(10.0),
            ("the logarithm is to base 10 (log on a calculator); the natural one is meant (ln)",),
        )
        yield Found(
            "logarithm to base 2",
            right / math.log(2.0),
            ("the logarithm is to base 2; the natural one is meant (ln)",),
        )
    whole = right / factor
    reductions = {
        "sum": (1.0, "a sum"),
        "mean": (1.0 / n, "a mean over the samples"),
        "mean_all": (1.0 / (K * n), "a mean over samples and outputs"),
    }
    meant = reductions[material.network.reduction][1]
    for name, (other, told) in reductions.items():
        if name != material.network.reduction:
            yield Found(
                "another reduction", whole * other, (f"this is {told}, and the loss is {meant}",)
            )
    if material.network.output == "identity":
        yield Found("missing half", 2.0 * right, ("the half before the square is missing",))
    if material.network.output == "logistic":
        Y, p = material.batch.Y, material.step("output").values
        only = -float(np.sum(np.where(Y > 0.0, Y * np.log(p), 0.0))) * factor
        yield Found(
            "half of the cross-entropy", only, ("the terms (1 − y) log(1 − p) are missing",)
        )
    if n > 1:
        for sample in range(n):
            name = records.sample_names[sample]
            yield Found(
                "one sample's loss",
                float(terms[sample].sum()),
                (f"this is the loss of {name} alone",),
            )


def _new(material: Material, place: Place) -> Wrong:
    rule = material.records.update
    assert rule is not None
    step, entry = material.step(place[0]), place[1]
    old, moved = (operand.step for operand in step.operands)
    value, by = material.value((old, entry)), material.value((moved, entry))
    gradient = -by / rule.learning_rate
    yield Found("not updated", value, ("this is the weight from before the update",))
    yield Found(
        "uphill",
        value - by,
        ("the step was added the wrong way: the gradient points uphill, and is subtracted",),
    )
    yield Found(
        "no learning rate",
        value - gradient,
        ("the gradient was subtracted whole, without the learning rate",),
    )
    yield Found(
        "uphill, no learning rate",
        value + gradient,
        ("the gradient was added whole: it is subtracted, times the learning rate",),
    )
    if material.records.n_samples > 1:
        n = material.records.n_samples
        yield Found(
            "divided by N again",
            value + by / n,
            ("the gradient was divided by N once more; its 1/N, if any, is in it already",),
        )
    yield Found(
        "shrunk weight",
        value * (1.0 - rule.learning_rate),
        ("the learning rate was multiplied with the old weight, not with the gradient",),
    )


SLIPS: dict[str, Callable[[Material, Place], Wrong]] = {
    "affine": _affine,
    "activation": _activation,
    "output": _output,
    "loss": _loss,
    "new": _new,
}
"""Slips by the operation of the step."""
