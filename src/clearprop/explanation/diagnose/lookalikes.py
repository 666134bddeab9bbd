"""What was given may be no gradient: the weights themselves, weights after a step, the batch.

This file knows nothing of mistakes in a gradient.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from clearprop.explanation.diagnose.case import Case

__all__ = ["lookalikes"]

Array = npt.NDArray[np.float64]

_SAME = 1e-6  # relative to the largest entry: float32's numbers, and six digits of a file


def lookalikes(case: Case, arrays: Mapping[tuple[str, int], Array]) -> list[str]:
    """Which arrays that were given as a gradient are something else, a sentence each.

    Args:
        case: network, parameters and batch.
        arrays: (kind, layer) -> array, as they were read.

    Examples:
        >>> from clearprop import Network
        >>> from clearprop.explanation.diagnose.case import make_case
        >>> network = Network([2, 1], output="identity")
        >>> case = make_case(network, network.initialize(0), [[1.0, 2.0]], [[3.0]])
        >>> lookalikes(case, {("dW", 0): case.parameters[0].W})
        ['dW[0] is W[0] itself, not a gradient']
    """
    found = []
    for (kind, layer), array in arrays.items():
        right = getattr(case.right, kind)[layer]
        if not np.any(array) or _is_same(array, right):
            continue
        told = next(
            (name for name, known in _known(case).items() if _is_same(array, known)), ""
        ) or _updated(case, kind, layer, array)
        if told:
            found.append(f"{kind}[{layer}] is {told}, not a gradient")
    return found


def _known(case: Case) -> dict[str, Array]:
    """What a forward pass has, by what it is called."""
    passes = case.passes
    named: dict[str, Array] = {}
    for layer, (W, b) in enumerate(case.parameters):
        named |= {f"W[{layer}] itself": W, f"b[{layer}] itself": b}
        named |= {f"z[{layer}]": passes.z[layer]}
        named |= {f"input[{layer}], the layer's input": passes.inputs[layer]}
    return named | {"yhat, the output": passes.output, "Y, the targets": case.point.Y}


def _updated(case: Case, kind: str, layer: int, array: Array) -> str:
    """Whether it is a parameter after a step down its right gradient."""
    if kind not in ("dW", "db"):
        return ""
    parameter = case.parameters[layer].W if kind == "dW" else case.parameters[layer].b
    gradient = getattr(case.right, kind)[layer]
    if array.shape != parameter.shape or not np.any(gradient):
        return ""
    step = parameter - array
    rate = _share(step, gradient)
    # A parameter along its gradient, 0 too, makes a step of any multiple of the gradient.
    along = _is_same(_share(parameter, gradient) * gradient, parameter)
    if along or rate <= 0.0 or not _is_same(step, rate * gradient):
        return ""
    return f"{kind[1:]}[{layer}] - {rate:.6g} {kind}[{layer}], the parameter after a step"


def _share(array: Array, gradient: Array) -> float:
    """The multiple of the gradient that is nearest to an array."""
    return float(np.sum(array * gradient) / np.sum(gradient * gradient))


def _is_same(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    return bool(np.max(np.abs(one - other)) <= _SAME * np.max(np.abs(other)))
