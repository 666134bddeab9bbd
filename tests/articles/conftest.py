"""The articles' two networks in plain NumPy, with numbers, and finite differences as the judge.

Nothing here comes from clearprop: formulas printed in the articles are judged on their own.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mpmath import mpf

AGREES = 1e-6
DIFFERS = 1e-3
ZERO = 1e-11  # entries below this are the finite differences' round-off


def sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z: Any) -> Any:
    return np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)


def derivative(function: Callable[[Any], Any], at: Any, step: float = 1e-3) -> Any:
    """Central differences at two steps, extrapolated; shape of function(at), then shape of at."""
    at = np.asarray(at, dtype=np.float64)

    def central(entry: tuple[int, ...], width: float) -> Any:
        above, below = at.copy(), at.copy()
        above[entry] += width
        below[entry] -= width
        return (np.asarray(function(above)) - np.asarray(function(below))) / (2.0 * width)

    result = np.empty(np.shape(function(at)) + at.shape)
    for entry in np.ndindex(at.shape):
        result[(..., *entry)] = (4.0 * central(entry, step / 2.0) - central(entry, step)) / 3.0
    return result


def relative_error(formula: Any, numeric: Any) -> float:
    """The largest relative difference of two arrays; infinite where their shapes differ."""
    formula, numeric = np.asarray(formula, dtype=np.float64), np.asarray(numeric)
    if formula.shape != numeric.shape or not np.all(np.isfinite(formula)):
        return float("inf")
    size = np.maximum(np.maximum(np.abs(formula), np.abs(numeric)), ZERO / AGREES)
    return float(np.max(np.abs(formula - numeric) / size))


def exactly(array: Any) -> Any:
    """An array as nested lists of mpmath numbers, without rounding."""
    return [exactly(row) if np.ndim(row) else mpf(float(row)) for row in array]


def exact_differences(function: Callable[[], Any], values: Any) -> Any:
    """Central differences of function() by every entry of a nested list, each nudged in place."""
    step, result = mpf(10) ** -15, []
    for index, value in enumerate(values):
        if isinstance(value, list):
            result.append(exact_differences(function, value))
            continue
        values[index] = value + step
        above = function()
        values[index] = value - step
        result.append((above - function()) / (2 * step))
        values[index] = value
    return result


def judge(*, numeric: Any, corrected: Any, printed: Any = None) -> None:
    """The corrected formula agrees with finite differences; the printed one, if any, does not."""
    assert relative_error(corrected, numeric) <= AGREES
    if printed is not None:
        assert relative_error(printed, numeric) > DIFFERS


def article_a_network() -> SimpleNamespace:
    """Article A: 2-2-4-3, sigmoid, softmax, cross-entropy summed over three samples."""
    a = SimpleNamespace(
        X=np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.8]]),
        Y=np.eye(3)[[0, 2, 1]],
        W1=np.array([[0.2, -0.4], [0.7, 0.1]]),
        b1=np.array([0.1, 0.2]),
        W2=np.array([[0.3, -0.6, 0.8, 0.5], [-0.1, 0.9, 0.4, -0.7]]),
        b2=np.array([0.05, -0.15, 0.25, 0.35]),
        W3=np.array([[0.6, -0.3, 0.2], [-0.5, 0.4, 0.7], [0.1, 0.8, -0.9], [-0.2, 0.15, 0.45]]),
        b3=np.array([0.12, -0.22, 0.32]),
    )

    def H(Y: Any = a.Y, **changed: Any) -> Any:  # noqa: N802 - the article's symbol
        """The loss with some quantities changed: X, a weight, or an intermediate z1 to z3."""
        v = {**vars(a), **changed}
        z1 = changed.get("z1", v["X"] @ v["W1"] + v["b1"])
        h1 = changed.get("h1", sigmoid(z1))
        z2 = changed.get("z2", h1 @ v["W2"] + v["b2"])
        h2 = changed.get("h2", sigmoid(z2))
        z3 = changed.get("z3", h2 @ v["W3"] + v["b3"])
        return -np.sum(Y * np.log(softmax(z3)))

    z1 = a.X @ a.W1 + a.b1
    z2 = sigmoid(z1) @ a.W2 + a.b2
    z3 = sigmoid(z2) @ a.W3 + a.b3
    a.z1, a.h1, a.z2, a.h2, a.z3 = z1, sigmoid(z1), z2, sigmoid(z2), z3
    a.yhat = softmax(z3)
    a.delta1 = a.yhat - a.Y
    a.delta2 = a.delta1 @ a.W3.T * a.h2 * (1.0 - a.h2)
    a.delta3 = a.delta2 @ a.W2.T * a.h1 * (1.0 - a.h1)
    a.H = H
    return a


def article_b_network() -> SimpleNamespace:
    """Article B: 2-2-2-2-2 sigmoids, binary cross-entropy over 2N, three samples; W2 to W5."""
    b = SimpleNamespace(
        X=np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.8]]),
        Y=np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
        W2=np.array([[1.2, -0.8], [0.5, 1.6]]),
        b2=np.array([0.1, -0.3]),
        W3=np.array([[-1.4, 0.9], [0.7, 1.1]]),
        b3=np.array([0.2, -0.1]),
        W4=np.array([[1.3, -0.5], [-0.6, 1.5]]),
        b4=np.array([-0.4, 0.3]),
        W5=np.array([[1.7, -1.2], [-0.9, 0.8]]),
        b5=np.array([0.25, -0.15]),
    )

    def outputs(**changed: Any) -> Any:
        """out_o8 and out_o9; a layer a, b, c (nodes 2-3, 4-5, 6-7) or o itself may be given."""
        v = {**vars(b), **changed}
        layer_a = changed.get("a", sigmoid(v["X"] @ v["W2"] + v["b2"]))
        layer_b = changed.get("b", sigmoid(layer_a @ v["W3"] + v["b3"]))
        layer_c = changed.get("c", sigmoid(layer_b @ v["W4"] + v["b4"]))
        return changed.get("o", sigmoid(layer_c @ v["W5"] + v["b5"]))

    def cost(Y: Any = b.Y, **changed: Any) -> Any:
        p = outputs(**changed)
        return -np.sum(Y * np.log(p) + (1.0 - Y) * np.log(1.0 - p)) / (2.0 * len(p))

    b.a = sigmoid(b.X @ b.W2 + b.b2)
    b.b = sigmoid(b.a @ b.W3 + b.b3)
    b.c = sigmoid(b.b @ b.W4 + b.b4)
    b.o = sigmoid(b.c @ b.W5 + b.b5)
    b.N = len(b.X)
    b.outputs, b.cost = outputs, cost
    # One row per sample, one column per node: delta_8, delta_9 and delta_6, delta_7.
    b.delta5 = (b.o - b.Y) / (2.0 * b.N)
    b.delta4 = b.delta5 @ b.W5.T * b.c * (1.0 - b.c)
    return b


@pytest.fixture
def a() -> SimpleNamespace:
    return article_a_network()


@pytest.fixture
def b() -> SimpleNamespace:
    return article_b_network()


@pytest.fixture
def tools() -> SimpleNamespace:
    return SimpleNamespace(
        derivative=derivative,
        exact_differences=exact_differences,
        exactly=exactly,
        judge=judge,
        relative_error=relative_error,
        sigmoid=sigmoid,
        softmax=softmax,
    )
