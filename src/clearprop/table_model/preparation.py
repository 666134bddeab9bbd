"""Everything between a table and its training: target, parts, encoding, an estimator to be fitted.

The test part is set aside before anything is learned. This file trains nothing.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import DataWarning, ParameterError, TableError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.estimators.architecture import dropout_rates, hidden_activations
from clearprop.table_model.splitting import Parts, split_rows
from clearprop.tables import Table
from clearprop.tables.encoding import TableEncoder
from clearprop.tables.source_file import closest
from clearprop.tables.standardization import Standardization
from clearprop.tables.target import TargetEncoder, drop_missing_targets, resolve_target

__all__ = [
    "DECIDED_HERE",
    "HIDDEN_LAYER_SIZES",
    "MAX_ITER",
    "OF_THE_RUN",
    "PreparedTable",
    "batch_size_for",
    "make_estimator",
    "prepare_table",
    "require_droppable",
    "without_tiny_validation",
]

Array = npt.NDArray[Any]
Estimator = MLPClassifier | MLPRegressor

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
DECIDED_HERE = (
    "early_stopping",
    "random_state",
    "stratified_validation",
    "validation_fraction",
    "warm_start",
)


@dataclass(frozen=True)
class PreparedTable:
    """A table ready to be learned from.

    Attributes:
        source: the table, as the user calls it.
        n_read: rows of the table; those without a target are left out of all that follows.
        rows: the rows that have a target.
        target: what is predicted.
        y: target of each row: labels, or numbers in the target's units; shape (n_rows,).
        parts: indices of the rows of each part.
        encoder: fitted on the training part.
        target_scale: regression: from the training part's targets; None for classification.
        estimator: not fitted yet.
        settings: test_size, validation_size.
    """

    source: str
    n_read: int
    rows: Table
    target: TargetEncoder
    y: Array
    parts: Parts
    encoder: TableEncoder
    target_scale: Standardization | None
    estimator: MLPClassifier | MLPRegressor
    settings: dict[str, float]


def prepare_table(
    table: Table,
    target: str | None = None,
    *,
    task: str | None = None,
    test_size: float = 0.2,
    validation_size: float = 0.1,
    random_state: int = 0,
    keep: Collection[str] = (),
    drop: Collection[str] = (),
    **parameters: Any,
) -> PreparedTable:
    """Choose the target, draw the parts, fit the encoding; see `train_table_model`.

    Raises:
        TableError: a table that nothing can be learned from.
        ParameterError: a parameter that there is not, or outside of what is allowed.
    """
    name = resolve_target(table, target)
    if drop:
        require_droppable(table, drop, target=name, keep=keep)
        # Whatever they hold in later tables is of no matter either.
        table = replace(table, reading={**table.reading, "ignore": sorted(set(drop))})
    known = drop_missing_targets(table, name)
    goal = TargetEncoder.fit(known, name, task)
    if known.n_rows < MIN_ROWS:
        raise TableError(
            f"{known.n_rows} rows are too few to learn from and to judge the result on",
            source=table.source,
            remedy=f"Give {MIN_ROWS} rows at the least; many more for a result to rely on.",
        )
    estimator = make_estimator(goal, parameters)
    estimator.set_params(random_state=random_state)
    y = goal.encode(known)
    settings = {"test_size": test_size, "validation_size": validation_size}
    parts = split_rows(
        known.n_rows,
        test_size=test_size,
        validation_size=0.0 if estimator.solver == "lbfgs" else validation_size,
        random_state=random_state,
        classes=y if goal.task == "classification" else None,
    )
    parts = without_tiny_validation(parts, table.source)
    encoder = TableEncoder.fit(known.take(parts.train), name, keep=keep, drop=drop)
    if estimator.batch_size == "auto":
        estimator.set_params(batch_size=batch_size_for(len(parts.train)))
    scale = None
    if goal.task == "regression":
        scale = _target_scale(y[parts.train], estimator, known, name)
    return PreparedTable(
        table.source, table.n_rows, known, goal, y, parts, encoder, scale, estimator, settings
    )


def batch_size_for(n_train: int) -> int:
    """Rows per step: 1 % of those to learn from, within bounds."""
    return min(max(n_train // 100, SMALLEST_BATCH), LARGEST_BATCH, n_train)


def require_droppable(
    table: Table, drop: Collection[str], *, target: str, keep: Collection[str]
) -> None:
    """Refuse columns to leave out that are not there, or are needed."""
    for name in drop:
        if name == target:
            raise TableError(
                "this is the column to predict, which cannot be left out",
                source=table.source,
                column=name,
                remedy="Name another one to predict, or do not drop this one.",
            )
        if name in keep:
            raise TableError(
                "this column is to be kept and to be dropped",
                source=table.source,
                column=name,
                remedy="Do one of the two.",
            )
        if name not in table.columns:
            near = closest(name, list(table.columns))
            raise TableError(
                "there is no such column to drop",
                source=table.source,
                column=name,
                remedy=f"{near} Columns: {', '.join(map(repr, table.columns))}.".lstrip(),
            )


def make_estimator(target: TargetEncoder, parameters: dict[str, Any]) -> Estimator:
    """An estimator for a table, with the defaults that tables are served best by.

    Args:
        target: what is to be predicted.
        parameters: of `MLPClassifier` or `MLPRegressor`.

    Raises:
        ParameterError: a parameter that there is not, or is of the other task, or a value outside
            of what is allowed.
    """
    kinds: dict[str, type[Estimator]] = {
        "classification": MLPClassifier,
        "regression": MLPRegressor,
    }
    kind = kinds.pop(target.task)
    ((other_task, other),) = kinds.items()
    allowed = _parameters_of(kind)
    for name in parameters:
        if name in allowed:
            continue
        if name in DECIDED_HERE:
            remedy = "Use test_size, validation_size and random_state."
        elif name in _parameters_of(other):
            raise _of_the_other_task(name, other_task, target)
        else:
            near = difflib.get_close_matches(name, allowed, n=1)
            remedy = f"Did you mean {near[0]!r}? " if near else ""
            remedy += f"Parameters: {', '.join(allowed)}."
        raise ParameterError(f"{name!r} is no parameter of {target.task} here", remedy=remedy)
    estimator: Estimator = kind(
        **{"hidden_layer_sizes": HIDDEN_LAYER_SIZES, "max_iter": MAX_ITER, **parameters}
    )
    estimator._validate_params()
    n_hidden = np.size(estimator.hidden_layer_sizes)
    hidden_activations(estimator.activation, n_hidden)
    dropout_rates(estimator.dropout, n_hidden)
    return estimator


def _parameters_of(kind: type[Estimator]) -> list[str]:
    return [name for name in kind().get_params() if name not in (*DECIDED_HERE, "callbacks")]


def _of_the_other_task(name: str, task: str, target: TargetEncoder) -> ParameterError:
    what = f"has {len(target.classes)} classes" if target.classes else "is a quantity"
    option = f"--{name.replace('_', '-')}"
    return ParameterError(
        f"{name} ({option}) is for {task}, and the target {target.name!r} {what} "
        f"({target.reason}): this is {target.task}",
        remedy=f"Leave {name} out; or, if {target.name!r} is to be learned by {task}, say so "
        f"(task={task!r}, --task {task}).",
    )


def without_tiny_validation(parts: Parts, source: str) -> Parts:
    """The parts; a validation part that could not tell when to stop goes to the training part."""
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
