"""What all tests need: a compiled engine, and hypothesis's same examples on every machine.

The engine's code lies among pytest's own caches and is compiled before the first test, in one
process, so that no test waits for it, reads it off the user's folder or sees it announced.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import settings

from clearprop.engines.fused.program import load_program

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")


def pytest_configure(config: pytest.Config) -> None:
    """Compile, unless this is a worker of a process that has."""
    os.environ["CLEARPROP_CACHE_DIR"] = str(config.rootpath / ".pytest_cache" / "engine")
    if not hasattr(config, "workerinput"):
        for dtype in (np.float32, np.float64):
            load_program(dtype)
