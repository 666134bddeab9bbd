"""What a value's spelling means: the one place that decides how people write values.

Missing values, decimal marks and thousands separators, truth values, day-month-year dates. Works on
a column's distinct spellings, so it may be slow and careful. Knows nothing of files and lines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "INFINITE",
    "MISSING",
    "TRUTH",
    "AmbiguousMark",
    "Numbers",
    "is_grouped_by_dots",
    "looks_like_number",
    "read_days",
    "read_numbers",
    "tidy",
]

# Whole values that say "no value here". Matched exactly, save for spaces around them.
MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NaT", "null", "NULL", "None", "?", "-"}
)

# Each column may use one of these spellings. "yes" and "no" stay text: as class labels they must
# keep their spelling, and as a feature two categories say the same.
TRUTH = (("true", "false"), ("True", "False"), ("TRUE", "FALSE"))

INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?", re.ASCII)
_BY_COMMAS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)
_BY_DOTS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?", re.ASCII)
_BY_SPACES = re.compile(r"[+-]?[1-9]\d{0,2}([ \u00a0\u202f']\d{3})+([.,]\d*)?", re.ASCII)
_LONGEST = 1000  # Python reads no integer of more than 4300 digits, and no number needs as many
_SPACES = re.compile(r"[ \u00a0\u202f']")
_DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})", re.ASCII)


class AmbiguousMark(Exception):  # noqa: N818  (not an error: another column may settle it)
    """A column whose commas may be decimal marks or thousands separators; carries one value."""


@dataclass(frozen=True)
class Numbers:
    """Spellings read as numbers.

    Attributes:
        values: one for each spelling; None where it is no number.
        decimal: the decimal mark, "," or ".".
        marked: whether a decimal comma, or digits in groups, took part.
    """

    values: list[int | float | None]
    decimal: str
    marked: bool


def tidy(word: str) -> str:
    """A spelling without spaces around it, its minus sign as the keyboard's."""
    return word.strip().replace("\u2212", "-")


def looks_like_number(word: str) -> bool:
    """Whether a spelling could be a number under some decimal mark; quick, may be too generous."""
    return bool(re.match(r"[\s+\-\u2212.,]*\d", word, re.ASCII)) or bool(INFINITE.fullmatch(word))


def is_grouped_by_dots(words: Iterable[str]) -> bool:
    """Whether every spelling could be whole thousands: 1.234 for 1234."""
    return all(_BY_DOTS.fullmatch(word) and "," not in word for word in words)


def _decimal_mark(words: Sequence[str], decimal: str | None) -> str:
    """The column's decimal mark: given, proved by some value, or "." where no value has a comma."""
    if decimal is not None:
        return decimal
    comma = dot = None
    ambiguous = None
    for word in words:
        if "," in word:
            if _BY_COMMAS.fullmatch(word):
                if word.count(",") > 1 or "." in word:
                    dot = word
                else:
                    ambiguous = ambiguous or word
            elif _COMMA.fullmatch(word) or _BY_DOTS.fullmatch(word) or _BY_SPACES.fullmatch(word):
                comma = word
        elif "." in word and _PLAIN.fullmatch(word) and not _BY_DOTS.fullmatch(word):
            dot = word
        elif word.count(".") > 1 and _BY_DOTS.fullmatch(word):
            comma = word
    if comma is not None and dot is not None:
        # Neither mark reads every value. The one that reads fewer leaves words to complain of.
        return "."
    if comma is not None:
        return ","
    if ambiguous is not None and dot is None:
        raise AmbiguousMark(ambiguous)
    return "."


def _number(  # noqa: PLR0911  (one return for each way of writing a number)
    word: str, decimal: str
) -> tuple[int | float | None, bool]:
    """The number a spelling stands for under a decimal mark, and whether it is in groups."""
    if len(word) > _LONGEST:
        return None, False
    grouped = _BY_COMMAS if decimal == "." else _BY_DOTS
    if grouped.fullmatch(word):
        plain = word.replace("," if decimal == "." else ".", "").replace(",", ".")
        return (float(plain) if "." in plain else int(plain)), True
    if _BY_SPACES.fullmatch(word):
        plain = _SPACES.sub("", word)
        if ("," if decimal == "." else ".") in plain:
            return None, False
        plain = plain.replace(decimal, ".")
        return (float(plain) if "." in plain else int(plain)), True
    plain = word.replace(",", ".") if decimal == "," and _COMMA.fullmatch(word) else word
    if not _PLAIN.fullmatch(plain):
        return (float(word), False) if INFINITE.fullmatch(word) else (None, False)
    if plain.lstrip("+-").isdigit():
        return int(plain), False
    return float(plain), False


def read_numbers(words: Sequence[str], decimal: str | None) -> Numbers:
    """Read spellings as numbers, all with one decimal mark.

    Args:
        words: distinct spellings, tidy.
        decimal: "," or "." if it is known, else None to have it proved by the values.

    Raises:
        AmbiguousMark: every comma in the column may as well separate thousands.

    Examples:
        >>> read_numbers(["1,5", "2", "x"], None).values
        [1.5, 2, None]
        >>> read_numbers(["1,234.5", "7"], None).values
        [1234.5, 7]
    """
    mark = _decimal_mark(words, decimal)
    read = [_number(word, mark) for word in words]
    values = [value for value, _ in read]
    commas = mark == "," and any(
        "," in word for word, value in zip(words, values, strict=True) if value is not None
    )
    return Numbers(values, mark, commas or any(grouped for _, grouped in read))


def read_days(words: Collection[str]) -> tuple[list[datetime], str] | None:
    """Read spellings such as 31/12/2026, if the values prove which number is the day.

    Returns:
        The dates and "day" or "month", whichever stands first; None if a spelling is no such date
        or the order stays unproved.

    Examples:
        >>> read_days(["01/02/2026", "31/12/2026"])[1]
        'day'
        >>> read_days(["01/02/2026"]) is None
        True
    """
    matches = [_DAY.fullmatch(word.strip()) for word in words]
    parts = [(int(m[1]), int(m[3]), int(m[4])) for m in matches if m is not None]
    if len(parts) < len(words) or not parts:
        return None
    day_first = any(first > 12 for first, _, _ in parts)
    month_first = any(second > 12 for _, second, _ in parts)
    if day_first == month_first:
        return None
    try:
        if day_first:
            return [datetime(year, month, day) for day, month, year in parts], "day"
        return [datetime(year, month, day) for month, day, year in parts], "month"
    except ValueError:
        return None
