"""What was met while a table was encoded, counted per column, and said in the user's words.

This file knows nothing of how columns are encoded.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

__all__ = ["EncodingReport", "name_some"]

NAMED = 5  # how many names or values a sentence lists before "and … more"


def name_some(names: list[str]) -> str:
    """The first few of a list, and how many more there are.

    Examples:
        >>> name_some(["a", "b"]), name_some(list("abcdefgh"))
        ("'a', 'b'", "'a', 'b', 'c', 'd', 'e' and 3 more")
    """
    listed = ", ".join(repr(name) for name in names[:NAMED])
    return f"{listed} and {len(names) - NAMED} more" if len(names) > NAMED else listed


def count_of(count: int, singular: str, plural: str) -> str:
    """A count with its noun."""
    return f"{count:,} {singular if count == 1 else plural}"


@dataclass(frozen=True)
class EncodingReport:
    """What `TableEncoder.encode` met.

    Attributes:
        source: the table, as the user calls it.
        n_rows: its rows.
        missing: column -> rows without a value, where there are any (absent columns not counted).
        newly_missing: those of `missing` that lacked no value in training.
        unseen: column -> category that training did not know -> rows.
        absent: columns the model uses and the table lacks.
        newly_absent: those of `absent` that lacked no value in training.
        extra: columns the model does not know; they are ignored.
    """

    source: str
    n_rows: int
    missing: dict[str, int]
    newly_missing: tuple[str, ...]
    unseen: dict[str, dict[str, int]]
    absent: tuple[str, ...]
    newly_absent: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def n_unseen(self) -> int:
        """Values, in all columns, of categories that training did not know."""
        return sum(sum(counts.values()) for counts in self.unseen.values())

    def messages(self) -> list[str]:
        """What the user should know, one sentence or two per column; empty if there is nothing.

        Examples:
            >>> unseen = {"color": {"mauve": 2, "puce": 1}}
            >>> EncodingReport("new.csv", 9, {"ash": 1}, (), unseen, (), (), ()).messages()
            ["column 'ash': 1 missing value", "column 'color': 3 values in 2 categories \
that training did not know: 'mauve' (2 rows), 'puce' (1 row)"]
        """
        messages = [self._absent_message(name) for name in self.absent]
        for name, count in self.missing.items():
            message = f"column {name!r}: {count_of(count, 'missing value', 'missing values')}"
            if name in self.newly_missing:
                message += "; training had none here, so the model has not learned what it means"
            messages.append(message)
        messages += [self._unseen_message(name) for name in self.unseen]
        if self.extra:
            noun = count_of(len(self.extra), "column", "columns")
            messages.append(
                f"{noun} the model does not know, ignored: {name_some(list(self.extra))}"
            )
        return messages

    def _absent_message(self, name: str) -> str:
        message = f"column {name!r} is not in {self.source}: taken as missing in every row"
        if name in self.newly_absent:
            message += " (training had no missing values here, so this is a guess)"
        lowered = {extra.strip().lower(): extra for extra in self.extra}
        near = difflib.get_close_matches(name.strip().lower(), lowered, n=1)
        return f"{message}; did you mean {lowered[near[0]]!r}?" if near else message

    def _unseen_message(self, name: str) -> str:
        counts = self.unseen[name]
        by_count = sorted(counts, key=lambda text: (-counts[text], text))
        listed = ", ".join(
            f"{text!r} ({count_of(counts[text], 'row', 'rows')})" for text in by_count[:NAMED]
        )
        more = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
        values = count_of(sum(counts.values()), "value", "values")
        kinds = count_of(len(counts), "category", "categories")
        return f"column {name!r}: {values} in {kinds} that training did not know: {listed}{more}"
