"""Where a command's words go: a report for people, or one JSON document for machines.

stdout has the result, stderr everything said on the way. Where nobody reads any more, a command
goes on all the same, so that a model is still saved. Knows nothing of what is said.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from clearprop.cli.failures import leave
from clearprop.engines.default import when_compiling
from clearprop.errors import ClearpropWarning, DataWarning
from clearprop.printable import printable as shown

__all__ = ["Output", "shown"]


class _Console(Console):
    """Rich's console would end the process when its reader goes."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        leave(self.file)


class Output:
    """One command's output.

    Args:
        as_json: one JSON document at the end, and nothing else.
        quiet: warnings and errors only.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet or as_json
        plain: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
        self.stdout = _Console(file=sys.stdout, **plain)
        self.stderr = _Console(file=sys.stderr, **plain)
        self.notes: list[dict[str, str]] = []
        self._silenced: set[str] = set()

    def say(self, renderable: RenderableType = "", *, indent: int = 0) -> None:
        """A part of the report."""
        if self.quiet:
            return
        if renderable == "":
            self._write("\n")
            return
        with self.stdout.capture() as captured:
            self.stdout.print(Padding(renderable, (0, 0, 0, indent), expand=False))
        # Rich fills lines up with spaces, which get in the way of copying and comparing.
        for line in captured.get().splitlines():
            self._write(line.rstrip() + "\n")

    def note(self, text: str) -> None:
        """Something that the user should know; once."""
        self._remark("note", text)

    def warn(self, text: str) -> None:
        """Something that the user should act on; once."""
        self._remark("warning", text)

    def document(self, content: dict[str, Any]) -> None:
        """The result for machines, with the notes; written only as JSON is asked for."""
        if self.as_json:
            document = _finite({**content, "notes": self.notes})
            self._write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
        except BrokenPipeError:
            leave(sys.stdout)

    def take_warnings(self, *silenced: str) -> None:
        """Say warnings as notes from now on, and when seconds go into compiling the engine.

        The caller's `catch_warnings` ends it.

        Args:
            silenced: beginnings of messages that the report says better.
        """
        warnings.simplefilter("ignore")
        for category in (ClearpropWarning, UserWarning):
            warnings.filterwarnings("always", category=category)
        self._silenced.update(silenced)
        # The standard library's hook has more arguments, of no use here.
        warnings.showwarning = self._show  # type: ignore[assignment]  # they end in *_
        when_compiling(None if self.quiet else self._say_compiling)

    def _say_compiling(self) -> None:
        line = "Compiling the engine for this processor, once: about six seconds"
        self.stderr.print(line, soft_wrap=not self.stderr.is_terminal)

    def _show(self, message: Warning | str, category: type[Warning], *_: Any) -> None:
        text = str(message)
        if any(text.startswith(start) for start in self._silenced):
            return
        if issubclass(category, DataWarning) or not issubclass(category, ClearpropWarning):
            self.note(text)
        else:
            self.warn(text)

    def _remark(self, kind: str, text: str) -> None:
        remark = {"kind": kind, "text": text}
        if remark in self.notes:
            return
        self.notes.append(remark)
        if self.as_json:
            return
        line = Text(f"{kind}: {' '.join(map(shown, text.splitlines()))}")
        line.stylize("yellow" if kind == "warning" else "cyan", 0, len(kind) + 1)
        # Files and pipes get a remark as one line, so that it can be searched for.
        self.stderr.print(line, soft_wrap=not self.stderr.is_terminal)


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null instead."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
