"""The models that a comparison fits: scikit-learn's network with our parameters, and simpler ones.

Knows nothing of folds and scores.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import StandardScaler

from clearprop.estimators import MLPClassifier
from clearprop.table_model.preparation import batch_size_for

__all__ = ["MODELS", "candidates_of", "set_batch_size"]

MODELS = ("clearprop", "scikit-learn", "linear", "boosting", "constant")
"""What can be compared; the first is this project's."""


def candidates_of(
    ours: Any, models: Collection[str], random_state: int, validation_size: float
) -> tuple[dict[str, tuple[str, Any]], list[str]]:
    """Name -> title and unfitted model; and parameters that scikit-learn's network lacks.

    Args:
        ours: this project's network, with its parameters.
        models: names of `MODELS`; scikit-learn's network is left out where it cannot do the same.
        random_state: of the others that draw.
        validation_size: the share on which scikit-learn's network stops early; 0 for none.
    """
    is_classification = isinstance(ours, MLPClassifier)
    kind = TheirClassifier if is_classification else TheirRegressor
    theirs, left_out = _as_theirs(ours, kind)
    if theirs is not None and validation_size > 0.0:
        theirs.set_params(early_stopping=True, validation_fraction=validation_size)
    if is_classification:
        every: dict[str, tuple[str, Any]] = {
            "clearprop": ("clearprop", ours),
            "scikit-learn": ("scikit-learn's MLP", theirs),
            "linear": ("logistic regression", LogisticRegression(max_iter=1000)),
            "boosting": (
                "histogram gradient boosting",
                HistGradientBoostingClassifier(random_state=random_state),
            ),
            "constant": ("always the most frequent class", DummyClassifier()),
        }
    else:
        # Networks learn a standardised target; nobody else minds.
        wrap = _unwrapped if ours.loss == "poisson" else _standardising
        every = {
            "clearprop": ("clearprop", wrap(ours)),
            "scikit-learn": ("scikit-learn's MLP", wrap(theirs)),
            "linear": ("ridge regression", Ridge()),
            "boosting": (
                "histogram gradient boosting",
                HistGradientBoostingRegressor(random_state=random_state),
            ),
            "constant": ("always the mean", DummyRegressor()),
        }
    if theirs is None:
        del every["scikit-learn"]
    return {key: every[key] for key in MODELS if key in models and key in every}, left_out


def _unwrapped(model: Any) -> Any:
    return model


def _standardising(model: Any) -> Any:
    if model is None:
        return None
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def _as_theirs(ours: Any, kind: Any) -> tuple[Any, list[str]]:
    """scikit-learn's network with our parameters, as far as it has them; None where it cannot."""
    known, defaults = set(kind().get_params()), type(ours)().get_params()
    given = ours.get_params()
    left_out = [
        name for name, value in given.items() if name not in known and value != defaults[name]
    ]
    theirs = kind(**{name: value for name, value in given.items() if name in known})
    try:
        theirs._validate_params()
    except ValueError:
        return None, left_out
    return theirs, left_out


def set_batch_size(model: Any, n_train: int, validation_size: float) -> None:
    """Rows per step, where nobody chose them, as `clearprop train` chooses them.

    Args:
        model: a network, or one in a `TransformedTargetRegressor`; changed in place.
        n_train: rows to learn from.
        validation_size: the share of them on which the network will stop early.
    """
    network = getattr(model, "regressor", model)
    if network.batch_size == "auto":
        n_left = n_train - int(np.ceil(n_train * validation_size))
        network.set_params(batch_size=batch_size_for(n_left))
