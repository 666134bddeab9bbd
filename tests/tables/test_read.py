"""Paths, bundled sets, frames and arrays give the same table as a file of their values."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import datasets

from clearprop.errors import ParameterError, TableError
from clearprop.tables import BUNDLED, Table, csv_file, read_table

CSV = b"""length,count,species,ripe,day
1.5,3,plum,true,2026-01-31
,4,,false,
-2.25,,apple,,2024-02-29
0.1,9007199254740993,plum,true,1969-12-31
"""
COLUMNS: dict[str, list[Any]] = {
    "length": [1.5, None, -2.25, 0.1],
    "count": [3, 4, None, 9007199254740993],
    "species": ["plum", None, "apple", "plum"],
    "ripe": [True, False, None, True],
    "day": [datetime(2026, 1, 31), None, datetime(2024, 2, 29), datetime(1969, 12, 31)],
}


def assert_same(found: Table, expected: Table) -> None:
    assert list(found.columns) == list(expected.columns)
    for name, column in expected.columns.items():
        other = found.columns[name]
        assert other.kind == column.kind, name
        assert other.values.dtype == column.values.dtype, name
        assert other.categories == column.categories, name
        assert np.array_equal(other.missing, column.missing), name
        present = ~column.missing
        assert np.array_equal(other.values[present], column.values[present]), name


@pytest.fixture
def expected(tmp_path: Path) -> Table:
    path = tmp_path / "fruit.csv"
    path.write_bytes(CSV)
    table = read_table(path)
    kinds = [column.kind for column in table.columns.values()]
    assert kinds == ["float", "integer", "text", "boolean", "datetime"]
    return table


def test_parquet_equals_csv(expected: Table, tmp_path: Path) -> None:
    path = tmp_path / "fruit.parquet"
    pq.write_table(pa.table(COLUMNS), path)
    assert_same(read_table(str(path)), expected)


def test_parquet_is_known_by_its_content(expected: Table, tmp_path: Path) -> None:
    path = tmp_path / "fruit.csv"
    pq.write_table(pa.table(COLUMNS), path)
    assert_same(read_table(path), expected)


def test_polars_equals_csv(expected: Table) -> None:
    frame = pl.DataFrame(COLUMNS)
    assert_same(read_table(frame), expected)
    assert_same(read_table(frame.with_columns(pl.col("species").cast(pl.Categorical))), expected)


def test_pandas_equals_csv(expected: Table) -> None:
    frame = pd.DataFrame(COLUMNS).astype({"count": "object", "ripe": "object"})
    frame["count"] = pd.array(COLUMNS["count"], dtype="Int64")
    assert_same(read_table(frame), expected)
    nullable = frame.astype({"ripe": "boolean", "species": "category"})
    nullable.index = pd.Index([7, 7, 8, 9], name="id")
    assert_same(read_table(nullable), expected)
    objects = pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in COLUMNS.items()})
    assert_same(read_table(objects), expected)


def test_dict_equals_csv(expected: Table) -> None:
    assert_same(read_table(COLUMNS), expected)


def test_array_columns_are_numbered() -> None:
    table = read_table(np.array([[1.0, np.nan], [3.0, 4.0]], dtype=np.float32))
    assert list(table.columns) == ["x0", "x1"]
    assert table.columns["x1"].missing.tolist() == [True, False]
    assert table.columns["x0"].values.dtype == np.float64
    assert read_table(np.array([["a"], ["b"]])).columns["x0"].categories == ("a", "b")
    mixed = read_table(np.array([["a", 1], ["b", 2]], dtype=object))
    assert [column.kind for column in mixed.columns.values()] == ["text", "integer"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([2**63], pa.uint64()), "text", ["9223372036854775808"]),
        (pa.array([2**63 - 1], pa.uint64()), "integer", [2**63 - 1]),
        (pa.array([-128], pa.int8()), "integer", [-128]),
        (pa.array([Decimal("1.10")]), "float", [1.1]),
        (pa.array([Decimal(12)], pa.decimal128(5, 0)), "integer", [12]),
        (pa.array([Decimal(10**30)], pa.decimal128(38, 0)), "text", [str(10**30)]),
        (pa.array([0.5], pa.float16()), "float", [0.5]),
        (pa.array([None]), "float", [None]),
        (pa.array(["", "x"], pa.large_string()), "text", [None, "x"]),
        (pa.array([datetime(2026, 1, 1, 5, tzinfo=UTC)]), "datetime", [datetime(2026, 1, 1, 5)]),
        (pa.array([1], pa.timestamp("s")), "datetime", [datetime(1970, 1, 1, 0, 0, 1)]),
        (pa.array([1500], pa.timestamp("ns")), "datetime", [datetime(1970, 1, 1, 0, 0, 0, 1)]),
    ],
)
def test_parquet_types(values: pa.Array, kind: str, expected: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": values}), path)
    table = read_table(path)
    column = table.columns["a"]
    assert column.kind == kind
    if column.categories is not None:
        found: list[Any] = [None if c < 0 else column.categories[c] for c in column.values]
    else:
        pairs = zip(column.values.tolist(), column.missing, strict=True)
        found = [None if gone else value for value, gone in pairs]
    assert found == expected


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets(name: str) -> None:
    table = read_table(name)
    bunch = getattr(datasets, f"load_{name}")()
    assert table.source == name
    assert table.line_of(0) is None
    target = table.columns[BUNDLED[name]]
    X = np.stack([column.values for column in table.drop([target.name]).columns.values()], axis=1)
    assert np.array_equal(X, bunch.data)
    if target.categories is None:
        assert np.array_equal(target.values, bunch.target)
    else:
        spelled = np.array(target.categories)[target.values]
        assert np.array_equal(spelled, bunch.target_names[bunch.target])


def test_path_reaches_a_file_named_as_a_bundled_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wine").write_text("a\n1\n")
    assert read_table("./wine").n_rows == 1
    assert read_table(Path("wine")).n_rows == 1
    assert read_table("wine").n_rows == 178


def test_missing_file_offers_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "wine.csv").write_text("a\n1\n")
    with pytest.raises(TableError, match=r"no such file\nDid you mean 'wine.csv'\?"):
        read_table(tmp_path / "wime.csv")
    with pytest.raises(TableError, match="no such file\nCheck the path"):
        read_table(tmp_path / "other.parquet")
    with pytest.raises(TableError, match="does not exist either"):
        read_table(tmp_path / "nowhere" / "wine.csv")
    with pytest.raises(TableError, match="bundled data set\nDid you mean 'digits'"):
        read_table("digit")


def test_folder_names_its_tables(tmp_path: Path) -> None:
    (tmp_path / "wine.csv").write_text("a\n1\n")
    with pytest.raises(TableError, match=r"this is a folder.*\n.*'wine\.csv'"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (pl.DataFrame({"a": [[1], [2]]}), "no column can be read"),
        (pl.DataFrame({"a": []}), "0 rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a'.*same name.*columns 1, 2"),
        (pd.DataFrame({"a": [1, "x", None]}), "'a', value 'x'.*data row 2 is a str"),
        ({"a": [1, 2], "b": [1]}, "'b'.*expected 2 values.*got 1"),
        ({"a": [[1, 2]]}, "'a'.*one dimension"),
        ({"a": [1], " ": [2]}, "has no name"),
        ({}, "0 columns"),
        (np.zeros(3), r"\(n_rows, n_columns\), got shape \(3,\)"),
        (np.zeros((0, 2)), "0 rows"),
        ([[1, 2]], "got list"),
        (None, "got NoneType"),
        ("a\0b", "cannot be read"),
    ],
)
def test_what_cannot_be_a_table_is_refused(source: Any, message: str) -> None:
    with pytest.raises(TableError, match=f"(?s){message}"):
        read_table(source)


@pytest.mark.parametrize("option", [{"delimiter": ";;"}, {"delimiter": '"'}, {"decimal": ";"}])
def test_options_are_checked(option: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=next(iter(option))):
        read_table(tmp_path / "t.csv", **option)


def test_line_of_counts_quoted_newlines_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'"a\nname",b\n1,"x\ny"\n\n2,z\n3,w\n')
    table = read_table(path)
    assert [table.line_of(row) for row in range(3)] == [3, 6, 7]


def test_quoted_newline_at_a_block_boundary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Cut at the last line end of a block, which stands within quotes, both halves of the row look
    # like rows of two fields.
    block = 1 << 16
    monkeypatch.setattr(csv_file, "_BLOCK", block)
    n_filled = block // 11 - 1
    value = "p\nq," + "q" * 200
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,xxxxxxxx\n" * n_filled + f'2,"{value}"\n' + "3,y\n")
    table = read_table(path)
    assert table.columns["b"].categories == ("xxxxxxxx", value, "y")
    assert table.n_rows == n_filled + 2
    assert table.line_of(n_filled + 1) == n_filled + 4


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["+1", "2"], [1, 2]),
        (["3", "+9007199254740993"], [3, 2**53 + 1]),
        (["-1", "+9223372036854775807", "NA"], [-1, 2**63 - 1, None]),
    ],
)
def test_whole_numbers_with_a_plus_sign_are_exact(
    tmp_path: Path, delimiter: str, words: list[str], values: list[int | None]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join(f"{word}{delimiter}x" for word in ["a", *words]))
    column = read_table(path).columns["a"]
    assert column.kind == "integer"
    found = [
        None if gone else int(value)
        for value, gone in zip(column.values, column.missing, strict=True)
    ]
    assert found == values


@pytest.mark.parametrize("word", ["+0x1F", "+-5", "++5", "+"])
def test_a_plus_sign_makes_no_number_of_what_is_none(tmp_path: Path, word: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"a,b\n{word},x\n1,x\n")
    assert read_table(path).columns["a"].kind == "text"
