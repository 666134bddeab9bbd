"""Going through a formula, and putting other formulas in place of its symbols.

This file knows nothing of how formulas are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from clearprop.explanation.formula.names import full_name
from clearprop.explanation.formula.tree import (
    Bars,
    Call,
    Cases,
    Derivative,
    Formula,
    Fraction,
    Infix,
    Negative,
    Power,
    Sum,
    Symbol,
    Transpose,
)

__all__ = ["parts", "rebuilt", "substitute", "walk"]


def parts(formula: Formula) -> tuple[Formula, ...]:
    """What a formula is made of, in the order of its fields; empty for symbols, numbers, words."""
    match formula:
        case Infix(_, operands) | Call(_, operands):
            return operands
        case Negative() | Bars() | Transpose():
            return (formula.operand,)
        case Fraction():
            return (formula.top, formula.bottom)
        case Power():
            return (formula.base, formula.exponent)
        case Sum():
            return (formula.body,)
        case Derivative():
            return (formula.of, formula.by)
        case Cases():
            return (formula.value, formula.condition, formula.otherwise)
        case _:
            return ()


def walk(formula: Formula) -> Iterator[Formula]:
    """A formula and everything in it, from the outside in."""
    yield formula
    for part in parts(formula):
        yield from walk(part)


def rebuilt(formula: Formula, change: Callable[[Formula], Formula]) -> Formula:
    """The formula with each of its parts changed; what has no parts stays as it is."""
    match formula:
        case Infix(_, operands):
            return replace(formula, operands=tuple(change(operand) for operand in operands))
        case Call(_, arguments):
            return replace(formula, arguments=tuple(change(argument) for argument in arguments))
        case Negative() | Bars() | Transpose():
            return replace(formula, operand=change(formula.operand))
        case Fraction():
            return Fraction(change(formula.top), change(formula.bottom))
        case Power():
            return Power(change(formula.base), change(formula.exponent))
        case Sum():
            return replace(formula, body=change(formula.body))
        case Derivative():
            return Derivative(change(formula.of), change(formula.by))
        case Cases():
            return Cases(
                change(formula.value), change(formula.condition), change(formula.otherwise)
            )
        case _:
            return formula


def substitute(formula: Formula, replacements: Mapping[str, Formula]) -> Formula:
    """The formula with other formulas in place of symbols.

    Args:
        formula: any formula.
        replacements: by a symbol's full name as `names.full_name` writes it: "z", "y_k",
            "z^2_{1,3}". Names of functions and indices of sums stay.

    Returns:
        A new formula.

    Examples:
        >>> from clearprop.explanation.formula.tree import Number
        >>> substitute(Negative(Symbol("z")), {"z": Number(0.5)})
        Negative(operand=Number(value=0.5, digits=6))
    """
    if isinstance(formula, Symbol):
        return replacements.get(full_name(formula), formula)
    return rebuilt(formula, lambda part: substitute(part, replacements))
