"""Text from the user's data, fit to be shown. This file knows nothing of where it is shown."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    r"""The text on one line: what does not print, such as a terminal's codes, is spelled out.

    Examples:
        >>> print(printable("\x1b[31mred\n"))
        \x1b[31mred\n
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
