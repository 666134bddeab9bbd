"""A formula as one line of plain text, for terminals and screen readers.

    δ¹ = ŷ − y        ∂H/∂W³ = (h²)ᵀ δ¹        σ′(z²_{1,3})

or in ASCII, for terminals that have nothing else: delta^1 = yhat - y.
"""

from __future__ import annotations

import unicodedata

from clearprop.explanation.formula.names import (
    GREEK,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    full_name,
    hatted,
    without_primes,
)
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.formula.precedence import needs_brackets, needs_sign
from clearprop.explanation.formula.substitute import parts
from clearprop.explanation.formula.tree import (
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

__all__ = ["to_plain"]

_UNICODE = {"-": "−", "<=": "≤", ">=": "≥", "o": "∘"}
_DOT = {False: " · ", True: " * "}
_COMBINING_HAT = "\u0302"


def to_plain(formula: Formula, *, ascii_only: bool = False) -> str:
    """A formula as one line of text.

    Args:
        formula: it.
        ascii_only: whether letters and signs beyond ASCII must be spelled out.

    Returns:
        The line; brackets where they are needed and nowhere else.

    Examples:
        >>> delta, y, yhat = Symbol("delta", sup="1"), Symbol("y"), Symbol("yhat")
        >>> line = Infix("=", (delta, Infix("-", (yhat, y))))
        >>> print(to_plain(line), "or", to_plain(line, ascii_only=True))
        δ¹ = ŷ − y or delta^1 = yhat - y
        >>> h, W = Symbol("h", sup="2"), Symbol("W", sup="3")
        >>> gradient = Infix("@", (Transpose(h), delta))
        >>> print(to_plain(Infix("=", (Derivative(Symbol("H"), W), gradient))))
        ∂H/∂W³ = (h²)ᵀ δ¹
    """
    written = [
        f"({text})" if needs_brackets(formula, position, part, stacked=False) else text
        for position, part in enumerate(parts(formula))
        for text in [to_plain(part, ascii_only=ascii_only)]
    ]
    match formula:
        case Symbol():
            return full_name(formula) if ascii_only else _symbol(formula)
        case Number():
            return plain_number(formula.value, formula.digits, ascii_only=ascii_only)
        case Words():
            return formula.text
        case Infix():
            return _infix(formula, written, ascii_only)
        case Negative():
            return f"{'-' if ascii_only else '−'}{written[0]}"
        case Fraction():
            is_short = all(isinstance(part, Symbol | Number) for part in parts(formula))
            return ("/" if is_short else " / ").join(written)
        case Power():
            return written[0] + _exponent(formula, written[1], ascii_only)
        case Call():
            return f"{_function(formula.function, ascii_only)}({', '.join(written)})"
        case Bars():
            return f"|{written[0]}|"
        case Transpose():
            return f"{written[0]}{'^T' if ascii_only else 'ᵀ'}"
        case Sum():
            return f"{_sum(formula, ascii_only)} {written[0]}"
        case Derivative():
            d = "d" if ascii_only else "∂"
            return f"{d}{written[0]}/{d}{written[1]}"
        case Cases():
            return f"{written[0]} if {written[1]} else {written[2]}"


def _letters(name: str) -> str:
    under_hat = hatted(name)
    if under_hat:
        return unicodedata.normalize("NFC", under_hat + _COMBINING_HAT)
    return GREEK.get(name, name)


def _symbol(symbol: Symbol) -> str:
    above = _above(symbol.sup) if symbol.sup else ""
    below = _below(symbol.sub) if symbol.sub else ""
    return f"{_letters(symbol.name)}{above}{below}"


def _above(text: str) -> str:
    if all(character in SUPERSCRIPTS for character in text):
        return "".join(SUPERSCRIPTS[character] for character in text)
    return f"^{text}" if text.isalnum() else f"^{{{text}}}"


def _below(text: str) -> str:
    # Small letters and digits in one are hard to read: out_o8.
    is_plain = text.isdigit() or len(text) == 1 or not text.isalnum()
    if is_plain and all(character in SUBSCRIPTS for character in text):
        return "".join(SUBSCRIPTS[character] for character in text)
    return f"_{text}" if text.isalnum() else f"_{{{text}}}"


def _infix(formula: Infix, written: list[str], ascii_only: bool) -> str:
    operator = formula.operator
    if operator == ",":
        return ", ".join(written)
    if operator not in ("*", "@"):
        return f" {operator if ascii_only else _UNICODE.get(operator, operator)} ".join(written)
    line = written[0]
    for position, text in enumerate(written[1:], start=1):
        line += _DOT[ascii_only] if needs_sign(formula, position, stacked=False) else " "
        line += text
    return line


def _exponent(formula: Power, written: str, ascii_only: bool) -> str:
    bare = to_plain(formula.exponent)
    if not ascii_only and all(character in SUPERSCRIPTS for character in bare):
        return _above(bare)
    return f"^{written}"


def _function(function: str, ascii_only: bool) -> str:
    if ascii_only:
        return function
    name, n_primes = without_primes(function)
    return ("√" if name == "sqrt" else _letters(name)) + "′" * n_primes


def _sum(formula: Sum, ascii_only: bool) -> str:
    first = f"{formula.index}={formula.first}" if formula.first else formula.index
    below, above = _below(first), _above(formula.last)
    is_typed = below.startswith("_") or above.startswith("^")
    if ascii_only or is_typed:
        below = f"_{first}" if first.isalnum() else f"_{{{first}}}"
        above = f"^{formula.last}" if formula.last.isalnum() else f"^{{{formula.last}}}"
    name = "sum" if ascii_only else "Σ"
    return f"{name}{below if first else ''}{above if formula.last else ''}"
