"""Whatever happens to the writer, the file holds its old bytes or its new ones."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clearprop.atomic_write import replace_file
from clearprop.errors import ModelFileError

OLD, NEW = b"old" * 1000, b"new" * 2000

# Forks one writer per step. Each counts its system calls (every write is cut to 1,500 bytes, so
# that some fall in mid-file) and kills itself just before, or just after, the n-th.
KILLED_AT_EACH_STEP = """
import os, signal, sys
from clearprop.atomic_write import replace_file

folder, old, new = sys.argv[1], b"old" * 1000, b"new" * 2000
target = os.path.join(folder, "model")
calls = ["stat", "open", "write", "chmod", "fsync", "close", "replace"]


def child(step, after):
    count = 0

    def counted(name):
        real = getattr(os, name)

        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count == step and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            if name == "write":
                args = (args[0], args[1][:1500])
            try:
                return real(*args, **kwargs)
            finally:
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in calls:
        setattr(os, name, counted(name))
    replace_file(target, [new[:10], new[10:]])
    os._exit(0)


for exists in (True, False):
    for after in (False, True):
        step = 0
        while True:
            step += 1
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            if exists:
                with open(target, "wb") as file:
                    file.write(old)
            pid = os.fork()
            if pid == 0:
                child(step, after)
            _, status = os.waitpid(pid, 0)
            names = sorted(os.listdir(folder))
            content = open(target, "rb").read() if "model" in names else None
            state = {old: "old", new: "new", None: "absent"}.get(content, "TORN")
            print(exists, after, step, os.WIFSIGNALED(status), state, len(names))
            if not os.WIFSIGNALED(status):
                break
"""

KILLED_AT_RANDOM_TIMES = """
import os, random, signal, sys, time
from clearprop.atomic_write import replace_file

target, choose = os.path.join(sys.argv[1], "model"), random.Random(0)
replace_file(target, [b"a" * 900_000])
for _ in range(60):
    pid = os.fork()
    if pid == 0:
        while True:
            for letter in b"ab":
                replace_file(target, [bytes([letter]) * 300_000] * 3)
    time.sleep(choose.uniform(0.0, 0.05))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    content = open(target, "rb").read()
    print(len(content), *sorted(set(content)))
"""


@pytest.mark.skipif(os.name != "posix", reason="forks and kills")
def test_killed_at_any_system_call_leaves_the_old_bytes_or_the_new(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_STEP, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    for exists, _after, _step, killed, state, n_names in rows:
        before = "old" if exists == "True" else "absent"
        assert state in ({before, "new"} if killed == "True" else {"new"})
        assert int(n_names) <= 2
    killed_states = {(row[0], row[4]) for row in rows if row[3] == "True"}
    assert killed_states == {
        ("True", "old"),
        ("True", "new"),
        ("False", "absent"),
        ("False", "new"),
    }
    assert sum(row[3] == "True" for row in rows) >= 4 * 12


@pytest.mark.skipif(os.name != "posix", reason="forks and kills")
def test_killed_at_random_times_leaves_one_writing_or_the_other(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_RANDOM_TIMES, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = done.stdout.splitlines()
    assert len(rows) == 60
    assert set(rows) == {f"900000 {ord('a')}", f"900000 {ord('b')}"}


def test_a_new_file_gets_what_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "model", [NEW])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model").stat().st_mode) == 0o640


def test_an_existing_file_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.write_bytes(OLD)
    target.chmod(0o604)
    replace_file(target, [NEW])
    assert target.read_bytes() == NEW
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


def test_a_private_file_is_private_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, write, seen = tmp_path / "model", os.write, set()
    target.write_bytes(OLD)
    target.chmod(0o600)

    def watched(descriptor: int, data: bytes) -> int:
        seen.add(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", watched)
    replace_file(target, [NEW])
    assert seen == {0o600}


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "v1", tmp_path / "latest"
    target.write_bytes(OLD)
    link.symlink_to(target)
    replace_file(link, [NEW])
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "store"]


def test_a_bare_name_is_written_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    replace_file("model", [NEW])
    assert (tmp_path / "model").read_bytes() == NEW


@pytest.mark.parametrize("call", ["open", "write", "chmod", "fsync", "close", "replace"])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no space is left"),
        (errno.EDQUOT, "no space is left"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_refusal_at_any_step_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, words: str
) -> None:
    target = tmp_path / "model"
    target.write_bytes(OLD)

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(ModelFileError) as caught:
            replace_file(target, [NEW])
    assert words in caught.value.message
    assert str(target) in caught.value.message
    assert "unchanged" in caught.value.remedy
    assert target.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["model"]


def test_an_interrupt_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "model"
    target.write_bytes(OLD)

    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            replace_file(target, [NEW])
    assert target.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.skipif(os.name != "posix", reason="resource limits")
def test_a_file_that_outgrows_its_limit_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.write_bytes(OLD)
    code = (
        "import resource, sys\n"
        "from clearprop.atomic_write import replace_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "replace_file(sys.argv[1], [b'x' * 5000])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=False
    )
    assert "ModelFileError" in done.stderr
    assert "no space is left for it (File too large)" in done.stderr
    assert target.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.skipif(os.name != "posix", reason="folders cannot be opened elsewhere")
@pytest.mark.parametrize(("code", "raises"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_synced_matters_only_on_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, raises: bool
) -> None:
    real, seen = os.fsync, []

    def second_fails(descriptor: int) -> None:
        seen.append(descriptor)
        if len(seen) == 2:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", second_fails)
    if raises:
        with pytest.raises(ModelFileError, match="may not survive a power cut"):
            replace_file(tmp_path / "model", [NEW])
    else:
        replace_file(tmp_path / "model", [NEW])
    assert len(seen) == 2
    assert (tmp_path / "model").read_bytes() == NEW


def test_no_folder_a_folder_and_a_device_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"there is no folder .*nowhere"):
        replace_file(tmp_path / "nowhere" / "model", [NEW])
    with pytest.raises(ModelFileError, match="it is a folder") as caught:
        replace_file(tmp_path, [NEW])
    assert "model.safetensors" in caught.value.remedy
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ModelFileError, match="a device or a pipe"):
        replace_file(pipe, [NEW])
    assert stat.S_ISFIFO(pipe.stat().st_mode)
