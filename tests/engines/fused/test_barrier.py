"""Where threads wait: nobody goes on early, nobody is left behind."""

from __future__ import annotations

import threading
from typing import Any, cast

import numpy as np
import pytest
from numba import njit

from clearprop.engines.fused.barrier import wait_for_all
from clearprop.engines.fused.layout import aligned_zeros
from clearprop.engines.fused.memory import plan_at
from clearprop.engines.fused.records import COUNTERS_BYTES, PLAN

ROUNDS = 150


def _meet(plan_address: int, thread: int, rounds: int, came: Any, early: Any) -> None:
    """Say in which round we are, wait, and count the others that are in another."""
    plan = plan_at(plan_address, 0)
    for number in range(1, rounds + 1):
        came[thread] = number
        wait_for_all(plan)
        for other in range(len(came)):
            early[thread] += came[other] != number
        wait_for_all(plan)


@pytest.fixture(scope="module")
def meet() -> Any:
    return cast(Any, njit)(nogil=True)(_meet)


@pytest.mark.parametrize("n_threads", [1, 2, 3, 16])
def test_all_meet_in_every_round(n_threads: int, meet: Any) -> None:
    plan, counters = np.zeros(1, PLAN), aligned_zeros(COUNTERS_BYTES, np.uint8)
    plan["n_threads"], plan["barrier_at"] = n_threads, counters.ctypes.data
    came, early = np.zeros(n_threads, np.int64), np.zeros(n_threads, np.int64)
    meet(plan.ctypes.data, 0, 0, came, early)  # compiled before anybody waits
    threads = [
        threading.Thread(target=meet, args=(plan.ctypes.data, n, ROUNDS, came, early), daemon=True)
        for n in range(n_threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert came.tolist() == [ROUNDS] * n_threads
    assert early.tolist() == [0] * n_threads
    arrivals, rounds = counters.view(np.int64)[[0, COUNTERS_BYTES // 16]]
    assert (arrivals, rounds) == (0, 2 * ROUNDS if n_threads > 1 else 0)
