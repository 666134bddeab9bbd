"""From a path to UTF-8 bytes: is the file there, is it text, and in which encoding.

Knows nothing of rows and columns: it refuses what cannot be a table of text (folders, pictures,
archives, NUL bytes) and turns every encoding it can prove into UTF-8.
"""

from __future__ import annotations

import codecs
import difflib
import gzip
import mmap
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clearprop.errors import TableError

__all__ = [
    "PARQUET_MAGIC",
    "Data",
    "TextFile",
    "closest",
    "count_in",
    "decode_text",
    "read_bytes",
    "unzipped",
]

# A file's bytes, read, or mapped into memory: what both offer is used, and slices are bytes.
Data = bytes | mmap.mmap

PARQUET_MAGIC = b"PAR1"

_GZIP_MAGIC = b"\x1f\x8b"

# First bytes -> what the file is. Told apart so that the message can name the way out.
_FOREIGN = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x93NUMPY", "a NumPy array file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow (Feather) file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
)

# UTF-32's mark begins with UTF-16's, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_HEAD = 65536
_CHUNK = 1 << 20
_MAPPED_FROM = 1 << 26  # bytes; below, a copy costs nothing and keeps no file open
# What stands in text files besides printable characters: tab, line ends, vertical tab, form feed,
# and the DOS end-of-file mark.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))

_EXPORT = "Export the table as CSV (UTF-8) or Parquet and read that file."


@dataclass(frozen=True)
class TextFile:
    """A file's content as UTF-8, without byte order mark, and what was noticed on the way."""

    data: Data
    notes: tuple[str, ...] = ()


def closest(name: str, among: list[str]) -> str:
    """A sentence offering the nearest of some names, or "" if none is near."""
    near = difflib.get_close_matches(name, among, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(repr(item) for item in near)}?" if near else ""


def count_in(data: Data, needle: bytes, start: int, end: int) -> int:
    """How often one or two bytes occur between two offsets, without a copy of the whole.

    Examples:
        >>> count_in(b"a,b,c", b",", 0, 4)
        2
    """
    if len(needle) == 1:
        # Faster than bytes.count where there are many, as of line ends.
        buffer = np.frombuffer(data, dtype=np.uint8)[start:end]
        parts = (buffer[at : at + _CHUNK] for at in range(0, buffer.size, _CHUNK))
        return sum(int(np.count_nonzero(part == needle[0])) for part in parts)
    return sum(
        data[position : min(position + _CHUNK + 1, end)].count(needle)
        for position in range(start, end, _CHUNK)
    )


def read_bytes(path: Path, source: str) -> Data:
    """The file's bytes, mapped into memory if it is large, unpacked if it is gzipped.

    Raises:
        TableError: no such file (the nearest names are offered), a folder, not readable, empty.
    """
    if path.is_dir():
        raise TableError(
            "this is a folder, expected a file", source=source, remedy=_folder_remedy(path)
        )
    try:
        data = _mapped(path) if path.stat().st_size >= _MAPPED_FROM else path.read_bytes()
    except FileNotFoundError:
        raise TableError("there is no such file", source=source, remedy=_nearest(path)) from None
    except (OSError, ValueError) as error:
        raise TableError(
            f"the file cannot be read: {getattr(error, 'strerror', None) or error}",
            source=source,
            remedy="Check the path and your permission to read it.",
        ) from None
    data = unzipped(data, source)
    if not data:
        raise TableError(
            "the file is empty", source=source, remedy="Expected a header line and rows below it."
        )
    return data


def unzipped(data: Data, source: str) -> Data:
    """The bytes, unpacked if they are gzipped.

    Raises:
        TableError: the archive is damaged.
    """
    return _gunzip(data, source) if data[:2] == _GZIP_MAGIC else data


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _folder_remedy(path: Path) -> str:
    try:
        inside = sorted(
            item.name for item in path.iterdir() if item.suffix in {".csv", ".tsv", ".parquet"}
        )
    except OSError:
        inside = []
    if not inside:
        return "Name the CSV or Parquet file itself."
    return f"Name the file itself; the folder holds {', '.join(map(repr, inside[:3]))}."


def _nearest(path: Path) -> str:
    folder = path.parent
    try:
        names = [item.name for item in folder.iterdir() if item.is_file()]
    except OSError:
        return f"The folder {str(folder)!r} does not exist either."
    # The suffix, which most files share, makes no two names alike.
    stems = {Path(name).stem for name in names}
    near = difflib.get_close_matches(path.stem, sorted(stems), n=3, cutoff=0.7)
    offered = sorted(
        (name for name in names if Path(name).stem in near),
        key=lambda name: (near.index(Path(name).stem), name),
    )
    return f"Did you mean {' or '.join(map(repr, offered[:3]))}?" if offered else "Check the path."


def _gunzip(data: Data, source: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        raise TableError(
            "the gzip archive is damaged or cut short",
            source=source,
            remedy="Copy or download the file again.",
        ) from None


def decode_text(data: Data, source: str, encoding: str | None = None) -> TextFile:
    """The content as UTF-8; the encoding is the one given, or proved, or assumed with a note.

    UTF-8 is proved by being valid; UTF-16 and UTF-32 by their byte order mark. What is neither is
    read as Windows-1252, or as Latin-1 if it holds bytes Windows-1252 leaves undefined.

    Raises:
        TableError: not text, not in the encoding given, or with NUL characters.
    """
    _refuse_foreign(data, source)
    notes: tuple[str, ...] = ()
    if encoding is not None:
        data = _as_utf8(data, encoding, source)
    else:
        for mark, name in _MARKS:
            if data[: len(mark)] == mark:
                if name == "utf-8":
                    data = data[len(mark) :]
                else:
                    data = _as_utf8(data[len(mark) :], name, source)
                    notes = (f"read as {name[:6].upper()}, as its first bytes say",)
                break
    _refuse_nul(data, source)
    bad = None if all(chunk.isascii() for _, chunk in _chunks(data)) else _first_invalid(data)
    if bad is not None:
        data, note = _eight_bit(data, bad, source)
        notes = (note,)
    if re.search(rb"\S", data) is None:
        raise TableError(
            "the file holds only blank lines",
            source=source,
            remedy="Expected a header line and rows below it.",
        )
    return TextFile(data, notes)


def _refuse_foreign(data: Data, source: str) -> None:
    if data[:4] == b"PK\x03\x04":
        excel = data.find(b"xl/") >= 0
        kind = "an Excel workbook (.xlsx)" if excel else "a zip archive"
        remedy = "In Excel: File > Save As > CSV UTF-8." if excel else "Unpack it first."
        raise TableError(f"this is {kind}, expected CSV or Parquet", source=source, remedy=remedy)
    for magic, kind in _FOREIGN:
        if data[: len(magic)] == magic:
            raise TableError(
                f"this is {kind}, expected CSV or Parquet", source=source, remedy=_EXPORT
            )
    if data[8:10] == b'{"' and int.from_bytes(data[:8], "little") <= len(data):
        raise TableError(
            "this is a safetensors (model) file, expected CSV or Parquet",
            source=source,
            remedy="Name the table; a model file goes where the command asks for a model.",
        )
    start = data[:512].lstrip().lower()
    for opening, kind in ((b"<!doctype", "HTML"), (b"<html", "HTML"), (b"<?xml", "XML")):
        if start.startswith(opening):
            raise TableError(
                f"this is a page of {kind}, expected CSV or Parquet", source=source, remedy=_EXPORT
            )
    if start.startswith((b'{"', b"[{", b"{\n", b"{\r\n")):
        raise TableError("this is JSON, expected CSV or Parquet", source=source, remedy=_EXPORT)


def _as_utf8(data: Data, encoding: str, source: str) -> bytes:
    try:
        text = str(data, encoding)
        return text.removeprefix("\ufeff").encode("utf-8")
    except LookupError:
        raise TableError(
            f"there is no encoding called {encoding!r}",
            source=source,
            remedy="Name one Python knows, such as utf-8, cp1252, latin-1 or utf-16.",
        ) from None
    except UnicodeError as error:
        at = getattr(error, "start", len(data))
        line = data[:at].count(b"\n") + 1
        raise TableError(
            f"the bytes are not {encoding.upper()}",
            source=source,
            line=line,
            remedy="Leave the encoding out to have it recognised, or name another.",
        ) from None


def _refuse_nul(data: Data, source: str) -> None:
    at = data.find(b"\0")
    if at < 0:
        return
    head = data[:_HEAD]
    if head.count(b"\0") * 3 >= len(head):
        remedy = "It looks like UTF-16 without a byte order mark: pass encoding='utf-16-le'."
    else:
        remedy = "The file is damaged or not text; export the table again as CSV (UTF-8)."
    raise TableError(
        "found a NUL byte, which text does not contain",
        source=source,
        line=count_in(data, b"\n", 0, at) + 1,
        remedy=remedy,
    )


def _first_invalid(data: Data) -> int | None:
    """Position of the first byte that is not UTF-8, found without holding the text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start, chunk in _chunks(data):
        try:
            decoder.decode(chunk, final=start + len(chunk) >= len(data))
        except UnicodeDecodeError as error:
            return max(0, start + error.start)
    return None


def _chunks(data: Data) -> Iterator[tuple[int, bytes]]:
    for start in range(0, len(data), _CHUNK):
        yield start, data[start : start + _CHUNK]


def _eight_bit(data: Data, bad: int, source: str) -> tuple[bytes, str]:
    line = count_in(data, b"\n", 0, bad) + 1
    head = data[:_HEAD]
    if len(head.translate(None, _CONTROLS)) < len(head):
        raise TableError(
            "this is not text (control characters, and not UTF-8)",
            source=source,
            line=line,
            remedy=_EXPORT,
        )
    try:
        text, name = str(data, "cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, name = str(data, "latin-1"), "Latin-1"
    note = (
        f"not UTF-8 (first on line {line}), so read as {name}; "
        "if accented letters look wrong, name the encoding"
    )
    return text.encode("utf-8"), note
