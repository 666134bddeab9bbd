"""What the standard library writes reads back exactly; damaged files never end in a crash."""

import csv
import io
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearprop.errors import TableError
from clearprop.tables import Table, read_table
from clearprop.tables.spellings import MISSING

characters = st.characters(exclude_characters="\0", exclude_categories=("Cs", "Cc"))
awkward = st.sampled_from([*"\"',;|\t\n \r.-0159", '"', "\n"])
texts = st.text(characters | awkward, max_size=8)
numbers = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.floats(allow_nan=False).map(repr),
    st.integers(0, 120).map(str),
    st.decimals(-1000, 1000, places=2).map(str),
)
words = st.sampled_from(["red", "green", "NA", "", "true", "false", "007", "2026-01-31"])
cells = st.one_of(texts, numbers, words)


@st.composite
def grids(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A header of distinct words, and rows below it; each column of one manner or of all."""
    n_columns = draw(st.integers(1, 4))
    n_rows = draw(st.integers(1, 12))
    columns = []
    for _ in range(n_columns):
        manner = draw(st.sampled_from([cells, texts, numbers, words]))
        columns.append(draw(st.lists(manner, min_size=n_rows, max_size=n_rows)))
    names = [f"column {index}" for index in range(n_columns)]
    return names, [list(row) for row in zip(*columns, strict=True)]


def assert_value(table: Table, name: str, row: int, written: str) -> None:
    column = table.columns[name]
    if column.missing[row]:
        assert written.strip() in MISSING
        return
    if column.categories is not None:
        # A carriage return or CR LF within quotes comes back as it was written.
        assert column.categories[column.values[row]] == written
        return
    value = column.values[row]
    plain = written.strip()
    if column.kind == "integer":
        # Digits in groups are read as one number, and said so.
        digits = plain if plain.lstrip("+-").isdigit() else re.sub(r"[.,' \u00a0\u202f]", "", plain)
        assert int(digits) == int(value)
    elif column.kind == "float":
        grouped = any("groups of thousands" in note or "commas" in note for note in table.notes)
        assert grouped or float(plain) == value
        if plain.lstrip("+-").isdigit() and int(plain) != int(value):
            assert any("rounded" in note for note in table.notes)
    elif column.kind == "boolean":
        assert plain.lower() == ("true" if value else "false")
    else:
        assert column.kind == "datetime"
        said = "UTC", "day first", "month first"
        notes = "".join(table.notes)
        assert str(value)[:10] in plain or any(word in notes for word in said)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties")


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    grid=grids(),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    stated=st.booleans(),
)
def test_what_python_writes_reads_back(
    folder: Path,
    grid: tuple[list[str], list[list[str]]],
    delimiter: str,
    quoting: int,
    end: str,
    stated: bool,
) -> None:
    names, rows = grid
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=delimiter, quoting=quoting, lineterminator=end)
    lines = []
    for fields in [names, *rows]:
        before = sink.getvalue()
        lines.append(len(re.findall(r"\r\n|\n|\r", before)) + 1)
        writer.writerow(fields)
    path = folder / "t.csv"
    path.write_text(sink.getvalue(), encoding="utf-8", newline="")
    try:
        table = read_table(path, delimiter=delimiter if stated else None)
    except TableError:
        return
    assert list(table.columns) == names
    assert table.n_rows == len(rows)
    for row, fields in enumerate(rows):
        assert table.line_of(row) == lines[row + 1]
        for name, field in zip(names, fields, strict=True):
            assert_value(table, name, row, field)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=10),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_text_is_never_refused_for_its_characters(
    folder: Path, rows: list[tuple[str, str]], end: str
) -> None:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator=end)
    writer.writerows([("a", "b"), *rows])
    path = folder / "text.csv"
    path.write_text(sink.getvalue(), encoding="utf-8", newline="")
    table = read_table(path, text=("a", "b"))
    for name, written in zip("ab", zip(*rows, strict=True), strict=True):
        column = table.columns[name]
        assert column.categories is not None or column.missing.all()
        for row, value in enumerate(written):
            assert table.columns[name].text(row) == ("" if value.strip() in MISSING else value)


GOOD = (
    'id;name;weight;born;member\n1;"Anna; B.";61,5;1990-02-03;true\n2;"Ré ""X""";;1985-11-30;'
    'false\n3;"two\nlines";72,25;2001-07-15;true\n4;NA;80,0;;\n'
).encode()


def test_damaged_bytes_give_a_table_or_a_table_error(folder: Path) -> None:
    random_state = random.Random(0)
    path = folder / "damaged.csv"
    outcomes = {"read": 0, "refused": 0}
    for _ in range(1500):
        data = bytearray(GOOD)
        for _ in range(random_state.randint(1, 4)):
            at = random_state.randrange(len(data))
            match random_state.randrange(3):
                case 0:
                    data[at] = random_state.randrange(256)
                case 1:
                    del data[at : at + random_state.randint(1, 5)]
                case _:
                    data.insert(at, random_state.choice(b'";,\n\r\t|0\xff '))
        path.write_bytes(data)
        try:
            table = read_table(path)
        except TableError:
            outcomes["refused"] += 1
        else:
            assert all(len(c.values) == table.n_rows for c in table.columns.values())
            outcomes["read"] += 1
    assert min(outcomes.values()) > 100
