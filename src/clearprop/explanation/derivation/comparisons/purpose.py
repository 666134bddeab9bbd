"""Questions about what a derivative is for, and with which weights it is taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearprop.backprop import backward, forward
from clearprop.explanation.derivation.checks import loss_at
from clearprop.explanation.derivation.comparisons.case import Case
from clearprop.explanation.derivation.records import Comparison, Side
from clearprop.network import Layer

__all__ = ["old_or_new", "why_h", "why_x"]

LEARNING_RATE = 0.5  # of the update that comes too early, where no other is asked for


def why_h(case: Case) -> Iterator[Comparison]:
    """What the derivative by h is for."""
    numbers, layer = case.numbers, case.last
    rate = _rate(case)
    point = case.checker.point()
    moved = {
        index: Layer(W - rate * dW, b - rate * db)
        for index, ((W, b), dW, db) in enumerate(
            zip(point.parameters, numbers.gradients.dW, numbers.gradients.db, strict=True)
        )
    }
    before, whole = loss_at(point, {}), loss_at(point, moved)
    last_only = loss_at(point, {layer: moved[layer]})
    dW = numbers.gradients.dW[layer - 1]
    losses = [before, last_only, whole]
    names = ("before", "only the last layer moved", "all layers moved")
    yield Comparison(
        "why_h", f"dinput[{layer}]", "Why differentiate by h, when only W and b are updated?",
        f"Because everything below hangs on it: dinput[{layer}] makes delta[{layer - 1}], and that "
        f"makes dW[{layer - 1}] and all that is further down. Without it the layers below would "
        f"stay as they are. A step of gradient descent (learning rate {rate:g}) takes the loss "
        f"from {before:.6g} to {whole:.6g}; of the last layer alone, to {last_only:.6g}.",
        (
            case.side(f"dW[{layer - 1}] with dinput[{layer}]", dW, like=f"dW[{layer - 1}]"),
            case.side(
                f"dW[{layer - 1}] without: nothing arrives", np.zeros_like(dW), dW,
                like=f"dW[{layer - 1}]",
            ),
        ),
        tuple(
            case.side(f"loss, {name}", value) for name, value in zip(names, losses, strict=True)
        ),
        asked_at="deeplearning.ai 25779; article A's readers",
    )  # fmt: skip


def why_x(case: Case) -> Iterator[Comparison]:
    """What the derivative by x is for."""
    dx = np.asarray(case.numbers.gradients.dinput[0], np.float64)
    check = case.checker.check("dinput", 0, dx)
    yield Comparison(
        "why_x", "dinput[0]", "What is the derivative by x for?",
        "For training, nothing: no layer is below, so it is computed here and used by nothing. It "
        "says which inputs the loss would change with most.",
        (
            case.side("finite differences", check.numeric),
            Side("dx = delta W^T", dx, agrees=check.ok),
        ),
        asked_at="deeplearning.ai 25779; article A's readers",
    )  # fmt: skip


def old_or_new(case: Case) -> Iterator[Comparison]:
    """Whether the weights are those from before the update."""
    batch, numbers, layer = case.batch, case.numbers, case.last
    rate = _rate(case)
    point = case.checker.point()
    W, b = point.parameters[layer]
    new = Layer(W - rate * numbers.gradients.dW[layer], b - rate * numbers.gradients.db[layer])
    passes = forward(batch.network, point.parameters, point.passes.inputs[0])
    late = backward(
        batch.network, [*point.parameters[:layer], new], passes, point.Y,
        sample_weight=point.sample_weight,
    )  # fmt: skip
    dW = np.asarray(numbers.gradients.dW[layer - 1], np.float64)
    check = case.checker.check("dW", layer - 1, dW)
    like = f"dW[{layer - 1}]"
    yield Comparison(
        "old_or_new", f"dinput[{layer}]", "The weights from before the update, or from after?",
        "From before: all derivatives first, then all updates. The loss was computed with the old "
        f"weights, so only with them is delta W^T its derivative. (Update here: W - {rate:g} dW.)",
        (
            case.side(f"{like} by finite differences", check.numeric, like=like),
            Side("with the old W", dW, agrees=check.ok, like=like),
            case.side("with the new W", late.dW[layer - 1], check.numeric, like=like),
        ),
        asked_at="ai.stackexchange.com 26136; stackoverflow.com 6013429",
    )  # fmt: skip


def _rate(case: Case) -> float:
    return LEARNING_RATE if case.update is None else float(case.update.learning_rate)
