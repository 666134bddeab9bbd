"""The column to predict: found or not, classes or quantities, and labels that keep their type."""

from __future__ import annotations

import json
import math
import warnings
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearprop.errors import DataWarning, ParameterError, TableError
from clearprop.tables.table import Table
from clearprop.tables.target import TargetEncoder, drop_missing_targets, resolve_target

from .build import column, table


def fit(values, task=None, kind=None):
    built = Table("t.csv", {"y": column("y", values, kind)}, len(values), first_line=2)
    return TargetEncoder.fit(built, "y", task)


def encode(target, values, kind=None):
    built = Table("t.csv", {"y": column("y", values, kind)}, len(values), first_line=2)
    return target.encode(built)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b", "a", "b"], "classification"),
        ([True, False, True, False], "classification"),
        ([0, 1, 2, 0, 1, 2], "classification"),
        ([0, 1, 2, 0, 1], "regression"),
        ([i % 20 for i in range(40)], "classification"),
        ([i % 21 for i in range(42)], "regression"),
        ([1.0, 2.0, 1.0, 2.0], "classification"),
        ([1.5, 2.0, 1.5, 2.0], "regression"),
        ([1, 2, None, 1, 2], "classification"),
        ([1.0, 2.0, None, 1.0, 2.0], "classification"),
    ],
)
def test_the_task_is_chosen_by_the_documented_rule(values, task):
    found = fit(values)
    assert found.task == task
    assert found.reason
    assert bool(found.classes) == (task == "classification")


def test_the_task_can_be_asked_for():
    assert fit([0, 1, 0, 1], "regression").classes == []
    assert fit([0, 1, 2, 0], "regression").task == "regression"
    with pytest.warns(DataWarning):
        assert fit([5, 9, 7, 5], "classification").classes == [5, 7, 9]
    assert fit(["1", "2", "3.5"], "regression").task == "regression"
    with pytest.raises(ParameterError, match="task='ranking': expected one of classification"):
        fit([0, 1], "ranking")


@pytest.mark.parametrize(
    ("values", "classes", "dtype"),
    [
        (["b", "a ", "A", "b", "a ", "A"], ["A", "a ", "b"], "U"),
        ([True, False, True, False], [False, True], "b"),
        ([3, -1, 3, -1], [-1, 3], "i"),
        ([2.0, 1.0, 2.0, 1.0], [1.0, 2.0], "f"),
        ([2**62 + 1, 2**62, 2**62 + 1, 2**62], [2**62, 2**62 + 1], "i"),
        (["007", "7", "007", "7"], ["007", "7"], "U"),
    ],
)
def test_labels_keep_type_and_spelling(values, classes, dtype):
    target = fit(values)
    assert target.classes == classes
    assert {type(label) for label in target.classes} == {type(values[0])}
    assert target.labels_as_text() == [str(label) for label in classes]
    y = encode(target, values)
    assert y.dtype.kind == dtype
    assert y.tolist() == values
    back = TargetEncoder.from_dict(json.loads(json.dumps(target.to_dict())))
    assert back == target
    assert [type(label) for label in back.classes] == [type(label) for label in classes]


@given(st.lists(st.text(min_size=1).filter(lambda s: "\0" not in s), min_size=1, unique=True))
def test_any_spelling_survives(labels):
    target = fit([*labels, *labels, "a class of its own", "a class of its own"])
    assert set(target.classes) == {*labels, "a class of its own"}
    back = TargetEncoder.from_dict(json.loads(json.dumps(target.to_dict())))
    assert encode(back, labels).tolist() == labels


def test_regression_targets_are_the_numbers():
    target = fit([1.5, 2.5, 4.0])
    y = encode(target, [1, 2, 5])
    assert y.dtype == np.float64
    assert y.tolist() == [1, 2, 5]
    assert encode(target, ["1e3", "2"]).tolist() == [1000, 2]
    assert TargetEncoder.from_dict(json.loads(json.dumps(target.to_dict()))) == target


def test_labels_that_another_file_reads_as_another_type():
    assert encode(fit(["007", "x", "007", "x"]), [7, 7]).tolist() == ["007", "007"]
    assert encode(fit([1, 2, 1, 2]), [1.0, 2.0]).tolist() == [1, 2]
    assert encode(fit([1, 2, 1, 2]), [1.0, 2.0]).dtype.kind == "i"
    assert encode(fit([1, 2, 1, 2]), ["1", " 2"]).tolist() == [1, 2]
    assert encode(fit([1.0, 2.0, 1.0, 2.0]), [2, 1]).dtype == np.float64
    assert encode(fit([True, False, True, False]), [1, 0]).tolist() == [True, False]
    with pytest.raises(TableError, match=r"line 3, column 'y', value '2.5': expected a class"):
        encode(fit([1, 2, 1, 2]), [1.0, 2.5])
    with pytest.raises(TableError, match="line 2, column 'y', value 'one': expected a number"):
        encode(fit([1, 2, 1, 2]), ["one", "2"])
    with pytest.warns(DataWarning, match="1 of 1 rows .* did not know: '7'"):
        assert encode(fit(["007", "07", "007", "07"]), [7]).tolist() == ["7"]


@pytest.mark.parametrize(
    ("values", "new", "named"),
    [(["a", "b"] * 2, ["a", "c", "c"], "'c'"), ([1, 2] * 2, [1, 3, 3], "'3'")],
)
def test_unknown_classes_are_counted_and_named(values, new, named):
    with pytest.warns(DataWarning, match=f"2 of 3 rows have a class .* did not know: {named}"):
        assert encode(fit(values), new).tolist() == new


def test_a_class_with_one_row_is_named():
    with pytest.warns(DataWarning, match=r"2 of 3 classes with one row only.*: 'b', 'c'"):
        fit(["a", "b", "a", "c"])


def test_one_class_is_refused_with_a_remedy():
    for values in (["a", "a"], [1, 1], [True, True], [2.0, 2.0, None]):
        with pytest.raises(TableError, match="column 'y': there is one class only") as caught:
            fit(values, "classification")
        assert "Choose another target" in caught.value.remedy


def test_classes_that_never_repeat_are_refused():
    with pytest.raises(TableError, match="each of the 3 classes has one row"):
        fit(["a", "b", "c"])


def test_fractions_are_no_classes():
    with pytest.raises(TableError, match=r"line 3, column 'y', value '0.5'.*cannot be a class"):
        fit([1.0, 0.5, 1.0, 0.5], "classification")
    with pytest.raises(TableError, match=r"line 4, column 'y', value '0.5'"):
        fit([1.0, None, 0.5, 1.0], "classification")


def test_constant_quantity_is_refused():
    with pytest.raises(TableError, match=r"column 'y': the target is 2.5 in every row"):
        fit([2.5, 2.5, None])


@pytest.mark.parametrize("task", [None, "classification", "regression"])
def test_infinite_target_is_named(task):
    with pytest.raises(TableError) as caught:
        fit([1.5, None, math.inf, 2.5], task)
    error = caught.value
    assert (error.line, error.column, error.value) == (4, "y", "inf")
    assert "infinite" in error.message
    with pytest.raises(TableError, match="line 3, column 'y', value '-inf'"):
        encode(fit([1.5, 2.5]), [1.0, -math.inf])


def test_text_is_no_quantity():
    with pytest.raises(TableError, match="line 4, column 'y', value 'low': expected a number"):
        fit(["1", None, "low", "2"], "regression")
    with pytest.raises(TableError, match="line 3, column 'y', value 'True': regression needs"):
        fit([None, True, False], "regression")


def test_dates_are_no_targets():
    for task in (None, "classification", "regression"):
        with pytest.raises(TableError, match=r"line 3, column 'y'.*a date cannot be predicted"):
            fit([None, datetime(2024, 1, 1), datetime(2024, 1, 2)], task)


def test_integers_that_would_be_rounded_are_no_quantities():
    with pytest.raises(TableError, match=r"line 3, column 'y', value '9007199254740993'.*2\^53"):
        fit([1, 2**53 + 1, 3], "regression")


def test_missing_targets_are_dropped_counted_and_the_first_is_named():
    built = table(x=[1.0, 2.0, 3.0, 4.0], y=[1.5, None, None, 2.5])
    with pytest.warns(DataWarning, match="t.csv, column 'y': 2 of 4 rows .*the first is line 3$"):
        kept = drop_missing_targets(built, "y")
    assert kept.columns["x"].values.tolist() == [1.0, 4.0]
    assert [kept.line_of(0), kept.line_of(1)] == [2, 5]
    with pytest.warns(DataWarning, match="1 of 3 row has no target and is left out, .* line 3$"):
        drop_missing_targets(built.take(np.array([0, 1, 3])), "y")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert drop_missing_targets(kept, "y") is kept
    with pytest.raises(TableError, match="there is no column 'z' to predict"):
        drop_missing_targets(built, "z")


def test_mostly_missing_targets_are_refused():
    built = table(x=[1.0, 2.0, 3.0], y=[1.5, None, None])
    with pytest.raises(
        TableError, match=r"line 3, column 'y': .*missing in 2 of 3 rows, more than"
    ):
        drop_missing_targets(built, "y")
    with pytest.raises(TableError, match="no row to learn from"):
        drop_missing_targets(built.take(np.arange(0)), "y")
    with pytest.raises(TableError, match="every target is missing"):
        fit([None, None], kind=str)


def test_encode_refuses_missing_targets():
    with pytest.raises(TableError, match=r"line 3, column 'y'.*the target is missing"):
        encode(fit([1.5, 2.5]), [1.0, None])


def test_without_lines_the_row_is_named():
    built = Table("DataFrame", {"y": column("y", [1.5, None, 2.5])}, 3)
    with pytest.warns(DataWarning, match="^DataFrame, column 'y': .*the first is data row 2$"):
        drop_missing_targets(built, "y")


def test_the_target_is_found_by_its_name():
    assert resolve_target(table(x=[1], Class=[2])) == "Class"
    assert resolve_target(table(y=[1], x=[2])) == "y"
    assert resolve_target(table(x=[1], y=[2]), "x") == "x"
    with pytest.raises(TableError, match=r"'label', 'y' could each be it\n.*--target COLUMN.*'x'"):
        resolve_target(table(x=[1], label=[2], y=[3]))
    with pytest.raises(TableError, match=r"none is named so\n.*--target COLUMN.*'x', 'z'\.$"):
        resolve_target(table(x=[1], z=[2]))


def test_nearest_names_are_offered():
    built = table(quality=[1], ash=[2])
    with pytest.raises(TableError) as caught:
        resolve_target(built, "Qualty")
    assert str(caught.value) == (
        "t.csv: there is no column 'Qualty' to predict\n"
        "Did you mean 'quality'? Columns: 'quality', 'ash'."
    )
    with pytest.raises(TableError, match=r"\nColumns: 'quality', 'ash'\.$"):
        resolve_target(built, "zzz")
    wide = table(**{f"c{i}": [1] for i in range(40)})
    with pytest.raises(TableError, match=r"'c29' and 10 more\.$"):
        resolve_target(wide, "zzz")


def test_the_target_may_be_absent_when_encoding():
    with pytest.raises(TableError, match="there is no column 'y' to predict"):
        fit([1.5, 2.5]).encode(table(x=[1]))


GOOD = {"name": "y", "task": "classification", "classes": ["a", "b"], "reason": ""}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {**GOOD, "more": 1},
        {**GOOD, "name": 3},
        {**GOOD, "task": "ranking"},
        {**GOOD, "task": "regression"},
        {**GOOD, "reason": None},
        {**GOOD, "classes": None},
        {**GOOD, "classes": "ab"},
        {**GOOD, "classes": []},
        {**GOOD, "classes": ["a"]},
        {**GOOD, "classes": ["b", "a"]},
        {**GOOD, "classes": ["a", "a"]},
        {**GOOD, "classes": ["a", 1]},
        {**GOOD, "classes": [True, 1]},
        {**GOOD, "classes": [0, 1.0]},
        {**GOOD, "classes": [[1], [2]]},
        {**GOOD, "classes": [0.0, math.nan]},
        {**GOOD, "classes": [0.0, math.inf]},
        {**GOOD, "classes": [0, 2**63]},
    ],
    ids=repr,
)
def test_a_damaged_description_is_refused(data):
    assert TargetEncoder.from_dict(GOOD).classes == ["a", "b"]
    with pytest.raises(TableError, match=r"the stored target is damaged.*\n.*undamaged copy"):
        TargetEncoder.from_dict(data)
