"""What a file that is no model file looks like, from its first bytes: a help for error messages.

This file reads no file and decides nothing; it only finds words.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Guess", "guess_file"]


class Guess(NamedTuple):
    """What a file looks like.

    Attributes:
        what: half a sentence that ends "… is not a model file: ".
        remedy: what to do next; empty where nothing better than the general advice is known.
    """

    what: str
    remedy: str = ""


_PICKLE = Guess(
    "this is a pickle; clearprop never runs code from a file",
    "Load it where it was made, with the library that made it, and save the model with save_model.",
)
_TABLE = Guess(
    "it looks like a table of text (CSV)",
    "The model file comes first and the data second; give them in that order.",
)

_SIGNATURES: tuple[tuple[bytes, Guess], ...] = (
    (rb"\x80[\x02-\x05]", _PICKLE),
    (rb"(?s)PK\x03\x04.{0,300}data\.pkl", Guess("this is a PyTorch file, which holds a pickle; "
        "clearprop never runs code from a file", _PICKLE.remedy)),
    (rb"(?s)PK\x03\x04.{0,100}\.npy", Guess("this is a NumPy archive (.npz)")),
    (rb"PK\x03\x04", Guess("this is a zip archive")),
    (rb"\x93NUMPY", Guess("this is a NumPy array (.npy)")),
    (rb"\x89HDF\r\n", Guess("this is an HDF5 file, such as an old Keras model")),
    (rb"PAR1", Guess("this is a Parquet table", _TABLE.remedy)),
    (rb"GGUF", Guess("this is a GGUF language model")),
    (rb"\x1f\x8b", Guess("this is a gzip-compressed file")),
    (rb"\x08[\x01-\x20][\x12\x3a]", Guess("it looks like an ONNX model")),
)  # fmt: skip


def guess_file(start: bytes) -> Guess | None:
    r"""Say what a file looks like, from its first bytes; None where nothing fits.

    Args:
        start: the first bytes, a few hundred or more.

    Examples:
        >>> import pickle
        >>> guess_file(pickle.dumps([1, 2])).what
        'this is a pickle; clearprop never runs code from a file'
        >>> guess_file(b"alcohol,ash,class\n14.2,2.4,0\n").what
        'it looks like a table of text (CSV)'
    """
    for signature, guess in _SIGNATURES:
        if re.match(signature, start):
            return guess
    text = start.decode("utf-8", "ignore")
    if len(text.encode()) < len(start) - 3 or re.search(r"[\x00-\x08\x0e-\x1f]", text):
        return None
    if re.match(r"\s*[{\[]", text):
        return Guess("it looks like JSON text")
    if re.search("[,;\t|]", text.partition("\n")[0]):
        return _TABLE
    return Guess("it looks like plain text")
