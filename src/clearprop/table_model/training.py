"""From a table to a `TableModel` and an honest account of how good it is.

    rows with a target -> parts -> encoding of the training part -> fit -> judged on the test part

This file knows nothing of the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearprop.table_model.evaluation import Evaluation
from clearprop.table_model.model import TableModel
from clearprop.table_model.network_targets import negative_loss
from clearprop.table_model.preparation import OF_THE_RUN, PreparedTable, prepare_table
from clearprop.table_model.record import baseline_record, training_record
from clearprop.table_model.splitting import Parts
from clearprop.tables import Table
from clearprop.training import Callback

__all__ = ["TrainingReport", "train_prepared", "train_table_model"]


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
    drop: Collection[str] = (),
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
        drop: columns to leave out; later tables may have them or not.
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
    prepared = prepare_table(
        table,
        target,
        task=task,
        test_size=test_size,
        validation_size=validation_size,
        random_state=random_state,
        keep=keep,
        drop=drop,
        **parameters,
    )
    return train_prepared(prepared, callbacks=callbacks)


def train_prepared(
    prepared: PreparedTable, *, callbacks: Sequence[Callback] = ()
) -> tuple[TableModel, TrainingReport]:
    """Train on the training part and judge on the test part; see `train_table_model`.

    Args:
        prepared: its estimator is fitted in place.
        callbacks: told of progress.
    """
    estimator, parts = prepared.estimator, prepared.parts
    _fit(prepared, callbacks)
    model = TableModel(
        prepared.encoder,
        prepared.target,
        estimator,
        prepared.target_scale,
        {"baseline": baseline_record(prepared)},
    )
    evaluation = model.evaluate(prepared.rows.take(parts.test)) if len(parts.test) else None
    # L-BFGS has no validation scores.
    scores = getattr(estimator, "validation_scores_", None)
    kept = int(np.argmax(scores)) + 1 if scores else estimator.n_iter_
    report = TrainingReport(parts, evaluation, estimator.stopped_, estimator.n_iter_, kept)
    epochs = {"trained": report.n_epochs, "kept": kept, "stopped": report.stopped}
    model.record.update(training_record(prepared, estimator, epochs, evaluation))
    return model, report


def _fit(prepared: PreparedTable, callbacks: Sequence[Callback]) -> None:
    estimator, parts, y = prepared.estimator, prepared.parts, prepared.y
    if prepared.target_scale is not None:
        y = prepared.target_scale.apply(y)
    X, _ = prepared.encoder.encode(prepared.rows.take(parts.train))
    validation = {}
    if len(parts.validation):
        X_val, _ = prepared.encoder.encode(prepared.rows.take(parts.validation))
        validation = {"X_val": X_val, "y_val": y[parts.validation]}
    scoring = estimator.scoring
    estimator.set_params(callbacks=list(callbacks) or None, scoring=scoring or negative_loss)
    try:
        estimator.fit(X, y[parts.train], **validation)
    finally:
        # What belongs to the run would make equal models differ.
        unset = type(estimator)().get_params()
        of_the_run = {name: unset[name] for name in OF_THE_RUN}
        estimator.set_params(scoring=scoring, **of_the_run)
