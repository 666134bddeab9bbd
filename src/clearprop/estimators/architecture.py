"""From an estimator's parameters to the network's: hidden activations, dropout, names.

This file knows nothing of data and of training.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from clearprop.activations import ACTIVATIONS, Activation, as_activation
from clearprop.errors import ParameterError
from clearprop.losses import OUTPUTS

__all__ = ["dropout_rates", "hidden_activations", "out_activation", "shared_gain"]


def _is_one(activation: Any) -> bool:
    """Whether one activation is meant for all layers: a name, a row, or a pair of functions."""
    is_pair = isinstance(activation, tuple) and len(activation) == 2
    return isinstance(activation, str | Activation) or (is_pair and all(map(callable, activation)))


def hidden_activations(activation: Any, n_hidden: int) -> tuple[str | Activation, ...]:
    """One activation for each hidden layer, as `Network` takes them.

    Args:
        activation: a name of `ACTIVATIONS`, an `Activation`, or a pair (function, derivative), for
            all hidden layers; or a list with one of these for each.
        n_hidden: number of hidden layers.

    Returns:
        Names where they are in the table, rows elsewhere.

    Raises:
        ParameterError: an unknown name, a wrong derivative, or another number of activations than
            of hidden layers.

    Examples:
        >>> hidden_activations("tanh", 2), hidden_activations(["relu", "tanh"], 2)
        (('tanh', 'tanh'), ('relu', 'tanh'))
    """
    each = (activation,) * n_hidden if _is_one(activation) else tuple(activation)
    if len(each) != n_hidden:
        raise ParameterError(
            f"activation: got {len(each)} activations for {n_hidden} hidden layers",
            remedy="Give one for all hidden layers, or a list with one for each of "
            "hidden_layer_sizes.",
        )
    rows = [as_activation(one) for one in each]
    return tuple(row.name if ACTIVATIONS.get(row.name) is row else row for row in rows)


def shared_gain(activation: Any) -> float | None:
    """The initial weights' gain where one activation is meant for all layers, as scikit-learn's.

    It holds for the output layer too, even without a hidden one; None: each layer has its own.
    """
    return as_activation(activation).initial_gain if _is_one(activation) else None


def dropout_rates(dropout: Any, n_hidden: int) -> tuple[float, ...]:
    """The share of units to leave out in each hidden layer.

    Args:
        dropout: one for all hidden layers, or a list with one for each; 0 to below 1.
        n_hidden: number of hidden layers.

    Raises:
        ParameterError: another number of shares than of hidden layers, or one outside of 0 … 1.

    Examples:
        >>> dropout_rates(0.5, 2), dropout_rates([0.1, 0.0], 2)
        ((0.5, 0.5), (0.1, 0.0))
    """
    each: list[Any] = [dropout] * n_hidden if np.ndim(dropout) == 0 else list(dropout)
    rates = tuple(float(rate) if isinstance(rate, Real) else -1.0 for rate in each)
    if len(rates) != n_hidden:
        raise ParameterError(
            f"dropout: got {len(rates)} shares for {n_hidden} hidden layers",
            remedy="Give one for all hidden layers, or a list with one for each of "
            "hidden_layer_sizes.",
        )
    if not all(0.0 <= rate < 1.0 for rate in rates):
        raise ParameterError(
            f"dropout: got {dropout!r}, expected shares of 0 to below 1",
            remedy="0.1 to 0.5 are usual; 0 leaves no unit out.",
        )
    return rates


def out_activation(output: str) -> str:
    """scikit-learn's name of an output's activation, for `out_activation_`."""
    if output == "exponential":
        return "exp"
    return "identity" if OUTPUTS[output].formula == "z" else output
