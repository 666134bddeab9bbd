"""How Numba is used: it turns each function into LLVM, and LLVM compiles them once, together.

By itself Numba compiles a function with all that it calls as soon as it has its types, so that what
lies at the bottom would go through LLVM dozens of times. Here a function's LLVM is only kept
(`_Part`), and the passes that our plain loops have no use for are left out (`OnePart`).

Numba's documentation names `pipeline_class` and the passes; the library that holds a function's
LLVM is Numba's own affair, and what is overridden of it stands in this file alone. This file knows
nothing of what is computed.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding
from numba.core import typed_passes, untyped_passes
from numba.core.codegen import CPUCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass

__all__ = ["OnePart", "linked"]


class _Part(CPUCodeLibrary):
    """One function's LLVM as Numba wrote it, and the libraries of what it calls."""

    def add_llvm_module(self, ll_module: Any) -> None:
        """Keep it; Numba's own optimises here."""
        self._final_module.link_in(ll_module)

    def add_linking_library(self, library: Any) -> None:
        """Note a library; Numba's own compiles it here."""
        self._linking_libraries.append(library)

    def finalize(self) -> None:
        """Nothing, until all parts are together."""

    def _get_module_for_linking(self) -> Any:
        """A module of all parts, as a function that is not ours calls one: the test of barriers."""
        module = linked(self)
        for function in module.functions:
            if not function.is_declaration:
                function.linkage = binding.Linkage.linkonce_odr
        return module


def linked(part: Any) -> Any:
    """One LLVM module of a function and all that it calls, not optimised.

    Args:
        part: the library of a function that was compiled with `OnePart`.
    """
    module = part._final_module.clone()
    seen, waiting = {part}, list(part._linking_libraries)
    while waiting:
        library = waiting.pop()
        if library in seen:
            continue
        seen.add(library)
        if isinstance(library, _Part):
            waiting += library._linking_libraries
            more = library._final_module
        else:
            more = library._get_module_for_linking()
        module.link_in(more, preserve=True)
    return module


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(typed_passes.NativeLowering):
    """From typed code to LLVM, and no further."""

    _name = "clearprop_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower a function, and have its callers find it."""
        state.flags.no_compile = True
        lowering: Any = super()
        lowering.run_pass(state)
        description = state.cr.fndesc
        # A Python function is asked for, to know this one by; nobody calls it.
        name = description.__sizeof__
        state.targetctx.insert_user_function(name, description, [state.library])
        state.cr = state.cr._replace(cfunc=name)
        return True


class OnePart(CompilerBase):
    """Numba's way from a function to LLVM: what loops over numbers and records need of it."""

    def __init__(
        self, typing_context: Any, target_context: Any, library: Any, *others: Any
    ) -> None:
        part: Any = _Part
        compiler: Any = super()
        library = library or part(target_context.codegen(), "part")
        compiler.__init__(typing_context, target_context, library, *others)

    def define_pipelines(self) -> list[Any]:
        """The passes, in their order."""
        manager = PassManager("clearprop")
        for step in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.IRLegalization,
            typed_passes.AnnotateTypes,
            _Lowering,
            typed_passes.NoPythonBackend,
        ):
            manager.add_pass(step, step._name)
        manager.finalize()
        return [manager]
