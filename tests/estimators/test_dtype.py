"""dtype: what the network computes in, whatever the rows are of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from clearprop import MLPClassifier, MLPRegressor, load_model, save_model
from clearprop.errors import ParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

X = np.random.default_rng(0).normal(size=(60, 4))
y = (X[:, 0] > 0).astype(int)
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
SETTINGS = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}


@BOTH
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_as_if_the_rows_were_of_it(kind: Any, make: Any, dtype: str) -> None:
    for given in (np.float32, np.float64):
        rows = X.astype(given)
        told = kind(dtype=dtype, **SETTINGS).fit(make(rows), y)
        cast = kind(**SETTINGS).fit(make(rows.astype(dtype)), y)
        assert told.coefs_[0].dtype == dtype
        for got, expected in zip(told.coefs_, cast.coefs_, strict=True):
            np.testing.assert_array_equal(got, expected)
        assert told.predict(make(rows)).dtype == cast.predict(make(rows.astype(dtype))).dtype


@BOTH
def test_partial_fit_and_initialize_heed_it(kind: Any) -> None:
    drawn = kind(dtype="float32", **SETTINGS).initialize(X, y)
    assert drawn.coefs_[0].dtype == np.float32
    assert drawn.partial_fit(X, y).coefs_[0].dtype == np.float32


@BOTH
def test_numbers_beyond_float32_are_said_when_fitting_and_predicting(kind: Any) -> None:
    model = kind(dtype="float32", **SETTINGS)
    for call in (lambda: model.fit(X * 1e50, y), lambda: model.fit(X, y).predict(X * 1e50)):
        with pytest.raises(ParameterError, match="beyond the largest number of float32"):
            call()


def test_another_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="'dtype' parameter"):
        MLPClassifier(dtype="float16").fit(X, y)


def test_a_model_file_keeps_it(tmp_path: Any) -> None:
    save_model(MLPClassifier(dtype="float32", **SETTINGS).fit(X, y), tmp_path / "m.safetensors")
    model = load_model(tmp_path / "m.safetensors")
    assert (model.dtype, model.coefs_[0].dtype) == ("float32", np.float32)


def test_targets_beyond_float32_are_refused() -> None:
    rows = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    with pytest.raises(ParameterError, match=r"y: the targets reach 1e\+300, beyond the largest"):
        MLPRegressor().fit(rows, np.linspace(-1e300, 1e300, 20))
