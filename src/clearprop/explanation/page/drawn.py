"""Which nodes of a wide layer the drawing has, and which weights between them.

What the page lists comes first: the weights of largest gradient, whose chains it writes out, and
their nodes; then the largest entries of the other steps. This file knows nothing of how they are
drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

import numpy as np

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.largest import largest_entries
from clearprop.explanation.page.places import place

__all__ = ["Drawn", "drawn_of"]

Entry = tuple[int, ...]


@dataclass(frozen=True)
class Drawn:
    """What the drawing has.

    Attributes:
        nodes: of each column, in order.
        edges: of each layer, as row and column of W.
    """

    nodes: tuple[tuple[int, ...], ...]
    edges: tuple[frozenset[Entry], ...]

    def has(self, where: str | None, entry: Entry) -> bool:
        """Whether what an entry stands for is drawn.

        Args:
            where: the place of its step, "node-2", "edge-0" or "loss"; None has nothing to draw.
            entry: its index.
        """
        if where is None or where == "loss":
            return True
        kind, column = where.split("-")
        if kind == "edge":
            return entry in self.edges[int(column)]
        return entry[-1] in self.nodes[int(column)]


def drawn_of(records: Records, budget: Budget) -> Drawn:
    """What of a derivation's network is drawn."""
    sizes = records.network.sizes
    is_thinned = [size > budget.drawn_nodes for size in sizes]
    nodes = tuple(
        tuple(sorted(islice(_by_importance(records, column, budget), budget.thinned_nodes)))
        if is_thinned[column]
        else tuple(range(size))
        for column, size in enumerate(sizes)
    )
    edges = []
    for layer in range(records.network.n_layers):
        between = [(i, j) for i in nodes[layer] for j in nodes[layer + 1]]
        if is_thinned[layer] or is_thinned[layer + 1]:
            W = records[f"W[{layer}]"].values
            listed = set(_listed(records, f"dW[{layer}]", budget))
            between.sort(key=lambda edge: (edge not in listed, -abs(W[edge])))
            between = between[: budget.drawn_edges]
        edges.append(frozenset(between))
    return Drawn(nodes, tuple(edges))


def _listed(records: Records, step: str, budget: Budget) -> list[Entry]:
    return largest_entries(records[step].values, budget.largest)


def _by_importance(records: Records, column: int, budget: Budget) -> Iterator[int]:
    """A column's nodes, each once: those of listed gradients by turns, of other lists, the rest."""
    gradients = []
    if column < records.network.n_layers:
        gradients.append([i for i, _ in _listed(records, f"dW[{column}]", budget)])
    if column:
        gradients.append([j for _, j in _listed(records, f"dW[{column - 1}]", budget)])
    others = [
        [entry[-1] for entry in _listed(records, step.id, budget)]
        for step in records.steps
        if place(step.id, records.network.n_layers) == f"node-{column}"
        and not budget.shows_whole(step.shape)
    ]
    rest = [_by_steepness(records, column)]
    known: set[int] = set()
    for group in (gradients, others, rest):
        for node in _by_turns(group):
            if node not in known:
                known.add(node)
                yield node


def _by_turns(lists: list[list[int]]) -> Iterable[int]:
    return (node for turn in zip_longest(*lists) for node in turn if node is not None)


def _by_steepness(records: Records, column: int) -> list[int]:
    """All nodes, those first whose weights have the largest gradients."""
    steepness = np.zeros(records.network.sizes[column])
    if column < records.network.n_layers:
        steepness += np.max(np.abs(records[f"dW[{column}]"].values), axis=1)
    if column:
        steepness += np.max(np.abs(records[f"dW[{column - 1}]"].values), axis=0)
    return [int(node) for node in np.argsort(-steepness, kind="stable")]
