"""From records to the blocks of a written derivation: all steps in order, each with its answers.

Nothing is computed here but what a summary needs: norms, and which entries are the largest. This
file knows nothing of markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Records, Step
from clearprop.explanation.formula.numbers import DIGITS, plain_number
from clearprop.explanation.formulas import step_symbol
from clearprop.explanation.outputs.answers import (
    answer,
    delta_factors,
    jacobian,
    misprint,
    sweep,
)
from clearprop.explanation.outputs.arrays import array_tables
from clearprop.explanation.outputs.blocks import Block, Document, Paragraph, References, Section
from clearprop.explanation.outputs.equations import step_equations, weight_chains
from clearprop.explanation.outputs.updates import ledger, losses, rule
from clearprop.explanation.wording import counted, listed

__all__ = ["contents"]

PARTS = {
    "given": "What is given",
    "forward": "Forward",
    "loss": "The loss",
    "backward": "Backward",
    "update": "The update",
}
CHECKED_NUMBERS = 64


def contents(records: Records, notation: str = "matrix", budget: Budget | None = None) -> Document:
    """The blocks of a derivation.

    Args:
        records: the derivation.
        notation: "matrix", article A's rows and matrices, or "weights", article B's node numbers.
        budget: how much is written out before it is summarised.

    Returns:
        All steps in order, part by part; last, what was left out.

    Raises:
        ParameterError: no such notation.
    """
    return _Writer(records, notation, budget or Budget()).document()


@dataclass
class _Writer:
    records: Records
    notation: str
    budget: Budget
    left_out: list[str] = field(default_factory=list)

    def document(self) -> Document:
        records = self.records
        self.left_out = list(records.left_out)
        sections = [Section("What is derived", tuple(self._overview()))]
        phase = ""
        for step in records.steps:
            if step.phase != phase:
                phase = step.phase
                sections.append(Section(PARTS[phase], tuple(self._before(phase))))
            symbol = step_symbol(records, step.id, self.notation)
            sections.append(Section(step.title, tuple(self._of_step(step)), step.id, symbol))
        if records.delta_factors:
            table = delta_factors(records.delta_factors)
            sections.append(Section("What became of delta on its way down", table))
        sections.append(Section("What was left out", tuple(self._omissions())))
        return Document(records.title, tuple(sections), DIGITS)

    def _overview(self) -> Iterator[Block]:
        records, network = self.records, self.records.network
        hidden = ", ".join(getattr(own, "name", str(own)) for own in network.hidden)
        yield Paragraph(
            f"Layers of {listed(network.sizes)} nodes, from the input to the output"
            f"{f'; hidden activations: {hidden}' if hidden else ''}; output: {network.output}."
        )
        yield Paragraph(
            f"{counted(records.n_samples, 'sample')}; reduction {network.reduction!r}: "
            f"{_factor(records)}."
        )
        whose = {
            "reference": "the reference engine's (forward and backward)",
            "fused": "those that the compiled engine trains with",
        }
        yield Paragraph(f"The numbers are {whose[records.engine]}.")

    def _before(self, phase: str) -> Iterator[Block]:
        if phase == "update" and self.records.update is not None:
            yield from rule(self.records.update)

    def _of_step(self, step: Step) -> Iterator[Block]:
        records = self.records
        yield Paragraph(step.sentence)
        yield from step_equations(records, step, self.notation, self.budget, self.left_out)
        yield from array_tables(
            records, step, step.values, "", self.notation, self.budget, self.left_out
        )
        if self.notation == "weights" and step.operation == "dW":
            yield from weight_chains(records, step, self.left_out)
        yield from self._check(step)
        yield from self._beside(step)
        yield from self._users(step)

    def _beside(self, step: Step) -> Iterator[Block]:
        """What belongs to this step and is not its own numbers."""
        records = self.records
        if step.id.startswith(("W_new", "b_new")):
            yield from ledger(records, step, self.notation, self.budget, self.left_out)
        if step.id == "new_loss":
            yield from losses(records)
        if records.sweep is not None and records.sweep.step == step.id:
            yield from sweep(records.sweep)
        for each in records.jacobians:
            if each.step == step.id:
                yield from jacobian(records, each, self.budget, self.left_out)
        for comparison in records.comparisons:
            if comparison.step == step.id:
                yield from answer(
                    records, step, comparison, self.notation, self.budget, self.left_out
                )
        for each_misprint in records.misprints:
            if each_misprint.step == step.id:
                yield from misprint(
                    records, step, each_misprint, self.notation, self.budget, self.left_out
                )

    def _users(self, step: Step) -> Iterator[Block]:
        records = self.records
        users = tuple((user, step_symbol(records, user, self.notation)) for user in step.used_by)
        if users:
            yield References("Used by", users)
        elif step.phase == "loss":
            yield Paragraph("It is what the backward pass differentiates.")
        elif step.id == "doutput":
            yield Paragraph(
                "Used by no later step: the short formula of the output's delta, which comes next, "
                "has this link of the chain in it."
            )
        elif step.operands:
            yield Paragraph("Used by no later step.")

    def _check(self, step: Step) -> Iterator[Block]:
        check = step.check
        if check is None:
            return
        size = step.values.size
        unresolved = (
            f" {counted(check.n_unresolved, 'of them is', 'of them are')} too small "
            "for finite differences to resolve."
            if check.n_unresolved
            else ""
        )
        yield Paragraph(
            f"{check.n_checked} of {counted(size, 'entry', 'entries')} beside finite "
            f"differences: the largest relative error is {check.max_relative_error:.2g}, "
            f"{check.tolerance:.0e} is accepted: {'right' if check.ok else 'WRONG'}.{unresolved}",
            label="Check",
        )
        if size <= CHECKED_NUMBERS:
            yield from array_tables(
                self.records, step, check.numeric, "By finite differences",
                self.notation, self.budget, self.left_out,
            )  # fmt: skip

    def _omissions(self) -> Iterator[Block]:
        if not self.left_out:
            yield Paragraph("Nothing.")
        for sentence in dict.fromkeys(self.left_out):
            yield Paragraph(sentence)


def _factor(records: Records) -> str:
    """What the reduction makes of the samples' losses."""
    total = "the weights' sum" if "sample_weight" in records else "N"
    divided = {"sum": "", "mean": total, "mean_all": f"K {total}"}[records.network.reduction]
    if not divided:
        return "the samples' losses are added up"
    number = plain_number(1.0 / records.factor, ascii_only=True)
    return f"the samples' losses, added up, are divided by {divided} = {number}"
