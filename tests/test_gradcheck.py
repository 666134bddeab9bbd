"""The judge: right gradients pass for every network, and each planted fault is named.

Planted faults are whole backward passes with one line wrong. Nothing here knows of training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearprop import Layer, Network, backward, check_gradients, forward
from clearprop.activations import ACTIVATIONS
from clearprop.backprop import Gradients
from clearprop.errors import ParameterError, ShapeError
from clearprop.losses import OUTPUTS, REDUCTIONS, reduction_factor

HIDDEN, OUTPUT = list(ACTIVATIONS), list(OUTPUTS)


def targets(generator: np.random.Generator, output: str, shape: tuple[int, int]) -> Any:
    """Targets an output can have: soft probabilities, numbers, counts."""
    if output == "softmax":
        return generator.dirichlet(np.full(shape[1], 0.7), shape[0])
    if output == "logistic":
        return generator.random(shape)
    if output == "exponential":
        return generator.poisson(2.0, shape).astype(float)
    return generator.normal(size=shape)


def masks(generator: np.random.Generator, network: Network, n_samples: int) -> list[Any]:
    """What dropout would multiply each hidden layer by."""
    return [(generator.random((n_samples, width)) < 0.7) / 0.7 for width in network.sizes[1:-1]]


@pytest.mark.parametrize("depth", range(1, 6))
@pytest.mark.parametrize("output", OUTPUT)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_backward_agrees_with_finite_differences(hidden: str, output: str, depth: int) -> None:
    generator = np.random.default_rng([HIDDEN.index(hidden), OUTPUT.index(output), depth])
    for reduction in REDUCTIONS:
        network = Network([3, *[4] * (depth - 1), 3], hidden, output, reduction)
        for n_samples in (1, 3, 64):
            for weighted in (False, True):
                report = check_gradients(
                    network,
                    network.initialize(int(generator.integers(1000))),
                    generator.normal(size=(n_samples, 3)),
                    targets(generator, output, (n_samples, 3)),
                    sample_weight=generator.uniform(0.0, 3.0, n_samples) if weighted else None,
                    l2=0.3 if weighted else 0.0,
                    dropout=masks(generator, network, n_samples) if weighted else None,
                )
                assert report.max_relative_error <= 1e-6, f"{network} {n_samples}\n{report}"


@pytest.mark.parametrize("output", OUTPUT)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_deltas_agree_with_nudged_pre_activations(hidden: str, output: str) -> None:
    generator = np.random.default_rng([HIDDEN.index(hidden), OUTPUT.index(output)])
    network = Network([3, 5, 4, 3], hidden, output, "mean")
    parameters = network.initialize(int(generator.integers(1000)))
    X, Y = generator.normal(size=(6, 3)), targets(generator, output, (6, 3))
    weights, dropout = generator.uniform(0.0, 3.0, 6), masks(generator, network, 6)
    passes = forward(network, parameters, X, dropout=dropout)
    right = backward(network, parameters, passes, Y, sample_weight=weights)
    settings = {"sample_weight": weights, "dropout": dropout}
    deltas = {"delta": right.delta}
    report = check_gradients(network, parameters, X, Y, gradients=deltas, **settings)
    assert [check.name for check in report.arrays] == ["delta[0]", "delta[1]", "delta[2]"]
    assert report.ok, report
    # An entry of one sample, wrong: no other sample may answer for it.
    wrong = [delta.copy() for delta in right.delta]
    wrong[2][4, 1] *= 1.01
    report = check_gradients(network, parameters, X, Y, gradients={"delta": wrong}, **settings)
    assert (report.ok, report.worst.name, report.worst.entry) == (False, "delta[2]", (4, 1))


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Networks of mixed activations with batches, targets, weights and penalty at any scale."""
    output = draw(st.sampled_from(OUTPUT))
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=6))
    sizes[-1] = max(sizes[-1], 2)
    hidden = [draw(st.sampled_from(HIDDEN)) for _ in sizes[2:]]
    numbers: Any = ()
    if output == "quantile":
        numbers = draw(st.floats(0.01, 0.99))
    elif output == "huber":
        numbers = draw(st.floats(0.01, 10.0))
    reduction = draw(st.sampled_from(list(REDUCTIONS)))
    network = Network(sizes, hidden, output, reduction, numbers)
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # exp of a logit of some hundreds leaves float64: its inputs stay small.
    scale = draw(st.sampled_from([1e-3, 1.0] if output == "exponential" else [1e-3, 1.0, 1e3]))
    n_samples = draw(st.integers(1, 9))
    X = scale * generator.normal(size=(n_samples, sizes[0]))
    X[generator.random(X.shape) < draw(st.sampled_from([0.0, 0.3, 1.0]))] = 0.0
    Y = targets(generator, output, (n_samples, sizes[-1]))
    if output == "softmax" and draw(st.booleans()):
        Y = np.eye(sizes[-1])[np.argmax(Y, axis=1)]
    weights = generator.uniform(0.0, 3.0, n_samples) if draw(st.booleans()) else None
    zero_bias = draw(st.booleans())
    parameters = [
        Layer(W, np.zeros_like(b) if zero_bias else b)
        for W, b in network.initialize(int(generator.integers(2**31)))
    ]
    return {
        "network": network,
        "parameters": parameters,
        "X": X,
        "Y": Y,
        "sample_weight": weights,
        "l2": draw(st.sampled_from([0.0, 1e-4, 0.5])),
        "dropout": masks(generator, network, n_samples) if draw(st.booleans()) else None,
    }


@given(cases())
@settings(max_examples=300)
def test_backward_agrees_for_any_network(case: dict[str, Any]) -> None:
    report = check_gradients(**case)
    assert report.ok, str(report)


def test_softmax_of_several_targets_agrees() -> None:
    generator = np.random.default_rng(0)
    network = Network([3, 5, 7], "tanh", "softmax", output_parameters=[2, 3, 2])
    Y = np.concatenate([generator.dirichlet(np.ones(n), 6) for n in (2, 3, 2)], axis=1)
    report = check_gradients(network, network.initialize(0), generator.normal(size=(6, 3)), Y)
    assert report.ok, str(report)


@pytest.mark.parametrize("output", ["median", "quantile", "huber"])
def test_rows_that_lie_on_a_kink_of_the_loss_are_not_accused(output: str) -> None:
    network = Network([2, 2], output=output)
    parameters = network.initialize(0)
    X = np.random.default_rng(0).normal(size=(5, 2))
    Y = forward(network, parameters, X).output.copy()
    Y[2:] += 1e-4
    Y[4] += 1.0
    gradients = backward(network, parameters, forward(network, parameters, X), Y)
    Y[:2] -= 1e-9
    report = check_gradients(network, parameters, X, Y)
    assert report.ok, str(report)
    assert (
        not np.allclose(
            gradients.dW[0],
            backward(network, parameters, forward(network, parameters, X), Y).dW[0],
            rtol=1e-3,
        )
        or output == "huber"
    )


def test_a_derivative_without_the_dropped_units_is_accused() -> None:
    network = Network([3, 6, 2], "tanh")
    generator = np.random.default_rng(0)
    parameters, X, Y = (
        network.initialize(0),
        generator.normal(size=(5, 3)),
        np.eye(2)[[0, 1, 1, 0, 1]],
    )
    scales = masks(generator, network, 5)
    passes = forward(network, parameters, X, dropout=scales)
    assert check_gradients(network, parameters, X, Y, dropout=scales).ok
    forgotten = backward(network, parameters, passes._replace(dropout=None), Y)
    report = check_gradients(network, parameters, X, Y, dropout=scales, gradients=forgotten)
    assert report.worst.name in ("dW[0]", "db[0]", "dinput[0]")
    assert report.max_relative_error > 0.1


@pytest.mark.parametrize("output", ["softmax", "logistic"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_saturated_logits_and_large_weights_are_not_accused(hidden: str, output: str) -> None:
    network = Network([3, 4, 3], hidden, output)
    generator = np.random.default_rng(0)
    parameters = [Layer(100.0 * W, 100.0 * b) for W, b in network.initialize(0)]
    X = 100.0 * generator.normal(size=(5, 3))
    Y = np.eye(3)[generator.integers(0, 3, 5)]
    with np.errstate(all="raise", under="ignore"):
        assert check_gradients(network, parameters, X, Y).ok


MUTANTS = [
    "sigma' left out",
    "transpose left out",
    "updated weights used",
    "1/N left out",
    "bias averaged",
    "bias of the first row",
    "plus sign",
    "factor 2",
    "delta of the wrong layer",
    "sigma' of h instead of z",
    "L2 on the bias",
    "softmax Jacobian applied twice",
    "weight ignored",
]


def faulty_backward(
    fault: str, at: int, network: Network, parameters: Any, X: Any, Y: Any, weights: Any, l2: float
) -> Gradients:
    """Article A's summary of gradients, with one line wrong in layer `at` (in all where global)."""
    passes = forward(network, parameters, X)
    factor = reduction_factor(network.reduction, len(X), network.sizes[-1], weights)
    used = 1.0 if fault == "1/N left out" else factor
    delta = used * (passes.output + Y if fault == "plus sign" else passes.output - Y)
    if fault == "softmax Jacobian applied twice":
        p = passes.output
        delta = p * (delta - np.sum(p * delta, axis=1, keepdims=True))
    if fault != "weight ignored":
        delta = delta * weights[:, None]
    found = Gradients([], [], [], [])
    for layer in reversed(range(network.n_layers)):
        here = layer == at
        W = parameters[layer].W
        dW = passes.inputs[layer].T @ delta
        db = np.sum(delta, axis=0)
        if here and fault == "factor 2":
            dW = 2.0 * dW
        if here and fault == "bias averaged":
            db = np.mean(delta, axis=0)
        if here and fault == "bias of the first row":
            db = delta[0]
        if here and fault == "L2 on the bias":
            db = db + factor * l2 * parameters[layer].b
        if here and fault == "delta of the wrong layer":
            other = found.delta[0] if layer < network.n_layers - 1 else delta[::-1]
            dW = passes.inputs[layer].T @ other
        if here and fault == "updated weights used":
            W = W - 0.1 * dW
        dinput = delta @ (W if here and fault == "transpose left out" else W.T)
        found.delta.insert(0, delta)
        found.dW.insert(0, dW + factor * l2 * parameters[layer].W)
        found.db.insert(0, db)
        found.dinput.insert(0, dinput)
        if layer > 0:
            z, h = passes.z[layer - 1], passes.inputs[layer]
            row = ACTIVATIONS[network.hidden[layer - 1]]
            slope = row.derivative(z, h)
            if here and fault == "sigma' left out":
                slope = np.ones_like(z)
            if here and fault == "sigma' of h instead of z":
                slope = row.derivative(h, row.function(h))
            delta = dinput * slope
    return found


# Which array must be the first to differ, seen from the output: its kind, and its layer below `at`.
FIRST_WRONG = {
    "sigma' left out": ("dW", 1),
    "sigma' of h instead of z": ("dW", 1),
    "transpose left out": ("dinput", 0),
    "updated weights used": ("dinput", 0),
    "factor 2": ("dW", 0),
    "delta of the wrong layer": ("dW", 0),
    "bias averaged": ("db", 0),
    "bias of the first row": ("db", 0),
    "L2 on the bias": ("db", 0),
}


def judged_case(hidden: str = "tanh", reduction: str = "mean") -> tuple[Any, ...]:
    network = Network([4, 4, 4, 4], hidden, "softmax", reduction)
    generator = np.random.default_rng(7)
    X, Y = generator.normal(size=(5, 4)), np.eye(4)[generator.integers(0, 4, 5)]
    return network, network.initialize(3), X, Y, generator.uniform(0.5, 3.0, 5), 0.1


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("fault", [None, *MUTANTS])
def test_a_planted_fault_is_named(fault: str | None, at: int) -> None:
    if fault in ("sigma' left out", "sigma' of h instead of z") and at == 0:
        at = 1  # below the first layer there is no activation
    network, parameters, X, Y, weights, l2 = judged_case()
    gradients = faulty_backward(fault or "", at, network, parameters, X, Y, weights, l2)
    report = check_gradients(
        network, parameters, X, Y, sample_weight=weights, gradients=gradients, l2=l2
    )
    if fault is None:
        assert report.ok, str(report)
        return
    assert not report.ok, str(report)
    wrong = {check.name for check in report.arrays if check.max_relative_error > 1e-6}
    assert report.worst.name in wrong
    if fault not in FIRST_WRONG:
        # The fault is in the output's delta: every array inherits it.
        assert wrong == {check.name for check in report.arrays}
        return
    kind, below = FIRST_WRONG[fault]
    first = f"{kind}[{at - below}]"
    assert first in wrong
    # Nothing nearer to the output than the fault is accused.
    layers = {check.name: check.layer for check in report.arrays}
    assert max(layers[name] for name in wrong) == at - below
    if below == 0 and kind != "dinput":
        assert wrong == {first}


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_small_fault_in_the_largest_entry_is_found(hidden: str) -> None:
    generator = np.random.default_rng(2)
    for scale in (1.0, 1e3):
        network = Network([3, 4, 2], hidden, "logistic")
        first, last = network.initialize(1)
        # Small weights for large inputs, or saturated units would leave a gradient of exactly 0.
        parameters = [Layer(first.W / scale, first.b), last]
        X, Y = scale * generator.normal(size=(6, 3)), generator.random((6, 2))
        right = backward(network, parameters, forward(network, parameters, X), Y)
        for kind in ("dW", "db", "dinput"):
            for layer in range(2):
                array = getattr(right, kind)[layer].copy()
                index = np.unravel_index(np.argmax(np.abs(array)), array.shape)
                array[index] *= 1.0 + 1e-5
                arrays = [None, None]
                arrays[layer] = array
                report = check_gradients(network, parameters, X, Y, gradients={kind: arrays})
                assert not report.ok, (kind, layer, scale)
                assert report.worst.name == f"{kind}[{layer}]"
                assert report.worst.entry == tuple(index)
                assert report.max_relative_error == pytest.approx(1e-5, rel=0.05)


def test_vanishing_gradients_are_still_judged() -> None:
    network = Network([3, 3, 3, 3, 3, 2], "logistic", "softmax")
    parameters = [Layer(0.01 * W, b) for W, b in network.initialize(0)]
    X, Y = np.random.default_rng(0).normal(size=(3, 3)), np.eye(2)[[0, 1, 1]]
    assert check_gradients(network, parameters, X, Y).ok
    right = backward(network, parameters, forward(network, parameters, X), Y)
    assert 0.0 < np.max(np.abs(right.dW[0])) < 1e-10
    doubled = [2.0 * right.dW[0], None, None, None, None]
    report = check_gradients(network, parameters, X, Y, gradients={"dW": doubled})
    assert not report.ok


def test_entries_that_cannot_be_resolved_are_counted_and_said() -> None:
    network = Network([1, 2], output="softmax")
    parameters = [Layer(np.array([[160.0, 0.0]]), np.zeros(2))]
    report = check_gradients(network, parameters, [[1.0]], [[1.0, 0.0]])
    assert report.ok
    assert sum(check.n_unresolved for check in report.arrays) > 0
    assert "too small for finite differences" in str(report)


def test_report_names_layer_entry_both_values_and_error() -> None:
    network, parameters, X, Y, _, _ = judged_case()
    right = backward(network, parameters, forward(network, parameters, X), Y)
    wrong = right.dW[1].copy()
    wrong[2, 3] = 0.5
    report = check_gradients(
        network, parameters, X, Y, gradients={"dW": [right.dW[0], wrong, right.dW[2]]}
    )
    assert (report.worst.name, report.worst.layer, report.worst.entry) == ("dW[1]", 1, (2, 3))
    assert report.worst.value == 0.5
    assert report.worst.numeric == pytest.approx(right.dW[1][2, 3], rel=1e-6)
    line = next(line for line in str(report).splitlines() if line.startswith("dW[1]"))
    assert "[2, 3]" in line
    assert " 0.5 " in line
    assert f"{report.worst.numeric:.8g}" in line
    assert f"{report.max_relative_error:.1e}" in line
    assert line.endswith("<-- differs")
    assert "DIFFERS FROM" in str(report)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_never_right(value: float) -> None:
    network, parameters, X, Y, _, _ = judged_case()
    right = backward(network, parameters, forward(network, parameters, X), Y)
    for kind in ("dW", "db", "dinput", "delta"):
        arrays = [array.copy() for array in getattr(right, kind)]
        arrays[1].flat[0] = value
        report = check_gradients(network, parameters, X, Y, gradients={kind: arrays})
        assert not report.ok
        assert report.worst.name == f"{kind}[1]"


def test_a_gradient_in_float32_and_in_lists_is_judged() -> None:
    network, parameters, X, Y, _, _ = judged_case()
    right = backward(network, parameters, forward(network, parameters, X), Y)
    single = {"dW": [dW.astype(np.float32) for dW in right.dW], "db": None}
    assert check_gradients(network, parameters, X, Y, gradients=single, tolerance=1e-3).ok
    single["dW"][2] = single["dW"][2] * np.float32(1.01)
    assert not check_gradients(network, parameters, X, Y, gradients=single, tolerance=1e-3).ok
    lists = {"db": [db.tolist() for db in right.db]}
    assert check_gradients(network, parameters, X, Y, gradients=lists).ok


def test_max_entries_draws_a_repeatable_part() -> None:
    network, parameters, X, Y, _, _ = judged_case()
    reports = [
        check_gradients(network, parameters, X, Y, max_entries=5, random_state=1) for _ in range(2)
    ]
    assert reports[0] == reports[1]
    assert [check.n_checked for check in reports[0].arrays] == [5, 4, 5] * 3


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"gradients": {"dw": []}}, ParameterError, "expected any of dW, db, dinput"),
        ({"gradients": {}}, ParameterError, "nothing to judge"),
        ({"gradients": {"dW": [np.zeros((4, 4))]}}, ShapeError, "got 1 arrays in 'dW'"),
        ({"gradients": {"dW": [np.zeros((4, 3)), None, None]}}, ShapeError, r"expected \(4, 4\)"),
        ({"max_entries": 0}, ParameterError, "max_entries: got 0"),
        ({"tolerance": 0.0}, ParameterError, "tolerance: got 0.0"),
    ],
)
def test_wrong_arguments_are_explained(wrong: Any, error: type[Exception], message: str) -> None:
    network, parameters, X, Y, _, _ = judged_case()
    with pytest.raises(error, match=message):
        check_gradients(network, parameters, X, Y, **wrong)


def test_wrong_targets_are_explained_though_the_gradient_is_given() -> None:
    network, parameters, X, Y, _, _ = judged_case()
    right = backward(network, parameters, forward(network, parameters, X), Y)
    with pytest.raises(ShapeError, match="got 1 rows for 5 samples"):
        check_gradients(network, parameters, X, Y[:1], gradients=right)
