"""The names of the drawing's columns and nodes, as SVG text.

MathML does not stand in SVG text, so indices are raised and lowered tspans.
"""

from __future__ import annotations

from clearprop.explain.formula.names import GREEK, hatted
from clearprop.explain.formula.plain import to_plain
from clearprop.explain.formula.tree import Formula, Symbol
from clearprop.explain.page.contents import Contents
from clearprop.explain.page.markup import tag, text

__all__ = ["column_heads", "node_names"]


def column_heads(contents: Contents) -> list[str]:
    """The symbol of each column: X, h^1 … yhat."""
    last = contents.records.network.n_layers
    return [
        svg_symbol(contents.symbol("output" if column == last else f"input[{column}]"))
        for column in range(last + 1)
    ]


def node_names(contents: Contents) -> list[list[str]]:
    """The name of each node, column by column."""
    records = contents.records
    last = records.network.n_layers
    return [
        [
            text(name)
            for name in records["output" if column == last else f"input[{column}]"].columns
        ]
        for column in range(last + 1)
    ]


def svg_symbol(formula: Formula) -> str:
    """A symbol as tspans; anything else as plain text."""
    if not isinstance(formula, Symbol):
        return text(to_plain(formula))
    letter = hatted(formula.name)
    name = f"{letter}\u0302" if letter else GREEK.get(formula.name, formula.name)
    above = tag("tspan", text(formula.sup), dy=-5, font_size="70%") if formula.sup else ""
    return tag("tspan", text(name)) + above
