"""The fused engine: all of training below the Python line, on every processor with the same bits.

It is held to `engines.reference` by the tests that all engines share. What it does not know (an
optimizer or activation of the user's own, another dtype) the reference does in its place, and so it
does, with one warning, where the compiler fails. It knows nothing of epochs, estimators or files.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearprop.engines import Problem, Session
from clearprop.engines.fused.boundary import (
    require_order,
    require_parameters,
    require_problem,
    require_samples,
    require_threads,
)
from clearprop.engines.fused.program import Program, load_program
from clearprop.engines.fused.records import OPTIMIZER_CODES, TASK_CODES
from clearprop.engines.fused.team import Team, threads_for
from clearprop.engines.fused.workspace import Workspace, rows_at_once
from clearprop.engines.reference import ReferenceEngine
from clearprop.errors import EngineWarning
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
    OptimizerState,
    RMSprop,
)

__all__ = ["FusedEngine", "FusedSession"]

Array = npt.NDArray[Any]

_OPTIMIZERS: tuple[type[Optimizer], ...] = (SGD, Momentum, Nesterov, RMSprop, Adam, AdamW, Nadam)
_LARGEST_KEPT = 100_000
_kept = threading.local()
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


class FusedEngine:
    """Compiled for the processor it meets, by Numba, once; several times faster than NumPy.

    Args:
        n_threads: threads per fit; None takes as many as the work and the processors warrant. The
            result has the same bits for any number.

    Raises:
        ParameterError: n_threads is below 1.

    Examples:
        >>> network = Network([1, 1], output="identity", reduction="sum")
        >>> problem = Problem(network, X=np.array([[3.0]]), Y=np.array([[5.0]]))
        >>> start = [Layer(np.array([[2.0]]), np.array([1.0]))]
        >>> session = FusedEngine().session(problem, start, SGD())
        >>> session.run(np.array([0]), batch_size=1, learning_rates=np.array([0.1]))
        array([2.])
        >>> session.parameters()
        [Layer(W=array([[1.4]]), b=array([0.8]))]
    """

    def __init__(self, n_threads: int | None = None) -> None:
        require_threads(n_threads)
        self._n_threads = n_threads
        self._reference = ReferenceEngine()
        # L-BFGS asks about one problem hundreds of times.
        self._gradient_job: tuple[Problem, _Job] | None = None

    def session(
        self,
        problem: Problem,
        parameters: Sequence[Layer],
        optimizer: Optimizer,
        optimizer_state: OptimizerState | None = None,
    ) -> Session:
        """Begin or continue training from the given parameters."""
        inner = optimizer.optimizer if isinstance(optimizer, Clipped) else optimizer
        if type(inner) not in _OPTIMIZERS or not _can_run(problem.network, problem.X):
            return self._reference.session(problem, parameters, optimizer, optimizer_state)
        return FusedSession(problem, parameters, optimizer, optimizer_state, self._n_threads)

    def loss_and_gradient(
        self, problem: Problem, parameters: Sequence[Layer]
    ) -> tuple[float, list[Layer]]:
        """Loss with penalty over all rows, and its gradient as `Layer(dW, db)` per layer."""
        if not _can_run(problem.network, problem.X):
            return self._reference.loss_and_gradient(problem, parameters)
        n_rows = len(problem.Y)
        if self._gradient_job is None or self._gradient_job[0] is not problem:
            require_problem(problem)
            job = _Job(problem.network, problem.X, n_rows, self._n_threads, gradients=True)
            job.give(problem)
            job.plan["task"] = TASK_CODES["gradient"]
            self._gradient_job = (problem, job)
        _, job = self._gradient_job
        require_parameters(problem.network, parameters)
        job.workspace.put(parameters)
        losses = job.run(_all_rows(n_rows), n_rows, np.zeros(1))
        return float(losses[0]), job.workspace.get(-1)

    def predict(self, network: Network, parameters: Sequence[Layer], X: Any) -> Array:
        """yhat for every row of X, shape (n_samples, sizes[-1])."""
        if not _can_run(network, X):
            return self._reference.predict(network, parameters, X)
        require_samples(X, network.sizes[0])
        require_parameters(network, parameters)
        return _prediction(network, X, self._n_threads).of(parameters, X)


def _prediction(network: Network, X: Any, n_threads: int | None) -> _Prediction:
    """A small one is kept, as building it costs more than a row's forward."""
    key = (network, X.dtype, sparse.issparse(X), n_threads)
    kept: _Prediction | None = getattr(_kept, "prediction", None)
    if kept is not None and _kept.key == key and kept.serves(X.shape[0]):
        return kept
    prediction = _Prediction(network, X, n_threads)
    if network.n_parameters <= _LARGEST_KEPT:
        _kept.key, _kept.prediction = key, prediction
    return prediction


class FusedSession:
    """One training run: parameters and the optimizer's state, in the engine's own layout.

    Args:
        problem: what is minimised.
        parameters: where to begin; copied.
        optimizer: how to update, one of `clearprop.optimizers`.
        optimizer_state: where the optimizer stood; None starts it afresh. Copied.
        n_threads: as in `FusedEngine`.
    """

    def __init__(
        self,
        problem: Problem,
        parameters: Sequence[Layer],
        optimizer: Optimizer,
        optimizer_state: OptimizerState | None = None,
        n_threads: int | None = None,
    ) -> None:
        require_problem(problem)
        require_parameters(problem.network, parameters)
        self._n_samples = len(problem.Y)
        flat = [array for layer in parameters for array in layer]
        state = optimizer.start(flat[:0]) if optimizer_state is None else optimizer_state
        self._slots, self._powers = list(state.slots), list(state.powers)
        self._n_updates = state.n_updates
        self._job = _Job(
            problem.network,
            problem.X,
            self._n_samples,
            n_threads,
            n_slots=len(self._slots),
            gradients=True,
        )
        self._job.give(problem)
        self._job.workspace.put(parameters)
        for copy, name in enumerate(self._slots, start=1):
            slot = state.slots[name]
            if slot:
                require_parameters(problem.network, _pairs(slot))
                self._job.workspace.put(_pairs(slot), copy)
        plan = self._job.plan
        plan["task"] = TASK_CODES["train"]
        self._job.workspace.drop(problem.dropout)
        plan["dropout_seed"] = problem.dropout_seed
        plan["max_norm"] = 0.0
        if isinstance(optimizer, Clipped):
            plan["max_norm"], optimizer = optimizer.max_norm, optimizer.optimizer
        plan["optimizer"] = OPTIMIZER_CODES[type(optimizer).__name__]
        plan["beta_1"] = getattr(optimizer, "beta_1", getattr(optimizer, "momentum", 0.0))
        plan["beta_2"] = getattr(optimizer, "beta_2", 0.0)
        plan["epsilon"] = getattr(optimizer, "epsilon", 0.0)
        plan["weight_decay"] = getattr(optimizer, "weight_decay", 0.0)
        plan["power_1"], plan["power_2"] = (state.powers.get(n, 1.0) for n in ("beta_1", "beta_2"))

    def run(
        self, order: npt.NDArray[np.int64], batch_size: int, learning_rates: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Train on consecutive batches; see `clearprop.engines.Session.run`."""
        n_batches = len(learning_rates)
        require_order(order, self._n_samples)
        self._job.plan["update"] = self._n_updates
        losses = self._job.run(order[: n_batches * batch_size], batch_size, learning_rates)
        self._n_updates += n_batches
        return losses

    def parameters(self) -> list[Layer]:
        """A copy of the current parameters."""
        return self._job.workspace.get()

    @property
    def optimizer_state(self) -> OptimizerState:
        """A copy of the optimizer's state."""
        plan = self._job.plan
        slots = {
            name: [array for layer in self._job.workspace.get(copy) for array in layer]
            for copy, name in enumerate(self._slots, start=1)
        }
        powers = {"beta_1": float(plan["power_1"]), "beta_2": float(plan["power_2"])}
        return OptimizerState(self._n_updates, slots, {name: powers[name] for name in self._powers})


class _Job:
    """A workspace, a team, and the data: what native calls need."""

    def __init__(
        self,
        network: Network,
        X: Any,
        n_rows: int,
        n_threads: int | None,
        *,
        n_slots: int = 0,
        gradients: bool = False,
        backward: bool = True,
    ) -> None:
        self._program: Program = load_program(X.dtype)
        rows = rows_at_once(network, X.dtype, n_rows)
        # Per layer, as threads meet after each; what a step works on is known when it runs.
        self._work_per_row = network.n_parameters * (6 if backward else 2) / network.n_layers
        self._n_threads = n_threads
        self._most_threads = threads_for(rows * self._work_per_row, n_threads)
        self._team: Team | None = None
        self.workspace = Workspace(
            self._program,
            network,
            X.dtype,
            rows=rows,
            n_slots=n_slots,
            gradients=gradients,
            backward=backward,
            sparse=sparse.issparse(X),
            n_threads=self._most_threads,
        )
        self.plan = self.workspace.plan[0]
        self._plan_at = self.workspace.plan.ctypes.data
        self._keep: dict[str, Array] = {}
        self.give_samples(X)

    def point(self, field: str, array: Array) -> None:
        """Have the plan's field point to an array, which lives as long."""
        self._keep[field] = array
        self.plan[field] = array.ctypes.data

    def give_samples(self, X: Any) -> None:
        """Rows to work on, of the dtype and kind that the workspace was made for."""
        if sparse.issparse(X):
            # SciPy remembers whether rows are sorted, and does not notice what is written since.
            X = sparse.csr_array((X.data, X.indices, X.indptr), shape=X.shape)
            X = X if X.has_sorted_indices else X.sorted_indices()
            self.point("sparse_data_at", np.ascontiguousarray(X.data))
            self.point("sparse_columns_at", np.ascontiguousarray(X.indices, np.int32))
            self.point("sparse_starts_at", np.ascontiguousarray(X.indptr, np.int64))
        else:
            self.point("X_at", np.ascontiguousarray(X))

    def let_go(self) -> None:
        """Keep no array of the caller's alive, no thread, and no share of the processors."""
        self._keep.clear()
        self._team = None

    def give(self, problem: Problem) -> None:
        """Targets, weights and penalty."""
        dtype = problem.X.dtype
        self.point("Y_at", np.ascontiguousarray(problem.Y, dtype))
        if problem.sample_weight is not None:
            weights = np.ascontiguousarray(problem.sample_weight, dtype)
            self.point("weights_at", weights)
        self.plan["l2"] = problem.l2

    def run(
        self, order: npt.NDArray[np.int64], batch_size: int, rates: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """One native call on every thread of the team; the batches' losses."""
        order, rates = np.ascontiguousarray(order, np.int64), np.ascontiguousarray(rates, float)
        losses = np.zeros(len(rates))
        for field, array in (("order_at", order), ("rates_at", rates), ("losses_at", losses)):
            self.point(field, array)
        self.plan["n_rows"], self.plan["batch_size"] = len(order), batch_size
        if self._team is None or not self._team.is_alive:
            work = min(int(self.plan["rows"]), batch_size) * self._work_per_row
            self._team = Team(min(self._most_threads, threads_for(work, self._n_threads)))
            self.plan["n_threads"] = self._team.size
        self._team.work(self._work)
        return losses

    def _work(self, thread: int) -> None:
        self._program.run(self._plan_at, thread)


class _Prediction(_Job):
    """Yhat of rows by one network, again and again.

    Rows that are worked on all at once by one thread are copied to and from arrays that stay: to
    find an array's address takes longer than to copy a few rows.
    """

    def __init__(self, network: Network, X: Any, n_threads: int | None) -> None:
        super().__init__(network, X, X.shape[0], n_threads, backward=False)
        self.plan["task"] = TASK_CODES["predict"]
        self._network = network
        self._rows = rows_at_once(network, X.dtype, X.shape[0])
        self._own_X = np.empty((self._rows, network.sizes[0]), X.dtype)
        self._own_yhat = np.empty((self._rows, network.sizes[-1]), X.dtype)
        self._has_own = False

    def serves(self, n_rows: int) -> bool:
        """Whether the work space is the one for so many rows."""
        return n_rows == self._rows or self._rows == rows_at_once(
            self._network, self._own_X.dtype, n_rows
        )

    def of(self, parameters: Sequence[Layer], X: Any) -> Array:
        """Yhat for every row of X, of the dtype and kind that this was made for."""
        self.workspace.put(parameters)
        if self._most_threads == 1 and X.shape[0] == self._rows and not sparse.issparse(X):
            return self._at_once(X)
        self._has_own = False
        n_rows = X.shape[0]
        yhat = np.empty((n_rows, self._network.sizes[-1]), X.dtype)
        self.give_samples(X)
        self.point("predictions_at", yhat)
        try:
            self.run(_all_rows(n_rows), max(n_rows, 1), np.zeros(0))
        finally:
            self.let_go()
        return yhat

    def _at_once(self, X: Array) -> Array:
        if not self._has_own:
            self.give_samples(self._own_X)
            self.point("predictions_at", self._own_yhat)
            self.plan["order_at"], self.plan["n_rows"], self.plan["n_threads"] = 0, self._rows, 1
            self._has_own = True
        self._own_X[...] = X
        self._work(0)
        return self._own_yhat.copy()


def _can_run(network: Network, X: Any) -> bool:
    known = X.dtype in _DTYPES and (not sparse.issparse(X) or X.format == "csr")
    return known and all(isinstance(name, str) for name in network.hidden) and _compiles(X.dtype)


@cache
def _compiles(dtype: Any) -> bool:
    """Whether this machine gets a program; if not, it is said once."""
    try:
        load_program(dtype)
    except Exception as error:  # a compiler can fail in any way; NumPy still works
        warnings.warn(EngineWarning(f"{type(error).__name__}: {error}"), stacklevel=2)
        return False
    return True


def _all_rows(n_rows: int) -> npt.NDArray[np.int64]:
    return np.arange(n_rows, dtype=np.int64)


def _pairs(arrays: Sequence[Array]) -> list[Layer]:
    return [Layer(*arrays[n : n + 2]) for n in range(0, len(arrays), 2)]
