"""Where a formula needs brackets: one answer for every way of writing it.

Two ways of writing differ. "Stacked" mathematics puts a fraction's top over its bottom and needs
no brackets there; a line of plain text does: a / (b c). In a line, a fraction within a product has
brackets too, since 1/N z is read in two ways. This file knows nothing of notation.
"""

from __future__ import annotations

from clearprop.explain.formula.numbers import shown
from clearprop.explain.formula.substitute import walk
from clearprop.explain.formula.tree import (
    Bars,
    Call,
    Cases,
    Derivative,
    Formula,
    Fraction,
    Infix,
    Negative,
    Number,
    Power,
    Sum,
    Symbol,
    Transpose,
    Words,
)

__all__ = ["needs_brackets", "needs_sign"]

COMMA, RELATION, CASES, ADDITION, HADAMARD, PRODUCT, DERIVATIVE, POWER, ATOM = range(9)

_OPERATORS = {
    ",": COMMA,
    **dict.fromkeys(("=", "<", ">", "<=", ">="), RELATION),
    "+": ADDITION,
    "-": ADDITION,
    "o": HADAMARD,
    "*": PRODUCT,
    "@": PRODUCT,
}


def _level(formula: Formula, stacked: bool) -> int:
    """How tightly a formula holds together; higher is tighter."""
    match formula:
        case Infix():
            return _OPERATORS[formula.operator]
        case Cases():
            return CASES
        case Negative():
            return ADDITION
        case Number():
            return ADDITION if shown(formula.value, formula.digits).negative else ATOM
        case Sum():
            return PRODUCT
        case Fraction():
            return ATOM if stacked else PRODUCT
        case Derivative():
            return ATOM if stacked else DERIVATIVE
        case Power() | Transpose():
            return POWER
        case _:
            return ATOM


def _starts_with_minus(formula: Formula) -> bool:
    """Whether the first thing written is a minus sign."""
    match formula:
        case Negative():
            return True
        case Number():
            return _level(formula, True) == ADDITION
        case Infix(operator, operands) if _OPERATORS[operator] in (RELATION, ADDITION):
            return _starts_with_minus(operands[0])
        case Cases(value):
            return _starts_with_minus(value)
        case _:
            return False


def _ends_open(formula: Formula, stacked: bool) -> bool:
    """Whether a factor written to its right would slip into a sum."""
    match formula:
        case Sum():
            return True
        case Infix(_, operands) if _level(formula, stacked) in (HADAMARD, PRODUCT):
            last = len(operands) - 1
            return _ends_open(operands[last], stacked) and not needs_brackets(
                formula, last, operands[last], stacked=stacked
            )
        case Fraction():
            return not stacked and _ends_open(formula.bottom, stacked)
        case _:
            return False


def needs_brackets(parent: Formula, position: int, child: Formula, *, stacked: bool) -> bool:
    """Whether a part of a formula must stand in brackets there.

    Args:
        parent: what it is a part of.
        position: its place among the parts, from 0, in the order of the parent's fields.
        child: the part.
        stacked: whether fractions are written one over the other.

    Returns:
        Whether it would be read otherwise without brackets. Negative numbers have brackets in
        every product, as in 0.5 · (−0.25).

    Examples:
        >>> a_plus_b = Infix("+", (Symbol("a"), Symbol("b")))
        >>> half = Fraction(a_plus_b, Number(2.0))
        >>> needs_brackets(half, 0, a_plus_b, stacked=True)
        False
        >>> needs_brackets(half, 0, a_plus_b, stacked=False)
        True
    """
    level = _level(child, stacked)
    match parent:
        case Infix():
            return _in_infix(parent, position, child, level, stacked)
        case Negative():
            return level <= ADDITION
        case Fraction():
            return not stacked and _in_line_fraction(position, child, level)
        case Power() if position == 1:
            return not stacked and level < ATOM
        case Power() | Transpose():
            return _under_exponent(child, level)
        case Sum():
            return level < PRODUCT
        case Derivative():
            return level < ATOM or isinstance(child, Fraction | Derivative)
        case Cases():
            lowest = (ADDITION, RELATION, CASES)[position]
            is_nested = position == 1 and isinstance(child, Cases)
            return not stacked and (level < lowest or is_nested)
        case Call():
            return level == COMMA
        case _:
            return False


def _in_infix(parent: Infix, position: int, child: Formula, level: int, stacked: bool) -> bool:
    own, is_last = _OPERATORS[parent.operator], position == len(parent.operands) - 1
    if own == COMMA:
        return level == COMMA
    if own == RELATION:
        if isinstance(child, Infix) and child.operator == parent.operator == "=":
            return False
        return level <= RELATION or (level == CASES and not is_last and not stacked)
    if own == ADDITION:
        if position == 0:
            return level < ADDITION
        is_subtracted = parent.operator == "-" and level == ADDITION
        return level < ADDITION or is_subtracted or _starts_with_minus(child)
    if level < own or (not stacked and isinstance(child, Fraction)):
        return True
    return not is_last and _ends_open(child, stacked)


def _in_line_fraction(position: int, child: Formula, level: int) -> bool:
    if position == 0:
        is_slashed = isinstance(child, Fraction | Derivative)
        return level < PRODUCT or is_slashed or _ends_open(child, False)
    return level < POWER and not isinstance(child, Sum)


def _under_exponent(child: Formula, level: int) -> bool:
    match child:
        case Symbol():
            return bool(child.sup)
        case Number():
            is_power_of_ten = shown(child.value, child.digits).exponent is not None
            return level < ATOM or is_power_of_ten
        case Bars() | Call():
            return False
        case _:
            return True


def needs_sign(product: Infix, position: int, *, stacked: bool) -> bool:
    """Whether a product needs a sign before one of its factors, or they stand side by side.

    Args:
        product: factors, with the operator "*" or "@".
        position: of the factor after the sign, from 1.
        stacked: whether fractions are written one over the other.

    Returns:
        True before a number and before brackets with numbers alone, which would else be read as
        more digits or as a function's argument; in a line also beside derivatives.

    Examples:
        >>> needs_sign(Infix("*", (Number(0.01), Symbol("z"))), 1, stacked=False)
        False
        >>> needs_sign(Infix("*", (Number(0.01), Number(0.5))), 1, stacked=False)
        True
    """
    left, right = product.operands[position - 1 : position + 1]
    if not stacked and (isinstance(left, Derivative) or isinstance(right, Derivative)):
        return True
    if not any(isinstance(node, Symbol | Words) for node in walk(right)):
        return True
    in_brackets = needs_brackets(product, position, right, stacked=stacked)
    return not in_brackets and _starts_with_number(right, stacked)


def _starts_with_number(formula: Formula, stacked: bool) -> bool:
    """Whether the first thing written, on the line, is a number."""
    match formula:
        case Number():
            return True
        case Infix(_, (first, *_)) | Power(first) if not needs_brackets(
            formula, 0, first, stacked=stacked
        ):
            return _starts_with_number(first, stacked)
        case _:
            return False
