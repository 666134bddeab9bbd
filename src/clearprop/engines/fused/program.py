"""The engine's machine code: compiled by Numba once per processor and kind, from then on loaded.

Loading takes a millisecond and needs LLVM's loader alone: Numba is not even imported. The code lies
in the user's cache folder under a name made of all that it depends on: its source, the compiler's
version, the processor.

    CLEARPROP_CACHE_DIR              another folder for it
    NUMBA_CPU_NAME, …_CPU_FEATURES   compile for another processor, as in Numba

This file knows nothing of what is computed.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding

from clearprop.atomic_write import replace_file
from clearprop.errors import ModelFileError

__all__ = ["Program", "cache_folder", "load_program", "when_compiling"]

_FORMAT = 1
_FOLDER = Path(__file__).parent
# This folder, and whose numbers its kernels hold.
_SOURCES = (
    *sorted(_FOLDER.glob("*.py")),
    *(_FOLDER.parents[1] / f"{name}.py" for name in ("activations", "dropout")),
)
_MOST_KEPT = 8  # programs of one kind: a few versions and processors; older ones are removed


class Program(NamedTuple):
    """A loaded program.

    Attributes:
        run: called with the plan's address and the thread's number; Python's lock is let go.
        tile_rows: rows of a whole tile.
        panel: columns of a whole panel.
        lanes: numbers in a vector.
    """

    run: Callable[[int, int], None]
    tile_rows: int
    panel: int
    lanes: int


_loaded: dict[tuple[str, ...], Program] = {}
_linkers: list[Any] = []  # LLVM's engines own the memory of the code
_lock = threading.Lock()
_listeners: list[Callable[[], None]] = []  # one at most


def when_compiling(listener: Callable[[], None] | None) -> None:
    """Have one listener, or nobody, told that compiling begins, which takes seconds.

    Args:
        listener: called without arguments, in place of the one before.
    """
    _listeners[:] = [] if listener is None else [listener]


def load_program(dtype: Any) -> Program:
    """The program for float32 or float64 on this processor, compiled first if need be.

    Args:
        dtype: NumPy's float32 or float64.

    Returns:
        The `Program`, the same one for the same processor.

    Raises:
        Exception: whatever Numba or LLVM could not do on this machine.
    """
    dtype = np.dtype(dtype)
    wanted = (dtype.name, *_processor())
    with _lock:
        if wanted not in _loaded:
            key = _key(*wanted)
            _loaded[wanted] = _link(*(_read(key) or _compile(dtype, key)))
        return _loaded[wanted]


def cache_folder() -> Path:
    """Where the code is kept: the user's cache folder, unless CLEARPROP_CACHE_DIR names another."""
    chosen = os.environ.get("CLEARPROP_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "clearprop"
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "clearprop"
    try:
        return Path.home() / ".cache" / "clearprop"
    except RuntimeError:  # a container's user need not have a home
        return Path(tempfile.gettempdir()) / f"clearprop-{os.getuid()}"


def _key(kind: str, *processor: str) -> str:
    """A name for all that the code depends on."""
    told = hashlib.sha256()
    for source in _SOURCES:
        told.update(source.name.encode() + source.read_bytes())
    parts = (_FORMAT, kind, version("numba"), version("llvmlite"), *processor)
    told.update("\n".join(map(str, parts)).encode())
    return f"engine-{kind}-{told.hexdigest()[:32]}"


def _processor() -> tuple[str, ...]:
    """What Numba will compile for, and how, by the rules of its `config`."""
    triple, name, features = _host()
    name = os.environ.get("NUMBA_CPU_NAME", name)
    features = os.environ.get("NUMBA_CPU_FEATURES", "" if name.lower() == "generic" else features)
    others = (os.environ.get(f"NUMBA_{what}", "") for what in ("ENABLE_AVX", "OPT"))
    return (triple, name, features, *others)


@cache
def _host() -> tuple[str, str, str]:
    features = binding.get_host_cpu_features().flatten()
    return binding.get_process_triple(), binding.get_host_cpu_name(), features


def _compile(dtype: Any, key: str) -> tuple[dict[str, Any], bytes]:
    with _alone(key):
        # Another process may just have done it.
        stored = _read(key)
        if stored is not None:
            return stored
        for listener in _listeners:
            listener()
        # Loading Numba takes a while and is needed here alone.
        from clearprop.engines.fused import compilation  # noqa: PLC0415

        told = compilation.compile_program(dtype)._asdict()
        kernels, program = told.pop("kernels"), told.pop("program")
        stored = {**told, "kernels_bytes": len(kernels)}, kernels + program
        if compilation.follows_environment():
            _write(key, stored)
    return stored


@contextlib.contextmanager
def _alone(key: str) -> Iterator[None]:
    """While no other process compiles the same; the system frees the lock of one that dies."""
    with contextlib.ExitStack() as held:
        # Without locks, or a folder for them, each process compiles for itself.
        with contextlib.suppress(ImportError, OSError):
            import fcntl  # noqa: PLC0415 - not on every system

            cache_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_ours(cache_folder()):
                lock = held.enter_context((cache_folder() / f"{key}.lock").open("a"))
                fcntl.flock(lock, fcntl.LOCK_EX)
                # Closing is not enough: a process forked meanwhile holds the file, too.
                held.callback(fcntl.flock, lock, fcntl.LOCK_UN)
        yield


def _read(key: str) -> tuple[dict[str, Any], bytes] | None:
    """What is stored under a key, if it is whole; the compiler can always make it again."""
    try:
        if not (_is_ours(cache_folder()) and _is_ours(cache_folder() / key, stat.S_IWGRP)):
            return None
        line, _, code = (cache_folder() / key).read_bytes().partition(b"\n")
        told = json.loads(line)
        if told.pop("sha256") == hashlib.sha256(code).hexdigest():
            return told, code
    except (OSError, ValueError, KeyError):
        pass
    return None


def _is_ours(path: Path, refused: int = 0) -> bool:
    """Whether nobody but this user and the system's could have written there: code is run.

    Args:
        path: a file or a folder.
        refused: permissions that it must not give, besides everybody's to write.
    """
    if os.name == "nt":
        return True
    told = path.stat()
    return told.st_uid in {0, os.getuid()} and not told.st_mode & (stat.S_IWOTH | refused)


def _write(key: str, stored: tuple[dict[str, Any], bytes]) -> None:
    told, code = stored
    line = json.dumps({**told, "sha256": hashlib.sha256(code).hexdigest()})
    # Where nothing can be written, the code is compiled once a process: slower, never an error.
    with contextlib.suppress(OSError, ModelFileError):
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder):
            return
        # A new file, which its group may not write, whatever the umask.
        (folder / key).unlink(missing_ok=True)
        (folder / key).touch(mode=0o644)
        replace_file(folder / key, [line.encode(), b"\n", code])
        _forget_old(folder, key)


def _forget_old(folder: Path, key: str) -> None:
    """Remove the programs of the key's kind that were made longest ago."""
    kind = key.rsplit("-", 1)[0]
    stored = [path for path in folder.glob(f"{kind}-*") if path.suffix != ".lock"]
    stored.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in stored[_MOST_KEPT:]:
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


def _link(told: dict[str, Any], code: bytes) -> Program:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    empty = binding.parse_assembly(f'target triple = "{binding.get_process_triple()}"')
    linker = binding.create_mcjit_compiler(empty, machine)
    cut = told["kernels_bytes"]
    for part in (code[:cut], code[cut:]):
        linker.add_object_file(binding.ObjectFileRef.from_data(part))
    linker.finalize_object()
    _linkers.append(linker)
    # Numba's convention: places for a result and for an exception, then the arguments.
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    function = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, number, number, pointer)(
        linker.get_function_address(told["symbol"])
    )

    # Nothing is returned or raised: one place for both serves all threads.
    unread = ctypes.byref(ctypes.c_int64())

    def run(plan_at: int, thread: int) -> None:
        function(unread, unread, plan_at, thread, None)

    return Program(run, told["tile_rows"], told["panel"], told["lanes"])


def _begin_anew() -> None:
    """In a forked process: whoever held the lock is not here."""
    global _lock  # noqa: PLW0603 - locks cannot be freed by others
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
