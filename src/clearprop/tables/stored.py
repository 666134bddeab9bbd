"""Reading back what was stored as JSON, without trusting it: every key and every value is checked.

A stored encoding may have been damaged or edited. Whatever is wrong with it, the answer is one
`TableError` that names the key. This file knows nothing of files and of what is stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from clearprop.errors import TableError

__all__ = ["Stored", "damaged"]


def damaged(where: str, expected: str) -> TableError:
    """The error for a stored description that cannot be right."""
    return TableError(
        f"the stored {where} is damaged: expected {expected}",
        remedy="Take an undamaged copy of the model, or train it again.",
    )


class Stored:
    """A stored dictionary with exactly the given keys; each getter checks what it returns.

    Args:
        data: what was read; anything at all.
        where: what it describes, for messages.
        keys: the keys it must have, no fewer and no more.

    Raises:
        TableError: `data` is no dictionary, or has other keys.

    Examples:
        >>> Stored({"scale": 2.0}, "numeric column", ["scale"]).number("scale")
        2.0
    """

    def __init__(self, data: object, where: str, keys: Iterable[str]) -> None:
        expected = sorted(keys)
        if not isinstance(data, dict) or set(data) != set(expected):
            raise damaged(where, f"the keys {', '.join(expected)}")
        self._data: dict[str, Any] = data
        self._where = where

    def error(self, key: str, expected: str) -> TableError:
        """The error for one key."""
        return damaged(self._where, f"{key!r} to be {expected}")

    def value(self, key: str) -> Any:
        """Anything at all; whoever takes it checks it."""
        return self._data[key]

    def text(self, key: str, allowed: Iterable[str] | None = None) -> str:
        """A string, one of `allowed` if given."""
        value = self._data[key]
        options = None if allowed is None else list(allowed)
        if not isinstance(value, str) or (options is not None and value not in options):
            raise self.error(key, "a text" if options is None else f"one of {', '.join(options)}")
        return value

    def truth(self, key: str) -> bool:
        """A bool."""
        value = self._data[key]
        if not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        """An int from `low` to `high`, both allowed."""
        value = self._data[key]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.error(key, f"an integer from {low} to {high}")
        return value

    def number(self, key: str, *, positive: bool = False) -> float:
        """A finite float."""
        value = self._data[key]
        if not isinstance(value, float) or not math.isfinite(value) or (positive and value <= 0):
            raise self.error(key, f"a finite{' positive' if positive else ''} number")
        return value

    def items(self, key: str) -> list[Any]:
        """A list of anything."""
        value = self._data[key]
        if not isinstance(value, list):
            raise self.error(key, "a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings that all differ."""
        value = self.items(key)
        if not all(isinstance(item, str) for item in value) or len(set(value)) != len(value):
            raise self.error(key, "a list of texts that all differ")
        return tuple(value)
