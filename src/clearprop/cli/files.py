"""Which files a command may write, and which model it reads.

Nothing that stands there is lost unasked: only a model of clearprop's own is replaced.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from clearprop.errors import ModelFileError, ParameterError
from clearprop.model_file import load_model
from clearprop.table_model import TableModel

__all__ = ["default_model_path", "load_table_model", "require_model_path", "require_new_file"]

SUFFIX = ".safetensors"
_OUR_START = b'{"__metadata__":{"format":"clearprop/model"'


def default_model_path(source: str) -> str:
    """The model's file in the current folder, named for the data.

    Examples:
        >>> default_model_path("data/wine.csv.gz"), default_model_path("digits")
        ('wine.safetensors', 'digits.safetensors')
    """
    name = re.sub(r"\.(csv|tsv|txt|parquet|pq)?(\.gz)?$", "", os.path.basename(source))
    return f"{name.strip('-') or 'model'}{SUFFIX}"


def require_model_path(path: str, *, force: bool) -> None:
    """Refuse, before training, a file that the model may not or cannot be written to.

    Raises:
        ParameterError: another file stands there, or the folder cannot be written.
    """
    if not path.endswith(SUFFIX):
        raise ParameterError(
            f"--output {path}: expected a name that ends in {SUFFIX}",
            remedy=f"Name the file {path}{SUFFIX}, for instance.",
        )
    _require_folder(path, "--output")
    if os.path.lexists(path) and not force and not _is_ours(path):
        raise ParameterError(
            f"--output {path}: a file that is no model of clearprop stands there",
            remedy="Name another file, or replace it with --force.",
        )


def require_new_file(
    path: str, *, force: bool, inputs: list[str], option: str = "--output"
) -> None:
    """Refuse a file to write that stands there already.

    Raises:
        ParameterError: it does, or it is one of the files read, or the folder cannot be written.
    """
    _require_folder(path, option)
    if any(os.path.exists(given) and os.path.exists(path) and os.path.samefile(given, path)
           for given in inputs):  # fmt: skip
        raise ParameterError(
            f"{option} {path}: this file is read here and would be lost",
            remedy="Name another file.",
        )
    if os.path.lexists(path) and not force:
        raise ParameterError(
            f"{option} {path}: a file stands there already",
            remedy="Name another file, or replace it with --force.",
        )


def load_table_model(path: str) -> TableModel:
    """A model that takes tables.

    Raises:
        ModelFileError: no model of clearprop, or one of arrays.
    """
    model = load_model(path)
    if not isinstance(model, TableModel):
        raise ModelFileError(
            f"{path!r} holds a network that takes arrays: it does not know the columns of a table",
            remedy="Use it in Python: clearprop.load_model; or train with clearprop train.",
        )
    return model


def _require_folder(path: str, option: str) -> None:
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise ParameterError(f"{option} {path}: this is a folder", remedy="Name a file in it.")
    if not os.path.isdir(folder):
        raise ParameterError(
            f"{option} {path}: there is no folder {folder!r}", remedy="Create it first."
        )
    if not os.access(folder, os.W_OK):
        raise ParameterError(
            f"{option} {path}: the folder {folder!r} may not be written",
            remedy="Name a file in a folder of yours.",
        )


def _is_ours(path: str) -> bool:
    if not Path(path).is_file():
        return False
    with open(path, "rb") as file:
        return file.read(8 + len(_OUR_START))[8:] == _OUR_START
