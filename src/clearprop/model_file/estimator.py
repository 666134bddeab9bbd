"""A fitted MLPClassifier or MLPRegressor <-> arrays and JSON.

Everything that predictions depend on is stored and checked; of the optimizer's running averages
nothing is. This file knows the estimators' fitted attributes, and nothing of files and tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state

from clearprop.errors import ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.estimators.architecture import out_activation
from clearprop.estimators.several_targets import SeveralTargets
from clearprop.model_file.labels import labels_from_json, labels_to_json
from clearprop.model_file.parameters import parameters_from_json, parameters_to_json
from clearprop.network import Layer, Network
from clearprop.safe_file import float_from_json, float_to_json
from clearprop.tables.stored import Stored, damaged
from clearprop.training import TrainingState

__all__ = ["ESTIMATORS", "Estimator", "estimator_from_json", "estimator_to_json"]

Estimator = MLPClassifier | MLPRegressor

ESTIMATORS: dict[str, type[Estimator]] = {
    "MLPClassifier": MLPClassifier,
    "MLPRegressor": MLPRegressor,
}
"""What a file may name; nothing else is ever made."""

_KEYS = ("name", "parameters", "network", "features", "target", "fitted", "progress")
_WHOLE = 2**62


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _WHOLE:
        raise ValueError(f"expected a count, got {value!r}")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"expected a text, got {value!r}")
    return value


def _floats_to_json(values: Any) -> list[float | str]:
    return [float_to_json(value) for value in values]


def _floats_from_json(values: Any) -> list[float]:
    if type(values) is not list:
        raise ValueError(f"expected a list, got {values!r}")
    return [float_from_json(value) for value in values]


def _optional(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


def _of_each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def converted(values: Any) -> Any:
        if type(values) is not dict:
            raise ValueError(f"expected an object, got {values!r}")
        return {str(name): convert(value) for name, value in values.items()}

    return converted


_TO_AND_FROM: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "count": (int, _whole),
    "text": (str, _text),
    "float": (float_to_json, float_from_json),
    "float or None": (_optional(float_to_json), _optional(float_from_json)),
    "floats": (_floats_to_json, _floats_from_json),
    "curves": (_of_each(_floats_to_json), _of_each(_floats_from_json)),
    "curves by part or None": (
        _optional(_of_each(_of_each(_floats_to_json))),
        _optional(_of_each(_of_each(_floats_from_json))),
    ),
    "floats or None": (_optional(_floats_to_json), _optional(_floats_from_json)),
}

_FITTED = {
    "n_iter_": "count",
    "t_": "count",
    "loss_": "float",
    "best_loss_": "float or None",
    "best_validation_score_": "float or None",
    "stopped_": "text",
    "loss_curve_": "floats",
    "validation_scores_": "floats or None",
    "validation_loss_curve_": "floats or None",
    "metric_curves_": "curves by part or None",
}
"""Fitted attributes that tell how training went; an estimator has those its solver gives."""

_PROGRESS = {
    "epoch": "count",
    "step": "count",
    "samples_seen": "count",
    "plateaus": "count",
    "no_improvement": "count",
    "best_epoch": "count",
    "best_loss": "float",
    "best_score": "float",
    "seconds": "float",
    "curves": "curves",
}
"""What `fit` with warm_start and `partial_fit` go on from, by `TrainingState`'s names."""


def estimator_to_json(estimator: Any) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays `coefs_0`, `intercepts_0`, … and JSON of a fitted estimator.

    Raises:
        ParameterError: not one of `ESTIMATORS`, not fitted, with weights that are not finite, or
            with a parameter that only code could bring back.
    """
    name = type(estimator).__name__
    if type(estimator) is not ESTIMATORS.get(name):
        raise ParameterError(
            f"cannot save a {name}: expected a clearprop MLPClassifier, MLPRegressor or TableModel",
            remedy="Save the fitted estimator itself; of a Pipeline or a search, its last step or "
            "best_estimator_ (what prepares the data must be kept apart).",
        )
    if not hasattr(estimator, "coefs_"):
        raise ParameterError(
            f"cannot save this {name}: it is not fitted",
            remedy="Call model.fit(X, y) first.",
        )
    arrays: dict[str, NDArray[Any]] = {}
    for number, layer in enumerate(estimator.parameters_):
        arrays[f"coefs_{number}"], arrays[f"intercepts_{number}"] = layer
    if not _all_finite(arrays):
        raise ParameterError(
            f"cannot save this {name}: its weights hold NaN or infinity, expected finite numbers",
            remedy="Train it again, with a smaller learning_rate_init or scaled inputs.",
        )
    network = estimator.network_
    names = getattr(estimator, "feature_names_in_", None)
    return arrays, {
        "name": name,
        "parameters": parameters_to_json(estimator),
        "network": {
            "sizes": list(network.sizes),
            "hidden": list(network.hidden),
            "output": network.output,
            "output_parameters": [float(number) for number in network.output_parameters],
        },
        "features": None if names is None else [str(column) for column in names],
        "target": _target_to_json(estimator),
        "fitted": _attributes_to_json(estimator, _FITTED),
        "progress": {**_attributes_to_json(estimator._training, _PROGRESS), "seconds": 0.0},
    }


def estimator_from_json(data: object, arrays: dict[str, NDArray[Any]]) -> Estimator:
    """The estimator that `estimator_to_json` described: the same predictions to the last bit.

    Raises:
        TableError: a key, a value or an array that cannot be right; the message says which.
    """
    stored = Stored(data, "estimator", _KEYS)
    estimator = parameters_from_json(
        stored.value("parameters"), ESTIMATORS[stored.text("name", ESTIMATORS)]
    )
    network = _network_from_json(stored.value("network"))
    estimator.coefs_, estimator.intercepts_ = _layers_from_arrays(network, arrays)
    estimator.n_features_in_, estimator.n_outputs_ = network.sizes[0], network.sizes[-1]
    estimator.n_layers_ = len(network.sizes)
    estimator.out_activation_ = out_activation(network.output)
    if stored.value("features") is not None:
        names = stored.texts("features")
        if len(names) != network.sizes[0]:
            raise stored.error("features", f"{network.sizes[0]} names")
        estimator.feature_names_in_ = np.array(names, dtype=object)
    _set_target(estimator, stored.value("target"))
    if estimator.network_ != network:
        raise stored.error("network", "the activations that parameters and target ask for")
    for name, value in _attributes_from_json(stored.value("fitted"), "fitted", _FITTED).items():
        setattr(estimator, name, value)
    _set_training(estimator, stored.value("progress"))
    return estimator


def _network_from_json(data: object) -> Network:
    if isinstance(data, dict):
        # Files from before there were any.
        data = {"output_parameters": [], **data}
    stored = Stored(data, "network", ["sizes", "hidden", "output", "output_parameters"])
    sizes, hidden = stored.items("sizes"), stored.items("hidden")
    if not all(type(size) is int and size <= _WHOLE for size in sizes):
        raise stored.error("sizes", "whole numbers")
    if not all(type(name) is str for name in hidden):
        raise stored.error("hidden", "names")
    try:
        numbers = [float_from_json(number) for number in stored.items("output_parameters")]
        return Network(sizes, hidden, stored.text("output"), output_parameters=numbers)
    except ParameterError as error:
        raise damaged("network", f"values that fit ({error.message})") from error
    except ValueError as error:
        raise stored.error("output_parameters", "numbers") from error


def _layers_from_arrays(
    network: Network, arrays: dict[str, NDArray[Any]]
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for number in range(network.n_layers):
        fan_in, fan_out = network.sizes[number : number + 2]
        shapes[f"coefs_{number}"] = (fan_in, fan_out)
        shapes[f"intercepts_{number}"] = (fan_out,)
    if set(arrays) != set(shapes):
        raise damaged("weights", f"the arrays {', '.join(shapes)}")
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise damaged("weights", f"{name} of shape {shape}, got {arrays[name].shape}")
    if {array.dtype.name for array in arrays.values()} not in ({"float64"}, {"float32"}):
        raise damaged("weights", "arrays of one dtype, float64 or float32")
    if not _all_finite(arrays):
        raise damaged("weights", "finite numbers, got NaN or infinity")
    numbers = range(network.n_layers)
    return (
        [arrays[f"coefs_{number}"] for number in numbers],
        [arrays[f"intercepts_{number}"] for number in numbers],
    )


def _all_finite(arrays: dict[str, NDArray[Any]]) -> bool:
    return all(bool(np.isfinite(array).all()) for array in arrays.values())


def _target_to_json(estimator: Estimator) -> dict[str, Any] | None:
    if not isinstance(estimator, MLPClassifier):
        return None
    binarizer = estimator._label_binarizer
    if isinstance(binarizer, SeveralTargets):
        return {"targets": [labels_to_json(labels) for labels in binarizer.classes_]}
    return {
        "classes": labels_to_json(np.asarray(estimator.classes_)),
        "multilabel": binarizer.y_type_.startswith("multilabel"),
        "sparse": bool(binarizer.sparse_input_),
    }


def _set_target(estimator: Estimator, data: object) -> None:
    """Classes, and scikit-learn's binarizer fitted on them as `fit` would."""
    if not isinstance(estimator, MLPClassifier):
        if data is not None:
            raise damaged("target", "null for a regressor")
        return
    if isinstance(data, dict) and "targets" in data:
        targets = Stored(data, "target", ["targets"]).items("targets")
        estimator._label_binarizer = SeveralTargets([labels_from_json(each) for each in targets])
        estimator.classes_ = estimator._label_binarizer.classes_
        return
    stored = Stored(data, "target", ["classes", "multilabel", "sparse"])
    classes = labels_from_json(stored.value("classes"))
    multilabel, in_sparse = stored.truth("multilabel"), stored.truth("sparse")
    n_outputs = estimator.n_outputs_
    if multilabel:
        fits = n_outputs >= 2 and len(classes) == n_outputs
        y = np.eye(2, n_outputs, dtype=np.int64)
    else:
        fits = not in_sparse and len(classes) in ((1, 2) if n_outputs == 1 else (n_outputs,))
        y = classes
    if not fits:
        raise damaged("target", f"classes for {n_outputs} outputs, got {len(classes)}")
    try:
        binarizer = LabelBinarizer().fit(sparse.csr_matrix(y) if in_sparse else y)
    except (ValueError, TypeError) as error:
        raise damaged("target", f"labels of classes ({error})") from error
    if not multilabel and not np.array_equal(binarizer.classes_, classes):
        raise damaged("target", "classes that differ, sorted")
    estimator._label_binarizer, estimator.classes_ = binarizer, classes


def _set_training(estimator: Estimator, data: object) -> None:
    """What a further `fit` or `partial_fit` asks for; the optimizer begins anew."""
    progress = _attributes_from_json(data, "progress", _PROGRESS)
    if set(progress) != set(_PROGRESS):
        raise damaged("progress", f"the keys {', '.join(_PROGRESS)}")
    scores = getattr(estimator, "validation_scores_", None)
    estimator._random_state = check_random_state(estimator.random_state)
    estimator._training = TrainingState(
        parameters=estimator.parameters_,
        random_state=estimator._random_state,
        loss_curve=list(getattr(estimator, "loss_curve_", ())),
        validation_scores=list(scores or ()),
        # With validation, the weights kept are the best ones.
        best_parameters=[Layer(W.copy(), b.copy()) for W, b in estimator.parameters_]
        if scores
        else None,
        **progress,
    )


def _attributes_to_json(owner: object, names: dict[str, str]) -> dict[str, Any]:
    return {
        name: _TO_AND_FROM[kind][0](getattr(owner, name))
        for name, kind in names.items()
        if hasattr(owner, name)
    }


def _attributes_from_json(data: object, where: str, names: dict[str, str]) -> dict[str, Any]:
    if not isinstance(data, dict) or not set(data) <= set(names):
        raise damaged(where, f"some of {', '.join(names)}")
    read = {}
    for name, value in data.items():
        try:
            read[name] = _TO_AND_FROM[names[name]][1](value)
        except ValueError as error:
            raise damaged(where, f"{name}: {error}") from error
    return read
