"""The table of mistakes for others: a gradient with a mistake in it, and where one can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clearprop.backprop import Gradients
from clearprop.errors import ParameterError
from clearprop.explain.diagnose.case import Case, make_case
from clearprop.explain.diagnose.mistake import Planted
from clearprop.explain.diagnose.mistakes import MISTAKES
from clearprop.explain.diagnose.planting import planted_pass
from clearprop.network import Layer, Network

__all__ = ["mistaken_gradients", "possible_mistakes"]


def possible_mistakes(
    network: Network,
    parameters: Sequence[Layer],
    X: Any,
    Y: Any,
    *,
    sample_weight: Any = None,
    l2: float = 0.0,
) -> dict[str, tuple[int, ...]]:
    """Which mistakes can be made with a network on a batch, and at which layers.

    Args:
        network: the network.
        parameters: one `Layer(W, b)` per layer.
        X: batch, shape (n_samples, sizes[0]).
        Y: targets, shape (n_samples, sizes[-1]).
        sample_weight: shape (n_samples,), or None.
        l2: strength of the L2 penalty.

    Returns:
        Name in `MISTAKES` -> layers; mistakes that cannot be made are left out. One that can be
        made may still change nothing on this batch, as relu's sigma' of h.

    Examples:
        >>> import numpy as np
        >>> network = Network([2, 2, 1], output="logistic", reduction="sum")
        >>> X, Y = np.ones((1, 2)), np.ones((1, 1))
        >>> possible = possible_mistakes(network, network.initialize(0), X, Y)
        >>> possible["missing sigma'"], possible["missing transpose of W"]
        ((0,), (0,))
        >>> "softmax Jacobian applied twice" in possible
        False
    """
    case = make_case(network, parameters, X, Y, sample_weight=sample_weight, l2=l2)
    places = {name: tuple(mistake.where(case)) for name, mistake in MISTAKES.items()}
    return {name: layers for name, layers in places.items() if layers}


def mistaken_gradients(
    network: Network,
    parameters: Sequence[Layer],
    X: Any,
    Y: Any,
    mistake: str,
    layer: int | Iterable[int] | None = None,
    *,
    coefficient: float = 0.1,
    sample_weight: Any = None,
    l2: float = 0.0,
) -> Gradients:
    """The gradient that somebody gets who makes a mistake of `MISTAKES`.

    Args:
        network: the network.
        parameters: one `Layer(W, b)` per layer.
        X: batch, shape (n_samples, sizes[0]).
        Y: targets, shape (n_samples, sizes[-1]).
        mistake: a name of `MISTAKES`.
        layer: where it is made, or several layers; None: at every layer where it can be.
        coefficient: the number in its formula, such as the learning rate, where it has one.
        sample_weight: shape (n_samples,), or None.
        l2: strength of the L2 penalty.

    Returns:
        `Gradients`; what lies below the mistake has inherited it.

    Raises:
        ParameterError: an unknown mistake, or one that cannot be made there.

    Examples:
        >>> import numpy as np
        >>> network = Network([1, 1], output="identity", reduction="sum")
        >>> parameters = [Layer(np.array([[2.0]]), np.array([1.0]))]
        >>> X, Y = np.array([[3.0]]), np.array([[5.0]])
        >>> mistaken_gradients(network, parameters, X, Y, "sign").dW[0]
        array([[-6.]])
    """
    case = make_case(network, parameters, X, Y, sample_weight=sample_weight, l2=l2)
    return planted_pass(case, [_planted(case, mistake, layer, coefficient)])


def _planted(
    case: Case, mistake: str, layer: int | Iterable[int] | None, coefficient: float
) -> Planted:
    if mistake not in MISTAKES:
        raise ParameterError(
            f"mistake: got {mistake!r}, expected one of {', '.join(map(repr, MISTAKES))}",
            remedy="Choose a name of clearprop.explain.diagnose.MISTAKES.",
        )
    row = MISTAKES[mistake]
    possible = row.where(case)
    if layer is None or row.site == "all":
        layers = tuple(possible)
    else:
        layers = (layer,) if isinstance(layer, int) else tuple(layer)
    if not layers or not set(layers) <= set(possible):
        where = f"at layers {possible}" if possible else "nowhere here"
        raise ParameterError(
            f"layer: {mistake!r} cannot be made at {list(layers)}: it can be made {where}",
            remedy="Ask possible_mistakes for what can be made with this network and batch.",
        )
    return Planted(row, layers, coefficient)
