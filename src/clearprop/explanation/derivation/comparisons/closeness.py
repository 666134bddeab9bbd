"""The question how close is close enough in a gradient check."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearprop.explanation.derivation.comparisons.case import Case
from clearprop.explanation.derivation.records import Comparison, Side
from clearprop.explanation.formula.numbers import plain_number

__all__ = ["close_enough"]

STRAIGHT = 1e-9  # relative error at the largest step; a curve that counts makes it larger


def close_enough(case: Case) -> Iterator[Comparison]:
    """How close finite differences come, at which step."""
    sweep = case.sweep
    assert sweep is not None
    errors = np.array(sweep.relative_errors)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    best = int(np.argmin(errors))
    first, final = 0, len(errors) - 1
    at_first = f"relative error {_number(errors[first])} at epsilon = {_number(sweep.epsilons[0])}"
    truncation = f"With a large step the curve of the loss gets in (truncation: {at_first})"
    if errors[first] <= STRAIGHT:
        truncation = (
            "With a large step the curve of the loss would get in (truncation), but along this "
            "weight the loss is a straight line or a parabola, of which central differences are "
            f"exact ({at_first})"
        )
    told = (
        f"{truncation}; with a tiny one the two losses differ in their last digits only, and "
        f"round-off gets in ({_number(errors[final])} at epsilon = "
        f"{_number(sweep.epsilons[final])}). Best here is epsilon = "
        f"{_number(sweep.epsilons[best])}, with {_number(errors[best])}. A right gradient in "
        "float64 comes below 1e-6 there, unless it is tiny beside the loss itself; a wrong one at "
        "no step. `check_gradients` extrapolates over several steps and comes much closer."
    )
    if sweep.value == 0.0 and not np.any(sweep.numeric):
        told = (
            "Here the derivative is 0, and so is every difference, whatever the step: this weight "
            "does not move the loss. Another batch, or other weights, would show more."
        )
    yield Comparison(
        "close_enough", sweep.step, "How close is close enough in a gradient check?", told,
        (
            case.side("backpropagation", sweep.value),
            Side(
                f"finite difference, epsilon = {_number(sweep.epsilons[best])}",
                np.asarray(sweep.numeric[best]),
                agrees=bool(errors[best] <= 1e-4),
            ),
            Side(
                f"finite difference, epsilon = {_number(sweep.epsilons[final])}",
                np.asarray(sweep.numeric[final]),
                agrees=bool(errors[final] <= 1e-6),
            ),
        ),
        asked_at="deeplearning.ai 976",
    )  # fmt: skip


def _number(value: float) -> str:
    return plain_number(value, 2, ascii_only=True)
