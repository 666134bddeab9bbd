"""One thread against two, and against as many as clearprop chooses by itself, on every workload.

    python benchmarks/bench_threads.py [--workloads main|all|NAME,…] [--dtype float32|float64]
        [--threads N] [--rounds N] [--seconds N] [--output FOLDER]

Without arguments about two minutes; results go to benchmarks/results/threads.md and .json.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from typing import Any

from peers import ClearpropPeer, engine_used
from report import (
    RESULTS,
    alternate,
    described,
    figure,
    hold_threads,
    machine,
    median,
    ratios,
    table,
    write,
)
from workloads import Workload, draw, named

_WANTED = {"mnist512": 1.7, "tab256": 1.7, "large": 1.7}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workloads", default="all", help="main, all, or names with commas")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--threads", type=int, default=2, help="beside one")
    parser.add_argument("--rounds", type=int, default=9, help="at most, per workload")
    parser.add_argument("--seconds", type=float, default=2.0, help="of rounds, per workload")
    parser.add_argument("--output", type=Path, help="folder of the results")
    arguments = parser.parse_args()
    chosen = named(arguments.workloads)
    hold_threads(arguments.threads)
    facts = {**machine(), "clearprop's engine": engine_used()}
    many = f"{arguments.threads} threads"
    results = []
    for workload in chosen:
        results.append(_measure(workload, arguments, many))
        print(*_row(results[-1], many), sep="  ", flush=True)
    parts = [
        described(facts),
        f"{arguments.dtype}; microseconds a step (medians of rounds that alternate in one "
        "process), and how many times faster than one thread (least – greatest of the rounds). "
        "“Chosen”: nobody says how many.",
        table(
            [
                "workload",
                "one thread",
                many,
                "chosen",
                f"{many}: times faster",
                "chosen: times faster",
            ],
            (_row(result, many) for result in results),
        ),
        "## Below what was wanted",
        "\n".join(_short(results, many)) or "Nothing.",
    ]
    print("", *parts, sep="\n\n")
    output = arguments.output or (RESULTS if arguments.workloads == "all" else None)
    if output:
        raw = {"machine": facts, "dtype": arguments.dtype, "workloads": results}
        write(output, "threads", "One thread and several", parts, raw)


def _measure(workload: Workload, arguments: Any, many: str) -> dict[str, Any]:
    data = draw(workload, arguments.dtype)
    parameters = workload.network.initialize(0, dtype=arguments.dtype)
    works = {}
    # The choice first: it leaves the processors alone that others already have.
    for name, n_threads in (("chosen", None), ("one", 1), (many, arguments.threads)):
        peer = ClearpropPeer(workload, data, n_threads)
        peer.start(parameters)
        works[name] = peer.epoch
    samples = alternate(works, rounds=arguments.rounds, seconds=arguments.seconds)
    del works, peer, data
    gc.collect()
    return {"name": workload.name, "steps": workload.n_steps, "samples": samples}


def _row(result: dict[str, Any], many: str) -> list[str]:
    samples = result["samples"]
    steps = [
        figure(median(samples[name]) / result["steps"] * 1e6) for name in ("one", many, "chosen")
    ]
    spreads = [ratios(samples["one"], samples[name]) for name in (many, "chosen")]
    return [
        result["name"],
        *steps,
        *(f"**{s.middle:.2f}** ({s.least:.2f} – {s.most:.2f})" for s in spreads),
    ]


def _short(results: list[dict[str, Any]], many: str) -> list[str]:
    """Where two threads gain less than wanted, or the choice is slower than one thread."""
    lines = []
    for result in results:
        samples, name = result["samples"], result["name"]
        gain = ratios(samples["one"], samples[many]).middle
        if gain < _WANTED.get(name, 0.0):
            lines.append(f"- {name}: {many} are {gain:.2f} times as fast, wanted {_WANTED[name]}")
        chosen = ratios(samples["one"], samples["chosen"])
        # Below 1 in the middle, and beyond the scatter of a thread against itself.
        if chosen.middle < 0.97:
            lines.append(f"- {name}: the chosen number is {chosen.middle:.2f} times as fast as one")
    return lines


if __name__ == "__main__":
    main()
