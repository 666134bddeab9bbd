"""The records' sentences as HTML: steps named in them become links, formulas get their letters.

"delta[1] needs sigma'(z_j)"    ->    <a href="#delta-1">…</a> needs σ′(z<sub>j</sub>)
"""

from __future__ import annotations

import re

from clearprop.explanation.markup.elements import text
from clearprop.explanation.page.contents import Contents

__all__ = ["prose", "typeset"]

_STEP = re.compile(r"\b\w+\[\d+\]")
_LETTERS = (
    (re.compile(r"yhat"), "y\u0302"),
    (re.compile(r"\bsigma'"), "σ′"),
    (re.compile(r"\bsigma\b"), "σ"),
    (re.compile(r"\bepsilon\b"), "ε"),
    (re.compile(r"`(\w+)`"), r"<code>\1</code>"),
    (re.compile(r"\^T\b"), "ᵀ"),
    (re.compile(r"(?<=\S) o (?=\S)"), " ∘ "),
    (re.compile(r"\bx (?=1\b)"), "× "),
    (re.compile(r"(?<=[\w)])_(\w)\b"), r"<sub>\1</sub>"),
    (re.compile(r" - (?=[\w(])"), " − "),
)


def typeset(words: str) -> str:
    """Words as HTML, with the letters that plain text has not.

    Examples:
        >>> typeset("sigma'(z_j) o W^T")
        'σ′(z<sub>j</sub>) ∘ Wᵀ'
    """
    written = text(words)
    for pattern, letters in _LETTERS:
        written = pattern.sub(letters, written)
    return written


def prose(contents: Contents, words: str) -> str:
    """The same, and a step that is named is a link."""
    parts, end = [], 0
    for name in _STEP.finditer(words):
        if name[0] in contents.records:
            parts += [typeset(words[end : name.start()]), contents.link(name[0])]
            end = name.end()
    return "".join([*parts, typeset(words[end:])])
