"""JAX as a peer: one jitted scan over the epoch's batches, its parameters donated.

This file knows nothing of clocks. JAX keeps float64 only when told to, for the whole process.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from workloads import Data, Workload

from clearprop.network import Layer

__all__ = ["PEERS", "JaxPeer"]

_ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "logistic": jax.nn.sigmoid}
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class JaxPeer:
    """Batches lie stacked on the device before the clock starts."""

    def __init__(self, workload: Workload, data: Data, n_threads: int) -> None:  # noqa: ARG002 - its threads are set by the environment
        jax.config.update("jax_enable_x64", data.X.dtype == np.float64)
        self._workload, self._data = workload, data
        stack = (workload.n_steps, workload.batch)
        if workload.density is None:
            x = (jnp.asarray(data.X.reshape(*stack, -1)),)
        else:
            x = tuple(map(jnp.asarray, _stack_sparse(data.X, *stack)))
        self._batches = (x, jnp.asarray(data.Y.reshape(*stack, -1)))
        jax.block_until_ready(self._batches)
        self._first = jax.tree.map(lambda stacked: stacked[0], self._batches)
        self._run = jax.jit(self._scan, donate_argnums=0)
        self._value = jax.jit(jax.value_and_grad(self._loss))
        self._yhat = jax.jit(lambda p, X: jax.nn.softmax(self._logits(p, (X,))))
        tasks = {"train": self._train, "gradient": self._gradient, "predict": self._predict}
        self.epoch = tasks[workload.task]

    def start(self, parameters: list[Layer]) -> None:
        """Begin from the given parameters, the optimizer fresh."""
        # Donated buffers must be JAX's own, not views of NumPy's.
        w = [tuple(jnp.array(array, copy=True) for array in layer) for layer in parameters]
        if self._workload.optimizer == "sgd":
            self._state: Any = (w,)
        else:
            zeros = partial(jax.tree.map, jnp.zeros_like)
            self._state = (w, zeros(w), zeros(w))
        self._n_updates = 0

    def parameters(self) -> list[Layer]:
        """The current parameters."""
        return [Layer(np.array(W), np.array(b)) for W, b in self._state[0]]

    def _logits(self, parameters: Any, x: Any) -> Any:
        activation, h = _ACTIVATIONS[self._workload.hidden], x[0]
        for n, (W, b) in enumerate(parameters):
            if n:
                h = activation(h)
            if len(x) == 3 and not n:
                columns, rows, values = x
                h = jax.ops.segment_sum(
                    values[:, None] * W[columns],
                    rows,
                    num_segments=self._workload.batch,
                    indices_are_sorted=True,
                )
                h = h + b
            else:
                h = h @ W + b
        return h

    def _loss(self, parameters: Any, batch: Any) -> Any:
        x, Y = batch
        z = self._logits(parameters, x)
        if self._workload.output == "softmax":
            terms = -Y * jax.nn.log_softmax(z)
        elif self._workload.output == "logistic":
            terms = jax.nn.softplus(z) - Y * z
        else:
            terms = 0.5 * (z - Y) ** 2
        return terms.sum() / self._workload.batch

    def _rates(self) -> Any:
        """Adam's corrected rates of the next epoch; in float32 the powers would be too coarse."""
        workload = self._workload
        t = self._n_updates + 1.0 + np.arange(workload.n_steps)
        rates = np.full(workload.n_steps, workload.learning_rate)
        if workload.optimizer == "adam":
            rates *= np.sqrt(1.0 - _BETA_2**t) / (1.0 - _BETA_1**t)
        return rates.astype(self._data.X.dtype)

    def _scan(self, state: Any, batches: Any, rates: Any) -> tuple[Any, Any]:
        step = _sgd if self._workload.optimizer == "sgd" else _adam

        def one(state: Any, given: Any) -> tuple[Any, Any]:
            batch, rate = given
            loss, gradient = jax.value_and_grad(self._loss)(state[0], batch)
            return step(state, gradient, rate), loss

        state, losses = jax.lax.scan(one, state, (batches, rates))
        return state, losses.mean()

    def _train(self) -> float:
        self._state, loss = self._run(self._state, self._batches, self._rates())
        self._n_updates += self._workload.n_steps
        # The loss may be ready before the parameters are.
        jax.block_until_ready(self._state)
        return float(loss)

    def _gradient(self) -> float:
        loss, gradient = self._value(self._state[0], self._first)
        jax.block_until_ready(gradient)
        return float(loss)

    def _predict(self) -> Any:
        return np.asarray(self._yhat(self._state[0], self._data.X))


def _sgd(state: Any, gradient: Any, rate: Any) -> Any:
    return (jax.tree.map(lambda w, dw: w - rate * dw, state[0], gradient),)


def _adam(state: Any, gradient: Any, rate: Any) -> Any:
    w, m, v = state
    m = jax.tree.map(lambda m, dw: _BETA_1 * m + (1 - _BETA_1) * dw, m, gradient)
    v = jax.tree.map(lambda v, dw: _BETA_2 * v + (1 - _BETA_2) * dw * dw, v, gradient)
    w = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + _EPSILON), w, m, v)
    return w, m, v


def _stack_sparse(X: Any, n_steps: int, batch: int) -> tuple[Any, Any, Any]:
    """Columns, rows and values, shape (n_steps, most elements in a batch); padded with zeros."""
    starts = X.indptr[::batch]
    most = int(np.diff(starts).max())
    columns, rows = (np.zeros((n_steps, most), np.int32) for _ in range(2))
    values = np.zeros((n_steps, most), X.dtype)
    rows[:] = batch - 1
    in_batch = np.repeat(np.arange(X.shape[0]) % batch, np.diff(X.indptr))
    for step, (start, stop) in enumerate(pairwise(starts)):
        columns[step, : stop - start] = X.indices[start:stop]
        rows[step, : stop - start] = in_batch[start:stop]
        values[step, : stop - start] = X.data[start:stop]
    return columns, rows, values


PEERS = {"JAX": JaxPeer}
