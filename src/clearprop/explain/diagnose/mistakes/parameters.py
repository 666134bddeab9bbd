"""Mistakes in the gradients of the parameters: dW and db from input and delta, and penalties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from clearprop.explain.diagnose.case import Case
from clearprop.explain.diagnose.mistake import Mistake, Step

__all__ = ["ROWS"]

Array = npt.NDArray[np.float64]

_DW = "dW[{l}] = input[{l}]^T @ delta[{l}]{penalty}"
_DB = "db[{l}] = column sums of delta[{l}]"


def _where(fits: Callable[[Case, int], bool]) -> Callable[[Case], list[int]]:
    def where(case: Case) -> list[int]:
        return [layer for layer in range(case.network.n_layers) if fits(case, layer)]

    return where


def _several_rows(case: Case, layer: int) -> bool:
    del layer
    return case.n_samples > 1


def _as_wide_as_the_next(case: Case, layer: int) -> bool:
    sizes = case.network.sizes
    return layer + 2 < len(sizes) and sizes[layer + 1] == sizes[layer + 2]


def _square(case: Case, layer: int) -> bool:
    return case.network.sizes[layer] == case.network.sizes[layer + 1]


def _penalised(case: Case, layer: int) -> bool:
    del layer
    return case.point.l2 > 0.0


def _of(step: Step, input_: Array, delta: Array) -> Array:
    return np.asarray(input_.T @ delta + step.case.penalties[step.layer])


def _strengths(case: Case) -> dict[str, float]:
    """What a penalty may have been weighted with, beside what it should be."""
    l2, factor = case.point.l2, case.point.factor
    if not l2:
        return {}
    return {
        "l2, not divided as the loss is": l2,
        "twice the penalty's share: a penalty without the half": 2.0 * factor * l2,
        "half of the penalty's share": 0.5 * factor * l2,
        "l2 / N": l2 / case.n_samples,
        "2 l2, not divided as the loss is": 2.0 * l2,
        "the penalty's share turned round": -factor * l2,
    }


def _wrong_deltas(
    where: Callable[[Case], list[int]], name: str, index: str, offset: int
) -> tuple[Mistake, ...]:
    """The delta of a neighbouring layer: used for dW and db both, or for one of them."""

    def delta(step: Step) -> Array:
        return np.asarray(step.run.delta[step.layer + offset])

    dW, db = f"dW[{{l}}] = input[{{l}}]^T @ delta[{index}]", f"column sums of delta[{index}]"
    sentence = f"was made of delta[{index}], of the layer {name}"
    remedy = "Use delta[{l}], the derivative by z[{l}] = input[{l}] @ W[{l}] + b[{l}]."
    return (
        Mistake(
            f"delta of the layer {name}",
            "used",
            where,
            delta,
            f"{_DW}, {_DB}",
            f"{dW}{{penalty}}, db[{{l}}] = {db}",
            f"dW[{{l}}] and db[{{l}}] each {sentence}",
            remedy,
            looks_below=offset < 0,
        ),
        Mistake(
            f"delta of the layer {name} in dW",
            "dW",
            where,
            lambda step: _of(step, step.input, delta(step)),
            _DW,
            f"{dW}{{penalty}}",
            f"dW[{{l}}] {sentence}",
            remedy,
            looks_below=offset < 0,
        ),
        Mistake(
            f"delta of the layer {name} in db",
            "db",
            where,
            lambda step: np.sum(delta(step), axis=0),
            _DB,
            f"db[{{l}}] = {db}",
            f"db[{{l}}] {sentence}",
            remedy,
            looks_below=offset < 0,
        ),
    )


ROWS = (
    Mistake(
        "dW transposed",
        "dW",
        _where(lambda case, layer: _square(case, layer) and case.network.sizes[layer] > 1),
        lambda step: step.value.T,
        _DW,
        "dW[{l}] = delta[{l}]^T @ input[{l}]",
        "dW[{l}] is transposed; it is square, so the shapes fit all the same",
        "W[{l}] has a row per input and a column per output: dW[{l}] = input[{l}]^T @ delta[{l}].",
    ),
    *(
        row
        for where, name, index, offset in (
            (_where(_as_wide_as_the_next), "above", "{above}", 1),
            (
                _where(lambda case, layer: layer > 0 and _square(case, layer)),
                "below",
                "{below}",
                -1,
            ),
        )
        for row in _wrong_deltas(where, name, index, offset)
    ),
    Mistake(
        "pre-activation in place of the input",
        "dW",
        _where(lambda case, layer: layer > 0),  # noqa: ARG005 - one signature
        lambda step: _of(step, step.case.passes.z[step.layer - 1], step.delta),
        _DW,
        "dW[{l}] = z[{below}]^T @ delta[{l}]{penalty}",
        "dW[{l}] was made of z[{below}], before the activation",
        "Use input[{l}] = sigma(z[{below}]), by which W[{l}] was multiplied.",
    ),
    Mistake(
        "input of the layer above",
        "dW",
        _where(lambda case, layer: _square(case, layer) and layer + 1 < case.network.n_layers),
        lambda step: _of(step, step.case.passes.inputs[step.layer + 1], step.delta),
        _DW,
        "dW[{l}] = input[{above}]^T @ delta[{l}]{penalty}",
        "dW[{l}] was made of input[{above}], what the layer gave, not of what it got",
        "Use input[{l}], by which W[{l}] was multiplied.",
    ),
    Mistake(
        "penalty left out",
        "dW",
        _where(_penalised),
        lambda step: step.value - step.case.penalties[step.layer],
        _DW,
        "dW[{l}] = input[{l}]^T @ delta[{l}]",
        "the derivative of the L2 penalty is missing from dW[{l}]",
        "Add {l2} W[{l}].",
        adds=True,
    ),
    Mistake(
        "penalty of another strength",
        "dW",
        _where(lambda case, layer: True),  # noqa: ARG005 - one signature
        lambda step: step.value - step.case.penalties[step.layer] + step.coefficient * step.W,
        _DW,
        "dW[{l}] = input[{l}]^T @ delta[{l}] + {c} W[{l}]",
        "dW[{l}] has {c} W[{l}] in it, a penalty other than the loss's",
        "Give the penalty's strength as l2, or add {l2} W[{l}] where the loss has a penalty.",
        adds=True,
        coefficient="strength of the penalty",
        meanings=_strengths,
    ),
    Mistake(
        "bias not summed",
        "db",
        _where(_several_rows),
        lambda step: step.delta,
        _DB,
        "db[{l}] = delta[{l}]",
        "delta[{l}] was not summed over the samples: db[{l}] has a row for each of them",
        "Sum the rows: b[{l}] is added to every row, so its gradient gathers all of them.",
    ),
    Mistake(
        "bias of the first row",
        "db",
        _where(_several_rows),
        lambda step: step.delta[0],
        _DB,
        "db[{l}] = delta[{l}], first row",
        "db[{l}] has the first sample's delta alone: the rows were not summed",
        "Sum the rows: b[{l}] is added to every row, so its gradient gathers all of them.",
    ),
    Mistake(
        "bias of the last row",
        "db",
        _where(_several_rows),
        lambda step: step.delta[-1],
        _DB,
        "db[{l}] = delta[{l}], last row",
        "db[{l}] has the last sample's delta alone: it was overwritten, not summed up",
        "Sum the rows: b[{l}] is added to every row, so its gradient gathers all of them.",
    ),
    Mistake(
        "bias summed over the outputs",
        "db",
        _where(lambda case, layer: case.n_samples == case.network.sizes[layer + 1] > 1),
        lambda step: np.sum(step.delta, axis=1),
        _DB,
        "db[{l}] = row sums of delta[{l}]",
        "delta[{l}] was summed along its rows; there are as many samples as outputs, so the "
        "shapes fit",
        "Sum over the samples (axis 0): one number per output.",
    ),
    Mistake(
        "bias summed over everything",
        "db",
        _where(lambda case, layer: case.network.sizes[layer + 1] > 1),
        lambda step: np.full(step.value.shape, np.sum(step.delta)),
        _DB,
        "db[{l}] = sum of all of delta[{l}]",
        "delta[{l}] was summed over samples and outputs into one number",
        "Sum over the samples alone (axis 0): one number per output.",
    ),
    Mistake(
        "L2 on the bias",
        "db",
        _where(_penalised),
        lambda step: step.value + step.case.point.factor * step.case.point.l2 * step.b,
        _DB,
        "db[{l}] = column sums of delta[{l}] + {l2} b[{l}]",
        "the L2 penalty was applied to b[{l}]: only weights are penalised",
        "Leave {l2} b[{l}] out.",
        adds=True,
    ),
    Mistake(
        "L2 on the bias, of another strength",
        "db",
        _where(lambda case, layer: True),  # noqa: ARG005 - one signature
        lambda step: step.value + step.coefficient * step.b,
        _DB,
        "db[{l}] = column sums of delta[{l}] + {c} b[{l}]",
        "db[{l}] has {c} b[{l}] in it, as from an L2 penalty: only weights are penalised",
        "Leave {c} b[{l}] out.",
        adds=True,
        coefficient="strength of the penalty",
        meanings=_strengths,
    ),
)
