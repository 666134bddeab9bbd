"""Memory for one network: parameters, the optimizer's slots, and one part of a batch at work.

Everything is allocated here, once; the native code allocates nothing. Peak memory beyond the data:

    parameters * (1 + slots, + 1 where gradients are kept) + rows * (activations + deltas) + scratch

with `rows` at most `ROWS_AT_ONCE`, and scratch that is at most a megabyte per thread. This file
knows nothing of optimizers or of what is minimised.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.dropout import keep_below, kept_scale
from clearprop.engines.fused.layout import Panels, Views, aligned_zeros, pack, padded, unpack
from clearprop.engines.fused.program import Program
from clearprop.engines.fused.records import (
    ACTIVATION_CODES,
    CONSTANTS_ROOM,
    COUNTERS_BYTES,
    K_BLOCK,
    LAYER,
    OUTPUT_CODES,
    PLAN,
    SEVERAL_SOFTMAX,
    SQUARES_ROWS,
)
from clearprop.network import Layer, Network

__all__ = ["Workspace", "rows_at_once"]

Array = npt.NDArray[Any]

ROWS_AT_ONCE = 512
_FEWEST_ROWS = 64
_NEAR_BYTES = 1 << 20  # of the second cache, for activations and deltas
FAR_BYTES = 1 << 18  # weights of more leave the second cache from one product to the next
_GROUP_BYTES = 5 << 16  # of the second cache, for the panels that blocks of a product add to


def rows_at_once(network: Network, dtype: Any, n_rows: int) -> int:
    """How many samples are worked on at once: fewer change no bit, only the speed.

    Few enough that their activations and deltas stay in the second cache, unless the weights do not
    fit there themselves: then each pass over the weights should serve many rows.
    """
    bytes_per_row = 2 * sum(network.sizes) * np.dtype(dtype).itemsize
    weights_bytes = network.n_parameters * np.dtype(dtype).itemsize
    near = max(_FEWEST_ROWS, _NEAR_BYTES // bytes_per_row)
    rows = ROWS_AT_ONCE if weights_bytes > _NEAR_BYTES else min(ROWS_AT_ONCE, near)
    return max(1, min(rows, n_rows))


class Workspace:
    """Buffers, and the records that tell the native code where they are.

    Args:
        program: the machine code.
        network: the network.
        dtype: float32 or float64.
        rows: samples worked on at once.
        n_slots: numbers that the optimizer keeps per parameter.
        gradients: whether a place for the gradient is needed.
        backward: whether there will be a backward pass.
        sparse: whether samples are sparse.
        n_threads: how many will work.

    Attributes:
        plan: one `PLAN` record.
    """

    def __init__(
        self,
        program: Program,
        network: Network,
        dtype: Any,
        *,
        rows: int,
        n_slots: int = 0,
        gradients: bool = False,
        backward: bool = True,
        sparse: bool = False,
        n_threads: int = 1,
    ) -> None:
        self._program, self._network, self._dtype = program, network, np.dtype(dtype)
        self._keep: list[Array] = []
        self._found: dict[int, list[tuple[Views, Array]]] = {}
        self.plan = np.zeros(1, PLAN)
        self._layers = np.zeros(network.n_layers, LAYER)
        self._place_parameters(n_slots, gradients)
        self._place_batch(rows, backward, sparse)
        self._place_scratch(n_threads)

    def _allocate(self, n: int, dtype: Any = None) -> Array:
        memory = aligned_zeros(n, self._dtype if dtype is None else dtype)
        self._keep.append(memory)
        return memory

    def _padded(self, n: int) -> int:
        return padded(n, self._program.lanes)

    def _place_parameters(self, n_slots: int, gradients: bool) -> None:
        plan, sizes = self.plan[0], self._network.sizes
        self._shapes = [
            Panels(fan_in, fan_out, self._program.panel, self._program.lanes)
            for fan_in, fan_out in pairwise(sizes)
        ]
        n_parameters = sum(shape.size + self._padded(shape.columns) for shape in self._shapes)
        n_parameters = padded(n_parameters, 64)
        memory = self._allocate((1 + n_slots + gradients) * n_parameters)
        self._copies = memory.reshape(-1, n_parameters)
        plan["slot_bytes"] = n_parameters * self._dtype.itemsize
        plan["gradient_at"] = (1 + n_slots) * plan["slot_bytes"] if gradients else 0
        at = memory.ctypes.data
        for shape, layer in zip(self._shapes, self._layers, strict=True):
            layer["fan_in"], layer["fan_out"] = shape.rows, shape.columns
            layer["W_at"] = at
            layer["b_at"] = at + shape.size * self._dtype.itemsize
            layer["W_is_far"] = shape.size * self._dtype.itemsize > FAR_BYTES
            layer["n_blocks"] = -(-shape.rows // SQUARES_ROWS)
            squares = self._allocate((int(layer["n_blocks"]) + 1) * self._padded(shape.columns))
            layer["squares_at"] = squares.ctypes.data
            at += (shape.size + self._padded(shape.columns)) * self._dtype.itemsize

    def _place_batch(self, rows: int, backward: bool, sparse: bool) -> None:
        plan, network, layers = self.plan[0], self._network, self._layers
        rows = padded(rows, self._program.tile_rows)
        plan["rows"] = rows
        layers["number"] = np.arange(network.n_layers)
        codes = [ACTIVATION_CODES[activation.name] for activation in network.activations]
        layers["activation"] = [*codes, -1]
        for index, size in enumerate(network.sizes):
            n = rows * self._padded(size)
            if index > 0 or not sparse:
                at = self._allocate(n).ctypes.data
                if index > 0:
                    layers[index - 1]["output_at"] = at
                if index < network.n_layers:
                    layers[index]["input_at"] = at
            if index > 0 and backward:
                at = self._allocate(n).ctypes.data
                layers[index - 1]["delta_at"] = at
                if index < network.n_layers:
                    layers[index]["delta_below_at"] = at
        if backward:
            plan["targets_at"] = self._allocate(rows * self._padded(network.sizes[-1])).ctypes.data
            plan["scales_at"] = self._allocate(rows).ctypes.data
            plan["row_losses_at"] = self._allocate(rows).ctypes.data
        numbers = network.output_parameters
        several = network.output == "softmax" and bool(numbers)
        plan["output"] = SEVERAL_SOFTMAX if several else OUTPUT_CODES[network.output]
        plan["n_targets"] = len(numbers)
        # Read in whole vectors, whether a loss has parameters or not.
        given = self._allocate(self._padded(network.sizes[-1]))
        given[: len(numbers)] = numbers
        plan["output_parameters_at"] = given.ctypes.data
        plan["divide_by_weights"] = network.reduction != "sum"
        plan["divide_by_outputs"] = network.reduction == "mean_all"
        plan["n_features"], plan["n_outputs"] = network.sizes[0], network.sizes[-1]

    def _place_scratch(self, n_threads: int) -> None:
        plan, program = self.plan[0], self._program
        # Of what layers write: samples may have any number of features.
        widest = self._padded(max(self._network.sizes[1:]))
        plan["panel"], plan["lanes"] = program.panel, program.lanes
        plan["tile_rows"] = program.tile_rows
        rows_bytes = int(plan["rows"]) * program.panel * self._dtype.itemsize
        n_panels = -(-widest // program.panel)
        plan["panels_at_once"] = min(n_panels, max(1, _GROUP_BYTES // rows_bytes))
        plan["n_layers"], plan["layers_at"] = len(self._layers), self._layers.ctypes.data
        plan["n_threads"] = n_threads
        plan["barrier_at"] = self._allocate(COUNTERS_BYTES, np.uint8).ctypes.data
        plan["zeros_at"] = self._allocate(widest).ctypes.data
        # A transposed block and a group's sums; or a block of dW; or a row of squares.
        below = (K_BLOCK + int(plan["panels_at_once"]) * int(plan["rows"])) * program.panel
        n = max(below, (SQUARES_ROWS + 1) * program.panel, widest)
        plan["scratch_bytes"] = padded(n * self._dtype.itemsize, 64)
        plan["scratch_at"] = self._allocate(
            n_threads * int(plan["scratch_bytes"]), np.uint8
        ).ctypes.data
        plan["constants_bytes"] = 2 * CONSTANTS_ROOM * self._dtype.itemsize
        plan["constants_at"] = self._allocate(
            n_threads * int(plan["constants_bytes"]), np.uint8
        ).ctypes.data

    def drop(self, rates: Sequence[float]) -> None:
        """Have training leave out a share of each hidden layer's units."""
        for layer, rate in zip(self._layers, rates, strict=False):
            if rate > 0.0:
                layer["keep_below"] = np.uint64(keep_below(rate)).astype(np.int64)
                scale = self._allocate(1)
                scale[0] = kept_scale(rate, self._dtype)
                layer["kept_scale_at"] = scale.ctypes.data

    def put(self, layers: Sequence[Layer], copy: int = 0) -> None:
        """Write parameters (copy 0), or one of the optimizer's slots (copy 1 …)."""
        for (views, bias), (W, b) in zip(self._places(copy), layers, strict=True):
            pack(W, views)
            bias[...] = b

    def get(self, copy: int = 0) -> list[Layer]:
        """Read parameters (copy 0), a slot (copy 1 …) or the gradient (copy -1)."""
        return [Layer(unpack(views), bias.copy()) for views, bias in self._places(copy)]

    def _places(self, copy: int) -> list[tuple[Views, Array]]:
        """Where each layer's W and b lie; kept, as finding them takes longer than copying."""
        if copy not in self._found:
            memory, at, found = self._copies[copy], 0, []
            for shape in self._shapes:
                views = shape.views(memory[at : at + shape.size])
                at += shape.size
                found.append((views, memory[at : at + shape.columns]))
                at += self._padded(shape.columns)
            self._found[copy] = found
        return self._found[copy]
