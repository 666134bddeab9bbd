"""Questions about sums over the samples: their shares, the mean, the bias's sum of columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearprop.explanation.derivation.comparisons.case import MOST_PARTS, Case
from clearprop.explanation.derivation.records import Comparison
from clearprop.explanation.wording import counted

__all__ = ["column_sums", "reductions", "shares"]


def shares(case: Case) -> Iterator[Comparison]:
    """The samples' shares of dW."""
    if not case.is_small:
        return
    layer, numbers = case.last, case.numbers
    h, delta = numbers.passes.inputs[layer], numbers.gradients.delta[layer]
    shares = np.einsum("si,sj->sij", h, delta, dtype=np.float64)
    dW = numbers.gradients.dW[layer]
    told = f"adds up the {len(shares)} shares" if len(shares) > 1 else "is here the only one's"
    yield Comparison(
        "shares", f"dW[{layer}]", "Where are the samples in dW?",
        f"Every sample has its own share, its input as a column times its delta as a row. The "
        f"product input^T delta {told}.",
        (
            case.side("input^T delta", dW),
            case.side("sum of the samples' shares", np.sum(shares, axis=0), dW),
        ),
        tuple(
            case.side(f"share of {name}", share)
            for name, share in zip(case.names[:MOST_PARTS], shares, strict=False)
        ),
        asked_at="stats.stackexchange.com 373163; keract issue 30",
    )  # fmt: skip


def reductions(case: Case) -> Iterator[Comparison]:
    """The sum and the means of the samples."""
    if not case.is_small:
        return
    batch, numbers = case.batch, case.numbers
    layer, network = case.last, batch.network
    dW = np.asarray(numbers.gradients.dW[layer], np.float64)
    summed = dW / batch.factor
    n, k = batch.n_samples, network.sizes[-1]
    total, n_words, told = float(n), "N", ""
    if batch.sample_weight is not None:
        weights = float(np.sum(batch.sample_weight))
        total, n_words = weights or 1.0, "S"
        told = f", and the weights add up to S = {weights:g}"
        told += "" if weights else ", in whose place a mean has 1"
    yield Comparison(
        "reductions", f"dW[{layer}]", "Is it the sum or the mean?",
        f"That is a choice of the loss, and every derivative inherits it. This network's is "
        f"{network.reduction!r}. With a sum the gradient grows with the batch, and so must the "
        "learning rate shrink; with a mean it does not. "
        f"Here N = {counted(n, 'sample')} and K = {counted(k, 'output')}{told}.",
        (
            case.side(f"dW as it is here, {network.reduction!r}", dW),
            case.side('x 1, "sum"', summed, dW),
            case.side(f'x 1/{n_words}, "mean"', summed / total, dW),
            case.side(f'x 1/(K {n_words}), "mean_all"', summed / (k * total), dW),
        ),
        asked_at="stats.stackexchange.com 373163",
    )  # fmt: skip


def column_sums(case: Case) -> Iterator[Comparison]:
    """Why the bias's gradient is a sum of columns."""
    layer = case.last
    delta, db = case.numbers.gradients.delta[layer], case.numbers.gradients.db[layer]
    unit = np.eye(delta.shape[1])
    yield Comparison(
        "column_sums", f"db[{layer}]", "Why is the bias's gradient a sum of columns?",
        "One bias goes to every sample. Its Jacobian dz/db is the unit matrix, so each sample's "
        "share is its own row of delta, and the shares add up.",
        (
            case.side("db", db),
            case.side("sum over the samples of delta_s I", np.einsum("sk,kj->j", delta, unit), db),
        ),
        tuple(
            case.side(f"delta of {name}", row)
            for name, row in zip(case.names[:MOST_PARTS], delta, strict=False)
        ),
        asked_at="stats.stackexchange.com 373163",
    )  # fmt: skip
