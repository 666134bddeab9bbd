"""Questions about the products: their order, their transposes, and the one entry by entry."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearprop.explanation.derivation.comparisons.case import MOST_WEIGHTS, Case
from clearprop.explanation.derivation.jacobians import (
    diagonal_jacobian,
    kronecker_jacobian,
)
from clearprop.explanation.derivation.numbers import sigma_prime
from clearprop.explanation.derivation.records import Comparison

__all__ = ["hadamard", "kronecker", "orientation"]


def orientation(case: Case) -> Iterator[Comparison]:
    """Whether samples are rows or columns."""
    X, (W, b) = case.batch.X, case.batch.parameters[0]
    rows = case.numbers.passes.z[0]
    columns = W.T @ X.T + b[:, None]
    yield Comparison(
        "orientation", "z[0]", "Is it xW or Wx?",
        "Both are written. With a row per sample it is X W + b; with a column per sample, W^T X + "
        f"b. Here X W + b has shape {rows.shape}, W^T X + b has shape {columns.shape}: the same "
        "numbers, transposed. W is one matrix in both, as long as its rows are the nodes that "
        "send; a library that keeps W with a row for each node that receives (PyTorch's Linear) "
        "writes X W^T + b.",
        (case.side("X W + b", rows), case.side("(W^T X + b)^T", columns.T, rows)),
        asked_at="datascience.stackexchange.com 76545",
    )  # fmt: skip


def kronecker(case: Case) -> Iterator[Comparison]:
    """Why the input is transposed in dW."""
    layer, numbers = case.last, case.numbers
    fan_in, fan_out = case.batch.network.sizes[layer:]
    if fan_in * fan_out**2 > MOST_WEIGHTS:
        return
    h, delta = numbers.passes.inputs[layer], numbers.gradients.delta[layer]
    jacobian = kronecker_jacobian(h[0], fan_out)
    outer = np.outer(h[0], delta[0])
    long_way = (np.asarray(delta[0], np.float64) @ jacobian).reshape(fan_in, fan_out)
    yield Comparison(
        "kronecker", f"dW[{layer}]", "Why is the input transposed in dW?",
        "By the chain rule, delta is multiplied by the Jacobian of z by all weights at once. That "
        "Jacobian is almost all zeros: z_k depends on the weights of its own column only. What is "
        f"left for {case.names[0]} is its input, as a column, times its delta, as a row.",
        (
            case.side("input^T delta", outer),
            case.side("delta dz/dW, laid out as W", long_way, outer),
        ),
        (case.side("dz/dW, a column for each weight", jacobian, like=""),),
        asked_at="stats.stackexchange.com 478781",
    )  # fmt: skip


def hadamard(case: Case) -> Iterator[Comparison]:
    """Why the full product is one entry by entry."""
    layer, numbers = case.last - 1, case.numbers
    width = case.batch.network.sizes[layer + 1]
    if width**2 > MOST_WEIGHTS:
        return
    dinput = np.asarray(numbers.gradients.dinput[layer + 1], np.float64)
    slope = np.asarray(sigma_prime(case.batch.network, numbers.passes, layer), np.float64)
    full = np.stack([row @ np.diag(slopes) for row, slopes in zip(dinput, slope, strict=True)])
    yield Comparison(
        "hadamard", f"delta[{layer}]",
        "Why does the matrix product become a product entry by entry?",
        "By the chain rule, what came back to h is multiplied by the Jacobian dh/dz. h_j depends "
        "on z_j and on no other z, so that Jacobian is diagonal; and a row times a diagonal matrix "
        "is the row times the diagonal, entry by entry.",
        (
            case.side("dinput o sigma'(z)", dinput * slope),
            case.side("dinput (dh/dz), the full product", full, dinput * slope),
        ),
        (
            case.side(
                f"dh/dz of {case.names[0]}",
                diagonal_jacobian(case.batch, numbers, layer, 0),
                like="",
            ),
        ),
        asked_at="stats.stackexchange.com 478781; discuss.pytorch.org 116242; article A's readers",
    )  # fmt: skip
