"""A training state as plain data <-> a file; every number keeps its bits.

It knows nothing of what the state means: only dicts, lists, numbers, text and arrays.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearprop.errors import ModelFileError, ParameterError
from clearprop.safe_file import (
    DTYPES,
    float_from_json,
    float_to_json,
    read_safe_file,
    write_safe_file,
)

__all__ = [
    "load_checkpoint",
    "random_state_from_data",
    "random_state_to_data",
    "save_checkpoint",
]

KIND = "checkpoint"

MT19937_WORDS = 624
"""Words of the Mersenne Twister's state (Matsumoto & Nishimura 1998)."""


def save_checkpoint(path: str | os.PathLike[str], state: dict[str, Any]) -> None:
    """Write a state, in one step: killed at any point, the file is the old one or the new one.

    Args:
        path: the file to write.
        state: dict with str keys; its leaves are arrays (bool, integer, float32, float64), NumPy
            scalars, int, float (also infinite and NaN), str, bool and None, nested by dicts and
            lists.

    Raises:
        ParameterError: a value of another type; the message says where it stands.
        ModelFileError: the file cannot be written; what stood there before is unchanged.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(f"{folder}/run", {"b": np.zeros(2), "best_loss": math.inf})
        ...     load_checkpoint(f"{folder}/run")
        {'b': array([0., 0.]), 'best_loss': inf}
    """
    arrays: dict[str, NDArray[Any]] = {}
    if type(state) is not dict:
        raise ParameterError(
            f"a checkpoint is a dict, got {type(state).__name__}", remedy="Put it in a dict."
        )
    write_safe_file(path, KIND, arrays, _encode(state, (), arrays))


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote: equal types, equal bits, equal order of keys.

    Args:
        path: the file to read.

    Raises:
        ModelFileError: no such file, not a checkpoint, written by a newer version, or damaged.
    """
    arrays, metadata = read_safe_file(path, KIND)
    try:
        state = _decode(metadata, arrays)
        if arrays or type(state) is not dict:
            raise ValueError("arrays that belong nowhere")
    except (ValueError, TypeError, KeyError) as error:
        raise ModelFileError(
            f"{os.fspath(path)!r} holds something else than a checkpoint ({error})",
            remedy="Do not use the file; train anew.",
        ) from error
    return state


def random_state_to_data(random_state: np.random.RandomState) -> dict[str, Any]:
    """The generator's whole state as plain data.

    Args:
        random_state: a `numpy.random.RandomState` on the Mersenne Twister, as `RandomState(seed)`
            and scikit-learn's `check_random_state` give.

    Returns:
        `key` (uint32, shape (624,)), `pos`, `has_gauss` and `gauss`, as NumPy names them.

    Raises:
        ParameterError: a generator of another kind.

    Examples:
        >>> generator = np.random.RandomState(0)
        >>> copy = random_state_from_data(random_state_to_data(generator))
        >>> bool(copy.uniform() == generator.uniform())
        True
    """
    state = random_state.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise ParameterError(
            f"random_state: got a generator of kind {state['bit_generator']}, expected MT19937",
            remedy="Give a seed or numpy.random.RandomState(seed).",
        )
    return {
        "key": state["state"]["key"],
        "pos": int(state["state"]["pos"]),
        "has_gauss": int(state["has_gauss"]),
        "gauss": float(state["gauss"]),
    }


def random_state_from_data(data: dict[str, Any]) -> np.random.RandomState:
    """The generator that `random_state_to_data` described, about to draw the same numbers.

    Args:
        data: `key`, `pos`, `has_gauss` and `gauss`.

    Raises:
        ModelFileError: `data` describes no such generator.
    """
    key, pos = data.get("key"), data.get("pos")
    if (
        set(data) != {"key", "pos", "has_gauss", "gauss"}
        or not isinstance(key, np.ndarray)
        or key.dtype != np.uint32
        or key.shape != (MT19937_WORDS,)
        or type(pos) is not int
        or not 0 <= pos <= MT19937_WORDS
        or data["has_gauss"] not in (0, 1)
        or type(data["gauss"]) is not float
    ):
        raise ModelFileError(
            "this is no state of a random generator (MT19937)",
            remedy="Take an undamaged copy of the file, or train anew.",
        )
    generator = np.random.RandomState()
    generator.set_state(("MT19937", key, pos, data["has_gauss"], data["gauss"]))
    return generator


def _encode(value: Any, place: tuple[str, ...], arrays: dict[str, NDArray[Any]]) -> Any:
    """Value as JSON; each JSON object has one key, which says what stands for what."""
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.name not in DTYPES:
            raise _not_storable(value, place)
        name = _array_name(place, arrays)
        arrays[name] = np.asarray(value)
        return {"array" if isinstance(value, np.ndarray) else "scalar": name}
    if type(value) is dict:
        if not all(type(key) is str for key in value):
            raise _not_storable(value, place)
        return {"dict": {key: _encode(item, (*place, key), arrays) for key, item in value.items()}}
    if type(value) is list:
        return [_encode(item, (*place, str(at)), arrays) for at, item in enumerate(value)]
    if type(value) is float and not math.isfinite(value):
        return {"float": float_to_json(value)}
    if type(value) not in (str, int, float, bool, type(None)):
        raise _not_storable(value, place)
    return value


def _decode(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """What `_encode` was given; takes every array out of `arrays` once."""
    if type(value) is list:
        return [_decode(item, arrays) for item in value]
    if type(value) is not dict:
        return value
    ((tag, inner),) = value.items()
    if tag == "array":
        return arrays.pop(inner)
    if tag == "scalar":
        return arrays.pop(inner).reshape(())[()]
    if tag == "float":
        return float_from_json(inner)
    if tag == "dict" and type(inner) is dict:
        return {key: _decode(item, arrays) for key, item in inner.items()}
    raise ValueError(f"an entry {tag!r}")


def _array_name(place: tuple[str, ...], taken: dict[str, NDArray[Any]]) -> str:
    """A name a reader understands: the keys that lead to the array; made unique where needed."""
    readable = "".join(
        letter if letter.isascii() and letter.isprintable() else "?" for letter in "/".join(place)
    )
    name = readable or "?"
    while name in taken or name == "__metadata__":
        name += "'"
    return name


def _not_storable(value: Any, place: tuple[str, ...]) -> ParameterError:
    of_dtype = f" of dtype {value.dtype}" if isinstance(value, np.ndarray) else ""
    keys = " with keys that are not text" if type(value) is dict else ""
    return ParameterError(
        f"state {'/'.join(place)!r}: got {type(value).__name__}{of_dtype}{keys}, which a "
        "checkpoint cannot hold",
        remedy="Use dicts with text keys, lists, arrays of numbers, numbers, text, True, False "
        "and None.",
    )
