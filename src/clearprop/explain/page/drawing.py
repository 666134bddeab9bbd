"""The network drawn as SVG: a column of nodes a layer, an edge a weight, and the loss at the end.

Each node carries the values that the steps give it, one for each sample, and the step that gives
them, so that the script can let them appear as the derivation gets there. Of a layer with many nodes
the first and the last are drawn, and how many are not is written between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clearprop.explain.budget import Budget
from clearprop.explain.derivation.records import Records
from clearprop.explain.formula.numbers import plain_number
from clearprop.explain.page.markup import tag, text

__all__ = ["drawing"]

COLUMN, MARGIN, HEAD = 132, 46, 34
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
    """Which nodes of each column are drawn, and where."""

    scale: _Scale
    sizes: tuple[int, ...]
    drawn: tuple[tuple[int, ...], ...]
    height: int

    def x(self, column: int) -> int:
        return MARGIN + column * COLUMN

    def y(self, column: int, node: int) -> float:
        """The place of a node; nodes that are not drawn leave a gap of one."""
        nodes = self.drawn[column]
        slots = len(nodes) + (len(nodes) < self.sizes[column])
        slot = nodes.index(node)
        if slot != node:
            slot += 1
        return HEAD + (self.height - HEAD) / 2 + (slot - (slots - 1) / 2) * self.scale.spacing


def _layout(sizes: tuple[int, ...], budget: Budget) -> _Layout:
    drawn = []
    for size in sizes:
        first = -(-budget.drawn_nodes // 2)
        last = budget.drawn_nodes - first
        whole = size <= budget.drawn_nodes
        drawn.append(
            tuple(range(size)) if whole else (*range(first), *range(size - last, size))
        )
    slots = max(
        len(nodes) + (len(nodes) < size) for nodes, size in zip(drawn, sizes, strict=True)
    )
    scale = _Scale(19, 88) if slots <= 5 else _Scale(14, 52)
    return _Layout(scale, sizes, tuple(drawn), HEAD + max(slots, 2) * scale.spacing)


def drawing(
    records: Records, heads: Sequence[str], names: Sequence[Sequence[str]], budget: Budget
) -> str:
    """The network of a derivation.

    Args:
        records: the derivation.
        heads: the symbol of each column, as SVG text.
        names: the name of each node, as SVG text, column by column.
        budget: how many nodes of a column are drawn.
    """
    sizes = records.network.sizes
    layout = _layout(sizes, budget)
    width = layout.x(len(sizes)) + MARGIN
    words = (
        f"The network: {', '.join(str(size) for size in sizes)} nodes from the input to the output, "
        "and the loss. Every number in it stands in the tables of the steps."
    )
    return tag(
        "svg",
        tag("title", text(words)),
        *_edges(records, layout),
        *_columns(records, layout, heads, names),
        _loss(records, layout),
        class_="network roomy" if layout.scale.roomy else "network",
        viewBox=f"0 0 {width} {layout.height}",
        style=f"--natural: {width}px",
        role="img",
    )


def _edges(records: Records, layout: _Layout) -> Iterator[str]:
    for layer in range(records.network.n_layers):
        W = records[f"W[{layer}]"].values
        largest = float(np.max(np.abs(W), initial=0.0)) or 1.0
        lines = []
        for i in layout.drawn[layer]:
            for j in layout.drawn[layer + 1]:
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
            x1=layout.x(last) + layout.scale.radius,
            y1=round(layout.y(last, node), 1),
            x2=layout.x(last + 1) - layout.scale.radius,
            y2=_middle(layout),
        )
        for node in layout.drawn[last]
    ]
    yield tag("g", *lines, class_="edges")


def _columns(
    records: Records, layout: _Layout, heads: Sequence[str], names: Sequence[Sequence[str]]
) -> Iterator[str]:
    last = records.network.n_layers
    for column, size in enumerate(layout.sizes):
        x = layout.x(column)
        h = "output" if column == last else f"input[{column}]"
        delta = f"delta[{column - 1}]"
        nodes = []
        for node in layout.drawn[column]:
            y = layout.y(column, node)
            parts = [
                tag("circle", cx=x, cy=round(y, 1), r=layout.scale.radius),
                tag("text", names[column][node], x=x, y=round(y + 4, 1), class_="name"),
                _value(records, h, node, x, y + layout.scale.radius + 13, "h"),
            ]
            if column and layout.scale.roomy:
                parts.append(_value(records, delta, node, x, y - layout.scale.radius - 5, "delta"))
            if column == last and layout.scale.roomy:
                parts.append(_value(records, "Y", node, x + layout.scale.radius + 6, y + 4, "y"))
            nodes.append(tag("g", *parts, class_="node", id=f"node-{column}-{node}"))
        left_out = size - len(layout.drawn[column])
        if left_out:
            between = (
                layout.y(column, layout.drawn[column][len(layout.drawn[column]) // 2 - 1])
                + layout.y(column, layout.drawn[column][len(layout.drawn[column]) // 2])
            ) / 2
            nodes.append(
                tag(
                    "text", f"⋮ {left_out} more", x=x, y=round(between + 4, 1), class_="left-out"
                )
            )
        head = tag("text", heads[column], x=x, y=16, class_="head")
        yield tag("g", head, *nodes, class_="nodes", id=f"node-{column}")


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


def _loss(records: Records, layout: _Layout) -> str:
    x, y = layout.x(len(layout.sizes)), _middle(layout)
    step = "total_loss" if "total_loss" in records else "loss"
    shown = plain_number(float(records[step].values), DIGITS)
    return tag(
        "g",
        tag("text", "loss", x=x, y=16, class_="head"),
        tag("circle", cx=x, cy=y, r=layout.scale.radius),
        tag("text", "H", x=x, y=y + 4, class_="name"),
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


def _middle(layout: _Layout) -> float:
    return HEAD + (layout.height - HEAD) / 2
