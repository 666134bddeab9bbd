"""What a mistake is: one row of the table `MISTAKES`, and a row made at certain layers.

A mistake is one formula of the backward pass put wrong. This file knows no mistake by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients
from clearprop.explanation.diagnose.case import Case
from clearprop.losses import OUTPUTS

__all__ = ["Mistake", "Planted", "Step", "formula_words"]

Array = npt.NDArray[np.float64]


class Step(NamedTuple):
    """One step of a backward pass in the making: what a mistake's formula may use.

    Attributes:
        case: the network, its parameters and the batch.
        layer: index of the layer, from the input side.
        value: what the right formula makes of the pass so far.
        run: the pass so far; arrays not made yet are None.
        coefficient: the number in the mistake's formula, such as the learning rate.
    """

    case: Case
    layer: int
    value: Array
    run: Gradients
    coefficient: float

    @property
    def W(self) -> Array:  # noqa: N802 - the articles' symbol
        """The layer's weights."""
        return np.asarray(self.case.parameters[self.layer].W)

    @property
    def b(self) -> Array:
        """The layer's bias."""
        return np.asarray(self.case.parameters[self.layer].b)

    @property
    def z(self) -> Array:
        """The layer's pre-activation."""
        return np.asarray(self.case.passes.z[self.layer])

    @property
    def input(self) -> Array:
        """The layer's input."""
        return np.asarray(self.case.passes.inputs[self.layer])

    @property
    def delta(self) -> Array:
        """The layer's delta, as this pass has it."""
        return np.asarray(self.run.delta[self.layer])

    @property
    def dh(self) -> Array:
        """DLoss by the layer's h: the dinput of the layer above, as this pass has it."""
        return np.asarray(self.run.dinput[self.layer + 1])


@dataclass(frozen=True)
class Mistake:
    """A row of the table: a mistake that people make, and what a reader should see of it.

    The texts are templates: {l} is the layer, {above} and {below} its neighbours, and
    `formula_words` has the rest.

    Attributes:
        name: what it is called.
        site: the array whose formula is wrong, "delta", "dW", "db" or "dinput"; "used" for the
            delta that dW and db are both made of; "all" for a factor on the whole gradient,
            penalty included.
        where: the layers at which it can be made, and makes a difference.
        change: what is computed in place of `step.value`.
        right: the formula as it should be.
        computed: the formula as it was computed.
        sentence: what happened.
        remedy: what to do.
        scales: whether the change is a multiple of the value, so that it may come on top of
            another mistake in the same formula.
        adds: whether the change adds something to the value; it then comes last.
        looks_below: whether the formula uses arrays that a later step of the pass makes.
        family: mistakes of one family are the same multiple of different arrays; "" for others.
        constant: whether it multiplies the gradient's every array by one number.
        coefficient: the name of a number that the formula needs and only a fit can tell; "" for
            none.
        meanings: values of the coefficient that say more, name -> value.
    """

    name: str
    site: str
    where: Callable[[Case], list[int]]
    change: Callable[[Step], Any]
    right: str
    computed: str
    sentence: str
    remedy: str
    scales: bool = False
    adds: bool = False
    looks_below: bool = False
    family: str = ""
    constant: bool = False
    coefficient: str = ""
    meanings: Callable[[Case], dict[str, float]] | None = None


class Planted(NamedTuple):
    """A mistake made at certain layers.

    Attributes:
        mistake: the row.
        layers: where; one layer, or every layer where it can be made.
        coefficient: the number in its formula, where it has one.
    """

    mistake: Mistake
    layers: tuple[int, ...]
    coefficient: float = 0.0


_FACTORS = {"sum": "", "mean": "1/N ", "mean_all": "1/(K N) "}


def formula_words(case: Case, planted: Planted) -> dict[str, Any]:
    """What the texts of a planted mistake are filled in with."""
    layer = max(planted.layers)
    network = case.network
    last = network.n_layers - 1
    l2 = f"{_FACTORS[network.reduction]}l2"
    simple = OUTPUTS[network.output].branch is None
    factor = _FACTORS[network.reduction]
    if case.point.sample_weight is not None:
        factor = factor.replace("N", "S") + "weight_i "
    return {
        "l": layer,
        "above": layer + 1,
        "below": layer - 1,
        "last": last,
        "factor": factor,
        "residual": "(yhat - y)" if simple else "dterm/dz",
        "N": case.n_samples,
        "K": case.n_outputs,
        "penalty": f" + {l2} W[{layer}]" if case.point.l2 else "",
        "l2": l2,
        "c": f"{planted.coefficient:.6g}",
        "output": network.output,
        "activation": network.activations[layer].name if layer < last else network.output,
    }
