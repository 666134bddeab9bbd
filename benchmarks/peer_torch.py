"""PyTorch as a peer: the usual training loop, eager and with its loss through torch.compile.

The optimizers are the fused ones, PyTorch's fastest on a processor. Adam's epsilon stands inside
the bias correction there, which the other peers have outside. This file knows nothing of clocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation calls it so
from workloads import Data, Workload

from clearprop.network import Layer

__all__ = ["PEERS", "CompiledTorchPeer", "TorchPeer"]

_ACTIVATIONS = {"relu": F.relu, "tanh": torch.tanh, "logistic": torch.sigmoid}


class TorchPeer:
    """A loop over the batches in Python; each batch is a view, cut before the clock starts."""

    def __init__(self, workload: Workload, data: Data, n_threads: int) -> None:
        torch.set_num_threads(n_threads)
        self._workload, self._data = workload, data
        self._activation = _ACTIVATIONS[workload.hidden]
        target = torch.from_numpy(data.labels if workload.output == "softmax" else data.Y)
        starts = range(0, workload.n_rows, workload.batch)
        inputs = [self._input(start, start + workload.batch) for start in starts]
        self._batches = list(zip(inputs, target.split(workload.batch), strict=True))
        tasks = {"train": self._train, "gradient": self._gradient, "predict": self._predict}
        self.epoch = tasks[workload.task]

    def _input(self, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        X = self._data.X
        if self._workload.density is None:
            return (torch.from_numpy(X[start:stop]),)
        rows = X[start:stop]
        parts = (rows.indices.astype(np.int64), rows.indptr[:-1].astype(np.int64), rows.data)
        return tuple(map(torch.from_numpy, parts))

    def start(self, parameters: list[Layer]) -> None:
        """Begin from the given parameters, the optimizer fresh."""
        # A sparse first layer looks its rows of W up; PyTorch's Linear keeps W transposed.
        self._sparse = self._workload.density is not None
        Ws = [W if self._sparse and not n else W.T for n, (W, _) in enumerate(parameters)]
        self._W = [_parameter(W) for W in Ws]
        self._b = [_parameter(b) for _, b in parameters]
        kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
        self._optimizer = kinds[self._workload.optimizer](
            [*self._W, *self._b], lr=self._workload.learning_rate, fused=True
        )

    def parameters(self) -> list[Layer]:
        """The current parameters."""
        Ws = [W.detach().numpy() for W in self._W]
        Ws = [W if self._sparse and not n else W.T for n, W in enumerate(Ws)]
        return [
            Layer(W.copy(), b.detach().numpy().copy()) for W, b in zip(Ws, self._b, strict=True)
        ]

    def _logits(self, x: tuple[torch.Tensor, ...]) -> torch.Tensor:
        h = x[0]
        for n, (W, b) in enumerate(zip(self._W, self._b, strict=True)):
            if n:
                h = self._activation(h)
            if len(x) == 3 and not n:
                h = F.embedding_bag(x[0], W, x[1], mode="sum", per_sample_weights=x[2]) + b
            else:
                h = F.linear(h, W, b)
        return h

    def _loss(self, x: tuple[torch.Tensor, ...], y: torch.Tensor) -> torch.Tensor:
        z = self._logits(x)
        if self._workload.output == "softmax":
            return F.cross_entropy(z, y)
        if self._workload.output == "logistic":
            return F.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(y)
        return F.mse_loss(z, y, reduction="sum") * (0.5 / len(y))

    def _train(self) -> float:
        total = 0.0
        for x, y in self._batches:
            self._optimizer.zero_grad()
            loss = self._loss(x, y)
            loss.backward()
            self._optimizer.step()
            total += loss.item()
        return total / len(self._batches)

    def _gradient(self) -> float:
        self._optimizer.zero_grad()
        loss = self._loss(*self._batches[0])
        loss.backward()
        return float(loss.detach())

    def _predict(self) -> Any:
        with torch.inference_mode():
            return torch.softmax(self._logits((torch.from_numpy(self._data.X),)), dim=1).numpy()


class CompiledTorchPeer(TorchPeer):
    """The same loop; torch.compile makes one graph of forward and loss, and one of the backward."""

    def __init__(self, workload: Workload, data: Data, n_threads: int) -> None:
        super().__init__(workload, data, n_threads)
        # Graphs of earlier workloads would count against its limit of recompilations.
        torch.compiler.reset()
        self._loss = torch.compile(self._loss, dynamic=False)  # type: ignore[method-assign]
        self._logits_of = torch.compile(self._logits, dynamic=False)

    def _predict(self) -> Any:
        with torch.inference_mode():
            z = self._logits_of((torch.from_numpy(self._data.X),))
            return torch.softmax(z, dim=1).numpy()


def _parameter(array: Any) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.from_numpy(np.array(array, order="C")))


PEERS = {"PyTorch": TorchPeer, "torch.compile": CompiledTorchPeer}
