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
        for plant in changes[site, layer]:
            step = Step(case, layer, value, run, plant.coefficient)
            value = np.asarray(plant.mistake.change(step), np.float64)
        return value

    inherited, deltas_are_wrong = False, [False] * n_layers
    for layer in reversed(range(n_layers)):
        # Above the first mistake everything is as it should be, and need not be done again.
        run.delta[layer] = right.delta[layer]
        if inherited:
            run.delta[layer] = run.dinput[layer + 1] * case.slopes[layer]
        if ("delta", layer) in changes:
            run.delta[layer] = changed("delta", layer, run.delta[layer])
            inherited = True
        deltas_are_wrong[layer] = inherited
        run.dinput[layer] = right.dinput[layer]
        if inherited:
            run.dinput[layer] = run.delta[layer] @ case.parameters[layer].W.T
        if ("dinput", layer) in changes:
            run.dinput[layer] = changed("dinput", layer, run.dinput[layer])
            inherited = True
    # Last, because a dW may be made of the delta of any layer.
    for layer in range(n_layers):
        run.dW[layer], run.db[layer] = right.dW[layer], right.db[layer]
        is_used_wrong = ("used", layer) in changes
        if deltas_are_wrong[layer] or is_used_wrong:
            used = run.delta[layer]
            if is_used_wrong:
                used = changed("used", layer, used)
            run.dW[layer] = case.passes.inputs[layer].T @ used + case.penalties[layer]
            run.db[layer] = used.sum(axis=0)
        for kind, made in (("dW", run.dW), ("db", run.db)):
            if (kind, layer) in changes:
                made[layer] = changed(kind, layer, made[layer])
    for layer in range(n_layers):
        if ("all", layer) in changes:
            for made in run:
                made[layer] = changed("all", layer, made[layer])
    return run
