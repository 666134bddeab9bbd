"""Machine code: compiled once, kept, loaded without Numba; and a machine where that cannot be.

Whatever compiles or must not, does so in a process of its own, with a cache folder of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clearprop.engines.fused import program

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
