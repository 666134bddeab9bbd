"""Memory that training takes above its data, for 1,000 to 1,000,000 rows, beside the peers.

    python benchmarks/bench_memory.py [--rows N,N,…] [--dtype float32|float64] [--output FOLDER]

Each measurement has a process of its own: everything is imported and tried on one batch, then the
data are made, then the peak of the resident memory is set back (Linux: /proc/self/clear_refs), and
one epoch is trained from fresh parameters. About three minutes; results go to
benchmarks/results/memory.md and .json.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from peers import Peer, engine_used, found_peers
from report import RESULTS, described, figure, hold_threads, machine, table, write
from workloads import Workload, draw

_BATCH = 200
_BASE = Workload("memory", (64, 512, 256, 10), _BATCH, _BATCH)


def main() -> None:
    """Measure in processes of their own, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--rows", default="1000,10000,100000,1000000", help=f"multiples of {_BATCH}"
    )
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--output", type=Path, help="folder of the results")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    hold_threads(1)
    rows = [int(number) for number in arguments.rows.split(",")]
    if arguments.child:
        print(json.dumps(_measure(arguments.child, rows[0], arguments.dtype)))
        return
    if not Path("/proc/self/clear_refs").exists():
        print("bench_memory needs Linux: nothing measured.")
        return
    peers, notes = found_peers()
    names = [name for name in peers if name != "torch.compile"]
    facts = {**machine(1), "clearprop's engine": engine_used()}
    results = []
    for n_rows in rows:
        for name in names:
            results.append(_in_a_process(name, n_rows, arguments.dtype))
            print(results[-1], flush=True)
    formula = _formula(arguments.dtype)
    of = {(result["who"], result["rows"]): result for result in results}
    parts = [
        described(facts),
        *notes,
        f"{_BASE.description}, {arguments.dtype}: {_BASE.network.n_parameters:,} parameters. "
        "Parameters × (2 + 2 of Adam's state) + one batch of activations and deltas come to "
        f"**{figure(formula / 1e6)} MB**.",
        "## Peak above the data while one epoch is trained, MB",
        table(
            ["rows", "data", "formula", *names],
            (
                [
                    f"{n_rows:,}",
                    figure(of["clearprop", n_rows]["data"] / 1e6),
                    figure(formula / 1e6),
                    *(figure(of[name, n_rows]["peak"] / 1e6) for name in names),
                ]
                for n_rows in rows
            ),
        ),
        "Resident memory, so whole pages; what libraries touch for the first time is counted too: "
        "JAX compiles for each shape (its copy of the data is not counted), PyTorch fills its pool "
        "of memory.",
        "## What one call of clearprop's `run` allocates through Python (tracemalloc)",
        table(
            ["rows", "steps", "bytes at the peak", "bytes a step"],
            (
                [
                    f"{n_rows:,}",
                    f"{n_rows // _BATCH:,}",
                    f"{of['clearprop', n_rows]['traced']:,}",
                    figure(of["clearprop", n_rows]["traced"] / (n_rows // _BATCH)),
                ]
                for n_rows in rows
            ),
        ),
        "The losses that it gives back are 8 bytes a step.",
    ]
    print("", *parts, sep="\n\n")
    output = arguments.output or (RESULTS if arguments.rows == parser.get_default("rows") else None)
    if output:
        raw = {"machine": facts, "formula": formula, "results": results}
        write(output, "memory", "Memory of training", parts, raw)


def _formula(dtype: str) -> int:
    """Bytes of parameters, gradients, Adam's two slots, and one batch of activations and deltas."""
    numbers = _BASE.network.n_parameters * 4 + _BATCH * (sum(_BASE.sizes) + sum(_BASE.sizes[1:]))
    return numbers * np.dtype(dtype).itemsize


def _in_a_process(name: str, n_rows: int, dtype: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", name, "--rows", str(n_rows), "--dtype", dtype]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _measure(name: str, n_rows: int, dtype: str) -> dict[str, Any]:
    make = found_peers()[0][name]
    parameters = _BASE.network.initialize(0, dtype=dtype)
    trial = make(_BASE, draw(_BASE, dtype), 1)
    trial.start(parameters)
    trial.epoch()
    del trial
    workload = replace(_BASE, n_rows=n_rows)
    data = draw(workload, dtype)
    peer = make(workload, data, 1)
    _give_back()
    # 5 sets the peak back to what is resident now.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    peer.start(parameters)
    peer.epoch()
    peak = _status("VmHWM") - before
    traced = _traced(peer) if name == "clearprop" else None
    n_bytes = data.X.nbytes + data.Y.nbytes
    return {"who": name, "rows": n_rows, "data": n_bytes, "peak": peak, "traced": traced}


def _traced(peer: Peer) -> int:
    """Bytes that an epoch holds at its peak through Python's allocators."""
    tracemalloc.start()
    held = tracemalloc.get_traced_memory()[0]
    peer.epoch()
    traced = tracemalloc.get_traced_memory()[1] - held
    tracemalloc.stop()
    return traced


def _give_back() -> None:
    """Return freed memory to the system: what is used again must count again."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc alone has it
        trim(0)


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


if __name__ == "__main__":
    main()
