"""Addresses, records and atomic numbers for Numba code: what its arrays would hide or cost.

The native functions see one `PLAN` record, one `LAYER` record per layer, and plain addresses in
them. `records.py` fills them in. This file knows nothing of what the numbers mean.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from llvmlite import ir
from numba import from_dtype, njit, types

from clearprop.engines.fused.kernel import index, intrinsic
from clearprop.engines.fused.linking import OnePart
from clearprop.engines.fused.records import LAYER, PLAN

__all__ = [
    "OPTIONS",
    "Record",
    "add_atomically",
    "float64_at",
    "int32_at",
    "int64_at",
    "layer_at",
    "load_atomically",
    "native",
    "number_at",
    "offset",
    "plan_at",
    "put_float64",
    "yield_processor",
]

Record = Any
"""A `PLAN` or a `LAYER` in memory, its fields read and written like attributes."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
OPTIONS = {
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": OnePart,
    "_nrt": False,
}
"""Of Numba's compiler: nothing is raised, nobody calls from Python, LLVM compiles all at once, and
nothing is allocated, so that Numba's manager of memory (nrt) stays away."""


def native(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile a function that only native functions call, and that raises nothing."""
    return cast("Callable[_Arguments, _Result]", cast(Any, njit)(**OPTIONS)(function))


# Numba's intrinsics are called with the typing and code-generating contexts, used or not.
# ruff: noqa: ARG001


def _record_at(dtype: Any) -> Any:
    record = from_dtype(dtype)

    def definition(typing_context: Any, address: Any, place: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            offset = builder.mul(values[1], index(dtype.itemsize))
            at = builder.add(values[0], offset)
            return builder.inttoptr(at, context.get_value_type(record))

        return record(types.int64, types.int64), generate

    return intrinsic(definition)


plan_at = _record_at(PLAN)
layer_at = _record_at(LAYER)


@intrinsic
def number_at(typing_context: Any, address: Any, offset: Any, like: Any) -> Any:
    """The pointer to the number `offset` numbers after an address; its type is that of `like`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = builder.inttoptr(values[0], context.get_value_type(like))
        return builder.gep(pointer, [values[1]])

    return like(types.int64, types.int64, like), generate


@intrinsic
def offset(typing_context: Any, pointer: Any, n: Any) -> Any:
    """The pointer n numbers on."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.gep(values[0], [values[1]])

    return pointer(pointer, types.int64), generate


def _integer_at(numba_type: Any, bits: int) -> Any:
    def definition(typing_context: Any, address: Any, place: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            at = builder.inttoptr(values[0], ir.PointerType(ir.IntType(bits)))
            number = builder.load(builder.gep(at, [values[1]]))
            return builder.sext(number, ir.IntType(64)) if bits < 64 else number

        return types.int64(types.int64, types.int64), generate

    return intrinsic(definition)


int32_at = _integer_at(types.int32, 32)
int64_at = _integer_at(types.int64, 64)


@intrinsic
def float64_at(typing_context: Any, address: Any, place: Any) -> Any:
    """The float64 `place` numbers after an address."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        at = builder.inttoptr(values[0], ir.PointerType(ir.DoubleType()))
        return builder.load(builder.gep(at, [values[1]]))

    return types.float64(types.int64, types.int64), generate


@intrinsic
def put_float64(typing_context: Any, address: Any, place: Any, value: Any) -> Any:
    """Write a float64 `place` numbers after an address."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        at = builder.inttoptr(values[0], ir.PointerType(ir.DoubleType()))
        builder.store(values[2], builder.gep(at, [values[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float64), generate


@intrinsic
def add_atomically(typing_context: Any, address: Any, amount: Any) -> Any:
    """Add to the int64 at an address, as one step for all threads; gives the value before."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        at = builder.inttoptr(values[0], ir.PointerType(ir.IntType(64)))
        return builder.atomic_rmw("add", at, values[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def load_atomically(typing_context: Any, address: Any) -> Any:
    """The int64 at an address, and with it all that was written before it was."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        at = builder.inttoptr(values[0], ir.PointerType(ir.IntType(64)))
        return builder.load_atomic(at, "acquire", 8)

    return types.int64(types.int64), generate


@intrinsic
def yield_processor(typing_context: Any) -> Any:
    """Let another thread have the processor."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(ir.IntType(32), []), name)
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate
