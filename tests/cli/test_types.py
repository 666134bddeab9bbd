"""Values as they are typed: widths of a network, rows of a table."""

from __future__ import annotations

import click
import pytest

from clearprop.cli.types import Rows, Widths, chosen_rows, is_widths
from clearprop.errors import ParameterError


def converted(kind, text):
    return kind.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("0:3", slice(0, 3)),
        (" 1 : 4 ", slice(1, 4)),
        (":2", slice(0, 2)),
        ("4:", slice(4, None)),
        ("2", [2]),
        ("4,0,2", [4, 0, 2]),
    ],
)
def test_rows_are_a_span_or_numbers(text, rows):
    assert converted(Rows(), text) == rows


@pytest.mark.parametrize("text", ["", ":", "first", "1:2:3", "-1", "1,", "0:1,2"])
def test_what_names_no_rows(text):
    with pytest.raises(click.BadParameter, match="names no rows; write 0:3"):
        converted(Rows(), text)


def test_rows_are_chosen_from_those_that_are_there():
    def chosen(rows):
        return chosen_rows(rows, 5, "t.csv", first=8).tolist()

    assert chosen(None) == [0, 1, 2, 3, 4]  # fewer than the first few
    assert chosen(slice(3, 5)) == chosen(slice(3, None)) == [3, 4]
    assert chosen([4, 0, 4]) == [4, 0, 4]
    for rows in (slice(0, 6), slice(5, None), slice(3, 3), [0, 5]):
        with pytest.raises(ParameterError, match=r"--rows [0-9:,]+: t\.csv has the rows 0 to 4"):
            chosen(rows)


def test_widths_in_any_of_their_spellings():
    assert [converted(Widths(), text) for text in ("2-3-2", "2,3,2", "2x3x2")] == [(2, 3, 2)] * 3
    assert [is_widths(text) for text in ("2-3-2", "64,10", "2x2", "a-b", "7", "iris.csv")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
    for text in ("7", "-2,3,2", "2-q", "2,0,1", "none", ""):
        with pytest.raises(click.BadParameter, match="write its widths, such as 2,3,2"):
            converted(Widths(), text)
