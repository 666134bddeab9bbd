"""clearprop: multilayer perceptrons with nothing hidden. Public names, nothing else."""

from clearprop.backprop import backward, forward, loss
from clearprop.gradcheck import check_gradients
from clearprop.network import Layer, Network

__version__ = "0.1.0"

__all__ = ["Layer", "Network", "backward", "check_gradients", "forward", "loss"]
