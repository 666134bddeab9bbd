"""HTML, written: elements, their names on the page, and formulas among them.

This file knows nothing of derivations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from clearprop.explanation.formula.mathml import to_mathml
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula

__all__ = ["anchor", "display", "formula_lines", "inline", "named", "tag", "text"]

Attribute = str | int | float | bool | None


def tag(name: str, *children: str, **attributes: Attribute) -> str:
    """An element; children are HTML. `class_` is class, `data_step` is data-step; None is left out.

    Examples:
        >>> tag("td", "3", class_="p1", data_entry="0,1")
        '<td class="p1" data-entry="0,1">3</td>'
    """
    written = []
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if value is True:
            written.append(f" {attribute}")
        elif value is not None and value is not False:
            written.append(f' {attribute}="{escape(str(value))}"')
    return f"<{name}{''.join(written)}>{''.join(children)}</{name}>"


def text(words: object) -> str:
    """Words as HTML.

    Examples:
        >>> text("0 < 1")
        '0 &lt; 1'
    """
    return escape(str(words), quote=False)


def anchor(name: str) -> str:
    """A step's id as it stands in links.

    Examples:
        >>> anchor("dW[2]")
        'dW-2'
    """
    return re.sub(r"\[(\d+)\]", r"-\1", name)


def inline(formula: Formula) -> str:
    """A formula within a line."""
    return to_mathml(formula)


def named(formula: Formula, words: str) -> str:
    """A formula to look at, with words to be read out in its place."""
    math = to_mathml(formula).replace("<math", '<math aria-hidden="true"', 1)
    return _without_alttext(math) + tag("span", text(words), class_="hidden-visually")


def display(formula: Formula) -> str:
    """A formula on a line of its own, with a line of plain text for who cannot see it."""
    return formula_lines([formula], formula)


def formula_lines(lines: Sequence[Formula], whole: Formula) -> str:
    """A formula broken into lines; as plain text it is one."""
    return tag(
        "div",
        tag(
            "div",
            *(_without_alttext(to_mathml(line, display=True)) for line in lines),
            class_="math",
        ),
        tag("p", text(to_plain(whole)), class_="plain"),
        class_="formula",
    )


def _without_alttext(math: str) -> str:
    # Words beside it say the same.
    return re.sub(r' alttext="[^"]*"', "", math, count=1)
