"""Mean 0 and standard deviation 1, for numbers of any size.

This file knows nothing of tables and columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearprop.tables.stored import Stored

__all__ = ["Standardization"]

Floats = npt.NDArray[np.float64]

SAFE_EXPONENT = 300  # squares of numbers up to 2^300 and their sums neither over- nor underflow


@dataclass(frozen=True)
class Standardization:
    """(x 2^-shift - mean) / scale: mean 0 and standard deviation 1 on the training rows.

    Attributes:
        mean: of x 2^-shift.
        scale: standard deviation of x 2^-shift (divided by n, as scikit-learn's StandardScaler).
        shift: 0 unless the numbers are so large or small that their squares would overflow.

    Examples:
        >>> Standardization.fit(np.array([1.0, 3.0]))
        Standardization(mean=2.0, scale=1.0, shift=0)
        >>> Standardization.fit(np.array([-1e300, 1e300])).apply(np.array([1e300]))
        array([1.])
    """

    mean: float
    scale: float
    shift: int

    @classmethod
    def fit(cls, values: Floats) -> Standardization | None:
        """From finite values; None where they are all equal."""
        if values.min() == values.max():
            return None
        exponent = math.frexp(float(np.abs(values).max()))[1]
        shift = 0 if abs(exponent) <= SAFE_EXPONENT else exponent
        scaled = np.ldexp(values, -shift) if shift else values
        mean = float(scaled.mean())
        # The second pass takes out what the first sum lost to rounding.
        mean += float((scaled - mean).mean())
        scale = math.sqrt(float(np.square(scaled - mean).mean()))
        return cls(mean, scale, shift)

    def apply(self, values: Floats) -> Floats:
        """The standardised values; infinite where they leave float64's range."""
        with np.errstate(over="ignore"):
            scaled = np.ldexp(values, -self.shift) if self.shift else values
            return np.asarray((scaled - self.mean) / self.scale)

    def restore(self, values: Floats) -> Floats:
        """What `apply` was given, up to rounding.

        Examples:
            >>> Standardization(mean=2.0, scale=0.5, shift=0).restore(np.array([-2.0, 2.0]))
            array([1., 3.])
        """
        with np.errstate(over="ignore"):
            scaled = values * self.scale + self.mean
            return np.asarray(np.ldexp(scaled, self.shift) if self.shift else scaled)

    @property
    def mean_in_units(self) -> float:
        """The mean in the column's own units."""
        return math.ldexp(self.mean, self.shift)

    @classmethod
    def from_dict(cls, data: object) -> Standardization:
        """From `dataclasses.asdict`, checked."""
        stored = Stored(data, "standardization", ["mean", "scale", "shift"])
        scale = stored.number("scale", positive=True)
        return cls(stored.number("mean"), scale, stored.integer("shift", -1100, 1100))
