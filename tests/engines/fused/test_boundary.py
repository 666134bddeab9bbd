"""Arrays that do not fit are refused before native code sees them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from cases import CASES, problem_of

from clearprop.engines.fused.engine import FusedEngine
from clearprop.errors import ShapeError
from clearprop.optimizers import Adam

DENSE, START = problem_of(CASES["relu"])
SPARSE, SPARSE_START = problem_of(CASES["sparse"])
ENGINE = FusedEngine(1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"X": DENSE.X[:, :4]}, r"X: got shape \(67, 4\), expected \(n_samples, 5\)"),
        ({"Y": DENSE.Y[:60]}, r"Y: got shape \(60, 3\), expected \(67, 3\)"),
        ({"Y": DENSE.Y[:, :2]}, r"Y: got shape \(67, 2\), expected \(67, 3\)"),
        ({"sample_weight": np.ones(66, "f")}, r"sample_weight: got shape \(66,\), expected \(67,"),
    ],
)
def test_a_problem_that_does_not_fit(wrong: dict[str, Any], message: str) -> None:
    problem = dataclasses.replace(DENSE, **wrong)
    with pytest.raises(ShapeError, match=message):
        ENGINE.session(problem, START, Adam())
    with pytest.raises(ShapeError, match=message):
        ENGINE.loss_and_gradient(problem, START)


def test_samples_of_another_width_are_not_predicted() -> None:
    with pytest.raises(ShapeError, match=r"expected \(n_samples, 5\)"):
        ENGINE.predict(DENSE.network, START, DENSE.X[:, :4])


@pytest.mark.parametrize("row", [-1, 67])
def test_rows_that_there_are_not(row: int) -> None:
    session = ENGINE.session(DENSE, START, Adam())
    with pytest.raises(IndexError, match="outside of 0 … 66"):
        session.run(np.array([0, row]), 2, np.array([0.1]))


@pytest.mark.parametrize("column", [-1, 90])
def test_sparse_columns_that_there_are_not(column: int) -> None:
    X = SPARSE.X.copy()
    X.indices[3] = column
    with pytest.raises(ShapeError, match="outside of its 90 columns"):
        ENGINE.predict(SPARSE.network, SPARSE_START, X)


@pytest.mark.parametrize(("place", "start"), [(0, 1), (5, 0), (-1, 10**6)])
def test_sparse_rows_that_do_not_follow_one_another(place: int, start: int) -> None:
    X = SPARSE.X.copy()
    X.indptr[place] = start
    with pytest.raises(ShapeError, match="indptr"):
        ENGINE.session(dataclasses.replace(SPARSE, X=X), SPARSE_START, Adam())
