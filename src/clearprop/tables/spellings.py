"""What a value's spelling means: the one place that decides how people write values.

Missing values, decimal marks and thousands separators, truth values, day-month-year dates. Works on
a column's distinct spellings, so it may be slow and careful. Knows nothing of files and lines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "INFINITE",
    "MISSING",
    "ORDERS",
    "TRUTH",
    "AmbiguousMark",
    "ContradictoryDay",
    "Days",
    "Numbers",
    "looks_like_number",
    "of_other_mark",
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
ORDERS = ("day-first", "month-first")
"""What may stand first in a date such as 31/12/2026."""

_DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})", re.ASCII)


class AmbiguousMark(Exception):  # noqa: N818  (not an error: another column may settle it)
    """A column whose commas may be decimal marks or thousands separators; carries one value."""


class ContradictoryDay(Exception):  # noqa: N818  (whoever knows the lines makes an error of it)
    """A date that the order of day and month that was asked for cannot read; carries it."""


@dataclass(frozen=True)
class Numbers:
    """Spellings read as numbers.

    Attributes:
        values: one for each spelling; None where it is no number.
        decimal: the decimal mark, "," or ".".
        marked: whether a decimal comma, or digits in groups, took part.
        proof: a spelling that proves the mark; "" where it was given, or none does.
    """

    values: list[int | float | None]
    decimal: str
    marked: bool
    proof: str = ""


@dataclass(frozen=True)
class Days:
    """Spellings read as dates of day, month and year.

    Attributes:
        values: one for each spelling.
        order: one of `ORDERS`.
        decided_by: "values", which prove it; "asked"; "usual"; or "points" between the parts.
    """

    values: list[datetime]
    order: str
    decided_by: str


def tidy(word: str) -> str:
    """A spelling without spaces around it, its minus sign as the keyboard's."""
    return word.strip().replace("\u2212", "-")


def looks_like_number(word: str) -> bool:
    """Whether a spelling could be a number under some decimal mark; quick, may be too generous."""
    return bool(re.match(r"[\s+\-\u2212.,]*\d", word, re.ASCII)) or bool(INFINITE.fullmatch(word))


def of_other_mark(word: str, decimal: str) -> bool:
    """Whether a spelling is a number under the other decimal mark, and cannot be one under this.

    Examples:
        >>> of_other_mark("54.15", ","), of_other_mark("1.234", ","), of_other_mark("1,5", ".")
        (True, False, True)
    """
    if decimal == ",":
        return "." in word and bool(_PLAIN.fullmatch(word)) and not _BY_DOTS.fullmatch(word)
    return bool(_COMMA.fullmatch(word)) and not _BY_COMMAS.fullmatch(word)


def _decimal_mark(words: Sequence[str], decimal: str | None) -> tuple[str, str]:
    """The column's decimal mark, and the value that proves it.

    The mark is given, proved by some value, or "." where no value has a comma.
    """
    if decimal is not None:
        return decimal, ""
    commas, dots = [], []
    ambiguous = None
    for word in words:
        if "," in word:
            if _BY_COMMAS.fullmatch(word):
                if word.count(",") > 1 or "." in word:
                    dots.append(word)
                else:
                    ambiguous = ambiguous or word
            elif _COMMA.fullmatch(word) or _BY_DOTS.fullmatch(word) or _BY_SPACES.fullmatch(word):
                commas.append(word)
        elif of_other_mark(word, ","):
            dots.append(word)
        elif word.count(".") > 1 and _BY_DOTS.fullmatch(word):
            commas.append(word)
    if not commas and not dots and ambiguous is not None:
        raise AmbiguousMark(ambiguous)
    # Where values prove both, neither mark reads all: those of the rarer one are complained of.
    if len(commas) > len(dots):
        return ",", commas[0]
    return ".", dots[0] if dots else ""


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
    if of_other_mark(word, decimal):
        return None, False
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
    mark, proof = _decimal_mark(words, decimal)
    read = [_number(word, mark) for word in words]
    values = [value for value, _ in read]
    commas = mark == "," and any(
        "," in word for word, value in zip(words, values, strict=True) if value is not None
    )
    return Numbers(values, mark, commas or any(grouped for _, grouped in read), proof)


def read_days(
    words: Collection[str], order: str | None = None, usual: str | None = None
) -> Days | None:
    """Read spellings such as 31/12/2026, if it is known which number is the day.

    Args:
        words: distinct spellings.
        order: one of `ORDERS`, if the user said so.
        usual: the order to take where no value proves one; without it, points between the numbers
            mean that the day is first, as wherever dates are written so.

    Returns:
        None if a spelling is no such date, or the order stays unknown.

    Raises:
        ContradictoryDay: a value that `order` cannot read.

    Examples:
        >>> read_days(["01/02/2026", "31/12/2026"]).order
        'day-first'
        >>> read_days(["01/02/2026"]) is None, read_days(["01.02.2026"]).decided_by
        (True, 'points')
    """
    stripped = [word.strip() for word in words]
    matches = [match for word in stripped if (match := _DAY.fullmatch(word)) is not None]
    if len(matches) < len(stripped) or not matches:
        return None
    proved = {
        "day-first": next((match[0] for match in matches if int(match[1]) > 12), None),
        "month-first": next((match[0] for match in matches if int(match[3]) > 12), None),
    }
    shown = [name for name, word in proved.items() if word is not None]
    decided_by = "values"
    if order is not None:
        against = proved["month-first" if order == "day-first" else "day-first"]
        if against is not None:
            raise ContradictoryDay(against)
        decided_by = "asked"
    elif len(shown) == 1:
        order = shown[0]
    elif shown:
        return None
    elif usual is not None:
        order, decided_by = usual, "usual"
    elif all(match[2] == "." for match in matches):
        order, decided_by = "day-first", "points"
    else:
        return None
    day, month = (1, 3) if order == "day-first" else (3, 1)
    try:
        values = [datetime(int(m[4]), int(m[month]), int(m[day])) for m in matches]
    except ValueError:
        return None
    return Days(values, order, decided_by)
