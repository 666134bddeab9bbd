"""Finite differences beside a derivation: how many are taken, and that none is taken twice."""

from __future__ import annotations

import numpy as np
import pytest

from clearprop import Network
from clearprop.explanation.derivation import checks
from clearprop.explanation.derivation.checks import Checker
from clearprop.explanation.derivation.numbers import reference_numbers
from clearprop.explanation.random_network import random_batch


def test_a_large_network_is_checked_at_fewer_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = random_batch(Network([20, 30, 2]), 3, 0)
    gradients = reference_numbers(batch, None).gradients
    assert Checker(batch, 200).check("dW", 0, gradients.dW[0]).n_checked == 200
    products = 3 * batch.network.n_parameters
    monkeypatch.setattr(checks, "MOST_PRODUCTS", 20 * products)
    checker = Checker(batch, 200)
    assert checker.check("dW", 0, gradients.dW[0]).n_checked == 20
    assert checker.check("db", 0, gradients.db[0]).n_checked == 20
    assert checker.check("delta", 0, gradients.delta[0]).n_checked == 60
    monkeypatch.setattr(checks, "MOST_PRODUCTS", products)
    few = Checker(batch, 200).check("dW", 0, gradients.dW[0])
    assert few.n_checked == checks.FEWEST_ENTRIES
    assert few.ok


def test_an_array_is_checked_once_and_another_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = random_batch(Network([2, 3, 2]), 3, 0)
    dW = np.asarray(reference_numbers(batch, None).gradients.dW[0])
    taken = []
    compare = checks.compare_entries
    monkeypatch.setattr(
        checks, "compare_entries", lambda *given: taken.append(given[1:3]) or compare(*given)
    )
    checker = Checker(batch, 200)
    assert checker.check("dW", 0, dW).ok
    assert checker.check("dW", 0, dW.copy()).ok
    assert taken == [("dW", 0)]
    assert not checker.check("dW", 0, 2.0 * dW).ok
    assert not checker.check("dW", 0, dW, l2=0.5).ok
    assert len(taken) == 3
