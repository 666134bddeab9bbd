"""Nodes and constants of an ONNX graph, written one after another.

    z = graph("Gemm", x, graph.constant(W), graph.constant(b))

A `Graph` hands each node and constant to a sink: a model of our own, or skl2onnx's container. This
file knows nothing of networks and tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["OPSET", "Graph"]

Array = npt.NDArray[Any]

OPSET = 17
"""The version of ONNX's operators: of 2022, which every runtime in use knows."""


class Graph:
    """Where nodes go.

    Args:
        dtype: float32 or float64, in which the numbers are computed.
        new_name: gives a name that nobody has, from a hint.
        add_node: takes operator, inputs, outputs and attributes.
        add_constant: takes name and values.
    """

    def __init__(
        self,
        dtype: Any,
        new_name: Callable[[str], str],
        add_node: Callable[[str, list[str], list[str], dict[str, Any]], None],
        add_constant: Callable[[str, Array], None],
    ) -> None:
        self.dtype = np.dtype(dtype)
        self._new_name, self._add_node, self._add_constant = new_name, add_node, add_constant

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; gives the name of its output."""
        name = self._new_name(operator.lower())
        self._add_node(operator, list(inputs), [name], attributes)
        return name

    def several(self, operator: str, *inputs: str, n_outputs: int, **attributes: Any) -> list[str]:
        """Add a node with several outputs."""
        names = [self._new_name(operator.lower()) for _ in range(n_outputs)]
        self._add_node(operator, list(inputs), names, attributes)
        return names

    def call_it(self, name: str, value: str) -> None:
        """Give a value a name of its own: an output of the graph."""
        self._add_node("Identity", [value], [name], {})

    def constant(self, values: Any) -> str:
        """Numbers of the graph's dtype."""
        return self.array(np.asarray(values, self.dtype))

    def integers(self, values: Any) -> str:
        """int64 numbers."""
        return self.array(np.asarray(values, np.int64))

    def array(self, values: Array) -> str:
        """A constant as it is."""
        name = self._new_name("constant")
        self._add_constant(name, values)
        return name

    def cast(self, value: str, dtype: Any) -> str:
        """The value as another dtype."""
        from onnx.helper import np_dtype_to_tensor_dtype  # noqa: PLC0415 - an extra

        return self("Cast", value, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))
