"""What each column of a table is used as, and why: its role.

The rules look at one column at a time and at nothing else, so a column's role never depends on its
neighbours. Nothing is set aside without a reason in words. docs/encoding.md lists the rules for
users. This file knows nothing of how a role is turned into numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import TableError
from clearprop.tables.convert import distinct_values, is_exact_in_float64, missing_rows
from clearprop.tables.source_file import closest
from clearprop.tables.table import Column, Table

__all__ = [
    "MAX_CATEGORIES",
    "ROLES",
    "SET_ASIDE",
    "TARGET",
    "ColumnProfile",
    "frequent_categories",
    "profile_columns",
    "smallest_category",
]

Array = npt.NDArray[Any]

TARGET = "target"
SET_ASIDE = "set aside"
LEFT_OUT = "left out, as asked"
ROLES = ("numeric", "boolean", "category", "datetime", TARGET, SET_ASIDE)
"""Every role; the first four become features."""

MAX_CATEGORIES = 50  # columns of the network's input that one text column may take
MIN_COVERAGE = 0.5  # share of the rows that the kept categories must cover
IDENTIFIER_SHARE = 0.9  # share of distinct values from which a column named like an id is one
ROW_NUMBER_ROWS = 20  # with fewer rows, 1 2 3 … is as likely a measure as a row number
FREE_TEXT_WORDS = 3  # mean number of words from which text is called free text
IDENTIFIER_WORDS = {"id", "ids", "identifier", "uuid", "guid", "key", "index", "idx", "rowid"}
ROLE_OF_KIND = {"float": "numeric", "integer": "numeric"}  # boolean, datetime: as their kind


@dataclass(frozen=True)
class ColumnProfile:
    """What a column is used as.

    Attributes:
        name: as it stands in the header.
        kind: what its values are: "float", "integer", "boolean", "datetime" or "text".
        role: one of `ROLES`.
        reason: why it is set aside, or what is particular about its use; may be "".
        n_missing: number of rows without a value.
        n_distinct: number of distinct values, missing not counted.
    """

    name: str
    kind: str
    role: str
    reason: str
    n_missing: int
    n_distinct: int

    @property
    def is_used(self) -> bool:
        """Whether the column becomes features."""
        return self.role not in (TARGET, SET_ASIDE)


def smallest_category(n_present: int) -> int:
    """How often a category must occur to be no rare one: 1 % of the rows, at least 2, at most 10.

    Examples:
        >>> [smallest_category(n) for n in (5, 299, 300, 5000)]
        [2, 2, 3, 10]
    """
    return min(max(n_present // 100, 2), 10)


def frequent_categories(column: Column) -> tuple[Array, Array]:
    """The codes of a text column's categories, split into frequent and rare ones.

    Frequent are those with `smallest_category` rows or more, of these the `MAX_CATEGORIES` with the
    most rows (ties: in alphabetical order). The order of the rows does not matter.

    Args:
        column: a text column.

    Returns:
        Codes of the frequent and of the rare categories in use, each in alphabetical order.
    """
    categories = column.categories or ()
    counts = np.bincount(column.values[~column.missing], minlength=len(categories))
    in_use = sorted(np.flatnonzero(counts).tolist(), key=categories.__getitem__)
    enough = [code for code in in_use if counts[code] >= smallest_category(int(counts.sum()))]
    chosen = set(sorted(enough, key=lambda code: -int(counts[code]))[:MAX_CATEGORIES])
    frequent = [code for code in in_use if code in chosen]
    rare = [code for code in in_use if code not in chosen]
    return np.array(frequent, dtype=np.int64), np.array(rare, dtype=np.int64)


def is_named_like_identifier(name: str) -> bool:
    """Whether a name's first or last word is one that names identifiers.

    Examples:
        >>> [is_named_like_identifier(name) for name in ("PassengerId", "row_id", "id 2", "acid")]
        [True, True, True, False]
    """
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return bool(words) and bool(IDENTIFIER_WORDS & {words[0], words[-1]})


def _why_identifier(column: Column, distinct: Array, n_present: int) -> str:
    """The reason why an integer column looks like an identifier, or ""."""
    named_like_one = is_named_like_identifier(column.name)
    if named_like_one and len(distinct) >= IDENTIFIER_SHARE * n_present:
        return (
            f"identifier-like: its name, and {len(distinct):,} different values in {n_present:,} "
            "rows"
        )
    all_differ = len(distinct) == n_present >= ROW_NUMBER_ROWS
    if all_differ and distinct[0] >= 0 and distinct[-1] < 2 * n_present:
        return (
            f"identifier-like: the whole numbers {distinct[0]} to {distinct[-1]}, each once at most"
        )
    return ""


def _why_no_categories(column: Column, n_distinct: int, n_present: int, *, keep: bool) -> str:
    """The reason why a text column cannot be taken as categories, or ""."""
    categories = column.categories or ()
    counts = np.bincount(column.values[~column.missing], minlength=len(categories))
    frequent, _ = frequent_categories(column)
    covered = int(counts[frequent].sum())
    if covered >= MIN_COVERAGE * n_present or (keep and covered):
        return ""
    words = np.array([len(text.split()) for text in categories], dtype=np.float64)
    if counts @ words / n_present >= FREE_TEXT_WORDS:
        return f"free text: {n_distinct:,} different texts in {n_present:,} rows"
    if n_distinct == n_present:
        return "identifier-like: no value occurs twice"
    return (
        f"too many categories: {n_distinct:,} in {n_present:,} rows, and the {len(frequent)} "
        f"frequent ones cover {covered:,} rows"
    )


def _profile(column: Column, *, keep: bool) -> ColumnProfile:
    n_rows = len(column.values)
    n_missing = int(np.count_nonzero(missing_rows(column)))
    n_present = n_rows - n_missing
    distinct = distinct_values(column)
    role = {"text": "category"}.get(column.kind, ROLE_OF_KIND.get(column.kind, column.kind))
    reason = ""
    first = int(np.argmin(missing_rows(column))) if n_present else 0
    if n_present == 0:
        role, reason = SET_ASIDE, "every value is missing"
    elif len(distinct) == 1 and n_missing == 0:
        role, reason = SET_ASIDE, f"constant: {column.text(first)!r} in every row"
    elif len(distinct) == 1:
        reason = f"always {column.text(first)!r} where it is present"
    elif column.kind == "integer" and not is_exact_in_float64(distinct).all():
        role, reason = (
            SET_ASIDE,
            "identifier-like: holds integers beyond 2^53, which would be rounded",
        )
    elif column.kind == "integer" and not keep:
        reason = _why_identifier(column, distinct, n_present)
        role = SET_ASIDE if reason else role
    elif column.kind == "text":
        reason = _why_no_categories(column, len(distinct), n_present, keep=keep)
        role = SET_ASIDE if reason else role
    return ColumnProfile(column.name, column.kind, role, reason, n_missing, len(distinct))


def profile_columns(
    table: Table,
    target: str | None = None,
    *,
    keep: Collection[str] = (),
    drop: Collection[str] = (),
) -> list[ColumnProfile]:
    """What each column is used as, with the reason for each one set aside.

    Args:
        table: the training rows.
        target: the column to predict, or None.
        keep: columns that must not be set aside for looking like identifiers or free text.
        drop: columns to set aside whatever they hold.

    Returns:
        One profile per column, in the table's order.

    Raises:
        TableError: `keep` names a column that is not there.

    Examples:
        >>> none = np.zeros(4, dtype=bool)
        >>> columns = [Column("id", np.array([7, 9, 8, 3]), none),
        ...            Column("ash", np.array([2.4, 2.1, 2.4, 1.9]), none)]
        >>> table = Table("wine.csv", {column.name: column for column in columns}, 4)
        >>> [(profile.name, profile.role) for profile in profile_columns(table)]
        [('id', 'set aside'), ('ash', 'numeric')]
    """
    for name in keep:
        if name not in table.columns:
            raise TableError(
                "there is no such column to keep",
                source=table.source,
                column=name,
                remedy=f"{closest(name, list(table.columns))} Columns: "
                f"{', '.join(map(repr, table.columns))}.".lstrip(),
            )
    profiles = []
    for name, column in table.columns.items():
        profile = _profile(column, keep=name in keep)
        if name == target:
            profile = replace(profile, role=TARGET, reason="")
        elif name in drop:
            profile = replace(profile, role=SET_ASIDE, reason=LEFT_OUT)
        profiles.append(profile)
    return profiles
