"""Each optimizer against its formula, and against scikit-learn's own where it has one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from clearprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Clipped,
    Momentum,
    Nadam,
    Nesterov,
    Optimizer,
    RMSprop,
)

ALL = [
    SGD(),
    Momentum(0.8),
    Nesterov(0.8),
    RMSprop(0.7),
    Adam(),
    AdamW(weight_decay=0.3),
    Nadam(0.8, 0.9),
]
RATES = [0.1, 0.05, 0.2, 0.01]


def draw(seed: int, dtype: Any = np.float64) -> tuple[list[Any], list[list[Any]]]:
    """Weights and a bias, and four gradients for them."""
    generator = np.random.default_rng(seed)
    shapes = [(3, 2), (2,)]
    arrays = [generator.normal(size=shape).astype(dtype) for shape in shapes]
    return arrays, [[generator.normal(size=shape).astype(dtype) for shape in shapes] for _ in RATES]


def train(optimizer: Optimizer, seed: int, dtype: Any = np.float64) -> list[Any]:
    arrays, gradients = draw(seed, dtype)
    state = optimizer.start(arrays)
    for gradient, rate in zip(gradients, RATES, strict=True):
        optimizer.update(arrays, gradient, state, rate)
    return arrays


def by_formula(optimizer: Any, w: Any, gradients: list[Any]) -> Any:
    """The formulas of the classes' docstrings, one array, nothing in place."""
    v = m = s = np.zeros_like(w)
    for t, (dw, rate) in enumerate(zip(gradients, RATES, strict=True), start=1):
        if isinstance(optimizer, SGD):
            w = w - rate * dw
        elif isinstance(optimizer, Momentum):
            v = optimizer.momentum * v - rate * dw
            w = w + v
        elif isinstance(optimizer, Nesterov):
            v = optimizer.momentum * v - rate * dw
            w = w + optimizer.momentum * v - rate * dw
        elif isinstance(optimizer, RMSprop):
            s = optimizer.beta_2 * s + (1 - optimizer.beta_2) * dw**2
            w = w - rate * dw / (np.sqrt(s) + optimizer.epsilon)
        else:
            if isinstance(optimizer, AdamW) and w.ndim == 2:
                w = w - rate * optimizer.weight_decay * w
            m = optimizer.beta_1 * m + (1 - optimizer.beta_1) * dw
            s = optimizer.beta_2 * s + (1 - optimizer.beta_2) * dw**2
            step = rate * np.sqrt(1 - optimizer.beta_2**t) / (1 - optimizer.beta_1**t)
            ahead = m
            if isinstance(optimizer, Nadam):
                left = (1 - optimizer.beta_1**t) / (1 - optimizer.beta_1 ** (t + 1))
                ahead = optimizer.beta_1 * left * m + (1 - optimizer.beta_1) * dw
            w = w - step * ahead / (np.sqrt(s) + optimizer.epsilon)
    return w


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_four_updates_follow_the_formula(optimizer: Optimizer, seed: int) -> None:
    before, gradients = draw(seed)
    for index, after in enumerate(train(optimizer, seed)):
        expected = by_formula(optimizer, before[index], [step[index] for step in gradients])
        np.testing.assert_allclose(after, expected, rtol=1e-12, atol=1e-13)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), momentum=st.floats(0, 1), nesterov=st.booleans())
def test_momentum_is_scikit_learns(seed: int, momentum: float, nesterov: bool) -> None:
    arrays, gradients = draw(seed)
    peer = SGDOptimizer(arrays, 0.1, momentum=momentum, nesterov=nesterov)
    for gradient, rate in zip(gradients, RATES, strict=True):
        peer.learning_rate = rate
        peer.update_params(arrays, gradient)
    ours = train((Nesterov if nesterov else Momentum)(momentum), seed)
    for w, expected in zip(ours, arrays, strict=True):
        np.testing.assert_allclose(w, expected, rtol=1e-12, atol=1e-13)


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    beta_1=st.floats(0, 0.99),
    beta_2=st.floats(0, 0.9999),
    epsilon=st.sampled_from([1e-8, 1e-3]),
)
def test_adam_is_scikit_learns(seed: int, beta_1: float, beta_2: float, epsilon: float) -> None:
    arrays, gradients = draw(seed)
    peer = AdamOptimizer(arrays, 0.1, beta_1, beta_2, epsilon)
    for gradient, rate in zip(gradients, RATES, strict=True):
        peer.learning_rate_init = rate
        peer.update_params(arrays, gradient)
    for w, expected in zip(train(Adam(beta_1, beta_2, epsilon), seed), arrays, strict=True):
        np.testing.assert_allclose(w, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)
def test_float32_stays_float32_in_parameters_and_state(optimizer: Optimizer) -> None:
    arrays, gradients = draw(0, np.float32)
    state = optimizer.start(arrays)
    for gradient in gradients:
        optimizer.update(arrays, gradient, state, 0.1)
    kept = [*arrays, *(slot for slots in state.slots.values() for slot in slots)]
    assert {array.dtype for array in kept} == {np.dtype(np.float32)}
    for w, expected in zip(train(optimizer, 0, np.float32), train(optimizer, 0), strict=True):
        np.testing.assert_allclose(w, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)
def test_updates_in_place_and_leaves_the_gradients_alone(optimizer: Optimizer) -> None:
    arrays, gradients = draw(1)
    held, given = list(arrays), [array.copy() for array in gradients[0]]
    values = [array.copy() for array in arrays]
    state = optimizer.start(arrays)
    optimizer.update(arrays, gradients[0], state, 0.1)
    assert state.n_updates == 1
    for w, same, value in zip(arrays, held, values, strict=True):
        assert w is same
        assert not np.array_equal(w, value)
    for dw, same in zip(gradients[0], given, strict=True):
        np.testing.assert_array_equal(dw, same)


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)
def test_two_runs_share_no_state(optimizer: Optimizer) -> None:
    assert [w.tobytes() for w in train(optimizer, 2)] == [w.tobytes() for w in train(optimizer, 2)]


def test_adams_powers_are_running_products() -> None:
    arrays, gradients = draw(3)
    adam = Adam(beta_1=0.7, beta_2=0.97)
    state = adam.start(arrays)
    beta_1 = beta_2 = 1.0
    for _ in range(40):
        adam.update(arrays, gradients[0], state, 0.1)
        beta_1, beta_2 = beta_1 * 0.7, beta_2 * 0.97
    assert state.powers == {"beta_1": beta_1, "beta_2": beta_2}


def test_adamw_decays_weights_and_no_bias() -> None:
    W, b = np.full((2, 2), 4.0), np.full(2, 4.0)
    zero = [np.zeros_like(W), np.zeros_like(b)]
    optimizer = AdamW(weight_decay=0.5)
    state = optimizer.start([W, b])
    for _ in range(2):
        optimizer.update([W, b], zero, state, learning_rate=0.1)
    np.testing.assert_allclose(W, 4.0 * 0.95**2)
    np.testing.assert_array_equal(b, 4.0)


def test_adamw_without_decay_is_adam() -> None:
    for w, expected in zip(train(AdamW(weight_decay=0.0), 4), train(Adam(), 4), strict=True):
        np.testing.assert_array_equal(w, expected)


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)
def test_a_gradient_too_few_is_an_error(optimizer: Optimizer) -> None:
    arrays, gradients = draw(5)
    with pytest.raises(ValueError, match="zip"):
        optimizer.update(arrays, gradients[0][:1], optimizer.start(arrays), 0.1)


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)
def test_a_gradient_of_another_length_steps_as_far_as_one_of_the_greatest(
    optimizer: Optimizer,
) -> None:
    arrays, gradients = draw(6)
    norm = np.sqrt(sum(float((dw**2).sum()) for dw in gradients[0]))
    clipped = Clipped(optimizer, max_norm=0.25 * norm)
    clipped.update(arrays, gradients[0], clipped.start(arrays), 0.1)
    expected, _ = draw(6)
    quarter = [0.25 * dw for dw in gradients[0]]
    optimizer.update(expected, quarter, optimizer.start(expected), 0.1)
    for w, right in zip(arrays, expected, strict=True):
        np.testing.assert_allclose(w, right, rtol=1e-12)


def test_a_short_gradient_is_left_alone() -> None:
    for w, expected in zip(train(Clipped(Adam(), 1e3), 7), train(Adam(), 7), strict=True):
        np.testing.assert_array_equal(w, expected)
