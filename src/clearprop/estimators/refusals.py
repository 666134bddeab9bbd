"""What a call of `fit` is refused for before anything is trained, in the caller's words.

scikit-learn's own checks come first or after; these say what they leave to a bare error later.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np

from clearprop.errors import ParameterError
from clearprop.training import Callback

__all__ = ["nearest_scorer", "refuse_run", "refuse_targets_of_classes"]


def refuse_run(estimator: Any) -> None:
    """Refuse a checkpoint that cannot be written, and callbacks that are none.

    Raises:
        ParameterError: the checkpoint's folder is missing, or an entry of `callbacks` cannot be
            told of anything.
    """
    if estimator.checkpoint is not None:
        folder = Path(estimator.checkpoint).absolute().parent
        if not folder.is_dir():
            raise ParameterError(
                f"checkpoint: got {str(estimator.checkpoint)!r}, and there is no folder "
                f"{str(folder)!r}",
                remedy="Create the folder first, or correct the path.",
            )
    for place, callback in enumerate(() if estimator.callbacks is None else estimator.callbacks):
        is_class = isinstance(callback, type)
        if not isinstance(callback, Callback):
            what = getattr(callback, "__name__", type(callback).__name__)
            raise ParameterError(
                f"callbacks[{place}]: got {what}, expected an object of a subclass of "
                f"{Callback.__module__.partition('.')[0]}.training.Callback",
                remedy=f"Create one: {what}()."
                if is_class and issubclass(callback, Callback)
                else "Write: class Mine(Callback): def on_epoch(self, progress): ...; and give "
                "callbacks=[Mine()]; scikit-learn's own callbacks are given to set_callbacks.",
            )


def refuse_targets_of_classes(y: Any) -> None:
    """Refuse labels and missing values where quantities are expected.

    Raises:
        ParameterError: y holds text, or None.
    """
    values = y.to_numpy() if hasattr(y, "to_numpy") else y
    if not isinstance(values, (list, tuple, np.ndarray)):
        return
    try:
        values = np.asarray(values)
    except ValueError:
        return  # ragged: scikit-learn says so
    if values.dtype.kind not in "OUS" or not values.size:
        return
    for value in values.ravel().tolist():
        if value is None:
            raise ParameterError(
                "y: got None, expected a number for each row",
                remedy="Leave rows without a target out.",
            )
        if isinstance(value, (str, bytes)) and not _is_number(value):
            raise ParameterError(
                f"y: got the label {value!r}, expected numbers",
                remedy="Use MLPClassifier for classes; or give the quantities as numbers.",
            )


def _is_number(text: str | bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def nearest_scorer(name: object) -> str:
    """A sentence offering the scorers whose names are nearest to a mistyped one, or ""."""
    from sklearn.metrics import get_scorer_names  # noqa: PLC0415 - fitting starts sooner without

    near = difflib.get_close_matches(str(name), get_scorer_names())
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
