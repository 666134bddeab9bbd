"""A whole HTML document that needs nothing else: its style and script are in it.

This file knows nothing of what the document is about.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from clearprop.explanation.markup.elements import tag, text

__all__ = ["asset", "document"]

# Nothing is loaded from anywhere, and the browser is told so.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@cache
def asset(package: str, name: str) -> str:
    """The text of a style or a script that lies in a package's folder."""
    return (files(package) / name).read_text(encoding="utf-8")


def document(title: str, style: str, script: str, *body: str) -> str:
    """A document in English with the colours and letters that all pages share.

    Args:
        title: plain text.
        style: CSS that follows the shared one.
        script: of the document's head, or "".
        body: HTML.

    Examples:
        >>> page = document("1 < 2", "", "", "<p>one</p>")
        >>> "<title>1 &lt; 2</title>" in page, "--ink:" in page, page.count("<script>")
        (True, True, 0)
    """
    head = tag(
        "head",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        tag("title", text(title)),
        tag("style", asset("clearprop.explanation.markup", "tokens.css"), style),
        tag("script", script) if script else "",
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', *body), lang='en')}\n"
