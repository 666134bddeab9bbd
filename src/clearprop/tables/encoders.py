"""One encoder per kind of column: from its values to the numbers a network takes.

Each is fitted to a column of the training rows and from then on is a plain record of numbers and
names. `encode` fills a block of zeros, one row at a time in effect: a row's numbers depend on that
row alone, to the last bit. These classes know nothing of other columns, targets and networks.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from clearprop.tables.columns import frequent_categories
from clearprop.tables.convert import (
    as_booleans,
    as_numbers,
    as_texts,
    as_times,
    meaning,
    value_error,
)
from clearprop.tables.standardization import Standardization
from clearprop.tables.stored import Stored
from clearprop.tables.table import Table

__all__ = [
    "ENCODERS",
    "BooleanEncoder",
    "CategoryEncoder",
    "DatetimeEncoder",
    "Encoded",
    "Encoder",
    "NumericEncoder",
]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

MICROSECONDS_A_DAY = 86_400_000_000
CALENDAR = {"month": 12, "weekday": 7, "hour": 24}  # part of a date -> length of its cycle


@dataclass(frozen=True)
class Encoded:
    """What `encode` met in a column.

    Attributes:
        n_missing: rows without a value.
        unseen: categories that training did not know, with their number of rows.
    """

    n_missing: int
    unseen: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoder:
    """What all encoders share.

    Attributes:
        name: the column's name.
        marks_missing: whether there is a feature "… is missing": the training rows lacked values.
    """

    kind: ClassVar[str]
    name: str
    marks_missing: bool

    @property
    def value_features(self) -> list[str]:
        """The names of the features, that for missing values excepted."""
        raise NotImplementedError

    @property
    def feature_names(self) -> list[str]:
        """The names of the features, in the order of the block's columns."""
        return self.value_features + [f"{self.name} is missing"] * self.marks_missing

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold, exactly."""
        described = {"kind": self.kind, **asdict(self)}
        # JSON knows lists only, so that what is read back equals what was written.
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in described.items()
        }

    def encode(self, table: Table, block: Floats) -> Encoded:
        """Encode the table's column of this name.

        Args:
            table: any rows.
            block: zeros, shape (n_rows, len(feature_names)); filled in place.

        Raises:
            TableError: a value that does not fit, with its line.
        """
        raise NotImplementedError

    def encode_absent(self, block: Floats) -> None:
        """Encode a column that the table lacks: missing in every row."""
        self._mark(np.ones(len(block), dtype=np.bool_), block)

    def _mark(self, missing: npt.NDArray[np.bool_], block: Floats) -> int:
        if self.marks_missing:
            block[:, -1] = missing
        return int(np.count_nonzero(missing))


def _apply_or_name(
    standardization: Standardization, values: Floats, table: Table, name: str
) -> Floats:
    """The standardised values; the first that leaves float64's range is an error."""
    standardized = standardization.apply(values)
    infinite = np.flatnonzero(~np.isfinite(standardized))
    if infinite.size:
        message = (
            f"too far from the training rows' mean ({standardization.mean_in_units:g}) to be "
            "expressed in their standard deviations"
        )
        raise value_error(table, name, int(infinite[0]), message, "Correct the value.")
    return standardized


@dataclass(frozen=True)
class NumericEncoder(Encoder):
    """Standardised number; the mean (0) where it is missing.

    Attributes:
        standardization: None where all present values are equal: only `marks_missing` is used.
    """

    kind = "numeric"
    standardization: Standardization | None

    @classmethod
    def fit(cls, table: Table, name: str) -> NumericEncoder:
        """From the training rows."""
        values, missing = as_numbers(table, name)
        return cls(name, bool(missing.any()), Standardization.fit(values[~missing]))

    @property
    def value_features(self) -> list[str]:
        """The column's own name."""
        return [] if self.standardization is None else [self.name]

    def encode(self, table: Table, block: Floats) -> Encoded:
        """See `Encoder.encode`."""
        values, missing = as_numbers(table, self.name)
        if self.standardization is not None:
            standardized = _apply_or_name(self.standardization, values, table, self.name)
            block[:, 0] = np.where(missing, 0.0, standardized)
        return Encoded(self._mark(missing, block))

    @classmethod
    def from_dict(cls, data: object) -> NumericEncoder:
        """From `to_dict`, checked."""
        stored = Stored(
            data, "numeric column", ["kind", "name", "marks_missing", "standardization"]
        )
        own = stored.value("standardization")
        standardization = None if own is None else Standardization.from_dict(own)
        return cls(stored.text("name"), stored.truth("marks_missing"), standardization)


@dataclass(frozen=True)
class BooleanEncoder(Encoder):
    """1 for true, 0 for false; where it is missing 0, with the mark.

    Attributes:
        varies: whether training knew both values; else only `marks_missing` is used.
    """

    kind = "boolean"
    varies: bool

    @classmethod
    def fit(cls, table: Table, name: str) -> BooleanEncoder:
        """From the training rows."""
        values, missing = as_booleans(table, name)
        return cls(name, bool(missing.any()), len(np.unique(values[~missing])) == 2)

    @property
    def value_features(self) -> list[str]:
        """The column's own name."""
        return [self.name] * self.varies

    def encode(self, table: Table, block: Floats) -> Encoded:
        """See `Encoder.encode`."""
        values, missing = as_booleans(table, self.name)
        if self.varies:
            block[:, 0] = values
        return Encoded(self._mark(missing, block))

    @classmethod
    def from_dict(cls, data: object) -> BooleanEncoder:
        """From `to_dict`, checked."""
        stored = Stored(data, "boolean column", ["kind", "name", "marks_missing", "varies"])
        return cls(stored.text("name"), stored.truth("marks_missing"), stored.truth("varies"))


@dataclass(frozen=True)
class CategoryEncoder(Encoder):
    """One-hot: 1 in the feature of the row's category, 0 elsewhere.

    Attributes:
        categories: those with a feature of their own, in alphabetical order.
        rare: those that share the feature "(rare)"; where there are any, unseen ones join them.
    """

    kind = "category"
    categories: tuple[str, ...]
    rare: tuple[str, ...]

    @classmethod
    def fit(cls, table: Table, name: str) -> CategoryEncoder:
        """From the training rows."""
        column = table.columns[name]
        spellings = column.categories or ()
        frequent, rare = (
            tuple(spellings[code] for code in codes) for codes in frequent_categories(column)
        )
        return cls(name, column.n_missing > 0, frequent, rare)

    @property
    def value_features(self) -> list[str]:
        """One per category, then the rare ones'."""
        names = [f"{self.name}={category}" for category in self.categories]
        return names + [f"{self.name}=(rare)"] * bool(self.rare)

    def encode(self, table: Table, block: Floats) -> Encoded:
        """See `Encoder.encode`."""
        spellings, codes, missing = as_texts(table, self.name)
        rare_feature = len(self.categories)
        features = dict.fromkeys(self.rare, rare_feature)
        features |= {category: i for i, category in enumerate(self.categories)}
        if table.columns[self.name].kind == "text":
            found = [features.get(spelling) for spelling in spellings]
        else:
            # This file's values look like numbers, dates or truth values; training's did not all.
            alike = Counter(meaning(text) for text in features)
            by_meaning = {
                meaning(text): i for text, i in features.items() if alike[meaning(text)] == 1
            }
            found = [features.get(text, by_meaning.get(meaning(text))) for text in spellings]
        counts = np.bincount(codes[~missing], minlength=len(spellings))
        unseen = {
            text: int(count)
            for text, feature, count in zip(spellings, found, counts, strict=True)
            if feature is None and count
        }
        absorbing = rare_feature if self.rare else -1
        lookup = np.array([absorbing if i is None else i for i in found] + [-1], dtype=np.int64)
        positions = lookup[codes]  # a missing value's code, -1, takes the -1 at the end
        rows = np.flatnonzero(positions >= 0)
        block[rows, positions[rows]] = 1.0
        return Encoded(self._mark(missing, block), unseen)

    @classmethod
    def from_dict(cls, data: object) -> CategoryEncoder:
        """From `to_dict`, checked."""
        keys = ["kind", "name", "marks_missing", "categories", "rare"]
        stored = Stored(data, "category column", keys)
        categories, rare = stored.texts("categories"), stored.texts("rare")
        if set(categories) & set(rare):
            raise stored.error("rare", "other categories than the frequent ones")
        return cls(stored.text("name"), stored.truth("marks_missing"), categories, rare)


def _calendar_part(times: Array, part: str) -> Array:
    """Month 0 to 11, weekday 0 (Monday) to 6, or hour 0 to 23 of each time."""
    if part == "month":
        return np.asarray(times.astype("datetime64[M]").astype(np.int64) % 12)
    if part == "weekday":  # 1970-01-01 was a Thursday
        return np.asarray((times.astype("datetime64[D]").astype(np.int64) + 3) % 7)
    return np.asarray(times.astype("datetime64[h]").astype(np.int64) % 24)


def circle(period: int) -> Floats:
    """Sine and cosine of the angles 2 pi k / period, shape (period, 2), alike on every machine."""
    angles = [2 * math.pi * k / period for k in range(period)]
    # Rounding takes out the last bits, in which mathematical libraries differ; + 0.0 clears a -0.0.
    pairs = [(round(math.sin(a), 12) + 0.0, round(math.cos(a), 12) + 0.0) for a in angles]
    return np.array(pairs)


def _days(times: Array) -> Floats:
    """Days since 1970-01-01, whole and part."""
    microseconds = times.astype("datetime64[us]").astype(np.int64)
    whole, rest = np.divmod(microseconds, MICROSECONDS_A_DAY)
    return np.asarray(whole + rest / MICROSECONDS_A_DAY)


@dataclass(frozen=True)
class DatetimeEncoder(Encoder):
    """Standardised days since 1970-01-01, and what varies in the calendar as points on circles.

    Attributes:
        standardization: of the days; None where all present times are equal.
        parts: of "month", "weekday", "hour" those that vary in training: sine and cosine each, so
            that December is as near to January as to November.
    """

    kind = "datetime"
    standardization: Standardization | None
    parts: tuple[str, ...]

    @classmethod
    def fit(cls, table: Table, name: str) -> DatetimeEncoder:
        """From the training rows."""
        times, missing = as_times(table, name)
        present = times[~missing]
        parts = tuple(
            part for part in CALENDAR if len(np.unique(_calendar_part(present, part))) > 1
        )
        return cls(name, bool(missing.any()), Standardization.fit(_days(present)), parts)

    @property
    def value_features(self) -> list[str]:
        """The days, then two per part."""
        days = [] if self.standardization is None else [f"{self.name} days"]
        circles = [f"{self.name} {part} {axis}" for part in self.parts for axis in ("sin", "cos")]
        return days + circles

    def encode(self, table: Table, block: Floats) -> Encoded:
        """See `Encoder.encode`."""
        times, missing = as_times(table, self.name)
        start = 0
        if self.standardization is not None:
            days = _apply_or_name(self.standardization, _days(times), table, self.name)
            block[:, 0] = np.where(missing, 0.0, days)
            start = 1
        for part in self.parts:
            points = circle(CALENDAR[part])[_calendar_part(times, part)]
            block[:, start : start + 2] = np.where(missing[:, np.newaxis], 0.0, points)
            start += 2
        return Encoded(self._mark(missing, block))

    @classmethod
    def from_dict(cls, data: object) -> DatetimeEncoder:
        """From `to_dict`, checked."""
        keys = ["kind", "name", "marks_missing", "standardization", "parts"]
        stored = Stored(data, "datetime column", keys)
        own, parts = stored.value("standardization"), stored.texts("parts")
        if parts != tuple(part for part in CALENDAR if part in parts):
            raise stored.error("parts", f"some of {', '.join(CALENDAR)}, in this order")
        standardization = None if own is None else Standardization.from_dict(own)
        return cls(stored.text("name"), stored.truth("marks_missing"), standardization, parts)


ENCODERS: dict[str, type[NumericEncoder | BooleanEncoder | CategoryEncoder | DatetimeEncoder]] = {
    encoder.kind: encoder
    for encoder in (NumericEncoder, BooleanEncoder, CategoryEncoder, DatetimeEncoder)
}
"""Every encoder by the role of the columns it is for."""
