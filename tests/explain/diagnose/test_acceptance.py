"""Planted mistakes are named, right gradients are not accused: measured, on random networks.

The passes are of `wrong_passes`, written by hand without the doctor's table.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from wrong_passes import LISTED, Case, places, random_case, wrong_pass

from clearprop import Layer, Network, backward, diagnose, forward
from clearprop.explain.diagnose import Diagnosis
from clearprop.explain.diagnose.case import make_case
from clearprop.explain.diagnose.doctor import Doctor

N_NETWORKS = 20
N_PAIRS = 5  # of each network
N_RIGHT = 500  # of each dtype


@cache
def network_and_doctor(seed: int) -> tuple[Case, Doctor]:
    case = random_case(seed)
    return case, Doctor(make_case(*case.given, l2=case.l2))


def named(findings: Any) -> set[tuple[str, int]]:
    return {(finding.mistake, layer) for finding in findings for layer in finding.layers}


def outcome(diagnosis: Diagnosis, planted: set[tuple[str, int]]) -> str:
    """Whether the planted mistakes are named, or are among those that cannot be told apart."""
    if diagnosis.verdict == "cannot tell":
        explanations = [diagnosis.findings, *diagnosis.alternatives]
        return "ambiguous" if planted in map(named, explanations) else "wrong"
    return "named" if named(diagnosis.findings) == planted else "wrong"


def changes_nothing(wrong: Any, right: Any) -> bool:
    return all(
        one.shape == other.shape and np.allclose(one, other, rtol=1e-12, atol=1e-15)
        for ones, others in zip(wrong, right, strict=True)
        for one, other in zip(ones, others, strict=True)
    )


# Ambiguous by their nature, on these networks: N or K is 2, N is K, or all weights are square.
AMBIGUOUS = {"factor 2", "1/N too many", "dW transposed"}


@pytest.mark.parametrize("mistake", LISTED)
def test_every_listed_mistake_at_every_layer_is_named(mistake: str) -> None:
    count: Counter[str] = Counter()
    for seed in range(N_NETWORKS):
        case, doctor = network_and_doctor(seed)
        right = wrong_pass(case, [])
        for layer in places(mistake, case):
            wrong = wrong_pass(case, [(mistake, layer)])
            diagnosis = doctor.examine(wrong._asdict())
            if changes_nothing(wrong, right):
                assert diagnosis.ok, str(diagnosis)  # relu's sigma' of h is sigma' of z
                continue
            count[outcome(diagnosis, {(mistake, layer)})] += 1
    assert count["named"] >= 5
    assert count["wrong"] == 0, count
    if mistake not in AMBIGUOUS:
        assert count["ambiguous"] == 0, count


@pytest.mark.parametrize("mistake", LISTED)
def test_a_mistake_in_float32_is_named_too(mistake: str) -> None:
    count: Counter[str] = Counter()
    for seed in range(6):
        case = random_case(seed, np.float32)
        doctor = Doctor(make_case(*case.given, l2=float(np.float32(case.l2))))
        right = doctor.case.right
        for layer in places(mistake, case):
            wrong = wrong_pass(case, [(mistake, layer)])
            assert wrong.dW[0].dtype == np.float32
            apart = [
                np.max(np.abs(one - other)) / np.max(np.abs(other))
                if one.shape == other.shape
                else 1.0
                for ones, others in zip(wrong, right, strict=True)
                for one, other in zip(ones, others, strict=True)
            ]
            if max(apart) > 1e-3:
                diagnosis = doctor.examine(wrong)
                assert diagnosis.precision == "float32"
                count[outcome(diagnosis, {(mistake, layer)})] += 1
    assert count["wrong"] == 0, count


def test_two_mistakes_at_once_are_named() -> None:
    count: Counter[str] = Counter()
    generator = np.random.default_rng(1)
    missed = []
    for seed in range(N_NETWORKS):
        case, doctor = network_and_doctor(seed)
        right = wrong_pass(case, [])
        every = [(name, layer) for name in LISTED for layer in places(name, case)]
        tried = 0
        while tried < N_PAIRS:
            one, other = (every[i] for i in generator.choice(len(every), 2, replace=False))
            same_formula = LISTED[one[0]] == LISTED[other[0]] != "output" and one[1] == other[1]
            wrong = wrong_pass(case, [one, other])
            if same_formula or any(
                changes_nothing(wrong, simpler)
                for simpler in (right, wrong_pass(case, [one]), wrong_pass(case, [other]))
            ):
                continue
            tried += 1
            diagnosis = doctor.examine(wrong)
            result = outcome(diagnosis, {one, other})
            count[result] += 1
            if result == "wrong":
                missed.append((seed, one, other, diagnosis.verdict, named(diagnosis.findings)))
    assert count["wrong"] <= 0.02 * count.total(), missed
    assert count["named"] >= 0.9 * count.total(), count


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_right_gradients_are_never_accused(dtype: Any) -> None:
    for seed in range(N_RIGHT):
        case = random_case(1000 + seed, dtype)
        diagnosis = Doctor(make_case(*case.given, l2=float(dtype(case.l2)))).examine(
            wrong_pass(case, [])
        )
        assert diagnosis.ok, f"{seed}: {case.network}\n{diagnosis}"
        assert diagnosis.precision == np.dtype(dtype).name


# exp of large logits would leave float32.
@pytest.mark.parametrize(
    ("output", "scale"),
    [
        ("exponential", 1.0),
        *((output, scale) for output in ("softmax", "median", "huber") for scale in (1, 10, 100)),
    ],
)
def test_saturated_and_wide_networks_in_float32_are_not_accused(output: str, scale: float) -> None:
    for seed in range(6):
        generator = np.random.default_rng([seed, int(scale)])
        sizes = [int(generator.integers(20, 60)), int(generator.integers(2, 40)), 5, 3]
        hidden = [str(generator.choice(["tanh", "relu", "elu", "logistic"])) for _ in range(2)]
        network = Network(sizes, hidden, output)
        parameters = [
            Layer((scale * W).astype(np.float32), (scale * b).astype(np.float32))
            for W, b in network.initialize(seed)
        ]
        X = generator.normal(size=(50, sizes[0])).astype(np.float32)
        Y = np.eye(3, dtype=np.float32)[generator.integers(0, 3, 50)]
        right = backward(network, parameters, forward(network, parameters, X), Y)
        diagnosis = diagnose(network, parameters, X, Y, right, verify=False)
        assert diagnosis.ok, f"{network}\n{diagnosis}"
