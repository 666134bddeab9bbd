"""What things are called: article A's matrices, or article B's node numbers.

    matrix    z^2_{s,j}  h^1_{s,i}  w^2_{i,j}  delta^1_{s,k}  dH/dW^2
    weights   net_h6     out_h4     w46        delta_8        dCost/dw46

Article A counts delta from the output, article B nodes over all layers from 0 at the inputs. Other
indices count from 1. This file knows no formula.
"""

from __future__ import annotations

import re
from typing import Protocol

from clearprop.errors import ParameterError
from clearprop.explanation.derivation.records import Records, Step
from clearprop.explanation.formula.tree import Call, Derivative, Formula, Infix, Symbol

__all__ = [
    "NOTATIONS",
    "Notation",
    "entry_symbol",
    "notation_of",
    "split_id",
    "step_labels",
    "step_symbol",
]

Entry = tuple[int | None, ...]

PER_SAMPLE = frozenset(
    {"input", "z", "output", "Y", "loss_terms", "doutput", "delta", "dinput", "sigma_prime"}
)
"""Kinds of steps whose rows are samples."""

OF_WEIGHTS = frozenset({"W", "dW", "dW_total", "W_step", "W_new"})
"""Kinds of steps with an entry for each weight."""

DIFFERENTIATED_BY = {"dW": "W", "db": "b", "dinput": "input", "doutput": "output", "dW_total": "W"}
TOTAL, NEW = "total", "new"

LOSSES = {"loss": ("", ""), "total_loss": ("", TOTAL), "new_loss": ("", NEW), "penalty": ("P", "")}
"""Single numbers: a name, or the notation's own for the loss, and what stands below it."""


class Notation(Protocol):
    """Names for whole arrays and for single entries."""

    loss: str

    def whole(self, step: str, letter: str = "j") -> Formula:
        """An array, or where a notation has no arrays its entry with a letter for the index.

        The letter "k" asks for one output's entry, whatever the notation.
        """

    def entry(self, step: str, entry: Entry) -> Formula:
        """One entry; None for the sample's index leaves it unsaid."""

    def labels(self, step: Step) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of a step's rows and columns."""


def split_id(step: str) -> tuple[str, int]:
    """A step's kind and layer; -1 where it has none.

    Examples:
        >>> split_id("dW[2]"), split_id("loss")
        (('dW', 2), ('loss', -1))
    """
    match = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", step)
    assert match is not None
    return match[1], int(match[2]) if match[2] else -1


class _Named:
    """What both notations share: how derivatives and updates are named after what they are of."""

    loss = ""

    def __init__(self, records: Records) -> None:
        self.sizes = records.network.sizes
        self.n_layers = records.network.n_layers
        self.one_sample = records.n_samples == 1

    def _base(self, kind: str, layer: int, index: str, sample: str) -> Formula:
        raise NotImplementedError

    def _compound(self, kind: str, layer: int, index: str, sample: str) -> Formula:
        """A name that is made of others'."""
        if kind in DIFFERENTIATED_BY:
            of = Symbol(self.loss, TOTAL if kind == "dW_total" else "")
            return Derivative(of, self._base(DIFFERENTIATED_BY[kind], layer, index, sample))
        if kind == "sigma_prime":
            return Call("sigma'", (self._base("z", layer, index, sample),))
        if kind in LOSSES:
            return Symbol(LOSSES[kind][0] or self.loss, LOSSES[kind][1])
        if kind in ("W_step", "b_step", "W_new", "b_new"):
            old = self._base(kind[0], layer, index, sample)
            assert isinstance(old, Symbol)
            new = Symbol(old.name, f"{NEW},{old.sub}" if old.sub else NEW, old.sup, old.shape)
            return new if kind.endswith("new") else Infix("-", (new, old))
        return self._base(kind, layer, index, sample)


class _MatrixNotation(_Named):
    """Article A's: rows are samples, layers are counted above, entries below."""

    loss = "H"

    def whole(self, step: str, letter: str = "j") -> Formula:
        """The array, or with the letter k an entry of it."""
        kind, layer = split_id(step)
        return self._compound(kind, layer, "k" if letter == "k" else "", "")

    def entry(self, step: str, entry: Entry) -> Formula:
        """One entry, its indices from 1."""
        kind, layer = split_id(step)
        indices = entry
        if kind in PER_SAMPLE and (self.one_sample or entry[:1] == (None,)):
            indices = entry[1:]
        index = ",".join(str(i + 1) for i in indices if i is not None)
        return self._compound(kind, layer, index, "")

    def labels(self, step: Step) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The step's own."""
        return step.rows, step.columns

    def _base(self, kind: str, layer: int, index: str, sample: str) -> Formula:
        del sample
        name, above, shape = {
            "input": ("h" if layer else "x", str(layer) if layer else "", "vector"),
            "z": ("z", str(layer + 1), "vector"),
            "W": ("W", str(layer + 1), "matrix"),
            "b": ("b", str(layer + 1), "vector"),
            "output": ("yhat", "", "vector"),
            "Y": ("y", "", "vector"),
            "delta": ("delta", str(self.n_layers - layer), "scalar"),
            "loss_terms": (self.loss, "", "scalar"),
            "sample_weight": ("weight", "", "vector"),
        }[kind]
        if index:
            name, shape = (name.lower() if kind == "W" else name), "scalar"
        elif kind == "input" and layer == 0 and not self.one_sample:
            name, shape = "X", "matrix"
        elif kind == "loss_terms":
            index = "k" if self.one_sample else "s,k"
        return Symbol(name, index, above, shape)


class _WeightsNotation(_Named):
    """Article B's: nodes are numbered over all layers; samples, where there are several, above."""

    loss = "Cost"

    def whole(self, step: str, letter: str = "j") -> Formula:
        """An entry with letters for its nodes: i sends and j receives."""
        kind, layer = split_id(step)
        if kind in OF_WEIGHTS:
            letter = "ij"
        elif kind == "sample_weight":
            letter = "s"
        return self._compound(kind, layer, letter, "")

    def entry(self, step: str, entry: Entry) -> Formula:
        """One entry."""
        kind, layer = split_id(step)
        if kind in PER_SAMPLE:
            sample, node = entry
            assert node is not None
            above = "" if sample is None or self.one_sample else f"({sample + 1})"
            return self._compound(kind, layer, str(self._number(kind, layer, node)), above)
        nodes = [i for i in entry if i is not None]
        if kind == "sample_weight":
            return Symbol("weight", str(nodes[0] + 1))
        if len(nodes) == 2:
            sends, receives = self._node(layer, nodes[0]), self._node(layer + 1, nodes[1])
            comma = "" if receives < 10 else ","
            return self._compound(kind, layer, f"{sends}{comma}{receives}", "")
        index = str(self._node(layer + 1, nodes[0])) if nodes else ""
        return self._compound(kind, layer, index, "")

    def labels(self, step: Step) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The nodes' numbers, but inputs and outputs of which somebody has said the names."""
        kind, layer = split_id(step.id)
        layers = {
            "input": (None, layer), "dinput": (None, layer), "Y": (None, self.n_layers),
            "output": (None, self.n_layers), "doutput": (None, self.n_layers),
            "loss_terms": (None, self.n_layers), "z": (None, layer + 1),
            "delta": (None, layer + 1), "sigma_prime": (None, layer + 1),
        }  # fmt: skip
        rows, columns = layers.get(kind, (layer, layer + 1))
        if layer < 0 and kind not in layers:
            return step.rows, step.columns
        return (
            step.rows if rows is None or not step.rows else self._named(rows, step.rows),
            self._named(columns, step.columns),
        )

    def _named(self, layer: int, names: tuple[str, ...]) -> tuple[str, ...]:
        own = re.compile(r"yhat\d+|h\d+,\d+")
        return tuple(
            f"node {self._node(layer, index)}" if own.fullmatch(name) else name
            for index, name in enumerate(names)
        )

    def _node(self, layer: int, index: int) -> int:
        return sum(self.sizes[:layer]) + index

    def _number(self, kind: str, layer: int, node: int) -> int:
        if kind in ("Y", "loss_terms") or (kind in ("input", "dinput") and layer == 0):
            return node + 1
        if kind in ("output", "doutput"):
            return self._node(self.n_layers, node)
        return self._node(layer if kind in ("input", "dinput") else layer + 1, node)

    def _base(self, kind: str, layer: int, index: str, sample: str) -> Formula:
        is_last = layer == self.n_layers - 1
        name, prefix = {
            "input": ("out", "h") if layer else ("x", ""),
            "z": ("net", "o" if is_last else "h"),
            "W": ("w", ""),
            "b": ("b", ""),
            "output": ("out", "o"),
            "Y": ("y", ""),
            "delta": ("delta", ""),
            "loss_terms": (self.loss, ""),
            "sample_weight": ("weight", ""),
        }[kind]
        return Symbol(name, f"{prefix}{index}", sample)


NOTATIONS: dict[str, type[_MatrixNotation] | type[_WeightsNotation]] = {
    "matrix": _MatrixNotation,
    "weights": _WeightsNotation,
}
"""Every notation by name."""


def notation_of(records: Records, notation: str) -> Notation:
    """The notation of that name for a derivation.

    Raises:
        ParameterError: there is none of that name.
    """
    if notation not in NOTATIONS:
        raise ParameterError(
            f"notation: got {notation!r}, expected one of {', '.join(NOTATIONS)}",
            remedy='"matrix" is article A\'s, rows and matrices; "weights" is article B\'s, weight '
            "by weight with node numbers.",
        )
    return NOTATIONS[notation](records)


def step_symbol(records: Records, step: str, notation: str = "matrix") -> Formula:
    """What a step is called."""
    return notation_of(records, notation).whole(step)


def entry_symbol(
    records: Records, step: str, entry: tuple[int, ...], notation: str = "matrix"
) -> Formula:
    """What one entry of a step is called."""
    return notation_of(records, notation).entry(step, entry)


def step_labels(
    records: Records, step: Step, notation: str = "matrix"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a step's rows and columns; () for rows where there is one only."""
    return notation_of(records, notation).labels(step)
