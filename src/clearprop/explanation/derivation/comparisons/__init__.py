"""The questions that people ask about backpropagation, answered with this batch's numbers.

Each is computed two ways or more, side by side. Where they were asked is in `asked_at`. This folder
knows nothing of how answers are shown.
"""

from __future__ import annotations

from clearprop.explanation.derivation.batch import Batch, Update
from clearprop.explanation.derivation.checks import Checker
from clearprop.explanation.derivation.comparisons.case import Case
from clearprop.explanation.derivation.comparisons.closeness import close_enough
from clearprop.explanation.derivation.comparisons.delta import sigma_of_h, sign, softmax
from clearprop.explanation.derivation.comparisons.products import hadamard, kronecker, orientation
from clearprop.explanation.derivation.comparisons.purpose import old_or_new, why_h, why_x
from clearprop.explanation.derivation.comparisons.sums import column_sums, reductions, shares
from clearprop.explanation.derivation.numbers import Numbers
from clearprop.explanation.derivation.records import Comparison, Sweep

__all__ = ["comparisons"]


def comparisons(
    batch: Batch,
    numbers: Numbers,
    update: Update | None,
    checker: Checker,
    sweep: Sweep | None,
    sample_names: tuple[str, ...],
) -> list[Comparison]:
    """All that this network and batch can answer, in no particular order.

    Args:
        batch: what is derived.
        numbers: its numbers.
        update: the update asked for, or None.
        checker: takes finite differences.
        sweep: of the gradient check, or None.
        sample_names: of the rows.
    """
    case = Case(batch, numbers, update, checker, sweep, sample_names)
    answers = [
        orientation,
        softmax,
        sign,
        shares,
        reductions,
        column_sums,
        kronecker,
        why_x,
    ]
    if case.last > 0:
        answers += [hadamard, sigma_of_h, why_h, old_or_new]
    if sweep is not None:
        answers.append(close_enough)
    return [comparison for answer in answers for comparison in answer(case)]
