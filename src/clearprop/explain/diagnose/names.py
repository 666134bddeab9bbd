"""Which array of a gradient a name means: "dW1", "layers.0.weight", "grads/b2", "dense_1/kernel".

This file knows nothing of shapes beyond their number of dimensions.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Name", "parse_name"]

_KINDS = (
    ("delta", r"delta|d_?z|grad_?z|errors?"),
    ("dinput", r"d_?inputs?|d_?x|d_?h|d_?a|grad_?inputs?|grad_?[xha]"),
    ("db", r"d_?b|db|b|bias|biases|intercepts?_?|grad_?b|b_?grad|bias_?grad|grad_?bias"),
    (
        "dW",
        r"d_?w|w|weights?|kernel|coefs?_?|theta|grad_?w|w_?grad|weight_?grad|grad_?weights?",
    ),
)


class Name(NamedTuple):
    """What a name says.

    Attributes:
        kind: "delta", "dW", "db", "dinput"; "" where it does not say.
        number: the number in it; None where there is none.
        counts_activations: whether the number counts what a layer gives (dh1, dA1), not layers.
        is_torch: whether torch writes such names, whose weights have a row per output.
    """

    kind: str
    number: int | None
    counts_activations: bool = False
    is_torch: bool = False


def parse_name(name: str) -> Name:
    """Read an array's name, leniently.

    Examples:
        >>> parse_name("grads/dW1")
        Name(kind='dW', number=1, counts_activations=False, is_torch=False)
        >>> parse_name("layers.2.weight").is_torch, parse_name("dense_1/kernel:0").number
        (True, 1)
        >>> parse_name("arr_0").kind
        ''
    """
    plain = re.sub(r":\d+$", "", name.strip())
    plain = re.sub(r"[.\[/_ ]?(grad|gradients?)\]?$", "", plain, flags=re.IGNORECASE) or plain
    numbers = re.findall(r"\d+", plain)
    number = int(numbers[-1]) if numbers else None
    parts = [part for part in re.split(r"[./\[\](){}\s]+|(?<=[a-zA-Z])_?(?=\d)|_(?=\d)|(?<=\d)_?(?=[a-zA-Z])", plain) if part]
    for part in reversed(parts):
        for kind, pattern in _KINDS:
            word = part.strip("_-").lower()
            if re.fullmatch(pattern, word):
                of_activations = kind == "dinput" and word.lstrip("grad_")[-1:] in ("h", "a")
                is_torch = bool(re.fullmatch(r"(.*\.)?(\w+\.)?(weight|bias)", plain))
                if kind == "dinput" and number is None and word[-1] == "x":
                    number = 0
                return Name(kind, number, of_activations, is_torch)
    return Name("", number)
