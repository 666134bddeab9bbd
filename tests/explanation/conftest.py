"""Random networks of every kind, and what they are derived from."""

from __future__ import annotations

import numpy as np
import pytest

from clearprop import Network
from clearprop.activations import ACTIVATIONS
from clearprop.explanation.derivation.batch import Batch, as_batch
from clearprop.explanation.random_network import random_targets
from clearprop.losses import OUTPUTS, REDUCTIONS

HIDDEN, OUTPUT, REDUCTION = list(ACTIVATIONS), list(OUTPUTS), list(REDUCTIONS)


def random_batch(seed: int) -> Batch:
    """Depth 1 to 6, widths to 8, 1 to 8 samples; all activations, outputs, reductions by turns."""
    generator = np.random.default_rng(seed)
    depth = 1 + seed % 6
    sizes = [int(width) for width in generator.integers(1, 9, size=depth + 1)]
    sizes[-1] = max(sizes[-1], 2)
    hidden = [HIDDEN[(seed + layer) % len(HIDDEN)] for layer in range(depth - 1)]
    output = OUTPUT[seed % len(OUTPUT)]
    network = Network(sizes, hidden, output, REDUCTION[seed % 3])
    n_samples = int(generator.integers(1, 9))
    weighted = seed % 4 == 0
    return as_batch(
        network,
        network.initialize(seed),
        generator.normal(size=(n_samples, sizes[0])),
        random_targets(network, n_samples, generator),
        generator.uniform(0.5, 2.0, n_samples) if weighted else None,
        0.1 if seed % 5 == 0 else 0.0,
    )


@pytest.fixture(params=range(30))
def batch(request: pytest.FixtureRequest) -> Batch:
    """Thirty of them."""
    return random_batch(request.param)
