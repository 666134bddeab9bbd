"""Gradients from files: each format, names leniently, and every fault a clear error."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearprop import Network
from clearprop.errors import ClearpropError, ParameterError, ShapeError, TableError
from clearprop.explain.diagnose.files import (
    as_parameters,
    as_suspect,
    as_targets,
    read_array,
    read_arrays,
)

A = np.array([[1.5, -2.0, 3e-7], [0.1, 5.0, -6.0]])


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_format_gives_the_numbers_back() -> None:
    np.save("dW0.npy", A)
    np.savez("all.npz", **{"grads/b1": A[0], "delta1": A})
    np.savetxt("dW1.csv", A, delimiter=",")
    np.savetxt("dW2.csv", A, delimiter=";", header="a;b;c", comments="")
    np.savetxt("db0.txt", A[0])
    np.savetxt("db2.csv", A[:1], delimiter=",")
    Path("dW3.csv").write_bytes("\ufeff1.5,-2\r\n\r\n# a remark\r\n0.1,5\r\n".encode())
    files = ["dW0.npy", "all.npz", "dW1.csv", "dW2.csv", "db0.txt", "db2.csv", "dW3.csv"]
    arrays = read_arrays(files)
    assert list(arrays) == ["dW0", "grads/b1", "delta1", "dW1", "dW2", "db0", "db2", "dW3"]
    for name in ("dW0", "delta1", "dW1", "dW2"):
        np.testing.assert_array_equal(arrays[name], A)
    np.testing.assert_array_equal(arrays["db0"], A[0][:, None])
    np.testing.assert_array_equal(arrays["db2"], A[0])
    np.testing.assert_array_equal(arrays["dW3"], A[:, :2])
    assert read_array("db2.csv").shape == (3, 1)


def test_arrays_without_names_are_taken_in_order() -> None:
    assert set(as_suspect({"dW0": A, "x": A})) == {"dW0", "x"}
    listed = as_suspect({"arr_0": A, "arr_1": A[0]})
    assert [array.shape for array in listed] == [(2, 3), (3,)]
    assert as_suspect({"gradient": A}) is A


class Harmful:
    """Unpickling it would be noticed."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("a file has run code",)


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.npy", b"", ParameterError, "no file of numbers"),
        ("a.npy", b"PK\x03\x04damaged", ParameterError, "no file of numbers"),
        ("a.npz", b"1,2,3", ParameterError, "no file of numbers"),
        ("a.npy", pickle.dumps(Harmful()), ParameterError, "no file of numbers"),
        ("a.csv", b"", ParameterError, "no numbers"),
        ("a.csv", b"\xff\xfe\x00\x01", ParameterError, "no text"),
        ("a.csv", b"1,2\n3,x\n", TableError, "a.csv, line 2, value 'x': expected a number"),
        ("a.csv", b"1,2\n3\n", TableError, "line 2: got 1 numbers, the first line has 2"),
        ("a.csv", b"1,2\n3,\n", TableError, "line 2, value '': expected a number"),
    ],
)
def test_faulty_files_are_refused(
    name: str, content: bytes, error: type[ClearpropError], message: str
) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(error, match=message):
        read_arrays([name])


def test_a_damaged_archive_is_refused_wherever_it_is_damaged() -> None:
    np.savez_compressed("a.npz", dW0=np.random.default_rng(0).normal(size=(9, 9)))
    content = Path("a.npz").read_bytes()
    for place in range(0, len(content), 7):
        for damaged in (content[:place], content[:place] + b"\xff" + content[place + 1 :]):
            Path("a.npz").write_bytes(damaged)
            try:
                read_arrays(["a.npz"])  # damage may be where nothing is read
            except ParameterError as error:
                assert "no file of numbers" in error.message  # noqa: PT017 - or no error


def test_files_of_objects_and_of_text_are_refused() -> None:
    np.save("a.npy", np.array([Harmful()]), allow_pickle=True)
    np.save("b.npy", np.array(["a"]))
    np.savez("c.npz", x=A, y=A)
    for name, message in (("a.npy", "Python objects"), ("b.npy", "expected real numbers")):
        with pytest.raises(ParameterError, match=message):
            read_arrays([name])
    with pytest.raises(ParameterError, match=r"got 2 arrays \(x, y\), expected one"):
        read_array("c.npz")
    with pytest.raises(ParameterError, match="two arrays called 'x'"):
        read_arrays(["c.npz", "c.npz"])
    with pytest.raises(FileNotFoundError):
        read_arrays(["none.npy"])


NETWORK = Network([3, 4, 4, 2])


def test_parameters_are_read_in_any_usual_layout() -> None:
    ours = NETWORK.initialize(0)
    plain = {f"{kind}{k}": getattr(ours[k], kind) for k in range(3) for kind in "Wb"}
    written = [
        plain,
        {f"arr_{i}": array for i, array in enumerate(plain.values())},
        {f"{name[0]}{int(name[1]) + 1}": array for name, array in plain.items()},
        {f"{2 * k}.{name}": array
         for k, (W, b) in enumerate(ours) for name, array in (("weight", W.T), ("bias", b))},
        {f"W{k}": W.T for k, (W, _) in enumerate(ours)} | {f"b{k}": b for k, (_, b) in
                                                           enumerate(ours)},
    ]  # fmt: skip
    for arrays in written:
        for layer, expected in zip(as_parameters(NETWORK, arrays, "P.npz"), ours, strict=True):
            np.testing.assert_array_equal(layer.W, expected.W)
            np.testing.assert_array_equal(layer.b, expected.b)
    with pytest.raises(ShapeError, match=r"P.npz: got W0 \(3, 4\), expected W0 \(3, 4\), b0"):
        as_parameters(NETWORK, {"W0": ours[0].W}, "P.npz")
    with pytest.raises(ShapeError, match="expected W0"):
        as_parameters(NETWORK, {**plain, "b1": np.ones(3)}, "P.npz")


def test_class_numbers_become_one_hot_for_softmax_alone() -> None:
    numbers = np.array([[1.0], [0.0]])
    np.testing.assert_array_equal(as_targets(NETWORK, numbers, "Y"), [[0.0, 1.0], [1.0, 0.0]])
    regression = Network([3, 1], output="identity")
    assert as_targets(regression, numbers, "Y") is numbers
    for wrong in ([[2.0]], [[0.5]], [[-1.0]]):
        with pytest.raises(ShapeError, match="class numbers 0 to 1"):
            as_targets(NETWORK, np.array(wrong), "Y")
