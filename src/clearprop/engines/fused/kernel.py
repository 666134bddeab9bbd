"""From a Python function that emits LLVM to a function that Numba code can call.

    @kernel
    def double(emit, x, n): ...          # emits the loop; x is a pointer, n an int64

    @njit
    def use(x, n): double(x, n)

The emitted function stands once in each compiled module and is called, not copied to every place of
use: that keeps compiling short. This file knows nothing of what is computed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from clearprop.engines.fused.vector import INDEX, Emitter, kind_of

__all__ = ["choose", "define", "index", "kernel", "loop"]


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


def define(
    builder: Any, name: str, arguments: Sequence[Any], body: Callable[..., None], result: Any = None
) -> Any:
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


def kernel(body: Callable[..., None]) -> Any:
    """Make `body(emit, *arguments)` callable from Numba code.

    The first argument must be a pointer to numbers: it says for which kind the body is emitted.
    Integers arrive as int64.

    Args:
        body: emits instructions through the `Emitter` that it is given.

    Returns:
        A Numba intrinsic without a result.
    """

    def definition(typing_context: Any, *arguments: Any) -> Any:  # noqa: ARG001 - Numba's contract
        kind = kind_of(arguments[0])
        signature = types.void(
            *(types.int64 if isinstance(a, types.Integer) else a for a in arguments)
        )

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ARG001
            def write(inside: Any, *parameters: Any) -> None:
                body(Emitter(inside, kind), *parameters)

            builder.call(define(builder, f"{body.__name__}_{kind.name}", values, write), values)
            return context.get_dummy_value()

        return signature, generate

    # Numba reads the number of arguments from the signature; it cannot call `*arguments`.
    names = list(inspect.signature(body).parameters)[1:]
    definition.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for name in ("typing_context", *names)
        ]
    )
    return intrinsic(definition)
