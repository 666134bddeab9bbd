"""Dropout's random numbers: which units a training step leaves out, the same on every machine.

    h = sigma(z) * scales        scales = 1 / (1 - rate) where the unit is kept, 0 where it is not

The numbers come from a counter, not from a sequence: which unit of which row is dropped depends on
the seed, the update, the layer, the row's place in the batch and the unit alone, so that any
number of threads, and any engine, drop the same ones. This file knows nothing of networks.

Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
2014 (here what is kept is scaled up in training, so that prediction is left alone); Steele, Lea &
Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["GAMMA", "MIX", "dropout_scales", "keep_below", "kept_scale"]

GAMMA = 0x9E3779B97F4A7C15
"""The odd number nearest to 2^64 divided by the golden ratio: from one counter to the next."""

MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))
"""SplitMix64's three rounds: x = (x ^ (x >> shift)) * factor."""

_ALL = 2**64 - 1


def keep_below(rate: float) -> int:
    """A unit is kept where its random number, 0 to 2^64 - 1, is below this."""
    return min(int((1.0 - rate) * 2.0**64), _ALL)


def kept_scale(rate: float, dtype: Any) -> Any:
    """1 / (1 - rate): what a kept unit is multiplied by, so that the mean stays as it was."""
    return np.dtype(dtype).type(1.0 / (1.0 - rate))


def dropout_scales(
    rate: float, shape: tuple[int, int], *, seed: int, update: int, layer: int, dtype: Any = float
) -> npt.NDArray[Any]:
    """What the units of one hidden layer are multiplied by in one training step.

        key = mix(mix(seed + (update + 1) gamma) + (layer + 1) gamma)
        number[i, j] = mix(key + (i n_units + j + 1) gamma)        all modulo 2^64

    Args:
        rate: share of the units that is dropped, 0 to below 1.
        shape: (n_samples, n_units) of the batch.
        seed: 0 to 2^63 - 1.
        update: number of updates made before.
        layer: number of the hidden layer, from the input side.
        dtype: of the result.

    Returns:
        Shape (n_samples, n_units): 0 or 1 / (1 - rate).

    Examples:
        >>> dropout_scales(0.5, (2, 4), seed=1, update=0, layer=0)
        array([[0., 0., 2., 0.],
               [2., 0., 0., 2.]])
    """
    key = seed
    for counter in (update, layer):
        key = int(_mix(np.array([(key + (counter + 1) * GAMMA) & _ALL], np.uint64))[0])
    places = np.arange(1, shape[0] * shape[1] + 1, dtype=np.uint64)
    numbers = _mix(np.uint64(key) + places * np.uint64(GAMMA)).reshape(shape)
    kept = numbers < np.uint64(keep_below(rate))
    scales: npt.NDArray[Any] = np.where(kept, kept_scale(rate, dtype), np.dtype(dtype).type(0))
    return scales


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    for shift, factor in MIX:
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x
