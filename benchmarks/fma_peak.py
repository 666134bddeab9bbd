"""The fused multiply-adds a second that the processor can do: the ceiling in every table.

A loop of independent vector multiply-adds, in registers alone, compiled by llvmlite for this very
processor. This file knows nothing of networks.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from llvmlite import binding

__all__ = ["FmaPeak"]

_TYPES = {"float32": ("float", "f32", 4), "float64": ("double", "f64", 8)}
_ROUNDS = 500_000


class FmaPeak:
    """Calling it does `flops` floating-point operations, on n_threads threads at once.

    Attributes:
        flops: floating-point operations a call.
        vector_bytes: bytes of the vectors.
    """

    def __init__(self, dtype: str, n_threads: int) -> None:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        features = binding.get_host_cpu_features()
        name, suffix, size = _TYPES[dtype]
        self.vector_bytes = 64 if features.get("avx512f") else 32 if features.get("avx") else 16
        # Two units of latency four (x86) need 8 sums, four units (ARM) 16; AVX2 has 16 registers.
        n_sums = 12 if self.vector_bytes == 32 else 24
        lanes = self.vector_bytes // size
        self._function, self._keep = _compile(_text(name, suffix, lanes, n_sums), features)
        self._n_threads = n_threads
        self._pool = ThreadPoolExecutor(n_threads)
        # 0.5 x + 0.5 stays near 1: neither overflow nor denormal numbers.
        self._numbers = np.full((n_threads, lanes * n_sums), 1.0, dtype)
        self.flops = 2.0 * lanes * n_sums * _ROUNDS * n_threads

    def __call__(self) -> None:
        """Do the operations."""
        if self._n_threads == 1:
            self._function(self._numbers[0].ctypes.data, _ROUNDS)
        else:
            addresses = [row.ctypes.data for row in self._numbers]
            list(self._pool.map(lambda address: self._function(address, _ROUNDS), addresses))


def _text(number: str, suffix: str, lanes: int, n_sums: int) -> str:
    """LLVM's text of f(sums, rounds): sums = fma(sums, 0.5, 0.5), rounds times."""
    vector, size = f"<{lanes} x {number}>", 4 if number == "float" else 8
    half = f"<{', '.join([f'{number} 0.5'] * lanes)}>"
    fma = f"@llvm.fma.v{lanes}{suffix}"
    sums = range(n_sums)
    load = [
        f"  %p{n} = getelementptr {vector}, ptr %at, i64 {n}\n"
        f"  %x{n} = load {vector}, ptr %p{n}, align {size}"
        for n in sums
    ]
    phi = [f"  %s{n} = phi {vector} [ %x{n}, %entry ], [ %t{n}, %loop ]" for n in sums]
    add = [
        f"  %t{n} = call {vector} {fma}({vector} %s{n}, {vector} {half}, {vector} {half})"
        for n in sums
    ]
    store = [f"  store {vector} %t{n}, ptr %p{n}, align {size}" for n in sums]
    return "\n".join(
        [
            f"declare {vector} {fma}({vector}, {vector}, {vector})",
            "define void @peak(ptr %at, i64 %rounds) {\nentry:",
            *load,
            "  br label %loop\nloop:",
            "  %n = phi i64 [ 0, %entry ], [ %next, %loop ]",
            *phi,
            *add,
            "  %next = add i64 %n, 1",
            "  %more = icmp slt i64 %next, %rounds",
            "  br i1 %more, label %loop, label %end\nend:",
            *store,
            "  ret void\n}",
        ]
    )


def _compile(text: str, features: Any) -> tuple[Callable[[int, int], None], Any]:
    # LLVM prefers 256-bit vectors on some processors that have 512-bit ones.
    told = features.flatten() + (",-prefer-256-bit" if features.get("avx512f") else "")
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=told, opt=3
    )
    linker = binding.create_mcjit_compiler(binding.parse_assembly(text), machine)
    linker.finalize_object()
    signature = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
    return signature(linker.get_function_address("peak")), linker
