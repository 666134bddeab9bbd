"""A small network to look at, where somebody names only sizes: friendly numbers, by a seed.

This file knows nothing of derivations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from clearprop.explain.derivation.batch import Batch, as_batch
from clearprop.network import Layer, Network

__all__ = ["random_batch", "random_targets"]

DECIMALS = 2


def random_batch(network: Network, n_samples: int, seed: int) -> Batch:
    """Parameters and a batch with two decimals each.

    Args:
        network: the network.
        n_samples: rows of the batch.
        seed: of all numbers.

    Examples:
        >>> batch = random_batch(Network([2, 3]), 2, seed=0)
        >>> batch.X
        array([[ 0.13, -0.13],
               [ 0.64,  0.1 ]])
    """
    generator = np.random.default_rng(seed)
    parameters = [
        Layer(np.round(W, DECIMALS), np.round(b, DECIMALS))
        for W, b in network.initialize(seed, gain=6.0)
    ]
    X = np.round(generator.normal(size=(n_samples, network.sizes[0])), DECIMALS)
    return as_batch(network, parameters, X, random_targets(network, n_samples, generator))


def random_targets(network: Network, n_samples: int, generator: np.random.Generator) -> Any:
    """Targets that the network's output can have: classes, labels, counts or numbers."""
    shape = (n_samples, network.sizes[-1])
    if network.output == "softmax":
        blocks = [
            np.eye(int(n_classes))[generator.integers(int(n_classes), size=n_samples)]
            for n_classes in network.output_parameters or network.sizes[-1:]
        ]
        return np.concatenate(blocks, axis=1)
    if network.output == "logistic":
        return generator.integers(0, 2, size=shape).astype(np.float64)
    if network.output == "exponential":
        return generator.poisson(2.0, shape).astype(np.float64)
    return np.round(generator.normal(size=shape), DECIMALS)
