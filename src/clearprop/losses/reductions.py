"""What the sum over the samples is divided by."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from clearprop.losses.common import Array

__all__ = ["REDUCTIONS", "reduction_factor"]

REDUCTIONS: dict[str, str] = {
    "sum": "the sum over the samples (article A)",
    "mean": "the mean over the samples (scikit-learn)",
    "mean_all": "the mean over samples and outputs (article B's 1/(2N) for two outputs)",
}
"""Every reduction by name, with what it means."""


def reduction_factor(
    reduction: str, n_samples: int, n_outputs: int, sample_weight: Array | None = None
) -> Any:
    """What the weighted sum of the samples' losses is multiplied by.

    "sum": 1; "mean": 1/S; "mean_all": 1/(K S), with S the sum of the sample weights (N without
    weights, as in scikit-learn) and K the number of outputs.

    Args:
        reduction: a name of `REDUCTIONS`.
        n_samples: N.
        n_outputs: K.
        sample_weight: shape (n_samples,), or None for weights of 1.

    Returns:
        A number, or a zero-dimensional array where there are weights.

    Examples:
        >>> reduction_factor("mean_all", n_samples=4, n_outputs=2)
        0.125
    """
    if reduction == "sum":
        return 1.0
    total: Any = n_samples
    if sample_weight is not None:
        xp = array_namespace(sample_weight)
        weight_sum = xp.sum(sample_weight)
        # A batch whose weights are all zero has loss and gradient zero, not 0/0.
        total = xp.where(weight_sum == 0, xp.ones_like(weight_sum), weight_sum)
    return 1.0 / (total * n_outputs if reduction == "mean_all" else total)
