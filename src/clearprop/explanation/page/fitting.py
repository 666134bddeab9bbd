"""How wide words are in the drawing, and how long ones are shortened to fit.

A page is written without knowing the reader's fonts, so widths are estimated, and rather too wide.
"""

from __future__ import annotations

import unicodedata

__all__ = ["shortened", "width_of"]

ELLIPSIS = "…"
NARROW, WIDE = set("iljtfrI|!.,:;'()[]/- "), set("mwMW@%&ÆŒæœ—…")


def width_of(words: str) -> float:
    """How wide words are in a font without serifs, at most, in units of the font's size.

    Examples:
        >>> width_of("MW") > 2 * width_of("ii")
        True
    """
    return sum(map(_width, words))


def _width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF" or character in WIDE:
        return 1.0
    if character in NARROW:
        return 0.42
    return 0.78 if character.isupper() else 0.64


def shortened(words: str, widest: float) -> str:
    """Words that fit: those of a long name are left out in its middle, as its ends tell it apart.

    Args:
        words: the name.
        widest: how wide it may be, as `width_of` counts.

    Examples:
        >>> shortened("native-country=United-States", 9.0), shortened("age", 9.0)
        ('native-…-States', 'age')
    """
    if width_of(words) <= widest:
        return words
    begin, end = "", ""
    for front, back in zip(words, reversed(words), strict=True):
        if width_of(f"{begin}{front}{ELLIPSIS}{end}") > widest:
            break
        begin += front
        if width_of(f"{begin}{ELLIPSIS}{back}{end}") > widest:
            break
        end = back + end
    return begin + ELLIPSIS + end
