"""Every row of the table of outputs: losses and deltas against mpmath, reductions by hand.

Knows nothing of layers and networks.
"""

from __future__ import annotations

from typing import Any

import array_api_strict
import mpmath
import numpy as np
import pytest

from clearprop.losses import OUTPUTS, REDUCTIONS, reduction_factor

mpmath.mp.dps = 50
mp = mpmath.mpf
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
NAMES = pytest.mark.parametrize("name", list(OUTPUTS))
SIZES = [0.0, 1e-8, 1e-3, 0.3, 1.0, 17.0, 40.0, 90.0, 300.0, 1e4]
PARAMETERS = {"huber": 0.5, "quantile": 0.75}  # exact in float32 too
LOGITS = sorted({sign * size for size in SIZES for sign in (-1.0, 1.0)})


OF_A_DIFFERENCE = {
    "identity": lambda d: d**2 / 2,
    "median": abs,
    "huber": lambda d: d**2 / 2 if abs(d) <= 0.5 else (abs(d) - mp(0.25)) / 2,
    "quantile": lambda d: max(-3 * d, d) / 4,
}


def parameters(name: str, n_outputs: int) -> list[float]:
    """The same parameter for every output, or none."""
    return [PARAMETERS[name]] * n_outputs if name in PARAMETERS else []


def exact_terms(name: str, z: list[Any], y: list[Any]) -> list[Any]:
    """The loss terms of one sample, from the formulas as a textbook prints them."""
    if name == "softmax":
        # Shifted: 50 digits would not hold 1 + exp(-1e4).
        largest = z.index(max(z))
        others = mpmath.fsum(mpmath.exp(v - z[largest]) for i, v in enumerate(z) if i != largest)
        return [yk * ((z[largest] - zk) + mpmath.log1p(others)) for zk, yk in zip(z, y)]  # noqa: B905 - equal by construction
    if name == "logistic":
        return [
            yk * mpmath.log1p(mpmath.exp(-zk)) + (1 - yk) * mpmath.log1p(mpmath.exp(zk))
            for zk, yk in zip(z, y)  # noqa: B905 - equal by construction
        ]
    if name in OF_A_DIFFERENCE:
        return [OF_A_DIFFERENCE[name](zk - yk) for zk, yk in zip(z, y)]  # noqa: B905 - equal by construction
    return [
        (yk * (mpmath.log(yk) - zk) if yk else 0) - yk + mpmath.exp(zk)
        for zk, yk in zip(z, y)  # noqa: B905 - equal by construction
    ]


def grid(name: str, dtype: type) -> tuple[Any, Any]:
    """Pairs of logits of every size and gap, with hard and soft targets."""
    logits = [z for z in LOGITS if name != "exponential" or -90 <= z <= 40]
    z = np.array([(a, b) for a in logits for b in logits], dtype)
    hard = np.tile(np.array([1.0, 0.0], dtype), (len(z), 1))
    soft = np.tile(np.array([0.25, 0.75], dtype), (len(z), 1))
    return np.concatenate([z, z]), np.concatenate([hard, soft])


@NAMES
@DTYPES
def test_loss_terms_against_mpmath(name: str, dtype: type) -> None:
    z, Y = grid(name, dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = OUTPUTS[name].loss_terms(z, Y, parameters(name, 2))
    assert found.dtype == dtype
    for row, zs, ys in zip(found, z, Y, strict=True):
        exact = exact_terms(name, [mp(float(v)) for v in zs], [mp(float(v)) for v in ys])
        for value, right, zk, yk in zip(row, exact, zs, ys, strict=True):
            # What float32 or float64 cannot hold at all is allowed to become 0.
            allowed = 1e-6 * abs(right) + float(np.finfo(dtype).tiny)
            if name in ("median", "huber", "quantile"):
                # z - y is rounded to the larger one's last bit.
                allowed += float(np.spacing(np.maximum(np.abs(zk), np.abs(yk))))
            if name == "exponential" and yk > 0:
                # log y is rounded to its last bit, which shifts z: the loss follows by its slope.
                last_bit = float(np.spacing(np.abs(np.log(yk))))
                allowed += last_bit * abs(float(np.exp(np.float64(zk))) - float(yk))
            assert abs(mp(float(value)) - right) <= allowed, (zs, ys, value, right)


@pytest.mark.parametrize("d", [1e-8, -1e-8, 1e-4, 0.1, -0.49, 0.49, 0.51, -3.0])
@pytest.mark.parametrize("y", [0.25, 1.0, 7.0, 1e6])
def test_poisson_deviance_keeps_its_digits_near_zero(d: float, y: float) -> None:
    z = float(np.log(y)) + d
    found = OUTPUTS["exponential"].loss_terms(np.array([z]), np.array([y]))[0]
    right = exact_terms("exponential", [mp(z)], [mp(y)])[0]
    # log y is rounded to its last bit, 2^-53 |log y|, which d then loses.
    allowed = 1e-14 + 4 * 2.0**-53 * abs(np.log(y)) / abs(d)
    assert abs(mp(float(found)) - right) <= allowed * right
    assert allowed <= 1e-6


@NAMES
@DTYPES
def test_outputs_and_deltas_stay_finite(name: str, dtype: type) -> None:
    z, Y = grid(name, dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yhat = OUTPUTS[name].function(z)
        delta = OUTPUTS[name].delta(yhat, Y, parameters(name, 2))
    assert yhat.dtype == delta.dtype == dtype
    assert np.all(np.isfinite(yhat))
    assert np.all(np.isfinite(delta))
    if name == "softmax":
        np.testing.assert_allclose(np.sum(yhat, axis=1), 1.0, rtol=1e-6)


@NAMES
@pytest.mark.parametrize("target", [[1.0, 0.0, 0.0], [0.2, 0.3, 0.5], [0.333, 0.333, 0.333]])
def test_delta_is_the_derivative_of_the_summed_terms(name: str, target: list[float]) -> None:
    z, row = np.array([[0.3, -1.2, 2.0]]), OUTPUTS[name]
    delta = row.delta(row.function(z), np.array([target]), parameters(name, 3))[0]
    for k in range(3):

        def summed(value: Any, k: int = k) -> Any:
            logits = [mp(float(v)) for v in z[0]]
            logits[k] = value
            return mpmath.fsum(exact_terms(name, logits, [mp(t) for t in target]))

        assert float(mpmath.diff(summed, mp(float(z[0, k])))) == pytest.approx(delta[k], rel=1e-12)


@NAMES
def test_any_array_library_and_stacks(name: str) -> None:
    z, Y = np.array([[0.3, -1.2], [2.0, 5.0]]), np.array([[1.0, 0.0], [0.4, 0.6]])
    row = OUTPUTS[name]
    expected = row.loss_terms(z, Y, parameters(name, 2))
    strict = row.loss_terms(
        array_api_strict.asarray(z), array_api_strict.asarray(Y), parameters(name, 2)
    )
    assert type(strict) is type(array_api_strict.asarray(z))
    np.testing.assert_allclose(np.asarray(strict), expected, rtol=1e-15)
    stack = row.loss_terms(np.stack([z, z]), Y, parameters(name, 2))
    np.testing.assert_array_equal(stack, np.stack([expected, expected]))


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [("sum", 1.0, 1.0), ("mean", 1 / 4, 1 / 10), ("mean_all", 1 / 8, 1 / 20)],
)
def test_reduction_factors_by_hand(reduction: str, plain: float, weighted: float) -> None:
    assert reduction_factor(reduction, 4, 2) == plain
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    assert float(reduction_factor(reduction, 4, 2, weights)) == pytest.approx(weighted, rel=1e-15)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_of_zero_give_a_finite_factor(reduction: str) -> None:
    assert np.isfinite(reduction_factor(reduction, 3, 2, np.zeros(3)))


@NAMES
def test_jacobians_are_the_slopes_of_the_outputs(name: str) -> None:
    row = OUTPUTS[name]
    z = np.random.default_rng(0).normal(size=(5, 4))
    jacobian = row.jacobian(row.function(z))
    assert jacobian.shape == (5, 4, 4)
    for column in range(4):
        step = np.zeros(4)
        step[column] = 1e-6
        measured = (row.function(z + step) - row.function(z - step)) / 2e-6
        np.testing.assert_allclose(jacobian[:, :, column], measured, atol=1e-9)
    strict = row.jacobian(array_api_strict.asarray(row.function(z)))
    np.testing.assert_allclose(np.asarray(strict), jacobian, rtol=1e-12)


@pytest.mark.parametrize("name", ["median", "huber", "quantile"])
def test_a_residual_of_nothing_has_no_loss_and_no_delta(name: str) -> None:
    row, y = OUTPUTS[name], np.array([[2.0, -3.0]])
    np.testing.assert_array_equal(row.loss_terms(y, y, parameters(name, 2)), 0.0)
    np.testing.assert_array_equal(row.delta(y, y, parameters(name, 2)), 0.0)


@pytest.mark.parametrize("name", ["median", "huber", "quantile"])
def test_a_branch_is_the_loss_where_it_holds_and_its_piece_elsewhere(name: str) -> None:
    row, numbers = OUTPUTS[name], parameters(name, 1)
    y, at = np.zeros((1, 1)), np.array([[3.0]])
    assert row.branch is not None
    assert row.branch(at, y, at, numbers) == row.loss_terms(at, y, numbers)
    step = 1e-3 * np.ones((1, 1))
    slope = (row.branch(step, y, at, numbers) - row.branch(-step, y, at, numbers)) / 2e-3
    np.testing.assert_allclose(slope, row.delta(at, y, numbers), rtol=1e-9)


def test_softmax_of_several_targets_is_each_targets_own() -> None:
    generator, row = np.random.default_rng(0), OUTPUTS["softmax"]
    z, Y = generator.normal(size=(4, 5)), np.eye(5)[[0, 1, 0, 1]] + np.eye(5)[[2, 3, 4, 4]]
    both = [row.function(z, [2, 3]), row.loss_terms(z, Y, [2, 3])]
    both.append(row.delta(both[0], Y, [2, 3]))
    for own in (slice(0, 2), slice(2, 5)):
        yhat = row.function(z[:, own])
        expected = [yhat, row.loss_terms(z[:, own], Y[:, own]), row.delta(yhat, Y[:, own])]
        for found, right in zip(both, expected, strict=True):
            np.testing.assert_array_equal(found[:, own], right)
    jacobian = row.jacobian(both[0], [2, 3])
    np.testing.assert_array_equal(jacobian[:, :2, 2:], 0.0)
    np.testing.assert_array_equal(jacobian[:, 2:, 2:], row.jacobian(both[0][:, 2:]))


@NAMES
def test_the_derivative_by_yhat_times_the_jacobian_is_delta(name: str) -> None:
    generator = np.random.default_rng(0)
    z = generator.normal(size=(5, 3))
    Y = generator.dirichlet(np.ones(3), 5)
    output, numbers = OUTPUTS[name], parameters(name, 3)
    yhat = output.function(z, numbers)
    by_output, jacobian = output.by_output(yhat, Y, numbers), output.jacobian(yhat, numbers)
    product = np.einsum("ik,ikj->ij", by_output, jacobian)
    np.testing.assert_allclose(product, output.delta(yhat, Y, numbers), rtol=1e-12, atol=1e-15)


def test_the_derivative_by_yhat_where_yhat_is_0_or_1() -> None:
    yhat, Y = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    np.testing.assert_array_equal(OUTPUTS["softmax"].by_output(yhat, Y), [[0.0, -1.0]])
    np.testing.assert_array_equal(OUTPUTS["logistic"].by_output(yhat, Y), [[1.0, -1.0]])
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(OUTPUTS["softmax"].by_output(yhat, 1 - Y), [[-np.inf, 0.0]])
