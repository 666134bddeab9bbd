"""Each kind of column by hand: its numbers, its names, and what does not fit."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest

from clearprop.errors import TableError
from clearprop.tables.encoders import (
    BooleanEncoder,
    CategoryEncoder,
    DatetimeEncoder,
    NumericEncoder,
)
from clearprop.tables.standardization import Standardization
from clearprop.tables.table import Table

from .build import column, table


def encode(encoder, values, kind=None):
    built = Table("t.csv", {"x": column("x", values, kind)}, len(values), first_line=2)
    block = np.zeros((len(values), len(encoder.feature_names)))
    return block, encoder.encode(built, block)


def test_numbers_by_hand():
    encoder = NumericEncoder.fit(table(x=[1, 2, 3, None, 2]), "x")
    assert encoder.feature_names == ["x", "x is missing"]
    block, met = encode(encoder, [1, 2, 3, None, 4])
    sqrt2 = math.sqrt(2)  # variance (1 + 0 + 1 + 0) / 4 = 1/2
    np.testing.assert_allclose(block[:, 0], [-sqrt2, 0, sqrt2, 0, 2 * sqrt2], rtol=1e-15)
    assert block[:, 1].tolist() == [0, 0, 0, 1, 0]
    assert (met.n_missing, met.unseen) == (1, {})


def test_no_mark_where_training_missed_nothing():
    encoder = NumericEncoder.fit(table(x=[1.0, 3.0]), "x")
    assert encoder.feature_names == ["x"]
    block, met = encode(encoder, [None, 3.0])
    assert block.tolist() == [[0.0], [1.0]]
    assert met.n_missing == 1


@pytest.mark.parametrize("size", [1e300, 1e30, 1e-30, 1e-300, 5e-324, 1.7e308, 2.0**300, 2.0**-301])
def test_numbers_of_any_size(size):
    values = np.array([-size, 0.0, 0.0, size])
    standardized = Standardization.fit(values).apply(values)
    np.testing.assert_allclose(standardized, [-math.sqrt(2), 0, 0, math.sqrt(2)], rtol=1e-15)


def test_wide_range_has_mean_0_and_deviation_1():
    values = np.array([1.0, 1e300, -3.0, 2e300])
    standardized = Standardization.fit(values).apply(values)
    np.testing.assert_allclose([standardized.mean(), standardized.std()], [0, 1], atol=1e-15)


def test_two_passes_keep_the_digits_beside_a_large_mean():
    values = 1e15 + np.array([0.0, 1.0, 2.0, 3.0, 0.5])
    standardized = Standardization.fit(values).apply(values)
    small = np.array([0.0, 1.0, 2.0, 3.0, 0.5])
    expected = (small - small.mean()) / small.std()
    # The mean, 1e15 + 1.3, is itself rounded to a multiple of 1/8.
    np.testing.assert_allclose(standardized, expected, atol=0.125 / small.std())
    assert Standardization.fit(values).scale == pytest.approx(small.std(), rel=1e-2)


def test_the_second_pass_brings_the_mean_within_one_unit_of_the_last_place():
    for seed in range(50):
        values = np.random.default_rng(seed).random(1000) + 10
        exact = math.fsum(values) / 1000
        assert abs(Standardization.fit(values).mean - exact) <= np.spacing(exact)


def test_equal_values_have_no_standardization():
    assert Standardization.fit(np.array([0.1] * 10)) is None
    encoder = NumericEncoder.fit(table(x=[7.0, None, 7.0]), "x")
    assert encoder.feature_names == ["x is missing"]
    assert encode(encoder, [None, 9.0])[0].tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinite_number_is_named(value):
    with pytest.raises(TableError) as caught:
        NumericEncoder.fit(table(x=[1.0, value]), "x")
    error = caught.value
    assert (error.source, error.line, error.column, error.value) == ("t.csv", 3, "x", str(value))
    assert "leave it empty" in error.remedy


def test_number_beyond_all_deviations_is_named():
    encoder = NumericEncoder.fit(table(x=[1e-9, 3e-9]), "x")
    with pytest.raises(TableError, match=r"line 3, column 'x', value '1e\+308': too far .*2e-09"):
        encode(encoder, [1e-9, 1e308])


def test_numbers_that_arrive_as_text_are_converted_or_named():
    encoder = NumericEncoder.fit(table(x=[1.0, 3.0]), "x")
    assert encode(encoder, ["1", " 3.0 ", "-1e0", None])[0].tolist() == [[-1], [1], [-3], [0]]
    for bad in ("1,5", "three", "1_0", "0x1", "nan", "inf", ""):
        with pytest.raises(TableError, match=r"line 3.*expected a number") as caught:
            encode(encoder, ["1", bad])
        assert caught.value.value == bad


def test_numbers_that_arrive_as_another_type():
    encoder = NumericEncoder.fit(table(x=[1.0, 3.0]), "x")
    assert encode(encoder, [3])[0].tolist() == [[1.0]]
    for kind in (str, bool, datetime):
        assert encode(encoder, [None, None], kind)[1].n_missing == 2
    with pytest.raises(
        TableError, match=r"line 3.*'True': expected a number, but the column was read as boolean"
    ):
        encode(encoder, [None, True])
    with pytest.raises(TableError, match="expected a number, but the column was read as datetime"):
        encode(encoder, [datetime(2024, 5, 31)])
    with pytest.raises(TableError, match=r"line 2.*2\^53"):
        encode(encoder, [2**53 + 1])


def test_without_lines_the_row_is_named():
    built = Table("DataFrame", {"x": column("x", [1.0, math.inf])}, 2)
    with pytest.raises(TableError, match=r"^DataFrame, column 'x', value 'inf': .*\(data row 2\)"):
        NumericEncoder.fit(built, "x")


def test_booleans_by_hand():
    encoder = BooleanEncoder.fit(table(x=[True, None, False]), "x")
    assert encoder.feature_names == ["x", "x is missing"]
    block, met = encode(encoder, [True, False, None])
    assert block.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert met.n_missing == 1
    assert encode(encoder, [1, 0])[0][:, 0].tolist() == [1, 0]
    assert encode(encoder, [1.0, None])[0].tolist() == [[1, 0], [0, 1]]
    assert encode(encoder, ["TRUE", "false", None])[0].tolist() == [[1, 0], [0, 0], [0, 1]]
    assert encode(encoder, [None], datetime)[0].tolist() == [[0, 1]]


def test_remedies_name_what_is_expected_in_the_plural():
    encoder = BooleanEncoder.fit(table(x=[True, False]), "x")
    with pytest.raises(TableError) as caught:
        encode(encoder, ["maybe"])
    assert "'x' is used as truth values (true or false): correct" in caught.value.remedy


@pytest.mark.parametrize("value", [2, 0.5, "maybe", datetime(2024, 5, 31)])
def test_neither_true_nor_false_is_named(value):
    encoder = BooleanEncoder.fit(table(x=[True, False]), "x")
    with pytest.raises(
        TableError, match=r"line 3, column 'x'.*expected (a truth value|true or false)"
    ):
        encode(encoder, [None, value])


def test_boolean_that_never_varies_keeps_its_mark():
    encoder = BooleanEncoder.fit(table(x=[True, None]), "x")
    assert encoder.feature_names == ["x is missing"]
    assert encode(encoder, [False, None])[0].tolist() == [[0], [1]]


def test_categories_by_hand():
    encoder = CategoryEncoder.fit(table(x=["red", "blue", "red", "blue", "puce", None]), "x")
    assert encoder.feature_names == ["x=blue", "x=red", "x=(rare)", "x is missing"]
    block, met = encode(encoder, ["puce", "red", None, "mauve", "blue", "mauve"])
    assert block.tolist() == [
        [0, 0, 1, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 1, 0],
        [1, 0, 0, 0],
        [0, 0, 1, 0],
    ]
    assert (met.n_missing, met.unseen) == (1, {"mauve": 2})


def test_unseen_is_nothing_where_training_had_no_rare_category():
    encoder = CategoryEncoder.fit(table(x=["a", "b", "a", "b"]), "x")
    block, met = encode(encoder, ["c", None, "b"])
    assert block.tolist() == [[0, 0], [0, 0], [0, 1]]
    assert (met.n_missing, met.unseen) == (1, {"c": 1})


def test_a_spelling_that_no_row_has_is_not_unseen():
    encoder = CategoryEncoder.fit(table(x=["a", "b", "a", "b"]), "x")
    part = table(x=["a", "c", "b"]).take(np.array([0, 2]))
    block = np.zeros((2, 2))
    assert encoder.encode(part, block).unseen == {}
    assert block.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("spelling", "value"),
    [("007", 7), ("1.50", 1.5), ("TRUE", True), ("2024-05-31", datetime(2024, 5, 31))],
)
def test_category_is_found_when_its_file_gives_it_another_type(spelling, value):
    encoder = CategoryEncoder.fit(table(x=[spelling, "b", spelling, "b"]), "x")
    place = encoder.feature_names.index(f"x={spelling}")
    block, met = encode(encoder, [value, None])
    assert block[:, place].tolist() == [1, 0]
    assert met.unseen == {}


def test_two_spellings_of_one_number_are_not_guessed_between():
    encoder = CategoryEncoder.fit(table(x=["07", "007", "07", "007"]), "x")
    block, met = encode(encoder, [7])
    assert block.tolist() == [[0, 0]]
    assert met.unseen == {"7": 1}
    encoder = CategoryEncoder.fit(table(x=["07", "7", "07", "7"]), "x")
    assert encode(encoder, [7])[0].tolist() == [[0, 1]]


def test_times_by_hand():
    # 2024-01-01 was a Monday, day 19723 since 1970; 2024-01-03 a Wednesday.
    times = [datetime(2024, 1, 1), datetime(2024, 1, 3), None]
    encoder = DatetimeEncoder.fit(table(x=times), "x")
    assert encoder.standardization == Standardization(mean=19724.0, scale=1.0, shift=0)
    names = ["x days", "x weekday sin", "x weekday cos", "x is missing"]
    assert encoder.feature_names == names
    block, met = encode(encoder, [datetime(2024, 1, 1), None, datetime(2024, 1, 2, 12)])
    tuesday = 2 * math.pi / 7
    expected = [
        [-1, 0, 1, 0],
        [0, 0, 0, 1],
        [0.5, math.sin(tuesday), math.cos(tuesday), 0],
    ]
    np.testing.assert_allclose(block, expected, atol=1e-12)
    assert met.n_missing == 1


def test_parts_of_the_calendar_only_where_they_vary():
    def names(*times):
        return DatetimeEncoder.fit(table(x=list(times)), "x").feature_names

    monday = datetime(2024, 1, 1)
    assert names(monday, datetime(2024, 1, 8)) == ["x days"]
    assert names(monday, datetime(2024, 4, 1)) == ["x days", "x month sin", "x month cos"]
    assert names(monday, datetime(2024, 1, 1, 6)) == ["x days", "x hour sin", "x hour cos"]
    assert names(monday, datetime(2024, 1, 1, 0, 0, 1)) == ["x days"]


def test_calendar_by_hand_before_and_after_1970():
    encoder = DatetimeEncoder.fit(
        table(x=[datetime(1969, 4, 7, 6), datetime(2024, 7, 4, 18), datetime(1970, 1, 5)]), "x"
    )
    block, _ = encode(encoder, [datetime(1969, 4, 7, 6), datetime(2024, 7, 4, 18)])
    thursday = 2 * math.pi * 3 / 7
    # April is a quarter of the circle, July half; 6 o'clock a quarter, 18 o'clock three.
    expected = [[1, 0, 0, 1, 1, 0], [0, -1, math.sin(thursday), math.cos(thursday), -1, 0]]
    np.testing.assert_allclose(block[:, 1:7], expected, atol=1e-12)
    difference = block[1, 0] - block[0, 0]
    days = (datetime(2024, 7, 4, 18) - datetime(1969, 4, 7, 6)).total_seconds() / 86400
    assert difference * encoder.standardization.scale == pytest.approx(days, rel=1e-14)


def test_times_that_arrive_as_text_are_converted_or_named():
    encoder = DatetimeEncoder.fit(table(x=[datetime(2024, 1, 1), datetime(2024, 1, 3)]), "x")
    texts = ["2024-01-01", "2024-01-03 00:00", "2024-01-01T02:00+02:00", None]
    assert encode(encoder, texts)[0][:, 0].tolist() == [-1, 1, -1, 0]
    for bad in ("31.5.2024", "2024-13-01", "0001-01-01T00:00+05:00"):
        with pytest.raises(TableError, match=r"line 3.*expected a date"):
            encode(encoder, ["2024-01-01", bad])
    with pytest.raises(
        TableError, match=r"line 2.*'20240101'.*expected a date, but the column was read as integer"
    ):
        encode(encoder, [20240101])
