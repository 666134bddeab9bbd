"""Compiles the engine for all tests, and runs the documentation.

Every python and console block of README.md and docs/ is a test. In a console block, lines after
`$ ` are commands, run one after another in a folder that the blocks of a page share; the other
lines are what they print, where `...` stands for anything. A command must succeed, unless a line
`[exit status N]` follows it.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from clearprop.engines.fused.program import load_program

ROOT = Path(__file__).parent
SECONDS = 240

# It imports PyTorch, which need not be there.
collect_ignore = [] if importlib.util.find_spec("torch") else ["src/clearprop/torch_module.py"]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the engine, unless this is a worker of a process that has.

    Its code lies among pytest's own caches and is made before the first test, in one process, so
    that no test waits for it, reads it off the user's folder or sees it announced.
    """
    os.environ["CLEARPROP_CACHE_DIR"] = str(config.rootpath / ".pytest_cache" / "engine")
    if not hasattr(config, "workerinput"):
        for dtype in (np.float32, np.float64):
            load_program(dtype)


class ConsoleBlockParser(CodeBlockParser):
    """Runs ```console blocks."""

    language = "console"

    def evaluate(self, example: Example) -> str | None:
        """Run each command and compare what it prints; returns the first difference."""
        folder = Path(example.namespace["folder"])
        for block in re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)[1:]:
            command, _, expected = block.partition("\n")
            failure = run_command(command, expected.strip(), folder)
            if failure:
                return failure
        return None


def run_command(command: str, expected: str, folder: Path) -> str | None:
    """Run a command line in a folder; says what differs from the expectation, or None."""
    status = re.search(r"^\[exit status (\d+)\]$", expected, re.MULTILINE)
    expected = re.sub(r"^\[exit status \d+\]$", "", expected, flags=re.MULTILINE).strip()
    if command.startswith("pip install"):
        # What matters is that the project can be installed, not that it is installed again.
        command = f"{command} --dry-run --no-deps --quiet"
    if "pip install ." in command or command.startswith("make "):
        folder = ROOT
    scripts = str(Path(sys.executable).parent)
    environment = dict(os.environ, PATH=scripts + os.pathsep + os.environ["PATH"], COLUMNS="100")
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    printed = (done.stdout + done.stderr).strip()
    if done.returncode != int(status.group(1) if status else 0):
        return f"$ {command}\nexit status {done.returncode}:\n{printed}"
    if expected and not matches(expected, printed):
        return f"$ {command}\nexpected:\n{expected}\nprinted:\n{printed}"
    return None


def matches(expected: str, printed: str) -> bool:
    """Whether an output is as expected: spaces compared as one, `...` stands for anything."""
    parts = re.split(r"\s*\.\.\.\s*", " ".join(expected.split()))
    pattern = ".*".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, " ".join(printed.split())) is not None


def enter_folder(namespace: dict[str, Any]) -> None:
    """Give a page's blocks a fresh folder to work in."""
    namespace["folder"] = tempfile.mkdtemp()
    namespace["folder_before"] = os.getcwd()
    namespace["printing_before"] = np.get_printoptions()
    os.chdir(str(namespace["folder"]))


def leave_folder(namespace: dict[str, Any]) -> None:
    """Remove it again."""
    os.chdir(str(namespace["folder_before"]))
    np.set_printoptions(**namespace["printing_before"])
    shutil.rmtree(str(namespace["folder"]))


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), ConsoleBlockParser()],
    patterns=["README.md", "docs/**/*.md", "docs/*.md"],
    setup=enter_folder,
    teardown=leave_folder,
).pytest()
