"""Who is measured: clearprop's engine, and scikit-learn, PyTorch and JAX on the same problem.

Each peer gets the same data, initial parameters and consecutive batches, and trains by the same
formulas; shuffling is off everywhere. `check` finds out whether they all compute the same. A peer
that is not installed is left out, with a line that says so. This file knows nothing of clocks.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from workloads import Data, Workload

from clearprop.engines import Problem
from clearprop.engines.default import default_engine
from clearprop.engines.reference import ReferenceEngine
from clearprop.errors import EngineWarning
from clearprop.network import Layer
from clearprop.optimizers import SGD, Adam

__all__ = ["Check", "Peer", "check", "differs", "engine_used", "found_peers"]

OPTIMIZERS = {"adam": Adam, "sgd": SGD}


class Peer(Protocol):
    """One who trains a workload; made from (workload, data, n_threads)."""

    def start(self, parameters: list[Layer]) -> None:
        """Begin from the given parameters, the optimizer fresh."""

    def epoch(self) -> Any:
        """Do the task once: train one epoch or take one gradient (mean loss), or predict (yhat)."""

    def parameters(self) -> list[Layer]:
        """The current parameters."""


class ClearpropPeer:
    """The engine, without the estimator around it."""

    def __init__(self, workload: Workload, data: Data, n_threads: int | None) -> None:
        self._workload, self._data = workload, data
        self._problem = Problem(workload.network, data.X, data.Y)
        self._engine = default_engine(n_threads)
        self._order = np.arange(workload.n_rows)
        self._rates = np.full(workload.n_steps, workload.learning_rate)
        self._tasks = {"train": self._train, "gradient": self._gradient, "predict": self._predict}
        self.epoch = self._tasks[workload.task]

    def start(self, parameters: list[Layer]) -> None:
        """Begin from the given parameters, the optimizer fresh."""
        self._parameters = parameters
        if self._workload.task == "train":
            optimizer = OPTIMIZERS[self._workload.optimizer]()
            self._session = self._engine.session(self._problem, parameters, optimizer)

    def parameters(self) -> list[Layer]:
        """The current parameters."""
        return self._session.parameters()

    def _train(self) -> float:
        return float(self._session.run(self._order, self._workload.batch, self._rates).mean())

    def _gradient(self) -> float:
        return self._engine.loss_and_gradient(self._problem, self._parameters)[0]

    def _predict(self) -> Any:
        return self._engine.predict(self._problem.network, self._parameters, self._data.X)


def engine_used() -> str:
    """Which engine clearprop's figures are of: the reference works where the fused one cannot."""
    network = Workload("trial", (1, 1), 1, 1, output="identity").network
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EngineWarning)
        engine = default_engine(1)
        engine.predict(network, network.initialize(0, dtype=np.float32), np.ones((1, 1), "f"))
    fallen_back = any(issubclass(warning.category, EngineWarning) for warning in caught)
    return "reference" if fallen_back or isinstance(engine, ReferenceEngine) else "fused"


class SklearnPeer:
    """scikit-learn's own epoch: `_fit` as partial_fit calls it, without its check of the input.

    Going around partial_fit spares scikit-learn the time of that check, and lets two classes be two
    softmax outputs as in the other peers (scikit-learn itself makes one logistic output of them).
    """

    def __init__(self, workload: Workload, data: Data, n_threads: int) -> None:  # noqa: ARG002 - its threads are BLAS's, set by the environment
        self._workload, self._data = workload, data
        base = MLPRegressor if workload.output == "identity" else MLPClassifier
        bare = type("Bare", (base,), {"_validate_input": lambda _, X, y, *_args, **_kwargs: (X, y)})
        self._model = bare(
            hidden_layer_sizes=workload.sizes[1:-1],
            activation=workload.hidden,
            solver=workload.optimizer,
            alpha=0.0,
            batch_size=workload.batch,
            learning_rate_init=workload.learning_rate,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=False,
            tol=0.0,
            n_iter_no_change=2**62,
        )
        tasks = {"train": self._train, "gradient": self._gradient, "predict": self._predict}
        self.epoch = tasks[workload.task]

    def start(self, parameters: list[Layer]) -> None:
        """Begin from the given parameters, the optimizer fresh."""
        model, workload = self._model, self._workload
        model._random_state = np.random.RandomState(0)
        y_type = "multiclass" if workload.output == "softmax" else "binary"
        model._label_binarizer = SimpleNamespace(y_type_=y_type)
        model._initialize(self._data.Y[:1], list(workload.sizes), self._data.X.dtype)
        model.coefs_ = [W.copy() for W, _ in parameters]
        model.intercepts_ = [b.copy() for _, b in parameters]
        if hasattr(model, "_optimizer"):
            del model._optimizer

    def parameters(self) -> list[Layer]:
        """The current parameters."""
        pairs = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        return [Layer(W.copy(), b.copy()) for W, b in pairs]

    def _train(self) -> float:
        self._model._fit(self._data.X, self._data.Y, incremental=True)
        # Its squared error is a mean over the outputs too; its gradients are not.
        n_outputs = self._workload.sizes[-1] if self._workload.output == "identity" else 1
        return float(self._model.loss_) * n_outputs

    def _gradient(self) -> float:
        X, Y, sizes = self._data.X, self._data.Y, self._workload.sizes
        n = len(sizes) - 1
        activations, deltas = [X] + [None] * n, [None] * n
        dW = [np.empty(shape, X.dtype) for shape in pairwise(sizes)]
        db = [np.empty(size, X.dtype) for size in sizes[1:]]
        return float(self._model._backprop(X, Y, None, activations, deltas, dW, db)[0])

    def _predict(self) -> Any:
        return self._model._forward_pass_fast(self._data.X, check_input=False)


def found_peers() -> tuple[dict[str, Callable[..., Peer]], list[str]]:
    """Every peer that can be measured here, clearprop first; and a line for each that cannot."""
    found: dict[str, Callable[..., Peer]] = {
        "clearprop": ClearpropPeer,
        "scikit-learn": SklearnPeer,
    }
    missing = []
    wanted = {"peer_torch": ("torch", "PyTorch", "torch.compile"), "peer_jax": ("jax", "JAX")}
    for module, (package, *names) in wanted.items():
        try:
            found |= importlib.import_module(module).PEERS
        except ImportError:
            missing.append(f"{' and '.join(names)}: not installed (pip install {package})")
    return found, missing


class Check(NamedTuple):
    """What a peer's first epoch came to.

    Attributes:
        epoch_loss: mean loss of its steps, by its own account (the mean first output, predicting).
        loss_after: loss over all rows with its parameters after the epoch, computed by the
            reference in float64 for every peer; nan where nothing is trained.
    """

    epoch_loss: float
    loss_after: float


def check(workload: Workload, data: Data, peer: Peer, parameters: list[Layer]) -> Check:
    """Run one epoch from the parameters, and say what came of it."""
    peer.start([Layer(W.copy(), b.copy()) for W, b in parameters])
    result = peer.epoch()
    if workload.task != "train":
        return Check(float(np.mean(np.atleast_2d(result)[:, 0], dtype=float)), float("nan"))
    exact = Problem(workload.network, data.X.astype(np.float64), data.Y.astype(np.float64))
    after = [Layer(W.astype(np.float64), b.astype(np.float64)) for W, b in peer.parameters()]
    return Check(float(result), ReferenceEngine().loss_and_gradient(exact, after)[0])


def differs(workload: Workload, dtype: str, name: str, ours: Check, theirs: Check) -> str:
    """What a peer computes otherwise, beyond what its rounding and its epsilon explain; or "".

    In float32 a unit of a relu net whose z is within rounding of 0 may be on here and off there,
    and Adam makes steps of full length of small differences; in float64 nothing of this is left.
    """
    limit = {"float32": 3e-3, "float64": 1e-9}[dtype]
    if workload.optimizer == "adam" and "orch" in name:
        limit = max(limit, 1e-3)  # its epsilon stands inside of the bias correction
    for what, one, other in zip(Check._fields, ours, theirs, strict=True):
        if abs(one - other) > limit * max(abs(one), 1e-3):
            return f"{what} {other:.9g} instead of {one:.9g}"
    return ""
