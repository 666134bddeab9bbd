"""A file of named arrays and JSON metadata: safetensors, with a checksum over every byte.

The layout is docs/model-file.md's. Reading runs no code from the file and accepts no other format;
writing replaces the file as a whole. This file knows nothing of models or training.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
import re
import stat
import struct
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from clearprop.atomic_write import replace_file
from clearprop.errors import ModelFileError, ParameterError
from clearprop.file_guess import guess_file

__all__ = ["float_from_json", "float_to_json", "read_safe_file", "write_safe_file"]

VERSION = 1
"""The layout's version; a file that claims a later one is refused."""

MAX_HEADER = 100_000_000
"""Bytes a header may have: the safetensors library's own limit."""

MAX_DEPTH = 100
"""How deep lists and dicts may be nested in the metadata."""

DTYPES = {
    "bool": "BOOL",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "float32": "F32",
    "float64": "F64",
}
"""Dtypes a file may hold: NumPy's name and the format's."""

_NO_DIGEST = "0" * 64
_START = re.compile(
    rb'\{"__metadata__":\{"format":"clearprop/([a-z]{1,40})","version":"([0-9]{1,9})",'
    rb'"sha256":"([0-9a-f]{64})","content":"'
)
_START_BYTES = 4096

_DAMAGED = "Copy the file again from where it came, or write it anew: no part of it can be trusted."


def write_safe_file(
    path: str | os.PathLike[str],
    kind: str,
    arrays: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, Any],
) -> None:
    """Write arrays and metadata as one file, in one step; equal input gives equal bytes.

    Floats in the metadata read back with equal bits (Python writes the shortest text that does).
    JSON has no infinity and no NaN: they are refused here, and `float_to_json` writes them as text.

    Args:
        path: the file to write; `clearprop.atomic_write.replace_file` says what becomes of links.
        kind: what the file is, in small letters, such as "model"; reading demands the same.
        arrays: name (printable ASCII) -> array of one of `DTYPES`, any shape, any byte order.
        metadata: dict of str keys whose leaves are str, int, finite float, bool or None, nested by
            dicts and lists; the order of the keys is kept.

    Raises:
        ParameterError: a value that the file cannot hold.
        ModelFileError: the file system refuses; what stood there before is unchanged.

    Examples:
        >>> import tempfile, numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_safe_file(f"{folder}/a.safetensors", "model", {"b": np.ones(2)}, {"seed": 1})
        ...     read_safe_file(f"{folder}/a.safetensors", "model")
        ({'b': array([1., 1.])}, {'seed': 1})
    """
    content = _to_json(metadata)
    tensors = safetensors.numpy.save({name: _plain_array(name, arrays[name]) for name in arrays})
    length = int.from_bytes(tensors[:8], "little")
    described = {
        "format": f"clearprop/{kind}",
        "version": str(VERSION),
        "sha256": _NO_DIGEST,
        "content": content,
    }
    # The library writes its metadata in a random order, which would give one model many files; so
    # it writes the tensors, and the metadata is set before them.
    header = b'{"__metadata__":' + json.dumps(described, separators=(",", ":")).encode()
    entries = tensors[8 : 8 + length].strip()
    header += b"}" if entries == b"{}" else b"," + entries[1:]
    header += b" " * (-len(header) % 8)
    start = _START.match(header)
    if start is None or len(header) > MAX_HEADER:
        raise ParameterError(
            f"kind {kind!r} with {len(content):,} characters of metadata cannot be written",
            remedy=f"A kind is one word of small letters, and metadata stays below {MAX_HEADER:,}.",
        )
    size, data = len(header).to_bytes(8, "little"), memoryview(tensors)[8 + length :]
    digest = hashlib.sha256(size + header)
    digest.update(data)
    before, after = header[: start.start(3)], header[start.end(3) :]
    replace_file(path, [size + before + digest.hexdigest().encode() + after, data])


def read_safe_file(
    path: str | os.PathLike[str], kind: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `write_safe_file` wrote, or refuse the file.

    The checksum is compared before anything in the file is interpreted, and no size in it is
    believed before it is held against the file's own. A checksum finds damage, not a forger.

    Args:
        path: the file to read.
        kind: what the file must be.

    Returns:
        arrays (writable copies, in the order of the file) and metadata, with equal bits.

    Raises:
        ModelFileError: no such file, not this format, another kind, a newer version, or damaged.
    """
    name = os.fspath(path)
    blob, start = _read_checked(name, kind)
    found, version = start[1].decode(), int(start[2])
    if version > VERSION:
        raise ModelFileError(
            f"{name!r} was written by a newer clearprop: its format is {version}, and this "
            f"clearprop reads up to {VERSION}",
            remedy="Install that version of clearprop, or a newer one.",
        )
    if found != kind:
        raise ModelFileError(
            f"{name!r} is a {found} file, expected a {kind} file",
            remedy=f"Give a {kind} file here.",
        )
    try:
        return _parse(blob)
    except (SafetensorError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelFileError(
            f"{name!r} has a right checksum and a wrong content ({error}): "
            "it was not written by clearprop",
            remedy="Do not use the file; write the model anew.",
        ) from error
    except MemoryError as error:
        raise ModelFileError(
            f"{name!r} takes more memory to read than there is",
            remedy="Free memory, or read it on a machine with more.",
        ) from error


def float_to_json(value: float) -> float | str:
    """A float as JSON can hold it: itself when finite, else the text "inf", "-inf" or "nan".

    A NaN other than the usual one keeps its 64 bits, as in "nan:fff8000000000000".

    Examples:
        >>> float_to_json(0.1), float_to_json(float("-inf")), float_to_json(float("nan"))
        (0.1, '-inf', 'nan')
    """
    value = float(value)
    if math.isfinite(value):
        return value
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    bits = struct.pack(">d", value).hex()
    return "nan" if bits == "7ff8000000000000" else f"nan:{bits}"


def float_from_json(value: Any) -> float:
    """The float that `float_to_json` wrote.

    Raises:
        ValueError: `value` is nothing that `float_to_json` writes.

    Examples:
        >>> float_from_json("inf"), float_from_json(0.1)
        (inf, 0.1)
    """
    if type(value) is float:
        return value
    if value in ("inf", "-inf", "nan"):
        return float(value)
    if isinstance(value, str) and re.fullmatch("nan:[0-9a-f]{16}", value):
        (number,) = struct.unpack(">d", bytes.fromhex(value[4:]))
        if math.isnan(number):
            return float(number)
    raise ValueError(f"expected a number, got {value!r}")


def _plain_array(name: str, array: Any) -> NDArray[Any]:
    """The array in C order, which the library expects and does not check."""
    if not (name and name.isascii() and name.isprintable() and name != "__metadata__"):
        raise ParameterError(
            f"array name {name!r}: expected printable ASCII other than '__metadata__'",
            remedy="Rename the array.",
        )
    if not isinstance(array, np.ndarray) or array.dtype.name not in DTYPES:
        got = f"dtype {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ParameterError(
            f"array {name!r}: got {got}, expected an array of one of {', '.join(DTYPES)}",
            remedy="Convert the array first.",
        )
    return np.asarray(array, order="C")


def _to_json(metadata: Mapping[str, Any]) -> str:
    try:
        _require_plain(metadata, "metadata", 0)
        return json.dumps(metadata, separators=(",", ":"))
    except ValueError as error:
        raise ParameterError(
            f"cannot be written to a file: {error}",
            remedy="Use dicts with text keys, lists, text, whole numbers, finite floats, "
            "True, False and None.",
        ) from error


def _require_plain(value: Any, place: str, depth: int) -> None:
    """Refuse what JSON turns into something else in silence: tuples, other keys, subclasses."""
    if depth > MAX_DEPTH:
        raise ValueError(f"{place[:80]}… is nested more than {MAX_DEPTH} levels deep")
    if type(value) is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise ValueError(f"{place} has the key {key!r}, which is not text")
            _require_plain(item, f"{place}[{key!r}]", depth + 1)
    elif type(value) is list:
        for position, item in enumerate(value):
            _require_plain(item, f"{place}[{position}]", depth + 1)
    elif type(value) not in (str, int, float, bool, type(None)):
        raise ValueError(f"{place} is {value!r} of type {type(value).__name__}")
    elif type(value) is float and not math.isfinite(value):
        raise ValueError(f"{place} is {value}")


def _read_checked(name: str, kind: str) -> tuple[bytes, re.Match[bytes]]:
    """The file's bytes, once their checksum is right, and the match of their start."""
    try:
        status = os.stat(name)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or a pipe"
            raise ModelFileError(
                f"{name!r} is {what}, expected a {kind} file", remedy="Name the file itself."
            )
        with open(name, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = _require_start(name, kind, file.read(_START_BYTES), size)
            file.seek(0)
            blob = file.read()
    except FileNotFoundError as error:
        raise _not_there(name, kind) from error
    except (OSError, MemoryError) as error:
        cause = getattr(error, "strerror", None) or "not enough memory"
        raise ModelFileError(
            f"cannot read {name!r}: {cause}", remedy="Check the path and its permissions."
        ) from error
    digest = hashlib.sha256(memoryview(blob)[: start.start(3)])
    digest.update(_NO_DIGEST.encode())
    digest.update(memoryview(blob)[start.end(3) :])
    if digest.hexdigest().encode() != start[3]:
        raise ModelFileError(
            f"{name!r} is damaged: its checksum (SHA-256) does not fit its {len(blob):,} bytes",
            remedy=_DAMAGED,
        )
    return blob, start


def _require_start(name: str, kind: str, start: bytes, size: int) -> re.Match[bytes]:
    """Hold a file's first bytes and its size against the format, before any more is read."""
    if size < 10:
        raise ModelFileError(
            f"{name!r} is {f'too short ({size} bytes)' if size else 'empty'}, "
            f"expected a {kind} file",
            remedy=_DAMAGED,
        )
    length = int.from_bytes(start[:8], "little")
    fits = 8 + length <= size and length <= MAX_HEADER
    match = _START.match(start, 8)
    if match is not None and fits:
        return match
    if match is not None or b'"format":"clearprop/' in start[:60] or b'"sha256":"' in start[:160]:
        claim = "" if fits else f" (its header claims {length:,} bytes, the file has {size:,})"
        raise ModelFileError(
            f"{name!r} is damaged or cut short{claim}: the beginning of its header is wrong",
            remedy=_DAMAGED,
        )
    if start[8:10] in (b'{"', b"{}") and fits:
        raise ModelFileError(
            f"{name!r} is a safetensors file of other software, expected clearprop's {kind} file",
            remedy=f"Give a {kind} file that clearprop wrote; weights alone do not say which "
            "activations and inputs they belong to.",
        )
    if start[8:10] == b'{"':
        raise ModelFileError(
            f"{name!r} is a damaged safetensors file, or one cut short: its header claims "
            f"{length:,} bytes, the file has {size:,}",
            remedy=_DAMAGED,
        )
    guess = guess_file(start)
    raise ModelFileError(
        f"{name!r} is not a {kind} file of clearprop" + (f": {guess.what}" if guess else ""),
        remedy=guess.remedy if guess and guess.remedy else f"Give a {kind} file of clearprop.",
    )


def _not_there(name: str, kind: str) -> ModelFileError:
    folder, base = os.path.split(name)
    if os.path.islink(name):
        return ModelFileError(
            f"{name!r} is a link to a file that is not there: {os.path.realpath(name)!r}",
            remedy="Correct the link, or name the file itself.",
        )
    try:
        near = difflib.get_close_matches(base, os.listdir(folder or "."), cutoff=0.5)
    except OSError:
        return ModelFileError(
            f"there is no file {name!r}: there is no folder {folder!r}", remedy="Correct the path."
        )
    remedy = f"Did you mean {' or '.join(map(repr, near))}?" if near else "Correct the path."
    return ModelFileError(f"there is no {kind} file {name!r}", remedy=remedy)


def _parse(blob: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    header = _from_json(str(memoryview(blob)[8 : 8 + int.from_bytes(blob[:8], "little")], "utf-8"))
    described = header.pop("__metadata__")
    if set(described) != {"format", "version", "sha256", "content"}:
        raise ValueError("unknown entries in the header")
    metadata = _from_json(described["content"])
    _require_plain(metadata, "metadata", 0)
    for name, entry in header.items():
        if set(entry) != {"dtype", "shape", "data_offsets"}:
            raise ValueError(f"unknown entries for the array {name!r}")
        if entry["dtype"] not in DTYPES.values():
            raise ValueError(f"array {name!r} of the unknown dtype {entry['dtype']!r}")
    arrays = safetensors.numpy.load(blob)
    for name, array in arrays.items():
        if array.dtype == np.bool_ and array.view(np.uint8).max(initial=0) > 1:
            raise ValueError(f"array {name!r} has a truth value that is neither 0 nor 1")
    return {name: arrays[name] for name in header}, metadata


def _from_json(text: str) -> dict[str, Any]:
    value = json.loads(
        text,
        object_pairs_hook=_without_duplicates,
        parse_constant=_refuse_constant,
        parse_float=_finite,
    )
    if type(value) is not dict:
        raise ValueError("expected a JSON object")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    items = dict(pairs)
    if len(items) != len(pairs):
        raise ValueError("a key occurs twice")
    return items


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is out of range")
    return value
