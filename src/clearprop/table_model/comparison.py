"""This project's network beside other models, on the same folds of the user's own table.

Each fold's encoding is learned from its training rows alone, and every model gets the same numbers:
standardised quantities, one-hot categories, missing values marked. Knows nothing of the command
line.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from sklearn.base import clone
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from clearprop.engines.fused.program import load_program
from clearprop.errors import DataWarning, ParameterError, TableError
from clearprop.table_model.competitors import MODELS, candidates_of, set_batch_size
from clearprop.table_model.network_targets import negative_loss
from clearprop.table_model.preparation import (
    batch_size_for,
    make_estimator,
    require_droppable,
    without_tiny_validation,
)
from clearprop.table_model.splitting import split_rows
from clearprop.tables import Table
from clearprop.tables.encoding import TableEncoder
from clearprop.tables.source_file import closest
from clearprop.tables.target import TargetEncoder, drop_missing_targets, resolve_target

__all__ = ["MODELS", "Compared", "Comparison", "compare_models"]

Array = npt.NDArray[Any]
Told = Callable[[int, int, str], None]

_ROUNDING = 1e-9  # a spread that is no more than this share of the mean is rounding

AS_TRAINED = (0.1, 0.0)  # the validation parts of clearprop train, and of scikit-learn's MLP


@dataclass
class Compared:
    """One model over the folds, in their order.

    Attributes:
        name: one of `MODELS`.
        title: what it is, in words.
        scores: on each fold's test rows, higher is better.
        fit_seconds: of each fold's fit.
        predict_seconds: of each fold's prediction.
        n_test: rows predicted in each fold.
    """

    name: str
    title: str
    scores: list[float] = field(default_factory=list)
    fit_seconds: list[float] = field(default_factory=list)
    predict_seconds: list[float] = field(default_factory=list)
    n_test: list[int] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean score over the folds."""
        return float(np.mean(self.scores))

    @property
    def spread(self) -> float:
        """Standard deviation of the score over the folds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else 0.0


@dataclass(frozen=True)
class Comparison:
    """What `compare_models` found.

    Attributes:
        target: name of the column predicted.
        task: "classification" or "regression".
        metric: name of the scorer; higher is better.
        n_rows: rows that have a target.
        n_folds: folds asked for.
        is_stratified: whether every fold has the classes in their shares.
        models: in the order of `MODELS`.
        is_whole: whether all folds are in; False after Ctrl-C.
        left_out: parameters of ours that scikit-learn's network has not.
    """

    target: str
    task: str
    metric: str
    n_rows: int
    n_folds: int
    is_stratified: bool
    models: list[Compared]
    is_whole: bool
    left_out: list[str]

    @property
    def n_done(self) -> int:
        """Folds in which every model has been judged."""
        return min((len(model.scores) for model in self.models), default=0)

    def advantage(self, model: Compared, other: Compared) -> tuple[float, float] | None:
        """How much better `model` scores than `other`, and half of its 95 % interval.

        Student's interval of the folds' differences, widened because their training rows overlap:
        the variance of the mean is taken as (1 / folds + test rows / training rows) times that of
        the differences.

        Returns:
            None for fewer than two folds. Folds that all differ by the same, as scores that are
            shares of a few rows may, tell nothing of the spread: half is infinite then, unless
            there is no difference at all. Half is NaN where a score is.

        Source: Nadeau & Bengio, "Inference for the generalization error", 2003.
        """
        n = self.n_done
        if n < 2:
            return None
        differences = np.subtract(model.scores[:n], other.scores[:n])
        overlap = 1.0 / n + 1.0 / (self.n_folds - 1)
        mean, deviation = float(np.mean(differences)), float(np.std(differences, ddof=1))
        if deviation <= _ROUNDING * abs(mean):
            return mean, float("inf") if mean else 0.0
        return mean, float(stdtrit(n - 1, 0.975)) * deviation * overlap**0.5

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "target": self.target,
            "task": self.task,
            "metric": self.metric,
            "rows": self.n_rows,
            "folds": self.n_folds,
            "stratified": self.is_stratified,
            "complete": self.is_whole,
            "left_out": self.left_out,
            "models": {
                model.name: {
                    "title": model.title,
                    "scores": model.scores,
                    "fit_seconds": model.fit_seconds,
                    "predict_seconds": model.predict_seconds,
                }
                for model in self.models
            },
        }


def compare_models(
    table: Table,
    target: str | None = None,
    *,
    task: str | None = None,
    n_folds: int = 5,
    metric: str | None = None,
    models: Collection[str] = MODELS,
    validation_size: float | None = None,
    random_state: int = 0,
    keep: Collection[str] = (),
    drop: Collection[str] = (),
    told: Told | None = None,
    **parameters: Any,
) -> Comparison:
    """Fit and judge several models on the same folds.

    Args:
        table: what to learn from.
        target: the column to predict; None takes the one that is called like a target.
        task: "classification" or "regression"; None decides by the target's values.
        n_folds: each row is predicted once, by models that were trained on the other folds.
        metric: a scikit-learn scorer's name; None is "accuracy", or "r2".
        models: of `MODELS`: this project's network, scikit-learn's with the same parameters and
            seed, logistic or ridge regression, histogram gradient boosting, and a constant (each
            but the second with scikit-learn's defaults).
        validation_size: share of the training rows on which both networks stop early, 0 for none:
            this project's as `train_table_model` would, scikit-learn's on the score of a part that
            it draws itself. None has each network as it comes: this project's as
            `train_table_model` trains by default, scikit-learn's until its training loss falls no
            more.
        random_state: seed of the folds and the models.
        keep: columns that must not be set aside.
        drop: columns to leave out.
        told: called before each fit with fold, number of folds and the model's title.
        **parameters: of `MLPClassifier` or `MLPRegressor`, with the defaults of
            `train_table_model`.

    Returns:
        The `Comparison`; after Ctrl-C, of the folds so far.

    Raises:
        TableError: a table that nothing can be learned from.
        ParameterError: a parameter that there is not, or a metric that does not suit.

    Examples:
        >>> from clearprop.tables import read_table
        >>> found = compare_models(read_table("iris"), models=["linear", "constant"], n_folds=3)
        >>> [(model.title, round(model.mean, 2)) for model in found.models]
        [('logistic regression', 0.95), ('always the most frequent class', 0.32)]
    """
    _require_models(models)
    name = resolve_target(table, target)
    if drop:
        require_droppable(table, drop, target=name, keep=keep)
    rows = drop_missing_targets(table, name)
    goal = TargetEncoder.fit(rows, name, task)
    is_classification = goal.task == "classification"
    y = goal.encode(rows)
    scorer = _scorer(metric or ("accuracy" if is_classification else "r2"))
    ours = make_estimator(goal, parameters)
    ours.set_params(random_state=random_state)
    our_size, their_size = AS_TRAINED if validation_size is None else (validation_size,) * 2
    if ours.solver == "lbfgs":
        our_size = their_size = 0.0
    candidates, left_out = candidates_of(ours, models, random_state, their_size)
    found = [Compared(key, title) for key, (title, _) in candidates.items()]
    if "clearprop" in candidates:
        # Compiled before any time is taken.
        load_program(ours.dtype or np.float64)
    folds = list(_folds(rows, y, n_folds, random_state, is_classification=is_classification))
    is_whole = True
    try:
        for number, (train, test) in enumerate(folds):
            encoder = TableEncoder.fit(rows.take(train), name, keep=keep, drop=drop)
            X_train, X_test = (encoder.encode(rows.take(part))[0] for part in (train, test))
            # Each model goes first once, as caches and clocks favour some place.
            for turn in range(len(found)):
                entry = found[(number + turn) % len(found)]
                model = clone(candidates[entry.name][1])
                if told is not None:
                    told(number, n_folds, entry.title)
                if entry.name == "clearprop" and our_size > 0.0:
                    data = _as_trained(
                        model, rows, y, (train, test), goal, our_size, keep=keep, drop=drop
                    )
                    _judge(entry, model, scorer, *data)
                    continue
                if entry.name in ("clearprop", "scikit-learn"):
                    set_batch_size(model, len(train), their_size)
                _judge(entry, model, scorer, (X_train, y[train]), (X_test, y[test]))
    except KeyboardInterrupt:
        is_whole = False
        _keep_whole_folds(found)
    return Comparison(
        name,
        goal.task,
        metric or ("accuracy" if is_classification else "r2"),
        rows.n_rows,
        n_folds,
        is_classification,
        found,
        is_whole,
        left_out,
    )


def _keep_whole_folds(found: list[Compared]) -> None:
    """Leave out a fold that only some of the models have been judged on."""
    n_whole = min(len(model.scores) for model in found)
    for model in found:
        for each in (model.scores, model.fit_seconds, model.predict_seconds, model.n_test):
            del each[n_whole:]


def _require_models(models: Collection[str]) -> None:
    unknown = [name for name in models if name not in MODELS]
    if unknown or not models:
        raise ParameterError(
            f"models: got {', '.join(map(repr, unknown)) or 'none'}",
            remedy=f"Choose among {', '.join(MODELS)}.",
        )


def _scorer(metric: str) -> Any:
    try:
        return get_scorer(metric)
    except ValueError as error:
        near = closest(metric, get_scorer_names())
        remedy = "Give the name of one of scikit-learn's, such as accuracy, neg_log_loss or r2."
        raise ParameterError(
            f"metric: there is no scorer {metric!r}", remedy=f"{near} {remedy}".lstrip()
        ) from error


def _folds(
    rows: Table, y: Array, n_folds: int, random_state: int, *, is_classification: bool
) -> Iterator[tuple[Array, Array]]:
    """Indices of the training and the test rows of each fold."""
    if not 2 <= n_folds <= rows.n_rows:
        raise ParameterError(
            f"folds: got {n_folds} for {rows.n_rows} rows",
            remedy="Give 2 at the least, and no more than there are rows.",
        )
    if not is_classification:
        folds = KFold(n_folds, shuffle=True, random_state=random_state)
        yield from folds.split(y)
        return
    labels, counts = np.unique(y, return_counts=True)
    if counts.max() < n_folds:
        raise TableError(
            f"no class has as many rows as there are folds: the largest has {counts.max()}",
            source=rows.source,
            remedy=f"Ask for {max(2, int(counts.max()))} folds, or give more rows.",
        )
    if counts.min() < n_folds:
        rarest = labels[np.argmin(counts)]
        warnings.warn(
            f"{rows.source}: class {str(rarest)!r} has {counts.min()} rows, fewer than there are "
            "folds: some have none of it to test on",
            DataWarning,
            stacklevel=4,
        )
    stratified = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        yield from stratified.split(y, y)


def _as_trained(
    model: Any,
    rows: Table,
    y: Array,
    fold: tuple[Array, Array],
    goal: TargetEncoder,
    validation_size: float,
    *,
    keep: Collection[str],
    drop: Collection[str],
) -> tuple[tuple[Array, Array], tuple[Array, Array], dict[str, Array]]:
    """A fold as `train_table_model` would take its training rows: a validation part set aside.

    Returns:
        X and y to learn from, X and y to test on, and the validation part as `fit` takes it.
    """
    train, test = fold
    network = getattr(model, "regressor", model)
    parts = split_rows(
        len(train),
        test_size=0.0,
        validation_size=validation_size,
        random_state=network.random_state,
        classes=y[train] if goal.task == "classification" else None,
    )
    parts = without_tiny_validation(parts, rows.source)
    learned = train[parts.train]
    encoder = TableEncoder.fit(rows.take(learned), goal.name, keep=keep, drop=drop)
    if network.batch_size == "auto":
        network.set_params(batch_size=batch_size_for(len(learned)))
    validation: dict[str, Array] = {}
    if len(parts.validation):
        network.set_params(scoring=network.scoring or negative_loss)
        validating = train[parts.validation]
        y_val = y[validating]
        if network is not model:
            y_val = StandardScaler().fit(y[learned, None]).transform(y_val[:, None])[:, 0]
        X_val = encoder.encode(rows.take(validating))[0]
        validation = {"X_val": X_val, "y_val": y_val}
    X_train, X_test = (encoder.encode(rows.take(part))[0] for part in (learned, test))
    return (X_train, y[learned]), (X_test, y[test]), validation


def _judge(
    entry: Compared,
    model: Any,
    scorer: Any,
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    validation: dict[str, Array] | None = None,
) -> None:
    """Fit and score one model on one fold; Ctrl-C is one, whoever catches it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begun = time.perf_counter()
        model.fit(*train, **(validation or {}))
        fitted = time.perf_counter()
        model.predict(test[0])
        predicted = time.perf_counter()
        try:
            score = float(scorer(model, *test))
        except (ValueError, AttributeError) as error:
            raise ParameterError(
                f"metric: it cannot judge {entry.title}: {error}",
                remedy="Choose one that suits the task, and classes that every fold has.",
            ) from error
    if any("interrupted by user" in str(warning.message) for warning in caught):
        raise KeyboardInterrupt
    entry.scores.append(score)
    entry.fit_seconds.append(fitted - begun)
    entry.predict_seconds.append(predicted - fitted)
    entry.n_test.append(len(test[1]))
