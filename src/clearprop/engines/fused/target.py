"""What the processor that is compiled for can do, asked of LLVM itself.

This file knows nothing of tiles.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import Any, NamedTuple

from llvmlite import binding
from numba.core.registry import cpu_target

__all__ = ["Target", "current_machine", "current_target"]

_PROBE = """
define void @probe(ptr %p) {
  %a = load <16 x float>, ptr %p, align 4
  %b = call <16 x float> @llvm.fma.v16f32(<16 x float> %a, <16 x float> %a, <16 x float> %a)
  store <16 x float> %b, ptr %p, align 4
  ret void
}
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)
"""


class Target(NamedTuple):
    """A processor, as far as tiles care.

    Attributes:
        register_bits: of the widest vector registers that LLVM uses.
        fused: whether a multiply-add is one instruction, not a call.
    """

    register_bits: int
    fused: bool


def current_machine() -> Any:
    """LLVM's machine for the processor that Numba compiles for; NUMBA_CPU_NAME names another."""
    codegen = cpu_target.target_context.codegen()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=codegen._get_host_cpu_name(),
        features=codegen._get_host_cpu_features(),
        opt=3,
        reloc="static" if platform.machine() in ("x86_64", "AMD64") else "default",
        codemodel="jitdefault",
    )


@cache
def current_target() -> Target:
    """What that processor can do."""
    assembly = current_machine().emit_assembly(binding.parse_assembly(_PROBE))
    bits = 512 if "zmm" in assembly else 256 if "ymm" in assembly else 128
    return Target(bits, fused="fmaf" not in assembly)
