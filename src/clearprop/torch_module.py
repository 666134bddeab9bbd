"""A fitted estimator as a PyTorch module: the same network, to go on with there.

PyTorch is imported when this file is, which nothing in the project does but `to_torch`'s callers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from clearprop.activations import LEAKY_SLOPE, Activation
from clearprop.errors import ParameterError
from clearprop.estimators import MLPClassifier, MLPRegressor

__all__ = ["ACTIVATION_MODULES", "Exponential", "SoftmaxOfTargets", "module_of"]


class Exponential(nn.Module):  # type: ignore[misc]  # PyTorch need not be there when types are checked
    """yhat = exp(z)."""

    def forward(self, z: Any) -> Any:
        """Elementwise."""
        return torch.exp(z)


class SoftmaxOfTargets(nn.Module):  # type: ignore[misc]  # as above
    """Softmax over each target's outputs.

    Args:
        n_classes: of each target.
    """

    def __init__(self, n_classes: list[int]) -> None:
        super().__init__()
        self.n_classes = n_classes

    def forward(self, z: Any) -> Any:
        """Shape as z."""
        parts = torch.split(z, self.n_classes, dim=1)
        return torch.cat([torch.softmax(part, dim=1) for part in parts], dim=1)


ACTIVATION_MODULES: dict[str, Any] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(LEAKY_SLOPE),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    # Beyond the threshold PyTorch takes z itself; from 40 on that is what float64 gives.
    "softplus": lambda: nn.Softplus(threshold=40),
}
"""A new module for every hidden activation."""


def module_of(model: MLPClassifier | MLPRegressor, *, logits: bool) -> Any:
    """See `to_torch`."""
    check_is_fitted(model)
    network = model.network_
    layers: list[Any] = []
    for index, (W, b) in enumerate(model.parameters_):
        linear = nn.Linear(*W.shape, dtype=getattr(torch, W.dtype.name))
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.ascontiguousarray(W.T)))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        layers.append(linear)
        if index < network.n_layers - 1:
            name = network.hidden[index]
            if isinstance(name, Activation):
                raise ParameterError(
                    f"activation: {name.name} is a function of your own, for NumPy",
                    remedy=f"Convert networks of {', '.join(ACTIVATION_MODULES)}.",
                )
            layers.append(ACTIVATION_MODULES[name]())
    if not logits:
        if network.output == "softmax":
            sizes = [int(n) for n in network.output_parameters]
            layers.append(SoftmaxOfTargets(sizes) if sizes else nn.Softmax(dim=1))
        elif network.output == "logistic":
            layers.append(nn.Sigmoid())
        elif network.output == "exponential":
            layers.append(Exponential())
    return nn.Sequential(*layers)
