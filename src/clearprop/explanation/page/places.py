"""Where a step's entries stand in the drawing of the network.

    input[l], dinput[l]                 the nodes of column l
    z[l], delta[l], b[l], db[l] …       the nodes of column l + 1
    W[l], dW[l] …                       the edges from column l to l + 1

A place is written "node-2", "edge-0" or "loss". The script finds what to light from it: a node by
an entry's last index, an edge by both.
"""

from __future__ import annotations

import re

__all__ = ["is_weight", "layer_of", "place"]

_SAME_COLUMN = {"input", "dinput"}
_NEXT_COLUMN = {
    *("z", "delta", "sigma_prime", "dropout"),
    *("b", "db", "db_total", "b_step", "b_new"),
}
_EDGES = {"W", "dW", "dW_total", "W_step", "W_new"}
_OUTPUTS = {"output", "doutput", "Y", "loss_terms"}
_LOSS = {"loss", "penalty", "total_loss", "new_loss"}


def layer_of(step: str) -> tuple[str, int | None]:
    """The kind of a step and its layer's index.

    Examples:
        >>> layer_of("dW[2]"), layer_of("loss")
        (('dW', 2), ('loss', None))
    """
    found = re.fullmatch(r"(\w+)\[(\d+)\]", step)
    return (found[1], int(found[2])) if found else (step, None)


def place(step: str, n_layers: int) -> str | None:
    """Where the entries of a step stand in the drawing; None where they have no place.

    Examples:
        >>> place("delta[0]", 3), place("dW[0]", 3), place("output", 3)
        ('node-1', 'edge-0', 'node-3')
    """
    kind, layer = layer_of(step)
    if layer is not None:
        if kind in _SAME_COLUMN:
            return f"node-{layer}"
        if kind in _NEXT_COLUMN:
            return f"node-{layer + 1}"
        if kind in _EDGES:
            return f"edge-{layer}"
    if kind in _OUTPUTS:
        return f"node-{n_layers}"
    return "loss" if kind in _LOSS else None


def is_weight(step: str) -> bool:
    """Whether each entry of a step belongs to one weight.

    Examples:
        >>> is_weight("dW[2]"), is_weight("db[2]")
        (True, False)
    """
    return layer_of(step)[0] in _EDGES
