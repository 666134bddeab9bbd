"""A small random network with friendly numbers, to be done with paper and a pocket calculator.

Every number has one decimal and is not 0. Within a matrix no two have the same size, as long as
there are enough of them, so that a number taken from the wrong place shows. Only Python's
`random()` is drawn from: its numbers are the same on every machine and in every version.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clearprop.errors import ParameterError
from clearprop.explanation.derivation.batch import Update, as_batch
from clearprop.explanation.sources import Source
from clearprop.network import Layer, Network
from clearprop.optimizers import SGD

__all__ = ["friendly_source", "shuffled"]

Array = npt.NDArray[np.float64]

LEARNING_RATE = 0.5
FRIENDLY_OUTPUTS = ("softmax", "logistic", "identity")
MOST_TENTHS_OF_W, MOST_TENTHS_OF_B, MOST_TENTHS_OF_X = 9, 5, 20


def shuffled(items: Sequence[int], generator: random.Random) -> list[int]:
    """The items in another order, by `random()` alone."""
    rest, mixed = list(items), []
    while rest:
        mixed.append(rest.pop(int(generator.random() * len(rest))))
    return mixed


def friendly_source(
    sizes: Sequence[int],
    seed: int,
    *,
    n_samples: int = 3,
    hidden: str = "logistic",
    output: str | None = None,
    reduction: str = "mean",
) -> Source:
    """A random network at friendly parameters, with a friendly batch.

    Args:
        sizes: widths from input to output.
        seed: the same numbers for the same seed.
        n_samples: rows of the batch.
        hidden: activation of the hidden layers.
        output: "softmax", "logistic" or "identity"; None: softmax, or logistic for one output.
        reduction: "sum", "mean" or "mean_all".

    Returns:
        A source with gradient descent as its update.

    Raises:
        ParameterError: no such network, or no rows.

    Examples:
        >>> batch = friendly_source([2, 2, 1], seed=0).batch
        >>> [layer.W.shape for layer in batch.parameters], batch.X.shape
        ([(2, 2), (2, 1)], (3, 2))
        >>> bool((batch.X == batch.X.round(1)).all() and (batch.X != 0).all())
        True
    """
    if n_samples < 1:
        raise ParameterError(
            f"n_samples: got {n_samples}, expected 1 or more",
            remedy="Two or three samples are enough to show what is summed over them.",
        )
    widths = tuple(sizes)
    if output is None:
        output = "softmax" if widths and widths[-1] > 1 else "logistic"
    if output not in FRIENDLY_OUTPUTS:
        raise ParameterError(
            f"output: got {output!r}, expected one of {', '.join(FRIENDLY_OUTPUTS)}",
            remedy="For another loss, give a network and a batch of your own.",
        )
    network = Network(widths, hidden, output, reduction)
    generator = random.Random(f"network {seed}")
    parameters = [
        Layer(
            _tenths((sends, receives), MOST_TENTHS_OF_W, generator),
            _tenths((receives,), MOST_TENTHS_OF_B, generator),
        )
        for sends, receives in zip(network.sizes, network.sizes[1:], strict=False)
    ]
    X = _tenths((n_samples, network.sizes[0]), MOST_TENTHS_OF_X, generator)
    Y = _targets(network, n_samples, generator)
    batch = as_batch(network, parameters, X, Y)
    title = f"A network of {'-'.join(map(str, network.sizes))} nodes, seed {seed}"
    return Source(title, batch, Update(SGD(), LEARNING_RATE))


def _tenths(shape: tuple[int, ...], most: int, generator: random.Random) -> Array:
    numbers: list[int] = []
    while len(numbers) < int(np.prod(shape)):
        sizes = shuffled(range(1, most + 1), generator)
        numbers += [size if generator.random() < 0.5 else -size for size in sizes]
    return np.array(numbers[: int(np.prod(shape))], np.float64).reshape(shape) / 10.0


def _targets(network: Network, n_samples: int, generator: random.Random) -> Array:
    width = network.sizes[-1]
    Y = np.zeros((n_samples, width))
    if network.output == "softmax":
        order: list[int] = []
        while len(order) < n_samples:
            order += shuffled(range(width), generator)
        Y[np.arange(n_samples), order[:n_samples]] = 1.0
        return Y
    if network.output == "logistic":
        for sample in range(n_samples):
            Y[sample] = [float(generator.random() < 0.5) for _ in range(width)]
        return Y
    return _tenths(Y.shape, MOST_TENTHS_OF_X, generator)
