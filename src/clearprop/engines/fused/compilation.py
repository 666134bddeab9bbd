"""From the engine's Python to object code, by Numba. Loaded only where nothing is cached.

This file knows nothing of where object code is kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit, types

from clearprop.engines.fused.steps import run
from clearprop.engines.fused.target import current_target
from clearprop.engines.fused.tile_shape import shape_of
from clearprop.engines.fused.vector import KINDS

__all__ = ["Compiled", "compile_program"]


class Compiled(NamedTuple):
    """Object code, and what its caller must know.

    Attributes:
        code: the object file.
        symbol: the name of its one entry.
        tile_rows: rows of a whole tile.
        panel: columns of a whole panel.
        lanes: numbers in a vector.
    """

    code: bytes
    symbol: str
    tile_rows: int
    panel: int
    lanes: int


def compile_program(dtype: Any) -> Compiled:
    """Compile `steps.run` for NumPy's float32 or float64, for the processor Numba is set to."""
    kind = next(kind for kind in KINDS if kind.dtype == dtype)
    signature = types.void(types.int64, types.int64, types.CPointer(kind.numba))
    options = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled = njit(signature, **options)(run)
    (result,) = compiled.overloads.values()
    _, _, (code, _) = result.library.serialize_using_object_code()
    shape = shape_of(current_target())
    return Compiled(
        code, result.fndesc.llvm_func_name, shape.rows, shape.vectors * kind.lanes, kind.lanes
    )
