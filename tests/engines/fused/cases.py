"""Trainings whose weights must have the same bits everywhere, and their SHA-1.

As a script it prints one JSON object, name -> SHA-1, so that another process can run them for
another processor. Samples are made of a generator's own bits: no machine's exp or log is in them.
This file knows nothing of pytest.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from clearprop.engines import Problem
from clearprop.engines.fused.engine import FusedEngine
from clearprop.network import Layer, Network
from clearprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Clipped,
    Momentum,
    Nadam,
    Nesterov,
    Optimizer,
    RMSprop,
)

__all__ = ["CASES", "Case", "problem_of", "sha1_of", "sha1_of_training"]

EPOCHS = 3


class Case(NamedTuple):
    """One training: a network, how it is trained, and with what numbers."""

    sizes: list[int]
    hidden: Any
    output: str
    optimizer: Optimizer
    dtype: str = "float32"
    rows: int = 67
    batch: int = 16
    weighted: bool = False
    is_sparse: bool = False
    l2: float = 0.0
    reduction: str = "mean"
    output_parameters: Any = ()
    dropout: tuple[float, ...] = ()


CASES = {
    "relu": Case([5, 7, 3], "relu", "softmax", Adam()),
    "tanh": Case([13, 50, 3], "tanh", "softmax", Adam(), "float64"),
    "logistic": Case([3, 9, 2], "logistic", "logistic", Momentum(), l2=0.1),
    "identity": Case([31, 33, 1], "identity", "identity", Nesterov(), "float64", l2=0.01),
    "leaky_relu": Case([17, 65, 10], "leaky_relu", "softmax", AdamW(), weighted=True),
    "elu": Case([9, 24, 4], "elu", "softmax", SGD(), "float64", weighted=True),
    "gelu": Case([6, 49, 11, 1], "gelu", "exponential", Adam()),
    "silu": Case([6, 47, 2], "silu", "logistic", Adam(), "float64", l2=0.3),
    "softplus": Case([8, 25, 5], "softplus", "identity", Momentum(), reduction="mean_all"),
    "no hidden layer": Case([20, 3], (), "softmax", Adam()),
    "one number": Case([1, 1], (), "identity", SGD(), "float64", batch=1, reduction="sum"),
    "six layers": Case([7, 8, 9, 10, 11, 12, 3], "tanh", "softmax", Adam()),
    "mixed": Case([11, 23, 29, 4], ["gelu", "relu"], "softmax", AdamW(), "float64", l2=0.01),
    "wide": Case([193, 257, 100], "relu", "softmax", Adam(), rows=150, batch=70),
    "wider than blocks": Case([400, 385, 10], "tanh", "softmax", Nesterov(), "float64", batch=33),
    "large batch": Case([12, 40, 5], "relu", "softmax", Adam(), rows=1300, batch=1300, l2=0.1),
    "parts": Case([40, 300, 5], "tanh", "softmax", SGD(), "float64", rows=1300, batch=700),
    "sparse": Case([90, 21, 3], "relu", "softmax", Adam(), is_sparse=True, l2=0.1),
    "sparse float64": Case(
        [120, 30, 17, 2], "tanh", "logistic", Momentum(), "float64", weighted=True, is_sparse=True
    ),
    "everything": Case(
        [61, 34, 18, 6],
        ["silu", "elu"],
        "exponential",
        AdamW(),
        rows=99,
        batch=98,
        weighted=True,
        is_sparse=True,
        l2=0.05,
        reduction="mean_all",
    ),
    "quantiles": Case([5, 20, 19], "silu", "quantile", RMSprop(), output_parameters=0.9),
    "huber": Case([9, 33, 2], "relu", "huber", Nadam(), "float64", output_parameters=[0.1, 0.3]),
    "median": Case([9, 33, 40], "tanh", "median", Clipped(Adam(), 0.1), l2=0.1),
    "several targets": Case(
        [6, 31, 25], "tanh", "softmax", Adam(), weighted=True, output_parameters=[2, 7, 16]
    ),
    "dropout": Case([31, 70, 18, 3], "relu", "softmax", Adam(), dropout=(0.3, 0.8)),
    "dropout and the rest": Case(
        [90, 50, 21, 40],
        ["relu", "gelu"],
        "quantile",
        Clipped(Nadam(), 0.05),
        "float64",
        rows=1300,
        batch=1100,
        weighted=True,
        is_sparse=True,
        l2=0.1,
        output_parameters=0.2,
        dropout=(0.5, 0.1),
    ),
}


def problem_of(case: Case) -> tuple[Problem, list[Layer]]:
    """Samples, targets and first weights."""
    network = Network(case.sizes, case.hidden, case.output, case.reduction, case.output_parameters)
    generator = np.random.default_rng(5)
    X = generator.random((case.rows, case.sizes[0])) * 4.0 - 2.0
    if case.is_sparse:
        X *= generator.random(X.shape) < 0.1
    n_outputs = case.sizes[-1]
    if case.output == "softmax":
        targets = case.output_parameters or [n_outputs]
        drawn = [np.eye(n)[generator.integers(n, size=case.rows)] for n in targets]
        Y = np.concatenate(drawn, axis=1)
    elif case.output == "logistic":
        Y = generator.integers(2, size=(case.rows, n_outputs)).astype(float)
    else:
        Y = generator.random((case.rows, n_outputs))
    weights = (generator.random(case.rows) + 0.5).astype(case.dtype) if case.weighted else None
    samples: Any = X.astype(case.dtype)
    if case.is_sparse:
        samples = sparse.csr_matrix(samples)
    problem = Problem(
        network,
        samples,
        Y.astype(case.dtype),
        weights,
        case.l2,
        case.dropout,
        dropout_seed=2**62 + 7,
    )
    return problem, network.initialize(0, dtype=np.dtype(case.dtype))


def sha1_of(layers: list[Layer], losses: bytes = b"") -> str:
    """The SHA-1 of all weights and biases, after the losses."""
    told = hashlib.sha1(losses, usedforsecurity=False)
    for W, b in layers:
        told.update(W.tobytes() + b.tobytes())
    return told.hexdigest()


def sha1_of_training(case: Case, n_threads: int, *, calls: int = 1) -> str:
    """The SHA-1 of all losses of three epochs, each cut into some native calls, and the weights."""
    problem, start = problem_of(case)
    session = FusedEngine(n_threads).session(problem, start, case.optimizer)
    generator = np.random.default_rng(6)
    losses = b""
    for _ in range(EPOCHS):
        order = generator.permutation(case.rows)
        n_batches = -(-case.rows // case.batch)
        for part in np.array_split(np.arange(n_batches), min(calls, n_batches)):
            rows = order[part[0] * case.batch : (part[-1] + 1) * case.batch]
            losses += session.run(rows, case.batch, np.full(len(part), 0.01)).tobytes()
    return sha1_of(session.parameters(), losses)


if __name__ == "__main__":
    json.dump({name: sha1_of_training(case, 1) for name, case in CASES.items()}, sys.stdout)
