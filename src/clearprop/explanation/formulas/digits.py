"""As many digits as keep a line of numbers true: log(1 - 0.99999973), where six make log(1 - 1).

A difference of almost equal numbers, and the logarithm of a number near 1, need more digits than
others. This file knows nothing of steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clearprop.errors import ParameterError
from clearprop.explanation.formula.evaluate import evaluate
from clearprop.explanation.formula.numbers import plain_number, read_number
from clearprop.explanation.formula.substitute import rebuilt
from clearprop.explanation.formula.tree import Call, Formula, Infix, Number

__all__ = ["gives", "with_enough_digits"]

CLOSE = 2e-6
"""Relative error: less than that of rounding to six digits."""
MOST_DIGITS = 17
"""A number of float64 has no more."""


def with_enough_digits(formula: Formula) -> Formula:
    """The same formula; the numbers of a difference or a logarithm with the digits that it needs.

    Args:
        formula: with numbers, which hold more digits than they show.

    Examples:
        >>> from clearprop.explanation.formula.plain import to_plain
        >>> to_plain(with_enough_digits(Infix("-", (Number(1.0), Number(0.99999973124)))))
        '1 − 0.99999973124'
        >>> to_plain(with_enough_digits(Infix("-", (Number(1.0), Number(2.0 / 3.0)))))
        '1 − 0.666667'
    """
    formula = rebuilt(formula, with_enough_digits)
    if not _is_delicate(formula) or not np.isfinite(value := _value(formula)):
        return formula
    for digits in range(1, MOST_DIGITS + 1):
        longer = _with_digits(formula, digits)
        if abs(_value(_as_shown(longer)) - value) <= CLOSE * abs(value):
            return longer
    return longer


def _is_delicate(formula: Formula) -> bool:
    """Whether rounding can be most of its value: a - b, a - b + c, log(a)."""
    match formula:
        case Infix("-", _) | Call("log", _) | Infix("+", (Infix("-", _), *_)):
            return True
        case _:
            return False


def gives(formula: Formula, value: float, close: float) -> bool:
    """Whether numbers, with all the digits that they hold, come out as a value.

    Args:
        formula: with numbers.
        value: what it should be.
        close: the greatest relative error.

    Examples:
        >>> gives(Infix("-", (Number(1.0), Number(0.25))), 0.75, 1e-12)
        True
    """
    return bool(abs(_value(formula) - value) <= close * abs(value))


def _value(formula: Formula) -> float:
    """NaN where a formula has none: it is about symbols, or the middle of it is left out."""
    try:
        with np.errstate(all="ignore"):
            return float(evaluate(formula, {}))
    except ParameterError:
        return float("nan")


def _with_digits(formula: Formula, digits: int) -> Formula:
    """With so many digits at least."""
    if isinstance(formula, Number):
        return replace(formula, digits=max(formula.digits, digits))
    return rebuilt(formula, lambda part: _with_digits(part, digits))


def _as_shown(formula: Formula) -> Formula:
    """With the digits that it shows, and no others."""
    if isinstance(formula, Number):
        return Number(read_number(plain_number(formula.value, formula.digits)))
    return rebuilt(formula, _as_shown)
