"""What questions are made of: a derivation, its batch, and gradients with mistakes in them.

This file knows no kind of question and no mistake by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients
from clearprop.explanation.derivation.batch import Batch
from clearprop.explanation.derivation.records import Records, Step
from clearprop.explanation.diagnose import MISTAKES
from clearprop.explanation.diagnose.case import Case, make_case
from clearprop.explanation.diagnose.mistake import Planted
from clearprop.explanation.diagnose.planting import planted_pass
from clearprop.explanation.exercise.line import Line
from clearprop.explanation.formula.tree import Formula, Infix, product
from clearprop.explanation.formulas import step_formula
from clearprop.explanation.formulas.notation import notation_of
from clearprop.explanation.formulas.steps import LEARNING_RATE

__all__ = ["Material", "Place", "in_a_sentence", "is_at_head"]

Array = npt.NDArray[np.float64]

MOST_AT_HEAD = 120
"""Numbers of an array; of a larger one, those that a question needs stand there."""

Place = tuple[str, tuple[int, ...]]
"""A step's id and the index of an entry."""


def is_at_head(step: Step) -> bool:
    """Whether a step's numbers stand at the head of a sheet: what is given, unless it is large."""
    return step.phase == "given" and step.values.size <= MOST_AT_HEAD


def in_a_sentence(title: str) -> str:
    """A step's title within a sentence.

    Examples:
        >>> in_a_sentence("Pre-activation of layer 1"), in_a_sentence("Delta of layer 2")
        ('the pre-activation of layer 1', 'delta of layer 2')
    """
    words = title[:1].lower() + title[1:]
    return words if words.startswith(("the ", "delta", "loss ")) else f"the {words}"


class _Wrong(NamedTuple):
    """A gradient with a mistake in it."""

    planted: Planted
    gradients: Gradients


class Material:
    """A derivation to ask about.

    Args:
        records: the derivation, with an update by gradient descent.
        batch: what it is of; its penalty is left out of what is asked.
        notation: "matrix" or "weights".
    """

    def __init__(self, records: Records, batch: Batch, notation: str) -> None:
        self.records, self.batch, self.notation = records, batch, notation
        self.names = notation_of(records, notation)
        self.network = records.network
        self.last = records.network.n_layers - 1
        self.by_id = {step.id: step for step in records.steps}
        self._formulas: dict[str, Line] = {}

    def step(self, step: str) -> Step:
        """The step of that id."""
        return self.by_id[step]

    def value(self, place: Place) -> float:
        """One entry's number."""
        return float(self.by_id[place[0]].values[place[1]])

    def symbol(self, place: Place) -> Formula:
        """One entry's name."""
        return self.names.entry(*place)

    def formula(self, step: str) -> Line:
        """A step's formula."""
        if step not in self._formulas:
            self._formulas[step] = self._formula(step)
        return self._formulas[step]

    def _formula(self, step: str) -> Line:
        record = self.by_id[step]
        if record.operation == "new":
            # An update here is gradient descent, and its two steps are one formula.
            (old, moved) = (operand.step for operand in record.operands)
            gradient = self.by_id[moved].operands[0].step
            by = product(LEARNING_RATE, self.names.whole(gradient))
            new = Infix("-", (self.names.whole(old), by))
            return (Infix("=", (self.names.whole(step), new)),)
        own: Line = (step_formula(self.records, record, self.notation),)
        if record.operation == "loss":
            terms = step_formula(self.records, self.by_id["loss_terms"], self.notation)
            return (*own, ", where ", terms)
        return own

    def operands(self, place: Place) -> Iterator[Place]:
        """The entries that an entry is computed from."""
        step, entry = place
        for operand in self.by_id[step].operands:
            for index in operand.entries(entry, self.by_id[operand.step].shape):
                yield operand.step, index

    def is_at_head(self, step: str) -> bool:
        """Whether a step's numbers stand at the head of the sheet."""
        return is_at_head(self.by_id[step])

    def n_operands(self, place: Place) -> int:
        """How many there are."""
        step, entry = place
        return sum(
            math.prod(map(len, operand.ranges(entry, self.by_id[operand.step].shape)))
            for operand in self.by_id[step].operands
        )

    @cached_property
    def case(self) -> Case:
        """The batch as the doctor sees it, without a penalty."""
        batch = self.batch
        return make_case(
            batch.network, batch.parameters, batch.X, batch.Y, sample_weight=batch.sample_weight
        )

    @cached_property
    def wrong_gradients(self) -> Sequence[_Wrong]:
        """The gradient with each of the doctor's mistakes, at each layer alone."""
        wrong = []
        rate = self.records.update.learning_rate if self.records.update else 0.0
        for mistake in MISTAKES.values():
            if mistake.coefficient not in ("", "learning rate"):
                continue  # A number that only a fit can tell explains every number.
            for layer in mistake.where(self.case):
                planted = Planted(mistake, (layer,), rate)
                with np.errstate(all="ignore"):
                    wrong.append(_Wrong(planted, planted_pass(self.case, [planted])))
        return wrong

    def in_symbols(self, text: str) -> Line:
        """A text of the doctor's, its arrays named in the notation.

        The doctor counts layers from 0 and says "delta[1]", which is δ² or another here.
        """
        parts: list[str | Formula] = []
        begin = 0
        for match in _ARRAY.finditer(text):
            if match[0] in self.by_id:
                parts += [
                    _told(text[begin : match.start()], self.names.loss),
                    self.names.whole(match[0]),
                ]
                begin = match.end()
        return (*parts, _told(text[begin:], self.names.loss))


_ARRAY = re.compile(r"\b(?:dinput|input|delta|dW|db|W|b|z)\[\d+\]")
_TOLD = (
    ("dLoss/dyhat", "∂{loss}/∂ŷ"),
    ("dLoss/", "∂{loss}/∂"),
    ("∂{loss}/∂d", "∂{loss}/∂"),
    ("dyhat", "∂ŷ"),
    ("/dz", "/∂z"),
    ("yhat", "ŷ"),
    ("sigma'", "σ′"),
    ("sigma(", "σ("),
    ("^T", "ᵀ"),
    (" @ ", " "),
    (" * ", " ∘ "),
    (" - ", " − "),
)


def _told(words: str, loss: str) -> str:
    for typed, written in _TOLD:
        words = words.replace(typed, written)
    return words.replace("{loss}", loss)
