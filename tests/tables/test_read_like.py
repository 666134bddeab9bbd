"""A table read like another one: what the file itself proves wins, what it leaves open is settled.

The first file shows decimal commas and the day first; the second one may, may not, or may disagree.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearprop.errors import ParameterError, TableError
from clearprop.tables import Table, read_table

TRAINING = "Gewicht;Preis;Tag\n1,5;3,7;31/12/2025\n2,25;4,1;01/02/2026\n"


@pytest.fixture
def like(tmp_path: Path) -> dict[str, Any]:
    reading = read(tmp_path, TRAINING).reading
    assert reading == {"decimal": ",", "delimiter": ";", "dates": {"Tag": "day-first"}}
    return reading


def read(folder: Path, content: str, **options: Any) -> Table:
    path = folder / "t.csv"
    path.write_text(content)
    return read_table(path, **options)


def values(table: Table, name: str) -> list[Any]:
    found: list[Any] = table.columns[name].values.tolist()
    return found


@pytest.mark.parametrize(
    ("content", "proof"),
    [
        ("Gewicht,Preis\n5.733,17.2\n6.144,18.1\n", "17.2 in column 'Preis'"),
        ("Gewicht,Preis\n54.15,1.234\n1.234,2.345\n", "54.15 in column 'Gewicht'"),
        ("Gewicht;Preis\n5.733;0.125\n6.144;0.250\n", "0.125 in column 'Preis'"),
        ('Gewicht,Preis\n5.733,"1,234,567.5"\n6.144,"1,234.5"\n', "1,234,567.5 in column 'Preis'"),
    ],
)
def test_decimal_points_that_a_file_proves_win(
    tmp_path: Path, like: dict[str, Any], content: str, proof: str
) -> None:
    expected, found = read(tmp_path, content), read(tmp_path, content, like=like)
    for name in expected.columns:
        assert values(found, name) == values(expected, name)
    notes = "\n".join(found.notes)
    assert f"decimal points, as {proof} proves, not with decimal commas as in the training" in notes


@pytest.mark.parametrize(
    "content",
    ["Gewicht,Preis\n5.733,17\n", "Gewicht\n5.733\n6.144\n", "Gewicht\tPreis\n7\t5.733\n"],
)
def test_a_point_that_proves_nothing_in_a_file_of_another_kind_is_refused(
    tmp_path: Path, like: dict[str, Any], content: str
) -> None:
    with pytest.raises(TableError, match=r"line 2, .*'5\.733'.*5733 or 5\.733(.|\n)*--decimal"):
        read(tmp_path, content, like=like)
    # Whoever knows says so.
    for decimal, expected in ((".", 5.733), (",", 5733)):
        table = read(tmp_path, content, like=like, decimal=decimal)
        assert expected in [value for name in table.columns for value in values(table, name)]


def test_a_file_of_the_same_kind_is_read_like_the_training_table(
    tmp_path: Path, like: dict[str, Any]
) -> None:
    table = read(tmp_path, "Gewicht;Preis\n5.733;1,234\n7;2,345\n", like=like)
    assert values(table, "Gewicht") == [5733, 7]
    assert values(table, "Preis") == [1.234, 2.345]
    assert "5.733 as 5733, as in the training table" in "\n".join(table.notes)
    proved = read(tmp_path, "Gewicht;Preis\n5.733;1,5\n7;2,345\n", like=like)
    assert values(proved, "Gewicht") == [5733, 7]
    assert "training" not in "".join(proved.notes)


def test_commas_that_a_file_proves_win_over_points(tmp_path: Path) -> None:
    like = read(tmp_path, "a;b\n1,234;1\n", decimal=".").reading
    assert values(read(tmp_path, "a;b\n1,234;1\n", like=like), "a") == [1234]
    table = read(tmp_path, "a;b\n1,234;0,5\n", like=like)
    assert values(table, "a") == [1.234]
    assert "decimal commas, as 0,5" in "".join(table.notes)
    with pytest.raises(TableError, match="1234"):
        read(tmp_path, 'a,b\n"1,234",5\n', like=like)


def test_the_order_of_dates_holds_where_a_file_proves_none(
    tmp_path: Path, like: dict[str, Any]
) -> None:
    def tag(content: str, **options: Any) -> Any:
        table = read(tmp_path, content, like=like, **options)
        return table.columns["Tag"].values[0], "\n".join(table.notes)

    day, notes = tag("Tag,x\n03/04/2026,1\n")
    assert day == np.datetime64(datetime(2026, 4, 3))
    assert "day first, as in the training table" in notes
    day, notes = tag("Tag,x\n03/04/2026,1\n12/31/2026,1\n")
    assert day == np.datetime64(datetime(2026, 3, 4))
    assert "as its values prove, not with the day first as in the training table" in notes
    day, _ = tag("Tag,x\n03/04/2026,1\n", dates="month-first")
    assert day == np.datetime64(datetime(2026, 3, 4))
    # A column that training has not seen as dates has no order handed on.
    assert read(tmp_path, "x,other\n1,03/04/2026\n", like=like).columns["other"].kind == "text"


def test_a_column_cannot_rest_on_an_order_that_another_one_disproves(tmp_path: Path) -> None:
    like = read(tmp_path, "a,b\n31/12/2025,30/12/2025\n").reading
    with pytest.raises(TableError, match=r"column 'b'.*column 'a' has another order(.|\n)*--dates"):
        read(tmp_path, "a,b\n12/31/2025,01/02/2025\n", like=like)


def test_spellings_and_columns_are_handed_on_unless_others_are_named(tmp_path: Path) -> None:
    like = read(tmp_path, "a,b\nx,1\n", missing=["x"], text=["b"]).reading
    assert read(tmp_path, "a,b\nx,1\n", like=like).columns["b"].kind == "text"
    assert read(tmp_path, "a,b\nx,1\n", like=like).columns["a"].n_missing == 1
    assert read(tmp_path, "a,b\nx,1\n", like=like, missing=["y"]).columns["a"].n_missing == 0


def test_an_order_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="day-first, month-first"):
        read(tmp_path, "a\n1\n", dates="dmy")
