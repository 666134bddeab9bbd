"""Counts and lists in words: "1 sample", "3 samples", "2, 3 and 2"."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["counted", "listed"]


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what is counted.

    Args:
        number: from 0.
        one: the noun, or more, of one thing.
        many: of several; "" for the same with an s.

    Examples:
        >>> counted(1, "sample"), counted(3, "sample"), counted(2, "entry", "entries")
        ('1 sample', '3 samples', '2 entries')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(things: Iterable[object]) -> str:
    """Things one after another.

    Examples:
        >>> listed([2, 3, 2]), listed(["tanh"])
        ('2, 3 and 2', 'tanh')
    """
    *first, last = map(str, things)
    return f"{', '.join(first)} and {last}" if first else last
