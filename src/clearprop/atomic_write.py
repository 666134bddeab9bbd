"""Replacing a file as a whole: whatever happens, a reader finds the old bytes or the new ones.

Temporary file in the same folder, write, fsync, rename, fsync of the folder. This file knows the
file system and nothing of what is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from clearprop.errors import ModelFileError

__all__ = ["replace_file"]

TEMPORARY_PREFIX = ".clearprop-"
"""How temporary files begin; one is left only by a process killed while it wrote."""

_KEPT = "What stood there before is unchanged."

# The folder's own fsync is refused by some network file systems, and a folder may be writable
# without being readable; the file itself is on disk by then.
_NO_FOLDER_FSYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM}


def replace_file(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write a file in one step: after it, or after a kill at any point of it, old or new bytes.

    A new file gets the permissions that the umask allows; an existing file's are kept. Where `path`
    is a symbolic link, the file it points to is replaced and the link stays. Another hard link to
    the old file keeps the old bytes. A process killed here may leave one hidden file
    `.clearprop-….tmp` in the folder, which may be deleted.

    Args:
        path: the file to write; its folder must exist.
        parts: the bytes, in order.

    Raises:
        ModelFileError: the folder is missing or may not be written, the disk is full, or `path` is
            a folder or a device; what stood there before is unchanged.

    Examples:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     replace_file(f"{folder}/notes", [b"two ", b"parts"])
        ...     pathlib.Path(f"{folder}/notes").read_bytes()
        b'two parts'
    """
    given = os.fspath(path)
    try:
        target = os.path.realpath(given)
        mode = _mode_of(given, target)
        folder = os.path.dirname(target)
        temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
        try:
            _write_through(temporary, parts, mode)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise _explain(given, error) from error
    try:
        _sync_folder(folder)
    except OSError as error:
        raise ModelFileError(
            f"{given!r} is written, but the disk reports a fault ({error.strerror}): it may not "
            "survive a power cut",
            remedy="Write it to another disk.",
        ) from error


def _mode_of(given: str, target: str) -> int | None:
    """The permissions to keep; None where no file exists yet."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise ModelFileError(
            f"cannot write {given!r}: it is a folder",
            remedy=f"Name a file in it, such as {os.path.join(given, 'model.safetensors')!r}.",
        )
    if not stat.S_ISREG(status.st_mode):
        raise ModelFileError(
            f"cannot write {given!r}: it is a device or a pipe, expected an ordinary file",
            remedy="Name an ordinary file.",
        )
    return stat.S_IMODE(status.st_mode)


def _write_through(temporary: str, parts: Iterable[bytes | memoryview], mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    # Permissions from the start: nobody is to open what is not for them while it is written.
    descriptor = os.open(temporary, flags, 0o666 if mode is None else mode)
    try:
        for part in parts:
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        if mode is not None:
            os.chmod(temporary, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: str) -> None:
    """Make the rename itself durable, where the system lets a folder be opened."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FSYNC:
            raise


def _explain(given: str, error: OSError) -> ModelFileError:
    folder = os.path.dirname(os.path.realpath(given))
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        cause = f"no space is left for it ({os.strerror(error.errno)})"
        remedy = "Free some space, or name a file on another disk."
    elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        cause = f"the folder {folder!r} may not be written ({os.strerror(error.errno)})"
        remedy = "Name a file in a folder of yours, or change the folder's permissions."
    elif not Path(folder).is_dir():
        cause = f"there is no folder {folder!r}"
        remedy = "Create the folder first, or correct the path."
    else:
        cause = error.strerror or str(error)
        remedy = "Name another file."
    return ModelFileError(f"cannot write {given!r}: {cause}", remedy=f"{remedy} {_KEPT}")
