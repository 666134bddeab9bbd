"""Time per epoch as the work grows: rows, width, depth and batch, beside the peers, plotted.

    python benchmarks/bench_scaling.py [--axes rows,width,depth,batch] [--dtype float32|float64]
        [--threads N] [--rounds N] [--seconds N] [--output FOLDER]

Without arguments about five minutes on one thread; results go to benchmarks/results: a plot an axis
(scaling_rows.svg, …), scaling.md and scaling.json.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from peers import Peer, engine_used, found_peers
from report import (
    RESULTS,
    alternate,
    described,
    figure,
    hold_threads,
    machine,
    median,
    table,
    write,
)
from workloads import Workload, draw

mpl.use("svg")
from matplotlib import pyplot as plt

_COLOURS = {
    "clearprop": "#000000",
    "scikit-learn": "#e69f00",
    "PyTorch": "#d55e00",
    "JAX": "#0072b2",
}

_ROWS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)

AXES: Mapping[str, tuple[str, Mapping[int, Workload]]] = {
    "rows": (
        "64-100-10 relu, Adam, batch 200",
        {n: Workload(f"rows {n}", (64, 100, 10), 200, n) for n in _ROWS},
    ),
    "width": (
        "64-w-w-10 relu, Adam, batch 128, 1,024 rows",
        {
            w: Workload(f"width {w}", (64, w, w, 10), 128, 1_024)
            for w in (2**k for k in range(3, 13))
        },
    ),
    "depth": (
        "64, d hidden layers of 64, 10, relu, Adam, batch 128, 2,048 rows",
        {d: Workload(f"depth {d}", (64, *(64,) * d, 10), 128, 2_048) for d in (1, 2, 4, 8, 16, 32)},
    ),
    "batch": (
        "64-100-10 relu, Adam, 8,192 rows",
        {b: Workload(f"batch {b}", (64, 100, 10), b, 8_192) for b in (2**k for k in range(13))},
    ),
}
"""By name: what stays, and the workload at each point."""


def main() -> None:
    """Measure, plot and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--axes", default=",".join(AXES), help="which, with commas")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--threads", type=int, default=1, help="of every peer")
    parser.add_argument("--rounds", type=int, default=5, help="at most, per point")
    parser.add_argument("--seconds", type=float, default=0.5, help="of rounds, per point")
    parser.add_argument("--output", type=Path, help="folder of the results")
    arguments = parser.parse_args()
    hold_threads(arguments.threads)
    peers, notes = found_peers()
    peers.pop("torch.compile", None)  # its compiler takes seconds a point
    facts = {**machine(arguments.threads), "clearprop's engine": engine_used()}
    complete = arguments.axes == parser.get_default("axes")
    output = arguments.output or (RESULTS if complete else None)
    points: dict[str, dict[int, dict[str, float]]] = {}
    parts = [
        described(facts),
        *notes,
        f"{arguments.dtype}; milliseconds per epoch, medians of rounds that alternate in one "
        "process. What is equal for all, and what the figures favour: see training.md.",
    ]
    for axis in arguments.axes.split(","):
        what, workloads = AXES[axis]
        points[axis] = {}
        for at, workload in workloads.items():
            points[axis][at] = _measure(workload, peers, arguments)
            print(
                axis, at, {n: f"{s * 1e3:.4g} ms" for n, s in points[axis][at].items()}, flush=True
            )
        parts += [f"## {axis.capitalize()}: {what}", _table(axis, points[axis], list(peers))]
        if output:
            output.mkdir(parents=True, exist_ok=True)
            _plot(axis, what, points[axis], output / f"scaling_{axis}.svg")
            parts.append(f"![Milliseconds per epoch against {axis}](scaling_{axis}.svg)")
    if output:
        write(
            output, "scaling", "Cost as the work grows", parts, {"machine": facts, "axes": points}
        )


def _measure(
    workload: Workload, peers: Mapping[str, Callable[..., Peer]], arguments: Any
) -> dict[str, float]:
    """Seconds per epoch by peer."""
    data = draw(workload, arguments.dtype)
    parameters = workload.network.initialize(0, dtype=arguments.dtype)
    works = {}
    for name, make in peers.items():
        peer = make(workload, data, arguments.threads)
        peer.start(parameters)
        works[name] = peer.epoch
    samples = alternate(
        works,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        least_seconds=0.01,
        least_rounds=2,
    )
    del works, data
    gc.collect()
    return {name: median(each) for name, each in samples.items()}


def _table(axis: str, points: Mapping[int, Mapping[str, float]], names: Sequence[str]) -> str:
    others = [name for name in names if name != "clearprop"]
    rows = (
        [
            f"{at:,}",
            *(figure(seconds[name] * 1e3) for name in names),
            *(figure(seconds[name] / seconds["clearprop"]) for name in others),
        ]
        for at, seconds in points.items()
    )
    return table([axis, *names, *(f"{name} / clearprop" for name in others)], rows)


def _plot(axis: str, what: str, points: Mapping[int, Mapping[str, float]], path: Path) -> None:
    # A fixed salt and no date: the same figures give the same file.
    mpl.rcParams.update({"svg.hashsalt": "clearprop", "font.size": 10})
    drawing, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name in next(iter(points.values())):
        milliseconds = [seconds[name] * 1e3 for seconds in points.values()]
        width = 2.5 if name == "clearprop" else 1.3
        axes.plot(
            list(points), milliseconds, "o-", lw=width, ms=4, color=_COLOURS[name], label=name
        )
    axes.set(xscale="log", yscale="log", xlabel=axis, ylabel="milliseconds per epoch", title=what)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    drawing.savefig(path, metadata={"Date": None})
    plt.close(drawing)


if __name__ == "__main__":
    main()
