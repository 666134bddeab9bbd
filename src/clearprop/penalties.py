"""The L2 penalty beside its derivative.

    penalty = factor * l2 / 2 * sum of the squares of all weights        dW += factor * l2 * W

The factor is the loss's own (`losses.reduction_factor`), so a batch's penalty and its data loss are
divided by the same number, as in scikit-learn. Biases are not penalised. This file knows nothing of
passes or training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from array_api_compat import array_namespace

from clearprop.network import Layer

__all__ = ["l2_gradient", "l2_penalty"]

Array = Any  # an array of any library that follows the Array API standard


def l2_penalty(parameters: Sequence[Layer], l2: float, factor: Any = 1.0) -> Any:
    """factor * l2 / 2 * sum of squared weights.

    Args:
        parameters: one `Layer(W, b)` per layer; a stack of weights gives a stack of penalties.
        l2: strength, scikit-learn's `alpha`; 0 or more.
        factor: the loss's reduction factor.

    Returns:
        A number, or a zero-dimensional array.

    Examples:
        >>> import numpy as np
        >>> float(l2_penalty([Layer(np.array([[3.0, 4.0]]), np.array([9.0, 9.0]))], l2=0.1))
        1.25
    """
    squares: Any = 0.0
    for W, _ in parameters:
        squares = squares + array_namespace(W).sum(W * W, axis=(-2, -1))
    return factor * (0.5 * l2) * squares


def l2_gradient(W: Array, l2: float, factor: Any = 1.0) -> Array:
    """dPenalty/dW = factor * l2 * W.

    Examples:
        >>> import numpy as np
        >>> l2_gradient(np.array([[3.0, 4.0]]), l2=0.5)
        array([[1.5, 2. ]])
    """
    return (factor * l2) * W
