"""How a number is shown, the same in every output, and how it is read back.

A number has a fixed count of significant digits, and zeros at its end are left out: 0.5, 0.333333,
1.5e-20. Plain text has a true minus sign, or a hyphen where only ASCII can be shown; LaTeX and
MathML write powers of ten as such. This file knows nothing of formulas.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = ["DIGITS", "Shown", "half_unit", "plain_number", "read_number", "shown"]

DIGITS = 6
"""Significant digits where nobody asks for another count."""

MINUS = "−"


@dataclass(frozen=True)
class Shown:
    """The parts of a number as it is shown.

    Attributes:
        negative: whether it has a minus sign; zero never has.
        mantissa: digits with a decimal point, or "nan", or "inf".
        exponent: of ten, or None where no power of ten is written.
    """

    negative: bool
    mantissa: str
    exponent: int | None = None

    @property
    def finite(self) -> bool:
        """Whether it is a number one can calculate with."""
        return self.mantissa not in ("nan", "inf")


def shown(value: float, digits: int = DIGITS) -> Shown:
    """The parts of a number as it is shown.

    Args:
        value: the number.
        digits: significant digits, from 1.

    Returns:
        Its parts; rounded half to even in decimal, zeros at the end left out.

    Examples:
        >>> shown(-1 / 3)
        Shown(negative=True, mantissa='0.333333', exponent=None)
        >>> shown(1.5e-20)
        Shown(negative=False, mantissa='1.5', exponent=-20)
        >>> shown(-0.0)
        Shown(negative=False, mantissa='0', exponent=None)
    """
    value = float(value)
    if math.isnan(value):
        return Shown(False, "nan")
    if math.isinf(value):
        return Shown(value < 0, "inf")
    mantissa, _, exponent = f"{abs(value):.{digits}g}".partition("e")
    return Shown(value < 0, mantissa, int(exponent) if exponent else None)


def plain_number(value: float, digits: int = DIGITS, *, ascii_only: bool = False) -> str:
    """A number in plain text.

    Args:
        value: the number.
        digits: significant digits.
        ascii_only: hyphens and "inf" in place of minus signs and "∞".

    Returns:
        The text, without spaces.

    Examples:
        >>> plain_number(-0.25), plain_number(-0.25, ascii_only=True)
        ('−0.25', '-0.25')
        >>> plain_number(1.5e-20), plain_number(1.0), plain_number(float("inf"))
        ('1.5e−20', '1', '∞')
    """
    parts = shown(value, digits)
    minus = "-" if ascii_only else MINUS
    if not parts.finite:
        name = "NaN" if parts.mantissa == "nan" else ("inf" if ascii_only else "∞")
        return f"{minus if parts.negative else ''}{name}"
    power = "" if parts.exponent is None else f"e{parts.exponent}".replace("-", minus)
    return f"{minus if parts.negative else ''}{parts.mantissa}{power}"


_NUMBER = re.compile(
    r"(?P<sign>[-−+]?)\s*(?:(?P<nan>nan|\\mathrm\{nan\})|(?P<inf>∞|inf|\\infty)"
    r"|(?P<mantissa>\d+(?:\.\d+)?)"
    r"(?:(?:e|\s*(?:×|\\times)\s*10\s*\^\s*\{?\s*)(?P<exponent>[-−+]?\d+)\s*\}?)?)",
    re.IGNORECASE,
)


def read_number(text: str) -> float:
    r"""The number that a text shows: of plain text, LaTeX, or MathML's text with a "^".

    Args:
        text: one number as one of the outputs wrote it.

    Returns:
        Its value, exact to the digits shown.

    Raises:
        ValueError: it is no number.

    Examples:
        >>> read_number("−0.25"), read_number(r"1.5 \times 10^{-20}"), read_number("∞")
        (-0.25, 1.5e-20, inf)
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no number as the outputs write them")
    if match["nan"]:
        return math.nan
    exponent = (match["exponent"] or "0").replace(MINUS, "-")
    size = math.inf if match["inf"] else float(f"{match['mantissa']}e{exponent}")
    return -size if match["sign"] in ("-", MINUS) else size


def half_unit(value: float, digits: int = DIGITS) -> float:
    """Half a unit of the last digit shown: how far a number read back may be from the value.

    Args:
        value: the number.
        digits: significant digits it is shown with.

    Returns:
        The greatest error of rounding; 0 for 0, NaN and infinity.

    Examples:
        >>> half_unit(0.123456789), half_unit(250.0, digits=3)
        (5e-07, 0.5)
    """
    if value == 0 or not math.isfinite(value):
        return 0.0
    # Rounding can lift a number into the next power of ten; its last digit is then ten times as
    # much, but its error is still that of the digit before.
    return float(f"5e{math.floor(math.log10(abs(value))) - digits}")
