"""From what somebody wrote as an answer to a number, a shape or a choice: leniently.

A number may have a comma or a point, any minus sign, a power of ten, or be a quotient. How many
digits it has is kept, because an answer is judged by them. This file knows no question.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from clearprop.errors import ParameterError
from clearprop.explanation.exercise.question import LETTERS

__all__ = ["Reading", "read_choice", "read_number", "read_shape"]

SIGNS = "+-−–‐‑﹣－"
MINUSES = SIGNS[1:]
LONGEST = 60

_SIGN = rf"[{re.escape(SIGNS)}]?"
_TERM = (
    rf"(?P<sign{{n}}>{_SIGN})\s*(?P<mantissa{{n}}>[0-9]+[.,]?[0-9]*|[.,][0-9]+)"
    r"(?:\s*[eE]\s*(?P<e{n}>" + _SIGN + r"[0-9]{{1,3}})"
    r"|\s*[*·×x]\s*10\s*(?:\^|\*\*)\s*[({{]?\s*(?P<power{n}>" + _SIGN + r"[0-9]{{1,3}})\s*[)}}]?"
    r"|\s*[*·×x]\s*10(?P<raised{n}>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,3}}))?"
)
_NUMBER = re.compile(rf"[=≈~]?\s*{_TERM.format(n=1)}(?:\s*/\s*{_TERM.format(n=2)})?", re.ASCII)
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_SHAPE = re.compile(r"[(\[]?\s*([0-9]{1,6})\s*(?:(?:[,;x×*]|by|\s)\s*([0-9]{1,6})?)?\s*[)\]]?")


class Reading(NamedTuple):
    """A number as it was written.

    Attributes:
        value: it.
        half_unit: half a unit of its last digit; 0 for a quotient, which is exact.
        digits: its significant digits; 0 for zero, and for a quotient as many as there are.
    """

    value: float
    half_unit: float
    digits: int


QUOTIENT_DIGITS = 16


def read_number(text: str) -> Reading:
    """The number that somebody wrote.

    Args:
        text: such as "0.25", "0,25", "-1.5e-3", "−0.2", "1/3", "1.5 * 10^-3".

    Returns:
        Its value and its digits.

    Raises:
        ParameterError: it is no number, or no finite one.

    Examples:
        >>> read_number("0,250")
        Reading(value=0.25, half_unit=0.0005, digits=3)
        >>> read_number("−1.5e-3").value, read_number("1/4").value, read_number("2·10⁻²").value
        (-0.0015, 0.25, 0.02)
    """
    match = _NUMBER.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        raise ParameterError(
            f"{_shortened(text)} is no number",
            remedy="Write a number such as 0.25, 0,25, -1.5e-3 or 1/3.",
        )
    top, half_unit, digits = _term(match, 1)
    if match["mantissa2"] is None:
        return Reading(_finite(top, text), half_unit, digits)
    bottom, _, _ = _term(match, 2)
    if bottom == 0.0:
        raise ParameterError(
            f"{_shortened(text)} divides by 0", remedy="Write a number such as 0.25 or 1/3."
        )
    return Reading(_finite(top / bottom, text), 0.0, QUOTIENT_DIGITS)


def _term(match: re.Match[str], n: int) -> tuple[float, float, int]:
    """Value, half a unit of the last digit, significant digits."""
    mantissa = match[f"mantissa{n}"].replace(",", ".")
    raised = match[f"raised{n}"]
    written = match[f"e{n}"] or match[f"power{n}"] or (raised or "0").translate(_RAISED)
    exponent = int("-" + written[1:] if written[0] in MINUSES else written)
    decimals = len(mantissa.partition(".")[2])
    value = float(f"{mantissa}e{exponent}")
    if match[f"sign{n}"] and match[f"sign{n}"] in MINUSES:
        value = -value
    significant = mantissa.replace(".", "").lstrip("0")
    return value, float(f"5e{exponent - decimals - 1}"), len(significant)


def _finite(value: float, text: str) -> float:
    if not math.isfinite(value):
        raise ParameterError(
            f"{_shortened(text)} is too large a number", remedy="Look at its power of ten."
        )
    return value + 0.0  # no negative zero


def read_shape(text: str) -> tuple[int, ...]:
    """The shape that somebody wrote.

    Raises:
        ParameterError: it is none.

    Examples:
        >>> read_shape("2 x 3"), read_shape("(2, 3)"), read_shape("3"), read_shape("(3,)")
        ((2, 3), (2, 3), (3,), (3,))
    """
    match = _SHAPE.fullmatch(text.strip().lower()) if len(text) <= LONGEST else None
    if match is None:
        raise ParameterError(
            f"{_shortened(text)} is no shape", remedy="Write rows and columns, such as 2 x 3."
        )
    return tuple(int(size) for size in match.groups() if size is not None)


def read_choice(text: str, n_options: int) -> int:
    """The option that somebody chose, counted from 0.

    Raises:
        ParameterError: there is none such.

    Examples:
        >>> read_choice("b", 4), read_choice("B)", 4), read_choice("2", 4)
        (1, 1, 1)
    """
    word = text.strip().strip("().").lower()
    letters = LETTERS[:n_options]
    if len(word) == 1 and word in letters:
        return letters.index(word)
    if re.fullmatch("[1-9]", word, re.ASCII) and int(word) <= n_options:
        return int(word) - 1
    raise ParameterError(
        f"{_shortened(text)} is none of the answers",
        remedy=f"Choose a letter from {letters[0]} to {letters[-1]}.",
    )


def _shortened(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= LONGEST else f"{text[:40]}…")
