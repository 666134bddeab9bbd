"""From a table to the matrix X that a network takes, the same way for training and ever after.

`TableEncoder.fit` sees the training rows only; `encode` finds its columns by name, so their order
and other columns change nothing, and says what it met that training had not shown. docs/encoding.md
lists the rules. This file knows nothing of networks, estimators and files.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import TableError
from clearprop.tables.columns import ROLES, SET_ASIDE, TARGET, ColumnProfile, profile_columns
from clearprop.tables.encoders import ENCODERS, Encoded, Encoder
from clearprop.tables.report import EncodingReport, name_some
from clearprop.tables.stored import Stored, damaged
from clearprop.tables.table import Table

__all__ = ["TableEncoder"]

Floats = npt.NDArray[np.float64]

KINDS = ("float", "integer", "boolean", "datetime", "text")
LARGEST_COUNT = 2**53


def _profile_from_dict(data: object) -> ColumnProfile:
    keys = ["name", "kind", "role", "reason", "n_missing", "n_distinct"]
    stored = Stored(data, "column profile", keys)
    return ColumnProfile(
        name=stored.text("name"),
        kind=stored.text("kind", KINDS),
        role=stored.text("role", ROLES),
        reason=stored.text("reason"),
        n_missing=stored.integer("n_missing", 0, LARGEST_COUNT),
        n_distinct=stored.integer("n_distinct", 0, LARGEST_COUNT),
    )


def _encoder_from_dict(data: object) -> Encoder:
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in ENCODERS:
        raise damaged("column encoder", f"a kind, one of {', '.join(ENCODERS)}")
    return ENCODERS[kind].from_dict(data)


@dataclass(frozen=True)
class TableEncoder:
    """How the columns of a table become features.

    Attributes:
        n_rows: number of training rows.
        profiles: what each column of the training table is used as, in its order.
        encoders: one for each column in use, in the same order.

    Examples:
        >>> from clearprop.tables.table import Column
        >>> ash = Column("ash", np.array([1.0, 3.0, np.nan]), np.array([False, False, True]))
        >>> table = Table("wine.csv", {"ash": ash}, n_rows=3, first_line=2)
        >>> encoder = TableEncoder.fit(table)
        >>> encoder.feature_names
        ['ash', 'ash is missing']
        >>> X, report = encoder.encode(table)
        >>> X
        array([[-1.,  0.],
               [ 1.,  0.],
               [ 0.,  1.]])
        >>> report.messages()
        ["column 'ash': 1 missing value"]
    """

    n_rows: int
    profiles: tuple[ColumnProfile, ...]
    encoders: tuple[Encoder, ...]

    @classmethod
    def fit(
        cls,
        table: Table,
        target: str | None = None,
        *,
        keep: Collection[str] = (),
        drop: Collection[str] = (),
    ) -> TableEncoder:
        """Learn from the training rows what each column is used as, and its numbers.

        Args:
            table: the training rows, and no others.
            target: the column to predict, which is no feature; None if the table has none.
            keep: columns that must not be set aside for looking like identifiers or free text.
            drop: columns to set aside whatever they hold.

        Raises:
            TableError: no rows, no column that can be used, or a value that cannot be.
        """
        if table.n_rows == 0:
            raise TableError(
                "there is no row to learn from",
                source=table.source,
                remedy="Give a table with at least one row below its header.",
            )
        profiles = tuple(profile_columns(table, target, keep=keep, drop=drop))
        used = [profile for profile in profiles if profile.is_used]
        if not used:
            reasons = [f"  {p.name}: {p.reason}" for p in profiles if p.role == SET_ASIDE]
            raise TableError(
                "\n".join(["no column can be used to predict from", *reasons]),
                source=table.source,
                remedy="Add a column that differs from row to row without naming the row.",
            )
        encoders = tuple(ENCODERS[profile.role].fit(table, profile.name) for profile in used)
        return cls(table.n_rows, profiles, encoders)

    @property
    def feature_names(self) -> list[str]:
        """The names of X's columns: "ash", "ash is missing", "color=red", "color=(rare)" …."""
        return [name for encoder in self.encoders for name in encoder.feature_names]

    @property
    def n_features(self) -> int:
        """The number of X's columns."""
        return sum(len(encoder.feature_names) for encoder in self.encoders)

    def encode(self, table: Table) -> tuple[Floats, EncodingReport]:
        """The rows of a table as numbers.

        A row's numbers depend on that row alone: the same bits in any company.

        Args:
            table: any rows; columns are found by name, in any order and among any others.

        Returns:
            X of shape (n_rows, n_features), and what was met on the way.

        Raises:
            TableError: none of the columns is there, or a value does not fit its column.
        """
        absent = tuple(e.name for e in self.encoders if e.name not in table.columns)
        if len(absent) == len(self.encoders):
            raise TableError(
                f"none of the columns that the model uses is here: {name_some(list(absent))}",
                source=table.source,
                remedy=f"The table has: {name_some(list(table.columns))}. Check its header.",
            )
        X = np.zeros((table.n_rows, self.n_features))
        met: dict[str, Encoded] = {}
        start = 0
        for encoder in self.encoders:
            stop = start + len(encoder.feature_names)
            if encoder.name in table.columns:
                met[encoder.name] = encoder.encode(table, X[:, start:stop])
            else:
                encoder.encode_absent(X[:, start:stop])
            start = stop
        return X, self._report(table, met, absent)

    def _report(
        self, table: Table, met: dict[str, Encoded], absent: tuple[str, ...]
    ) -> EncodingReport:
        known = {profile.name for profile in self.profiles}
        unmarked = {encoder.name for encoder in self.encoders if not encoder.marks_missing}
        missing = {name: encoded.n_missing for name, encoded in met.items() if encoded.n_missing}
        return EncodingReport(
            source=table.source,
            n_rows=table.n_rows,
            missing=missing,
            newly_missing=tuple(name for name in missing if name in unmarked),
            unseen={name: encoded.unseen for name, encoded in met.items() if encoded.unseen},
            absent=absent,
            newly_absent=tuple(name for name in absent if name in unmarked),
            extra=tuple(name for name in table.columns if name not in known),
        )

    def summary(self) -> list[tuple[str, str]]:
        """What the training table's columns are used as, as (heading, text) lines.

        Returns:
            One line for each role in use with its number of columns; one for each column with
            missing values, with something particular, or set aside, with the reason.
        """
        lines = []
        for role in ENCODERS:
            names = [profile.name for profile in self.profiles if profile.role == role]
            if names:
                noun = "column" if len(names) == 1 else "columns"
                lines.append((role, f"{len(names)} {noun}: {name_some(names)}"))
        for profile in self.profiles:
            if profile.is_used and profile.n_missing:
                share = 100 * profile.n_missing / self.n_rows
                counted = f"{profile.n_missing:,} of {self.n_rows:,} rows ({share:.1f} %)"
                text = f"{profile.name!r}: {counted}"
                lines.append(("missing", f"{text}, {profile.reason}" if profile.reason else text))
        for encoder in self.encoders:
            rare = getattr(encoder, "rare", ())
            if rare:
                text = f"{encoder.name!r}: rare categories that share one feature: {len(rare):,}"
                lines.append(("rare", f"{text} ({name_some(list(rare))})"))
        set_aside = [profile for profile in self.profiles if profile.role == SET_ASIDE]
        return lines + [(SET_ASIDE, f"{profile.name!r}: {profile.reason}") for profile in set_aside]

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold; floats survive it to the last bit."""
        return {
            "n_rows": self.n_rows,
            "profiles": [asdict(profile) for profile in self.profiles],
            "encoders": [encoder.to_dict() for encoder in self.encoders],
        }

    @classmethod
    def from_dict(cls, data: object) -> TableEncoder:
        """From `to_dict`; anything else is refused.

        Raises:
            TableError: a key or value that `to_dict` cannot have written.
        """
        stored = Stored(data, "table encoding", ["n_rows", "profiles", "encoders"])
        profiles = tuple(_profile_from_dict(item) for item in stored.items("profiles"))
        encoders = tuple(_encoder_from_dict(item) for item in stored.items("encoders"))
        if len({profile.name for profile in profiles}) != len(profiles):
            raise stored.error("profiles", "columns whose names differ")
        if sum(profile.role == TARGET for profile in profiles) > 1:
            raise stored.error("profiles", "columns with one target at most")
        used = [(profile.name, profile.role) for profile in profiles if profile.is_used]
        if used != [(encoder.name, encoder.kind) for encoder in encoders]:
            raise stored.error("encoders", "one for each column in use, in the columns' order")
        encoder = cls(stored.integer("n_rows", 1, LARGEST_COUNT), profiles, encoders)
        if not encoder.n_features:
            raise stored.error("encoders", "at least one feature")
        return encoder
