"""Mistakes at the output, in the derivative of the loss by the logits: delta = yhat - y."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from clearprop.explain.diagnose.case import Case
from clearprop.explain.diagnose.mistake import Mistake, Step
from clearprop.losses import OUTPUTS, reduction_factor

__all__ = ["ROWS"]

Array = npt.NDArray[np.float64]

_RIGHT = "delta[{l}] = {factor}{residual}"


def _output_of(*names: str) -> Callable[[Case], list[int]]:
    def where(case: Case) -> list[int]:
        return [case.network.n_layers - 1] if case.network.output in names else []

    return where


def _diagonal(step: Step) -> Array:
    return np.diagonal(step.case.output_jacobian, axis1=-2, axis2=-1)


def _by_yhat(step: Step) -> Array:
    """DLoss/dyhat, as the losses are written; nothing where yhat has been rounded to 0 or 1."""
    case = step.case
    yhat, Y = case.passes.output, case.point.Y
    scale = (case.point.factor * case.point.weights)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        if case.network.output == "softmax":
            return np.asarray(-scale * Y / yhat)
        return np.asarray(step.value / _diagonal(step))


def _unweighted(step: Step) -> Array:
    case = step.case
    output = OUTPUTS[case.network.output]
    delta = output.delta(case.passes.output, case.point.Y, case.network.output_parameters)
    return np.asarray(
        delta * reduction_factor(case.network.reduction, case.n_samples, case.n_outputs)
    )


ROWS = (
    Mistake(
        "softmax Jacobian applied twice",
        "delta",
        _output_of("softmax"),
        lambda step: np.einsum("nk,nkj->nj", step.value, step.case.output_jacobian),
        _RIGHT,
        "delta[{l}] = {factor}{residual} @ J_softmax",
        "the softmax Jacobian was multiplied in again: yhat - y is the derivative by the logits, "
        "and has it in it already",
        "Use {factor}(yhat - y) as delta[{l}], or start from dLoss/dyhat = -y / yhat.",
    ),
    Mistake(
        "derivative of the output applied again",
        "delta",
        _output_of("softmax", "logistic", "exponential"),
        lambda step: step.value * _diagonal(step),
        _RIGHT,
        "delta[{l}] = {factor}{residual} * dyhat/dz",
        "the derivative of the output activation, dyhat_k/dz_k, was multiplied onto yhat - y, "
        "which has it in it already",
        "Use {factor}(yhat - y) as delta[{l}]: with this loss, the derivative cancels.",
    ),
    Mistake(
        "derivative of the output missing",
        "delta",
        _output_of("softmax", "logistic", "exponential"),
        _by_yhat,
        _RIGHT,
        "delta[{l}] = {factor}dLoss/dyhat",
        "dLoss/dyhat was used as dLoss/dz: the derivative of the output activation is missing",
        "Multiply dLoss/dyhat with the Jacobian dyhat/dz; the product is {factor}(yhat - y).",
    ),
    Mistake(
        "sample weights left out",
        "delta",
        lambda case: [case.network.n_layers - 1] if case.point.sample_weight is not None else [],
        _unweighted,
        _RIGHT,
        "delta[{l}] = the same with weight_i = 1",
        "the sample weights were left out",
        "Multiply each row of delta[{l}] with its sample's weight; a mean divides by their sum.",
    ),
)
