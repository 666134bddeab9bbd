"""A line of words with formulas in it, written as plain text, HTML, LaTeX or Markdown.

    ("What is ", Symbol("delta", "2,1", "1"), "?")      What is δ¹_{2,1}?

This file knows nothing of exercises.
"""

from __future__ import annotations

from html import escape

from clearprop.explanation.formula.latex import escape as latex_escape
from clearprop.explanation.formula.latex import to_latex
from clearprop.explanation.formula.mathml import to_mathml
from clearprop.explanation.formula.names import GREEK, SUPERSCRIPTS
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula

__all__ = ["Line", "html_line", "latex_line", "markdown_line", "plain_line"]

Line = tuple[str | Formula, ...]
"""Words and formulas, in order; spaces between them belong to the words."""

_MARKDOWN_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>#|$"})


def plain_line(line: Line, *, ascii_only: bool = False) -> str:
    """As plain text.

    Examples:
        >>> from clearprop.explanation.formula.tree import Symbol
        >>> print(plain_line(("What is ", Symbol("delta", "2,1", "1"), "?")))
        What is δ¹_{2,1}?
    """
    return "".join(
        (_in_ascii(part) if ascii_only else part)
        if isinstance(part, str)
        else to_plain(part, ascii_only=ascii_only)
        for part in line
    )


_ASCII = str.maketrans(
    {
        **{letter: name for name, letter in GREEK.items()},
        **{raised: f"^{plain}" for plain, raised in SUPERSCRIPTS.items() if plain.isalnum()},
        "−": "-", "×": "x", "·": "*", "∘": "o", "∂": "d", "ŷ": "yhat", "′": "'", "ᵀ": "^T",
        "\u00a0": " ",
    }
)  # fmt: skip


def _in_ascii(words: str) -> str:
    return words.translate(_ASCII)


def html_line(line: Line) -> str:
    """As HTML, formulas in MathML.

    Examples:
        >>> html_line(("0 < 1",))
        '0 &lt; 1'
    """
    return "".join(
        escape(part, quote=False) if isinstance(part, str) else to_mathml(part) for part in line
    )


def latex_line(line: Line) -> str:
    r"""As LaTeX, formulas in math mode.

    Examples:
        >>> from clearprop.explanation.formula.tree import Symbol
        >>> print(latex_line(("half of ", Symbol("z", "1"), " & more")))
        half of $z_{1}$ \& more
    """
    return "".join(
        latex_escape(part) if isinstance(part, str) else f"${to_latex(part)}$" for part in line
    )


def markdown_line(line: Line) -> str:
    r"""As Markdown, formulas in LaTeX between dollars.

    Examples:
        >>> from clearprop.explanation.formula.tree import Symbol
        >>> print(markdown_line(("W[0] and ", Symbol("z", "1"))))
        W\[0\] and $z_{1}$
    """
    return "".join(
        part.translate(_MARKDOWN_SPECIAL) if isinstance(part, str) else f"${to_latex(part)}$"
        for part in line
    )
