"""The update: its rule, and every weight's way from old to new.

This file knows nothing of markup.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records, Step, UpdateRule
from clearprop.explanation.formula.parse import parse_or_words
from clearprop.explanation.formula.tree import Infix
from clearprop.explanation.formulas import named_pair, step_labels
from clearprop.explanation.largest import largest_entries
from clearprop.explanation.outputs.blocks import Block, Paragraph, Table, as_equation
from clearprop.explanation.wording import counted

__all__ = ["ledger", "losses", "rule"]


def rule(update: UpdateRule) -> Iterator[Block]:
    """How parameters are updated."""
    before = (
        "this is its first update"
        if update.n_updates == 0
        else f"it has made {counted(update.n_updates, 'update')} before"
    )
    yield Paragraph(f"{update.name}; {before}.", label="Optimizer")
    if update.formula:
        formula = parse_or_words(update.formula)
        is_list = isinstance(formula, Infix) and formula.operator == ","
        for equation in formula.operands if is_list else (formula,):  # type: ignore[union-attr]  # is_list says so
            yield as_equation(equation)
    settings = {"learning rate": update.learning_rate, **update.settings}
    yield Table(
        "",
        ("value",),
        tuple(name.replace("_", " ") for name in settings),
        tuple((float(value),) for value in settings.values()),
        corner="setting",
    )


def ledger(
    records: Records, step: Step, notation: str, budget: Budget, left_out: list[str]
) -> Iterator[Block]:
    """A line for each weight or bias: old, derivative, step, new.

    Args:
        records: the derivation.
        step: "W_new[l]" or "b_new[l]".
        notation: "matrix" or "weights".
        budget: how many lines there may be.
        left_out: is told of what does not fit.
    """
    old, moved = (records[operand.step] for operand in step.operands)
    derivative = records[moved.operands[0].step]
    count = step.values.size
    if not budget.shows_whole((count, 4)):
        count = budget.largest
        left_out.append(f"The way from old to new of all but {count} entries of {step.id}.")
    rows, columns = step_labels(records, step, notation)
    places = list(np.ndindex(*step.shape))
    if count < step.values.size:
        places = largest_entries(moved.values, count)
    yield Table(
        "From old to new",
        ("old", "derivative", "step", "new"),
        tuple(
            named_pair(rows[place[0]] if len(place) > 1 else "", columns[place[-1]])
            for place in places
        ),
        tuple(
            tuple(float(each.values[place]) for each in (old, derivative, moved, step))
            for place in places
        ),
        corner="from / to" if rows else "of",
    )


def losses(records: Records) -> Iterator[Block]:
    """The loss before and after."""
    before = records["total_loss" if "total_loss" in records else "loss"]
    after = records["new_loss"]
    yield Table(
        "The loss of this batch",
        ("value",),
        ("before", "after"),
        ((float(before.values),), (float(after.values),)),
    )
