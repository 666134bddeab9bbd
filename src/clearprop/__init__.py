"""clearprop: multilayer perceptrons with nothing hidden. Public names, nothing else."""

__version__ = "0.1.0"  # above the imports: a model's record names the version that trained it

from clearprop.backprop import backward, forward, loss
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.gradcheck import check_gradients
from clearprop.model_file import load_model, save_model
from clearprop.network import Layer, Network

__all__ = [
    "Layer",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "backward",
    "check_gradients",
    "forward",
    "load_model",
    "loss",
    "save_model",
]
