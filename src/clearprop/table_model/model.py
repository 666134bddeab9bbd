"""TableModel: a table's encoding, a fitted estimator, and the record of its training, as one thing.

What `clearprop train` saves. It knows nothing of how it was trained, nor of files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin

from clearprop.errors import ParameterError, TableError
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.table_model.evaluation import Evaluation, judge_classes, judge_values, score_of
from clearprop.table_model.network_targets import network_targets
from clearprop.tables import Table, read_table
from clearprop.tables.encoding import TableEncoder
from clearprop.tables.report import name_some
from clearprop.tables.standardization import Standardization
from clearprop.tables.target import Label, TargetEncoder, drop_missing_targets

__all__ = ["Predictions", "TableModel"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Predictions:
    """Predictions for the rows of a table, in its order.

    Attributes:
        values: labels with their type and spelling, or numbers in the target's units; (n_rows,).
        probabilities: shape (n_rows, n_classes), columns in the order of `classes`; None for
            regression.
        classes: the class labels; empty for regression.
        messages: what was met in the table that training had not shown, a sentence each.
    """

    values: Array
    probabilities: Array | None
    classes: list[Label]
    messages: list[str]


@dataclass(frozen=True)
class TableModel:
    """A network with the encoding of the table it was trained on.

    Attributes:
        encoder: from a table's columns to X.
        target: what is predicted.
        estimator: fitted on X.
        target_scale: regression: how targets were standardised for training; None for
            classification.
        record: how it was trained: data, parts, settings, curves, scores, versions; what JSON can
            hold. Equal training gives an equal record.

    Examples:
        >>> from clearprop.table_model import train_table_model
        >>> model, report = train_table_model(read_table("iris"), random_state=0)
        >>> model.predict({"petal width (cm)": [0.2], "petal length (cm)": [1.4],
        ...                "sepal length (cm)": [5.0], "sepal width (cm)": [3.4]}).values.tolist()
        ['setosa']
    """

    encoder: TableEncoder
    target: TargetEncoder
    estimator: MLPClassifier | MLPRegressor
    target_scale: Standardization | None
    record: dict[str, Any]

    @property
    def is_classifier(self) -> bool:
        """Whether the model predicts classes."""
        return self.target.task == "classification"

    def read(self, data: Any, **options: Any) -> Table:
        """Read a table the way the training table was read.

        Spellings and columns named for the training table hold for every table of this model. Its
        decimal mark and the order of its dates decide where a file's own values leave them open.

        Args:
            data: anything that `clearprop.tables.read_table` takes; a `Table` is returned as it is.
            options: of `read_table`; those left out or empty are as in training.

        Raises:
            TableError: the table cannot be read, or has no row.
        """
        if not isinstance(data, Table):
            given = {name: value for name, value in options.items() if value not in (None, ())}
            table = read_table(data, **given, like=self.record["reading"])
        else:
            table = data
        if table.n_rows == 0:
            raise TableError(
                "there is no row below the header",
                source=table.source,
                remedy="Give a table with at least one row.",
            )
        return table

    def predict(self, data: Any) -> Predictions:
        """Predict the target of each row.

        Args:
            data: a `Table`, or anything that `clearprop.tables.read_table` takes; columns are found
                by name, in any order and among any others.

        Raises:
            TableError: the table cannot be read, or a value does not fit its column.
        """
        X, report = self.encoder.encode(self.read(data))
        messages = report.messages()
        if self.is_classifier:
            probabilities = self._probabilities(X)
            values = np.array(self.target.classes)[np.argmax(probabilities, axis=1)]
            return Predictions(values, probabilities, list(self.target.classes), messages)
        return Predictions(self._values(X), None, [], messages)

    def predict_proba(self, data: Any) -> Array:
        """Probability of each class, shape (n_rows, n_classes); see `predict`.

        Raises:
            TableError: as `predict`.
            ParameterError: the model predicts quantities.
        """
        probabilities = self.predict(data).probabilities
        if probabilities is None:
            raise ParameterError(
                f"the model predicts the quantity {self.target.name!r}, which has no probabilities",
                remedy="Call predict.",
            )
        return probabilities

    def export(self, path: str | Path) -> None:
        """Write the model as an ONNX file of raw columns; see `clearprop.onnx_file.to_onnx`.

        Args:
            path: the file; one that stands there is replaced.

        Raises:
            ParameterError: the package onnx is not installed (`pip install clearprop[onnx]`).
        """
        from clearprop.onnx_file.export import export_onnx  # noqa: PLC0415 - loads what it needs

        export_onnx(self, path)

    def evaluate(self, data: Any) -> Evaluation:
        """Judge predictions beside the table's own targets and the trivial baseline.

        Args:
            data: as in `predict`, with the target's column; rows without a target are left out.

        Raises:
            TableError: as `predict`, and where there is no target column or no target.
        """
        table = drop_missing_targets(self.read(data), self.target.name)
        y = self.target.encode(table)
        X, _ = self.encoder.encode(table)
        baseline = self.record["baseline"]
        judged: Evaluation
        if isinstance(self.estimator, MLPClassifier):
            counts = baseline["class_counts"]
            measure = "accuracy" if self.estimator.class_weight is None else "balanced accuracy"
            probabilities = self._probabilities(X)
            judged = judge_classes(y, probabilities, self.target.classes, counts, measure)
        else:
            judged = judge_values(y, self._values(X), baseline["mean"])
        if not isinstance(self.estimator.scoring, str):
            return judged
        predictor = self.estimator if self.is_classifier else _InUnits(self)
        score = score_of(self.estimator.scoring, predictor, X, y)
        return replace(judged, scoring=self.estimator.scoring, score=score)

    def batch(self, data: Any) -> tuple[Array, Array]:
        """The rows of a table as the network takes them: X and its targets Y.

        Args:
            data: as in `evaluate`.

        Returns:
            X, shape (n_rows, n_features), and Y, shape (n_rows, n_outputs); standardised numbers
            for regression.

        Raises:
            TableError: as `evaluate`, and where a row has a class that training did not know: its
                loss has no gradient to speak of.
        """
        table = drop_missing_targets(self.read(data), self.target.name)
        y = self.target.encode(table)
        if self.is_classifier:
            self._require_known(table, y)
        if self.target_scale is not None:
            y = self.target_scale.apply(y)
        return self.encoder.encode(table)[0], network_targets(self.estimator, y)

    def _require_known(self, table: Table, y: Array) -> None:
        unknown = np.flatnonzero(~np.isin(y, np.array(self.target.classes)))
        if unknown.size:
            row = int(unknown[0])
            known = name_some([str(label) for label in self.target.classes])
            raise TableError(
                f"no class that the model knows: {known}",
                source=table.source,
                line=table.line_of(row),
                column=self.target.name,
                value=str(y[row]),
                remedy="Leave out such rows, or train on a table that has the class.",
            )

    def _probabilities(self, X: Array) -> Array:
        probabilities: Array = self.estimator.predict_proba(X)
        return probabilities

    def _values(self, X: Array) -> Array:
        assert self.target_scale is not None  # regression always has one
        return self.target_scale.restore(self.estimator.predict(X))


class _InUnits(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A model's network as a scorer takes it, with predictions in the target's units."""

    def __init__(self, model: TableModel) -> None:
        self.model = model

    def predict(self, X: Array) -> Array:
        """The target of each row."""
        return self.model._values(X)
