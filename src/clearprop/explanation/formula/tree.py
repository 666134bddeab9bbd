"""The nodes of a formula. A tree is data: who writes it decides how it looks.

    delta^1 = yhat - y      Infix("=", [Symbol("delta", sup="1"), Infix("-", [yhat, y])])

This file knows nothing of how formulas are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "Bars",
    "Call",
    "Cases",
    "Derivative",
    "Formula",
    "Fraction",
    "Infix",
    "Negative",
    "Number",
    "Power",
    "Sum",
    "Symbol",
    "Transpose",
    "Words",
    "infix",
    "product",
]


@dataclass(frozen=True)
class Symbol:
    """A name with its decorations.

    Attributes:
        name: Latin letters, or a Greek letter by its English name: "W", "net", "delta", "yhat" (y
            with a hat).
        sub: below, such as "1,2" or "o8"; "" for none.
        sup: above, such as "3" of W^3; an index, never a power; "" for none.
        shape: "scalar", "vector" or "matrix": vectors are set bold, as article A does.
    """

    name: str
    sub: str = ""
    sup: str = ""
    shape: str = "scalar"


@dataclass(frozen=True)
class Number:
    """A number that was computed or given.

    Attributes:
        value: it.
        digits: significant digits shown.
    """

    value: float
    digits: int = 6


@dataclass(frozen=True)
class Words:
    """Text within a formula: "for each sample"."""

    text: str


@dataclass(frozen=True)
class Infix:
    """Operands with an operator between them: = + - * @ o < > <= >= and the comma.

    "*" is a product of numbers, written with a dot between numbers and without a sign between
    symbols; "@" the product of matrices, written side by side; "o" the product entry by entry.
    """

    operator: str
    operands: tuple[Formula, ...]


@dataclass(frozen=True)
class Negative:
    """Minus something."""

    operand: Formula


@dataclass(frozen=True)
class Fraction:
    """Top over bottom."""

    top: Formula
    bottom: Formula


@dataclass(frozen=True)
class Power:
    """Base to an exponent."""

    base: Formula
    exponent: Formula


@dataclass(frozen=True)
class Call:
    """A function of its arguments: sigma(z), exp(-z). The function may be primed: sigma'."""

    function: str
    arguments: tuple[Formula, ...]


@dataclass(frozen=True)
class Bars:
    """The absolute value."""

    operand: Formula


@dataclass(frozen=True)
class Transpose:
    """The transposed matrix."""

    operand: Formula


@dataclass(frozen=True)
class Sum:
    """A sum of a body over an index: sum_{s=1}^{3} body; without bounds, over all."""

    index: str
    body: Formula
    first: str = ""
    last: str = ""


@dataclass(frozen=True)
class Derivative:
    """The partial derivative of one thing by another."""

    of: Formula
    by: Formula


@dataclass(frozen=True)
class Cases:
    """One value where a condition holds, another elsewhere."""

    value: Formula
    condition: Formula
    otherwise: Formula


Formula = (
    Symbol
    | Number
    | Words
    | Infix
    | Negative
    | Fraction
    | Power
    | Call
    | Bars
    | Transpose
    | Sum
    | Derivative
    | Cases
)
"""Any node."""


def infix(operator: str, operands: Sequence[Formula]) -> Formula:
    """Operands with an operator between them; a single one is itself.

    Examples:
        >>> infix("+", [Symbol("b")])
        Symbol(name='b', sub='', sup='', shape='scalar')
    """
    return operands[0] if len(operands) == 1 else Infix(operator, tuple(operands))


def product(*factors: Formula) -> Formula:
    """The product of numbers."""
    return infix("*", factors)
