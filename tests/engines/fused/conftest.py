"""What the tests of vector functions and kernels share, to call them from Python.

`compile_vectors` makes a vector function callable on arrays: LLVM alone compiles it, for a
processor by name. `kernel_of` finds a kernel in the machine code that trains. This file knows no
particular function.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from llvmlite import binding, ir
from numba.core import cgutils

from clearprop.engines.fused import program
from clearprop.engines.fused.layout import Panels, pack
from clearprop.engines.fused.vector import INDEX, Emitter, Kind, Vector

Compiled = Callable[..., tuple[np.ndarray, ...]]


def _assembly(
    function: Callable[..., tuple[Vector, ...]], kind: Kind, n_inputs: int, n_outputs: int
) -> str:
    """LLVM's text of `run(pointers to inputs and outputs, number of vectors)`."""
    module = ir.Module("vectors")
    pointers = [ir.PointerType(kind.number)] * (n_inputs + n_outputs)
    signature = ir.FunctionType(ir.VoidType(), [*pointers, INDEX])
    run = ir.Function(module, signature, "run")
    builder = ir.IRBuilder(run.append_basic_block("entry"))
    emitter = Emitter(builder, kind)
    *arrays, count = run.args
    with cgutils.for_range(builder, count) as loop:
        offset = builder.mul(loop.index, ir.Constant(INDEX, kind.lanes))
        results = function(*(emitter.load(array, offset) for array in arrays[:n_inputs]))
        for result, array in zip(results, arrays[n_inputs:], strict=True):
            emitter.store(result, array, offset)
    builder.ret_void()
    return str(module)


def compile_function(
    function: Callable[..., Any],
    kind: Kind,
    n_inputs: int = 1,
    n_outputs: int = 1,
    processor: str | None = None,
) -> Compiled:
    """The vector function as one from arrays to arrays, for a processor (None: this one)."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()

    def results(*vectors: Vector) -> tuple[Vector, ...]:
        found = function(*vectors)
        return (found,) if isinstance(found, Vector) else found

    name = binding.get_host_cpu_name() if processor is None else processor
    features = binding.get_host_cpu_features().flatten() if processor is None else ""
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3
    )
    module = binding.parse_assembly(_assembly(results, kind, n_inputs, n_outputs))
    module.verify()
    passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(3))
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    pointers = [ctypes.c_void_p] * (n_inputs + n_outputs)
    run = ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64)(engine.get_function_address("run"))

    def compiled(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        size = arrays[0].size
        n_vectors = -(-size // kind.lanes)
        inputs = [np.resize(array.astype(kind.dtype), n_vectors * kind.lanes) for array in arrays]
        outputs = [np.empty(n_vectors * kind.lanes, kind.dtype) for _ in range(n_outputs)]
        run(*(array.ctypes.data for array in (*inputs, *outputs)), n_vectors)
        return tuple(output[:size] for output in outputs)

    # The machine code lives as long as its engine.
    compiled.engine = engine  # type: ignore[attr-defined]
    compiled.assembly = machine.emit_assembly(module)  # type: ignore[attr-defined]
    return compiled


@pytest.fixture(scope="session")
def compile_vectors() -> Callable[..., Compiled]:
    """`compile_function`."""
    return compile_function


# What a processor of the name must have beyond what every x86-64 has.
_NEEDS = {"skylake-avx512": "avx512vl", "haswell": "avx2", "sandybridge": "avx", "x86-64": "sse2"}


@pytest.fixture(scope="session")
def runs_here() -> Callable[[str], bool]:
    """Whether this machine can run code compiled for a processor."""
    features = dict(binding.get_host_cpu_features())
    return lambda processor: features.get(_NEEDS[processor], False)


def _kernel_of(name: str, kind: Kind) -> Callable[..., None]:
    """A kernel of the loaded program; arrays are passed by their address, or None for none."""
    program.load_program(kind.dtype)
    symbol = f"clearprop_{name}_{kind.name}"
    found = (linker.get_function_address(symbol) for linker in program._linkers)
    address = next(filter(None, found))

    def call(*arguments: np.ndarray | int | None) -> None:
        numbers = [a.ctypes.data if isinstance(a, np.ndarray) else a or 0 for a in arguments]
        assert all(a.flags.c_contiguous for a in arguments if isinstance(a, np.ndarray))
        types = [ctypes.c_int64] * len(numbers)
        ctypes.CFUNCTYPE(None, *types)(address)(*map(int, numbers))

    return call


@pytest.fixture(scope="session")
def kernel_of() -> Callable[[str, Kind], Callable[..., None]]:
    """`_kernel_of`."""
    return _kernel_of


@pytest.fixture(scope="session")
def shape_of_tiles() -> Callable[[Kind], program.Program]:
    """The program of a kind, which says how large its tiles are."""
    return lambda kind: program.load_program(kind.dtype)


@pytest.fixture(scope="session")
def in_panels() -> Callable[..., np.ndarray]:
    """A matrix laid out in the program's panels, with NaN wherever nothing belongs."""

    def lay(matrix: np.ndarray, kind: Kind, rows: int | None = None) -> np.ndarray:
        loaded = program.load_program(kind.dtype)
        rows = len(matrix) if rows is None else rows
        layout = Panels(rows, matrix.shape[1], loaded.panel, loaded.lanes)
        memory = np.full(layout.size, np.nan, kind.dtype)
        whole = np.full((rows, matrix.shape[1]), np.nan)
        whole[: len(matrix)] = matrix
        pack(whole, layout.views(memory))
        return memory

    return lay
