"""What a gradient is judged on: a network, its parameters and a batch, and what is right there.

Everything in float64. This file knows nothing of mistakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients, Passes, backward, forward
from clearprop.errors import ShapeError
from clearprop.finite_differences import LossPoint, loss_point
from clearprop.losses import OUTPUTS
from clearprop.network import Layer, Network
from clearprop.penalties import l2_gradient

__all__ = ["KINDS", "Case", "make_case"]

Array = npt.NDArray[np.float64]

KINDS = ("delta", "dW", "db", "dinput")
"""The arrays of a layer, in the order in which a backward pass makes them."""

# Relative: large against float64's rounding, and so small that a kink crossed by one nudge counts
# for as much as a float32 that has crossed it.
_NUDGE = 5e-7
_N_NUDGES = 2
_N_NUDGES_AT_KINKS = 8  # a nudge crosses a kink nearby every other time


@dataclass(frozen=True)
class Case:
    """A network at its parameters on a batch.

    Attributes:
        point: network, parameters, batch and forward pass, in float64.
        right: `backward`'s gradients, dW with the L2 penalty.
        slopes: sigma'(z[l]) of each hidden layer.
        penalties: dPenalty/dW of each layer, which dW has in it.
        output_jacobian: dyhat_k/dz_j of each sample, shape (n_samples, n_outputs, n_outputs).
    """

    point: LossPoint
    right: Gradients
    slopes: list[Array]
    penalties: list[Array]
    output_jacobian: Array

    @property
    def network(self) -> Network:
        """The network."""
        return self.point.network

    @property
    def parameters(self) -> list[Layer]:
        """One `Layer(W, b)` per layer."""
        return self.point.parameters

    @property
    def passes(self) -> Passes:
        """The forward pass."""
        return self.point.passes

    @property
    def n_samples(self) -> int:
        """N."""
        return len(self.point.Y)

    @property
    def n_outputs(self) -> int:
        """K."""
        return self.network.sizes[-1]

    @property
    def total_weight(self) -> float:
        """S, the sum of the sample weights: what a mean divides by; N without weights."""
        return float(np.sum(self.point.weights)) or 1.0

    def shape(self, kind: str, layer: int) -> tuple[int, ...]:
        """The shape of one array."""
        array: Array = getattr(self.right, kind)[layer]
        return array.shape

    def magnitude(self, kind: str, layer: int) -> Array:
        """Sums of the sizes of the products that the entries of an array are made of."""
        if kind != "delta":
            return self.point.magnitudes[kind][layer]
        if layer < self.network.n_layers - 1:
            return self.point.magnitudes["dinput"][layer + 1] * np.abs(self.slopes[layer])
        size = np.abs(self.passes.output) + np.abs(self.point.Y)
        scale = np.abs(self.point.factor * self.point.weights)
        return np.asarray(scale[:, None] * size)

    @cached_property
    def sensitivity(self) -> dict[tuple[str, int], float]:
        """By how much each array moves, at most, per relative error of X, W and b.

        Rounding in a forward pass is as if its weights and inputs had been a little off (backward
        error), so this is what arithmetic of a given precision does to a right gradient.
        """
        generator = np.random.default_rng(0)
        moved = {(kind, layer): 0.0 for layer in range(self.network.n_layers) for kind in KINDS}

        def nudged(array: Array) -> Array:
            return array * (1.0 + _NUDGE * generator.choice([-1.0, 1.0], array.shape))

        pieces = [OUTPUTS[self.network.output].branch is not None]
        pieces += [activation.branch is not None for activation in self.network.activations]
        for _ in range(_N_NUDGES_AT_KINKS if any(pieces) else _N_NUDGES):
            parameters = [Layer(nudged(W), nudged(b)) for W, b in self.parameters]
            passes = forward(self.network, parameters, nudged(self.passes.inputs[0]))
            # Rounding h leaves little of sigma' where a unit is saturated: 1 - h^2 near h = 1.
            passes = passes._replace(
                inputs=[nudged(h) for h in passes.inputs], output=nudged(passes.output)
            )
            weight = self.point.sample_weight
            near = backward(self.network, parameters, passes, self.point.Y, sample_weight=weight)
            for (kind, layer), so_far in moved.items():
                change = getattr(near, kind)[layer] - getattr(self.right, kind)[layer]
                if kind == "dW":
                    change = change + l2_gradient(
                        parameters[layer].W, self.point.l2, self.point.factor
                    )
                most = float(np.max(np.abs(change), initial=0.0)) / _NUDGE
                moved[kind, layer] = max(so_far, most)
        return moved


def make_case(
    network: Network,
    parameters: Sequence[Layer],
    X: Any,
    Y: Any,
    *,
    sample_weight: Any = None,
    l2: float = 0.0,
) -> Case:
    """Run both passes in float64.

    Raises:
        ShapeError: an array does not fit the network or the batch, or the batch has no rows.
    """
    if np.ndim(X) == 2 and len(X) == 0:
        raise ShapeError(
            "X: got no rows, expected at least one sample", remedy="Give a batch of one or more."
        )
    point = loss_point(network, parameters, X, Y, sample_weight, l2)
    passes = point.passes
    right = backward(network, point.parameters, passes, point.Y, sample_weight=point.sample_weight)
    penalties = [np.asarray(l2_gradient(W, l2, point.factor)) for W, _ in point.parameters]
    penalised = [dW + penalty for dW, penalty in zip(right.dW, penalties, strict=True)]
    slopes = [
        np.asarray(activation.derivative(passes.z[index], passes.inputs[index + 1]))
        for index, activation in enumerate(network.activations)
    ]
    jacobian = OUTPUTS[network.output].jacobian(passes.output, network.output_parameters)
    return Case(point, right._replace(dW=penalised), slopes, penalties, np.asarray(jacobian))
