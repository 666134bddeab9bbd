"""A backward pass with mistakes in it.

The right pass, step by step as in `backprop.backward`, with some formulas put wrong; what lies
below a mistake inherits it. It knows no mistake by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
    n_layers = case.network.n_layers
    run = Gradients([None] * n_layers, [None] * n_layers, [None] * n_layers, [None] * n_layers)
    making = _Making(case, changes, run)
    is_wrong = making.way_down()
    # Last, because a dW may be made of the delta of any layer.
    making.parameters(is_wrong)
    for layer in range(n_layers):
        for made in run:
            made[layer] = making.changed("all", layer, made[layer])
    return run


class _Making(NamedTuple):
    """A pass in the making: the case, the mistakes of each formula, and the arrays so far."""

    case: Case
    changes: dict[tuple[str, int], list[Planted]]
    run: Gradients

    def changed(self, site: str, layer: int, value: Array) -> Array:
        """What the mistakes of a formula make of its value."""
        for plant in self.changes.get((site, layer), ()):
            step = Step(self.case, layer, value, self.run, plant.coefficient)
            value = np.asarray(plant.mistake.change(step), np.float64)
        return value

    def way_down(self) -> list[bool]:
        """Every delta and dinput; returns of which layers delta is not the right one."""
        case, run, right = self.case, self.run, self.case.right
        inherited, is_wrong = False, [False] * case.network.n_layers
        for layer in reversed(range(case.network.n_layers)):
            # Above the first mistake everything is as it should be, and need not be done again.
            run.delta[layer] = right.delta[layer]
            if inherited:
                run.delta[layer] = run.dinput[layer + 1] * case.slopes[layer]
            run.delta[layer] = self.changed("delta", layer, run.delta[layer])
            inherited = inherited or ("delta", layer) in self.changes
            is_wrong[layer] = inherited
            run.dinput[layer] = right.dinput[layer]
            if inherited:
                run.dinput[layer] = run.delta[layer] @ case.parameters[layer].W.T
            run.dinput[layer] = self.changed("dinput", layer, run.dinput[layer])
            inherited = inherited or ("dinput", layer) in self.changes
        return is_wrong

    def parameters(self, is_wrong: list[bool]) -> None:
        """Every dW and db, of the deltas."""
        case, run, right = self.case, self.run, self.case.right
        for layer in range(case.network.n_layers):
            run.dW[layer], run.db[layer] = right.dW[layer], right.db[layer]
            if is_wrong[layer] or ("used", layer) in self.changes:
                used = self.changed("used", layer, run.delta[layer])
                run.dW[layer] = case.passes.inputs[layer].T @ used + case.penalties[layer]
                run.db[layer] = used.sum(axis=0)
            run.dW[layer] = self.changed("dW", layer, run.dW[layer])
            run.db[layer] = self.changed("db", layer, run.db[layer])
