"""Every error and warning the project raises itself, in one tree.

    ClearpropError
    ├── ShapeError (ValueError)          arrays that do not fit each other or the network
    ├── ParameterError (ValueError)      a setting outside what is allowed
    ├── TableError (ValueError)          a table that cannot be read right: line, column, value
    ├── ModelFileError (ValueError)      a model or checkpoint file: damaged, foreign, too new
    └── DivergenceError (ValueError)     training that produced infinite or undefined numbers

    ClearpropWarning (UserWarning)
    ├── DataWarning                      something in the data the user should know of
    ├── EngineWarning                    the compiled engine cannot be used on this machine
    └── DivergenceWarning                training that ended in a model of no use

Each message says what was got, what was expected, and what to do next. All errors are also
`ValueError`s, so code written for scikit-learn's exceptions keeps working. This file knows nothing
of the rest of the project.
"""

from __future__ import annotations

from sklearn.exceptions import ConvergenceWarning

__all__ = [
    "ClearpropError",
    "ClearpropWarning",
    "DataWarning",
    "DivergenceError",
    "DivergenceWarning",
    "EngineWarning",
    "ModelFileError",
    "ParameterError",
    "ShapeError",
    "TableError",
]


class ClearpropError(Exception):
    """The base of every error raised on purpose; the command line shows it without a traceback.

    Args:
        message: what was got and what was expected, in the user's words.
        remedy: what to do next; one sentence or more, shown on a line of its own.

    Examples:
        >>> print(ClearpropError("got 3 columns, expected 4", remedy="Add the column 'ash'."))
        got 3 columns, expected 4
        Add the column 'ash'.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments would not survive the default pickling, and joblib's workers
        # send their errors home as pickles.
        return type(self).__new__, (type(self), *self.args), self.__dict__

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class ShapeError(ClearpropError, ValueError):
    """Arrays whose shapes do not fit each other or the network."""


class ParameterError(ClearpropError, ValueError):
    """A setting outside of what is allowed."""


class TableError(ClearpropError, ValueError):
    """A table that cannot be read right.

    Args:
        message: what was got and what was expected.
        source: the file's path as the user gave it, or the name of the table.
        line: line in the file, counted from 1 as an editor does (the header is line 1).
        column: the column's name as it stands in the header.
        value: the offending value as it stands in the file.
        remedy: what to do next.

    Examples:
        >>> print(TableError("expected a number", source="wine.csv", line=17, column="ash",
        ...                  value="1,5x", remedy="Correct the value."))
        wine.csv, line 17, column 'ash', value '1,5x': expected a number
        Correct the value.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str = "",
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        remedy: str = "",
    ) -> None:
        place = [source] if source else []
        if line is not None:
            place.append(f"line {line}")
        if column is not None:
            place.append(f"column {column!r}")
        if value is not None:
            place.append(f"value {value!r}")
        super().__init__(f"{', '.join(place)}: {message}" if place else message, remedy=remedy)
        self.source = source
        self.line = line
        self.column = column
        self.value = value


class ModelFileError(ClearpropError, ValueError):
    """A model or checkpoint file that is damaged, not ours, or written by a newer version."""


class DivergenceError(ClearpropError, ValueError):
    """Training that produced infinite or undefined numbers; says the likely cause and remedy."""


class ClearpropWarning(UserWarning):
    """The base of every warning given on purpose."""


class DataWarning(ClearpropWarning):
    """Something in the data that the user should know of; training or prediction goes on."""


class EngineWarning(ClearpropWarning):
    """The compiled engine cannot be used on this machine; the reference engine is, in its place.

    Args:
        reason: what the compiler or LLVM's loader said.

    Examples:
        >>> print(EngineWarning("no such processor"))
        The compiled engine cannot be used here: no such processor
        Training goes on in NumPy with the same results, several times slower.
        Reinstalling numba and llvmlite for this Python may help.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The compiled engine cannot be used here: {reason}\n"
            "Training goes on in NumPy with the same results, several times slower.\n"
            "Reinstalling numba and llvmlite for this Python may help."
        )


class DivergenceWarning(ClearpropWarning, ConvergenceWarning):  # type: ignore[misc]  # no types
    """Training that ended in a model of no use, or had to be cut short to save one.

    A `sklearn.exceptions.ConvergenceWarning` too, so that filters written for that one apply.
    """
