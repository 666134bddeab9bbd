"""A sheet or its key as the form that a file's ending names."""

from __future__ import annotations

from pathlib import Path

from clearprop.atomic_write import replace_file
from clearprop.errors import ParameterError
from clearprop.explanation.exercise.question import Sheet
from clearprop.explanation.exercise.writers.latex import to_latex_document
from clearprop.explanation.exercise.writers.markdown import to_markdown
from clearprop.explanation.exercise.writers.page import to_html
from clearprop.explanation.exercise.writers.text import to_text

__all__ = ["WRITERS", "require_known_ending", "save_sheet"]

WRITERS = {".html": to_html, ".md": to_markdown, ".tex": to_latex_document, ".txt": to_text}
"""Ending -> writer."""


def require_known_ending(path: str | Path, option: str = "") -> None:
    """Refuse an ending that no writer has.

    Raises:
        ParameterError: such an ending.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise ParameterError(
            f"{option or 'path'} {path}: got the ending {suffix!r}, expected one of "
            f"{', '.join(WRITERS)}",
            remedy="End the name in .html for a page that marks answers, or in .md, .tex or .txt.",
        )


def save_sheet(sheet: Sheet, path: str | Path, *, key: bool = False) -> None:
    """Write a sheet, or its answer key; a file that stands there is replaced.

    Args:
        sheet: the sheet.
        path: ends in .html, .md, .tex or .txt.
        key: whether to write the key.

    Raises:
        ParameterError: another ending.
    """
    require_known_ending(path)
    write = WRITERS[Path(path).suffix.lower()]
    replace_file(path, [write(sheet, key=key).encode()])
