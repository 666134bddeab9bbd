"""The engine of this working tree beside that of an earlier commit, in turns, on every workload.

    python benchmarks/versions.py COMMIT [--workloads main|all|NAME,…] [--dtype float32|float64]
        [--rounds N] [--output FOLDER]

Each runs in a process of its own, on one thread; results go to benchmarks/results/versions.md and
.json. It is no part of `make bench`: it asks what a change has cost.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report import RESULTS, described, figure, hold_threads, machine, table, write
from workloads import draw, named

ROOT = Path(__file__).parents[1]
_SECONDS_A_ROUND = 0.05


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="what to compare with")
    parser.add_argument("--workloads", default="main", help="main, all, or names with commas")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    arguments = parser.parse_args()
    hold_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(before)], check=True)
        subprocess.run(["git", "checkout", "--quiet", arguments.commit], cwd=before, check=True)
        workers = {"before": _worker(before), "now": _worker(ROOT)}
        results = [
            _measure(workload.name, arguments.dtype, arguments.rounds, workers)
            for workload in named(arguments.workloads)
        ]
        for worker in workers.values():
            worker.stdin.close()
            worker.wait()
    parts = [
        described({**machine(1), "before": arguments.commit, "now": _commit()}),
        f"{arguments.dtype}, one thread; microseconds a step: medians of rounds in turns; and how "
        "many times the speed of before (least – median – greatest of the rounds).",
        table(["workload", "before", "now", "times the speed"], map(_row, results)),
    ]
    print("\n\n".join(parts))
    write(arguments.output, "versions", "What a change has cost", parts, results)


def _commit() -> str:
    """The working tree's commit, and whether it has changes."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def _worker(checkout: Path) -> Any:
    folders = [str(checkout / "src"), str(ROOT / "benchmarks")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    command = [sys.executable, "-c", "import versions; versions.work()"]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def work() -> None:
    """Time epochs of the workloads named on standard input; a line of seconds for each line."""
    from peers import ClearpropPeer  # noqa: PLC0415 - of the worker's own clearprop

    peer, calls = None, 1
    for line in sys.stdin:
        asked = json.loads(line)
        if "workload" in asked:
            (workload,) = named(asked["workload"])
            data = draw(workload, asked["dtype"])
            peer = ClearpropPeer(workload, data, 1)
            peer.start(workload.network.initialize(0, dtype=asked["dtype"]))
            peer.epoch()
            begun = time.perf_counter()
            peer.epoch()
            calls = max(1, round(_SECONDS_A_ROUND / (time.perf_counter() - begun)))
            print(json.dumps(workload.n_steps), flush=True)
            continue
        assert peer is not None
        begun = time.perf_counter()
        for _ in range(calls):
            peer.epoch()
        print(json.dumps((time.perf_counter() - begun) / calls), flush=True)


def _ask(worker: Any, question: dict[str, Any]) -> Any:
    worker.stdin.write(json.dumps(question) + "\n")
    worker.stdin.flush()
    return json.loads(worker.stdout.readline())


def _measure(name: str, dtype: str, rounds: int, workers: dict[str, Any]) -> dict[str, Any]:
    for worker in workers.values():
        n_steps = _ask(worker, {"workload": name, "dtype": dtype})
    seconds: dict[str, list[float]] = {which: [] for which in workers}
    for number in range(rounds):
        turn = list(workers) if number % 2 else list(workers)[::-1]
        for which in turn:
            seconds[which].append(_ask(workers[which], {}) / n_steps)
    result = {"workload": name, "dtype": dtype, "seconds": seconds}
    print(*_row(result), sep="  ", flush=True)
    return result


def _row(result: dict[str, Any]) -> list[str]:
    before, now = result["seconds"]["before"], result["seconds"]["now"]
    each = [old / new for old, new in zip(before, now, strict=True)]
    spread = f"{min(each):.3f} – {statistics.median(each):.3f} – {max(each):.3f}"
    medians = (figure(1e6 * statistics.median(values)) for values in (before, now))
    return [result["workload"], *medians, spread]


if __name__ == "__main__":
    main()
