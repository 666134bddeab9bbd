"""When an answer is right, and when it is a known wrong number: tolerances, in one place.

An answer is right if it is within 0.2 % of the right value, or is its right rounding to the digits
written, three or more. It is right but for rounding within 2 %, or as the right rounding to one or
two digits, within 10 %. Known wrong numbers are recognised by the same measure. The page's script
has the same numbers from here. This file knows nothing of questions.
"""

from __future__ import annotations

from clearprop.explanation.exercise.reading import Reading

__all__ = [
    "CLOSE",
    "COARSE",
    "DIGITS",
    "EXACT",
    "ROUGH",
    "is_rounded",
    "is_same",
    "makes_no_difference",
]

CLOSE = 0.002
"""Relative; how far an answer may be off."""

ROUGH = 0.02
"""Relative; how far an answer may be off that is right but for rounding."""

COARSE = 0.1
"""Relative; how far a right rounding to fewer digits may be off."""

DIGITS = 3
"""Significant digits that are asked for."""

EXACT = 1e-9
"""Relative; what binary arithmetic leaves of an exact answer."""


def is_same(answer: Reading, value: float) -> bool:
    """Whether an answer is a value, within the tolerance.

    Examples:
        >>> from clearprop.explanation.exercise.reading import read_number
        >>> is_same(read_number("0.123"), 0.12345), is_same(read_number("0.124"), 0.12345)
        (True, False)
        >>> is_same(read_number("0.12"), 0.12345)
        False
    """
    error = abs(answer.value - value)
    if error <= CLOSE * abs(value):
        return True
    return answer.digits >= DIGITS and error <= answer.half_unit * (1.0 + EXACT)


def is_rounded(answer: Reading, value: float) -> bool:
    """Whether an answer is a value but for rounding.

    Examples:
        >>> from clearprop.explanation.exercise.reading import read_number
        >>> is_rounded(read_number("0.12"), 0.12345), is_rounded(read_number("0.124"), 0.12345)
        (True, True)
        >>> is_rounded(read_number("0.13"), 0.12345)
        False
    """
    error = abs(answer.value - value)
    if error <= ROUGH * abs(value):
        return True
    return error <= answer.half_unit * (1.0 + EXACT) and error <= COARSE * abs(value)


def makes_no_difference(value: float, right: float) -> bool:
    """Whether a wrong value would be taken for the right one."""
    return abs(value - right) <= CLOSE * max(abs(right), abs(value))
