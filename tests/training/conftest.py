"""A small problem to train on, and one call that trains on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clearprop.backprop import forward
from clearprop.engines import Problem
from clearprop.engines.reference import ReferenceEngine
from clearprop.network import Layer, Network
from clearprop.optimizers import Adam
from clearprop.schedules import Constant
from clearprop.training import TrainingResult, TrainingSettings, TrainingState, fit


@pytest.fixture
def problem() -> Problem:
    """Fifty rows of three noisy classes."""
    generator = np.random.default_rng(0)
    labels = generator.integers(3, size=50)
    X = generator.normal(size=(50, 4)) + 2.0 * np.eye(3, 4)[labels]
    return Problem(Network([4, 5, 3], hidden="tanh"), X, np.eye(3)[labels], None, 1e-3)


@pytest.fixture
def validation_score(problem: Problem) -> Callable[[list[Layer]], float]:
    """Accuracy on other rows of the same classes."""
    generator = np.random.default_rng(1)
    labels = generator.integers(3, size=40)
    X = generator.normal(size=(40, 4)) + 2.0 * np.eye(3, 4)[labels]

    def score(parameters: list[Layer]) -> float:
        output = forward(problem.network, parameters, X).output
        return float(np.mean(output.argmax(axis=1) == labels))

    return score


@pytest.fixture
def train(problem: Problem) -> Callable[..., TrainingResult]:
    """`fit` with everything at hand; what a test is about is passed by name."""

    def run(**given: Any) -> TrainingResult:
        on = given.pop("problem", problem)
        state = given.pop("state", None)
        if state is None:
            state = TrainingState(on.network.initialize(0), np.random.RandomState(0))
        how = {
            "optimizer": Adam(),
            "schedule": Constant(0.01),
            "engine": ReferenceEngine(),
            **{
                name: given.pop(name)
                for name in ("optimizer", "schedule", "engine", "validation_score", "callbacks")
                if name in given
            },
        }
        settings = TrainingSettings(**{"batch_size": 8, "max_epochs": 12, **given})
        return fit(on, state, settings, **how)

    return run
