"""Diverged or useless: said with cause and remedy, and never of a model that is worth something."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from clearprop.engines import Problem
from clearprop.errors import DivergenceError, DivergenceWarning
from clearprop.network import Layer, Network
from clearprop.optimizers import SGD
from clearprop.schedules import Constant
from clearprop.training import TrainingResult
from clearprop.training.verdict import is_finite, warn_if_useless

Train = Callable[..., TrainingResult]

LINE = Network([1, 1], output="identity")
X = np.array([[-1.0], [0.0], [1.0]])


def no_better_than_constant(problem: Problem, parameters: list[Layer]) -> bool:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_useless(problem, parameters)
    return any(issubclass(warning.category, DivergenceWarning) for warning in caught)


def line(slope: float, bias: float = 0.0) -> list[Layer]:
    return [Layer(np.array([[slope]]), np.array([bias]))]


# --- divergence in the loop ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "y_scale", "rate", "cause", "remedy"),
    [
        (1.0, 1.0, 1e200, "learning rate of 1e+200 is likely too high", "Lower learning_rate"),
        (1e30, 1.0, 0.1, "inputs are not scaled: column 0 of X reaches 1e+30", "Standardise"),
        (1.0, 1e200, 0.1, "targets are not scaled: they reach 2e+200", "TransformedTarget"),
    ],
)
def test_divergence_raises_with_cause_and_remedy(
    train: Train, scale: float, y_scale: float, rate: float, cause: str, remedy: str
) -> None:
    problem = Problem(LINE, X * scale, X * 2.0 * y_scale)
    with pytest.raises(DivergenceError) as caught:
        train(problem=problem, schedule=Constant(rate), optimizer=SGD(), batch_size=3)
    assert cause in caught.value.message
    assert remedy in caught.value.remedy
    assert re.search(r"diverged in epoch \d+, step \d+", caught.value.message)


def test_divergence_after_a_validated_epoch_keeps_the_best_and_warns(train: Train) -> None:
    problem, seen = Problem(LINE, X, 2.0 * X), []

    def score(parameters: list[Layer]) -> float:
        seen.append(parameters[0].W[0, 0])
        return -abs(parameters[0].W[0, 0])

    with pytest.warns(DivergenceWarning, match=r"epoch 1, the best so far, is kept") as warned:
        result = train(
            problem=problem, schedule=Constant(1e100), optimizer=SGD(), validation_score=score
        )
    assert len(warned) == 1
    assert result.stopped == "diverged"
    assert result.parameters[0].W[0, 0] == seen[0]
    assert is_finite(result.parameters)


def test_parameters_that_overflow_in_the_very_last_step_are_noticed(train: Train) -> None:
    # Each loss is computed before its update, so the last update has no loss to show it.
    problem = Problem(LINE, X, 1e150 * X)
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1, step 1\b"):
        train(
            problem=problem, schedule=Constant(1e200), optimizer=SGD(), batch_size=3, max_epochs=1
        )


def test_the_step_whose_loss_is_lost_is_named(train: Train) -> None:
    # The first update takes w to 1e200, so the second loss is the first that overflows.
    problem = Problem(LINE, np.ones((3, 1)), 2.0 * np.ones((3, 1)))
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1, step 2\b"):
        train(problem=problem, schedule=Constant(1e200), optimizer=SGD(), batch_size=1)


def test_is_finite_sees_every_array() -> None:
    assert is_finite(line(1.0))
    assert not is_finite([*line(1.0), *line(np.inf)])
    assert not is_finite(line(1.0, np.nan))


# --- useless models ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "useless"),
    [
        (line(2.0), False),
        (line(1e-3), False),
        (line(0.0), True),  # the mean itself
        (line(-0.1), True),
        (line(1e200), True),
        (line(np.nan), True),
    ],
)
def test_no_better_than_constant_in_regression(parameters: list[Layer], useless: bool) -> None:
    assert no_better_than_constant(Problem(LINE, X, 2.0 * X), parameters) is useless


@pytest.mark.parametrize("output", ["softmax", "logistic", "exponential"])
def test_no_better_than_constant_knows_every_output(output: str) -> None:
    rows = np.array([[0.0], [1.0], [1.0]])
    Y = np.hstack([rows, 1.0 - rows])
    network = Network([1, 2], output=output)
    priors = Y.mean(axis=0)
    constant = {
        "softmax": np.log(priors),
        "logistic": np.log(priors / (1.0 - priors)),
        "exponential": np.log(priors),
    }[output]
    slope = np.array([[1.0, -1.0]])
    better = [Layer(slope * 0.1, constant - slope[0] * 0.1 * rows.mean())]
    worse = [Layer(-slope * 0.1, constant)]
    assert not no_better_than_constant(Problem(network, rows, Y), better)
    assert no_better_than_constant(Problem(network, rows, Y), worse)


def test_no_better_than_constant_weighs_the_rows() -> None:
    # Right for the two rows that count, wrong for the one that does not.
    Y, weight = np.array([[-9.0], [0.0], [1.0]]), np.array([0.0, 1.0, 1.0])
    assert not no_better_than_constant(Problem(LINE, X, Y, weight), line(1.0))
    assert no_better_than_constant(Problem(LINE, X, Y), line(-0.0, 9.0))


def test_a_class_that_the_sample_misses_does_not_make_a_model_useless() -> None:
    rows = np.zeros((20_001, 1))
    rows[7] = 1.0  # none of the evenly spread rows
    network = Network([1, 1], output="logistic")
    problem = Problem(network, rows, rows)
    assert not no_better_than_constant(problem, line(20.0, -10.0))
    assert no_better_than_constant(problem, line(-20.0, 10.0))


def test_rounding_is_no_improvement_on_a_constant() -> None:
    assert no_better_than_constant(Problem(LINE, X, 2.0 * X), line(1e-9))


def test_many_rows_are_judged_by_a_sample_dense_or_sparse() -> None:
    rows = np.linspace(-1.0, 1.0, 20_001)[:, None]
    for made in (rows, sparse.csr_array(rows)):
        assert not no_better_than_constant(Problem(LINE, made, rows), line(1.0))
        assert no_better_than_constant(Problem(LINE, made, rows), line(-1.0))


@pytest.mark.parametrize(
    ("inputs", "targets", "slope", "how", "said"),
    [
        (X, 2.0 * X, -9.0, {"learning_rate": 0.5}, "learning rate of 0.5.*Lower learning_rate"),
        (X, 2.0 * X, -0.1, {"learning_rate": 0.5}, "learning rate of 0.5 does not suit"),
        (1e-9 * X, X, -0.1, {"learning_rate": 0.5}, "no column of X exceeds 1e-09.*StandardS"),
        (X, X + 500.0, -9.0, {"learning_rate": 0.5}, "targets are not scaled: they reach 501"),
        (sparse.csr_array(0.0 * X + 1.0), X, 0.0, {}, "every column of X is constant"),
        (1e6 * X, 2.0 * X, -9.0, {"learning_rate": 0.5}, "column 0 of X reaches 1e.06.*StandardS"),
        (X, 2e6 * X, -9.0, {"learning_rate": 0.5}, "targets are not scaled: they reach 2e.06"),
        (0.0 * X, X, -9.0, {"learning_rate": 0.5}, "every column of X is constant"),
        (X, 2.0 * X, -9.0, {}, "inputs or the initial weights"),
        (X, 2.0 * X, -0.1, {"ended": "3 iterations"}, "ended after 3 iterations.*raise max_iter"),
        (
            X,
            2.0 * X,
            -9.0,
            {"learning_rate": 1e-3, "ended": "3 epochs", "curve": [9.0, 8.0, 7.0]},
            "ended after 3 epochs.*learning_rate_init",
        ),
        (
            X,
            2.0 * X,
            -9.0,
            {"learning_rate": 1e-3, "ended": "3 epochs", "curve": [9.0, 9.0, 9.9]},
            "learning rate of 0.001 is likely too high",
        ),
    ],
)
def test_a_useless_model_is_warned_of_with_cause_and_remedy(
    inputs: Any, targets: Any, slope: float, how: dict[str, Any], said: str
) -> None:
    with pytest.warns(DivergenceWarning, match=f"no better than .*{said}"):
        warn_if_useless(Problem(LINE, inputs, targets), line(slope, 1.0 - (slope == -0.1)), **how)


@pytest.mark.parametrize(
    ("targets", "weight"),
    [(np.ones((3, 1)), None), (X, np.array([1.0, 0.0, 0.0]))],
    ids=["one value", "one value that counts"],
)
def test_where_a_constant_is_right_nothing_is_useless(targets: Any, weight: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_useless(Problem(LINE, X, targets, weight), line(0.0, float(targets[0, 0])))
    with pytest.warns(DivergenceWarning, match="no better"):
        warn_if_useless(Problem(LINE, X, targets, weight), line(0.0))


def test_a_penalty_that_holds_the_weights_is_named() -> None:
    with pytest.warns(DivergenceWarning, match="penalty of alpha=1000 .*Lower alpha"):
        warn_if_useless(Problem(LINE, X, X, l2=1e3), line(0.0), 1e-3)


def test_only_a_loss_beyond_all_bounds_is_warned_of_after_one_epoch() -> None:
    problem = Problem(LINE, X, 2.0 * X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_useless(problem, line(-100.0), 1e-3, beyond=1e6)
    with pytest.warns(DivergenceWarning):
        warn_if_useless(problem, line(-1e6), 1e-3, beyond=1e6)


def test_a_quantile_is_judged_beside_the_best_constant_quantile() -> None:
    """A constant at the 0.8 quantile is better than one at the mean, and still of no use."""
    y = np.exp(np.random.default_rng(0).normal(size=(400, 1)))
    network = Network([1, 1], output="quantile", output_parameters=0.95)
    problem = Problem(network, np.random.default_rng(1).normal(size=(400, 1)), y)
    constant = [Layer(np.zeros((1, 1)), np.quantile(y, [0.8]))]
    with pytest.warns(DivergenceWarning, match="no better than"):
        warn_if_useless(problem, constant)
