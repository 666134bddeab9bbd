"""What a page shows of a derivation: its records, its notation, and how much of each step.

The one thing decided here is which entries have their equation written out and which weights their
chain, under the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Phase, Records, Step
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula
from clearprop.explanation.formulas import step_labels, step_symbol
from clearprop.explanation.largest import largest_entries
from clearprop.explanation.markup.elements import anchor, named, tag, text
from clearprop.explanation.page.drawn import Drawn, drawn_of
from clearprop.explanation.page.labels import YHAT, label
from clearprop.explanation.page.matrices import Entry
from clearprop.explanation.page.places import place

__all__ = ["Contents"]

AT_LEAST = 3
PHASES: dict[Phase, str] = {
    "given": "Given",
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "update": "Update",
}


@dataclass(frozen=True)
class Contents:
    """A derivation, and how it is shown.

    Attributes:
        records: the derivation.
        notation: "matrix" or "weights".
        budget: how much is shown.
    """

    records: Records
    notation: str
    budget: Budget

    def symbol(self, step: str) -> Formula:
        """The symbol of a step."""
        return step_symbol(self.records, step, self.notation)

    def title(self, step: Step) -> str:
        """A step's title as plain text, with the letter that records spell."""
        return step.title.replace("yhat", YHAT)

    def place(self, step: str) -> str | None:
        """Where a step's entries stand in the drawing."""
        return place(step, self.records.network.n_layers)

    @cached_property
    def drawn(self) -> Drawn:
        """Which nodes and weights the drawing has."""
        return drawn_of(self.records, self.budget)

    def undrawn(self, step: Step, entry: Entry) -> str:
        """Words, as HTML, where an entry's node or weight is not in the drawing."""
        is_drawn = self.drawn.has(self.place(step.id), entry)
        return "" if is_drawn else tag("small", " not drawn", class_="undrawn")

    def link(self, step: str, *, layer: bool = False) -> str:
        """A link to a step: its symbol, and its layer where the symbol does not say it."""
        title = self.title(self.records[step])
        index = self.records[step].layer
        of_layer = ""
        if layer and self.notation == "weights" and index is not None:
            of_layer = tag("small", f" layer {index + 1}", aria_hidden="true")
        return tag(
            "a",
            named(self.symbol(step), title),
            of_layer,
            href=f"#{anchor(step)}",
            title=title,
        )

    def where(self, step: Step) -> str:
        """The phase and layer of a step."""
        if step.layer is None:
            return PHASES[step.phase]
        return text(f"{PHASES[step.phase]}, layer {step.layer + 1}")

    def labels(self, step: Step) -> tuple[list[str], list[str]]:
        """Names of a step's rows and columns, as HTML; a single row is named by its symbol."""
        rows, columns = step_labels(self.records, step, self.notation)
        if not rows:
            symbol = self.symbol(step.id)
            return [named(symbol, to_plain(symbol))], [label(name) for name in columns]
        return [label(name) for name in rows], [label(name) for name in columns]

    @cached_property
    def _computed(self) -> list[Step]:
        return [step for step in self.records.steps if step.operands]

    @property
    def all_equations(self) -> bool:
        """Whether every entry of every step has its equation."""
        return sum(step.values.size for step in self._computed) <= self.budget.equations

    def equations_of(self, step: Step) -> list[Entry]:
        """The entries of a step whose equations are written out, the one shown first first.

        That is one which is not 0, where there is one: a sum of zeros shows little.
        """
        if not step.operands:
            return []
        count = step.values.size
        if not self.all_equations:
            count = max(AT_LEAST, self.budget.equations // len(self._computed))
        if count < step.values.size:
            return largest_entries(step.values, count)
        entries = _all_entries(step)
        first = next((at for at, entry in enumerate(entries) if step.values[entry]), 0)
        return [entries[first], *entries[:first], *entries[first + 1 :]]

    def left_out(self) -> list[str]:
        """What is summarised for want of room, in sentences."""
        sentences = []
        too_large = [
            step.id for step in self.records.steps if not self.budget.shows_whole(step.shape)
        ]
        if too_large:
            have, they = ("has", "it is") if len(too_large) == 1 else ("have", "they are")
            sentences.append(
                f"{len(too_large)} of {len(self.records.steps)} matrices {have} more than "
                f"{self.budget.table_entries} entries ({self.budget.answer_entries} in answers) or "
                f"{self.budget.table_columns} columns: {they} shown by heat map, norm and the "
                f"{self.budget.largest} largest entries."
            )
        if not self.all_equations:
            count = max(AT_LEAST, self.budget.equations // len(self._computed))
            sentences.append(
                "Equations with numbers are written out for the "
                f"{count} largest entries of each step."
            )
        if not self.all_chains:
            sentences.append(
                "The whole chain is written out for the weights of largest gradient, "
                f"{len(self.chains_of(0))} a layer."
            )
        if max(self.records.network.sizes) > self.budget.drawn_nodes:
            sentences.append(
                f"Of a layer with more than {self.budget.drawn_nodes} nodes, the drawing has "
                f"{self.budget.thinned_nodes}, first of all those of the weights with the largest "
                "gradients; where a step lists an entry whose node or weight is not among them, it "
                "says so."
            )
        return sentences

    @property
    def all_chains(self) -> bool:
        """Whether every weight has its chain."""
        sizes = self.records.network.sizes
        return sum(a * b for a, b in pairwise(sizes)) <= self.budget.chains

    def chains_of(self, layer: int) -> list[Entry]:
        """The weights of a layer whose chains are written out."""
        gradient = self.records[f"dW[{layer}]"]
        if self.all_chains:
            return _all_entries(gradient)
        count = max(AT_LEAST, self.budget.chains // (5 * self.records.network.n_layers))
        return largest_entries(gradient.values, count)


def _all_entries(step: Step) -> list[Entry]:
    return [tuple(int(i) for i in index) for index in np.ndindex(*step.shape)]
