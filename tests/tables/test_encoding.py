"""From a table to X: by hand, in any order and company to the bit, stored and read back."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearprop.errors import TableError
from clearprop.tables.encoding import TableEncoder
from clearprop.tables.report import EncodingReport
from clearprop.tables.table import Table

from .build import column, table
from .table_strategies import tables


def same_bits(a, b):
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def wine():
    return table(
        row_id=[11, 12, 13, 14],
        ash=[1.0, 3.0, None, 2.0],
        color=["red", "blue", "red", "blue"],
        organic=[True, False, True, True],
        vintage=[datetime(2020, 1, 1), datetime(2020, 1, 3)] * 2,
        country=["Chile"] * 4,
        quality=[1, 2, 1, 2],
    )


def test_a_table_by_hand():
    encoder = TableEncoder.fit(wine(), "quality")
    assert encoder.feature_names == [
        "ash",
        "ash is missing",
        "color=blue",
        "color=red",
        "organic",
        "vintage days",
        "vintage weekday sin",
        "vintage weekday cos",
    ]
    X, report = encoder.encode(wine())
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    deviation = np.sqrt(2 / 3)
    wednesday, friday = 2 * np.pi * 2 / 7, 2 * np.pi * 4 / 7  # 2020-01-01 was a Wednesday
    even = [-1, np.sin(wednesday), np.cos(wednesday)]
    odd = [1, np.sin(friday), np.cos(friday)]
    expected = [
        [-1 / deviation, 0, 0, 1, 1, *even],
        [1 / deviation, 0, 1, 0, 0, *odd],
        [0, 1, 0, 1, 1, *even],
        [0, 0, 1, 0, 1, *odd],
    ]
    np.testing.assert_allclose(X, expected, atol=1e-12)
    assert report == EncodingReport("t.csv", 4, {"ash": 1}, (), {}, (), (), ())


def test_summary_says_kinds_missing_rare_and_what_is_set_aside():
    built = wine()
    built.columns["grape"] = column("grape", ["a", "a", "b", None])
    assert TableEncoder.fit(built, "quality").summary() == [
        ("numeric", "1 column: 'ash'"),
        ("boolean", "1 column: 'organic'"),
        ("category", "2 columns: 'color', 'grape'"),
        ("datetime", "1 column: 'vintage'"),
        ("missing", "'ash': 1 of 4 rows (25.0 %)"),
        ("missing", "'grape': 1 of 4 rows (25.0 %)"),
        ("rare", "'grape': rare categories that share one feature: 1 ('b')"),
        (
            "set aside",
            "'row_id': identifier-like: its name, and 4 different values in 4 rows",
        ),
        ("set aside", "'country': constant: 'Chile' in every row"),
    ]


def test_what_training_did_not_show_is_counted_and_said():
    encoder = TableEncoder.fit(wine(), "quality")
    new = table(
        ASH=[1.0, 2.0, 3.0],
        color=["mauve", "puce", "mauve"],
        organic=[None, True, None],
        note=["x", "y", "z"],
        country=["Peru", "Peru", "Peru"],
    )
    X, report = encoder.encode(new)
    assert report.missing == {"organic": 2}
    assert report.newly_missing == ("organic",)
    assert report.unseen == {"color": {"mauve": 2, "puce": 1}}
    assert report.n_unseen == 3
    assert report.absent == ("ash", "vintage")
    assert report.newly_absent == ("vintage",)
    assert report.extra == ("ASH", "note")
    assert X[:, :2].tolist() == [[0, 1]] * 3
    assert not X[:, 2:4].any()
    assert not X[:, 5:].any()
    assert report.messages() == [
        "column 'ash' is not in t.csv: taken as missing in every row; did you mean 'ASH'?",
        "column 'vintage' is not in t.csv: taken as missing in every row (training had no missing "
        "values here, so this is a guess)",
        "column 'organic': 2 missing values; training had none here, so the model has not learned "
        "what it means",
        "column 'color': 3 values in 2 categories that training did not know: 'mauve' (2 rows), "
        "'puce' (1 row)",
        "2 columns the model does not know, ignored: 'ASH', 'note'",
    ]


def test_nothing_to_say():
    encoder = TableEncoder.fit(table(x=[1.0, 2.0]))
    assert encoder.encode(table(x=[3.0]))[1].messages() == []


def test_long_lists_are_cut_and_the_most_frequent_come_first():
    encoder = TableEncoder.fit(table(c=["a", "b", "a", "b"]))
    new = table(c=["p", "q", "r", "s", "t", "u", "u"], **{f"x{i}": [1.0] * 7 for i in range(9)})
    messages = encoder.encode(new)[1].messages()
    assert messages[0].endswith(
        "7 values in 6 categories that training did not know: 'u' (2 rows), 'p' (1 row), "
        "'q' (1 row), 'r' (1 row), 's' (1 row) and 1 more"
    )
    assert messages[1].endswith("'x0', 'x1', 'x2', 'x3', 'x4' and 4 more")


def test_no_usable_column_lists_every_reason():
    built = table(id=[5, 9, 7], same=[1, 1, 1], name=["a", "b", "c"], y=[0, 1, 1])
    with pytest.raises(TableError) as caught:
        TableEncoder.fit(built, "y")
    assert str(caught.value).splitlines() == [
        "t.csv: no column can be used to predict from",
        "  id: identifier-like: its name, and 3 different values in 3 rows",
        "  same: constant: '1' in every row",
        "  name: identifier-like: no value occurs twice",
        "Add a column that differs from row to row without naming the row.",
    ]


def test_only_the_target():
    with pytest.raises(TableError, match="no column can be used"):
        TableEncoder.fit(table(y=[0, 1]), "y")


def test_no_rows():
    empty = Table("t.csv", {"x": column("x", [], float)}, 0, first_line=2)
    with pytest.raises(TableError, match="no row to learn from"):
        TableEncoder.fit(empty)
    X, report = TableEncoder.fit(wine()).encode(
        Table("t.csv", wine().columns, 4).take(np.arange(0))
    )
    assert X.shape == (0, 9)
    assert report.messages() == []


def test_a_table_of_other_columns_is_refused():
    encoder = TableEncoder.fit(wine(), "quality")
    with pytest.raises(
        TableError, match=r"none of the columns(.|\n)*'ash'(.|\n)*The table has: 'x'"
    ):
        encoder.encode(table(x=[1.0]))


def test_keep_reaches_the_columns():
    assert TableEncoder.fit(wine(), "quality", keep=["row_id"]).feature_names[0] == "row_id"


def test_only_the_given_rows_are_learned_from():
    built = wine()
    part = built.take(np.array([0, 1]))
    changed = replace(built, columns={**built.columns, "ash": column("ash", [1.0, 3.0, 1e9, -5.0])})
    assert TableEncoder.fit(part, "quality") == TableEncoder.fit(
        changed.take(np.array([0, 1])), "quality"
    )
    assert TableEncoder.fit(part, "quality") != TableEncoder.fit(built, "quality")


def test_rare_and_unseen_are_told_apart_exactly():
    rng = np.random.default_rng(0)
    values = ["often"] * 900 + [f"rare {i}" for i in range(100)]
    encoder = TableEncoder.fit(table(c=values))
    assert encoder.feature_names == ["c=often", "c=(rare)"]
    new = [str(text) for text in rng.choice(["often", "rare 3", "new a", "new b"], 500)]
    X, report = encoder.encode(table(c=new))
    expected = {text: new.count(text) for text in ("new a", "new b")}
    assert report.unseen == {"c": expected}
    assert X[:, 0].sum() == new.count("often")
    assert X[:, 1].sum() == 500 - new.count("often")


@given(tables(), st.data())
def test_order_and_company_of_columns_change_no_bit(built, data):
    encoder = TableEncoder.fit(built)
    X, report = encoder.encode(built)
    names = data.draw(st.permutations(list(built.columns)))
    more = column("extra", [1.0] * built.n_rows)
    shuffled = replace(built, columns={"extra": more, **{n: built.columns[n] for n in names}})
    X2, report2 = encoder.encode(shuffled)
    assert same_bits(X, X2)
    assert report2 == replace(report, extra=("extra",))


@given(tables())
def test_a_row_alone_is_the_row_in_the_table(built):
    encoder = TableEncoder.fit(built)
    X, _ = encoder.encode(built)
    for row in range(built.n_rows):
        alone, _ = encoder.encode(built.take(np.array([row])))
        assert same_bits(alone[0], X[row])


def test_a_row_alone_is_the_row_in_a_long_table():
    rng = np.random.default_rng(0)
    n = 1003
    times = [datetime(2020, 1, 1 + int(d), int(d) % 24) for d in rng.integers(0, 31, n)]
    built = table(x=rng.normal(size=n).tolist(), t=times, i=rng.integers(0, 9, n).tolist())
    encoder = TableEncoder.fit(built)
    X, _ = encoder.encode(built)
    for row in (0, 1, 500, 1001, 1002):
        assert same_bits(encoder.encode(built.take(np.array([row])))[0][0], X[row])


@given(tables())
def test_stored_and_read_back_it_encodes_to_the_same_bits(built):
    encoder = TableEncoder.fit(built)
    stored = json.dumps(encoder.to_dict(), allow_nan=False)
    back = TableEncoder.from_dict(json.loads(stored))
    assert back == encoder
    assert same_bits(back.encode(built)[0], encoder.encode(built)[0])


@given(tables())
def test_columns_are_standardised_and_one_hot(built):
    encoder = TableEncoder.fit(built)
    X, report = encoder.encode(built)
    assert np.isfinite(X).all()
    names = encoder.feature_names
    first = X[:, names.index("first")]
    np.testing.assert_allclose([first.mean(), first.std()], [0, 1], atol=1e-7)
    for name in built.columns:
        one_hot = [i for i, feature in enumerate(names) if feature.startswith(f"{name}=")]
        mark = [i for i, feature in enumerate(names) if feature == f"{name} is missing"]
        if one_hot:
            assert (X[:, one_hot + mark].sum(axis=1) == 1).all()
        if mark:
            assert X[:, mark[0]].sum() == built.columns[name].n_missing == report.missing[name]


def paths(data, at=()):
    """Every place in nested dictionaries and lists."""
    yield at
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from paths(value, (*at, key))
        else:
            yield (*at, key)


JUNK = [
    None,
    True,
    -1,
    0,
    2**80,
    -1.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    {},
    ["a", "a"],
    [1],
]


def everything_stored():
    built = wine()
    built.columns["grape"] = column("grape", ["a", "a", "b", None])
    return TableEncoder.fit(built, "quality").to_dict()


def junk_at(data, path, junk):
    data = copy.deepcopy(data)
    if not path:
        return junk
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = junk
    return data


def read_or_refuse(data):
    """Whether a description is taken; if so it encodes, or refuses the table in our words."""
    try:
        encoder = TableEncoder.from_dict(data)
    except TableError as error:
        return "damaged" not in str(error)
    assert TableEncoder.from_dict(encoder.to_dict()) == encoder
    encoder.summary()
    try:
        X, report = encoder.encode(wine())
    except TableError:
        return True
    report.messages()
    assert X.shape == (4, encoder.n_features)
    return True


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_junk_anywhere_is_refused_or_harmless(junk):
    data = everything_stored()
    places = list(paths(data))
    assert len(places) > 80
    for path in places:
        read_or_refuse(junk_at(data, path, junk))


def test_every_missing_and_every_unknown_key_is_refused():
    data = everything_stored()
    for path in paths(data):
        place = data
        for key in path:
            place = place[key]
        if isinstance(place, dict):
            assert not read_or_refuse(junk_at(data, path, {**place, "more": 1}))
            for key in place:
                fewer = {k: v for k, v in place.items() if k != key}
                assert not read_or_refuse(junk_at(data, path, fewer))


@pytest.mark.parametrize(
    ("path", "junk"),
    [
        (("n_rows",), 0),
        (("n_rows",), True),
        (("n_rows",), 4.0),
        (("profiles", 1, "role"), "hidden"),
        (("profiles", 1, "role"), "set aside"),
        (("profiles", 1, "role"), "target"),
        (("profiles", 1, "name"), "row_id"),
        (("profiles", 1, "kind"), "complex"),
        (("profiles", 1, "n_missing"), -1),
        (("encoders", 0, "kind"), "boolean"),
        (("encoders", 0, "kind"), []),
        (("encoders", 0, "name"), "other"),
        (("encoders", 0, "marks_missing"), 1),
        (("encoders", 0, "standardization", "scale"), 0.0),
        (("encoders", 0, "standardization", "scale"), float("nan")),
        (("encoders", 0, "standardization", "mean"), float("inf")),
        (("encoders", 0, "standardization", "mean"), 2),
        (("encoders", 0, "standardization", "shift"), 2**40),
        (("encoders", 1, "categories"), ["red", "red"]),
        (("encoders", 1, "categories"), "red"),
        (("encoders", 1, "rare"), ["red"]),
        (("encoders", 3, "parts"), ["weekday", "month"]),
        (("encoders", 3, "parts"), ["minute"]),
        (("encoders",), []),
    ],
)
def test_what_cannot_have_been_written_is_refused(path, junk):
    assert not read_or_refuse(junk_at(everything_stored(), path, junk))


def test_an_encoding_without_features_is_refused():
    data = TableEncoder.fit(table(x=[7.0, None])).to_dict()
    data["encoders"][0]["marks_missing"] = False
    assert not read_or_refuse(data)
