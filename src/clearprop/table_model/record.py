"""What a model remembers of its training: data, parts, settings, curves, scores, versions.

No times, no paths: equal runs leave equal records, and so equal files.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy
import sklearn

from clearprop import __version__
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.table_model.evaluation import Evaluation
from clearprop.table_model.preparation import DECIDED_HERE, OF_THE_RUN, PreparedTable
from clearprop.tables.columns import SET_ASIDE

__all__ = ["baseline_record", "training_record"]


def baseline_record(prepared: PreparedTable) -> dict[str, Any]:
    """What the trivial predictions are made from: the training part's classes, or its mean."""
    y = prepared.y[prepared.parts.train]
    if prepared.target.task == "classification":
        classes = prepared.target.classes
        return {"class_counts": [int(np.count_nonzero(y == label)) for label in classes]}
    return {"mean": float(y.mean())}


def training_record(
    prepared: PreparedTable,
    estimator: MLPClassifier | MLPRegressor,
    epochs: dict[str, Any],
    evaluation: Evaluation | None,
) -> dict[str, Any]:
    """What is kept of a training run, as JSON can hold it.

    Args:
        prepared: what was trained on.
        estimator: fitted.
        epochs: how many there were, and why no more.
        evaluation: on the test part.
    """
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in estimator.get_params().items()
        if name not in (*OF_THE_RUN, *DECIDED_HERE)
    }
    if settings["n_iter_no_change"] == math.inf:
        settings["n_iter_no_change"] = "inf"
    # L-BFGS has no epochs and no validation scores.
    scores = getattr(estimator, "validation_scores_", None)
    return {
        "data": os.path.basename(prepared.source),
        "reading": prepared.rows.reading,
        "rows": {
            "read": prepared.n_read,
            "without_target": prepared.n_read - prepared.rows.n_rows,
            **{part: len(rows) for part, rows in prepared.parts._asdict().items()},
        },
        "seed": estimator.random_state,
        "parts": prepared.settings,
        "settings": settings,
        "epochs": epochs,
        "curves": {
            "loss": _finite(getattr(estimator, "loss_curve_", None)),
            "validation": _finite(scores),
            "validation_loss": _finite(getattr(estimator, "validation_loss_curve_", None)),
            "validation_metric": (estimator.scoring or "negative loss") if scores else None,
        },
        "scores": None if evaluation is None else evaluation.to_dict(),
        "set_aside": {
            profile.name: profile.reason
            for profile in prepared.encoder.profiles
            if profile.role == SET_ASIDE
        },
        "baseline": baseline_record(prepared),
        "versions": {
            "clearprop": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "scipy": scipy.__version__,
        },
    }


def _finite(values: Sequence[float] | None) -> list[float | None]:
    """A curve as JSON holds it: null where a score was not defined."""
    return [float(value) if math.isfinite(value) else None for value in values or ()]
