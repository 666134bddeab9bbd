"""How much an explanation shows before it summarises.

A derivation has as many numbers as its network; what is read has room for a few thousand. What is
beyond these limits is summarised, by its norm, its largest entries and, on a page, a heat map; and
the output says so.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Budget"]


@dataclass(frozen=True)
class Budget:
    """The limits.

    Attributes:
        table_entries: a matrix with more entries is summarised.
        table_columns: and so is one with more columns.
        answer_entries: in an answer, which has several, so is a matrix with more entries than this.
        largest: how many of the largest entries a summary lists.
        equations: how many entries, of all steps together, have their equation written out; beyond
            it each step's largest have, at least three.
        terms: how many summands an equation writes out, a layer of eight and its bias; of longer
            sums the first and the last.
        chains: how many weights have their whole chain written out; beyond it each layer's with
            the largest gradients have, at least three.
        drawn_nodes: a layer with more nodes is thinned in the drawing.
        thinned_nodes: to as many, first of all those of the weights with the largest gradients.
        drawn_edges: between two layers, of which one is thinned, at most so many edges are drawn,
            first of all the weights with the largest gradients, then the largest weights.
    """

    table_entries: int = 400
    table_columns: int = 24
    answer_entries: int = 100
    largest: int = 10
    equations: int = 600
    terms: int = 9
    chains: int = 100
    drawn_nodes: int = 12
    thinned_nodes: int = 12
    drawn_edges: int = 40

    def shows_whole(self, shape: tuple[int, ...]) -> bool:
        """Whether a matrix of this shape is shown entry by entry."""
        n_entries, n_columns = 1, shape[-1] if shape else 1
        for length in shape:
            n_entries *= length
        return n_entries <= self.table_entries and n_columns <= self.table_columns
