"""What can be explained: a network, a fitted estimator, a table's model, an article's own network.

Each becomes a `Source`: a batch, an update, an engine, and names. This file computes nothing of a
derivation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.engines import Engine
from clearprop.engines.default import default_engine
from clearprop.errors import ParameterError
from clearprop.explanation.articles import ARTICLES
from clearprop.explanation.derivation.batch import Batch, Update, as_batch
from clearprop.explanation.derivation.records import Misprint
from clearprop.network import Network
from clearprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Momentum,
    Nadam,
    Nesterov,
    Optimizer,
    RMSprop,
)

__all__ = ["UPDATES", "Source", "as_update", "source_of"]

UPDATES: dict[str, Callable[[], Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": Nadam,
}
"""The optimizers by name, with their usual settings."""

Rows = slice | Sequence[int] | None
"""Which rows of a batch: a slice, or row numbers; None for all."""

LEARNING_RATES = {"sgd": 0.1, "momentum": 0.1, "nesterov": 0.1}
OTHER_LEARNING_RATE = 0.001


@dataclass(frozen=True)
class Source:
    """What is explained.

    Attributes:
        title: what it is.
        batch: the network at its parameters, and the rows.
        update: the update that belongs to it, or None.
        engine: who trains it, or None for the reference.
        notation: the one that suits it.
        feature_names: of the inputs, or ().
        output_names: of the outputs, or ().
        sample_names: of the rows, or ().
        misprints: of an article.
        left_out: what the derivation does not have, in sentences.
    """

    title: str
    batch: Batch
    update: Update | None = None
    engine: Engine | None = None
    notation: str = "matrix"
    feature_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    sample_names: tuple[str, ...] = ()
    misprints: list[Misprint] = field(default_factory=list)
    left_out: tuple[str, ...] = ()


def source_of(
    model: Any, batch: Sequence[Any], sample_weight: Any, l2: float | None, rows: Rows
) -> Source:
    """What is meant by the arguments of `explain`.

    Raises:
        ParameterError: a model that is none, or a batch that does not go with it.
        ShapeError: arrays that do not fit the network.
    """
    if isinstance(model, str):
        return _of_article(model, batch, rows)
    if isinstance(model, Network):
        _require(batch, 3, "explain(network, parameters, X, Y)")
        parameters, X, Y = batch
        whole = as_batch(model, parameters, X, Y, sample_weight, l2 or 0.0)
        sizes = "-".join(map(str, model.sizes))
        return Source(f"Backpropagation through {sizes}", part_of(whole, rows))
    if hasattr(model, "network_") or hasattr(model, "_known_targets"):
        _require(batch, 2, "explain(estimator, X, y)")
        X, y = batch
        return _of_estimator(model, X, y, sample_weight, rows)
    if hasattr(model, "estimator") and hasattr(model, "encoder"):
        _require(batch, 1, "explain(model, data)")
        return of_table_model(model, model.read(batch[0]), rows)
    raise ParameterError(
        f"model: got {type(model).__name__}, which cannot be explained",
        remedy="Give a Network with parameters, X and Y; a fitted MLPClassifier or MLPRegressor "
        'with X and y; a model of clearprop train with a table; or "article-a" or "article-b".',
    )


def _require(batch: Sequence[Any], count: int, call: str) -> None:
    if len(batch) != count:
        raise ParameterError(
            f"got {len(batch)} arguments after the model, expected {count}",
            remedy=f"Call {call}.",
        )


def _of_article(name: str, batch: Sequence[Any], rows: Rows) -> Source:
    if name not in ARTICLES:
        raise ParameterError(
            f"model: got {name!r}, expected {' or '.join(map(repr, ARTICLES))}",
            remedy="Name one of the articles, or give a network, an estimator or a model.",
        )
    _require(batch, 0, f'explain("{name}")')
    article = ARTICLES[name]()
    part = part_of(article.batch, rows)
    return Source(
        article.title,
        part,
        article.update,
        None,
        article.notation,
        misprints=article.misprints(part),
    )


def part_of(batch: Batch, rows: Rows) -> Batch:
    """Some rows of a batch.

    Raises:
        ParameterError: there are none, or not those.
    """
    if rows is None:
        return batch
    numbers = _row_numbers(rows, batch.n_samples)
    weights = None if batch.sample_weight is None else batch.sample_weight[numbers]
    return replace(batch, X=batch.X[numbers], Y=batch.Y[numbers], sample_weight=weights)


def _row_numbers(rows: Rows, n_rows: int) -> npt.NDArray[np.intp]:
    """The rows' numbers, each from 0 to n_rows - 1."""
    every = np.arange(n_rows)
    try:
        numbers = every if rows is None else every[rows if isinstance(rows, slice) else list(rows)]
    except (IndexError, TypeError):
        raise ParameterError(
            f"rows: got {rows!r}, expected row numbers from 0 to {n_rows - 1}",
            remedy="Give a slice, or a list of numbers of rows that there are.",
        ) from None
    if len(numbers) == 0:
        raise ParameterError(
            f"rows: got {rows!r}, which names none of the {n_rows} rows",
            remedy=f"Rows are counted from 0 to {n_rows - 1}; 0:3 are the first three.",
        )
    return numbers


def _of_estimator(estimator: Any, X: Any, y: Any, weight: Any, rows: Rows) -> Source:
    from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415 - a network needs it not

    check_is_fitted(estimator)
    X, Y, weight = estimator._batch(X, y, weight)
    batch = as_batch(
        estimator.network_, estimator.parameters_, X, Y, weight, float(estimator.alpha)
    )
    classes = getattr(estimator, "classes_", None)
    outputs = batch.network.sizes[-1]
    names = () if classes is None or len(classes) != outputs else tuple(map(str, classes))
    features = tuple(map(str, getattr(estimator, "feature_names_in_", ())))
    return _with_training(estimator, part_of(batch, rows), features, names, ())


def of_table_model(model: Any, table: Any, rows: Rows) -> Source:
    """A model of `clearprop train`, and rows of a table that has been read.

    Raises:
        TableError: the table does not fit the model.
        ParameterError: no such rows.
    """
    numbers = _row_numbers(rows, table.n_rows)
    X, Y = model.batch(table.take(numbers))
    estimator = model.estimator
    batch = as_batch(estimator.network_, estimator.parameters_, X, Y, None, float(estimator.alpha))
    outputs = batch.network.sizes[-1]
    names = tuple(map(str, model.target.classes)) if model.is_classifier else ()
    names = names if len(names) == outputs else ()
    samples: tuple[str, ...] = ()
    if batch.n_samples == len(numbers):  # no row was left out for want of a target
        samples = tuple(f"row {number + 1}" for number in numbers)
    units: tuple[str, ...] = ()
    if model.target_scale is not None:
        units = ("The target's units: targets and outputs are standardised, as in training.",)
    return _with_training(
        estimator,
        batch,
        tuple(model.encoder.feature_names),
        names,
        samples,
        units,
    )


def _with_training(
    estimator: Any,
    batch: Batch,
    features: tuple[str, ...],
    outputs: tuple[str, ...],
    samples: tuple[str, ...],
    also_left_out: tuple[str, ...] = (),
) -> Source:
    """The estimator's own optimizer, where it stands, on the engine that trains it."""
    from clearprop.estimators.solvers import (  # noqa: PLC0415 - a network needs it not
        STOCHASTIC_SOLVERS,
        make_optimizer,
    )

    left_out = list(also_left_out)
    update = None
    if estimator.solver in STOCHASTIC_SOLVERS:
        optimizer = make_optimizer(estimator)
        state = getattr(getattr(estimator, "_training", None), "optimizer_state", None)
        if state is not None and state.slots.keys() != optimizer.start([]).slots.keys():
            state = None
        update = Update(optimizer, float(estimator.learning_rate_init), state)
        if estimator.learning_rate != "constant":
            left_out.append(
                f"The learning rate's course: {estimator.learning_rate!r} begins at "
                f"learning_rate_init = {estimator.learning_rate_init:g}, which is used here."
            )
    else:
        left_out.append(
            f"The update: the solver {estimator.solver!r} searches along a line for its steps."
        )
    dropout = estimator.dropout
    if any(dropout) if isinstance(dropout, Sequence) else dropout:
        left_out.append("Dropout: all units take part here, as in a prediction.")
    sizes = "-".join(map(str, batch.network.sizes))
    return Source(
        title=f"{type(estimator).__name__}: backpropagation through {sizes}",
        batch=batch,
        update=update,
        engine=default_engine(estimator.n_threads),
        feature_names=features,
        output_names=outputs,
        sample_names=samples,
        left_out=tuple(left_out),
    )


def as_update(update: Any, learning_rate: float | None, own: Update | None) -> Update | None:
    """The update that is asked for.

    Args:
        update: an optimizer, its name, None for the source's own or False for none.
        learning_rate: how far, or None for the usual.
        own: the source's own.

    Raises:
        ParameterError: an unknown name, or a learning rate that is no positive number.
    """
    if learning_rate is not None and not 0 < learning_rate < math.inf:
        raise ParameterError(
            f"learning_rate: got {learning_rate!r}, expected a positive number",
            remedy="Leave it out for the usual one.",
        )
    if update is False:
        return None
    if update is None:
        if own is None or learning_rate is None:
            return own
        return replace(own, learning_rate=learning_rate)
    if isinstance(update, str):
        name = update.lower()
        if name not in UPDATES:
            raise ParameterError(
                f"update: got {update!r}, expected one of {', '.join(UPDATES)}",
                remedy="Name an optimizer, or give one of clearprop.optimizers.",
            )
        usual = LEARNING_RATES.get(name, OTHER_LEARNING_RATE)
        return Update(UPDATES[name](), usual if learning_rate is None else learning_rate)
    if isinstance(update, type) or not hasattr(update, "update"):
        raise ParameterError(
            f"update: got {update!r}, expected an optimizer or its name",
            remedy=f"Give one of clearprop.optimizers, or one of {', '.join(UPDATES)}.",
        )
    return Update(update, OTHER_LEARNING_RATE if learning_rate is None else learning_rate)
