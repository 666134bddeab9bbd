"""How many threads work on a fit, and the threads themselves.

Threads are taken from what the processor has left: fits that run side by side share it. They live
only as long as their team, and a forked process has none of its parent's. This file knows nothing
of what the threads do.
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

_MOST_THREADS = 256  # asked for by name; each has scratch memory of its own

_lock = threading.Lock()
_in_use = 0


def available_processors() -> int:
    """Processors that this process may use: affinity, containers' limits, joblib's and OpenMP's."""
    available = int(joblib.cpu_count())
    # OpenMP takes a list, a number for each level of nesting.
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(available, int(told)) if told.isdecimal() and int(told) > 0 else available


def threads_for(work: float, n_threads: int | None) -> int:
    """Threads for so many floating-point operations a layer, unless somebody says how many."""
    if n_threads is not None:
        return min(n_threads, _MOST_THREADS)
    if work < 2 * WORK_PER_THREAD:
        return 1
    return max(1, min(available_processors() - _in_use, int(work // WORK_PER_THREAD)))


class _Task:
    """Something that every thread of a team is to do once."""

    def __init__(self, call: Callable[[int], None], n_threads: int) -> None:
        self.call = call
        self.finished = threading.Event()
        self.error: BaseException | None = None
        self._left = n_threads
        self._takers: set[int] = set()
        self._lock = threading.Lock()

    def take(self, thread: int) -> bool:
        """Whether the thread is handed the task for the first time."""
        is_first = thread not in self._takers
        self._takers.add(thread)
        return is_first

    def do(self, thread: int) -> None:
        """One thread's share."""
        try:
            self.call(thread)
        except BaseException as error:  # whatever it was, the caller gets it
            self.error = error
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.finished.set()


_Queue = SimpleQueue[_Task | None]


class Team:
    """Threads that do one thing together, again and again, while the calling thread waits.

    The caller is none of them, as Ctrl-C may stop it anywhere: a thread missing from a task would
    have the others wait for it for ever. A team of one is the calling thread.

    Args:
        size: how many; fewer where the system gives no more.

    Attributes:
        size: how many there are.
    """

    def __init__(self, size: int) -> None:
        self._process = os.getpid()
        queues: list[_Queue] = []
        with contextlib.suppress(RuntimeError):  # no more threads to be had
            for number in range(size if size > 1 else 0):
                queue: _Queue = SimpleQueue()
                before = queues[-1:]
                name = f"clearprop-{number}"
                threading.Thread(
                    target=_serve, args=(queue, number, before), name=name, daemon=True
                ).start()
                queues.append(queue)
        # A task goes to the last one, which hands it on to the one before, and so on.
        self._queue = queues[-1] if queues else None
        self.size = max(len(queues), 1)
        _count(self.size)
        weakref.finalize(self, _dismiss, self._queue, self.size, self._process)

    @property
    def is_alive(self) -> bool:
        """Whether its threads are in this process; a fork leaves them behind."""
        return self._process == os.getpid()

    def work(self, call: Callable[[int], None]) -> None:
        """Have call(0) … call(size - 1) done, all at once, each by a thread of its own.

        Raises:
            KeyboardInterrupt: on Ctrl-C, when all threads have done their share.
            BaseException: what a call raised.
        """
        if self._queue is None:
            call(0)
            return
        task = _Task(call, self.size)
        interruption: BaseException | None = None
        while True:
            try:
                # An interruption may come before the task is handed over; to do it again does no
                # harm. However often it comes, nobody may go on while arrays are worked on.
                self._queue.put(task)
                task.finished.wait()
                break
            except BaseException as error:
                interruption = error
        if interruption is not None:
            raise interruption
        if task.error is not None:
            raise task.error


def _serve(queue: _Queue, number: int, before: list[_Queue]) -> None:
    while (task := queue.get()) is not None:
        if task.take(number):
            for other in before:
                other.put(task)
            task.do(number)
        # What was worked on must not live on in a waiting thread.
        del task
    for other in before:
        other.put(None)


def _dismiss(queue: _Queue | None, size: int, process: int) -> None:
    if process != os.getpid():
        return
    if queue is not None:
        queue.put(None)
    _count(-size)


def _count(change: int) -> None:
    global _in_use  # noqa: PLW0603 - the one number that all teams of the process share
    with _lock:
        _in_use += change


def _begin_anew() -> None:
    """In a forked process: no team of its parent's works here, and nobody holds the lock."""
    global _in_use, _lock
    _in_use, _lock = 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
