"""The promise of the same bits, of weights and losses: any threads, processor, neighbours."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, problem_of, sha1_of, sha1_of_training
from scipy import sparse
from sklearn.datasets import load_iris

from clearprop import MLPClassifier
from clearprop.engines.fused import engine as engine_module
from clearprop.engines.fused.engine import FusedEngine
from clearprop.engines.fused.workspace import rows_at_once
from clearprop.optimizers import Adam

# Fits here are cut short: what they have learned does not matter.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

EVERY = pytest.mark.parametrize("name", CASES)

# The SHA-1 of all sums, joined. Another value on another machine breaks the promise; a change of
# the engine's formulas changes it too, and must say so in CHANGELOG.md.
PINNED = "b8c63e3835802ab116c164a31f98ec24e52380ad"


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    """Name -> SHA-1, on this processor with one thread."""
    return {name: sha1_of_training(case, 1) for name, case in CASES.items()}


def test_these_are_the_bits_of_every_machine(here: dict[str, str]) -> None:
    joined = " ".join(here[name] for name in CASES)
    assert hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest() == PINNED, here


def test_the_cases_are_different(here: dict[str, str]) -> None:
    assert len(set(here.values())) == len(CASES) >= 20


@EVERY
@pytest.mark.parametrize("n_threads", [2, 4])
def test_any_number_of_threads(here: dict[str, str], name: str, n_threads: int) -> None:
    assert sha1_of_training(CASES[name], n_threads) == here[name]


@EVERY
def test_any_number_of_calls(here: dict[str, str], name: str) -> None:
    assert sha1_of_training(CASES[name], 1, calls=3) == here[name]


@pytest.mark.parametrize("processor", ["skylake-avx512", "haswell", "sandybridge"])
def test_any_processor(
    here: dict[str, str], processor: str, runs_here: Callable[[str], bool]
) -> None:
    if not runs_here(processor):
        pytest.skip(f"this processor lacks instructions of {processor}")
    environment = {**os.environ, "NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("cases.py"))],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == here


@EVERY
def test_any_amount_of_memory(
    here: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "rows_at_once", lambda *arguments: min(arguments[-1], 11))
    assert sha1_of_training(CASES[name], 2) == here[name]


@EVERY
def test_a_row_alone_is_predicted_as_in_any_batch(name: str) -> None:
    problem, layers = problem_of(CASES[name])
    engine = FusedEngine(1)
    together = engine.predict(problem.network, layers, problem.X)
    shared = FusedEngine(3).predict(problem.network, layers, problem.X)
    assert shared.tobytes() == together.tobytes()
    for rows in (slice(0, 1), slice(7, 8), slice(3, 20), slice(-1, None)):
        some = engine.predict(problem.network, layers, problem.X[rows])
        assert some.tobytes() == together[rows].tobytes(), rows


def test_what_is_kept_of_a_prediction_follows_parameters_and_rows() -> None:
    problem, layers = problem_of(CASES["parts"])
    network, X, engine = problem.network, problem.X, FusedEngine(1)
    at_once = rows_at_once(network, X.dtype, len(X))
    assert at_once < len(X)
    together = engine.predict(network, layers, X)
    first = engine.predict(network, layers, X[:at_once])
    assert first.tobytes() == together[:at_once].tobytes()
    layers[0].W[...] *= 2.0
    doubled = engine.predict(network, layers, X[:at_once])
    assert doubled.tobytes() != first.tobytes()
    assert engine.predict(network, layers, X)[:at_once].tobytes() == doubled.tobytes()
    last = engine.predict(network, layers, X[-at_once:])
    assert last.tobytes() == engine.predict(network, layers, X)[-at_once:].tobytes()
    assert not np.shares_memory(last, engine.predict(network, layers, X[-at_once:]))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_sparse])
def test_sparse_rows_have_the_bits_of_dense_ones(name: str) -> None:
    case = CASES[name]
    problem, start = problem_of(case)
    assert sparse.issparse(problem.X)
    dense = dataclasses.replace(problem, X=problem.X.toarray())
    sums = []
    for one in (problem, dense):
        session = FusedEngine(2).session(one, start, case.optimizer)
        session.run(np.arange(case.rows), case.batch, np.full(-(-case.rows // case.batch), 0.01))
        sums.append(sha1_of(session.parameters()))
    assert sums[0] == sums[1]


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_an_estimator_has_the_bits_of_one_thread(solver: str) -> None:
    X, y = load_iris(return_X_y=True)
    sums = set()
    for n_threads in (1, 2, 4, None):
        parameters: dict[str, Any] = {"max_iter": 200, "random_state": 0, "n_threads": n_threads}
        model = MLPClassifier((20, 10), solver=solver, tol=0.1, **parameters).fit(X, y)
        told = hashlib.sha1(usedforsecurity=False)
        for array in (*model.coefs_, *model.intercepts_):
            told.update(array.tobytes())
        sums.add(told.hexdigest())
    assert len(sums) == 1


def test_the_sums_notice_one_bit() -> None:
    problem, start = problem_of(CASES["relu"])

    def trained() -> str:
        session = FusedEngine(1).session(problem, start, Adam())
        losses = session.run(np.arange(67), 16, np.full(5, 0.01))
        return sha1_of(session.parameters(), losses.tobytes())

    before, as_it_was = sha1_of(start), trained()
    assert trained() == as_it_was
    start[0].W[0, 0] = np.nextafter(start[0].W[0, 0], np.float32(9.0))
    assert sha1_of(start) != before
    assert trained() != as_it_was
