"""The records of a derivation: steps in order, each with values, operands, users and its check.

A step is named as in the code, from the input side, from 0:

    given       "input[0]" (X)  "Y"  "sample_weight"  "W[l]"  "b[l]"
    forward     "z[l]"  "input[l + 1]" (h)  "output" (yhat)
    loss        "loss_terms"  "loss"  "penalty" (with L2)  "total_loss" (with L2)
    backward    "doutput" (dLoss/dyhat)  "delta[l]"  "dinput[l]"  "dW[l]"  "db[l]"
                "sigma_prime[l]" (sigma'(z[l]))
    update      "dW_total[l]" (with L2)  "W_step[l]"  "W_new[l]"  "b_step[l]"  "b_new[l]"
                "new_loss"

This file knows nothing of how records are computed or shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy.typing as npt

from clearprop.explanation.formula.tree import Formula
from clearprop.network import Network

__all__ = [
    "Check",
    "Comparison",
    "DeltaFactor",
    "Jacobian",
    "Misprint",
    "Operand",
    "Records",
    "Side",
    "Step",
    "Sweep",
    "UpdateRule",
]

Array = npt.NDArray[Any]
Phase = Literal["given", "forward", "loss", "backward", "update"]
PHASES: tuple[Phase, ...] = ("given", "forward", "loss", "backward", "update")


@dataclass(frozen=True)
class Operand:
    """An earlier step that a step is computed from, and which of its entries an entry needs.

    Attributes:
        step: its id.
        axes: one item for each axis of the operand: the axis of the result that gives the index
            there, or None where all indices are needed. z = input @ W + b has input with (0,
            None), W with (None, 1) and b with (1,).
        blocks: the widths of blocks that the operand's last axis falls into, where all indices
            means all of one block, that of the result's own last index: the logits of several
            targets, each with a softmax of its own. () where it is one.
    """

    step: str
    axes: tuple[int | None, ...]
    blocks: tuple[int, ...] = ()

    def entries(self, entry: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """The operand's entries that one entry of the result is computed from.

        Examples:
            >>> list(Operand("W[0]", (None, 1)).entries((2, 0), (2, 4)))
            [(0, 0), (1, 0)]
        """
        return itertools.product(*self.ranges(entry, shape))

    def ranges(self, entry: tuple[int, ...], shape: tuple[int, ...]) -> tuple[range, ...]:
        """The indices of these entries, axis by axis.

        Examples:
            >>> Operand("z[1]", (0, None), blocks=(3, 2)).ranges((0, 4), (1, 5))
            (range(0, 1), range(3, 5))
        """
        needed = [
            range(length) if axis is None else range(entry[axis], entry[axis] + 1)
            for axis, length in zip(self.axes, shape, strict=True)
        ]
        if self.blocks:
            end = next(end for end in itertools.accumulate(self.blocks) if end > entry[-1])
            begin = max(e for e in (0, *itertools.accumulate(self.blocks)) if e <= entry[-1])
            needed[-1] = range(begin, end)
        return tuple(needed)


@dataclass(frozen=True)
class Check:
    """Finite differences beside a step's values.

    Attributes:
        numeric: the finite differences, shape of the values; NaN where none was taken.
        n_checked: how many were taken.
        n_unresolved: how many of them are too small for finite differences to resolve.
        max_relative_error: the largest error of those compared.
        tolerance: the largest that is accepted.
    """

    numeric: Array
    n_checked: int
    n_unresolved: int
    max_relative_error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the values agree with finite differences."""
        return self.max_relative_error <= self.tolerance


@dataclass(frozen=True)
class Step:
    """One step of the derivation.

    Attributes:
        id: as the code names it; see this file's head.
        phase: "given", "forward", "loss", "backward" or "update".
        operation: how it is computed, a key of `clearprop.explanation.formulas`.
        layer: index of the layer with weights that it belongs to; None for loss and targets.
        title: a few words: "Pre-activation of layer 2".
        sentence: one sentence: what it is for.
        values: the numbers; shape (), (width,) or (rows, columns).
        rows: names of the rows, empty where there is one only.
        columns: names of the columns, empty for a single number.
        operands: earlier steps that it is computed from, with which entries.
        used_by: ids of the later steps that use it.
        check: finite differences beside it, or None where there is no derivative to check.
    """

    id: str
    phase: Phase
    operation: str
    layer: int | None
    title: str
    sentence: str
    values: Array
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    operands: tuple[Operand, ...] = ()
    used_by: tuple[str, ...] = ()
    check: Check | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.values.shape


@dataclass(frozen=True)
class Side:
    """One of the things compared.

    Attributes:
        label: what it is.
        values: its numbers.
        formula: how they were computed, or None.
        agrees: whether it agrees with the comparison's first side.
        like: id of the step whose rows and columns these are; "" where they are no step's; None
            for the step of the comparison, where the shape is the same.
    """

    label: str
    values: Array
    formula: Formula | None = None
    agrees: bool = True
    like: str | None = None


@dataclass(frozen=True)
class Comparison:
    """An answer with numbers: ways of computing one thing, which agree or do not.

    Attributes:
        id: its name, such as "hadamard".
        step: id of the step where the question arises.
        question: what people ask.
        answer: what the numbers show, in a few sentences.
        sides: what is compared, the reference first; `agrees` says which are equal to it.
        parts: what a side is made of, shown beside them: the shares that add up, the Jacobian that
            is multiplied.
        asked_at: where it was asked.
    """

    id: str
    step: str
    question: str
    answer: str
    sides: tuple[Side, ...]
    parts: tuple[Side, ...] = ()
    asked_at: str = ""


@dataclass(frozen=True)
class Jacobian:
    """The derivatives of all of one thing by all of another, for one sample, in full.

    Attributes:
        step: id of the step that it is multiplied into.
        sample: index of the sample; None where it is every sample's.
        formula: what it is, "dz/dh = W^T".
        values: shape (n_of, n_by): a row for each entry that is differentiated, a column for each
            entry by which.
        rows: names of the rows.
        columns: names of the columns.
    """

    step: str
    sample: int | None
    formula: Formula
    values: Array
    rows: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class DeltaFactor:
    """What became of delta between two layers: |delta[l - 1]| = |delta[l]| x by_W x by_slope.

    Attributes:
        layer: l.
        delta_norm: Euclidean norm of delta[l].
        by_W: |dinput[l]| / |delta[l]|, what the weights did.
        by_slope: |delta[l - 1]| / |dinput[l]|, what sigma' did.
        below_norm: norm of delta[l - 1].
    """

    layer: int
    delta_norm: float
    by_W: float
    by_slope: float
    below_norm: float


@dataclass(frozen=True)
class Sweep:
    """Plain central differences of one entry over many steps: how close is close enough.

    Attributes:
        step: id of the step that holds the entry.
        entry: its index.
        value: what backpropagation says.
        epsilons: the steps, falling.
        numeric: the differences' quotient at each.
        relative_errors: |numeric - value| / |value| at each.
    """

    step: str
    entry: tuple[int, ...]
    value: float
    epsilons: tuple[float, ...]
    numeric: tuple[float, ...]
    relative_errors: tuple[float, ...]


@dataclass(frozen=True)
class Misprint:
    """A formula of an article that was printed wrongly, evaluated.

    Attributes:
        step: id of the step where it stands.
        printed: the formula as printed, in plain text.
        corrected: as it should be.
        note: what is wrong, in a sentence.
        sides: both evaluated, the corrected one first; empty where the printed one cannot be.
    """

    step: str
    printed: str
    corrected: str
    note: str
    sides: tuple[Side, ...] = ()


@dataclass(frozen=True)
class UpdateRule:
    """How parameters are updated.

    Attributes:
        name: of the optimizer, as its class; "Clipped SGD" where the gradient is shortened first.
        formula: in plain text.
        learning_rate: the learning rate of this update.
        settings: the optimizer's own numbers by name.
        n_updates: how many updates there have been before.
    """

    name: str
    formula: str
    learning_rate: float
    settings: dict[str, float]
    n_updates: int = 0


@dataclass(frozen=True)
class Records:
    """A derivation, all of it.

    Attributes:
        title: what is derived.
        network: the network.
        n_samples: number of rows of the batch.
        factor: what the sum over the samples is multiplied by: 1, 1/N or 1/(K N).
        steps: in order; operands come before what is computed from them.
        engine: who computed the numbers: "reference" or "fused".
        update: how parameters are updated, or None where no update was asked for.
        comparisons: the answers with numbers, in the order of their steps.
        jacobians: in full, in the order of their steps; empty unless asked for.
        delta_factors: from the output side; empty without hidden layers.
        sweep: the gradient check's steps, or None.
        misprints: of an article's own network.
        feature_names: names of the inputs, or ().
        output_names: names of the outputs, or ().
        sample_names: names of the rows of the batch.
        left_out: what is not there because the network is too large, in sentences.
        l2: strength of the L2 penalty; 0 for none.
    """

    title: str
    network: Network
    n_samples: int
    factor: float
    steps: tuple[Step, ...]
    engine: str
    update: UpdateRule | None = None
    comparisons: tuple[Comparison, ...] = ()
    jacobians: tuple[Jacobian, ...] = ()
    delta_factors: tuple[DeltaFactor, ...] = ()
    sweep: Sweep | None = None
    misprints: tuple[Misprint, ...] = ()
    feature_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    sample_names: tuple[str, ...] = ()
    left_out: tuple[str, ...] = field(default=())
    l2: float = 0.0

    def __getitem__(self, step: str) -> Step:
        """The step of that id."""
        return self._by_id[step]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __contains__(self, step: object) -> bool:
        return step in self._by_id

    @cached_property
    def _by_id(self) -> dict[str, Step]:
        return {step.id: step for step in self.steps}

    def owner(self, step: Step, side: Side) -> Step | None:
        """The step whose rows and columns a side of an answer at a step has; None for no step's."""
        if side.like == "":
            return None
        whose = self[side.like] if side.like else step
        return whose if side.values.shape == whose.shape else None

    def of_phase(self, phase: Phase) -> tuple[Step, ...]:
        """The steps of one phase, in order."""
        return tuple(step for step in self.steps if step.phase == phase)
