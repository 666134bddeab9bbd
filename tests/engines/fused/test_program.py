"""Machine code: compiled once, kept, loaded without Numba; and a machine where that cannot be.

Whatever compiles or must not, does so in a process of its own, with a cache folder of its own.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from clearprop.engines.fused import compilation, program

FIT = """
import hashlib, sys, warnings
import numpy as np
from clearprop import MLPClassifier
from clearprop.engines.fused import program
told = []
program.when_compiling(lambda: told.append(1))
X = np.random.default_rng(0).normal(size=(30, 3))
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for _ in range(2):
        model = MLPClassifier((4,), max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
        model.predict(X)
digest = hashlib.sha1(b"".join(W.tobytes() for W in model.coefs_)).hexdigest()
engine_warnings = sum(w.category.__name__ == "EngineWarning" for w in seen)
print(len(told), engine_warnings, "numba" in sys.modules, digest)
"""
"""Prints: times compiled, engine warnings, whether Numba was loaded, the weights' SHA-1."""


def begin(cache: Path, code: str = FIT) -> subprocess.Popen[str]:
    environment = {**os.environ, "CLEARPROP_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )


def end(process: subprocess.Popen[str]) -> list[str]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return out.split()


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    """A cache folder that two processes found empty at the same time, and what they printed."""
    folder = tmp_path_factory.mktemp("cache")
    processes = [begin(folder) for _ in range(2)]
    return folder, [end(process) for process in processes]


def test_of_two_processes_at_once_one_compiles(cold: tuple[Path, list[list[str]]]) -> None:
    _, printed = cold
    assert sorted(line[0] for line in printed) == ["0", "1"]
    assert [line[1] for line in printed] == ["0", "0"]
    assert printed[0][3] == printed[1][3]


def test_what_is_kept_is_loaded_without_numba(cold: tuple[Path, list[list[str]]]) -> None:
    folder, printed = cold
    assert end(begin(folder)) == ["0", "0", "False", printed[0][3]]


@pytest.mark.parametrize("damage", [lambda code: code[:-100], lambda code: code[:50] + b"\0" * 999])
def test_a_damaged_file_is_made_again(
    cold: tuple[Path, list[list[str]]], tmp_path: Path, damage: object
) -> None:
    folder, printed = cold
    (stored,) = (path for path in folder.iterdir() if path.suffix != ".lock")
    (tmp_path / stored.name).write_bytes(damage(stored.read_bytes()))  # type: ignore[operator]
    assert end(begin(tmp_path)) == ["1", "0", "True", printed[0][3]]
    assert (tmp_path / stored.name).read_bytes()[:200] == stored.read_bytes()[:200]


def test_a_folder_that_cannot_be_written_is_no_obstacle(
    cold: tuple[Path, list[list[str]]], tmp_path: Path
) -> None:
    _, printed = cold
    (tmp_path / "file").write_text("not a folder")
    assert end(begin(tmp_path / "file")) == ["1", "0", "True", printed[0][3]]


@pytest.mark.parametrize("missing", ["numba", "llvmlite"])
def test_without_a_compiler_the_reference_trains_and_says_so_once(
    tmp_path: Path, missing: str
) -> None:
    code = f"import sys\nsys.modules[{missing!r}] = None\n{FIT}"
    if missing == "llvmlite":
        code = code.replace("from clearprop.engines.fused import program", "").replace(
            "program.when_compiling(lambda: told.append(1))", ""
        )
    _, engine_warnings, _, digest = end(begin(tmp_path, code))
    assert engine_warnings == "1"
    reference = FIT.replace(
        "told = []",
        "from unittest import mock\n"
        "from clearprop.engines.reference import ReferenceEngine\n"
        "told = []\n"
        "mock.patch('clearprop.estimators.base.default_engine',"
        " lambda n: ReferenceEngine()).start()",
    )
    assert end(begin(tmp_path, reference))[3] == digest


@pytest.mark.skipif(os.name == "nt", reason="no such permissions")
@pytest.mark.parametrize("opened", ["folder", "file"])
def test_code_that_others_could_have_written_is_not_run(
    cold: tuple[Path, list[list[str]]], tmp_path: Path, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = cold
    (stored,) = (path for path in folder.iterdir() if path.suffix != ".lock")
    tmp_path.chmod(0o700)
    (tmp_path / stored.name).write_bytes(stored.read_bytes())
    monkeypatch.setenv("CLEARPROP_CACHE_DIR", str(tmp_path))
    assert program._read(stored.name) is not None
    (tmp_path if opened == "folder" else tmp_path / stored.name).chmod(0o777)
    assert program._read(stored.name) is None
    tmp_path.chmod(0o700)


@pytest.mark.skipif(os.name == "nt", reason="no such permissions")
def test_what_is_written_is_for_nobody_else_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("CLEARPROP_CACHE_DIR", str(tmp_path))
    (tmp_path / "engine-x-0").touch()
    (tmp_path / "engine-x-0").chmod(0o666)
    before = os.umask(0o002)
    try:
        program._write("engine-x-0", ({}, b"code"))
    finally:
        os.umask(before)
    assert program._read("engine-x-0") == ({}, b"code")
    (tmp_path / "engine-x-0").chmod(0o664)
    assert program._read("engine-x-0") is None


@pytest.mark.skipif(os.name == "nt", reason="no such permissions")
def test_nothing_is_left_where_others_could_have_laid_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARPROP_CACHE_DIR", str(tmp_path))
    tmp_path.chmod(0o777)
    with program._alone("engine-x-0"):
        program._write("engine-x-0", ({}, b"code"))
    assert list(tmp_path.iterdir()) == []
    tmp_path.chmod(0o700)


FORK = """
import os, signal, threading
from clearprop.engines.fused import program
ready, go = threading.Event(), threading.Event()
def compile():
    with program._lock, program._alone("key"):
        ready.set()
        go.wait()
thread = threading.Thread(target=compile)
thread.start()
ready.wait()
if os.fork() == 0:
    signal.alarm(20)  # where it waits for a thread that is not here
    with program._lock, program._alone("key"):
        print("free", flush=True)
    os._exit(0)
go.set()
thread.join()
print("done" if os.wait()[1] == 0 else "hung")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_while_another_thread_compiles_waits_only_until_that_is_done(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    code = "import warnings; warnings.simplefilter('ignore')" + FORK
    assert end(begin(tmp_path, code)) == ["free", "done"]


def test_old_programs_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARPROP_CACHE_DIR", str(tmp_path))
    for number in range(12):
        name = f"engine-float32-{number:032x}"
        (tmp_path / f"{name}.lock").touch()
        program._write(name, ({}, b"code"))
        os.utime(tmp_path / name, (number, number))
    program._write("engine-float64-0", ({}, b"code"))
    program._write("engine-float32-new", ({}, b"code"))
    kept = sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock")
    newest = [f"engine-float32-{number:032x}" for number in range(5, 12)]
    assert kept == sorted([*newest, "engine-float32-new", "engine-float64-0"])
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".lock"]) == 7


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLEARPROP_CACHE_DIR", str(tmp_path))
    assert program.cache_folder() == tmp_path
    monkeypatch.delenv("CLEARPROP_CACHE_DIR")
    if os.name != "nt":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert program.cache_folder() == tmp_path / "clearprop"
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert program.cache_folder() == Path.home() / ".cache" / "clearprop"


def test_a_user_need_not_have_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("CLEARPROP_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", refuse)
    assert program.cache_folder().parent == Path(tempfile.gettempdir())


PROCESSOR = """
import os
from clearprop.engines.fused import compilation, program
from numba import config
from numba.core.registry import cpu_target
codegen = cpu_target.target_context.codegen()
numbas = codegen._get_host_cpu_name(), codegen._get_host_cpu_features()
print(program._processor()[1:3] == numbas, compilation.follows_environment())
os.environ["NUMBA_CPU_NAME"] = "penryn"
print(compilation.follows_environment())
"""


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"NUMBA_CPU_NAME": "haswell"},
        {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
        {"NUMBA_CPU_NAME": "generic"},
        {"NUMBA_CPU_FEATURES": "+sse4.2"},
    ],
)
def test_the_key_names_the_processor_that_numba_compiles_for(
    told: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert end(begin(tmp_path, PROCESSOR)) == ["True", "True", "False"]


def test_the_key_depends_on_every_file_whose_numbers_are_compiled_in() -> None:
    kernels = ("elementwise", "rows", "outputs", "moving", "updates", "tile", "elementary")
    loops = ("steps", "gradients", "products", "barrier", "memory", "kernel", "vector", "panels")
    outside = set()
    for name in kernels + loops:
        tree = ast.parse((program._FOLDER / f"{name}.py").read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        outside |= {
            module
            for module in imported
            if module and module.startswith("clearprop.") and ".engines." not in module
        }
    assert outside == {"clearprop.activations", "clearprop.dropout"}
    names = {path.relative_to(program._FOLDER.parents[1]) for path in program._SOURCES}
    assert {Path("activations.py"), Path("dropout.py"), Path("engines/fused/tile.py")} <= names


def test_a_compiler_that_is_switched_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    with pytest.raises(RuntimeError, match="NUMBA_DISABLE_JIT is set"):
        compilation.compile_program(np.float32)


def test_the_key_depends_on_source_kind_and_processor() -> None:
    keys = {
        program._key(kind, "triple", cpu, features)
        for kind in ("float32", "float64")
        for cpu in ("haswell", "skylake-avx512")
        for features in ("", "+avx")
    }
    assert len(keys) == 8


def test_one_processor_has_one_program() -> None:
    assert program.load_program(np.float32) is program.load_program(np.dtype("float32"))
    assert program.load_program("float32") is program.load_program(np.float32)
