"""Plain-text formulas, as the project's tables hold them, read into trees.

    1 / (1 + exp(-z))        z if z > 0 else 0.01 z        - sum_k y_k log(yhat_k)

"^" is a power and "_k" an index. A name with "(" right behind it is a function; with a space before
the bracket it is multiplied. Products and quotients go from left to right, so a / b c is (a / b) c.
A sum reaches to the next plus or minus. What follows a comma defines a symbol, or is the next
equation: "s + h (1 - s), s = 1/(1 + exp(-z))".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from clearprop.errors import ParameterError
from clearprop.explanation.formula.tree import (
    Bars,
    Call,
    Cases,
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
    infix,
    product,
)

__all__ = ["parse", "parse_or_words"]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    |(?P<sum>sum(?:_(?P<below>[^\W_]+|\{[^}]*\}))?(?:\^(?P<above>\w+|\{[^}]*\}))?(?![\w']))
    |(?P<call>(?:<[^\W\d]\w*>|[^\W\d]\w*)'*(?=\())
    |(?P<symbol>[^\W\d_][^\W_]*'*(?:_(?:[^\W_]+|\{[^}]*\}))?)
    |(?P<sign><=|>=|[-+*/^()|,=<>·×∘−≤≥])
    )""",
    re.VERBOSE,
)
_SAME = {"−": "-", "·": "*", "×": "*", "≤": "<=", "≥": ">=", "∘": "o"}
_RELATIONS = ("=", "<", ">", "<=", ">=")
_KEYWORDS = ("if", "else", "o")
_FIGURES = 6


class _Token(NamedTuple):
    kind: str
    text: str
    below: str = ""
    above: str = ""


def parse(text: str) -> Formula:
    """The tree of a formula in plain text.

    Args:
        text: the formula; see this file's head.

    Returns:
        Its tree.

    Raises:
        ParameterError: the text is no such formula.

    Examples:
        >>> parse("h (1 - h)")
        Infix(operator='*', operands=(Symbol(name='h', sub='', sup='', shape='scalar'), Infix(operator='-', operands=(Number(value=1.0, digits=6), Symbol(name='h', sub='', sup='', shape='scalar')))))
        >>> from clearprop.explanation.formula.plain import to_plain
        >>> print(to_plain(parse("- sum_k y_k log(yhat_k)")))
        −Σₖ yₖ log(ŷₖ)
    """  # noqa: E501 - a tree printed
    return _Parser(text).formula()


def parse_or_words(text: str) -> Formula:
    """The tree of a formula, or the text as it stands where it is none.

    The formula of an activation of somebody's own may be any text.

    Examples:
        >>> parse_or_words("a bump around zero!")
        Words(text='a bump around zero!')
    """
    try:
        return parse(text)
    except ParameterError:
        return Words(text)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._split()
        self.place = 0
        self.in_bars = False

    def _split(self) -> list[_Token]:
        tokens, at, text = [], 0, self.text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._error(text[at:].strip())
            kind = str(match.lastgroup if match["sum"] is None else "sum")
            found = match[kind]
            if kind == "symbol" and found in _KEYWORDS:
                kind = "sign"
            below, above = ((match[part] or "").strip("{}") for part in ("below", "above"))
            tokens.append(_Token(kind, _SAME.get(found, found), below, above))
            at = match.end()
        return tokens

    def _error(self, rest: str) -> ParameterError:
        where = f"at {rest!r}" if rest else "it ends too early"
        return ParameterError(
            f"formula {self.text!r} cannot be read: {where}",
            remedy="Write it as in '1 / (1 + exp(-z))' or 'z if z > 0 else 0.01 z'.",
        )

    def _ahead(self) -> _Token:
        return self.tokens[self.place] if self.place < len(self.tokens) else _Token("end", "")

    def _take(self, *signs: str) -> str:
        """The next sign, if it is one of these."""
        token = self._ahead()
        if token.kind != "sign" or token.text not in signs:
            return ""
        self.place += 1
        return token.text

    def _require(self, sign: str) -> None:
        if not self._take(sign):
            raise self._stuck()

    def _stuck(self) -> ParameterError:
        return self._error(" ".join(token.text for token in self.tokens[self.place :]))

    def formula(self) -> Formula:
        found = self._listed()
        if self.place < len(self.tokens):
            raise self._stuck()
        return found

    def _listed(self) -> Formula:
        found = [self._relation()]
        while self._take(","):
            found.append(self._relation())
        return infix(",", found)

    def _relation(self) -> Formula:
        found, sign = self._cases(), self._take(*_RELATIONS)
        while sign:
            operands = [found, self._cases()]
            while self._take(sign):
                operands.append(self._cases())
            found, sign = Infix(sign, tuple(operands)), self._take(*_RELATIONS)
        return found

    def _cases(self) -> Formula:
        value = self._addition()
        if not self._take("if"):
            return value
        condition = self._relation()
        self._require("else")
        return Cases(value, condition, self._cases())

    def _addition(self) -> Formula:
        found = Negative(self._hadamard()) if self._take("-") else self._hadamard()
        sign = self._take("+", "-")
        while sign:
            operands = [found, self._hadamard()]
            while self._take(sign):
                operands.append(self._hadamard())
            found, sign = Infix(sign, tuple(operands)), self._take("+", "-")
        return found

    def _hadamard(self) -> Formula:
        found = [self._product()]
        while self._take("o"):
            found.append(self._product())
        return infix("o", found)

    def _product(self) -> Formula:
        """Factors from left to right; a slash puts those since the last slash over the next."""
        done: list[Formula] = []
        factors = [self._factor()]
        while True:
            if self._take("/"):
                top = product(*factors) if factors else done.pop()
                done.append(Fraction(top, self._factor()))
                factors = []
            elif self._take("*") or self._begins_factor():
                factors.append(self._factor())
            else:
                return product(*done, *factors)

    def _begins_factor(self) -> bool:
        token = self._ahead()
        if token.kind == "sign":
            return token.text == "(" or (token.text == "|" and not self.in_bars)
        return token.kind != "end"

    def _factor(self) -> Formula:
        token = self._ahead()
        if token.kind == "sum":
            self.place += 1
            index, _, first = token.below.partition("=")
            return Sum(index.strip(), self._product(), first.strip(), token.above)
        found = self._atom()
        while self._take("^"):
            if self._ahead() == _Token("symbol", "T"):
                self.place += 1
                found = Transpose(found)
            else:
                sign = self._take("-")
                exponent = self._atom()
                found = Power(found, Negative(exponent) if sign else exponent)
        return found

    def _atom(self) -> Formula:
        token = self._ahead()
        self.place += 1
        if token.kind == "number":
            figures = len(re.sub(r"[eE].*|\.", "", token.text).lstrip("0"))
            return Number(float(token.text), max(_FIGURES, figures))
        if token.kind == "symbol":
            name, _, index = token.text.partition("_")
            return Symbol(name, index.strip("{}"))
        if token.kind == "call":
            self._require("(")
            inside = self._within(")")
            is_list = isinstance(inside, Infix) and inside.operator == ","
            return Call(token.text, inside.operands if is_list else (inside,))  # type: ignore[union-attr]  # is_list says so
        if token == _Token("sign", "("):
            return self._within(")")
        if token == _Token("sign", "|"):
            return Bars(self._within("|"))
        self.place -= 1
        raise self._stuck()

    def _within(self, closing: str) -> Formula:
        outside, self.in_bars = self.in_bars, closing == "|"
        found = self._listed()
        self._require(closing)
        self.in_bars = outside
        return found
