"""Where a team of threads waits until all have come: one atomic addition, then watching a number.

This file knows nothing of what the threads do.
"""

from __future__ import annotations

from clearprop.engines.fused.memory import (
    Record,
    add_atomically,
    load_atomically,
    native,
    yield_processor,
)
from clearprop.engines.fused.records import COUNTERS_BYTES

__all__ = ["wait_for_all"]

_ROUNDS = COUNTERS_BYTES // 2
_LOOKS_BEFORE_YIELDING = 2000  # about a microsecond


@native
def wait_for_all(plan: Record) -> None:
    """Go on when each of the plan's threads has come here."""
    if plan.n_threads == 1:
        return
    arrivals_at, rounds_at = plan.barrier_at, plan.barrier_at + _ROUNDS
    before = load_atomically(rounds_at)
    if add_atomically(arrivals_at, 1) == plan.n_threads - 1:
        add_atomically(arrivals_at, -plan.n_threads)
        add_atomically(rounds_at, 1)
        return
    looks = 0
    while load_atomically(rounds_at) == before:
        looks += 1
        if looks > _LOOKS_BEFORE_YIELDING:
            # With fewer processors than threads, the one that is waited for must run.
            yield_processor()
