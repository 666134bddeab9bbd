"""One door for every table: a path, the name of a bundled set, a frame, an array, a dict.

Chooses the reader and holds what all of them promise: a `Table`, or a `TableError` in the user's
words. Knows nothing of what the table is for.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from clearprop.errors import ParameterError, TableError
from clearprop.tables.bundled import BUNDLED, read_bundled
from clearprop.tables.csv_file import read_csv
from clearprop.tables.csv_plan import CsvOptions, Usual
from clearprop.tables.frames import read_array, read_frame, read_mapping
from clearprop.tables.parquet_file import read_parquet
from clearprop.tables.source_file import (
    PARQUET_MAGIC,
    Data,
    closest,
    decode_text,
    read_bytes,
    unzipped,
)
from clearprop.tables.spellings import ORDERS
from clearprop.tables.table import Table

__all__ = ["read_table"]

STANDARD_INPUT = "standard input"

_TAB = ("tab", "\\t")  # the latter is two characters: a shell does not turn them into a tab


def read_table(
    source: str | os.PathLike[str] | Mapping[str, Any] | Any,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    header: bool | None = None,
    missing: Collection[str] = (),
    text: Collection[str] = (),
    ignore: Collection[str] = (),
    dates: str | None = None,
    like: Mapping[str, Any] | None = None,
) -> Table:
    """Read a table from a file, a frame, an array, or scikit-learn's bundled sets.

    Every value is read right or the error names its line and column; what was decided on the way
    stands in the table's `notes`. The options are for CSV files.

    Args:
        source: path of a CSV file (also gzipped) or a Parquet file; "-" for what is piped in; the
            name of a bundled set
            (`digits`, `wine`, `breast_cancer`, `diabetes`, `iris`; a file of that name is reached
            as "./wine"); a pandas or polars DataFrame; an array of shape (n_rows, n_columns); a
            dict of arrays of shape (n_rows,).
        delimiter: the character between fields; found out if None. A tab may also be named "tab" or
            written as a backslash and a t, as a shell passes it on.
        encoding: the file's encoding; found out if None.
        decimal: the decimal mark, "." or ","; found out if None.
        header: whether the first line holds names; None takes it for names unless it holds numbers
            only, which is an error.
        missing: spellings that mean "no value", besides the empty field, NA, NaN, null and the
            like.
        text: names of columns to read as text whatever they hold.
        ignore: names of columns that nobody will use, whether they are there or not: what they hold
            is not looked into.
        dates: which stands first in dates such as 01/02/2026, "day-first" or "month-first"; found
            out if None.
        like: `Table.reading` of another table of this kind, as a model keeps that of its training
            table. Its `missing`, `text` and `ignore` are taken where these are empty. Its decimal
            mark and its dates' order decide what the file's own values leave open; the decimal mark
            only where the delimiter is the same too.

    Returns:
        The table.

    Raises:
        TableError: a source that cannot be read right: file, line, column, value and remedy.
        ParameterError: an option outside of what is allowed.

    Examples:
        >>> table = read_table({"ash": [2.4, None], "class": ["a", "b"]})
        >>> table.columns["ash"].n_missing, table.columns["class"].categories
        (1, ('a', 'b'))
    """
    if isinstance(source, (str, os.PathLike)):
        like = like or {}
        options = CsvOptions(
            delimiter,
            decimal,
            header,
            frozenset(missing or like.get("missing", ())),
            frozenset(text or like.get("text", ())),
            frozenset(ignore or like.get("ignore", ())),
            dates,
            Usual(
                None if decimal else like.get("decimal"),
                like.get("delimiter"),
                like.get("dates", {}),
            ),
        )
        return _read_path(source, _checked(options), encoding)
    if isinstance(source, np.ndarray):
        return read_array(source)
    if isinstance(source, Mapping):
        return read_mapping(source)
    if type(source).__module__.partition(".")[0] in {"pandas", "polars"} and hasattr(
        source, "columns"
    ):
        return read_frame(source)
    raise TableError(
        f"expected a path, a DataFrame, an array or a dict of arrays, got {type(source).__name__}",
        remedy="A list of rows becomes an array with numpy.array(rows).",
    )


def _checked(options: CsvOptions) -> CsvOptions:
    if options.delimiter in _TAB:
        options = replace(options, delimiter="\t")
    delimiter, decimal = options.delimiter, options.decimal
    if delimiter is not None and (
        len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'
    ):
        raise ParameterError(
            f"delimiter must be one ASCII character, got {delimiter!r}",
            remedy="For example ',', ';', '|' or 'tab'.",
        )
    if decimal not in {None, ".", ","}:
        raise ParameterError(f"decimal must be '.' or ',', got {decimal!r}")
    if options.dates not in {None, *ORDERS}:
        raise ParameterError(f"dates must be one of {', '.join(ORDERS)}, got {options.dates!r}")
    return options


def _read_path(source: str | os.PathLike[str], options: CsvOptions, encoding: str | None) -> Table:
    name = os.fspath(source)
    if isinstance(source, str) and source in BUNDLED:
        return read_bundled(source)
    path = Path(name)
    if name == "-" and not path.exists():
        data = sys.stdin.buffer.read()
        if not data:
            raise TableError(
                "nothing was piped in",
                source=STANDARD_INPUT,
                remedy="Name a file, or write: some-command | clearprop ... -",
            )
        return _from_bytes(unzipped(data, STANDARD_INPUT), STANDARD_INPUT, "", options, encoding)
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", name):
        raise TableError(
            "this is the address of a file elsewhere, and nothing is fetched from the network",
            source=name,
            remedy="Download it first and name the file; or pipe it in and name it -.",
        )
    if not path.exists() and not path.suffix and closest(name, list(BUNDLED)):
        raise TableError(
            "there is no such file or bundled data set",
            source=name,
            remedy=closest(name, list(BUNDLED)),
        )
    return _from_bytes(read_bytes(path, name), name, path.suffix.lower(), options, encoding)


def _from_bytes(
    data: Data, name: str, suffix: str, options: CsvOptions, encoding: str | None
) -> Table:
    if data[:4] == PARQUET_MAGIC:
        return read_parquet(data, name)
    if suffix in {".parquet", ".pq"}:
        raise TableError(
            "this is not a Parquet file (it does not begin with PAR1)",
            source=name,
            remedy="If it is CSV, give it the suffix .csv; otherwise export it again.",
        )
    return read_csv(decode_text(data, name, encoding), name, options)
