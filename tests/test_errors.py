"""The exception tree: as drawn, with messages that survive the way home from a worker process."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from clearprop import errors
from clearprop.errors import ClearpropError, ClearpropWarning, ShapeError, TableError

CLASSES = [getattr(errors, name) for name in errors.__all__]
ERRORS = [cls for cls in CLASSES if issubclass(cls, ClearpropError)]


def test_the_tree_is_as_drawn() -> None:
    text = inspect.getdoc(errors) or ""
    drawn: dict[str, str] = {}
    root = ""
    for line in text.splitlines():
        if top := re.match(r"\s*(Clearprop\w+)", line):
            root = top[1]
            drawn[root] = ""
        elif leaf := re.match(r"\s*[├└]── (\w+)", line):
            drawn[leaf[1]] = root
    assert sorted(drawn) == sorted(errors.__all__) == errors.__all__
    for name, parent in drawn.items():
        cls = getattr(errors, name)
        if parent:
            assert issubclass(cls, getattr(errors, parent))


def test_every_error_is_a_value_error_and_every_warning_a_user_warning() -> None:
    for cls in CLASSES:
        if cls is not ClearpropError:
            assert issubclass(cls, UserWarning if issubclass(cls, Warning) else ValueError)
        assert issubclass(cls, ClearpropError) != issubclass(cls, ClearpropWarning)
        assert cls.__doc__


@pytest.mark.parametrize("cls", ERRORS)
def test_message_and_remedy(cls: type[ClearpropError]) -> None:
    assert str(cls("got 3, expected 4", remedy="Add one.")) == "got 3, expected 4\nAdd one."
    assert str(cls("got 3")) == "got 3"


@pytest.mark.parametrize("cls", ERRORS)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_keeps_all(cls: type[ClearpropError], protocol: int) -> None:
    error = cls("got 3", remedy="Add one.")
    error.add_note("noted")
    back = pickle.loads(pickle.dumps(error, protocol))
    assert type(back) is cls
    assert (str(back), back.args, back.message, back.remedy) == (
        str(error),
        error.args,
        "got 3",
        "Add one.",
    )
    assert back.__notes__ == ["noted"]


def test_a_table_error_names_its_place_and_keeps_it() -> None:
    error = TableError(
        "expected a number", source="a.csv", line=7, column="ash", value="x", remedy="Correct it."
    )
    assert str(error) == "a.csv, line 7, column 'ash', value 'x': expected a number\nCorrect it."
    back = pickle.loads(pickle.dumps(error))
    assert (back.source, back.line, back.column, back.value) == ("a.csv", 7, "ash", "x")
    assert str(back) == str(error)
    assert str(TableError("empty", source="a.csv")) == "a.csv: empty"
    assert str(TableError("empty")) == "empty"
    assert str(TableError("empty", line=1)) == "line 1: empty"


def _fail() -> None:
    raise ShapeError("got 3", remedy="Add one.")


def test_an_error_comes_home_from_a_worker_process() -> None:
    from joblib import Parallel, delayed  # noqa: PLC0415 - starts a resource tracker

    with pytest.raises(ShapeError, match="got 3\nAdd one"):
        Parallel(n_jobs=2, backend="multiprocessing")(delayed(_fail)() for _ in range(2))
