"""Which engine trains where nobody says otherwise: the one place that decides."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

from clearprop.engines import Engine
from clearprop.engines.reference import ReferenceEngine
from clearprop.errors import EngineWarning

__all__ = ["default_engine", "when_compiling"]


def default_engine(n_threads: int | None = None) -> Engine:
    """The engine that the estimators use: the fused one, where LLVM can be loaded.

    Args:
        n_threads: threads per fit; None takes as many as the work and the processors warrant. The
            reference engine has one.
    """
    if not _has_llvm():
        return ReferenceEngine()
    from clearprop.engines.fused.engine import FusedEngine  # noqa: PLC0415 - what was asked for

    return FusedEngine(n_threads)


def when_compiling(listener: Callable[[], None] | None) -> None:
    """Have one listener, or nobody, told that the engine is compiled, which takes seconds.

    Args:
        listener: called without arguments before the first fit or prediction on this machine.
    """
    if _has_llvm():
        from clearprop.engines.fused import program  # noqa: PLC0415 - needs LLVM

        program.when_compiling(listener)


@cache
def _has_llvm() -> bool:
    """Whether LLVM can be loaded; if not, it is said once."""
    try:
        import llvmlite.binding  # noqa: F401, PLC0415 - may fail, which must not fail the import
    except (ImportError, OSError) as error:
        warnings.warn(EngineWarning(str(error)), stacklevel=2)
        return False
    return True
