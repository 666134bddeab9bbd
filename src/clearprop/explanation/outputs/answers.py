"""What stands beside a step: answers with numbers, Jacobians, misprints, factors, the sweep.

This file knows nothing of markup.
"""

from __future__ import annotations

from collections.abc import Iterator

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import (
    Comparison,
    DeltaFactor,
    Jacobian,
    Misprint,
    Records,
    Side,
    Step,
    Sweep,
)
from clearprop.explanation.formulas import step_labels
from clearprop.explanation.outputs.arrays import Labels, table_or_summary
from clearprop.explanation.outputs.blocks import Block, Paragraph, Table, as_equation

__all__ = ["answer", "delta_factors", "jacobian", "misprint", "sweep"]


def answer(
    records: Records,
    step: Step,
    comparison: Comparison,
    notation: str,
    budget: Budget,
    left_out: list[str],
) -> Iterator[Block]:
    """A question, its answer, both sides and what they are made of."""
    yield Paragraph(comparison.question, label="Question")
    yield Paragraph(comparison.answer, label="Answer")
    for number, side in enumerate(comparison.sides):
        yield from _side(records, step, side, _verdict(side, number), notation, budget, left_out)
    for part in comparison.parts:
        yield from _side(records, step, part, "", notation, budget, left_out)
    if comparison.asked_at:
        yield Paragraph(comparison.asked_at, label="Asked at")


def _verdict(side: Side, number: int) -> str:
    if number == 0:
        return ""
    return " (agrees)" if side.agrees else " (differs)"


def _side(
    records: Records,
    step: Step,
    side: Side,
    verdict: str,
    notation: str,
    budget: Budget,
    left_out: list[str],
) -> Iterator[Block]:
    if side.formula is not None:
        yield as_equation(side.formula)
    caption = f"{side.label}{verdict}"
    about = f"{caption or 'the values'} of {step.id}"
    owner = records.owner(step, side)
    labels: Labels = step_labels(records, owner, notation) if owner else ((), ())
    yield from table_or_summary(side.values, caption, labels, budget, left_out, about)


def jacobian(
    records: Records, each: Jacobian, budget: Budget, left_out: list[str]
) -> Iterator[Block]:
    """A Jacobian in full."""
    whose = "the same for every sample"
    if each.sample is not None:
        whose = f"of {records.sample_names[each.sample]}"
    yield as_equation(each.formula, f"Jacobian, {whose}")
    labels = (each.rows, each.columns)
    about = f"a Jacobian at {each.step}"
    yield from table_or_summary(each.values, "", labels, budget, left_out, about)


def misprint(
    records: Records,
    step: Step,
    each: Misprint,
    notation: str,
    budget: Budget,
    left_out: list[str],
) -> Iterator[Block]:
    """A formula that an article prints wrongly, with both evaluated."""
    yield Paragraph(each.note, label="Misprint")
    yield Paragraph(each.printed, label="Printed")
    yield Paragraph(each.corrected, label="Corrected")
    for number, side in enumerate(each.sides):
        yield from _side(records, step, side, _verdict(side, number), notation, budget, left_out)


def delta_factors(factors: tuple[DeltaFactor, ...]) -> tuple[Block, ...]:
    """What the weights and the slopes did to delta's length, layer by layer."""
    return (
        Paragraph(
            "The length of delta below is its length above, times what the weights did to it, "
            "times what sigma' did. Factors below 1, layer after layer, are a vanishing gradient; "
            "above 1, an exploding one."
        ),
        Table(
            "",
            ("length of delta", "times the weights'", "times the slopes'", "length below"),
            tuple(f"layer {each.layer + 1} to {each.layer}" for each in factors),
            tuple((each.delta_norm, each.by_W, each.by_slope, each.below_norm) for each in factors),
            corner="from",
        ),
    )


def sweep(each: Sweep) -> Iterator[Block]:
    """The gradient check of one entry at many steps."""
    entry = ", ".join(str(index) for index in each.entry)
    yield Table(
        f"{each.step}[{entry}] by central differences, epsilon falling",
        ("quotient", "relative error"),
        tuple(f"{epsilon:.2g}" for epsilon in each.epsilons),
        tuple(zip(each.numeric, each.relative_errors, strict=True)),
        corner="epsilon",
    )
