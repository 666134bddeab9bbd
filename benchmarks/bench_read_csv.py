"""How long `read_table` takes on a CSV of 1,000,000 rows and 30 columns, beside pyarrow's own read.

Makes its file in a temporary folder with a fixed seed, then alternates the two in one process.
Run it on a quiet machine: python benchmarks/bench_read_csv.py [--rows N] [--quoted] [--repeats N]
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from clearprop.tables import read_table


def make_file(path: Path, n_rows: int, *, quoted: bool) -> None:
    """16 columns of floats, 6 of integers, 5 of text, 1 of truth values, 2 of dates."""
    rng = np.random.default_rng(0)
    columns: dict[str, pa.Array] = {}
    for index in range(16):
        values = rng.normal(size=n_rows) * 10.0 ** (index % 5 - 1)
        if index >= 6:
            values = np.round(values, 1 + index % 4)
        columns[f"float_{index}"] = pa.array(values, mask=rng.random(n_rows) < 0.02 * (index < 4))
    for index in range(6):
        values = rng.integers(-(10 ** (index + 1)), 10 ** (index + 1), n_rows)
        columns[f"integer_{index}"] = pa.array(values)
    words = np.array([f"word{index}" for index in range(200)])
    for index, n_words in enumerate((3, 40, 200)):
        columns[f"text_{index}"] = pa.array(words[rng.integers(0, n_words, n_rows)])
    columns["member"] = pa.array(np.array(["yes", "no"])[rng.integers(0, 2, n_rows)])
    columns["id"] = pa.array([f"id-{index:07d}" for index in range(n_rows)])
    columns["open"] = pa.array(rng.integers(0, 2, n_rows).astype(bool))
    days = np.datetime64("2020-01-01") + rng.integers(0, 2000, n_rows)
    columns["day"] = pa.array(days.astype("datetime64[D]"))
    seconds = np.datetime64("2020-01-01T00:00:00") + rng.integers(0, 10**8, n_rows)
    columns["time"] = pa.array(seconds.astype("datetime64[s]"))
    style = "needed" if quoted else "none"
    pa_csv.write_csv(pa.table(columns), path, pa_csv.WriteOptions(quoting_style=style))


def timed(read: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock and seconds of processor time that a read takes."""
    clock, processor = time.perf_counter(), time.process_time()
    table = read()
    seconds = time.perf_counter() - clock, time.process_time() - processor
    del table
    return seconds


def main() -> None:
    """Print both readers' times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--quoted", action="store_true", help="put quotes around all text")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        make_file(path, arguments.rows, quoted=arguments.quoted)
        megabytes = path.stat().st_size / 1e6
        print(
            f"{arguments.rows:,} rows x 30 columns, {megabytes:.0f} MB, quoted: {arguments.quoted}"
        )
        readers: dict[str, Callable[[], Any]] = {
            "pyarrow.csv.read_csv": lambda: pa_csv.read_csv(path),
            "clearprop.read_table": lambda: read_table(path),
        }
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
        for repeat in range(arguments.repeats + 1):
            for name, read in readers.items():
                took = timed(read)
                if repeat:  # the first round warms the caches of files and memory
                    seconds[name].append(took)
    print(f"{'':24}{'min':>8}{'median':>8}{'max':>8}{'CPU':>8}   seconds")
    for name, pairs in seconds.items():
        clock = [pair[0] for pair in pairs]
        cpu = min(pair[1] for pair in pairs)
        figures = (min(clock), statistics.median(clock), max(clock), cpu)
        print(f"{name:24}" + "".join(f"{figure:8.2f}" for figure in figures))
    bare, ours = seconds.values()
    for what, pick in (("clock", 0), ("CPU", 1)):
        least = min(pair[pick] for pair in ours) / min(pair[pick] for pair in bare)
        middle = statistics.median(
            one[pick] / other[pick] for one, other in zip(ours, bare, strict=True)
        )
        print(f"ratio ({what}): of the minima {least:.2f}, median of the rounds {middle:.2f}")
    names = ", ".join(f"{name} {version(name)}" for name in ("pyarrow", "numpy", "clearprop"))
    print(
        f"Python {platform.python_version()}, {names}; {platform.platform()}, "
        f"{pa.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
