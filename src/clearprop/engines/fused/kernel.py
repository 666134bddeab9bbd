"""From a Python function that emits LLVM to a function that Numba code can call.

    @kernel
    def double(emit: Emitter, x: Pointer, n: Integer) -> None: ...     # emits the loop

    @native
    def use(x, n): double(x, n)

All kernels of a kind are emitted into one module and compiled by LLVM alone, once
(`compile_kernels`). Numba's functions only call them by name; otherwise LLVM would optimise each
kernel again in every function above it. This file knows nothing of what is computed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import binding, ir
from numba import extending, types
from numba.core import cgutils

from clearprop.engines.fused.vector import INDEX, Emitter, Kind, kind_of

__all__ = [
    "Integer",
    "Pointer",
    "choose",
    "define",
    "emit_kernels",
    "index",
    "intrinsic",
    "kernel",
    "loop",
]

Pointer = Any
"""An argument of a kernel: a pointer to numbers of its kind."""

Integer = Any
"""An argument of a kernel: an int64."""

_kernels: list[tuple[Callable[..., None], list[bool]]] = []


def index(value: int) -> Any:
    """An int64 constant."""
    return ir.Constant(INDEX, value)


@contextmanager
def loop(builder: Any, stop: Any, start: Any = None) -> Iterator[Any]:
    """Emit `for i in range(start, stop)`; gives i."""
    with cgutils.for_range(builder, stop, start=start) as counter:
        yield counter.index


def choose(builder: Any, code: Any, cases: Sequence[tuple[int, Callable[[], None]]]) -> None:
    """Emit the case whose number is `code`; nothing happens for any other number."""
    after = builder.append_basic_block("chosen")
    switch = builder.switch(code, after)
    for number, emit_case in cases:
        block = builder.append_basic_block(f"case{number}")
        switch.add_case(index(number), block)
        builder.position_at_end(block)
        emit_case()
        builder.branch(after)
    builder.position_at_end(after)


def define(builder: Any, name: str, arguments: Sequence[Any], body: Callable[..., None]) -> Any:
    """The module's function of this name, written by `body(builder, *arguments)` if it is new."""
    function = builder.module.globals.get(name)
    if function is None:
        signature = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
        function = ir.Function(builder.module, signature, name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        inside = ir.IRBuilder(function.append_basic_block("entry"))
        body(inside, *function.args)
        inside.ret_void()
    return function


def intrinsic(definition: Callable[..., Any]) -> Any:
    """Numba's `intrinsic`; its callers do not pass the typing context that its type asks for."""
    return extending.intrinsic(definition)


def kernel(body: Callable[..., None]) -> Any:
    """Make `body(emit, *arguments)` callable from Numba code.

    Args:
        body: emits instructions through the `Emitter` that it is given. Its other parameters are
            annotated `Pointer` (to numbers of the kind) or `Integer` (an int64); the first of them
            is a pointer and says for which kind the kernel is called.

    Returns:
        A Numba intrinsic without a result.
    """
    parameters = list(inspect.signature(body).parameters.values())[1:]
    is_pointer = [parameter.annotation == "Pointer" for parameter in parameters]
    assert all(parameter.annotation in ("Pointer", "Integer") for parameter in parameters)
    _kernels.append((body, is_pointer))

    def definition(typing_context: Any, *arguments: Any) -> Any:  # noqa: ARG001 - Numba's contract
        kind = kind_of(arguments[0])
        wanted = [arguments[0] if pointer else types.int64 for pointer in is_pointer]

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ARG001
            name = _symbol(body, kind)
            function = builder.module.globals.get(name)
            if function is None:
                function = ir.Function(builder.module, _signature(is_pointer, kind), name)
            builder.call(function, values)
            return context.get_dummy_value()

        return types.void(*wanted), generate

    # Numba reads the number of arguments from the signature; it cannot call `*arguments`.
    names = ["typing_context", *(parameter.name for parameter in parameters)]
    definition.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    )
    return intrinsic(definition)


def _symbol(body: Callable[..., None], kind: Kind) -> str:
    return f"clearprop_{body.__name__}_{kind.name}"


def _signature(is_pointer: Sequence[bool], kind: Kind) -> Any:
    pointer = ir.PointerType(kind.number)
    return ir.FunctionType(ir.VoidType(), [pointer if p else INDEX for p in is_pointer])


def emit_kernels(kind: Kind) -> str:
    """LLVM's text of all kernels imported so far, for one kind."""
    module = ir.Module("kernels")
    module.triple = binding.get_process_triple()
    for body, is_pointer in _kernels:
        function = ir.Function(module, _signature(is_pointer, kind), _symbol(body, kind))
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        body(Emitter(builder, kind), *function.args)
        builder.ret_void()
    return str(module)
