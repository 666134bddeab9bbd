"""From a network and its parameters to ONNX nodes: what `forward` computes, without its gradients.

onnxruntime has some operators for float32 only; those activations are written out of the ones that
it has for both. This file knows nothing of estimators and tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from clearprop.activations import LEAKY_SLOPE, Activation
from clearprop.engines.fused.coefficients import COEFFICIENTS
from clearprop.errors import ParameterError
from clearprop.network import Layer, Network
from clearprop.onnx_file.graph import Graph

__all__ = ["ACTIVATION_NODES", "OUTPUT_NODES", "add_network"]


def _identity(graph: Graph, z: str) -> str:
    del graph
    return z


def _leaky_relu(graph: Graph, z: str) -> str:
    return graph("Max", z, graph("Mul", z, graph.constant(LEAKY_SLOPE)))


def _elu(graph: Graph, z: str) -> str:
    zero, one = graph.constant(0.0), graph.constant(1.0)
    below = graph("Sub", graph("Exp", graph("Min", z, zero)), one)
    return graph("Where", graph("Greater", z, zero), z, below)


def _decay(graph: Graph, z: str) -> str:
    """exp(-|z|)."""
    return graph("Exp", graph("Neg", graph("Abs", z)))


def _softplus(graph: Graph, z: str) -> str:
    log = graph("Log", graph("Add", _decay(graph, z), graph.constant(1.0)))
    return graph("Add", graph("Relu", z), log)


def _silu(graph: Graph, z: str) -> str:
    return graph("Mul", z, graph("Sigmoid", z))


def _polynomial(graph: Graph, coefficients: Sequence[float], x: str) -> str:
    """Horner's rule, lowest power first."""
    value = graph.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = graph("Add", graph("Mul", value, x), graph.constant(coefficient))
    return value


def _gelu(graph: Graph, z: str) -> str:
    """Z Phi(z); Phi by the engine's polynomial, as Erf is there for float32 only."""
    known = COEFFICIENTS["f32" if graph.dtype == np.float32 else "f64"]
    size = graph("Min", graph("Abs", z), graph.constant(known.tail_most))
    decay = graph("Exp", graph("Mul", graph("Mul", size, size), graph.constant(-0.5)))
    shift, (first, *others) = graph.constant(known.tail_shift), known.tail_series
    total = graph("Add", size, shift)
    v = graph("Div", graph("Sub", size, shift), total)
    tail = graph("Mul", decay, _polynomial(graph, [0.5 + first, *others], v))
    tail = graph("Div", tail, total)
    rest = graph("Sub", graph.constant(1.0), tail)
    is_above = graph("Greater", z, graph.constant(0.0))
    return graph("Mul", z, graph("Where", is_above, rest, tail))


ACTIVATION_NODES: dict[str, Callable[[Graph, str], str]] = {
    "identity": _identity,
    "logistic": lambda graph, z: graph("Sigmoid", z),
    "tanh": lambda graph, z: graph("Tanh", z),
    "relu": lambda graph, z: graph("Relu", z),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
}
"""h from z, for every hidden activation."""


def _softmax(graph: Graph, z: str, parameters: Sequence[float]) -> str:
    if not parameters:
        return graph("Softmax", z, axis=1)
    sizes = graph.integers([int(n_classes) for n_classes in parameters])
    parts = graph.several("Split", z, sizes, n_outputs=len(parameters), axis=1)
    return graph("Concat", *(graph("Softmax", part, axis=1) for part in parts), axis=1)


OUTPUT_NODES: dict[str, Callable[[Graph, str, Sequence[float]], str]] = {
    "softmax": _softmax,
    "logistic": lambda graph, z, _: graph("Sigmoid", z),
    "identity": lambda graph, z, _: _identity(graph, z),
    "median": lambda graph, z, _: _identity(graph, z),
    "huber": lambda graph, z, _: _identity(graph, z),
    "quantile": lambda graph, z, _: _identity(graph, z),
    "exponential": lambda graph, z, _: graph("Exp", z),
}
"""yhat from the logits, for every output."""


def add_network(graph: Graph, network: Network, parameters: Sequence[Layer], X: str) -> str:
    """Add the nodes that compute yhat.

    Args:
        graph: where to; of the parameters' dtype.
        network: the network.
        parameters: its parameters.
        X: name of the samples, shape (n_samples, sizes[0]), the graph's dtype.

    Returns:
        The name of yhat, shape (n_samples, sizes[-1]).

    Raises:
        ParameterError: an activation of the user's own, which ONNX has no operator for.
    """
    h: Any = X
    for layer, (W, b) in enumerate(parameters):
        z = graph("Gemm", h, graph.constant(W), graph.constant(b))
        if layer == network.n_layers - 1:
            return OUTPUT_NODES[network.output](graph, z, network.output_parameters)
        name = network.hidden[layer]
        if isinstance(name, Activation):
            raise ParameterError(
                f"activation: {name.name} is a function of your own, and ONNX has no operator "
                "for it",
                remedy=f"Export networks of {', '.join(ACTIVATION_NODES)}.",
            )
        h = ACTIVATION_NODES[name](graph, z)
    raise AssertionError("a network has at least one layer")
