"""Questions about delta: where the output's derivative is, its sign, what sigma' is taken of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.activations import as_activation
from clearprop.explanation.derivation.comparisons.case import Case
from clearprop.explanation.derivation.jacobians import (
    output_jacobian,
)
from clearprop.explanation.derivation.records import Comparison, Side
from clearprop.losses import OUTPUTS

__all__ = ["sigma_of_h", "sign", "softmax"]

Array = npt.NDArray[Any]

NUDGE = 1e-4


def softmax(case: Case) -> Iterator[Comparison]:
    """Where the derivative of the output function has gone."""
    batch, numbers = case.batch, case.numbers
    network = batch.network
    delta = np.asarray(numbers.gradients.delta[-1], np.float64)
    output = OUTPUTS[network.output]
    yhat = np.asarray(numbers.passes.output, np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        by_output = batch.shares * output.by_output(yhat, batch.Y, network.output_parameters)
        jacobian = output_jacobian(batch, numbers)
        product = np.einsum("sk,skj->sj", by_output, jacobian)
    short = f"delta = {output.delta_formula}"
    rounded = (
        ""
        if np.all(np.isfinite(product))
        else " Here an output has been rounded to 0 or 1, and the long way divides by 0: one more "
        "reason for the short one."
    )
    yield Comparison(
        "softmax", f"delta[{case.last}]",
        f"Where has the derivative of the {network.output} function gone?",
        "Nowhere: it is multiplied in. The loss by the output, times the Jacobian of the output "
        f"function, is the short formula ({short.replace('_k', '')}, times what the reduction and "
        f"the weights make of it).{rounded}",
        (
            case.side("delta, by the short formula", delta),
            case.side("(dLoss/dyhat) J, by the chain rule", product, delta),
        ),
        (
            case.side("dLoss/dyhat", by_output),
            case.side(f"J = dyhat/dz of {case.names[0]}", jacobian[0], like=""),
        ),
        asked_at="ai.stackexchange.com 35741",
    )  # fmt: skip


def sign(case: Case) -> Iterator[Comparison]:
    """Whether delta is a gradient, and which sign it has."""
    layer = case.last
    delta = np.asarray(case.numbers.gradients.delta[layer], np.float64)
    point, batch = case.checker.point(), case.batch
    W, b = point.parameters[layer]
    h = point.passes.inputs[layer]
    output, network = OUTPUTS[batch.network.output], batch.network

    def loss_of(z: Array) -> float:
        terms = output.loss_terms(z, point.Y, network.output_parameters)
        return float(np.sum(batch.shares * terms))

    z = h @ W + b
    quotients = np.full(delta.shape, np.nan)
    for entry in list(np.ndindex(delta.shape))[:64]:
        above, below = z.copy(), z.copy()
        above[entry] += NUDGE
        below[entry] -= NUDGE
        quotients[entry] = (loss_of(above) - loss_of(below)) / (2.0 * NUDGE)
    n_rows = max(min(64 // delta.shape[1], len(delta)), 1)
    shown = (slice(0, n_rows), slice(0, 64))
    reference = Side(
        f"(Loss(z + {NUDGE:g}) - Loss(z - {NUDGE:g})) / {2 * NUDGE:g}", quotients[shown]
    )
    yield Comparison(
        "sign", f"delta[{layer}]", "Is delta an error or a gradient, and which sign has it?",
        "A gradient: nudge one z a little and see by how much the loss changes. Whoever writes "
        "y - yhat has the opposite sign, and must add the step that gradient descent subtracts.",
        (
            reference,
            Side("delta", delta[shown], agrees=_near(delta[shown], quotients[shown], 1e-3)),
            Side("-delta", -delta[shown], agrees=_near(-delta[shown], quotients[shown], 1e-3)),
        ),
        asked_at="ai.stackexchange.com 42633; stats.stackexchange.com 590342",
    )  # fmt: skip


def sigma_of_h(case: Case) -> Iterator[Comparison]:
    """Whether sigma' is taken of z or of h."""
    layer, numbers = case.last - 1, case.numbers
    activation = as_activation(case.batch.network.hidden[layer])
    h = numbers.passes.inputs[layer + 1]
    dinput, delta = numbers.gradients.dinput[layer + 1], numbers.gradients.delta[layer]
    twice = dinput * activation.derivative(h, activation.function(h))
    check = case.checker.check("delta", layer, np.asarray(delta, np.float64))
    side = case.side("sigma' of h, as article B prints it", twice, delta)
    formula = activation.derivative_formula
    if re.search(r"\bh\b", formula):
        told = (
            f"Where sigma' is written with h, as {formula}, h stands in for sigma(z), and sigma "
            "must not be applied to it again. Article B's sigma(out)(1 - sigma(out)) does."
        )
    else:
        told = (
            f"sigma' is {formula} here, at the pre-activation z, and not at what sigma has made of "
            "it. Article B's sigma(out)(1 - sigma(out)) takes it there."
        )
    same = " For this activation, here, both are the same." if side.agrees else ""
    yield Comparison(
        "sigma_of_h", f"delta[{layer}]", "Is it sigma' of z, or of h?",
        f"Of z. {told}{same}",
        (
            case.side("finite differences", check.numeric),
            Side("sigma' of z", np.asarray(delta, np.float64), agrees=check.ok),
            side,
        ),
        asked_at="cs231n.github.io issue 89; article A's readers",
    )  # fmt: skip


def _near(values: Array, reference: Array, tolerance: float) -> bool:
    size = float(np.max(np.abs(reference), initial=0.0))
    return bool(np.max(np.abs(values - reference), initial=0.0) <= tolerance * size)
