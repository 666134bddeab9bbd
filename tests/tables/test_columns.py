"""Each rule for a column's role: the smallest table that shows it, the next that does not."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from clearprop.errors import TableError
from clearprop.tables.columns import frequent_categories, profile_columns, smallest_category
from clearprop.tables.table import Column, Table

from .build import column, table


def profile(name, values, kind=None, **options):
    built = column(name, values, kind)
    (found,) = profile_columns(Table("t.csv", {name: built}, len(values), 2), **options)
    return found


@pytest.mark.parametrize(
    ("values", "role"),
    [
        ([1.5, 2.5, 1.5], "numeric"),
        ([3, 5, 3], "numeric"),
        ([True, False, True], "boolean"),
        (["red", "blue", "red", "red"], "category"),
        ([datetime(2024, 5, 31), datetime(2024, 6, 1)], "datetime"),
    ],
)
def test_each_kind_has_its_role(values, role):
    found = profile("x", values)
    assert (found.role, found.reason, found.is_used) == (role, "", True)


def test_counts_missing_and_distinct():
    found = profile("x", [1.5, None, 2.5, 1.5, None])
    assert (found.n_missing, found.n_distinct) == (2, 2)
    found = profile("x", ["a", None, "b", "a", "a"])
    assert (found.n_missing, found.n_distinct) == (1, 2)


def test_nan_and_nat_are_missing_without_the_mask():
    none = np.zeros(3, dtype=bool)
    columns = {
        "x": Column("x", np.array([1.0, np.nan, 2.0]), none),
        "t": Column("t", np.array(["2024-01-01", "NaT", "2024-01-02"], dtype="M8[us]"), none),
    }
    assert [p.n_missing for p in profile_columns(Table("t", columns, 3))] == [1, 1]


@pytest.mark.parametrize(
    ("values", "shown"),
    [([7, 7, 7], "7"), ([2.5, 2.5], "2.5"), (["a", "a"], "a"), ([True, True], "True")],
)
def test_constant_is_set_aside_and_its_value_said(values, shown):
    found = profile("x", values)
    assert (found.role, found.reason) == ("set aside", f"constant: '{shown}' in every row")


@pytest.mark.parametrize("values", [[7, None, 7], [2.5, None, 2.5], [True, None, True]])
def test_constant_with_gaps_is_used_and_said(values):
    found = profile("x", values)
    assert found.is_used
    assert found.reason == f"always '{values[0]}' where it is present"


@pytest.mark.parametrize("kind", [float, int, str, bool, datetime])
def test_all_missing_is_set_aside(kind):
    found = profile("x", [None, None], kind)
    assert (found.role, found.reason) == ("set aside", "every value is missing")


def test_an_id_by_name_and_values():
    assert profile("PassengerId", [900, 4, 17]).role == "set aside"
    assert "its name, and 3 different values in 3 rows" in profile("id", [900, 4, 17]).reason
    assert profile("age", [900, 4, 17]).role == "numeric"
    assert profile("id", [4, 4, 17]).role == "numeric"
    assert profile("id", [9.5, 4.5, 17.5]).role == "numeric"


def test_row_numbers_need_twenty_rows_and_a_dense_range():
    rng = np.random.default_rng(0)
    assert profile("n", rng.permutation(20).tolist()).role == "set aside"
    assert profile("n", list(range(19))).role == "numeric"
    assert profile("year", list(range(1990, 2020))).role == "numeric"
    assert profile("n", [*range(19), 18]).role == "numeric"
    # A random part of the rows is still recognised, as training rows are one.
    part = rng.permutation(100)[:80]
    assert profile("n", part.tolist()).role == "set aside"
    assert profile("n", [-1, *range(1, 20)]).role == "numeric"
    assert profile("n", [*range(19), 39]).role == "set aside"
    assert profile("n", [*range(19), 40]).role == "numeric"


def test_all_distinct_floats_are_measures():
    values = [i / 7 for i in range(1, 50)]
    assert profile("id", values).role == "numeric"


def test_integers_that_would_be_rounded_are_set_aside():
    assert profile("x", [2**53, 3, 3]).role == "numeric"
    found = profile("x", [2**53 + 1, 3, 3])
    assert found.role == "set aside"
    assert "2^53" in found.reason
    assert profile("x", [-(2**53) - 1, 3, 3], keep=["x"]).role == "set aside"


def test_texts_that_never_repeat_are_identifiers():
    found = profile("x", ["a1", "a2", "a3"])
    assert (found.role, found.reason) == ("set aside", "identifier-like: no value occurs twice")


def test_long_texts_are_free_text():
    found = profile("x", [f"we came here on day {i} and liked it" for i in range(5)])
    assert found.role == "set aside"
    assert found.reason == "free text: 5 different texts in 5 rows"


def test_categories_must_cover_half_of_the_rows():
    assert profile("x", ["a", "a", "b", "c"]).role == "category"
    found = profile("x", ["a", "a", "b", "c", "d"])
    assert found.role == "set aside"
    assert found.reason == "too many categories: 4 in 5 rows, and the 1 frequent ones cover 2 rows"


def test_keep_overrules_what_only_looks_like_an_identifier():
    assert profile("id", [900, 4, 17], keep=["id"]).role == "numeric"
    assert profile("x", ["a", "a", "b", "c", "d"], keep=["x"]).role == "category"
    assert profile("x", ["a", "b"], keep=["x"]).role == "set aside"
    with pytest.raises(TableError, match=r"column 'z': there is no such column to keep(.|\n)*'x'"):
        profile("x", [1.5, 2.5], keep=["z"])


def test_target_is_no_feature():
    found = profile_columns(table(x=[1.5, 2.5], y=[1, None]), "y")
    assert [(p.name, p.role, p.n_missing) for p in found] == [
        ("x", "numeric", 0),
        ("y", "target", 1),
    ]


@pytest.mark.parametrize(
    ("n", "least"), [(0, 2), (299, 2), (300, 3), (999, 9), (1000, 10), (9999, 10)]
)
def test_smallest_category(n, least):
    assert smallest_category(n) == least


def test_frequent_categories_are_the_most_frequent_fifty_in_alphabetical_order():
    values = [f"c{i:02d}" for i in range(60) for _ in range(2)] + ["c59", "once"]
    built = column("x", list(reversed(values)))
    frequent, rare = frequent_categories(built)
    names = built.categories
    assert [names[code] for code in frequent] == [f"c{i:02d}" for i in range(49)] + ["c59"]
    assert [names[code] for code in rare] == [f"c{i:02d}" for i in range(49, 59)] + ["once"]
