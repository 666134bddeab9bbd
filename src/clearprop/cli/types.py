"""What is typed on the command line as values: widths, names, numbers or words, rows of a table.

Knows nothing of commands.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Any

import click
import numpy as np

from clearprop.errors import ParameterError

__all__ = [
    "LayerNames",
    "LayerSizes",
    "NumberOr",
    "Rows",
    "ScorerName",
    "Widths",
    "chosen_rows",
    "is_widths",
]


class LayerSizes(click.ParamType[Any]):
    """Whole numbers with commas between them, or "none"."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From the words of the command line."""
        if isinstance(value, tuple):
            return value
        text = str(value).strip().strip("()[]").strip(", ")
        if text.lower() == "none":
            return ()
        parts = re.split(r"\s*[,x ]\s*", text)
        if not all(re.fullmatch("[0-9]{1,9}", part) and int(part) > 0 for part in parts):
            self.fail(f"{value!r} is no list of layer widths; write 64 or 64,32", param, ctx)
        return tuple(int(part) for part in parts)


class Widths(click.ParamType[Any]):
    """The widths of a whole network, from input to output: 2-3-2, 2,3,2 or 2x3x2."""

    name = "widths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From the words of the command line."""
        if isinstance(value, tuple):
            return value
        text = re.sub(r"\s", "", str(value))
        widths = [int(width) for width in re.split("[-,x]", text)] if is_widths(text) else []
        if not all(widths) or not widths:
            self.fail(f"{value!r} is no network; write its widths, such as 2,3,2", param, ctx)
        return tuple(widths)


def is_widths(text: str) -> bool:
    """Whether a model's name is a network's widths.

    Examples:
        >>> is_widths("2-3-2"), is_widths("64,32,10"), is_widths("iris.safetensors")
        (True, True, False)
    """
    return re.fullmatch(r"\d{1,9}([-,x]\d{1,9})+", text) is not None


class LayerNames(click.ParamType[Any]):
    """One name, or names with commas between them, one for each hidden layer."""

    name = "name[,name]"

    def __init__(self, names: Collection[str]) -> None:
        self.names = sorted(names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From the words of the command line."""
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",")]
        for part in parts:
            if part not in self.names:
                self.fail(f"{part!r} is not one of {', '.join(self.names)}.", param, ctx)
        return parts if len(parts) > 1 else parts[0]


class NumberOr(click.ParamType[Any]):
    """A number within an interval, or one of some words."""

    def __init__(self, number: click.ParamType[Any], words: dict[str, Any]) -> None:
        self.number, self.words = number, words
        self.name = f"{number.name.split()[0]}|{'|'.join(words)}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From the words of the command line."""
        if value in self.words:
            return self.words[value]
        try:
            return self.number.convert(value, param, ctx)
        except click.BadParameter as error:
            self.fail(f"{error.message.rstrip('.')}, nor {' or '.join(self.words)}.", param, ctx)


class ScorerName(click.ParamType[Any]):
    """A scorer's name, with the nearest offered for a mistyped one."""

    name = "name"

    def __init__(self, names: Collection[str]) -> None:
        self.names = sorted(names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From the words of the command line."""
        if value in self.names:
            return value
        near = difflib.get_close_matches(str(value), self.names)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        self.fail(f"there is no scorer {value!r}.{hint}", param, ctx)


class Rows(click.ParamType[Any]):
    """Rows of a table, from 0: "0:3" for the first three, "0,4,7", or "3" for that row."""

    name = "start:stop"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A slice, or a list of row numbers."""
        if not isinstance(value, str):
            return value
        text = re.sub(r"\s", "", value)
        span = re.fullmatch(r"([0-9]{0,9}):([0-9]{0,9})", text)
        if span and any(span.groups()):
            return slice(int(span[1] or 0), int(span[2]) if span[2] else None)
        if re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", text):
            return [int(number) for number in text.split(",")]
        self.fail(f"{value!r} names no rows; write 0:3 for the first three, or 0,4,7", param, ctx)


def chosen_rows(rows: Any, n_rows: int, source: str, *, first: int) -> Any:
    """The numbers of the rows asked for.

    Args:
        rows: what `Rows` gives; None for the first few.
        n_rows: how many there are.
        source: the table's name, for the error.
        first: how many are the first few, where there are as many.

    Raises:
        ParameterError: a row that is not there, or none at all.

    Examples:
        >>> chosen_rows(slice(1, 3), 5, "iris", first=3), chosen_rows([4, 0], 5, "iris", first=3)
        (array([1, 2]), array([4, 0]))
    """
    if rows is None:
        rows = slice(0, min(first, n_rows))
    if isinstance(rows, slice):
        chosen = np.arange(n_rows)[rows]
        beyond = rows.stop is not None and rows.stop > n_rows
    else:
        chosen = np.array(rows)
        beyond = max(rows) >= n_rows
    if beyond or len(chosen) == 0:
        raise ParameterError(
            f"--rows {_typed(rows)}: {source} has the rows 0 to {n_rows - 1}",
            remedy="Name rows of these, such as 0:3, which is the first three.",
        )
    return chosen


def _typed(rows: Any) -> str:
    """Rows as they are typed.

    Examples:
        >>> _typed(slice(0, 3)), _typed(slice(4, None)), _typed([0, 7])
        ('0:3', '4:', '0,7')
    """
    if isinstance(rows, slice):
        return f"{rows.start or 0}:{'' if rows.stop is None else rows.stop}"
    return ",".join(map(str, rows))
