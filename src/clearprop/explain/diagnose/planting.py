"""A backward pass with mistakes in it.

The right pass, step by step as in `backprop.backward`, with some formulas put wrong; what lies
below a mistake inherits it. It knows no mistake by name.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients
from clearprop.explain.diagnose.case import Case
from clearprop.explain.diagnose.mistake import Planted, Step

__all__ = ["planted_pass"]

Array = npt.NDArray[np.float64]


def planted_pass(case: Case, planted: Sequence[Planted]) -> Gradients:
    """The backward pass of somebody who makes these mistakes.

    Args:
        case: network, parameters and batch.
        planted: the mistakes; none gives the right pass.

    Returns:
        `Gradients`; an array may have another shape than the right one, as a bias that was never
        summed has.
    """
    changes: dict[tuple[str, int], list[Planted]] = {}
    # A factor comes on top of what was put in the formula's place, and a penalty on top of both.
    for plant in sorted(planted, key=lambda one: (one.mistake.adds, one.mistake.scales)):
        for layer in plant.layers:
            changes.setdefault((plant.mistake.site, layer), []).append(plant)
    right, n_layers = case.right, case.network.n_layers
    run = Gradients([None] * n_layers, [None] * n_layers, [None] * n_layers, [None] * n_layers)

    def changed(site: str, layer: int, value: Array) -> Array:
        for plant in changes.get((site, layer), ()):
            step = Step(case, layer, value, run, plant.coefficient)
            value = np.asarray(plant.mistake.change(step), np.float64)
        return value

    inherited, deltas_are_wrong = False, [False] * n_layers
    for layer in reversed(range(n_layers)):
        # Above the first mistake everything is as it should be, and need not be done again.
        value = run.dinput[layer + 1] * case.slopes[layer] if inherited else right.delta[layer]
        inherited = inherited or ("delta", layer) in changes
        run.delta[layer] = changed("delta", layer, value)
        value = run.delta[layer] @ case.parameters[layer].W.T if inherited else right.dinput[layer]
        deltas_are_wrong[layer] = inherited
        inherited = inherited or ("dinput", layer) in changes
        run.dinput[layer] = changed("dinput", layer, value)
    # Last, because a dW may be made of the delta of any layer.
    for layer in range(n_layers):
        if deltas_are_wrong[layer] or ("used", layer) in changes:
            used = changed("used", layer, run.delta[layer])
            dW = case.passes.inputs[layer].T @ used + case.penalty(layer)
            db = np.sum(used, axis=0)
        else:
            dW, db = right.dW[layer], right.db[layer]
        run.dW[layer] = changed("dW", layer, dW)
        run.db[layer] = changed("db", layer, db)
    for layer in range(n_layers):
        if ("all", layer) in changes:
            for made in run:
                made[layer] = changed("all", layer, made[layer])
    return run
