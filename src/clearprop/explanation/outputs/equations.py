"""A step's formula with symbols, some of its entries with the numbers put in, whole chains.

This file knows nothing of markup.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records, Step
from clearprop.explanation.formula.tree import Formula, Number, infix
from clearprop.explanation.formulas import entry_equation, step_formula, weight_chain
from clearprop.explanation.largest import largest_entries
from clearprop.explanation.outputs.blocks import Block, Equation, Table, as_equation

__all__ = ["entry_formulas", "step_equations", "weight_chains"]

ENTRIES = 2
"""Entries of a step that are written out with their numbers."""
MOST_TERMS = 1000
"""An entry computed from more numbers than this is not written out at all."""
CHAINS = 2
"""Weights of a layer whose whole chain is written out, where not every weight's is."""
ALL_CHAINS = 24
"""In a network of no more weights, every weight's chain is written out."""


def step_equations(
    records: Records, step: Step, notation: str, budget: Budget, left_out: list[str]
) -> Iterator[Block]:
    """The step's line with symbols, then its largest entries with numbers.

    Args:
        records: the derivation.
        step: one of its steps.
        notation: "matrix" or "weights".
        budget: how many summands are written out.
        left_out: is told of entries that are too long.
    """
    whole = as_equation(step_formula(records, step, notation))
    if whole.sides:
        yield whole
    for _, formula in entry_formulas(records, step, notation, budget, left_out):
        yield as_equation(formula, "With its numbers")


def entry_formulas(
    records: Records, step: Step, notation: str, budget: Budget, left_out: list[str]
) -> Iterator[tuple[tuple[int, ...], Formula]]:
    """The largest entries of a step: index, and symbol = symbols = numbers = value."""
    if not as_equation(step_formula(records, step, notation)).sides:
        return
    n_terms = _n_terms(records, step)
    if n_terms > MOST_TERMS:
        left_out.append(
            f"The equations of the entries of {step.id}: each is computed from {n_terms} numbers."
        )
        return
    if n_terms > budget.terms:
        left_out.append(
            f"The middle of sums of more than {budget.terms} numbers, in the entries' equations."
        )
    entries = largest_entries(step.values, ENTRIES)
    if step.values.size > len(entries):
        left_out.append(f"The equations of all but the {ENTRIES} largest entries of each step.")
    for entry in entries:
        equation = entry_equation(records, step, entry, notation, max_terms=budget.terms)
        if equation.symbols is not None:
            sides = (equation.symbol, equation.symbols, equation.numbers)
            value = Number(equation.value, equation.digits)
            yield entry, infix("=", [side for side in (*sides, value) if side is not None])


def _n_terms(records: Records, step: Step) -> int:
    """How many numbers of one operand an entry is computed from, at most."""
    first = (0,) * len(step.shape)
    return max(
        math.prod(map(len, operand.ranges(first, records[operand.step].shape)))
        for operand in step.operands
    )


def weight_chains(records: Records, step: Step, left_out: list[str]) -> Iterator[Block]:
    """The chains of a layer's weights, link by link with every sample's numbers.

    Args:
        records: the derivation.
        step: "dW[l]".
        left_out: is told of weights without one.
    """
    assert step.layer is not None
    entries = list(np.ndindex(*step.shape))
    if sum(a * b for a, b in pairwise(records.network.sizes)) > ALL_CHAINS:
        entries = largest_entries(step.values, CHAINS)
        left_out.append(
            f"The chains of all but {len(entries)} weights of each layer, those with the largest "
            "derivatives."
        )
    for entry in entries:
        chain = weight_chain(records, step.layer, entry)
        yield as_equation(chain.formula, "The whole chain of one weight")
        for link in chain.links:
            yield Equation(link.derivative, (link.expression,))
        names = [link.derivative for link in chain.links]
        lines = np.column_stack([*(link.values for link in chain.links), chain.shares])
        cells = [tuple(float(number) for number in line) for line in lines]
        total: tuple[float | str, ...] = (*("" for _ in names), chain.total)
        yield Table(
            "",
            (*names, "product"),
            (*records.sample_names, "sum"),
            (*cells, total),
            corner="sample",
        )
