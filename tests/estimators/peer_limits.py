"""What an older scikit-learn cannot be asked for as a peer: those comparisons are skipped.

This project's estimators have it with every version. This file knows nothing of ours.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import sklearn
import sklearn.neural_network as peer
from sklearn.utils.fixes import parse_version

__all__ = ["BEFORE_1_7", "arguments_of", "skip_what_it_lacks"]

VERSION = parse_version(sklearn.__version__)
BEFORE_1_7 = parse_version("1.7") > VERSION


def skip_what_it_lacks(
    kind: str, parameters: dict[str, Any], *, weight: Any = None, y: Any = ()
) -> None:
    """Skip a test that asks scikit-learn's `kind` for what its version has not.

    Args:
        kind: "MLPClassifier" or "MLPRegressor".
        parameters: of the constructor.
        weight: sample weights, or None.
        y: targets.
    """
    has = inspect.signature(getattr(peer, kind)).parameters
    missing = [name for name in parameters if name not in has]
    if missing:
        pytest.skip(f"scikit-learn {sklearn.__version__} has no {', '.join(missing)}")
    if weight is not None and BEFORE_1_7:
        pytest.skip(f"scikit-learn {sklearn.__version__}'s MLP takes no sample_weight")
    texts = np.asarray(y).dtype.kind in "OU"
    if texts and parameters.get("early_stopping") and parse_version("1.9") > VERSION:
        pytest.skip("before 1.9 scikit-learn's early stopping fails on labels that are texts")


def arguments_of(weight: Any) -> dict[str, Any]:
    """Of `fit`: no sample_weight where there is none, as scikit-learn 1.6 knows none."""
    return {} if weight is None else {"sample_weight": weight}
