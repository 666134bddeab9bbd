"""The optimizers: state and update, one class each.

Each works on a flat list of NumPy arrays, [W[0], b[0], W[1], b[1], …], and changes them in place:

    state = optimizer.start(arrays)
    optimizer.update(arrays, gradients, state, learning_rate)

The learning rate is the caller's (see `schedules`). All state is in `OptimizerState`, plain arrays
and numbers, so that a checkpoint can hold it. This file knows nothing of networks or of training.
"""

from clearprop.optimizers.adaptive import Adam, AdamW, Nadam, RMSprop
from clearprop.optimizers.clipping import Clipped
from clearprop.optimizers.descent import SGD, Momentum, Nesterov
from clearprop.optimizers.state import Optimizer, OptimizerState

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Clipped",
    "Momentum",
    "Nadam",
    "Nesterov",
    "Optimizer",
    "OptimizerState",
    "RMSprop",
]
