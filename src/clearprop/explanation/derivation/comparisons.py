"""The questions that people ask about backpropagation, answered with this batch's numbers.

Each is computed two ways or more, side by side. Where they were asked is in `asked_at`. This file
knows nothing of how answers are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.activations import as_activation
from clearprop.backprop import backward, forward
from clearprop.explanation.derivation.batch import Batch, Update
from clearprop.explanation.derivation.checks import Checker, loss_at
from clearprop.explanation.derivation.jacobians import (
    diagonal_jacobian,
    kronecker_jacobian,
    output_jacobian,
)
from clearprop.explanation.derivation.numbers import Numbers, sigma_prime
from clearprop.explanation.derivation.records import Comparison, Side, Sweep
from clearprop.losses import OUTPUTS
from clearprop.network import Layer

__all__ = ["comparisons"]

Array = npt.NDArray[Any]

NUDGE = 1e-4
LEARNING_RATE = 0.5  # of the update that comes too early, where no other is asked for
STRAIGHT = 1e-9  # relative error at the largest step; a curve that counts makes it larger
MOST_PARTS = 8  # samples whose shares are written out
MOST_WEIGHTS = 4096  # beyond, a layer's shares and Jacobians are left to smaller layers


@dataclass(frozen=True)
class _Case:
    """What every answer needs."""

    batch: Batch
    numbers: Numbers
    update: Update | None
    checker: Checker
    sweep: Sweep | None
    names: tuple[str, ...]

    @property
    def last(self) -> int:
        return self.batch.network.n_layers - 1

    @property
    def is_small(self) -> bool:
        fan_in, fan_out = self.batch.network.sizes[-2:]
        return fan_in * fan_out <= MOST_WEIGHTS

    def side(self, label: str, values: Any, reference: Any = None) -> Side:
        """A side, which agrees with the reference to what its numbers' rounding allows.

        NaN in a reference of finite differences is an entry for which none was taken.
        """
        values = np.asarray(values, np.float64)
        if reference is None:
            return Side(label, values)
        reference = np.asarray(reference, np.float64)
        with np.errstate(invalid="ignore"):
            taken = ~np.isnan(reference)
            size = np.max(np.abs(reference), initial=0.0, where=taken)
            tolerance = 1e-4 if self.batch.X.dtype == np.float32 else 1e-7
            difference = np.max(np.abs(values - reference), initial=0.0, where=taken)
        agrees = values.shape == reference.shape and bool(difference <= tolerance * size)
        return Side(label, values, agrees=agrees)


def comparisons(
    batch: Batch,
    numbers: Numbers,
    update: Update | None,
    checker: Checker,
    sweep: Sweep | None,
    sample_names: tuple[str, ...],
) -> list[Comparison]:
    """All that this network and batch can answer, in no particular order.

    Args:
        batch: what is derived.
        numbers: its numbers.
        update: the update asked for, or None.
        checker: takes finite differences.
        sweep: of the gradient check, or None.
        sample_names: of the rows.
    """
    case = _Case(batch, numbers, update, checker, sweep, sample_names)
    answers = [
        _orientation,
        _softmax,
        _sign,
        _shares,
        _reductions,
        _column_sums,
        _kronecker,
        _why_x,
    ]
    if case.last > 0:
        answers += [_hadamard, _sigma_of_h, _why_h, _old_or_new]
    if sweep is not None:
        answers.append(_close_enough)
    return [comparison for answer in answers for comparison in answer(case)]


def _orientation(case: _Case) -> Iterator[Comparison]:
    X, (W, b) = case.batch.X, case.batch.parameters[0]
    rows = case.numbers.passes.z[0]
    columns = W.T @ X.T + b[:, None]
    yield Comparison(
        "orientation", "z[0]", "Is it xW or Wx?",
        "Both are written. With a row per sample it is X W + b; with a column per sample, W^T X + "
        f"b. Here X W + b has shape {rows.shape}, W^T X + b has shape {columns.shape}: the same "
        "numbers, transposed. W is one matrix in both, as long as its rows are the nodes that "
        "send; a library that keeps W with a row for each node that receives (PyTorch's Linear) "
        "writes X W^T + b.",
        (case.side("X W + b", rows), case.side("(W^T X + b)^T", columns.T, rows)),
        asked_at="datascience.stackexchange.com 76545",
    )  # fmt: skip


def _softmax(case: _Case) -> Iterator[Comparison]:
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
            case.side(f"J = dyhat/dz of {case.names[0]}", jacobian[0]),
        ),
        asked_at="ai.stackexchange.com 35741",
    )  # fmt: skip


def _sign(case: _Case) -> Iterator[Comparison]:
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


def _near(values: Array, reference: Array, tolerance: float) -> bool:
    size = float(np.max(np.abs(reference), initial=0.0))
    return bool(np.max(np.abs(values - reference), initial=0.0) <= tolerance * size)


def _shares(case: _Case) -> Iterator[Comparison]:
    if not case.is_small:
        return
    layer, numbers = case.last, case.numbers
    h, delta = numbers.passes.inputs[layer], numbers.gradients.delta[layer]
    shares = np.einsum("si,sj->sij", h, delta, dtype=np.float64)
    dW = numbers.gradients.dW[layer]
    yield Comparison(
        "shares", f"dW[{layer}]", "Where are the samples in dW?",
        f"Every sample has its own share, its input as a column times its delta as a row. The "
        f"product input^T delta adds up the {len(shares)} shares.",
        (
            case.side("input^T delta", dW),
            case.side("sum of the samples' shares", np.sum(shares, axis=0), dW),
        ),
        tuple(
            case.side(f"share of {name}", share)
            for name, share in zip(case.names[:MOST_PARTS], shares, strict=False)
        ),
        asked_at="stats.stackexchange.com 373163; keract issue 30",
    )  # fmt: skip


def _reductions(case: _Case) -> Iterator[Comparison]:
    if not case.is_small:
        return
    batch, numbers = case.batch, case.numbers
    layer, network = case.last, batch.network
    dW = np.asarray(numbers.gradients.dW[layer], np.float64)
    summed = dW / batch.factor
    n, k = batch.n_samples, network.sizes[-1]
    total, n_words, told = float(n), "N", ""
    if batch.sample_weight is not None:
        weights = float(np.sum(batch.sample_weight))
        total, n_words = weights or 1.0, "S"
        told = f", and the weights add up to S = {weights:g}"
        told += "" if weights else ", in whose place a mean has 1"
    yield Comparison(
        "reductions", f"dW[{layer}]", "Is it the sum or the mean?",
        f"That is a choice of the loss, and every derivative inherits it. This network's is "
        f"{network.reduction!r}. With a sum the gradient grows with the batch, and so must the "
        "learning rate shrink; with a mean it does not. "
        f"Here N = {n} samples and K = {k} outputs{told}.",
        (
            case.side(f"dW as it is here, {network.reduction!r}", dW),
            case.side('x 1, "sum"', summed, dW),
            case.side(f'x 1/{n_words}, "mean"', summed / total, dW),
            case.side(f'x 1/(K {n_words}), "mean_all"', summed / (k * total), dW),
        ),
        asked_at="stats.stackexchange.com 373163",
    )  # fmt: skip


def _column_sums(case: _Case) -> Iterator[Comparison]:
    layer = case.last
    delta, db = case.numbers.gradients.delta[layer], case.numbers.gradients.db[layer]
    unit = np.eye(delta.shape[1])
    yield Comparison(
        "column_sums", f"db[{layer}]", "Why is the bias's gradient a sum of columns?",
        "One bias goes to every sample. Its Jacobian dz/db is the unit matrix, so each sample's "
        "share is its own row of delta, and the shares add up.",
        (
            case.side("db", db),
            case.side("sum over the samples of delta_s I", np.einsum("sk,kj->j", delta, unit), db),
        ),
        tuple(
            case.side(f"delta of {name}", row)
            for name, row in zip(case.names[:MOST_PARTS], delta, strict=False)
        ),
        asked_at="stats.stackexchange.com 373163",
    )  # fmt: skip


def _kronecker(case: _Case) -> Iterator[Comparison]:
    layer, numbers = case.last, case.numbers
    fan_in, fan_out = case.batch.network.sizes[layer:]
    if fan_in * fan_out**2 > MOST_WEIGHTS:
        return
    h, delta = numbers.passes.inputs[layer], numbers.gradients.delta[layer]
    jacobian = kronecker_jacobian(h[0], fan_out)
    outer = np.outer(h[0], delta[0])
    long_way = (np.asarray(delta[0], np.float64) @ jacobian).reshape(fan_in, fan_out)
    yield Comparison(
        "kronecker", f"dW[{layer}]", "Why is the input transposed in dW?",
        "By the chain rule, delta is multiplied by the Jacobian of z by all weights at once. That "
        "Jacobian is almost all zeros: z_k depends on the weights of its own column only. What is "
        f"left for {case.names[0]} is its input, as a column, times its delta, as a row.",
        (
            case.side("input^T delta", outer),
            case.side("delta dz/dW, laid out as W", long_way, outer),
        ),
        (case.side("dz/dW, a column for each weight", jacobian),),
        asked_at="stats.stackexchange.com 478781",
    )  # fmt: skip


def _hadamard(case: _Case) -> Iterator[Comparison]:
    layer, numbers = case.last - 1, case.numbers
    width = case.batch.network.sizes[layer + 1]
    if width**2 > MOST_WEIGHTS:
        return
    dinput = np.asarray(numbers.gradients.dinput[layer + 1], np.float64)
    slope = np.asarray(sigma_prime(case.batch.network, numbers.passes, layer), np.float64)
    full = np.stack([row @ np.diag(slopes) for row, slopes in zip(dinput, slope, strict=True)])
    yield Comparison(
        "hadamard", f"delta[{layer}]",
        "Why does the matrix product become a product entry by entry?",
        "By the chain rule, what came back to h is multiplied by the Jacobian dh/dz. h_j depends "
        "on z_j and on no other z, so that Jacobian is diagonal; and a row times a diagonal matrix "
        "is the row times the diagonal, entry by entry.",
        (
            case.side("dinput o sigma'(z)", dinput * slope),
            case.side("dinput (dh/dz), the full product", full, dinput * slope),
        ),
        (
            case.side(
                f"dh/dz of {case.names[0]}",
                diagonal_jacobian(case.batch, numbers, layer, 0),
            ),
        ),
        asked_at="stats.stackexchange.com 478781; discuss.pytorch.org 116242; article A's readers",
    )  # fmt: skip


def _sigma_of_h(case: _Case) -> Iterator[Comparison]:
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


def _why_h(case: _Case) -> Iterator[Comparison]:
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
            case.side(f"dW[{layer - 1}] with dinput[{layer}]", dW),
            case.side(f"dW[{layer - 1}] without: nothing arrives", np.zeros_like(dW), dW),
        ),
        tuple(
            case.side(f"loss, {name}", value) for name, value in zip(names, losses, strict=True)
        ),
        asked_at="deeplearning.ai 25779; article A's readers",
    )  # fmt: skip


def _why_x(case: _Case) -> Iterator[Comparison]:
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


def _rate(case: _Case) -> float:
    return LEARNING_RATE if case.update is None else float(case.update.learning_rate)


def _old_or_new(case: _Case) -> Iterator[Comparison]:
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
    yield Comparison(
        "old_or_new", f"dinput[{layer}]", "The weights from before the update, or from after?",
        "From before: all derivatives first, then all updates. The loss was computed with the old "
        f"weights, so only with them is delta W^T its derivative. (Update here: W - {rate:g} dW.)",
        (
            case.side(f"dW[{layer - 1}] by finite differences", check.numeric),
            Side("with the old W", dW, agrees=check.ok),
            case.side("with the new W", late.dW[layer - 1], check.numeric),
        ),
        asked_at="ai.stackexchange.com 26136; stackoverflow.com 6013429",
    )  # fmt: skip


def _close_enough(case: _Case) -> Iterator[Comparison]:
    sweep = case.sweep
    assert sweep is not None
    errors = np.array(sweep.relative_errors)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    best = int(np.argmin(errors))
    first, final = 0, len(errors) - 1
    at_first = f"at epsilon = {sweep.epsilons[first]:g}: relative error {errors[first]:.1e}"
    truncation = f"With a large step the curve of the loss gets in (truncation, {at_first})"
    if errors[first] <= STRAIGHT:
        truncation = (
            "With a large step the curve of the loss would get in (truncation), but along this "
            "weight the loss is a straight line or a parabola, of which central differences are "
            f"exact ({at_first})"
        )
    yield Comparison(
        "close_enough", sweep.step, "How close is close enough in a gradient check?",
        f"{truncation}; with a tiny one the "
        "losses agree in all their digits but a few (round-off, at "
        f"{sweep.epsilons[final]:g}: {errors[final]:.1e}). Best here is "
        f"{sweep.epsilons[best]:.0e}, with {errors[best]:.1e}. A right gradient in float64 comes "
        "below 1e-6 there, unless it is tiny beside the loss itself; a wrong one at no step. "
        "`check_gradients` extrapolates over several steps and comes much closer.",
        (
            case.side("backpropagation", sweep.value),
            Side(
                f"finite difference, epsilon = {sweep.epsilons[best]:.0e}",
                np.asarray(sweep.numeric[best]),
                agrees=bool(errors[best] <= 1e-4),
            ),
            Side(
                f"finite difference, epsilon = {sweep.epsilons[final]:.0e}",
                np.asarray(sweep.numeric[final]),
                agrees=bool(errors[final] <= 1e-6),
            ),
        ),
        asked_at="deeplearning.ai 976",
    )  # fmt: skip
