"""Every awkward file is read right, or refused with a message that says where and what to do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearprop.errors import TableError
from clearprop.tables import Column, read_table, source_file

from .faulty import CASES, Case

assert len({case.name for case in CASES}) == len(CASES)

READ = [case for case in CASES if case.reads]
REFUSED = [case for case in CASES if not case.reads]


def values_of(column: Column) -> list[Any]:
    """A column's values as Python's own, None where missing."""
    if column.categories is not None:
        return [None if code < 0 else column.categories[code] for code in column.values]
    return [
        None if gone else value
        for value, gone in zip(column.values.tolist(), column.missing, strict=True)
    ]


@pytest.fixture(params=["read", "mapped"], autouse=True)
def way_of_reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files are mapped into memory; what follows must not depend on it."""
    if request.param == "mapped":
        monkeypatch.setattr(source_file, "_MAPPED_FROM", 1)


def written(case: Case, folder: Path) -> Path:
    path = folder / case.file
    path.write_bytes(case.content)
    return path


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_awkward_file_reads_right(case: Case, tmp_path: Path) -> None:
    table = read_table(written(case, tmp_path), **case.options)
    assert case.columns is not None
    found = {name: values_of(column) for name, column in table.columns.items()}
    assert found == case.columns
    for name, expected in case.columns.items():
        kinds = {type(value) for value in expected} - {type(None)}
        assert {type(value) for value in found[name]} - {type(None)} == kinds
        column = table.columns[name]
        assert len(column.values) == len(column.missing) == table.n_rows
        assert (column.values[column.missing] == -1).all() or column.kind != "text"
    for part in case.message:
        assert part in "\n".join(table.notes)
    if not case.message:
        assert table.notes == ()


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_faulty_file_is_refused_in_the_users_words(case: Case, tmp_path: Path) -> None:
    path = written(case, tmp_path)
    with pytest.raises(TableError) as caught:
        read_table(path, **case.options)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert caught.value.remedy, "every refusal says what to do"
    for part in case.message:
        assert part in message
    for foreign in ("Arrow", "pyarrow", "CSV column #", "Traceback"):
        assert foreign not in message


def test_text_codes_follow_first_appearance(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a\nq\nNA\np\nq\n")
    column = read_table(path).columns["a"]
    assert column.categories == ("q", "p")
    assert column.values.dtype == np.int32
    assert column.values.tolist() == [0, -1, 1, 0]
