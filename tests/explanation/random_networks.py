"""Thirty random networks with a batch each: every activation, output, reduction and optimizer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from clearprop import Network
from clearprop.activations import ACTIVATIONS
from clearprop.explanation.derivation.batch import Update
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.document import explain
from clearprop.explanation.random_network import random_targets
from clearprop.losses import OUTPUTS, REDUCTIONS
from clearprop.network import Layer
from clearprop.optimizers import SGD, Adam, Momentum, Nesterov, RMSprop

COUNT = 30
OPTIMIZERS = (SGD(), Momentum(), Nesterov(), RMSprop(), Adam())
LEARNING_RATE = 0.05


@dataclass(frozen=True)
class Case:
    """A network, its parameters and a batch."""

    network: Network
    parameters: list[Layer]
    X: Any
    Y: Any
    sample_weight: Any
    l2: float
    update: Update | None

    def records(self, **options: Any) -> Records:
        """Of its derivation."""
        update = False if self.update is None else self.update.optimizer
        return explain(
            self.network, self.parameters, self.X, self.Y,
            update=update, learning_rate=LEARNING_RATE, check=options.pop("check", False),
            sample_weight=self.sample_weight, l2=self.l2, **options,
        ).records  # fmt: skip


def random_case(number: int) -> Case:
    """The same for the same number: depth 1 to 6, width to 8, batch 1 to 8."""
    rng = np.random.default_rng(number)
    n_layers = number % 6 + 1
    output = list(OUTPUTS)[number % len(OUTPUTS)]
    sizes = [int(width) for width in rng.integers(1, 9, n_layers + 1)]
    if output == "softmax":
        sizes[-1] = max(sizes[-1], 2)
    hidden = [
        list(ACTIVATIONS)[(number + layer) % len(ACTIVATIONS)] for layer in range(n_layers - 1)
    ]
    network = Network(sizes, hidden, output, list(REDUCTIONS)[number % 3])
    parameters = [
        Layer(W, rng.normal(scale=0.3, size=b.shape))
        for W, b in network.initialize(random_state=number)
    ]
    n = number % 8 + 1
    X = rng.normal(size=(n, sizes[0]))
    Y = random_targets(network, n, rng)
    weight = rng.uniform(0.5, 2.0, n) if number % 4 == 3 else None
    update = None if number % 3 == 0 else Update(OPTIMIZERS[number % 5], LEARNING_RATE)
    return Case(network, parameters, X, Y, weight, 0.1 if number % 5 == 2 else 0.0, update)
