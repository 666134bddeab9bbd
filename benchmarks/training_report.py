"""The tables of `bench_training`: what is written about its figures, and nothing that measures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from report import described, figure, median, ratios, table

__all__ = ["line", "parts"]

_PEERS = ("scikit-learn", "PyTorch", "torch.compile", "JAX")
_NAMES = ("clearprop", *_PEERS)

_FLOAT32_TARGETS = {
    "seed4": (50, 80, 2),
    "digits100": (8, 6, 3),
    "digits_s": (15, 15, 3),
    "mnist128": (4, 3.5, 1.5),
    "mnist512": (5, 3, 1.3),
    "tab256": (3.5, 2.7, 1.3),
    "large": (2.2, 2.3, 1.2),
}
"""Ratios at least wanted against scikit-learn, PyTorch and JAX on an AVX-512 machine."""

_CAVEATS = """\
All train the same network from the same initial weights on the same consecutive batches in one
process, in turns, each warmed up; a ratio is that of the medians, with the least and the greatest
of the rounds. Shuffling is off. What the figures do not show, or favour:

- Data are synthetic, of the right shape. They lie in memory, and PyTorch's and JAX's batches are
  cut before the clock starts; clearprop gathers the rows of its batches while the clock runs.
- scikit-learn runs its own epoch (`_fit`) without the check of the input around it; clearprop runs
  its engine without the estimator. Both predict without a check of the input.
- PyTorch's optimizers are the fused ones, its fastest here. Its Adam has epsilon inside the bias
  correction, the others outside: the losses differ in the fourth or fifth digit.
- JAX runs one jitted scan an epoch, its parameters donated. Compilation, JAX's and
  torch.compile's, is not in the steps' times; the time to a first prediction has its own table.
  torch.compile is measured in float32 on the main workloads alone.
- Threads are held by the environment; for JAX that is NPROC. Processor time over clock time is
  looked at for each, so that a second thread could not hide.
- Counted are floating-point operations that no way of computing can leave out: the products of
  the forward pass, of dW and (but for the first layer) of dX. The peak is a loop of independent
  multiply-adds in registers, timed in the same rounds.
- One machine, perhaps shared: absolute figures drift, ratios less so."""


def line(result: Mapping[str, Any]) -> str:
    """One workload in one line, as it is measured."""
    cells = [f"{name} {_step(result, name)}" for name in _NAMES if name in result["samples"]]
    notes = [f"{name} left out ({why})" for name, why in result["left out"].items()]
    return f"{result['name']} {result['dtype']}, µs a step: {', '.join([*cells, *notes])}"


def parts(
    facts: Mapping[str, str],
    notes: Sequence[str],
    results: Sequence[Mapping[str, Any]],
    cold: Mapping[str, Sequence[float]],
) -> list[str]:
    """Everything that training.md says below its title."""
    out = [described(facts), *notes, _CAVEATS]
    for dtype in ("float32", "float64"):
        of_dtype = [result for result in results if result["dtype"] == dtype]
        if not of_dtype:
            continue
        names = [n for n in _NAMES if any(n in result["samples"] for result in of_dtype)]
        peers = [name for name in names if name != "clearprop"]
        out += [
            f"## {dtype}: microseconds a step (medians)",
            table(
                ["workload", "what", *names],
                ([r["name"], r["description"], *(_step(r, n) for n in names)] for r in of_dtype),
            ),
            f"## {dtype}: how many times faster clearprop is (least – greatest of the rounds)",
            table(
                ["workload", *peers],
                ([r["name"], *(_ratio(r, n) for n in peers)] for r in of_dtype),
            ),
            f"## {dtype}: necessary operations a second, 10⁹, and share of the FMA peak",
            table(
                ["workload", "peak", *(f"{n} {what}" for n in names for what in ("GF/s", "%"))],
                ([r["name"], *_rates(r, names)] for r in of_dtype),
            ),
            *_lost(of_dtype, dtype),
        ]
    out += [*_equal(results), "## Seconds from a cold process to the first prediction"]
    out.append(
        "Import, two epochs of 64-100-10 on 2,000 rows, one prediction; `first_prediction.py`. "
        '"First use" has nothing cached: clearprop compiles once per machine.'
    )
    head = ["who", "least", "median", "greatest"]
    rows = ([n, *map(figure, (min(s), statistics.median(s), max(s)))] for n, s in cold.items())
    out += [table(head, rows), *_busy(results), *_checks(results)]
    return out


def _seconds(result: Mapping[str, Any], name: str) -> float:
    samples = result["samples"].get(name)
    return median(samples) / result["steps"] if samples else float("nan")


def _step(result: Mapping[str, Any], name: str) -> str:
    return figure(_seconds(result, name) * 1e6)


def _ratio(result: Mapping[str, Any], name: str) -> str:
    if name not in result["samples"]:
        return "–"
    spread = ratios(result["samples"][name], result["samples"]["clearprop"])
    return f"**{figure(spread.middle)}** ({figure(spread.least)} – {figure(spread.most)})"


def _rates(result: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    peak = _peak(result)
    rates = [_rate(result, name) for name in names]
    pairs = [cell for r in rates for cell in (figure(r / 1e9), figure(100 * r / peak))]
    return [figure(peak / 1e9), *pairs]


def _rate(result: Mapping[str, Any], name: str) -> float:
    return float(result["flops a step"]) / _seconds(result, name)


def _peak(result: Mapping[str, Any]) -> float:
    return float(result["flops a peak"]) / median(result["samples"]["peak"])


def _busy(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who kept more processors busy than it was given threads."""
    lines = []
    for result in results:
        for name, samples in result["samples"].items():
            processors = statistics.median(sample.processors for sample in samples)
            # The peak's own loop is one thread; what others free behind it is not its doing.
            if name != "peak" and processors > 1.1 * result["threads"]:
                lines.append(f"- {result['name']} {result['dtype']}: {name} {processors:.2f}")
    return ["## Who kept more processors busy than it had threads", "\n".join(lines) or "Nobody."]


def _lost(results: Sequence[Mapping[str, Any]], dtype: str) -> list[str]:
    """Who was faster than clearprop, and which wanted ratio was not reached."""
    behind, short = [], []
    for result in results:
        samples = result["samples"]
        wanted: dict[str, float] = {}
        if result["name"] in _FLOAT32_TARGETS:
            targets = _FLOAT32_TARGETS[result["name"]]
            wanted = dict(zip(("scikit-learn", "PyTorch", "JAX"), targets, strict=True))
            if dtype == "float64":
                wanted = {"scikit-learn": 1.5 if result["name"] == "large" else 3.0}
        for name in (name for name in _PEERS if name in samples):
            ratio = ratios(samples[name], samples["clearprop"]).middle
            if ratio < 1.0:
                behind.append(f"- {result['name']}: {name} is {figure(1.0 / ratio)} times faster")
            elif ratio < wanted.get(name, 0.0):
                short.append(
                    f"- {result['name']}: {figure(ratio)} times faster than {name}, "
                    f"wanted {figure(wanted[name])}"
                )
        if result["wide"]:
            share = 100.0 * _rate(result, "clearprop") / _peak(result)
            if share < 70.0:
                short.append(f"- {result['name']}: {figure(share)}% of the peak, wanted 70")
    return [
        f"## {dtype}: where clearprop lost",
        "\n".join(behind) or "Nowhere against anybody measured.",
        f"## {dtype}: ahead by less than was wanted (on an AVX-512 machine, one thread)",
        "\n".join(short) or "Nowhere.",
    ]


def _equal(results: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [r for r in results if r["seconds to equal loss"]]
    if not rows:
        return []
    names = [n for n in _NAMES if any(n in r["seconds to equal loss"] for r in rows)]
    cells = (
        [r["name"], *(figure(r["seconds to equal loss"].get(n, float("nan"))) for n in names)]
        for r in rows
    )
    return [
        "## Seconds to equal loss (float32)",
        "From fresh weights, with the making of the optimizer and of clearprop's workspace, to the "
        "training loss that the slowest has after three epochs (within 0.1%).",
        table(["workload", *names], cells),
    ]


def _checks(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each one's losses, in full: whether all compute the same."""
    rows = []
    for result in results:
        for name, found in result["checks"].items():
            why = result["left out"].get(name, "")
            cells = ("–" if math.isnan(value) else f"{value:.9g}" for value in found)
            rows.append([f"{result['name']} {result['dtype']}", name, *cells, why])
        for name, why in result["left out"].items():
            if name not in result["checks"]:
                rows.append([f"{result['name']} {result['dtype']}", name, "–", "–", why])
    return [
        "## Whether all compute the same",
        "Mean loss of the first epoch's steps as each reports it (predicting: the mean first "
        "output), and the loss over all rows with each one's weights after that epoch, computed "
        "for all by the reference in float64. In float32 rounding may switch a relu unit whose z "
        "is almost 0, and Adam makes full steps of small differences.",
        table(["workload", "who", "epoch's loss", "loss after", "left out as"], rows),
    ]
