"""How many threads work on a fit, and the threads themselves.

Threads are taken from what the processor has left: fits that run side by side share it. They live
only as long as their team, so a fork finds nothing that it could break. This file knows nothing of
what the threads do.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue

import joblib

__all__ = ["Team", "available_processors", "threads_for"]

WORK_PER_THREAD = 1_800_000
"""Floating-point operations per layer and step that are worth a thread: about ten microseconds."""

_Job = tuple[Callable[[int], None], "SimpleQueue[None]"]

_lock = threading.Lock()
_in_use = 0


def available_processors() -> int:
    """Processors that this process may use: affinity, containers' limits, joblib's and OpenMP's."""
    available = int(joblib.cpu_count())
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(available, int(told)) if told.isdigit() and int(told) > 0 else available


def threads_for(work: float, n_threads: int | None) -> int:
    """Threads for so many floating-point operations a layer, unless somebody says how many."""
    if n_threads is not None:
        return n_threads
    if work < 2 * WORK_PER_THREAD:
        return 1
    return max(1, min(available_processors() - _in_use, int(work // WORK_PER_THREAD)))


class Team:
    """Threads that do one thing together, again and again; the calling thread is one of them.

    Args:
        size: how many; fewer where the system gives no more.

    Attributes:
        size: how many there are.
    """

    def __init__(self, size: int) -> None:
        self._jobs: list[SimpleQueue[_Job | None]] = []
        with contextlib.suppress(RuntimeError):  # no more threads to be had
            for number in range(1, size):
                jobs: SimpleQueue[_Job | None] = SimpleQueue()
                name = f"clearprop-{number}"
                threading.Thread(target=_serve, args=(jobs, number), name=name, daemon=True).start()
                self._jobs.append(jobs)
        self.size = 1 + len(self._jobs)
        _count(self.size)
        weakref.finalize(self, _dismiss, self._jobs, self.size)

    def work(self, task: Callable[[int], None]) -> None:
        """Call task(0) here and task(1) … task(size - 1) on the other threads, all at once."""
        done: SimpleQueue[None] = SimpleQueue()
        for jobs in self._jobs:
            jobs.put((task, done))
        try:
            task(0)
        finally:
            for _ in self._jobs:
                done.get()


def _serve(jobs: SimpleQueue[_Job | None], number: int) -> None:
    while (job := jobs.get()) is not None:
        task, done = job
        task(number)
        done.put(None)
        # What was worked on must not live on in a waiting thread.
        del job, task, done


def _dismiss(teammates: list[SimpleQueue[_Job | None]], size: int) -> None:
    for jobs in teammates:
        jobs.put(None)
    _count(-size)


def _count(change: int) -> None:
    global _in_use  # noqa: PLW0603 - the one number that all teams of the process share
    with _lock:
        _in_use += change
