"""Fits side by side, forks, threads that cannot be had, and Ctrl-C: the same numbers or none."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import joblib
import numpy as np
import pytest
from cases import CASES, problem_of, sha1_of_training
from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from clearprop import MLPClassifier
from clearprop.engines.fused import team
from clearprop.engines.fused.engine import FusedEngine
from clearprop.engines.fused.team import Team, threads_for
from clearprop.optimizers import SGD

# Fits here are cut short: what they have learned does not matter.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::clearprop.errors.DivergenceWarning"),
]

NAMES = ["relu", "wide", "parts", "sparse"]
SERIAL = {name: sha1_of_training(CASES[name], 1) for name in NAMES}


def fit(name: str, n_threads: int) -> str:
    return sha1_of_training(CASES[name], n_threads)


@pytest.mark.parametrize("prefer", ["threads", "processes"])
def test_fits_side_by_side_are_the_fits_alone(prefer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # New workers, which import `cases` by name.
    get_reusable_executor().shutdown()
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))
    jobs = [(name, n_threads) for name in NAMES for n_threads in (1, 2)]
    found = joblib.Parallel(n_jobs=4, prefer=prefer)(
        joblib.delayed(sha1_of_training)(CASES[name], n_threads) for name, n_threads in jobs
    )
    assert found == [SERIAL[name] for name, _ in jobs]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_grid_search_finds_the_same(backend: str) -> None:
    X, y = load_digits(return_X_y=True)
    estimator = MLPClassifier((8,), max_iter=3, tol=10.0, n_iter_no_change=3, random_state=0)
    grid = {"alpha": [1e-4, 1.0]}
    alone = GridSearchCV(estimator, grid, cv=2).fit(X[:200], y[:200])
    with joblib.parallel_backend(backend):
        shared = GridSearchCV(estimator, grid, cv=2, n_jobs=2).fit(X[:200], y[:200])
    assert (
        shared.cv_results_["mean_test_score"].tolist()
        == alone.cv_results_["mean_test_score"].tolist()
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # 3.12 warns of forks
def test_a_fork_after_a_fit_fits() -> None:
    fit("wide", 2)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.starmap(fit, [("wide", 2), ("parts", 2)])
    assert found == [SERIAL["wide"], SERIAL["parts"]]


FORKED = """
import os, signal
import numpy as np
from cases import CASES, problem_of, sha1_of
from clearprop.engines.fused import team
from clearprop.engines.fused.engine import FusedEngine
problem, start = problem_of(CASES["wide"])
session = FusedEngine(2).session(problem, start, CASES["wide"].optimizer)
order, rates = np.arange(150), np.full(3, 0.01)
session.run(order, 70, rates)
used = team._in_use
if os.fork() == 0:
    signal.alarm(30)  # where it waits for threads that there are not
    in_use = team._in_use
    session.run(order, 70, rates)
    again = team._in_use
    told = sha1_of(session.parameters())
    del session
    print(told, in_use, again, team._in_use, flush=True)
    os._exit(0)
os.wait()
session.run(order, 70, rates)
print(sha1_of(session.parameters()), 0, used, used - 2)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_goes_on_with_a_session_by_threads_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    child, parent = done.stdout.splitlines()
    assert child == parent


def test_without_threads_to_be_had_one_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert Team(4).size == 1
    assert fit("wide", 4) == SERIAL["wide"]


def test_threads_end_with_their_team() -> None:
    def ours() -> int:
        return sum(thread.name.startswith("clearprop-") for thread in threading.enumerate())

    before, used = ours(), team._in_use
    some = Team(3)
    assert (ours(), team._in_use) == (before + 3, used + 3)
    del some
    deadline = time.monotonic() + 5.0
    while ours() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (ours(), team._in_use) == (before, used)


def test_a_kept_prediction_takes_no_processor_from_fits() -> None:
    problem, layers = problem_of(CASES["relu"])
    before = team._in_use
    FusedEngine(1).predict(problem.network, layers, problem.X[:9])
    FusedEngine(3).predict(problem.network, layers, problem.X)
    assert team._in_use == before


def test_threads_go_by_the_batch_not_by_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "available_processors", lambda: 2)
    monkeypatch.setattr(team, "_in_use", 0)
    problem, start = problem_of(CASES["parts"])
    for batch, expected in ((8, 1), (700, 2)):
        session = FusedEngine().session(problem, start, SGD())
        session.run(np.arange(1300), batch, np.full(-(-1300 // batch), 0.01))
        assert session._job._team.size == expected
        del session


def test_threads_by_work_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "available_processors", lambda: 8)
    monkeypatch.setattr(team, "_in_use", 0)
    assert [threads_for(work, None) for work in (0, 3.5e6, 3.6e6, 8e6, 1e9)] == [1, 1, 2, 4, 8]
    assert threads_for(1e9, 3) == 3
    assert threads_for(0, 3) == 3
    assert threads_for(0, 10**6) == 256
    monkeypatch.setattr(team, "_in_use", 6)
    assert threads_for(1e9, None) == 2
    monkeypatch.setattr(team, "_in_use", 9)
    assert threads_for(1e9, None) == 1


def test_the_environment_limits_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for told, expected in (
        ("1", 1),
        ("1,2", 1),
        ("junk", joblib.cpu_count()),
        ("0", joblib.cpu_count()),
    ):
        monkeypatch.setenv("OMP_NUM_THREADS", told)
        assert team.available_processors() == expected


LONG = """
import sys, threading
import numpy as np
from clearprop import MLPClassifier
X = np.random.default_rng(0).normal(size=(4000, 50)).astype("float32")
y = X[:, 0] > 0
model = MLPClassifier((256, 256), max_iter=100000, n_iter_no_change=100000, tol=0.0,
                      random_state=0, n_threads=2)
print("begin", flush=True)
model.fit(X, y)
print("stopped", len(model.loss_curve_), flush=True)
again = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, y)
print(sum(t.name.startswith("clearprop-") for t in threading.enumerate()) == 0)
"""


def test_ctrl_c_stops_a_fit_and_leaves_nothing_hanging() -> None:
    process: Any = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", LONG], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begin\n"
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, _ = process.communicate(timeout=30)
    assert time.monotonic() - sent < 10.0
    assert process.returncode == 0
    assert out.startswith("stopped")
    assert out.endswith("True\n")


def test_many_small_calls_of_a_team_reach_every_thread() -> None:
    members = Team(4)
    hits = np.zeros(4, int)
    for _ in range(200):
        members.work(lambda thread: hits.__setitem__(thread, hits[thread] + 1))
    assert hits.tolist() == [200] * members.size


def test_ctrl_c_before_a_task_is_handed_over_still_has_every_thread_do_it() -> None:
    members = Team(3)
    queue, hits = members._queue, np.zeros(3, int)
    assert queue is not None

    class Interrupted:
        is_first = True

        def put(self, task: Any) -> None:
            if self.is_first:
                self.is_first = False
                raise KeyboardInterrupt
            queue.put(task)

    members._queue = Interrupted()  # type: ignore[assignment]  # stands in for a queue
    with pytest.raises(KeyboardInterrupt):
        members.work(lambda thread: hits.__setitem__(thread, hits[thread] + 1))
    assert hits.tolist() == [1, 1, 1]


def test_ctrl_c_while_a_task_is_done_waits_for_every_thread_and_does_it_once() -> None:
    members = Team(3)
    hits = np.zeros(3, int)

    def share(thread: int) -> None:
        if thread == 0:
            signal.raise_signal(signal.SIGINT)
        time.sleep(0.1)
        hits[thread] += 1

    with pytest.raises(KeyboardInterrupt):
        members.work(share)
    assert hits.tolist() == [1, 1, 1]
    members.work(lambda thread: hits.__setitem__(thread, 5))
    assert hits.tolist() == [5, 5, 5]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no such signals on this system")
def test_ctrl_c_again_and_again_still_waits_for_every_thread() -> None:
    members = Team(3)
    hits = np.zeros(3, int)
    main = threading.main_thread().ident
    assert main is not None

    def share(thread: int) -> None:
        for _ in range(5):
            if thread == 0:
                signal.pthread_kill(main, signal.SIGINT)
            time.sleep(0.02)
        hits[thread] += 1

    with pytest.raises(KeyboardInterrupt):
        members.work(share)
    assert hits.tolist() == [1, 1, 1]


def test_what_a_thread_raises_reaches_the_caller() -> None:
    def share(thread: int) -> None:
        if thread == 1:
            raise MemoryError("no more")

    with pytest.raises(MemoryError, match="no more"):
        Team(2).work(share)
