"""Training as it goes on: a bar on a terminal, a line every few seconds elsewhere, or nothing.

Knows nothing of what is trained: it is told of `Progress` and shows it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from clearprop.cli.output import Output
from clearprop.training import Callback, Progress

__all__ = ["shown_progress"]

SECONDS_BETWEEN_LINES = 5.0
NARROW = 70  # columns below which the time left goes


def _duration(seconds: float) -> str:
    """Seconds as a person says them.

    Examples:
        >>> _duration(7.2), _duration(75), _duration(7300)
        ('8 s', '1:15 min', '2:01 h')
    """
    whole = int(seconds) + (seconds > int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _numbers(progress: Progress, is_loss: bool) -> str:
    words = [f"loss {progress.loss:.4f}"]
    if progress.score is not None:
        score = -progress.score if is_loss else progress.score
        words.append(f"validation {score:.4f}")
    return "  ".join(words)


def _left(progress: Progress) -> str:
    left = progress.seconds_left
    return "" if left is None else f"{_duration(left)} left at most"


class _BarShown(Callback):
    def __init__(self, bar: Bar, is_loss: bool) -> None:
        self._bar, self._is_loss = bar, is_loss
        self._task = bar.add_task("", total=None, numbers="", left="", epoch="")

    def on_progress(self, progress: Progress) -> None:
        self._bar.update(
            self._task,
            total=progress.max_epochs,
            completed=progress.epoch + progress.position / progress.steps_per_epoch,
            epoch=f"epoch {progress.epoch} of {progress.max_epochs}",
            numbers=_numbers(progress, self._is_loss),
            left=_left(progress),
        )

    def on_epoch(self, progress: Progress) -> None:
        self.on_progress(progress)


class _LinesShown(Callback):
    def __init__(self, console: Console, is_loss: bool) -> None:
        self._console, self._is_loss = console, is_loss
        self._shown = time.monotonic()

    def on_progress(self, progress: Progress) -> None:
        if time.monotonic() - self._shown < SECONDS_BETWEEN_LINES:
            return
        self._shown = time.monotonic()
        numbers, left = _numbers(progress, self._is_loss), _left(progress)
        line = f"epoch {progress.epoch} of {progress.max_epochs}  {numbers}  {left}"
        self._console.print(line.rstrip(), soft_wrap=True)

    def on_epoch(self, progress: Progress) -> None:
        self.on_progress(progress)


@contextlib.contextmanager
def shown_progress(output: Output, *, is_loss: bool) -> Iterator[list[Callback]]:
    """Callbacks that show progress on stderr while the context lasts.

    Args:
        output: decides whether and how.
        is_loss: whether the validation score is a negative loss, to be shown as the loss.
    """
    if output.quiet:
        yield []
    elif not output.stderr.is_terminal:
        yield [_LinesShown(output.stderr, is_loss)]
    else:
        columns = [
            TextColumn("{task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[numbers]}"),
        ]
        if output.stderr.width >= NARROW:
            columns.append(TextColumn("[dim]{task.fields[left]}"))
        with Bar(*columns, console=output.stderr, transient=True, expand=True) as bar:
            yield [_BarShown(bar, is_loss)]
