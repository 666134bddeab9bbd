"""The data sets that ship with scikit-learn, by name, as tables."""

from __future__ import annotations

import numpy as np
from sklearn import datasets

from clearprop.tables.frames import read_mapping
from clearprop.tables.table import Table

__all__ = ["BUNDLED", "read_bundled"]

# Name -> the column to predict.
BUNDLED = {
    "digits": "target",
    "wine": "target",
    "breast_cancer": "target",
    "diabetes": "target",
    "iris": "target",
}

_NAMED_CLASSES = {"wine", "breast_cancer", "iris"}


def read_bundled(name: str) -> Table:
    """Load one of scikit-learn's bundled data sets; classes that have names carry them.

    Examples:
        >>> table = read_bundled("iris")
        >>> table.n_rows, table.columns["target"].categories
        (150, ('setosa', 'versicolor', 'virginica'))
    """
    bunch = getattr(datasets, f"load_{name}")()
    columns = {
        str(feature): bunch.data[:, index] for index, feature in enumerate(bunch.feature_names)
    }
    target = bunch.target
    if name in _NAMED_CLASSES:
        target = np.asarray(bunch.target_names)[target]
    columns[BUNDLED[name]] = target
    return read_mapping(columns, name)
