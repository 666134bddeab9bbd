"""Class labels <-> JSON: 1 stays 1, "1" stays "1", True stays True, and their dtype stays too.

This file knows nothing of files and estimators.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearprop.errors import ParameterError
from clearprop.safe_file import DTYPES
from clearprop.tables.stored import Stored

__all__ = ["labels_from_json", "labels_to_json"]

MOST_CHARACTERS = 2**24
"""Characters that text labels may take in memory (64 MiB), each as many as the dtype is wide."""


def labels_to_json(labels: NDArray[Any]) -> dict[str, Any]:
    """Labels as `dtype` and `labels`.

    Args:
        labels: shape (n_classes,), of truth values, numbers or text; or objects, each one of those.

    Raises:
        ParameterError: labels of another dtype, such as bytes or dates; texts too wide to be read.

    Examples:
        >>> labels_to_json(np.array(["no", "yes"]))
        {'dtype': 'U3', 'labels': ['no', 'yes']}
    """
    dtype = labels.dtype
    name = f"U{dtype.itemsize // 4}" if dtype.kind == "U" else dtype.name
    values = labels.tolist()
    plain = all(type(value) in (str, int, float, bool) for value in values)
    if not plain or (dtype.kind not in "UO" and name not in DTYPES):
        raise ParameterError(
            f"cannot save this model: its class labels have dtype {dtype}",
            remedy="Train with labels that are text, whole numbers, floats or truth values, such "
            "as y.astype(str).",
        )
    if dtype.kind == "U" and labels.nbytes // 4 > MOST_CHARACTERS:
        raise ParameterError(
            f"cannot save this model: its {len(values)} class labels have dtype {dtype}, which "
            f"takes {labels.nbytes // 4:,} characters, expected at most {MOST_CHARACTERS:,}",
            remedy="Train with shorter labels; np.array(y.tolist()) is no wider than it must be.",
        )
    return {"dtype": name, "labels": values}


def labels_from_json(data: object) -> NDArray[Any]:
    """The labels that `labels_to_json` wrote.

    Raises:
        TableError: labels that cannot be right.
    """
    stored = Stored(data, "class labels", ["dtype", "labels"])
    dtype, values = stored.text("dtype"), stored.items("labels")
    if dtype not in {"object", *DTYPES} and not re.fullmatch("U[1-9][0-9]{0,7}", dtype):
        raise stored.error("dtype", f"one of object, U…, {', '.join(DTYPES)}")
    # Before NumPy allocates it: a short file can state any width.
    if dtype[0] == "U" and int(dtype[1:]) * len(values) > MOST_CHARACTERS:
        raise stored.error("dtype", f"of at most {MOST_CHARACTERS:,} characters in all labels")
    try:
        if not all(type(value) in (str, int, float, bool) for value in values):
            raise ValueError("labels of other types")
        labels = np.array(values, dtype=dtype)
        # repr tells 1 from True and 1.0: NumPy would turn one into the other in silence.
        if repr(labels.tolist()) != repr(values):
            raise ValueError("labels that their dtype cannot hold")
    except (ValueError, TypeError, OverflowError) as error:
        raise stored.error("labels", f"labels of dtype {dtype}") from error
    return labels
