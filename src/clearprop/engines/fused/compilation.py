"""From the engine's Python to object code, by Numba. Loaded only where nothing is cached.

This file knows nothing of where object code is kept.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

from llvmlite import binding
from numba import config as numba_config
from numba import njit, types

from clearprop.engines.fused.kernel import emit_kernels
from clearprop.engines.fused.linking import linked
from clearprop.engines.fused.memory import OPTIONS
from clearprop.engines.fused.steps import run
from clearprop.engines.fused.target import current_machine, current_target
from clearprop.engines.fused.tile_shape import shape_of
from clearprop.engines.fused.vector import KINDS, Kind

__all__ = ["Compiled", "compile_program", "follows_environment"]


class Compiled(NamedTuple):
    """Object code, and what its caller must know.

    Attributes:
        kernels: the object file of the kernels.
        program: the object file of the one entry, which calls them.
        symbol: the entry's name.
        tile_rows: rows of a whole tile.
        panel: columns of a whole panel.
        lanes: numbers in a vector.
    """

    kernels: bytes
    program: bytes
    symbol: str
    tile_rows: int
    panel: int
    lanes: int


_config: Any = numba_config  # its names are made when it is imported


def compile_program(dtype: Any) -> Compiled:
    """Compile `steps.run` for NumPy's float32 or float64, for the processor Numba is set to.

    Raises:
        RuntimeError: Numba is told not to compile.
    """
    if _config.DISABLE_JIT:
        raise RuntimeError("NUMBA_DISABLE_JIT is set")
    kind = next(kind for kind in KINDS if kind.dtype == dtype)
    with _nothing_collected():
        kernels, names = _compile_kernels(kind)
        signature = types.void(types.int64, types.int64, types.CPointer(kind.numba))
        compiled = cast(Any, njit)(signature, **OPTIONS)(run)
        (result,) = compiled.overloads.values()
        symbol = result.fndesc.llvm_func_name
        program = _compile_loops(linked(result.library), symbol, names)
    shape = shape_of(current_target())
    return Compiled(
        kernels,
        program,
        symbol,
        shape.rows,
        shape.vectors * kind.lanes,
        kind.lanes,
    )


def follows_environment() -> bool:
    """Whether Numba compiles for the processor that the environment names now.

    It need not: Numba reads the environment when it is imported, and files of its own beside it.
    """
    name, features = (os.environ.get(f"NUMBA_CPU_{what}") for what in ("NAME", "FEATURES"))
    if features is None and (name or "").lower() == "generic":
        features = ""
    return bool((name, features) == (_config.CPU_NAME, _config.CPU_FEATURES))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Compiling makes many objects that stay; to search them for garbage takes half a second."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _compile_kernels(kind: Kind) -> tuple[bytes, set[str]]:
    """The kernels' object code, and their names."""
    module = binding.parse_assembly(emit_kernels(kind))
    names = {function.name for function in module.functions if not function.is_declaration}
    return _object_code(module, binding.create_pipeline_tuning_options(3)), names


def _compile_loops(module: Any, entry: str, kernels: Collection[str] = ()) -> bytes:
    """The object code of the loops around them, of which one is called from outside.

    Raises:
        RuntimeError: something is called that is nowhere, which would end the process when loaded.
    """
    for known in (*module.functions, *module.global_variables):
        if not known.is_declaration and known.name != entry:
            known.linkage = binding.Linkage.internal
    # Their time goes into the kernels that they call, so nothing is unrolled; but functions are
    # inlined as LLVM's second level does it, as calls cost the smallest networks a fifth.
    options = binding.create_pipeline_tuning_options(2)
    options.inlining_threshold = 225
    options.loop_unrolling = False
    options.loop_vectorization = options.slp_vectorization = options.loop_interleaving = False
    code = _object_code(module, options)
    missing = [
        known.name
        for known in module.functions
        if known.is_declaration
        and not known.name.startswith("llvm.")
        and known.name not in kernels
        and binding.address_of_symbol(known.name) is None
    ]
    if missing:
        raise RuntimeError(f"Numba's functions call what is not there: {', '.join(missing)}")
    return code


def _object_code(module: Any, options: Any) -> bytes:
    module.verify()
    machine = current_machine()
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = machine.emit_object(module)
    return code
