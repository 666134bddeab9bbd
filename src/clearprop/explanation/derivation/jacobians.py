"""Jacobians in full, sample by sample: what the short formulas of backpropagation come from.

    dyhat/dz    the output function's        dz/dinput = W^T       dh/dz    diagonal
    dz/dW       for one sample (K, fan_in fan_out): input[i] where the columns agree, else 0
    dz/db       the unit matrix

This file knows nothing of why they collapse; `comparisons` shows that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.explanation.derivation.batch import Batch
from clearprop.explanation.derivation.numbers import Numbers, sigma_prime
from clearprop.explanation.derivation.records import Jacobian
from clearprop.explanation.derivation.steps import Names
from clearprop.explanation.formula.tree import Derivative, Formula, Infix, Symbol, Transpose
from clearprop.losses import OUTPUTS

__all__ = ["all_jacobians", "diagonal_jacobian", "kronecker_jacobian", "output_jacobian"]

Array = npt.NDArray[Any]


def output_jacobian(batch: Batch, numbers: Numbers) -> Array:
    """dyhat/dz of every sample, shape (n_samples, K, K)."""
    network = batch.network
    jacobian = OUTPUTS[network.output].jacobian(numbers.passes.output, network.output_parameters)
    return np.asarray(jacobian, np.float64)


def diagonal_jacobian(batch: Batch, numbers: Numbers, layer: int, sample: int) -> Array:
    """dh/dz of one sample: sigma'(z) on the diagonal, as h_j depends on z_j alone."""
    return np.diag(
        np.asarray(sigma_prime(batch.network, numbers.passes, layer)[sample], np.float64)
    )


def kronecker_jacobian(input_row: Array, fan_out: int) -> Array:
    """dz/dW of one sample, a column for each weight in the order of W's rows.

    Examples:
        >>> kronecker_jacobian(np.array([5.0, 7.0]), 2)
        array([[5., 0., 7., 0.],
               [0., 5., 0., 7.]])
    """
    return np.kron(np.asarray(input_row, np.float64)[None, :], np.eye(fan_out))


def all_jacobians(
    batch: Batch, numbers: Numbers, names: Names, *, samples: int, max_numbers: int
) -> Iterator[Jacobian]:
    """Every Jacobian of the backward pass, in its order.

    Args:
        batch: what is derived.
        numbers: its numbers.
        names: of rows, inputs and outputs.
        samples: for how many samples those that differ by sample are given.
        max_numbers: a Jacobian of more numbers is left out.
    """
    network = batch.network
    last = network.n_layers - 1
    for layer in range(last, -1, -1):
        sends, receives = names.layers[layer], names.layers[layer + 1]
        z = Symbol("z", sup=str(layer + 1), shape="vector")
        fan_in, fan_out = network.sizes[layer : layer + 2]
        for sample in range(samples):
            if layer == last and fan_out**2 <= max_numbers:
                formula: Formula = Derivative(Symbol("yhat", shape="vector"), z)
                values = output_jacobian(batch, numbers)[sample]
                step = f"delta[{last}]"
                yield Jacobian(step, sample, formula, values, receives, _by("z", receives))
            if layer < last and fan_out**2 <= max_numbers:
                h = Symbol("h", sup=str(layer + 1), shape="vector")
                values = diagonal_jacobian(batch, numbers, layer, sample)
                rows, columns = receives, _by("z", receives)
                yield Jacobian(f"delta[{layer}]", sample, Derivative(h, z), values, rows, columns)
        W = Symbol("W", sup=str(layer + 1), shape="matrix")
        if fan_in * fan_out <= max_numbers:
            formula = Infix("=", (Derivative(z, _input(layer)), Transpose(W)))
            values = np.asarray(batch.parameters[layer].W, np.float64).T
            yield Jacobian(f"dinput[{layer}]", None, formula, values, _by("z", receives), sends)
        if fan_in * fan_out**2 <= max_numbers:
            columns = tuple(f"w{i + 1},{j + 1}" for i in range(fan_in) for j in range(fan_out))
            for sample in range(samples):
                values = kronecker_jacobian(numbers.passes.inputs[layer][sample], fan_out)
                rows = _by("z", receives)
                yield Jacobian(f"dW[{layer}]", sample, Derivative(z, W), values, rows, columns)
        if fan_out**2 <= max_numbers:
            formula = Derivative(z, Symbol("b", sup=str(layer + 1), shape="vector"))
            columns = tuple(f"b{j + 1}" for j in range(fan_out))
            unit = np.eye(fan_out)
            yield Jacobian(f"db[{layer}]", None, formula, unit, _by("z", receives), columns)


def _input(layer: int) -> Formula:
    if layer == 0:
        return Symbol("x", shape="vector")
    return Symbol("h", sup=str(layer), shape="vector")


def _by(symbol: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{symbol}{j + 1}" for j in range(len(names)))
