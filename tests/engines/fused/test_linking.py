"""Numba's functions become one LLVM module, which is compiled once, with one way in."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from typing import Any, cast

import pytest
from llvmlite import binding
from numba import njit, types

from clearprop.engines.fused import compilation
from clearprop.engines.fused.linking import linked
from clearprop.engines.fused.memory import OPTIONS, native


@native
def twice(x: int) -> int:
    """A function that others call."""
    return x + x


@native
def twice_or_least(x: int, least: int) -> int:
    """Calls one of ours, and one that Numba compiles in its own way."""
    return max(twice(x), least)


def four_times(x: int, least: int) -> int:
    return twice_or_least(twice(x), least)


def eight_times(x: int, least: int) -> int:
    return twice(four_times_inside(x, least))


four_times_inside = native(four_times)


def compiled(function: Any) -> tuple[Any, str]:
    """The library of a function from two integers to one, and its name there."""
    signature = types.int64(types.int64, types.int64)
    (result,) = cast(Any, njit)(signature, **OPTIONS)(function).overloads.values()
    return result.library, result.fndesc.llvm_func_name


def defined(module: Any) -> list[str]:
    return [function.name for function in module.functions if not function.is_declaration]


def test_what_is_called_is_there_once_as_numba_wrote_it() -> None:
    library, name = compiled(four_times)
    names = defined(linked(library))
    for part in ("twiceB", "twice_or_leastB"):
        assert sum(part in other for other in names) == 1
    assert name in names
    # No pass of LLVM's has seen it: what nobody needs is still there.
    assert "%try_state = alloca" in str(library._final_module.get_function(name))


def test_functions_that_another_program_uses_are_used_again() -> None:
    compiled(four_times)
    library, _ = compiled(eight_times)
    names = defined(linked(library))
    assert sum("twiceB" in name for name in names) == 1
    assert any("four_times" in name for name in names)


def test_linking_leaves_the_parts_as_they_were() -> None:
    library, _ = compiled(eight_times)
    before = str(library._final_module)
    assert defined(linked(library)) == defined(linked(library))
    assert str(library._final_module) == before


@pytest.mark.parametrize(("function", "expected"), [(four_times, 28), (eight_times, 56)])
def test_the_object_code_has_one_way_in_and_computes(function: Any, expected: int) -> None:
    library, name = compiled(function)
    module = linked(library)
    others = [other for other in defined(module) if other != name]
    code = compilation._compile_loops(module, name)
    machine = binding.Target.from_default_triple().create_target_machine()
    linker = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    linker.add_object_file(binding.ObjectFileRef.from_data(code))
    linker.finalize_object()
    assert others
    assert not any(linker.get_function_address(other) for other in others)
    result = ctypes.c_int64()
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    run = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, number, number)(
        linker.get_function_address(name)
    )
    assert run(ctypes.byref(result), None, 7, 5) == 0
    assert result.value == expected


def test_a_call_to_what_is_not_there_is_refused() -> None:
    library, name = compiled(four_times)
    with pytest.raises(RuntimeError, match=r"call what is not there: .*twice_or_leastB"):
        compilation._compile_loops(library._final_module.clone(), name)


def test_a_function_that_is_not_ours_calls_one() -> None:
    @njit  # type: ignore[untyped-decorator]  # Numba's, as anybody uses it
    def use(x: int) -> int:
        return twice_or_least(x, 5) + twice(x)

    assert (use(1), use(10)) == (7, 40)


@pytest.mark.parametrize("was_enabled", [True, False])
def test_garbage_is_collected_again_where_it_was_before(was_enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if was_enabled else gc.disable)()
        with contextlib.suppress(KeyError), compilation._nothing_collected():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() == was_enabled
    finally:
        (gc.enable if before else gc.disable)()
