"""The question how close is close enough in a gradient check."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearprop.explanation.derivation.comparisons.case import Case
from clearprop.explanation.derivation.records import Comparison, Side

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
    at_first = f"at epsilon = {sweep.epsilons[first]:g}: relative error {errors[first]:.1e}"
    truncation = f"With a large step the curve of the loss gets in (truncation, {at_first})"
    if errors[first] <= STRAIGHT:
        truncation = (
            "With a large step the curve of the loss would get in (truncation), but along this "
            "weight the loss is a straight line or a parabola, of which central differences are "
            f"exact ({at_first})"
        )
    yield Comparison(
        "close_enough", sweep.step, "How close is close enough in a gradient check?",
        f"{truncation}; with a tiny one the "
        "losses agree in all their digits but a few (round-off, at "
        f"{sweep.epsilons[final]:g}: {errors[final]:.1e}). Best here is "
        f"{sweep.epsilons[best]:.0e}, with {errors[best]:.1e}. A right gradient in float64 comes "
        "below 1e-6 there, unless it is tiny beside the loss itself; a wrong one at no step. "
        "`check_gradients` extrapolates over several steps and comes much closer.",
        (
            case.side("backpropagation", sweep.value),
            Side(
                f"finite difference, epsilon = {sweep.epsilons[best]:.0e}",
                np.asarray(sweep.numeric[best]),
                agrees=bool(errors[best] <= 1e-4),
            ),
            Side(
                f"finite difference, epsilon = {sweep.epsilons[final]:.0e}",
                np.asarray(sweep.numeric[final]),
                agrees=bool(errors[final] <= 1e-6),
            ),
        ),
        asked_at="deeplearning.ai 976",
    )  # fmt: skip
