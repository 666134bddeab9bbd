"""Finite differences of a network's loss: the numbers that a gradient is judged by.

Central differences in float64 at a falling sequence of steps, extrapolated to step zero
(Richardson; Ridders 1982), each entry at the steps where its own error estimate is least. The
losses at both sides are subtracted sample by sample before they are summed. An activation, or a
loss, made of pieces (relu, the absolute error) keeps, on both sides, the piece that holds at the
point itself: there the derivative by convention is that piece's. This file runs `forward` only: it
must never know `backward`, nor a derivative from the tables, or the judge would believe the
accused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Passes, forward, loss
from clearprop.losses import OUTPUTS, reduction_factor
from clearprop.network import Layer, Network

__all__ = ["LossPoint", "loss_point", "numeric_derivative"]

Array = npt.NDArray[np.float64]
Entries = npt.NDArray[np.int64]

STEPS: Array = 0.04 * 0.5 ** np.arange(7.0)
_PROBE = 1e-6  # the step that measures how far an entry moves the pre-activations
_LEAST_MOVEMENT = 1e-3  # so that an entry without effect is not moved without bound
_STACK_FLOATS = 300_000  # how many floats the stacked, nudged networks of one chunk may hold
_EPSILON = float(np.finfo(np.float64).eps)
_OF_ONE_SAMPLE = ("dinput", "delta")  # an entry of these moves the loss of its own sample only


@dataclass(frozen=True)
class LossPoint:
    """Where the loss is differentiated: everything in float64, the forward pass done.

    Attributes:
        network: the network.
        parameters: one `Layer(W, b)` per layer.
        passes: the forward pass there.
        Y: targets, shape (n_samples, sizes[-1]).
        sample_weight: shape (n_samples,), or None.
        l2: strength of the L2 penalty.
        factor: the reduction's factor.
        slopes: |sigma'| of each hidden layer (with dropout, times its scale), itself a difference:
            no derivative of the tables.
        magnitudes: for "dW", "db", "dinput" and "delta", per layer, the sum of the sizes of the
            products that an entry is made of. A gradient in float64 is no better than its last bit.
    """

    network: Network
    parameters: list[Layer]
    passes: Passes
    Y: Array
    sample_weight: Array | None
    l2: float
    factor: float
    slopes: list[Array]
    magnitudes: dict[str, list[Array]]

    @property
    def weights(self) -> Array:
        """The sample weights, ones where there are none."""
        return np.ones(len(self.Y)) if self.sample_weight is None else self.sample_weight


def loss_point(
    network: Network,
    parameters: Sequence[Layer],
    X: Any,
    Y: Any,
    sample_weight: Any = None,
    l2: float = 0.0,
    dropout: Sequence[Any] | None = None,
) -> LossPoint:
    """Copy everything to float64, run the forward pass and see that all shapes fit.

    Raises:
        ShapeError: an array does not fit the network or the batch.
    """
    layers = [Layer(np.asarray(W, np.float64), np.asarray(b, np.float64)) for W, b in parameters]
    Y = np.asarray(Y, np.float64)
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight, np.float64)
    if dropout is not None:
        dropout = [np.asarray(scales, np.float64) for scales in dropout]
    passes = forward(network, layers, np.asarray(X, np.float64), dropout=dropout)
    loss(network, passes, Y, sample_weight=sample_weight)
    factor = reduction_factor(network.reduction, len(Y), network.sizes[-1], sample_weight)
    slopes = []
    for index, activation in enumerate(network.activations):
        sigma, z = activation.function, passes.z[index]
        slopes.append(np.abs(sigma(z + 1e-3) - sigma(z - 1e-3)) / 2e-3)
        if dropout is not None:
            slopes[index] = slopes[index] * dropout[index]
    scale = np.full(len(Y), float(factor)) if sample_weight is None else factor * sample_weight
    magnitudes: dict[str, list[Array]] = {"dW": [], "db": [], "dinput": [], "delta": []}
    delta = np.abs(scale)[:, None] * (np.abs(passes.output) + np.abs(Y) + _kink(network))
    for index in reversed(range(network.n_layers)):
        size = np.abs(layers[index].W)
        magnitudes["delta"].insert(0, delta)
        magnitudes["dinput"].insert(0, delta @ size.T)
        magnitudes["dW"].insert(0, np.abs(passes.inputs[index]).T @ delta + abs(factor * l2) * size)
        magnitudes["db"].insert(0, np.sum(delta, axis=0))
        if index > 0:
            delta = magnitudes["dinput"][0] * slopes[index - 1]
    return LossPoint(
        network, layers, passes, Y, sample_weight, l2, float(factor), slopes, magnitudes
    )


def numeric_derivative(
    point: LossPoint, kind: str, layer: int, entries: Entries
) -> tuple[Array, Array]:
    """The loss's derivative by the given entries of one array.

    Args:
        point: where.
        kind: "dW", "db", "dinput" or "delta" (by the pre-activation).
        layer: index of the layer, from the input side.
        entries: flat indices into the array.

    Returns:
        The derivatives, shape (n_entries,), and how far round-off alone may have moved each.
    """
    value, round_off = np.empty(len(entries)), np.empty(len(entries))
    noise = _loss_round_off(point, layer)
    for part in _chunks(point, kind, layer, len(entries)):
        nudged = _Nudged(point, kind, layer, entries[part])
        with np.errstate(over="ignore", invalid="ignore"):
            scale = nudged.step_scale()
            quotients = nudged.difference_quotients(STEPS[:, None] * scale)
            own_noise = noise[nudged.samples] if kind in _OF_ONE_SAMPLE else np.sum(noise)
            value[part], round_off[part] = _extrapolate(
                quotients, own_noise / (STEPS[:, None] * scale)
            )
    last_bit = 4.0 * _EPSILON * point.magnitudes[kind][layer].ravel()[entries]
    return value, np.maximum(round_off, last_bit)


def _extrapolate(quotients: Array, round_off: Array) -> tuple[Array, Array]:
    """Neville's tableau over the steps (axis 0); each entry's value of least estimated error.

    The estimate adds what round-off does at an extrapolation's smallest step: two quotients of
    steps too small can agree by chance, because a difference of losses is a multiple of their
    last bit.
    """
    best, best_round_off = quotients[0], round_off[0]
    least_error = np.full(quotients.shape[1], np.inf)
    table = quotients
    for order in range(1, len(STEPS)):
        # Each column of the tableau cancels the next even power of the step.
        power = 4.0**order
        extrapolated = (power * table[1:] - table[:-1]) / (power - 1.0)
        spread = np.maximum(np.abs(extrapolated - table[1:]), np.abs(extrapolated - table[:-1]))
        error = spread + round_off[order:]
        for row in range(len(extrapolated)):
            better = error[row] < least_error
            best = np.where(better, extrapolated[row], best)
            best_round_off = np.where(better, round_off[order + row], best_round_off)
            least_error = np.where(better, error[row], least_error)
        table = extrapolated
    return best, best_round_off


def _loss_round_off(point: LossPoint, layer: int) -> Array:
    """A bound on the round-off in each sample's share of the loss, shape (n_samples,).

    A running error analysis from the nudged layer up (what lies below is the same on both sides).
    """
    network, passes = point.network, point.passes
    error = np.zeros_like(passes.inputs[layer])
    for index in range(layer, network.n_layers):
        W, b = point.parameters[index]
        size = np.abs(passes.inputs[index])
        error = error @ np.abs(W) + _EPSILON * (size @ np.abs(W) + np.abs(b))
        if index < network.n_layers - 1:
            error = point.slopes[index] * error + _EPSILON * (
                1.0 + np.abs(passes.inputs[index + 1])
            )
    output = OUTPUTS[network.output]
    terms = np.abs(output.loss_terms(passes.z[-1], point.Y, network.output_parameters))
    slope = np.abs(passes.output - point.Y) + _kink(network)
    shares = np.sum(slope * error + _EPSILON * terms, axis=-1)
    bound: Array = 8.0 * abs(point.factor) * np.abs(point.weights) * shares
    return bound


def _kink(network: Network) -> float:
    """How steep a loss can be where yhat = y: 0 for the smooth ones, 1 for |yhat - y|."""
    return 0.0 if OUTPUTS[network.output].branch is None else 1.0


def _chunks(point: LossPoint, kind: str, layer: int, n_entries: int) -> Iterator[slice]:
    """Slices of the entries whose stacked networks fit into memory together."""
    n_rows = 1 if kind in _OF_ONE_SAMPLE else len(point.Y)
    floats = n_rows * sum(point.network.sizes[layer:])
    if kind == "dW":
        floats += point.parameters[layer].W.size
    size = max(1, _STACK_FLOATS // (2 * len(STEPS) * floats))
    for start in range(0, n_entries, size):
        yield slice(start, min(start + size, n_entries))


class _Nudged:
    """Some entries of one array, and the network with any one of them moved.

    The network is rebuilt from the array's layer up and run by the same `forward`. A nudged dinput
    is a nudged batch for the layers above it, a nudged delta a bias nudged for one sample; both
    move the loss of that sample only, so that its row alone is run.
    """

    def __init__(self, point: LossPoint, kind: str, layer: int, entries: Entries) -> None:
        self.point, self.kind, self.layer, self.entries = point, kind, layer, entries
        network, passes = point.network, point.passes
        self.upper = replace(network, sizes=network.sizes[layer:], hidden=network.hidden[layer:])
        self.batch, self.z = passes.inputs[layer], passes.z[layer:]
        self.Y, self.weights = point.Y, point.weights
        self.dropout = None if passes.dropout is None else passes.dropout[layer:]
        if kind in _OF_ONE_SAMPLE:
            self.samples = entries // network.sizes[layer + (kind == "delta")]
            self.batch, self.Y = self.batch[self.samples, None, :], self.Y[self.samples, None, :]
            self.z = [z[self.samples, None, :] for z in self.z]
            if self.dropout is not None:
                self.dropout = [scales[self.samples, None, :] for scales in self.dropout]
            self.weights = self.weights[self.samples, None]
        W, b = point.parameters[layer]
        biases = np.broadcast_to(b, passes.z[layer].shape)
        whole = {"dW": W, "db": b, "dinput": passes.inputs[layer], "delta": biases}[kind]
        self.values: Array = whole.ravel()[entries]

    def step_scale(self) -> Array:
        """How far a step of 1 may move each entry: as far as moves no pre-activation by over 1."""
        W = self.point.parameters[self.layer].W
        if self.kind == "dW":
            reach = np.max(np.abs(self.batch), axis=0)[self.entries // W.shape[1]]
        elif self.kind == "dinput":
            reach = np.max(np.abs(W), axis=1)[self.entries % W.shape[0]]
        else:
            reach = np.ones(len(self.entries))
        probe = _PROBE / np.maximum(reach, _LEAST_MOVEMENT)
        moved = self.forward((self.values + probe)[None, :])
        movement = reach
        for z, z_moved in zip(self.z, moved.z, strict=True):
            change = np.max(np.abs(z_moved[0] - z), axis=(-2, -1)) / probe
            # A probe that leaves float64's range says nothing about the step.
            movement = np.maximum(movement, np.where(np.isfinite(change), change, 0.0))
        scale: Array = 1.0 / np.maximum(movement, _LEAST_MOVEMENT)
        return scale

    def difference_quotients(self, nudges: Array) -> Array:
        """(Loss(w + nudge) - Loss(w - nudge)) / (2 nudge), shape of nudges (n_steps, n_entries)."""
        above, below = self.values + nudges, self.values - nudges
        logits = self.forward(np.concatenate([above, below])).z[-1]
        terms = self.loss_terms(logits)
        change = np.sum(terms[: len(nudges)] - terms[len(nudges) :], axis=-1) * self.weights
        total = np.sum(change, axis=-1)
        # The nudge as it came out: w + nudge is rounded.
        width = above - below
        if self.kind == "dW":
            # above^2 - below^2, without the digits that the squares would lose.
            total = total + 0.5 * self.point.l2 * width * (above + below)
        quotients: Array = self.point.factor * total / width
        return quotients

    def loss_terms(self, logits: Array) -> Array:
        """The loss of each sample and output, of the pieces that hold at the point itself."""
        output, parameters = OUTPUTS[self.upper.output], self.upper.output_parameters
        if output.branch is None:
            terms: Array = output.loss_terms(logits, self.Y, parameters)
        else:
            terms = output.branch(logits, self.Y, self.z[-1], parameters)
        return terms

    def forward(self, moved: Array) -> Passes:
        """Passes with each entry at its moved value; moved has shape (n_steps, n_entries)."""
        every, batch = np.arange(len(self.entries)), self.batch
        parameters = list(self.point.parameters[self.layer :])
        W, b = parameters[0]
        if self.kind == "dW":
            stacked = np.tile(W.ravel(), (*moved.shape, 1))
            stacked[:, every, self.entries] = moved
            parameters[0] = Layer(stacked.reshape(*moved.shape, *W.shape), b)
        elif self.kind in ("db", "delta"):
            stacked = np.tile(b, (*moved.shape, 1))
            stacked[:, every, self.entries % b.size] = moved
            parameters[0] = Layer(W, stacked[:, :, None, :])
        else:
            batch = np.tile(batch, (len(moved), 1, 1, 1))
            batch[:, every, 0, self.entries % batch.shape[-1]] = moved
        return forward(self.upper, parameters, batch, hold=self.z, dropout=self.dropout)
