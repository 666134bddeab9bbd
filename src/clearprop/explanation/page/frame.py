"""The page within another one: a frame for notebooks.

This file knows nothing of derivations.
"""

from __future__ import annotations

from clearprop.explanation.markup.elements import tag

__all__ = ["to_frame"]


def to_frame(page: str) -> str:
    """An `iframe` element that holds the whole page, which keeps its own style and script.

    Examples:
        >>> to_frame("<p>1</p>").partition(" style")[0]
        '<iframe srcdoc="&lt;p&gt;1&lt;/p&gt;" title="A derivation of backpropagation"'
    """
    return tag(
        "iframe",
        srcdoc=page,
        title="A derivation of backpropagation",
        style="width: 100%; height: 85vh; min-height: 30rem; border: 0",
    )
