"""Training beside the peers: microseconds a step, ratios, and the share of the processor's peak.

    pip install torch==2.13.0 jax        # or --group bench; who is not installed is left out
    python benchmarks/bench_training.py [--workloads main|all|NAME,…] [--dtype float32|float64|both]
        [--threads N] [--rounds N] [--seconds N] [--output FOLDER]

Without arguments: every workload in float32 and the main ones in float64, one thread, about eight
minutes, and the tables go to benchmarks/results/training.md and .json. With some of the workloads
alone they are printed, and written where --output says.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import training_report
from fma_peak import FmaPeak
from peers import Check, Peer, check, differs, engine_used, found_peers
from report import RESULTS, alternate, hold_threads, machine, write
from workloads import MAIN, Workload, draw, named

from clearprop.network import Layer

_COMPILED = "torch.compile"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workloads", default="all", help="main, all, or names with commas")
    parser.add_argument("--dtype", default="both", choices=("float32", "float64", "both"))
    parser.add_argument("--threads", type=int, default=1, help="of every peer")
    parser.add_argument("--rounds", type=int, default=9, help="at most, per workload")
    parser.add_argument("--seconds", type=float, default=4.0, help="of rounds, per workload")
    parser.add_argument("--output", type=Path, help="folder of the results")
    arguments = parser.parse_args()
    chosen = named(arguments.workloads)
    hold_threads(arguments.threads)
    peers, notes = found_peers()
    facts = {**machine(arguments.threads), "clearprop's engine": engine_used()}
    print(*notes, *(f"{name}: {what}" for name, what in facts.items()), sep="\n")
    results = []
    for dtype in ("float32", "float64"):
        if arguments.dtype in (dtype, "both"):
            for workload in chosen:
                # Acceptance and readers ask for float64 on the main workloads.
                if arguments.dtype == "both" and dtype == "float64" and workload not in MAIN:
                    continue
                results.append(_measure(workload, dtype, peers, arguments))
                print(training_report.line(results[-1]), flush=True)
    cold = _first_predictions(peers, rounds=3)
    parts = training_report.parts(facts, notes, results, cold)
    print("", *parts, sep="\n\n")
    output = arguments.output or (RESULTS if arguments.workloads == "all" else None)
    if output:
        raw = {"machine": facts, "notes": notes, "workloads": results, "first prediction": cold}
        write(output, "training", "Training beside the peers", parts, raw)


def _measure(
    workload: Workload, dtype: str, peers: dict[str, Callable[..., Peer]], arguments: Any
) -> dict[str, Any]:
    """All figures of one workload: plain numbers, ready for JSON."""
    data = draw(workload, dtype)
    parameters = workload.network.initialize(0, dtype=dtype)
    ready: dict[str, Peer] = {}
    checks: dict[str, Check] = {}
    left_out: dict[str, str] = {}
    for name, make in peers.items():
        if name == _COMPILED and (workload not in MAIN or dtype != "float32"):
            continue  # its compiler takes seconds a workload
        try:
            peer = make(workload, data, arguments.threads)
            checks[name] = check(workload, data, peer, parameters)
        except Exception as error:
            if name == "clearprop":
                raise
            left_out[name] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            continue
        other = differs(workload, dtype, name, checks["clearprop"], checks[name])
        if other:
            left_out[name] = f"computes something else: {other}"
        else:
            ready[name] = peer
    peak = FmaPeak(dtype, arguments.threads)
    works: dict[str, Callable[[], Any]] = {name: peer.epoch for name, peer in ready.items()}
    samples = alternate({**works, "peak": peak}, rounds=arguments.rounds, seconds=arguments.seconds)
    equal = _equal_loss(ready, parameters) if workload in MAIN and dtype == "float32" else {}
    result = {
        "name": workload.name,
        "description": workload.description,
        "dtype": dtype,
        "threads": arguments.threads,
        "wide": workload.task == "train" and min(workload.sizes[1:-1], default=0) >= 128,
        "steps": workload.n_steps,
        "flops a step": workload.flops,
        "flops a peak": peak.flops,
        "samples": samples,
        "checks": checks,
        "left out": left_out,
        "seconds to equal loss": equal,
    }
    del ready, works, data
    gc.collect()
    return result


def _equal_loss(
    peers: dict[str, Peer], parameters: list[Layer], epochs: int = 3
) -> dict[str, float]:
    """Seconds from fresh parameters to the loss that the slowest peer has after some epochs.

    A peer whose rounding leaves it a hair above that loss goes on: up to twice as many epochs.
    """
    courses: dict[str, list[tuple[float, float]]] = {}
    for name, peer in peers.items():
        start = time.perf_counter()
        peer.start(parameters)
        courses[name] = []
        for _ in range(2 * epochs):
            loss = peer.epoch()
            courses[name].append((time.perf_counter() - start, loss))
    slowest = max(courses, key=lambda name: courses[name][epochs - 1][0])
    goal = courses[slowest][epochs - 1][1] * (1.0 + 1e-3)
    return {
        name: next((seconds for seconds, loss in course if loss <= goal), float("nan"))
        for name, course in courses.items()
    }


def _first_predictions(peers: dict[str, Any], rounds: int) -> dict[str, list[float]]:
    """Seconds of `first_prediction` in processes of their own, in turns.

    "first use" is clearprop's with an empty cache: it compiles, once per machine.
    """
    script = str(Path(__file__).parent / "first_prediction.py")
    seconds: dict[str, list[float]] = {}
    # What pip installs has its bytecode; what lies in a working tree gets it from the first run.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run(name: str, called: str, **environment: str) -> None:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, script, name],
            check=True,
            env={**inherited, **environment},
            capture_output=True,
        )
        seconds.setdefault(called, []).append(time.perf_counter() - start)

    names = [name for name in peers if name != _COMPILED]
    for name in names:  # files come from the disk's cache, not from the disk
        run(name, name)
    seconds.clear()
    for _ in range(rounds):
        for name in names:
            run(name, name)
        with tempfile.TemporaryDirectory() as folder:
            run("clearprop", "clearprop, first use", CLEARPROP_CACHE_DIR=folder)
    if _COMPILED in peers:
        with tempfile.TemporaryDirectory() as folder:
            try:
                run(_COMPILED, f"{_COMPILED}, first use", TORCHINDUCTOR_CACHE_DIR=folder)
            except subprocess.CalledProcessError:
                print(f"{_COMPILED}: no compiler that works here")
    return seconds


if __name__ == "__main__":
    main()
