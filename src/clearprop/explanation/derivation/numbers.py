"""A step of training, all its numbers: by the reference, or asked of the engine that trains.

An engine keeps its intermediate results to itself, but it can be asked: what a network cut off
after layer l predicts is z[l]; the bias's gradient on one row alone is that row's delta. So the
numbers shown are those that the engine computes, not another computation's. This file knows
nothing of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.activations import as_activation
from clearprop.backprop import Gradients, Passes, backward, forward, loss
from clearprop.engines import Engine, Problem
from clearprop.engines.reference import ReferenceEngine
from clearprop.explanation.derivation.batch import Batch, Update
from clearprop.network import Layer, Network

__all__ = ["Numbers", "engine_numbers", "reference_numbers", "sigma_prime"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Numbers:
    """What one step of training computes.

    Attributes:
        passes: of the forward pass.
        gradients: of the loss, without the penalty.
        loss: without the penalty.
        total_loss: with it.
        dW_total: the gradient with the penalty, one per layer.
        updated: the parameters after the update, or None.
        new_loss: the loss with penalty there, or None.
    """

    passes: Passes
    gradients: Gradients
    loss: float
    total_loss: float
    dW_total: list[Array]
    updated: list[Layer] | None = None
    new_loss: float | None = None


def reference_numbers(batch: Batch, update: Update | None) -> Numbers:
    """By `forward` and `backward`: the specification's own."""
    passes = forward(batch.network, batch.parameters, batch.X)
    weights = batch.sample_weight
    gradients = backward(batch.network, batch.parameters, passes, batch.Y, sample_weight=weights)
    data_loss = float(loss(batch.network, passes, batch.Y, sample_weight=weights))
    return _with_update(ReferenceEngine(), batch, update, passes, gradients, data_loss)


def engine_numbers(engine: Engine, batch: Batch, update: Update | None) -> Numbers:
    """Asked of an engine, piece by piece."""
    network, parameters = batch.network, batch.parameters
    z = [_pre_activation(engine, batch, layer) for layer in range(network.n_layers)]
    hidden = [_activation(engine, batch, layer) for layer in range(network.n_layers - 1)]
    inputs = [batch.X, *hidden]
    passes = Passes(inputs, z, engine.predict(network, parameters, batch.X))
    data_loss, summed = engine.loss_and_gradient(_problem(replace(batch, l2=0.0)), parameters)
    delta = _deltas(engine, batch)
    dinput = [delta[layer] @ W.T for layer, (W, _) in enumerate(parameters)]
    gradients = Gradients(delta, [dW for dW, _ in summed], [db for _, db in summed], dinput)
    return _with_update(engine, batch, update, passes, gradients, data_loss)


def _problem(batch: Batch) -> Problem:
    return Problem(batch.network, batch.X, batch.Y, batch.sample_weight, batch.l2)


def _with_update(
    engine: Engine,
    batch: Batch,
    update: Update | None,
    passes: Passes,
    gradients: Gradients,
    data_loss: float,
) -> Numbers:
    problem = _problem(batch)
    total_loss, dW_total = data_loss, gradients.dW
    if batch.l2:
        total_loss, penalised = engine.loss_and_gradient(problem, batch.parameters)
        dW_total = [dW for dW, _ in penalised]
    if update is None:
        return Numbers(passes, gradients, data_loss, total_loss, dW_total)
    session = engine.session(problem, batch.parameters, update.optimizer, update.state)
    rows = np.arange(batch.n_samples)
    session.run(rows, batch.n_samples, np.array([update.learning_rate]))
    updated = session.parameters()
    new_loss, _ = engine.loss_and_gradient(problem, updated)
    return Numbers(passes, gradients, data_loss, total_loss, dW_total, updated, new_loss)


def _cut_off(network: Network, layer: int) -> Network:
    """The network up to the pre-activation of a layer, which is its output."""
    return Network(network.sizes[: layer + 2], network.hidden[:layer], "identity")


def _pre_activation(engine: Engine, batch: Batch, layer: int) -> Array:
    cut_off = _cut_off(batch.network, layer)
    return np.asarray(engine.predict(cut_off, batch.parameters[: layer + 1], batch.X))


def _activation(engine: Engine, batch: Batch, layer: int) -> Array:
    """h of a layer: handed through a layer that multiplies by 1 and adds 0."""
    network, width = batch.network, batch.network.sizes[layer + 1]
    sizes = (*network.sizes[: layer + 2], width)
    through = Network(sizes, network.hidden[: layer + 1], "identity")
    unit = Layer(np.eye(width, dtype=batch.X.dtype), np.zeros(width, batch.X.dtype))
    parameters: Sequence[Layer] = [*batch.parameters[: layer + 1], unit]
    return np.asarray(engine.predict(through, parameters, batch.X))


def _deltas(engine: Engine, batch: Batch) -> list[Array]:
    """delta of every layer: each sample's share of the bias's gradient."""
    summed = replace(batch.network, reduction="sum")
    shares = batch.shares[:, 0].astype(batch.X.dtype)
    rows = []
    for sample in range(batch.n_samples):
        one = slice(sample, sample + 1)
        problem = Problem(summed, batch.X[one], batch.Y[one], shares[one])
        _, gradient = engine.loss_and_gradient(problem, batch.parameters)
        rows.append([db for _, db in gradient])
    return [np.stack(layer) for layer in zip(*rows, strict=True)]


def sigma_prime(network: Network, passes: Passes, layer: int) -> Array:
    """sigma'(z[layer]) by the table, of the numbers given."""
    activation = as_activation(network.hidden[layer])
    return np.asarray(activation.derivative(passes.z[layer], passes.inputs[layer + 1]))
