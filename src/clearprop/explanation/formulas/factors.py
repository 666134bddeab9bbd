"""What the sum over the samples is multiplied by, as symbols and as numbers.

This file knows nothing of steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.tree import Formula, Fraction, Number, Symbol, product
from clearprop.explanation.formulas.notation import Notation

__all__ = ["factor_numbers", "factor_symbols", "mean_numbers", "times"]


def factor_symbols(
    records: Records, notation: Notation, sample: int | None = None
) -> list[Formula]:
    """1/N or 1/(K N) where the loss is a mean, and the sample's weight where there are weights."""
    weighted = "sample_weight" in records
    total = Symbol("S" if weighted else "N")
    factors: list[Formula] = []
    if records.network.reduction == "mean":
        factors.append(Fraction(Number(1), total))
    elif records.network.reduction == "mean_all":
        factors.append(Fraction(Number(1), product(Symbol("K"), total)))
    if weighted:
        factors.append(
            Symbol("weight", "s") if sample is None else notation.entry("sample_weight", (sample,))
        )
    return factors


def factor_numbers(records: Records, sample: int) -> list[Formula]:
    """The same as numbers: none where it is 1 by definition."""
    factors = mean_numbers(records)
    if "sample_weight" in records:
        factors.append(Number(float(records["sample_weight"].values[sample])))
    return factors


def mean_numbers(records: Records) -> list[Formula]:
    """1/N or 1/(K N) as a number: 1/3, as 0.333333 is another one."""
    if records.network.reduction == "sum":
        return []
    if records.factor == 1.0:
        return [Number(1.0)]
    return [Fraction(Number(1.0), Number(1.0 / records.factor))]


def times(factors: Sequence[Formula], formula: Formula) -> Formula:
    """A product; the formula itself where there are no factors."""
    return product(*factors, formula)
