r"""A formula in LaTeX's math mode; needs amsmath, and bm for bold Greek letters.

    \delta^{1} = \hat{y} - y        \frac{\partial H}{\partial W^{3}} = (\mathbf{h}^{2})^{T} \delta^{1}

This file knows nothing of documents.
"""  # noqa: E501 - one formula, one line

from __future__ import annotations

import re

from clearprop.explain.formula.names import GREEK, hatted, without_primes
from clearprop.explain.formula.numbers import shown
from clearprop.explain.formula.precedence import needs_brackets, needs_sign
from clearprop.explain.formula.substitute import parts, walk
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

__all__ = ["escape", "latex_number", "latex_parts", "to_latex"]

_OPERATORS = {"<=": r"\le", ">=": r"\ge", "o": r"\circ"}
_FUNCTIONS = ("exp", "log", "ln", "max", "min", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "{}$&#_%"},
}  # fmt: skip
_IN_MATH = {
    "−": "-", "·": r"\cdot", "∘": r"\circ", "≤": r"\le", "≥": r"\ge", "×": r"\times",
    "√": r"\sqrt{\,}", "Σ": r"\sum", "∂": r"\partial", "ŷ": r"\hat{y}", "′": "'", "ᵀ": "^{T}",
    "∞": r"\infty", "→": r"\to", "≈": r"\approx", "≠": r"\ne", "|": "|", "<": "<", ">": ">",
    **{letter: f"\\{name}" for name, letter in GREEK.items()},
    **{raised: f"^{{{plain}}}" for plain, raised in zip("0123456789nit+-", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿⁱᵗ⁺⁻", strict=True)},  # noqa: E501 - one character above the other
    **{lowered: f"_{{{plain}}}" for plain, lowered in zip("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)},  # noqa: E501 - the same
}  # fmt: skip
_NOT_IN_T1 = "ĦħĸĿŀŉŦŧſ"  # of Latin-1 and Latin Extended-A


def escape(text: str) -> str:
    r"""Text for LaTeX's text mode: special characters escaped, mathematical ones in math mode.

    Args:
        text: any text.

    Returns:
        LaTeX that pdflatex sets with the characters that it was given; those that its fonts lack
        are spelled U+XXXX.

    Examples:
        >>> print(escape("50 % of δ_1"))
        50 \% of $\delta$\_1
    """
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _IN_MATH:
        # An index without a base hangs on an empty one.
        base = "{}" if _IN_MATH[character][0] in "^_'" else ""
        return f"${base}{_IN_MATH[character]}$"
    is_latin = "\u00a0" <= character <= "\u017f" and character not in _NOT_IN_T1
    if character.isascii() or is_latin or character in "–—“”‘’…":
        return character
    return f"U+{ord(character):04X}"


def latex_number(value: float, digits: int = 6) -> str:
    r"""A number in math mode.

    Examples:
        >>> print(latex_number(-0.25), latex_number(1.5e-20), latex_number(float("inf")))
        -0.25 1.5 \times 10^{-20} \infty
    """
    number = shown(value, digits)
    sign = "-" if number.negative else ""
    if not number.finite:
        return sign + (r"\mathrm{NaN}" if number.mantissa == "nan" else r"\infty")
    power = "" if number.exponent is None else rf" \times 10^{{{number.exponent}}}"
    return f"{sign}{number.mantissa}{power}"


def to_latex(formula: Formula) -> str:
    r"""A formula in math mode, without dollar signs.

    Args:
        formula: it.

    Returns:
        LaTeX; vectors bold, as in article A.

    Examples:
        >>> h, W = Symbol("h", sup="2", shape="vector"), Symbol("W", sup="3", shape="matrix")
        >>> delta = Symbol("delta", sup="1")
        >>> print(to_latex(Infix("=", (delta, Infix("-", (Symbol("yhat"), Symbol("y")))))))
        \delta^{1} = \hat{y} - y
        >>> print(to_latex(Infix("@", (Transpose(h), delta))))
        (\mathbf{h}^{2})^{T} \, \delta^{1}
        >>> print(to_latex(Derivative(Symbol("H"), W)))
        \frac{\partial H}{\partial W^{3}}
    """
    written = [
        _bracketed(part)
        if needs_brackets(formula, position, part, stacked=True)
        else to_latex(part)
        for position, part in enumerate(parts(formula))
    ]
    match formula:
        case Symbol():
            return _symbol(formula)
        case Number():
            return latex_number(formula.value, formula.digits)
        case Words():
            return rf"\text{{{escape(formula.text)}}}"
        case Infix():
            return _infix(formula, written)
        case Negative():
            return f"-{written[0]}"
        case Fraction():
            return rf"\frac{{{written[0]}}}{{{written[1]}}}"
        case Power():
            return f"{written[0]}^{{{written[1]}}}"
        case Call():
            return _call(formula, written)
        case Bars():
            return rf"\left|{written[0]}\right|" if _is_tall(formula) else f"|{written[0]}|"
        case Transpose():
            return f"{written[0]}^{{T}}"
        case Sum():
            return f"{_sum(formula)} {written[0]}"
        case Derivative():
            return rf"\frac{{\partial {written[0]}}}{{\partial {written[1]}}}"
        case Cases():
            value, condition, otherwise = written
            return (
                rf"\begin{{cases}} {value} & \text{{if }} {condition} \\ "
                rf"{otherwise} & \text{{else}} \end{{cases}}"
            )


def latex_parts(formula: Formula) -> list[str]:
    """What a formula is made of, each part in LaTeX, in brackets where it needs them there."""
    return [
        _bracketed(part)
        if needs_brackets(formula, position, part, stacked=True)
        else to_latex(part)
        for position, part in enumerate(parts(formula))
    ]


def _is_tall(formula: Formula) -> bool:
    return any(isinstance(node, Fraction | Derivative | Sum | Cases) for node in walk(formula))


def _bracketed(formula: Formula) -> str:
    text = to_latex(formula)
    return rf"\left({text}\right)" if _is_tall(formula) else f"({text})"


def _letters(name: str, shape: str = "scalar") -> str:
    under_hat = hatted(name)
    if under_hat:
        inner = rf"\mathbf{{{under_hat}}}" if shape == "vector" else under_hat
        return rf"\hat{{{inner}}}"
    if name in GREEK:
        return rf"\bm{{\{name}}}" if shape == "vector" else f"\\{name}"
    if len(name) == 1:
        return rf"\mathbf{{{name}}}" if shape == "vector" else name
    if len(name) == 2 and name[0] == "d":
        return rf"\mathrm{{d}}{_letters(name[1], shape)}"
    return rf"\mathrm{{{escape(name)}}}"


def _symbol(symbol: Symbol) -> str:
    above = f"^{{{_index(symbol.sup)}}}" if symbol.sup else ""
    below = f"_{{{_index(symbol.sub)}}}" if symbol.sub else ""
    return f"{_letters(symbol.name, symbol.shape)}{above}{below}"


def _index(text: str) -> str:
    """An index: letters are in italics, words upright; two letters are two indices."""
    return re.sub(
        r"[^\W\d_]{3,}|_", lambda word: rf"\mathrm{{{escape(word[0])}}}", text.replace("−", "-")
    )


def _infix(formula: Infix, written: list[str]) -> str:
    operator = formula.operator
    if operator == ",":
        return r", \quad ".join(written)
    if operator not in ("*", "@"):
        return f" {_OPERATORS.get(operator, operator)} ".join(written)
    line = written[0]
    for position, text in enumerate(written[1:], start=1):
        line += (r" \cdot " if needs_sign(formula, position, stacked=True) else r" \, ") + text
    return line


def _call(formula: Call, written: list[str]) -> str:
    arguments = ", ".join(written)
    name, n_primes = without_primes(formula.function)
    if name == "sqrt" and not n_primes:
        return rf"\sqrt{{{arguments}}}"
    if name in GREEK or len(name) == 1:
        function = _letters(name)
    elif name in _FUNCTIONS:
        function = f"\\{name}"
    else:
        function = rf"\operatorname{{\text{{{escape(name)}}}}}"
    function += "'" * n_primes
    if any(_is_tall(argument) for argument in formula.arguments):
        return rf"{function}\left({arguments}\right)"
    return f"{function}({arguments})"


def _sum(formula: Sum) -> str:
    first = f"{formula.index} = {formula.first}" if formula.first else formula.index
    below = f"_{{{_index(first)}}}" if first else ""
    above = f"^{{{_index(formula.last)}}}" if formula.last else ""
    return rf"\sum{below}{above}"
