"""A TableModel's encodings and record <-> JSON; its estimator is stored beside them.

This file knows nothing of files and of how estimators are stored.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clearprop.estimators import MLPClassifier
from clearprop.model_file.estimator import Estimator
from clearprop.table_model import TableModel
from clearprop.tables.encoding import TableEncoder
from clearprop.tables.spellings import ORDERS
from clearprop.tables.standardization import Standardization
from clearprop.tables.stored import Stored, damaged
from clearprop.tables.target import TargetEncoder

__all__ = ["table_model_from_json", "table_model_to_json"]

_KEYS = ("encoder", "target", "target_scale", "record")
_RECORD_KEYS = (
    "baseline",
    "data",
    "reading",
    "rows",
    "seed",
    "parts",
    "settings",
    "epochs",
    "curves",
    "scores",
    "set_aside",
    "versions",
)


def table_model_to_json(model: TableModel) -> dict[str, Any]:
    """Everything of a `TableModel` but its estimator."""
    scale = model.target_scale
    return {
        "encoder": model.encoder.to_dict(),
        "target": model.target.to_dict(),
        "target_scale": None if scale is None else asdict(scale),
        "record": model.record,
    }


def table_model_from_json(data: object, estimator: Estimator) -> TableModel:
    """The `TableModel` that `table_model_to_json` described.

    Raises:
        TableError: a key or value that cannot be right, or one that does not fit the estimator.
    """
    stored = Stored(data, "table model", _KEYS)
    encoder = TableEncoder.from_dict(stored.value("encoder"))
    target = TargetEncoder.from_dict(stored.value("target"))
    scale = stored.value("target_scale")
    scale = None if scale is None else Standardization.from_dict(scale)
    if encoder.n_features != estimator.n_features_in_:
        raise stored.error("encoder", f"of {estimator.n_features_in_} features")
    if isinstance(estimator, MLPClassifier):
        fits = estimator.classes_.tolist() == list(target.classes) and scale is None
    else:
        fits = target.task == "regression" and scale is not None and estimator.n_outputs_ == 1
    if not fits:
        raise stored.error("target", f"what {type(estimator).__name__} predicts")
    record = Stored(stored.value("record"), "record", _RECORD_KEYS)
    _require_baseline(record.value("baseline"), len(target.classes))
    _require_reading(record.value("reading"))
    return TableModel(encoder, target, estimator, scale, stored.value("record"))


def _require_reading(data: object) -> None:
    """Check the options that every later table is read with."""
    fits = isinstance(data, dict) and all(
        (name == "decimal" and value in (".", ","))
        or (name == "delimiter" and isinstance(value, str) and len(value) == 1)
        or (
            name == "dates"
            and isinstance(value, dict)
            and all(order in ORDERS for order in value.values())
        )
        or (
            name in ("missing", "text", "ignore")
            and isinstance(value, list)
            and all(isinstance(word, str) for word in value)
        )
        for name, value in data.items()
    )
    if not fits:
        raise damaged(
            "reading",
            "a decimal mark, a delimiter, orders of dates, and lists of texts as missing, text and "
            "ignore",
        )


def _require_baseline(data: object, n_classes: int) -> None:
    """Check the one part of the record that evaluation computes with."""
    if not n_classes:
        Stored(data, "baseline", ["mean"]).number("mean")
        return
    counts = Stored(data, "baseline", ["class_counts"]).items("class_counts")
    if len(counts) != n_classes or not all(type(count) is int and count >= 0 for count in counts):
        raise damaged("baseline", f"{n_classes} counts of classes")
