"""An estimator's parameters <-> JSON.

Only plain values can be stored: a function or an object would need code from the file to come back.
This file knows nothing of files and of fitted attributes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from clearprop.errors import ParameterError
from clearprop.estimators.base import BaseMLP
from clearprop.safe_file import float_from_json, float_to_json
from clearprop.tables.stored import Stored, damaged

__all__ = ["parameters_from_json", "parameters_to_json"]

OF_THE_RUN = ("callbacks", "checkpoint", "checkpoint_seconds", "resume")
"""Parameters that belong to one run on one machine; a loaded model has their defaults."""

_WITHOUT = "Predictions do not need it: call model.set_params({}) and save again."
_REMEDIES = {
    "activation": "A model file holds no code: use a named activation, or pickle the estimator.",
    "random_state": _WITHOUT.format("random_state=None"),
    "scoring": _WITHOUT.format("scoring=None"),
    "metrics": _WITHOUT.format("metrics=None"),
}


def parameters_to_json(estimator: BaseMLP) -> dict[str, Any]:
    """The parameters by name; tuples, dicts and infinite floats are marked, so that they come back.

    Raises:
        ParameterError: a parameter is a function or an object.

    Examples:
        >>> from clearprop.estimators import MLPClassifier
        >>> parameters_to_json(MLPClassifier((8, 4)))["hidden_layer_sizes"]
        {'tuple': [8, 4]}
    """
    kept = estimator.get_params(deep=False)
    return {
        name: _to_json(name, value, type(estimator).__name__)
        for name, value in kept.items()
        if name not in OF_THE_RUN
    }


def parameters_from_json(data: object, estimator_class: type[BaseMLP]) -> BaseMLP:
    """An unfitted estimator with the stored parameters, each within its own constraints.

    Parameters that are not in the file have their defaults, so that a file outlives new ones.

    Raises:
        TableError: an unknown parameter, or a value it cannot have.
    """
    where = f"parameters of {estimator_class.__name__}"
    known = set(estimator_class().get_params(deep=False)) - set(OF_THE_RUN)
    if not isinstance(data, dict) or not set(data) <= known:
        raise damaged(where, f"some of {', '.join(sorted(known))}")
    try:
        values = {name: _from_json(value) for name, value in data.items()}
        estimator = estimator_class(**values)
        estimator._validate_params()
    except (ValueError, TypeError) as error:
        raise damaged(where, f"values that fit ({error})") from error
    sizes = np.atleast_1d(np.asarray(estimator.hidden_layer_sizes, dtype=object))
    if sizes.ndim != 1 or not all(type(size) is int for size in sizes):
        raise damaged(where, "hidden_layer_sizes of whole numbers")
    return estimator


def _to_json(name: str, value: Any, owner: str) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = value.item()
    if type(value) is tuple:
        return {"tuple": [_to_json(name, item, owner) for item in value]}
    if type(value) is list:
        return [_to_json(name, item, owner) for item in value]
    if type(value) is dict:
        pairs = value.items()
        return {"dict": [[_to_json(name, item, owner) for item in pair] for pair in pairs]}
    if type(value) is float and not math.isfinite(value):
        return {"float": float_to_json(value)}
    if type(value) in (str, int, float, bool, type(None)):
        return value
    raise ParameterError(
        f"cannot save this {owner}: its parameter {name} is {value!r}, an object that only code "
        "could bring back",
        remedy=_REMEDIES.get(name, _WITHOUT.format(f"{name}=...")),
    )


def _from_json(value: Any) -> Any:
    if type(value) is list:
        return [_from_json(item) for item in value]
    if type(value) is not dict:
        return value
    tag = next((tag for tag in ("float", "dict") if tag in value), "tuple")
    stored = Stored(value, "parameter value", [tag])
    if tag == "float":
        return float_from_json(stored.value("float"))
    items = [_from_json(item) for item in stored.items(tag)]
    if tag == "tuple":
        return tuple(items)
    if not all(type(pair) is list and len(pair) == 2 for pair in items):
        raise damaged("parameter value", "pairs of a key and its value")
    return dict(items)
