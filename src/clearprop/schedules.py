"""Learning rates over time: each schedule a pure function of where training stands.

    rates = schedule.rates(steps, moment)        # one learning rate for each step

Pure functions need no state in a checkpoint, and give an engine a whole epoch's rates at once. This
file knows nothing of optimizers or of training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "Adaptive",
    "Constant",
    "Cosine",
    "InverseScaling",
    "Moment",
    "OneCycle",
    "Schedule",
    "WarmUp",
]

Rates = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64]

_ADAPTIVE_DIVISOR = 5.0
_ADAPTIVE_FLOOR = 1e-6
_LAST_POWER = 25  # of sine's series: up to pi / 2, what follows is below a rounding


@dataclass(frozen=True)
class Moment:
    """Where training stands.

    Attributes:
        samples_seen: samples of all whole epochs so far, as scikit-learn counts `t_`.
        total_steps: steps planned in all.
        plateaus: how often the monitored value has stopped improving.
    """

    samples_seen: int = 0
    total_steps: int = 1
    plateaus: int = 0


class Schedule(Protocol):
    """What training asks of a schedule."""

    @property
    def is_planned(self) -> bool:
        """Whether the rates depend on how many steps are planned in all."""

    def rates(self, steps: Steps, moment: Moment) -> Rates:
        """The learning rate of each step (steps are counted from 0 since training began)."""

    def goes_on_after_plateau(self, moment: Moment) -> bool:
        """Whether a plateau lowers the rate and training goes on, or training should stop."""


@dataclass(frozen=True)
class Constant:
    """rate = initial.

    Examples:
        >>> Constant(0.1).rates(np.arange(3), Moment())
        array([0.1, 0.1, 0.1])
    """

    initial: float = 1e-3

    @property
    def is_planned(self) -> bool:
        """No."""
        return False

    def rates(self, steps: Steps, moment: Moment) -> Rates:  # noqa: ARG002 - one signature for all
        """The initial rate at every step."""
        return np.full(len(steps), self.initial)

    def goes_on_after_plateau(self, moment: Moment) -> bool:  # noqa: ARG002 - one signature for all
        """No: nothing would change."""
        return False


@dataclass(frozen=True)
class InverseScaling:
    """rate = initial / (samples_seen + 1)^power, constant within an epoch, as in scikit-learn.

    Where that power is beyond all numbers the rate is its limit, 0.

    Args:
        initial: rate of the first epoch.
        power: the exponent.
        begun_at: rows seen when this training began; until more are seen, the rate is the initial
            one. A warm start in scikit-learn begins so, and goes on as if it had never stopped.

    Examples:
        >>> InverseScaling(0.1).rates(np.arange(1), Moment(samples_seen=99))
        array([0.01])
    """

    initial: float = 1e-3
    power: float = 0.5
    begun_at: int = 0

    @property
    def is_planned(self) -> bool:
        """No."""
        return False

    def rates(self, steps: Steps, moment: Moment) -> Rates:
        """The same rate at every step of an epoch."""
        if moment.samples_seen == self.begun_at:
            return np.full(len(steps), self.initial)
        try:
            divisor = float(moment.samples_seen + 1) ** self.power
        except OverflowError:
            divisor = math.inf
        return np.full(len(steps), self.initial / divisor)

    def goes_on_after_plateau(self, moment: Moment) -> bool:  # noqa: ARG002 - one signature for all
        """No: the schedule does not react to plateaus."""
        return False


@dataclass(frozen=True)
class Adaptive:
    """rate = initial / 5^plateaus: constant while training improves; stops at 1e-6.

    Examples:
        >>> Adaptive(0.1).rates(np.arange(1), Moment(plateaus=2)).round(6)
        array([0.004])
    """

    initial: float = 1e-3

    def _rate(self, moment: Moment) -> float:
        rate = self.initial
        for _ in range(moment.plateaus):
            rate /= _ADAPTIVE_DIVISOR
        return rate

    @property
    def is_planned(self) -> bool:
        """No."""
        return False

    def rates(self, steps: Steps, moment: Moment) -> Rates:
        """The same rate at every step until the next plateau."""
        return np.full(len(steps), self._rate(moment))

    def goes_on_after_plateau(self, moment: Moment) -> bool:
        """Yes, until the rate is 1e-6 or less."""
        return self._rate(moment) > _ADAPTIVE_FLOOR


def _half_wave(share: Rates) -> Rates:
    """(1 + cos(pi * share)) / 2, from 1 at 0 to 0 at 1, with the same bits on every processor.

    As (1 - sin(x)) / 2, x = pi (share - 1/2), by sine's series: libraries' cosines differ in their
    last bit from one processor to another, additions and multiplications do not.
    """
    x = np.pi * (share - 0.5)
    square, series = x * x, np.ones_like(x)
    for power in range(_LAST_POWER - 1, 0, -2):
        series = 1.0 - series * square / (power * (power + 1))
    wave: Rates = 0.5 - 0.5 * (x * series)
    return wave


@dataclass(frozen=True)
class Cosine:
    """rate = initial * (1 + cos(pi * step / total_steps)) / 2: from initial to 0 over the training.

    Examples:
        >>> Cosine(0.1).rates(np.array([0, 5, 9]), Moment(total_steps=10)).round(4)
        array([0.1   , 0.05  , 0.0024])

    Source: Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017,
    without restarts.
    """

    initial: float = 1e-3

    @property
    def is_planned(self) -> bool:
        """Yes: the last step has the least rate."""
        return True

    def rates(self, steps: Steps, moment: Moment) -> Rates:
        """Half a cosine wave over all planned steps; 0 beyond them."""
        rates: Rates = self.initial * _half_wave(np.minimum(steps / moment.total_steps, 1.0))
        return rates

    def goes_on_after_plateau(self, moment: Moment) -> bool:  # noqa: ARG002 - one signature for all
        """No: the schedule does not react to plateaus."""
        return False


@dataclass(frozen=True)
class OneCycle:
    """From highest / 25 up to highest, then down to highest / 250,000, each by half a cosine wave.

    Args:
        highest: the highest rate.
        rise: share of all planned steps after which it is reached.

    Examples:
        >>> OneCycle(0.1, rise=0.5).rates(np.array([0, 5, 10]), Moment(total_steps=10)).round(7)
        array([4.e-03, 1.e-01, 4.e-07])

    Source: Smith & Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018; the divisors are those that became customary.
    """

    highest: float = 1e-3
    rise: float = 0.3

    @property
    def is_planned(self) -> bool:
        """Yes: the last step has the least rate."""
        return True

    def rates(self, steps: Steps, moment: Moment) -> Rates:
        """Up and down over all planned steps."""
        share = np.minimum(steps / moment.total_steps, 1.0)
        first, last = self.highest / 25.0, self.highest / 250_000.0
        up = self.highest + (first - self.highest) * _half_wave(np.minimum(share / self.rise, 1.0))
        fallen = np.maximum(share - self.rise, 0.0) / (1.0 - self.rise)
        down = last + (self.highest - last) * _half_wave(fallen)
        return np.where(share < self.rise, up, down)

    def goes_on_after_plateau(self, moment: Moment) -> bool:  # noqa: ARG002 - one signature for all
        """No: the schedule does not react to plateaus."""
        return False


@dataclass(frozen=True)
class WarmUp:
    """The rates of another schedule, scaled by (step + 1) / n_steps during the first n_steps.

    Args:
        n_steps: length of the warm-up; 0 for none.
        then: the schedule whose rates are scaled.

    Examples:
        >>> WarmUp(4, then=Constant(0.1)).rates(np.arange(6), Moment())
        array([0.025, 0.05 , 0.075, 0.1  , 0.1  , 0.1  ])

    Source: Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2.
    """

    n_steps: int
    then: Schedule

    @property
    def is_planned(self) -> bool:
        """As the other schedule says."""
        return self.then.is_planned

    def rates(self, steps: Steps, moment: Moment) -> Rates:
        """The other schedule's rates, scaled."""
        scale = np.minimum((steps + 1) / max(self.n_steps, 1), 1.0)
        rates: Rates = scale * self.then.rates(steps, moment)
        return rates

    def goes_on_after_plateau(self, moment: Moment) -> bool:
        """As the other schedule says."""
        return self.then.goes_on_after_plateau(moment)
