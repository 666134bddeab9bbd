r"""Equations for LaTeX, broken into lines that fit the page.

An equation breaks at its equals signs, and a long side at its plus and minus signs. How wide a line
becomes is known to LaTeX alone: lines are broken by counting characters, and what is too wide all
the same is made smaller by the document's \fitted. This file knows nothing of documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearprop.explain.formula.latex import latex_parts, to_latex
from clearprop.explain.formula.plain import to_plain
from clearprop.explain.formula.tree import Formula, Infix
from clearprop.explain.outputs.blocks import Equation

__all__ = ["equation_lines"]

WIDEST = 88
"""Characters of plain text that fit a line; an index has half a character's width."""


def equation_lines(equation: Equation) -> list[str]:
    r"""The lines of an aligned block, with "&" before what stands one below the other.

    Args:
        equation: it.

    Returns:
        The lines, without their ends.

    Examples:
        >>> from clearprop.explain.formula.parse import parse
        >>> from clearprop.explain.outputs.blocks import as_equation
        >>> equation_lines(as_equation(parse("a = b + c = 3")))
        ['a &= b + c', '&= 3']
    """
    left = to_latex(equation.left)
    lines = []
    for number, side in enumerate(equation.sides):
        begin = f"{left} &=" if number == 0 else "&="
        room = WIDEST - _width(equation.left)
        first, *others = _broken(side, max(room, WIDEST / 3))
        lines += [f"{begin} {first}", *(rf"&\qquad {other}" for other in others)]
    if not equation.sides:
        first, *others = _broken(equation.left, WIDEST)
        lines = [f"&{first}", *(rf"&\qquad {other}" for other in others)]
    return lines + [rf"&\text{{where }} {to_latex(each)}" for each in equation.where]


def _broken(formula: Formula, room: float) -> Iterator[str]:
    """A formula in as many lines as it needs, each but the first begun by its plus or minus."""
    line, used = "", 0.0
    for sign, written, width in _terms(formula):
        if line and used + width > room:
            yield line
            line, used = f"{{}} {sign} {written}", width
        else:
            line = f"{line} {sign} {written}" if line else written
            used += width
    yield line


def _terms(formula: Formula) -> Iterator[tuple[str, str, float]]:
    """What is added and subtracted: each with its sign and about how wide it is."""
    if not _is_addition(formula):
        yield "+", to_latex(formula), _width(formula)
        return
    assert isinstance(formula, Infix)
    for number, (term, latex) in enumerate(
        zip(formula.operands, latex_parts(formula), strict=True)
    ):
        if number == 0 and _is_addition(term):
            yield from _terms(term)
        else:
            yield formula.operator, latex, _width(term) + 3


def _is_addition(formula: Formula) -> bool:
    return isinstance(formula, Infix) and formula.operator in ("+", "-")


def _width(formula: Formula) -> float:
    indices = r"[_^](?:\{[^}]*\}|\w+)"
    plain = to_plain(formula, ascii_only=True)
    return sum(1.0 for _ in re.sub(indices, "", plain)) + 0.5 * sum(
        len(index.strip("_^{}")) for index in re.findall(indices, plain)
    )
