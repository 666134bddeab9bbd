"""What all benchmarks share: the clock, threads held to a number, the machine, and tables.

`alternate` times several things in one process, in turns, so that a machine that slows down slows
all of them. This file knows nothing of networks or peers.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "RESULTS",
    "Sample",
    "Spread",
    "alternate",
    "hold_threads",
    "machine",
    "ratios",
    "table",
    "write",
]

RESULTS = Path(__file__).parent / "results"

_PACKAGES = ("clearprop", "numpy", "scipy", "scikit-learn", "torch", "jax", "numba", "llvmlite")


def hold_threads(n_threads: int) -> None:
    """Start this script again with every peer's threads held to a number, unless they are.

    The variables count only before NumPy, PyTorch and JAX are imported. JAX takes its number from
    NPROC alone: --xla_cpu_multi_thread_eigen=false leaves two threads at work on two cores.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC")
    wanted = dict.fromkeys(names, str(n_threads))
    if n_threads == 1:
        wanted["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.argv])


class Sample(NamedTuple):
    """One round's time of one thing.

    Attributes:
        seconds: per call, by the clock.
        processors: processor time / clock time.
    """

    seconds: float
    processors: float


class Spread(NamedTuple):
    """Least, middle and greatest of the rounds."""

    least: float
    middle: float
    most: float


def alternate(
    works: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    seconds: float,
    least_seconds: float = 0.02,
    least_rounds: int = 3,
) -> dict[str, list[Sample]]:
    """Time several things in turns, each warmed up; whoever begins a round changes.

    Args:
        works: what to call, by name.
        rounds: how often each is timed.
        seconds: no round begins after so many, but least_rounds are made.
        least_seconds: a timing repeats the call until it lasts about so long.
        least_rounds: rounds made in any case.

    Returns:
        Per name one `Sample` a round.
    """
    calls: dict[str, int] = {}
    for name, work in works.items():
        work()
        calls[name] = max(1, math.ceil(least_seconds / max(_time(work, 1).seconds, 1e-7)))
    samples: dict[str, list[Sample]] = {name: [] for name in works}
    names, end = list(works), time.perf_counter() + seconds
    for number in range(rounds):
        if number >= least_rounds and time.perf_counter() > end:
            break
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            samples[name].append(_time(works[name], calls[name]))
    return samples


def _time(work: Callable[[], object], calls: int) -> Sample:
    processor, clock = time.process_time(), time.perf_counter()
    for _ in range(calls):
        work()
    seconds = time.perf_counter() - clock
    return Sample(seconds / calls, (time.process_time() - processor) / max(seconds, 1e-9))


def ratios(slow: Sequence[Sample], fast: Sequence[Sample]) -> Spread:
    """How many times faster: least and greatest of the rounds, and the ratio of the medians."""
    each = [one.seconds / other.seconds for one, other in zip(slow, fast, strict=True)]
    return Spread(min(each), median(slow) / median(fast), max(each))


def median(samples: Iterable[Sample]) -> float:
    """The middle of the seconds."""
    return statistics.median(sample.seconds for sample in samples)


def machine(n_threads: int | None = None) -> dict[str, str]:
    """What the figures depend on: processor, system, versions, the BLAS of NumPy, the date."""
    # Only here: the thread variables must be set before NumPy is imported.
    import threadpoolctl  # noqa: PLC0415
    from llvmlite import binding  # noqa: PLC0415

    blas = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    features = binding.get_host_cpu_features()
    vectors = [name for name in ("avx2", "fma", "avx512f", "neon") if features.get(name)]
    return {
        "processor": f"{_processor()} (LLVM: {binding.get_host_cpu_name()}; {', '.join(vectors)})",
        "cores": f"{os.cpu_count()}, of which usable {len(_usable())}",
        "threads": "as stated" if n_threads is None else str(n_threads),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        "BLAS of NumPy": ", ".join(
            f"{info['internal_api']} {info['version']} ({info.get('architecture', '?')} kernels)"
            for info in blas
        ),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _usable() -> Sequence[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def figure(number: float) -> str:
    """Three digits that count, without an exponent; a dash for none."""
    if math.isnan(number):
        return "–"
    if number == 0.0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(number))))
    return f"{number:,.{digits}f}"


def write(folder: Path, name: str, title: str, parts: Iterable[str], raw: object) -> None:
    """Write `name`.md (the title, then the parts) and `name`.json (the raw figures) to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text("\n\n".join([f"# {title}", *parts]) + "\n")
    (folder / f"{name}.json").write_text(json.dumps(raw, indent=1) + "\n")
    print(f"Written: {folder / name}.md and .json")


def described(facts: Mapping[str, str]) -> str:
    """The machine as a Markdown list."""
    return "\n".join(f"- {name}: {what}" for name, what in facts.items())
