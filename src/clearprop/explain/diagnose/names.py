"""Which array of a gradient a name means: "dW1", "layers.0.weight", "grads/b2", "dense_1/kernel".

This file knows nothing of shapes beyond their number of dimensions.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Name", "parse_name"]

_KINDS = (
    ("delta", r"delta|d_?z|grad_?z|errors?"),
    ("dinput", r"d_?inputs?|d_?[xha]|grad_?inputs?|grad_?[xha]"),
    ("db", r"(d_?|grad_?)?(b|bias|biases)|intercepts?_?|(b|bias)_?grad"),
    ("dW", r"(d_?|grad_?)?(w|weights?|kernel)|coefs?_?|theta|(w|weight|kernel)_?grad"),
)
_SAYS_GRADIENT = r"d_?(w|b)|.*grad.*|d_?(weights?|bias|biases|kernel)"
# Between a name's words: marks, and where letters and digits meet.
_BETWEEN = re.compile(r"[./\[\](){}\s]+|(?<=[a-zA-Z])_?(?=\d)|_(?=\d)|(?<=\d)_?(?=[a-zA-Z])")


class Name(NamedTuple):
    """What a name says.

    Attributes:
        kind: "delta", "dW", "db", "dinput"; "" where it does not say.
        number: the number in it; None where there is none.
        counts_activations: whether the number counts what a layer gives (dh1, dA1), not layers.
        is_gradient: whether it says that it is a derivative (dW0, not W0).
        is_torch: whether torch writes such names, whose weights have a row per output.
    """

    kind: str
    number: int | None
    counts_activations: bool = False
    is_gradient: bool = False
    is_torch: bool = False


def parse_name(name: str) -> Name:
    """Read an array's name, leniently.

    Examples:
        >>> parse_name("grads/dW1")[:2], parse_name("fc2.bias.grad")[:2]
        (('dW', 1), ('db', 2))
        >>> parse_name("layers.2.weight").is_torch, parse_name("dense_1/kernel:0").number
        (True, 1)
        >>> parse_name("arr_0").kind
        ''
    """
    whole = re.sub(r":\d+$", "", name.strip())
    plain = re.sub(r"[._ ]grad(ient)?s?$|^grad(ient)?s?[/._ ]", "", whole, flags=re.IGNORECASE)
    numbers = re.findall(r"\d+", plain)
    number = int(numbers[-1]) if numbers else None
    words = [word.strip("_-").lower() for word in _BETWEEN.split(plain)]
    for word in reversed(words):
        for kind, pattern in _KINDS:
            if not re.fullmatch(pattern, word):
                continue
            if word in ("dx", "d_x"):
                number = number or 0
            return Name(
                kind,
                number,
                counts_activations=kind == "dinput" and word[-1] in "ha",
                is_gradient=bool(re.fullmatch(_SAYS_GRADIENT, word)) or plain != whole,
                is_torch=bool(re.fullmatch(r"(.*\.)?(weight|bias)", plain)),
            )
    return Name("", number)
