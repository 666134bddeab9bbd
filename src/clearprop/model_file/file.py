"""save_model and load_model: a fitted estimator or a TableModel <-> one safe file.

The file holds arrays and JSON. Names in it are looked up in fixed lists; no code comes from it, and
none is found through it. docs/model-file.md shows its layout.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

from clearprop.errors import ClearpropError, ModelFileError
from clearprop.model_file.estimator import Estimator, estimator_from_json, estimator_to_json
from clearprop.model_file.table import table_model_from_json, table_model_to_json
from clearprop.safe_file import read_safe_file, write_safe_file
from clearprop.table_model import TableModel
from clearprop.tables.stored import Stored

__all__ = ["load_model", "save_model"]

KIND = "model"

_LIBRARIES = ("clearprop", "numpy", "scipy", "scikit-learn", "safetensors")


def save_model(model: Estimator | TableModel, path: str | os.PathLike[str]) -> None:
    """Write a fitted model as one file, in one step; equal models give equal files.

    Kept: weights, parameters, classes with type and spelling, feature names, loss curve and scores,
    library versions; of a `TableModel` also the encoding of its columns and the training record.
    Not kept: `callbacks`, `checkpoint`, `checkpoint_seconds` and `resume`, which belong to one run,
    and the optimizer's running averages: `partial_fit` of a loaded model begins those anew.

    Args:
        model: a fitted `MLPClassifier`, `MLPRegressor` or `TableModel`.
        path: the file to write, such as "wine.safetensors"; an existing one is replaced as a whole.

    Raises:
        ParameterError: another object, one that is not fitted, or one with a parameter that only
            code could bring back (a scorer that is a function, a RandomState).
        ModelFileError: the file cannot be written; what stood there before is unchanged.

    Examples:
        >>> import tempfile, numpy as np
        >>> from clearprop.estimators import MLPRegressor
        >>> X = np.linspace(-1, 1, 30)[:, None]
        >>> model = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0)
        >>> model = model.fit(X, X[:, 0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(model, f"{folder}/line.safetensors")
        ...     loaded = load_model(f"{folder}/line.safetensors")
        >>> bool(np.array_equal(loaded.predict(X), model.predict(X)))
        True
    """
    table = model if isinstance(model, TableModel) else None
    arrays, described = estimator_to_json(table.estimator if table else model)
    metadata = {
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in _LIBRARIES},
        },
        "estimator": described,
        "table": table_model_to_json(table) if table else None,
    }
    write_safe_file(path, KIND, arrays, metadata)


def load_model(path: str | os.PathLike[str]) -> Any:
    """Read a model that `save_model` wrote; it predicts as before, to the last bit.

    No code is run from the file: a file can at worst hold wrong weights, so take models only from
    where you would take data.

    Args:
        path: the file to read.

    Returns:
        An `MLPClassifier`, an `MLPRegressor` or a `TableModel`, as it was saved.

    Raises:
        ModelFileError: no such file, not a model of clearprop, written by a newer version, or
            damaged.

    Examples:
        >>> import tempfile, numpy as np
        >>> from clearprop.estimators import MLPClassifier
        >>> X, y = np.array([[-1.0], [1.0], [-2.0], [2.0]]), ["no", "yes", "no", "yes"]
        >>> model = MLPClassifier(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(model.fit(X, y), f"{folder}/sign.safetensors")
        ...     loaded = load_model(f"{folder}/sign.safetensors")
        >>> print(*loaded.predict([[3.0], [-3.0]]))
        yes no
    """
    arrays, metadata = read_safe_file(path, KIND)
    try:
        stored = Stored(metadata, "model", ["versions", "estimator", "table"])
        Stored(stored.value("versions"), "versions", ["python", *_LIBRARIES])
        estimator = estimator_from_json(stored.value("estimator"), arrays)
        if stored.value("table") is None:
            return estimator
        return table_model_from_json(stored.value("table"), estimator)
    except (RecursionError, MemoryError) as error:
        raise ModelFileError(
            f"{os.fspath(path)!r} cannot be used: reading it takes more memory or depth than there "
            f"is ({type(error).__name__})",
            remedy="Take an undamaged copy of the model, or a machine with more memory.",
        ) from error
    except ClearpropError as error:
        raise ModelFileError(
            f"{os.fspath(path)!r} cannot be used: {error.message}",
            remedy=error.remedy,
        ) from error
