"""The two articles' own networks, with numbers, and what is misprinted in them, evaluated.

The articles print no numbers; these are those of the documentation's pages on them. Every misprint
is confirmed there (`docs/articles/errata.md`). This file knows nothing of outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients, Passes, backward, forward, loss
from clearprop.explanation.derivation.batch import Batch, Update, as_batch
from clearprop.explanation.derivation.records import Misprint, Side
from clearprop.network import Layer, Network
from clearprop.optimizers import SGD

__all__ = ["ARTICLES", "Article"]

Array = npt.NDArray[Any]


class Article(NamedTuple):
    """An article's network and how it is shown.

    Attributes:
        title: of the derivation.
        batch: its network, parameters and three samples.
        update: the article's, or None where it has none.
        notation: the article's.
        misprints: makes the list from a batch, which may have fewer rows.
    """

    title: str
    batch: Batch
    update: Update | None
    notation: str
    misprints: Callable[[Batch], list[Misprint]]


def _passes(batch: Batch) -> tuple[Passes, Gradients]:
    passes = forward(batch.network, batch.parameters, batch.X)
    return passes, backward(batch.network, batch.parameters, passes, batch.Y)


def _sides(corrected: Any, printed: Any) -> tuple[Side, Side]:
    corrected, printed = np.asarray(corrected, np.float64), np.asarray(printed, np.float64)
    agrees = corrected.shape == printed.shape and bool(np.allclose(corrected, printed, rtol=1e-6))
    return Side("as corrected", corrected), Side("as printed", printed, agrees=agrees)


def _article_a() -> Batch:
    network = Network([2, 2, 4, 3], hidden="logistic", output="softmax", reduction="sum")
    W1, b1 = np.array([[0.2, -0.4], [0.7, 0.1]]), np.array([0.1, 0.2])
    W2 = np.array([[0.3, -0.6, 0.8, 0.5], [-0.1, 0.9, 0.4, -0.7]])
    b2 = np.array([0.05, -0.15, 0.25, 0.35])
    W3 = np.array([[0.6, -0.3, 0.2], [-0.5, 0.4, 0.7], [0.1, 0.8, -0.9], [-0.2, 0.15, 0.45]])
    b3 = np.array([0.12, -0.22, 0.32])
    X = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.8]])
    Y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    return as_batch(network, [Layer(W1, b1), Layer(W2, b2), Layer(W3, b3)], X, Y)


def _misprints_a(batch: Batch) -> list[Misprint]:
    passes, gradients = _passes(batch)
    h2 = passes.inputs[2]
    slope = h2 * (1.0 - h2)
    jacobian = np.diag(slope[0])
    printed_jacobian = jacobian.copy()
    printed_jacobian[0, 0] = h2[0, 0] * (1.0 - h2[0, 1])
    one_node = np.tile(h2[:, :1], (1, h2.shape[1]))
    swapped = np.inf if np.any(batch.Y == 0.0) else -np.sum(passes.output * np.log(batch.Y))
    return [
        Misprint(
            "z[0]", "W¹ has two rows and three columns, b¹ three entries",
            "W¹ is 2 × 2 and b¹ has two entries",
            "The first hidden layer has two nodes, and x W¹ would not fit W².",
        ),
        Misprint(
            "loss", "H(y, ŷ) (from dW³ on)", "H(ŷ, y), as it was defined",
            "With its arguments swapped it is −Σ ŷ log y, infinite for a one-hot y.",
            _sides(loss(batch.network, passes, batch.Y), swapped),
        ),
        Misprint(
            "dinput[2]", "∂z³/∂h² with entries w²", "∂z³/∂h² = (W³)ᵀ, with entries w³",
            "z³ is made with W³. W² has two rows only: there is no w²₃₁ to put there.",
        ),
        Misprint(
            "dinput[2]", "∂z³₁/∂h²₁ = ∂/∂h²₃ (…), ∂z³₁/∂h²₂ = ∂/∂h²₁ (…)",
            "by h²₁ and by h²₂ on both sides",
            "Two of the article's lines differentiate by another h than they say.",
        ),
        Misprint(
            "dW[2]", "(h²)ᵀ with the first node's index in every row",
            "row i of (h²)ᵀ holds node i of every sample",
            "With the first node in every row, all rows of dW³ would be the same.",
            _sides(gradients.dW[2], one_node.T @ gradients.delta[2]),
        ),
        Misprint(
            "db[2]", 'the bias sum "of δ³"; "gradients of h², W³, b²"',
            "the column sums of δ¹; the gradient of b³",
            "b³ has three entries, as δ¹ has columns. The column sums of δ³ make the gradient of "
            "b¹.",
            _sides(gradients.db[2], gradients.db[0]),
        ),
        Misprint(
            "delta[1]", "σ(z²₁)(1 − σ(z²₂)) at the top left of ∂h²/∂z²", "σ(z²₁)(1 − σ(z²₁))",
            "The slope of a sigmoid has one argument. (The column before it prints the row of the "
            "Jacobian, which is diagonal: the same numbers.)",
            _sides(jacobian, printed_jacobian),
        ),
    ]  # fmt: skip


def _article_b() -> Batch:
    network = Network([2, 2, 2, 2, 2], hidden="logistic", output="logistic", reduction="mean_all")
    W2, b2 = np.array([[1.2, -0.8], [0.5, 1.6]]), np.array([0.1, -0.3])
    W3, b3 = np.array([[-1.4, 0.9], [0.7, 1.1]]), np.array([0.2, -0.1])
    W4, b4 = np.array([[1.3, -0.5], [-0.6, 1.5]]), np.array([-0.4, 0.3])
    W5, b5 = np.array([[1.7, -1.2], [-0.9, 0.8]]), np.array([0.25, -0.15])
    X = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.8]])
    Y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    return as_batch(network, [Layer(W2, b2), Layer(W3, b3), Layer(W4, b4), Layer(W5, b5)], X, Y)


def _misprints_b(batch: Batch) -> list[Misprint]:
    passes, gradients = _passes(batch)
    p, Y, n = passes.output, batch.Y, batch.n_samples
    out_c = passes.inputs[3]
    cost = float(loss(batch.network, passes, Y))
    free = (1.0 - Y[-1, -1]) * np.log(1.0 - p[-1, -1])
    unbracketed = -np.sum(Y * np.log(p)) / (2 * n) + free
    first = (-Y / p + (1.0 - Y) / (1.0 - p)) / (2 * n)
    too_early = first.sum(axis=0) * (p * (1.0 - p)) * out_c[:, :1]
    twice = 1.0 / (1.0 + np.exp(-out_c))
    printed = (gradients.dinput[3] * twice * (1.0 - twice)) @ batch.parameters[2].W.T
    summed = np.tile(gradients.delta[3].sum(axis=0), (n, 1)) @ batch.parameters[3].W.T
    rounded = (p > 0.5).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_classes = -np.sum(Y * np.log(rounded) + (1.0 - Y) * np.log(1.0 - rounded)) / (2 * n)
    return [
        Misprint(
            "output", 'p is "the one-hot encoded predicted class"',
            "p holds the predicted probabilities",
            "The cost of one-hot classes has log 0 in it.",
            _sides(cost, of_classes),
        ),
        Misprint(
            "loss", "−1/(2N) Σ Σ y log p + (1 − y) log(1 − p)",
            "−1/(K N) Σ_s Σ_k (y_k log p_k + (1 − y_k) log(1 − p_k)), K = 2 outputs",
            "Both terms belong inside the sums, and the 2 is the number of outputs. Read to the "
            "letter, with the last sample's last output in the second term, it is another cost.",
            _sides(cost, unbracketed),
        ),
        Misprint(
            "dW[3]",
            "∂Cost/∂w68 = 1/(2N) Σ (−y₁/out_o8 + (1 − y₁)/(1 − out_o8)) × out_o8 (1 − out_o8) × "
            "out_h6",
            "the sum over the samples is around all three factors",
            "The last two factors differ by sample. Summed too early, the first meets some "
            "sample's other factors: one result for each sample, none of them right for a batch "
            "of several.",
            _sides(np.full(n, gradients.dW[3][0, 0]), too_early[:, 0]),
        ),
        Misprint(
            "dinput[3]", "δ8 = Δb8, a sum over the batch, in δ8 w68 + δ9 w69",
            "δ8 of each sample; their sum is Δb8",
            "The layer below weighs each sample's delta by its own outputs.",
            _sides(gradients.dinput[3], summed),
        ),
        Misprint(
            "dinput[2]", "σ(out_h6)(1 − σ(out_h6)) in ∂Cost/∂out_h4", "out_h6 (1 − out_h6)",
            "out_h6 is σ(net_h6) already; σ is not applied to it again.",
            _sides(gradients.dinput[2], printed),
        ),
    ]  # fmt: skip


def _a() -> Article:
    title = "Article A: four layers, softmax and cross-entropy"
    return Article(title, _article_a(), None, "matrix", _misprints_a)


def _b() -> Article:
    title = "Article B: five layers of sigmoids, binary cross-entropy, weight by weight"
    return Article(title, _article_b(), Update(SGD(), 0.5), "weights", _misprints_b)


ARTICLES: dict[str, Callable[[], Article]] = {"article-a": _a, "article-b": _b}
"""By the name that `explain` takes."""
