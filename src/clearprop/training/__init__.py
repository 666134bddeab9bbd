"""Training: epochs, validation, stopping, callbacks, checkpoints.

It knows no engine by name, and nothing of estimators, tables or the command line.
"""

from clearprop.training.callbacks import Callback, Progress
from clearprop.training.loop import fit
from clearprop.training.settings import TrainingSettings
from clearprop.training.state import TrainingState
from clearprop.training.verdict import TrainingResult

__all__ = [
    "Callback",
    "Progress",
    "TrainingResult",
    "TrainingSettings",
    "TrainingState",
    "fit",
]
