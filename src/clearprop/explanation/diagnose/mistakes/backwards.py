"""Mistakes on the way down: delta from dinput (sigma'), and dinput from delta (W transposed)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from clearprop.activations import ACTIVATIONS
from clearprop.explanation.diagnose.case import Case
from clearprop.explanation.diagnose.mistake import Mistake, Step

__all__ = ["ROWS"]

Array = npt.NDArray[np.float64]

_DELTA = "delta[{l}] = dinput[{above}] * sigma'(z[{l}])"
_DINPUT = "dinput[{l}] = delta[{l}] @ W[{l}]^T"


def _hidden(case: Case) -> list[int]:
    return list(range(case.network.n_layers - 1))


def _has_layer_below_like_it(case: Case) -> list[int]:
    sizes = case.network.sizes
    return [layer for layer in _hidden(case)[1:] if sizes[layer] == sizes[layer + 1]]


def _has_hidden_layer_above_like_it(case: Case) -> list[int]:
    sizes = case.network.sizes
    return [layer for layer in _hidden(case)[:-1] if sizes[layer + 1] == sizes[layer + 2]]


def _square(case: Case) -> list[int]:
    sizes = case.network.sizes
    return [layer for layer in range(case.network.n_layers) if sizes[layer] == sizes[layer + 1]]


def _every(case: Case) -> list[int]:
    return list(range(case.network.n_layers))


def _same_weights(offset: int) -> Callable[[Case], list[int]]:
    def where(case: Case) -> list[int]:
        shapes = [layer.W.shape for layer in case.parameters]
        return [
            layer
            for layer, shape in enumerate(shapes)
            if 0 <= layer + offset < len(shapes) and shapes[layer + offset] == shape
        ]

    return where


def _slope_of_h(step: Step) -> Array:
    activation = step.case.network.activations[step.layer]
    h = step.case.passes.inputs[step.layer + 1]
    return np.asarray(step.dh * activation.derivative(h, activation.function(h)))


def _through_updated_weights(step: Step) -> Array:
    dW = step.input.T @ step.delta + step.case.penalties[step.layer]
    return np.asarray(step.delta @ (step.W - step.coefficient * dW).T)


def _slope_of(name: str, formula: str) -> Mistake:
    """The derivative of one activation after the function of another, in terms of h."""

    def where(case: Case) -> list[int]:
        activations = case.network.activations
        return [layer for layer in _hidden(case) if activations[layer].name != name]

    def change(step: Step) -> Array:
        h = step.case.passes.inputs[step.layer + 1]
        return np.asarray(step.dh * ACTIVATIONS[name].derivative(step.z, h))

    return Mistake(
        f"{name}' in place of sigma'",
        "delta",
        where,
        change,
        _DELTA,
        f"delta[{{l}}] = dinput[{{above}}] * {formula},  h = sigma(z[{{l}}])",
        f"{formula} is the derivative of {name}, which is not this layer's activation",
        "Take the derivative of the activation that computed h: here sigma'(z[{l}]) is of "
        "{activation}.",
    )


ROWS = (
    Mistake(
        "missing sigma'",
        "delta",
        _hidden,
        lambda step: step.dh,
        _DELTA,
        "delta[{l}] = dinput[{above}]",
        "sigma'(z[{l}]) is missing: dinput[{above}] is dLoss/dh, and was used as dLoss/dz",
        "Multiply dinput[{above}], entry by entry, with sigma'(z[{l}]).",
    ),
    Mistake(
        "sigma' of h instead of z",
        "delta",
        _hidden,
        _slope_of_h,
        _DELTA,
        "delta[{l}] = dinput[{above}] * sigma'(h),  h = sigma(z[{l}])",
        "sigma' was taken at h = sigma(z[{l}]) in place of z[{l}] (a misprint of article B)",
        "Take sigma' at z[{l}]; for logistic that is h (1 - h), where h is sigma(z) already.",
    ),
    Mistake(
        "sigma in place of sigma'",
        "delta",
        _hidden,
        lambda step: step.dh * step.case.passes.inputs[step.layer + 1],
        _DELTA,
        "delta[{l}] = dinput[{above}] * sigma(z[{l}])",
        "dinput[{above}] was multiplied with h = sigma(z[{l}]), not with the derivative sigma'",
        "Multiply dinput[{above}] with sigma'(z[{l}]).",
    ),
    _slope_of("logistic", "h (1 - h)"),
    _slope_of("tanh", "(1 - h^2)"),
    Mistake(
        "sigma' applied twice",
        "delta",
        _hidden,
        lambda step: step.dh * step.case.slopes[step.layer] ** 2,
        _DELTA,
        "delta[{l}] = dinput[{above}] * sigma'(z[{l}]) * sigma'(z[{l}])",
        "sigma'(z[{l}]) was multiplied in twice",
        "Multiply dinput[{above}] with sigma'(z[{l}]) once.",
    ),
    Mistake(
        "sigma' of the layer below",
        "delta",
        _has_layer_below_like_it,
        lambda step: step.dh * step.case.slopes[step.layer - 1],
        _DELTA,
        "delta[{l}] = dinput[{above}] * sigma'(z[{below}])",
        "sigma' was taken at z[{below}], of the layer below",
        "Take sigma' at z[{l}], the pre-activation of the layer whose delta it is.",
    ),
    Mistake(
        "sigma' of the layer above",
        "delta",
        _has_hidden_layer_above_like_it,
        lambda step: step.dh * step.case.slopes[step.layer + 1],
        _DELTA,
        "delta[{l}] = dinput[{above}] * sigma'(z[{above}])",
        "sigma' was taken at z[{above}], of the layer above",
        "Take sigma' at z[{l}], the pre-activation of the layer whose delta it is.",
    ),
    Mistake(
        "missing transpose of W",
        "dinput",
        _square,
        lambda step: step.delta @ step.W,
        _DINPUT,
        "dinput[{l}] = delta[{l}] @ W[{l}]",
        "W[{l}] was not transposed; it is square, so the shapes fit all the same",
        "Multiply with W[{l}]^T: going back, the gradient of an input node gathers what its row "
        "of W sent out.",
    ),
    Mistake(
        "weights already updated",
        "dinput",
        _every,
        _through_updated_weights,
        _DINPUT,
        "dinput[{l}] = delta[{l}] @ (W[{l}] - {c} dW[{l}])^T",
        "W[{l}] had been updated before delta was passed back through it: learning rate {c}",
        "Compute every gradient of the batch first, and update all weights afterwards.",
        coefficient="learning rate",
    ),
    Mistake(
        "W of the layer below",
        "dinput",
        _same_weights(-1),
        lambda step: step.delta @ step.case.parameters[step.layer - 1].W.T,
        _DINPUT,
        "dinput[{l}] = delta[{l}] @ W[{below}]^T",
        "delta[{l}] was passed back through W[{below}], of the layer below",
        "Pass delta[{l}] back through W[{l}], by which z[{l}] was computed.",
    ),
    Mistake(
        "W of the layer above",
        "dinput",
        _same_weights(1),
        lambda step: step.delta @ step.case.parameters[step.layer + 1].W.T,
        _DINPUT,
        "dinput[{l}] = delta[{l}] @ W[{above}]^T",
        "delta[{l}] was passed back through W[{above}], of the layer above",
        "Pass delta[{l}] back through W[{l}], by which z[{l}] was computed.",
    ),
)
