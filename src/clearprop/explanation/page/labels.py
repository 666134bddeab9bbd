"""Names of rows, columns and nodes, as HTML and as SVG text: h<sup>1</sup><sub>2</sub> of "h1,2".

Names that somebody gave stay as they are; in the drawing they stand beside their node's own. MathML
does not stand in SVG text, so indices are raised and lowered there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clearprop.explanation.derivation.steps import Names
from clearprop.explanation.formula.names import GREEK, hatted
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula, Symbol
from clearprop.explanation.formulas import named, step_labels
from clearprop.explanation.markup.elements import tag, text
from clearprop.printable import printable

if TYPE_CHECKING:
    from clearprop.explanation.page.contents import Contents

__all__ = ["YHAT", "column_heads", "given_names", "label", "node_names"]

YHAT = "y\u0302"


def label(name: str) -> str:
    """A name as HTML.

    Examples:
        >>> label("h1,2"), label("petal < 3")
        ('h<sup>1</sup><sub>2</sub>', '<span class="given">petal &lt; 3</span>')
    """
    symbol = named(name)
    if not isinstance(symbol, Symbol):
        return tag("span", text(printable(name)), class_="given")
    letter = YHAT if hatted(symbol.name) else symbol.name
    above = tag("sup", symbol.sup) if symbol.sup else ""
    return f"{letter}{above}{tag('sub', symbol.sub)}"


def column_heads(contents: Contents) -> list[str]:
    """The symbol of each column of the drawing: X, h^1 … yhat."""
    last = contents.records.network.n_layers
    return [
        _svg_symbol(contents.symbol("output" if column == last else f"input[{column}]"))
        for column in range(last + 1)
    ]


def node_names(contents: Contents) -> list[list[str]]:
    """What the notation calls each node, column by column, whatever names somebody gave it."""
    records = contents.records
    last = records.network.n_layers
    own = Names(records.network.sizes, records.n_samples)
    names = []
    for column in range(last + 1):
        step = records["output" if column == last else f"input[{column}]"]
        unnamed = replace(step, columns=own.layers[column])
        names.append(
            [_svg_label(name) for name in step_labels(records, unnamed, contents.notation)[1]]
        )
    return names


def given_names(contents: Contents) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that somebody gave to the inputs and to the outputs; () where nobody has."""
    records = contents.records
    inputs, outputs = (
        tuple(map(printable, names)) for names in (records.feature_names, records.output_names)
    )
    return inputs, outputs


def _svg_label(name: str) -> str:
    symbol = named(name)
    return text(name.removeprefix("node ")) if isinstance(symbol, str) else _svg_symbol(symbol)


def _svg_symbol(formula: Formula) -> str:
    """A symbol as tspans; anything else as plain text."""
    if not isinstance(formula, Symbol):
        return text(to_plain(formula))
    name = YHAT if hatted(formula.name) else GREEK.get(formula.name, formula.name)
    above = tag("tspan", text(formula.sup), dy="-.45em", font_size="72%") if formula.sup else ""
    below = ".8em" if formula.sup else ".3em"
    index = tag("tspan", text(formula.sub), dy=below, font_size="72%") if formula.sub else ""
    return text(name) + above + index
