"""Arrays that do not fit are refused before native code sees them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from cases import CASES, problem_of
from scipy import sparse

from clearprop.engines.fused.engine import FusedEngine
from clearprop.errors import ParameterError, ShapeError
from clearprop.network import Layer
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


def test_sparse_rows_that_are_fewer_than_the_shape_says() -> None:
    X = SPARSE.X.copy()
    X.indptr = X.indptr[:-3]
    with pytest.raises(ShapeError, match="indptr"):
        ENGINE.predict(SPARSE.network, SPARSE_START, X)


@pytest.mark.parametrize("n_threads", [0, -1])
def test_threads_that_nobody_can_have(n_threads: int) -> None:
    with pytest.raises(ParameterError, match=f"n_threads: got {n_threads}, expected 1 or more"):
        FusedEngine(n_threads)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (START[:1], "got 1 layers, expected 2"),
        ([Layer(START[0].W[:1], START[0].b), START[1]], r"layer 0 has W of shape \(1, 7\)"),
        ([START[0], Layer(np.ones((7, 4)), START[1].b)], r"expected \(7, 3\) and \(3,\)"),
        ([START[0], Layer(START[1].W, np.ones(1))], r"b of shape \(1,\)"),
    ],
)
def test_parameters_of_another_network(layers: list[Layer], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        ENGINE.session(DENSE, layers, Adam())
    with pytest.raises(ShapeError, match=message):
        ENGINE.loss_and_gradient(DENSE, layers)
    with pytest.raises(ShapeError, match=message):
        ENGINE.predict(DENSE.network, layers, DENSE.X)


def _strided(array: Any) -> Any:
    """The same numbers, with others in between."""
    return np.stack([array, np.full_like(array, 1)], axis=1)[:, 0]


def _backwards(X: Any) -> Any:
    """Each row's entries from the last to the first, behind the back of SciPy."""
    X = X.copy()
    assert X.has_sorted_indices
    for first, last in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.indices[first:last] = X.indices[first:last][::-1].copy()
        X.data[first:last] = X.data[first:last][::-1].copy()
    return X


def _halves(X: Any) -> Any:
    """Each entry twice, at half of its value."""
    twice = [np.repeat(array, 2) for array in (X.data / 2, X.indices)]
    return sparse.csr_matrix((*twice, 2 * X.indptr), shape=X.shape)


SAME_ROWS = {
    "long indices": lambda X: sparse.csr_matrix(
        (X.data, X.indices.astype(np.int64), X.indptr.astype(np.int64)), shape=X.shape
    ),
    "strided": lambda X: sparse.csr_matrix(
        (_strided(X.data), _strided(X.indices), _strided(X.indptr)), shape=X.shape
    ),
    "unsorted": _backwards,
    "entries twice": _halves,
    "spare room": lambda X: sparse.csr_matrix(
        (np.append(X.data, 9.0), np.append(X.indices, 0), X.indptr), shape=X.shape
    ),
}


@pytest.mark.parametrize("make", SAME_ROWS.values(), ids=SAME_ROWS)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_sparse_rows_however_they_lie_in_memory(make: Any, n_threads: int) -> None:
    problem, start = problem_of(CASES["sparse float64"])
    engine, rows = FusedEngine(n_threads), make(problem.X)
    assert abs(rows - problem.X).max() == 0.0
    expected = engine.predict(problem.network, start, problem.X)
    np.testing.assert_allclose(engine.predict(problem.network, start, rows), expected, rtol=1e-13)
    gradients = [
        engine.loss_and_gradient(dataclasses.replace(problem, X=X), start)[1]
        for X in (problem.X, rows)
    ]
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours.W, theirs.W, rtol=1e-11, atol=1e-15)


SAME_NUMBERS = {
    "columns first": np.asfortranarray,
    "backwards": lambda array: array[::-1].copy()[::-1],
    "strided": lambda array: np.repeat(np.repeat(array, 2, axis=0), 3, axis=1)[::2, ::3],
    "read-only": lambda array: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape),
    "at an odd address": lambda array: np.frombuffer(
        b"x" + array.tobytes(), array.dtype, offset=1
    ).reshape(array.shape),
}


@pytest.mark.parametrize("make", SAME_NUMBERS.values(), ids=SAME_NUMBERS)
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_dense_rows_however_they_lie_in_memory(make: Any, name: str) -> None:
    problem, start = problem_of(CASES[name])
    moved = dataclasses.replace(problem, X=make(problem.X), Y=make(problem.Y))
    gradients = [ENGINE.loss_and_gradient(one, start)[1] for one in (problem, moved)]
    for ours, theirs in zip(*gradients, strict=True):
        assert ours.W.tobytes() == theirs.W.tobytes()
    yhat = ENGINE.predict(problem.network, start, problem.X)
    assert ENGINE.predict(problem.network, start, moved.X).tobytes() == yhat.tobytes()


@pytest.mark.parametrize(("place", "start"), [(0, 1), (5, 0), (-1, 10**6)])
def test_sparse_rows_that_do_not_follow_one_another(place: int, start: int) -> None:
    X = SPARSE.X.copy()
    X.indptr[place] = start
    with pytest.raises(ShapeError, match="indptr"):
        ENGINE.session(dataclasses.replace(SPARSE, X=X), SPARSE_START, Adam())
