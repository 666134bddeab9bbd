"""The network drawn as SVG: a column of nodes a layer, an edge a weight, and the loss at the end.

Names that somebody gave to inputs and outputs stand outside the columns, long ones shortened; a
node's title has the whole name. Each node carries the values that the steps give it, one for each
sample, and the step that gives them, so that the script can let them appear as the derivation gets
there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.markup.elements import tag, text
from clearprop.explanation.page.drawn import Drawn
from clearprop.explanation.page.fitting import shortened, width_of
from clearprop.explanation.wording import listed

__all__ = ["drawing"]

Array = npt.NDArray[Any]
Given = tuple[Sequence[str], Sequence[str]]

COLUMN, MARGIN, HEAD, FOOT = 104, 44, 40, 8
GIVEN_SIZE, GIVEN_WIDEST, GAP = 13, 12.0, 6  # of names beside nodes; the width in units of the size
DIGITS = 4


@dataclass(frozen=True)
class _Scale:
    """How large a node is, and how far it stands from the next."""

    radius: int
    spacing: int

    @property
    def roomy(self) -> bool:
        return self.spacing > 60


@dataclass(frozen=True)
class _Layout:
    """Which nodes of each column are drawn, and where; `sides` is the room for their names."""

    scale: _Scale
    sizes: tuple[int, ...]
    drawn: tuple[tuple[int, ...], ...]
    height: int
    sides: tuple[int, int]

    def x(self, column: int) -> int:
        left, right = self.sides
        return MARGIN + left + column * COLUMN + (right if column == len(self.sizes) else 0)

    def y(self, column: int, node: int) -> float:
        nodes = self.drawn[column]
        place = nodes.index(node) - (len(nodes) - 1) / 2
        return self.middle + place * self.scale.spacing

    @property
    def middle(self) -> float:
        return HEAD + (self.height - HEAD - FOOT) / 2

    @property
    def beyond_names(self) -> int:
        """How far from the outputs their names end."""
        return self.sides[1] + 2 * GAP if self.sides[1] else 0

    def is_thinned(self, column: int) -> bool:
        return len(self.drawn[column]) < self.sizes[column]


def _layout(sizes: tuple[int, ...], given: Given, drawn: tuple[tuple[int, ...], ...]) -> _Layout:
    most = max(len(nodes) for nodes in drawn)
    scale = _Scale(20, 92) if most <= 5 else _Scale(16, 56) if most <= 9 else _Scale(14, 44)
    height = HEAD + max(most, 2) * scale.spacing + FOOT
    left, right = (
        _room([names[node] for node in drawn[column]] if names else [])
        for column, names in zip((0, -1), given, strict=True)
    )
    return _Layout(scale, sizes, drawn, height, (left, right))


def _room(names: Sequence[str]) -> int:
    widest = max((width_of(shortened(name, GIVEN_WIDEST)) for name in names), default=0.0)
    return math.ceil(widest * GIVEN_SIZE)


def drawing(
    records: Records,
    heads: Sequence[str],
    names: Sequence[Sequence[str]],
    given: Given,
    loss_name: str,
    drawn: Drawn,
) -> str:
    """The network of a derivation.

    Args:
        records: the derivation.
        heads: the symbol of each column, as SVG text.
        names: what each node is called in the notation, as SVG text, column by column.
        given: the names that somebody gave to inputs and outputs; () for none.
        loss_name: the name of the loss, as SVG text.
        drawn: which nodes and weights are drawn.
    """
    sizes = records.network.sizes
    layout = _layout(sizes, given, drawn.nodes)
    width = layout.x(len(sizes)) + MARGIN
    words = (
        f"The network: {listed(sizes)} nodes from input to output, and "
        "the loss. Every number in it stands in the tables of the steps."
    )
    return tag(
        "svg",
        tag("title", text(words)),
        *_edges(records, layout, drawn),
        *_columns(records, layout, heads, names, given),
        _loss(records, layout, loss_name),
        class_="network roomy" if layout.scale.roomy else "network",
        viewBox=f"0 0 {width} {layout.height}",
        style=f"--natural: {width}px",
        role="img",
    )


def _edges(records: Records, layout: _Layout, drawn: Drawn) -> Iterator[str]:
    for layer in range(records.network.n_layers):
        W = records[f"W[{layer}]"].values
        largest = float(np.max(np.abs(W), initial=0.0)) or 1.0
        lines = []
        for i, j in sorted(drawn.edges[layer]):
            weight = float(W[i, j])
            lines.append(
                tag(
                    "line",
                    tag("title", text(f"weight {i + 1} → {j + 1}: {plain_number(weight)}")),
                    id=f"edge-{layer}-{i}-{j}",
                    class_="edge positive" if weight > 0 else "edge negative",
                    x1=layout.x(layer) + layout.scale.radius,
                    y1=round(layout.y(layer, i), 1),
                    x2=layout.x(layer + 1) - layout.scale.radius,
                    y2=round(layout.y(layer + 1, j), 1),
                    stroke_width=round(0.6 + 3.0 * abs(weight) / largest, 2),
                )
            )
        yield tag("g", *lines, class_="edges", id=f"edge-{layer}")
    last = records.network.n_layers
    lines = [
        tag(
            "line",
            class_="edge to-loss",
            x1=layout.x(last) + layout.scale.radius + layout.beyond_names,
            y1=round(layout.y(last, node), 1),
            x2=layout.x(last + 1) - layout.scale.radius,
            y2=layout.middle,
        )
        for node in layout.drawn[last]
    ]
    yield tag("g", *lines, class_="edges")


def _columns(
    records: Records,
    layout: _Layout,
    heads: Sequence[str],
    names: Sequence[Sequence[str]],
    given: Given,
) -> Iterator[str]:
    last = records.network.n_layers
    beside: dict[int, Sequence[str]] = {
        column: words for column, words in zip((0, last), given, strict=True) if words
    }
    for column, size in enumerate(layout.sizes):
        x = layout.x(column)
        h = "output" if column == last else f"input[{column}]"
        delta = f"delta[{column - 1}]"
        nodes = []
        for node in layout.drawn[column]:
            y = layout.y(column, node)
            parts = [
                *_given_name(layout, column, node, beside),
                tag("circle", cx=x, cy=round(y, 1), r=layout.scale.radius),
                tag("text", names[column][node], x=x, y=round(y + 4, 1), class_="name"),
                _value(records, h, node, x, y + layout.scale.radius + 13, "h"),
            ]
            if column and layout.scale.roomy:
                parts.append(_value(records, delta, node, x, y - layout.scale.radius - 5, "delta"))
            if column == last and layout.scale.roomy:
                below = y + (GIVEN_SIZE if column in beside else 4)
                parts.append(_value(records, "Y", node, x + layout.scale.radius + GAP, below, "y"))
            nodes.append(tag("g", *parts, class_="node", id=f"node-{column}-{node}"))
        if layout.is_thinned(column):
            words = f"{len(layout.drawn[column])} of {size}"
            nodes.append(tag("text", words, x=x, y=32, class_="left-out"))
        head = tag("text", heads[column], x=x, y=16, class_="head")
        yield tag("g", head, *nodes, class_="nodes", id=f"node-{column}")


def _given_name(
    layout: _Layout, column: int, node: int, beside: Mapping[int, Sequence[str]]
) -> list[str]:
    if column not in beside:
        return []
    name, distance = beside[column][node], layout.scale.radius + GAP
    is_input = column == 0
    up = 4 if is_input or not layout.scale.roomy else -3
    return [
        tag("title", text(name)),
        tag(
            "text",
            text(shortened(name, GIVEN_WIDEST)),
            x=layout.x(column) + (-distance if is_input else distance),
            y=round(layout.y(column, node) + up, 1),
            class_="given input" if is_input else "given",
        ),
    ]


def _value(records: Records, step: str, node: int, x: float, y: float, kind: str) -> str:
    """A node's value in the first sample, and in the others as data."""
    if step not in records:
        return ""
    column = records[step].values[:, node]
    word = {"h": "", "delta": "δ ", "y": "y = "}[kind]
    shown = [word + plain_number(float(value), DIGITS) for value in column]
    return tag(
        "text",
        text(shown[0]),
        x=x,
        y=round(y, 1),
        class_=f"value {kind}",
        data_step=step,
        data_samples="|".join(shown),
    )


def _loss(records: Records, layout: _Layout, name: str) -> str:
    x, y = layout.x(len(layout.sizes)), layout.middle
    step = "total_loss" if "total_loss" in records else "loss"
    shown = plain_number(float(records[step].values), DIGITS)
    return tag(
        "g",
        tag("text", "loss", x=x, y=16, class_="head"),
        tag("circle", cx=x, cy=y, r=layout.scale.radius),
        tag("text", name, x=x, y=y + 4, class_="name"),
        tag(
            "text",
            text(shown),
            x=x,
            y=y + layout.scale.radius + 13,
            class_="value h",
            data_step=step,
            data_samples=shown,
        ),
        class_="node loss-node",
        id="loss-node",
    )
