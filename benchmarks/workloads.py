"""What is measured: networks, batches, optimizers and data by name, the same for every peer.

Data are drawn from a fixed seed, of the right shape, and learnable: a linear teacher with noise
chooses the targets. This file knows nothing of engines, peers or clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearprop.network import Network

__all__ = ["MAIN", "WORKLOADS", "Data", "Workload", "draw", "named"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Workload:
    """One thing to measure.

    Attributes:
        name: what it is called in tables.
        sizes: widths from input to output.
        batch: rows per step.
        n_rows: rows of the data, a multiple of batch.
        optimizer: "adam" (learning rate 0.001) or "sgd" (0.01, no momentum).
        hidden: activation of the hidden layers.
        output: "softmax", "logistic" or "identity", each with its own loss, mean over the rows.
        task: "train" (an epoch), "gradient" (loss and gradient over all rows) or "predict".
        density: share of X that is not 0, for a CSR matrix; None for an array.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    n_rows: int
    optimizer: str = "adam"
    hidden: str = "relu"
    output: str = "softmax"
    task: str = "train"
    density: float | None = None

    @property
    def network(self) -> Network:
        """The network; its loss is the mean over the rows of the sum over the outputs."""
        return Network(self.sizes, self.hidden, self.output, "mean")

    @property
    def n_steps(self) -> int:
        """Steps per epoch."""
        return self.n_rows // self.batch

    @property
    def learning_rate(self) -> float:
        """Of every step."""
        return {"adam": 1e-3, "sgd": 1e-2}[self.optimizer]

    @property
    def flops(self) -> float:
        """Floating-point operations per step that no way of computing can leave out.

        2 · batch · fan_in · fan_out for each of forward, dW, and (but for the first layer) dX; of a
        sparse X only the elements that are there.
        """
        total = 0.0
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.sizes)):
            products = 1 if self.task == "predict" else 2 + (layer > 0)
            inputs = fan_in * (self.density or 1.0) if layer == 0 else fan_in
            total += products * 2.0 * self.batch * inputs * fan_out
        return total

    @property
    def description(self) -> str:
        """Shape, batch, optimizer: a table's cell."""
        shape = "-".join(map(str, self.sizes))
        if len(set(self.sizes[1:-1])) == 1 and len(self.sizes) > 4:
            shape = f"{self.sizes[0]}-{self.sizes[1]}x{len(self.sizes) - 2}-{self.sizes[-1]}"
        what = {
            "train": f"{self.batch}, {self.optimizer}",
            "gradient": f"{self.batch}, one gradient",
        }
        details = what.get(self.task, f"{self.batch:,} rows predicted")
        filled = "" if self.density is None else f", CSR {self.density:.1%} filled"
        return f"{shape} {self.hidden}, {details}{filled}"


class Data(NamedTuple):
    """A workload's data.

    Attributes:
        X: shape (n_rows, sizes[0]), array or CSR matrix.
        Y: targets, shape (n_rows, sizes[-1]); one-hot for softmax.
        labels: shape (n_rows,), int64: the classes; zeros where there are none.
    """

    X: Any
    Y: Array
    labels: npt.NDArray[np.int64]


def draw(workload: Workload, dtype: Any) -> Data:
    """The workload's data, the same at every call, as float32 or float64."""
    rng = np.random.default_rng(20)
    n_rows, fan_in, fan_out = workload.n_rows, workload.sizes[0], workload.sizes[-1]
    if workload.density is None:
        X: Any = rng.standard_normal((n_rows, fan_in), dtype=np.float32).astype(dtype, copy=False)
    else:
        X = _draw_sparse(rng, n_rows, fan_in, workload.density).astype(dtype)
    teacher = rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in * (workload.density or 1.0))
    z = np.asarray(X @ teacher.astype(dtype)) + 0.3 * rng.standard_normal((n_rows, fan_out))
    labels = np.zeros(n_rows, np.int64)
    if workload.output == "softmax":
        labels = z.argmax(axis=1)
        Y = np.zeros((n_rows, fan_out), dtype)
        Y[np.arange(n_rows), labels] = 1.0
    elif workload.output == "logistic":
        Y = (z > 0.0).astype(dtype)
    else:
        Y = np.tanh(z).astype(dtype)
    return Data(X, Y, labels)


def _draw_sparse(rng: np.random.Generator, n_rows: int, n_columns: int, density: float) -> Any:
    per_row = rng.binomial(n_columns, density, n_rows)
    starts = np.concatenate([[0], np.cumsum(per_row)])
    columns = np.concatenate(
        [np.sort(rng.choice(n_columns, count, replace=False, shuffle=False)) for count in per_row]
    )
    values = rng.standard_normal(len(columns))
    return sparse.csr_matrix((values, columns.astype(np.int32), starts), (n_rows, n_columns))


MAIN = (
    Workload("seed4", (2, 2, 4, 3), 3, 6_000, "sgd"),
    Workload("digits100", (64, 100, 10), 200, 20_000),
    Workload("digits_s", (64, 32, 16, 10), 32, 6_400, "sgd", "logistic"),
    Workload("mnist128", (784, 128, 64, 10), 128, 4_096),
    Workload("mnist512", (784, 512, 256, 10), 128, 2_048),
    Workload("tab256", (100, 256, 256, 256, 2), 256, 4_096),
    Workload("large", (1024, 2048, 2048, 10), 512, 2_048, "sgd"),
)
"""The workloads that acceptance names."""

# Of the r-xla benchmark: no hidden layer has one width only.
_R_XLA = tuple(
    Workload(
        f"rxla_{depth}x{width}_b{batch}" if depth else f"rxla_linear_b{batch}",
        (10, *(width,) * depth, 1),
        batch,
        100 * batch,
        "sgd",
        output="identity",
    )
    for depth, width in ((0, 10), *((d, w) for d in (4, 8) for w in (10, 40, 160)))
    for batch in (32, 128)
)

_OTHERS = (
    Workload("simplechains", (4, 32, 16, 4), 10_000, 10_000, hidden="tanh", output="identity"),
    Workload("simplechains_gradient", (24, 8, 2), 200, 200, hidden="tanh", task="gradient"),
    Workload("opennn_higgs", (28, *(300,) * 5, 1), 100, 3_200, hidden="tanh", output="logistic"),
    Workload("opennn_1000", (1000, 1000, 1), 1_000, 4_000, hidden="tanh", output="identity"),
    Workload("libxsmm", (784, 512, 10), 256, 4_096, "sgd"),
    Workload("sparse", (10_000, 64, 10), 200, 20_000, density=0.005),
    Workload("predict_1", (64, 100, 10), 1, 1, task="predict"),
    Workload("predict_100", (64, 100, 10), 100, 100, task="predict"),
    Workload("predict_1m", (64, 100, 10), 1_000_000, 1_000_000, task="predict"),
)

WORKLOADS = {workload.name: workload for workload in (*MAIN, *_OTHERS, *_R_XLA)}
"""Every workload by name."""


def named(names: str) -> list[Workload]:
    """The workloads of a list with commas; "main" and "all" name several.

    Raises:
        SystemExit: no workload has that name.
    """
    chosen: list[Workload] = []
    for name in names.split(","):
        if name not in ("main", "all", *WORKLOADS):
            raise SystemExit(f"{name}: expected main, all, or of {', '.join(WORKLOADS)}")
        groups = {"main": list(MAIN), "all": list(WORKLOADS.values())}
        chosen += groups.get(name) or [WORKLOADS[name]]
    return list(dict.fromkeys(chosen))
