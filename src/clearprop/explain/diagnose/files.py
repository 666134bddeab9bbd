"""Gradients, parameters and batches from files of numbers: .npy, .npz and CSV.

Nothing in a file is run: NumPy's files are read without pickles. This file knows nothing of the
command line.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.errors import ParameterError, ShapeError, TableError
from clearprop.explain.diagnose.names import parse_name
from clearprop.network import Layer, Network

__all__ = ["as_parameters", "as_suspect", "as_targets", "read_array", "read_arrays"]

Array = npt.NDArray[Any]

_DELIMITERS = (",", ";", "\t", None)
# What NumPy and zipfile raise of a damaged file, once it is open.
_DAMAGED = (
    ValueError, EOFError, KeyError, NotImplementedError, OSError, RuntimeError,
    struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_NO_FILE = "Write it with numpy.save, numpy.savez or numpy.savetxt(..., delimiter=',')."


def read_arrays(paths: Sequence[str]) -> dict[str, Array]:
    """All arrays of some files by name: an .npz has its own names, others are called as the file.

    Args:
        paths: .npy, .npz or CSV files.

    Returns:
        Name -> array, in the order of the files.

    Raises:
        ParameterError: a file that is none of these, or two arrays of one name.
        TableError: a CSV with something other than numbers.
        OSError: a file that cannot be read.
    """
    arrays: dict[str, Array] = {}
    for path in paths:
        for name, array in _read(path).items():
            if name in arrays:
                raise ParameterError(
                    f"{path}: there are two arrays called {name!r}",
                    remedy="Rename one of them: dW0, db0, dW1 and so on.",
                )
            arrays[name] = array
    return arrays


def read_array(path: str) -> Array:
    """The one array of a file, two-dimensional: a vector is a column.

    Raises:
        ParameterError: none or several arrays, or no such file of numbers.
        TableError: a CSV with something other than numbers.
        OSError: the file cannot be read.
    """
    arrays = _read(path)
    if len(arrays) != 1:
        raise ParameterError(
            f"{path}: got {len(arrays)} arrays ({', '.join(arrays)}), expected one",
            remedy="Give a file with one array, such as an .npy or a CSV.",
        )
    (array,) = arrays.values()
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _read(path: str) -> dict[str, Array]:
    suffix = Path(path).suffix.lower()
    if suffix not in (".npy", ".npz"):
        return {Path(path).stem: _read_csv(path)}
    with open(path, "rb") as file:
        try:
            loaded = np.load(file, allow_pickle=False)
            arrays = dict(loaded) if not isinstance(loaded, np.ndarray) else loaded
        except _DAMAGED as error:
            what = "it holds Python objects" if "allow_pickle" in str(error) else str(error)
            raise ParameterError(
                f"{path}: this is no file of numbers that NumPy wrote ({what})", remedy=_NO_FILE
            ) from error
    if isinstance(arrays, dict):
        return {name: _numbers(f"{path}, {name}", array) for name, array in arrays.items()}
    return {Path(path).stem: _numbers(path, arrays)}


def _numbers(place: str, array: Array) -> Array:
    if array.dtype.kind not in "fiub":
        raise ParameterError(
            f"{place}: got an array of {array.dtype}, expected real numbers", remedy=_NO_FILE
        )
    return array


def _read_csv(path: str) -> Array:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"{path}: this is no text: expected a CSV of numbers, .npy or .npz", remedy=_NO_FILE
        ) from error
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise ParameterError(f"{path}: there are no numbers in it", remedy=_NO_FILE)
    delimiter = next((mark for mark in _DELIMITERS if mark and mark in lines[0][1]), None)
    if len(lines) > 1 and not any(_is_number(field) for field in _split(lines[0][1], delimiter)):
        lines = lines[1:]
    rows: list[list[float]] = []
    for number, line in lines:
        fields = _split(line, delimiter)
        for field in fields:
            if not _is_number(field):
                raise TableError(
                    "expected a number",
                    source=path,
                    line=number,
                    value=field,
                    remedy="Leave numbers alone in the file, with commas between them.",
                )
        if rows and len(fields) != len(rows[0]):
            raise TableError(
                f"got {len(fields)} numbers, the first line has {len(rows[0])}",
                source=path,
                line=number,
                remedy="Give each line as many numbers.",
            )
        rows.append([float(field) for field in fields])
    array = np.array(rows)
    return array[0] if len(array) == 1 else array


def _split(line: str, delimiter: str | None) -> list[str]:
    return [field.strip().strip('"') for field in line.strip().split(delimiter)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def as_parameters(network: Network, arrays: Mapping[str, Array], source: str) -> list[Layer]:
    """Parameters from named arrays: W0, b0, W1 …, "0.weight", "dense_1/kernel"; or W, b, W, b.

    Args:
        network: the network; its sizes say which arrays are transposed.
        arrays: name -> array.
        source: for messages.

    Raises:
        ShapeError: the arrays are not the network's.
    """
    names = {name: parse_name(name) for name in arrays}
    weights = [name for name, parsed in names.items() if parsed.kind == "dW"]
    biases = [name for name, parsed in names.items() if parsed.kind == "db"]
    if not weights and not biases:
        weights, biases = list(arrays)[::2], list(arrays)[1::2]
    else:
        for group in (weights, biases):
            group.sort(key=lambda name: names[name].number or 0)
    expected = ", ".join(
        f"W{layer} {network.sizes[layer : layer + 2]}, b{layer} {network.sizes[layer + 1 :][:1]}"
        for layer in range(network.n_layers)
    )
    got = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    error = ShapeError(
        f"{source}: got {got}, expected {expected}",
        remedy="Write them with numpy.savez(file, W0=..., b0=..., W1=..., b1=...).",
    )
    if not len(weights) == len(biases) == network.n_layers:
        raise error
    matrices = [np.asarray(arrays[name], np.float64) for name in weights]
    shapes = [network.sizes[layer : layer + 2] for layer in range(network.n_layers)]
    is_transposed = any(names[name].is_torch for name in weights) or not all(
        matrix.shape == shape for matrix, shape in zip(matrices, shapes, strict=True)
    )
    layers = []
    for name, W, shape in zip(biases, matrices, shapes, strict=True):
        b = np.asarray(arrays[name], np.float64).reshape(-1)
        W = W.T if is_transposed else W  # noqa: PLW2901 - the same matrix, our way round
        if W.shape != shape or b.shape != shape[1:]:
            raise error
        layers.append(Layer(W, b))
    return layers


def as_targets(network: Network, Y: Array, source: str) -> Array:
    """Targets, one-hot where they are given as one column of class numbers.

    Raises:
        ShapeError: class numbers that the network does not have.
    """
    n_outputs = network.sizes[-1]
    if network.output != "softmax" or Y.shape[1] != 1 or network.output_parameters:
        return Y
    numbers = Y[:, 0]
    if not np.array_equal(numbers, np.round(numbers)) or not np.all(
        (numbers >= 0) & (numbers < n_outputs)
    ):
        raise ShapeError(
            f"{source}: got one column with other than the class numbers 0 to {n_outputs - 1}",
            remedy=f"Give {n_outputs} columns, one-hot, or class numbers counted from 0.",
        )
    return np.asarray(np.eye(n_outputs)[numbers.astype(int)])


def as_suspect(arrays: Mapping[str, Array]) -> Any:
    """What `diagnose` takes: by name where the names say something, else in order."""
    if any(parse_name(name).kind for name in arrays):
        return dict(arrays)
    listed = list(arrays.values())
    return listed[0] if len(listed) == 1 else listed
