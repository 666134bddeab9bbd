"""Each schedule at its end points, and against scikit-learn where it has the same one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from clearprop.schedules import (
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    Moment,
    OneCycle,
    Schedule,
    WarmUp,
)

ALL: list[Schedule] = [
    Constant(0.1),
    InverseScaling(0.1),
    Adaptive(0.1),
    Cosine(0.1),
    OneCycle(0.1),
    WarmUp(3, then=Cosine(0.1)),
]


def test_constant() -> None:
    rates = Constant(0.1).rates(np.array([0, 7, 10**9]), Moment(5, 10, 2))
    np.testing.assert_array_equal(rates, [0.1, 0.1, 0.1])


@given(samples=st.integers(0, 10**9), power=st.floats(0, 2))
def test_inverse_scaling_is_scikit_learns(samples: int, power: float) -> None:
    peer = SGDOptimizer([np.zeros(1)], 0.1, lr_schedule="invscaling", power_t=power)
    peer.iteration_ends(samples)
    rates = InverseScaling(0.1, power).rates(np.arange(2), Moment(samples_seen=samples))
    np.testing.assert_array_equal(rates, [peer.learning_rate] * 2)


@pytest.mark.parametrize("power", [200.0, 1e300, math.inf])
def test_inverse_scaling_by_a_huge_power_is_zero_after_the_first_epoch(power: float) -> None:
    schedule = InverseScaling(0.1, power)
    np.testing.assert_array_equal(schedule.rates(np.arange(2), Moment()), [0.1, 0.1])
    np.testing.assert_array_equal(schedule.rates(np.arange(2), Moment(samples_seen=99)), [0, 0])


@given(initial=st.floats(1e-8, 10.0))
def test_adaptive_goes_down_and_stops_where_scikit_learn_does(initial: float) -> None:
    peer = SGDOptimizer([np.zeros(1)], initial, lr_schedule="adaptive")
    schedule, plateaus = Adaptive(initial), 0
    while not peer.trigger_stopping("", verbose=False):
        assert schedule.goes_on_after_plateau(Moment(plateaus=plateaus))
        plateaus += 1
        rate = schedule.rates(np.arange(1), Moment(plateaus=plateaus))[0]
        assert rate == peer.learning_rate
    assert not schedule.goes_on_after_plateau(Moment(plateaus=plateaus))


def test_adaptive_stops_at_one_millionth_itself() -> None:
    assert not Adaptive(1e-6).goes_on_after_plateau(Moment())
    assert Adaptive(math.nextafter(1e-6, 1.0)).goes_on_after_plateau(Moment())


def test_cosine_begins_at_the_initial_rate_and_ends_at_zero_for_good() -> None:
    rates = Cosine(0.4).rates(np.array([0, 5, 10, 15, 20, 21, 100]), Moment(total_steps=20))
    half, quarter = 0.2, 0.4 * (1 + math.sqrt(0.5)) / 2
    expected = [0.4, quarter, half, 0.4 - quarter, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("schedule", [Cosine(0.1), WarmUp(7, then=Cosine(0.1))])
def test_rates_do_not_depend_on_how_many_are_asked_for_at_once(schedule: Schedule) -> None:
    moment = Moment(total_steps=50)
    at_once = schedule.rates(np.arange(50), moment)
    one_by_one = [schedule.rates(np.array([step]), moment)[0] for step in range(50)]
    np.testing.assert_array_equal(at_once, one_by_one)


def test_warm_up_rises_to_the_full_rate_and_never_begins_at_zero() -> None:
    rates = WarmUp(5, then=Constant(1.0)).rates(np.arange(7), Moment())
    np.testing.assert_allclose(rates, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0])


@pytest.mark.parametrize("schedule", ALL)
def test_a_warm_up_of_no_steps_changes_nothing(schedule: Schedule) -> None:
    steps, moment = np.arange(9), Moment(samples_seen=3, total_steps=9, plateaus=1)
    np.testing.assert_array_equal(
        WarmUp(0, then=schedule).rates(steps, moment), schedule.rates(steps, moment)
    )


@pytest.mark.parametrize("schedule", ALL)
def test_only_adaptive_goes_on_after_a_plateau(schedule: Schedule) -> None:
    goes_on = isinstance(schedule, Adaptive)
    assert schedule.goes_on_after_plateau(Moment()) is goes_on
    assert WarmUp(2, then=schedule).goes_on_after_plateau(Moment()) is goes_on


@pytest.mark.parametrize("schedule", ALL)
def test_rates_are_float64_one_for_each_step(schedule: Schedule) -> None:
    rates = schedule.rates(np.arange(4), Moment(total_steps=4))
    assert rates.dtype == np.float64
    assert rates.shape == (4,)


def test_inverse_scaling_begins_anew_with_each_training() -> None:
    schedule = InverseScaling(0.1, begun_at=99)
    rates = [schedule.rates(np.arange(1), Moment(samples_seen=seen))[0] for seen in (99, 199)]
    assert rates == pytest.approx([0.1, 0.1 / 200**0.5])


def test_half_a_wave_is_the_cosines() -> None:
    share = np.linspace(0.0, 1.0, 1001)
    rates = Cosine(1.0).rates(np.arange(1001), Moment(total_steps=1000))
    np.testing.assert_allclose(rates, (1.0 + np.cos(np.pi * share)) / 2.0, atol=3e-16)
    # Pinned, as every processor is to give them.
    assert [rate.hex() for rate in rates[[1, 333, 999]].tolist()] == [
        "0x1.ffffad3534100p-1",
        "0x1.803b6aa646231p-1",
        "0x1.4b2b2fc020000p-19",
    ]


def test_one_cycle_rises_then_falls() -> None:
    rates = OneCycle(2.0, rise=0.25).rates(np.arange(101), Moment(total_steps=100))
    assert rates[0] == pytest.approx(2.0 / 25.0)
    assert rates[25] == pytest.approx(2.0)
    assert rates[100] == pytest.approx(2.0 / 250_000.0)
    assert (np.diff(rates[:26]) > 0.0).all()
    assert (np.diff(rates[25:]) < 0.0).all()
