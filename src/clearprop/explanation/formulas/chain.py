"""One weight's whole chain, link by link, as article B writes it, with every sample's numbers.

    dCost/dw68 = sum over the samples of dCost/dout_o8 · dout_o8/dnet_o8 · dnet_o8/dw68

The links are multiplied sample by sample and summed last; the article sums the first one too early.
This file knows nothing of how formulas are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.activations import as_activation
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.formula.tree import (
    Derivative,
    Formula,
    Infix,
    Number,
    Sum,
    infix,
    product,
)
from clearprop.explanation.formulas.factors import factor_symbols, times
from clearprop.explanation.formulas.notation import Notation, notation_of
from clearprop.explanation.formulas.tables import written
from clearprop.losses import OUTPUTS

__all__ = ["Chain", "Link", "weight_chain"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Link:
    """One factor of a chain.

    Attributes:
        derivative: what it is: "dout_o8/dnet_o8".
        expression: what it is equal to: "out_o8 (1 - out_o8)".
        step: id of the step whose entries its values are; "" where it is no step of its own.
        values: one number for each sample.
    """

    derivative: Formula
    expression: Formula
    step: str
    values: Array


@dataclass(frozen=True)
class Chain:
    """The derivative of the loss by one weight or bias.

    Attributes:
        of: the derivative: "dCost/dw68".
        links: its factors, from the loss's end.
        shares: product of the links for each sample.
        total: the sum of the shares: the derivative.
    """

    of: Formula
    links: tuple[Link, ...]
    shares: Array
    total: float

    @property
    def formula(self) -> Formula:
        """The chain with its derivatives: dCost/dw68 = dCost/dout_o8 · dout_o8/dnet_o8 · …"""
        links: Formula = product(*(link.derivative for link in self.links))
        if len(self.shares) > 1:
            links = Sum("s", links)
        return Infix("=", (self.of, links))


def weight_chain(
    records: Records, layer: int, entry: tuple[int, ...], notation: str = "weights"
) -> Chain:
    """The chain of one weight, or of one bias.

    Args:
        records: the derivation.
        layer: index of its layer, from the input side.
        entry: (sender, receiver) for a weight, (receiver,) for a bias.
        notation: "weights" or "matrix".

    Returns:
        The links with every sample's numbers.

    Raises:
        ParameterError: no such notation.
    """
    names = notation_of(records, notation)
    receiver = entry[-1]
    z = names.entry(f"z[{layer}]", (None, receiver))
    kind = "W" if len(entry) == 2 else "b"
    by = names.entry(f"{kind}[{layer}]", entry)
    if layer == records.network.n_layers - 1:
        links = _output_links(records, names, receiver, z)
    else:
        links = _hidden_links(records, names, layer, receiver, z)
    n_samples = records.n_samples
    if kind == "W":
        sent = names.entry(f"input[{layer}]", (None, entry[0]))
        values = records[f"input[{layer}]"].values[:, entry[0]]
        links.append(Link(Derivative(z, by), sent, f"input[{layer}]", values))
    else:
        links.append(Link(Derivative(z, by), Number(1), "", np.ones(n_samples)))
    with np.errstate(invalid="ignore"):
        shares = np.prod([link.values for link in links], axis=0)
    total = float(records[f"d{kind}[{layer}]"].values[entry])
    return Chain(names.entry(f"d{kind}[{layer}]", entry), tuple(links), shares, total)


def _output_links(records: Records, names: Notation, node: int, z: Formula) -> list[Link]:
    """From the loss to a logit: over the one output that depends on it, or over all of them."""
    network = records.network
    table = OUTPUTS[network.output]
    last = network.n_layers - 1
    out, y = names.entry("output", (None, node)), names.entry("Y", (None, node))
    cost = names.entry("loss", ())
    factors = factor_symbols(records, names)
    own: dict[str, Formula] = {"yhat_k": out, "y_k": y}
    yhat = records["output"].values
    slopes = table.jacobian(yhat, network.output_parameters)[:, node, node]
    with np.errstate(invalid="ignore"):
        is_rounded = not np.all(np.isfinite(records["doutput"].values[:, node] * slopes))
    if network.output == "softmax" or is_rounded:
        # Of a softmax every output depends on this logit: the paths over all of them are in delta.
        # An output rounded to 0 or 1 makes of the two links infinity times 0; delta is neither.
        expression = times(factors, written(table.delta_formula, own))
        values = records[f"delta[{last}]"].values[:, node]
        return [Link(Derivative(cost, z), expression, f"delta[{last}]", values)]
    first = times(factors, written(table.by_output_formula, own))
    return [
        Link(Derivative(cost, out), first, "doutput", records["doutput"].values[:, node]),
        Link(Derivative(out, z), written(table.jacobian_formula, own), "", slopes),
    ]


def _hidden_links(
    records: Records, names: Notation, layer: int, node: int, z: Formula
) -> list[Link]:
    """From the loss to a hidden node: over all nodes of the next layer, then its own slope."""
    above = layer + 1
    h = names.entry(f"input[{above}]", (None, node))
    paths = [
        product(
            names.entry(f"delta[{above}]", (None, receiver)),
            names.entry(f"W[{above}]", (node, receiver)),
        )
        for receiver in range(records.network.sizes[above + 1])
    ]
    activation = as_activation(records.network.hidden[layer])
    slope = written(activation.derivative_formula, {"z": z, "h": h})
    cost = names.entry("loss", ())
    handed = records[f"dinput[{above}]"].values[:, node]
    slopes = records[f"sigma_prime[{layer}]"].values[:, node]
    return [
        Link(Derivative(cost, h), infix("+", paths), f"dinput[{above}]", handed),
        Link(Derivative(h, z), slope, f"sigma_prime[{layer}]", slopes),
    ]
