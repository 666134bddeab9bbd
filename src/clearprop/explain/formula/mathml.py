"""A formula in MathML Core, which browsers set themselves, with a line of plain text beside it.

MathML Core has no attributes for bold letters and for the alignment of columns: vectors are
Unicode's bold letters here, columns have a style attribute, and a formula needs no style sheet. The
hat is U+02C6: Chromium draws the ASCII circumflex too wide, the combining one beside the letter.
This file knows nothing of pages.
"""

from __future__ import annotations

import re
from html import escape

from clearprop.explain.formula.names import GREEK, hatted, without_primes
from clearprop.explain.formula.numbers import MINUS, shown
from clearprop.explain.formula.plain import to_plain
from clearprop.explain.formula.precedence import needs_brackets, needs_sign
from clearprop.explain.formula.substitute import parts
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

__all__ = ["mathml_number", "to_mathml"]

_OPERATORS = {"-": MINUS, "<": "&lt;", ">": "&gt;", "<=": "≤", ">=": "≥", "o": "∘"}
_TIMES = '<mo lspace="0" rspace="0.17em">&#x2062;</mo>'  # invisible, with a thin space
_APPLY = "<mo>&#x2061;</mo>"
_HAT = '<mo stretchy="false">ˆ</mo>'
_BOLD = (("a", "z", 0x1D41A), ("A", "Z", 0x1D400), ("α", "ω", 0x1D736), ("Α", "Ω", 0x1D71C))
_LEFT = 'style="text-align:left"'


def to_mathml(formula: Formula, *, display: bool = False) -> str:
    """A formula as a `math` element.

    Args:
        formula: it.
        display: whether it stands on a line of its own.

    Returns:
        The element; its `alttext` is the formula in plain text.

    Examples:
        >>> print(to_mathml(Power(Symbol("h"), Number(2.0))))
        <math alttext="h²"><msup><mi>h</mi><mn>2</mn></msup></math>
    """
    block = ' display="block"' if display else ""
    return f'<math{block} alttext="{escape(to_plain(formula))}">{_element(formula)}</math>'


def mathml_number(value: float, digits: int = 6) -> str:
    """A number as an element.

    Examples:
        >>> mathml_number(0.25), mathml_number(-0.25)
        ('<mn>0.25</mn>', '<mrow><mo>−</mo><mn>0.25</mn></mrow>')
        >>> print(mathml_number(1.5e-20))
        <mrow><mn>1.5</mn><mo>×</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>20</mn></mrow></msup></mrow>
    """
    number = shown(value, digits)
    if not number.finite:
        size = "<mi>NaN</mi>" if number.mantissa == "nan" else "<mn>∞</mn>"
    elif number.exponent is None:
        size = f"<mn>{number.mantissa}</mn>"
    else:
        power = f"<mn>{abs(number.exponent)}</mn>"
        if number.exponent < 0:
            power = _row(f"<mo>{MINUS}</mo>", power)
        size = f"<mn>{number.mantissa}</mn><mo>×</mo><msup><mn>10</mn>{power}</msup>"
    sign = f"<mo>{MINUS}</mo>" if number.negative else ""
    return _row(sign, size) if sign or number.exponent is not None else size


def _row(*elements: str) -> str:
    return f"<mrow>{''.join(elements)}</mrow>"


def _bracketed(element: str) -> str:
    return _row("<mo>(</mo>", element, "<mo>)</mo>")


def _element(formula: Formula) -> str:
    written = [
        _bracketed(_element(part))
        if needs_brackets(formula, position, part, stacked=True)
        else _element(part)
        for position, part in enumerate(parts(formula))
    ]
    match formula:
        case Symbol():
            return _symbol(formula)
        case Number():
            return mathml_number(formula.value, formula.digits)
        case Words():
            return f"<mtext>{escape(formula.text)}</mtext>"
        case Infix():
            return _infix(formula, written)
        case Negative():
            return _row(f"<mo>{MINUS}</mo>", written[0])
        case Fraction():
            return f"<mfrac>{written[0]}{written[1]}</mfrac>"
        case Power():
            return f"<msup>{written[0]}{written[1]}</msup>"
        case Call():
            return _call(formula, written)
        case Bars():
            return _row("<mo>|</mo>", written[0], "<mo>|</mo>")
        case Transpose():
            return f'<msup>{written[0]}<mi mathvariant="normal">T</mi></msup>'
        case Sum():
            return _row(_sum(formula), written[0])
        case Derivative():
            d = '<mi mathvariant="normal">∂</mi>'
            return f"<mfrac>{_row(d, written[0])}{_row(d, written[1])}</mfrac>"
        case Cases():
            return _cases(*written)


def _letters(name: str, shape: str = "scalar") -> str:
    under_hat = hatted(name)
    if under_hat:
        return f'<mover accent="true">{_letters(under_hat, shape)}{_HAT}</mover>'
    if len(name) == 2 and name[0] == "d":
        return _row('<mi mathvariant="normal">d</mi>', _letters(name[1], shape))
    letters = GREEK.get(name, name)
    return f"<mi>{_bold(letters) if shape == 'vector' else escape(letters)}</mi>"


def _bold(letters: str) -> str:
    """Bold, as article A's vectors; what Unicode has no bold letter for stays as it is."""
    for first, last, first_bold in _BOLD:
        if len(letters) == 1 and first <= letters <= last:
            return chr(first_bold + ord(letters) - ord(first))
    return escape(letters)


def _symbol(symbol: Symbol) -> str:
    base = _letters(symbol.name, symbol.shape)
    if symbol.sub and symbol.sup:
        return f"<msubsup>{base}{_index(symbol.sub)}{_index(symbol.sup)}</msubsup>"
    if symbol.sub:
        return f"<msub>{base}{_index(symbol.sub)}</msub>"
    return f"<msup>{base}{_index(symbol.sup)}</msup>" if symbol.sup else base


def _index(text: str) -> str:
    """An index, number by number and word by word; two letters are two indices."""
    tokens = re.findall(r"\d+|[^\W\d_]{3,}|\S", text)
    elements = [
        f"<mn>{token}</mn>"
        if token.isdigit()
        else f"<mi>{escape(token)}</mi>"
        if token.isalpha()
        else f"<mo>{escape(_OPERATORS.get(token, token), quote=False)}</mo>"
        for token in tokens
    ]
    return elements[0] if len(elements) == 1 else _row(*elements)


def _infix(formula: Infix, written: list[str]) -> str:
    operator = formula.operator
    if operator not in ("*", "@"):
        sign = f"<mo>{_OPERATORS.get(operator, operator)}</mo>"
        if operator == ",":
            sign = '<mo separator="true" rspace="1em">,</mo>'
        return _row(sign.join(written))
    line = written[0]
    for position, element in enumerate(written[1:], start=1):
        line += ("<mo>·</mo>" if needs_sign(formula, position, stacked=True) else _TIMES) + element
    return _row(line)


def _call(formula: Call, written: list[str]) -> str:
    name, n_primes = without_primes(formula.function)
    if name == "sqrt" and not n_primes:
        return f"<msqrt>{''.join(written)}</msqrt>"
    function = _letters(name)
    if n_primes:
        function = f"<msup>{function}<mo>{'′' * n_primes}</mo></msup>"
    return _row(function, _APPLY, _bracketed("<mo>,</mo>".join(written)))


def _sum(formula: Sum) -> str:
    sign = "<mo>∑</mo>"
    if not formula.index:
        return sign
    below = _index(formula.index)
    if formula.first:
        below = _row(below, "<mo>=</mo>", _index(formula.first))
    if formula.last:
        return f"<munderover>{sign}{below}{_index(formula.last)}</munderover>"
    return f"<munder>{sign}{below}</munder>"


def _cases(value: str, condition: str, otherwise: str) -> str:
    cell = f"<mtd {_LEFT}>"
    if_condition = _row("<mtext>if&#xA0;</mtext>", condition)
    rows = (
        f"<mtr>{cell}{value}</mtd>{cell}{if_condition}</mtd></mtr>"
        f"<mtr>{cell}{otherwise}</mtd>{cell}<mtext>else</mtext></mtd></mtr>"
    )
    return _row('<mo fence="true">{</mo>', f"<mtable>{rows}</mtable>")
