"""From a table to a `TableModel` and an honest account of how good it is.

    rows with a target -> parts -> encoding of the training part -> fit -> judged on the test part

The test part is set aside before anything is learned. This file knows nothing of the command line.
"""

from __future__ import annotations

import difflib
import math
import os
import platform
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
import sklearn

from clearprop import __version__
from clearprop.errors import DataWarning, ParameterError, TableError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.table_model.evaluation import Evaluation
from clearprop.table_model.model import TableModel
from clearprop.table_model.network_targets import negative_loss
from clearprop.table_model.splitting import Parts, split_rows
from clearprop.tables import Table
from clearprop.tables.columns import SET_ASIDE
from clearprop.tables.encoding import TableEncoder
from clearprop.tables.standardization import Standardization
from clearprop.tables.target import TargetEncoder, drop_missing_targets, resolve_target
from clearprop.training import Callback

__all__ = ["TrainingReport", "train_table_model"]

Array = npt.NDArray[Any]

MIN_ROWS = 5
MIN_VALIDATION_ROWS = 5
# Where tables are better served by other defaults than scikit-learn's; docs/decisions.md has the
# figures.
HIDDEN_LAYER_SIZES = (200,)
MAX_ITER = 500
SMALLEST_BATCH, LARGEST_BATCH = 32, 200
# Parameters of one run, which are no part of what was learned.
OF_THE_RUN = ("callbacks", "checkpoint", "checkpoint_seconds", "max_time", "resume", "verbose")
# Parameters that the parts, the seed and the one call of fit decide here.
DECIDED_HERE = ("early_stopping", "random_state", "validation_fraction", "warm_start")


@dataclass(frozen=True)
class TrainingReport:
    """What became of a training run.

    Attributes:
        parts: the rows of each part, as indices into the rows that have a target.
        evaluation: on the test part; None if it is empty.
        stopped: "max_epochs", "no_improvement", "max_seconds", "callback", "interrupted" or
            "diverged"; "converged" for L-BFGS.
        n_epochs: epochs trained.
        kept_epoch: the epoch whose weights were kept, counted from 1.
    """

    parts: Parts
    evaluation: Evaluation | None
    stopped: str
    n_epochs: int
    kept_epoch: int


def train_table_model(
    table: Table,
    target: str | None = None,
    *,
    task: str | None = None,
    test_size: float = 0.2,
    validation_size: float = 0.1,
    random_state: int = 0,
    keep: Collection[str] = (),
    callbacks: Sequence[Callback] = (),
    **parameters: Any,
) -> tuple[TableModel, TrainingReport]:
    """Train a network on a table and judge it on rows that it never saw.

    Args:
        table: what to learn from.
        target: the column to predict; None takes the one that is called like a target.
        task: "classification" or "regression"; None decides by the target's values.
        test_size: share of the rows held out to judge the result; 0 for none.
        validation_size: share of the rest whose score stops the training and chooses the weights
            to keep; 0 for none, and none for solver="lbfgs".
        random_state: seed of the parts, the initial weights and the order of the rows.
        keep: columns that must not be set aside for looking like identifiers or free text.
        callbacks: told of progress.
        **parameters: of `MLPClassifier` or `MLPRegressor`, with three defaults of their own:
            hidden_layer_sizes (200,); max_iter 500; batch_size 1 % of the training rows, but 32 at
            least and 200 at most. Where `scoring` is None, the validation part's score is its loss.

    Returns:
        The model, and what became of the run.

    Raises:
        TableError: a table that nothing can be learned from.
        ParameterError: a parameter that there is not, or outside of what is allowed.
        DivergenceError: training produced infinite or undefined numbers.

    Examples:
        >>> from clearprop.tables import read_table
        >>> model, report = train_table_model(read_table("wine"), random_state=0)
        >>> [len(rows) for rows in report.parts], report.evaluation.accuracy >= 0.9
        ([128, 14, 36], True)
    """
    name = resolve_target(table, target)
    known = drop_missing_targets(table, name)
    goal = TargetEncoder.fit(known, name, task)
    if known.n_rows < MIN_ROWS:
        raise TableError(
            f"{known.n_rows} rows are too few to learn from and to judge the result on",
            source=table.source,
            remedy=f"Give {MIN_ROWS} rows at the least; many more for a result to rely on.",
        )
    estimator = _make_estimator(goal.task, parameters)
    y = goal.encode(known)
    parts = split_rows(
        known.n_rows,
        test_size=test_size,
        validation_size=0.0 if estimator.solver == "lbfgs" else validation_size,
        random_state=random_state,
        classes=y if goal.task == "classification" else None,
    )
    parts = _without_tiny_validation(parts, table.source)
    training_rows = known.take(parts.train)
    encoder = TableEncoder.fit(training_rows, name, keep=keep)
    scale = None
    if goal.task == "regression":
        scale = _target_scale(y[parts.train], estimator, known, name)
    estimator.set_params(random_state=random_state, callbacks=list(callbacks) or None)
    _fit(estimator, encoder, known, y if scale is None else scale.apply(y), parts)
    baseline = _baseline(goal, y[parts.train])
    model = TableModel(encoder, goal, estimator, scale, {"baseline": baseline})
    evaluation = model.evaluate(known.take(parts.test)) if len(parts.test) else None
    scores = estimator.validation_scores_ if hasattr(estimator, "validation_scores_") else None
    report = TrainingReport(
        parts,
        evaluation,
        stopped=estimator.stopped_,
        n_epochs=estimator.n_iter_,
        kept_epoch=int(np.argmax(scores)) + 1 if scores else estimator.n_iter_,
    )
    model.record.update(
        _record(table, known, model, report, test_size=test_size, validation_size=validation_size)
    )
    return model, report


def _make_estimator(task: str, parameters: dict[str, Any]) -> MLPClassifier | MLPRegressor:
    kind = MLPClassifier if task == "classification" else MLPRegressor
    allowed = [name for name in kind().get_params() if name not in (*DECIDED_HERE, "callbacks")]
    for name in parameters:
        if name in allowed:
            continue
        if name in DECIDED_HERE:
            remedy = "Use test_size, validation_size and random_state."
        else:
            near = difflib.get_close_matches(name, allowed, n=1)
            remedy = f"Did you mean {near[0]!r}? " if near else ""
            remedy += f"Parameters: {', '.join(allowed)}."
        raise ParameterError(f"{name!r} is no parameter of {task} here", remedy=remedy)
    return kind(**{"hidden_layer_sizes": HIDDEN_LAYER_SIZES, "max_iter": MAX_ITER, **parameters})


def _without_tiny_validation(parts: Parts, source: str) -> Parts:
    n_rows = len(parts.validation)
    if not 0 < n_rows < MIN_VALIDATION_ROWS:
        return parts
    warnings.warn(
        f"{source}: a validation part of {n_rows} of {sum(map(len, parts))} rows could not tell "
        "when to stop; there is none, and training goes on while its own loss falls. Give more "
        "rows, or a larger validation size.",
        DataWarning,
        stacklevel=3,
    )
    return Parts(
        np.sort(np.concatenate([parts.train, parts.validation])), parts.validation[:0], parts.test
    )


def _target_scale(y: Array, estimator: MLPRegressor, table: Table, name: str) -> Standardization:
    """Mean 0 and standard deviation 1; for counts (poisson), mean 1."""
    if estimator.loss == "poisson":
        if y.min() < 0 or y.max() <= 0:
            raise TableError(
                "loss 'poisson' needs targets of 0 and more, not all of them 0",
                source=table.source,
                column=name,
                remedy="Use the loss 'squared_error', or correct the targets.",
            )
        return Standardization(0.0, float(y.mean()), 0)
    scale = Standardization.fit(y)
    if scale is None:
        raise TableError(
            f"the target is {y[0]:g} in every row of the training part: nothing to learn",
            source=table.source,
            column=name,
            remedy="Give more rows, or another seed so that other rows are drawn.",
        )
    return scale


def _fit(
    estimator: MLPClassifier | MLPRegressor,
    encoder: TableEncoder,
    table: Table,
    y: Array,
    parts: Parts,
) -> None:
    X, _ = encoder.encode(table.take(parts.train))
    scoring = estimator.scoring
    if estimator.batch_size == "auto":
        batch_size = min(max(len(X) // 100, SMALLEST_BATCH), LARGEST_BATCH, len(X))
        estimator.set_params(batch_size=batch_size)
    estimator.set_params(scoring=scoring or negative_loss)
    validation = {}
    if len(parts.validation):
        X_val, _ = encoder.encode(table.take(parts.validation))
        validation = {"X_val": X_val, "y_val": y[parts.validation]}
    try:
        estimator.fit(X, y[parts.train], **validation)
    finally:
        # What belongs to the run would make equal models differ.
        unset = type(estimator)().get_params()
        of_the_run = {name: unset[name] for name in OF_THE_RUN}
        estimator.set_params(scoring=scoring, **of_the_run)


def _baseline(target: TargetEncoder, y: Array) -> dict[str, Any]:
    if target.task == "classification":
        return {"class_counts": [int(np.count_nonzero(y == label)) for label in target.classes]}
    return {"mean": float(y.mean())}


def _finite(values: Sequence[float] | None) -> list[float | None]:
    """A curve as JSON holds it: null where a score was not defined."""
    return [float(value) if math.isfinite(value) else None for value in values or ()]


def _record(
    table: Table,
    known: Table,
    model: TableModel,
    report: TrainingReport,
    *,
    test_size: float,
    validation_size: float,
) -> dict[str, Any]:
    """What is kept of the training; no times and no paths, so that equal runs give equal files."""
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in model.estimator.get_params().items()
        if name not in (*OF_THE_RUN, *DECIDED_HERE)
    }
    seed = model.estimator.random_state
    # lbfgs has no epochs and no validation scores.
    losses = getattr(model.estimator, "loss_curve_", None)
    scores = getattr(model.estimator, "validation_scores_", None)
    return {
        "data": os.path.basename(table.source),
        "rows": {
            "read": table.n_rows,
            "without_target": table.n_rows - known.n_rows,
            **{part: len(rows) for part, rows in report.parts._asdict().items()},
        },
        "seed": seed,
        "parts": {"test_size": test_size, "validation_size": validation_size},
        "settings": settings,
        "epochs": {
            "trained": report.n_epochs,
            "kept": report.kept_epoch,
            "stopped": report.stopped,
        },
        "curves": {
            "loss": _finite(losses),
            "validation": _finite(scores),
            "validation_metric": (model.estimator.scoring or "negative loss") if scores else None,
        },
        "scores": None if report.evaluation is None else report.evaluation.to_dict(),
        "set_aside": {
            profile.name: profile.reason
            for profile in model.encoder.profiles
            if profile.role == SET_ASIDE
        },
        "versions": {
            "clearprop": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "scipy": scipy.__version__,
        },
    }
