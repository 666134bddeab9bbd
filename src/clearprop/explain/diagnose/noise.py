"""How far a gradient may be off and still be the same: rounding, of arithmetic and of print.

A suspect in float64 may have been computed in float32, or copied from a page with four digits. So
there are several levels, the finest first; a judgement is made at the finest at which any fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearprop.explain.diagnose.case import Case
from clearprop.explain.diagnose.slots import Layout

__all__ = ["Level", "levels_of"]

Array = npt.NDArray[np.float64]

_OF_PRODUCTS = 16.0  # roundings of an entry, in units of the sum of its products' sizes
_OF_SENSITIVITY = 16.0  # roundings of the forward pass, in units of a relative error of its weights
_DECIMALS = range(2, 13)
_DIGITS = range(3, 13)
_ROUGH = (1e-6, 1e-4)


@dataclass(frozen=True)
class Level:
    """One precision at which to judge.

    Attributes:
        name: said in the report, as in "float32".
        epsilon: relative rounding of the arithmetic.
        scaled: tolerance of each entry of the right gradient; grows with what it is compared with.
        fixed: tolerance that does not, as of printed digits.
        is_rough: whether this is more than the numbers' own precision explains.
    """

    name: str
    epsilon: float
    scaled: Array
    fixed: Array
    is_rough: bool = False

    def tolerance(self, layout: Layout, predicted: Array, magnitude: Array) -> Array:
        """How far a suspect may be from what a pass predicts, entry by entry.

        Args:
            layout: of the vectors.
            predicted: shape (..., n_entries).
            magnitude: the largest magnitude of each slot, shape (n_slots,).

        Returns:
            Shape of predicted; NaN where it is.
        """
        largest = layout.largest(predicted)
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = np.where(magnitude > 0.0, np.maximum(largest / magnitude, 1.0), 1.0)
        own = _OF_PRODUCTS * self.epsilon * largest
        return np.asarray(self.scaled * layout.spread(growth) + self.fixed + layout.spread(own))


def levels_of(
    case: Case,
    layout: Layout,
    suspect: Array,
    dtypes: list[np.dtype[np.generic]],
    *,
    of_forward: bool = True,
) -> list[Level]:
    """The levels at which a suspect may be judged, the finest first.

    Args:
        case: what it is judged on.
        layout: of the suspect.
        suspect: its entries.
        dtypes: of its arrays, as given.
        of_forward: whether to allow for the forward pass's rounding, which takes some passes to
            measure.
    """
    products = np.concatenate(
        [
            np.broadcast_to(case.magnitude(slot.kind, slot.layer), slot.shape).ravel()
            if slot.shape == case.shape(slot.kind, slot.layer)
            else np.full(np.prod(slot.shape), np.max(case.magnitude(slot.kind, slot.layer)))
            for slot in layout.slots
        ]
    )
    base = _OF_PRODUCTS * products
    if of_forward:
        moved = np.array([case.sensitivity[slot.kind, slot.layer] for slot in layout.slots])
        base = base + _OF_SENSITIVITY * layout.spread(moved)
    nothing = np.zeros_like(base)

    def of_arithmetic(name: str, epsilon: float) -> Level:
        return Level(name, epsilon, epsilon * base, nothing)

    if any(dtype == np.float16 for dtype in dtypes):
        levels = [of_arithmetic("float16", float(np.finfo(np.float16).eps))]
    else:
        double = of_arithmetic("float64", float(np.finfo(np.float64).eps))
        single = of_arithmetic("float32", float(np.finfo(np.float32).eps))
        printed = _printed_arrays(layout, suspect)
        if any(dtype == np.float32 for dtype in dtypes) or _is_single(suspect):
            levels = [single]
        elif printed is None:
            levels = [double, single]
        else:
            name, fixed = printed
            levels = [
                double,
                Level(name, double.epsilon, double.scaled, fixed),
                Level(f"float32 and {name}", single.epsilon, single.scaled, fixed),
            ]
    size = layout.spread(layout.largest(suspect))
    for relative in _ROUGH:
        last = levels[-1]
        fixed = np.maximum(last.fixed, relative * size)
        levels.append(Level(f"{relative:.0e}", last.epsilon, last.scaled, fixed, is_rough=True))
    return levels


def _is_single(suspect: Array) -> bool:
    """Whether the numbers are float32's, and not so few or simple that any number would be."""
    longer = suspect * 2.0**12
    return bool(
        np.array_equal(suspect, suspect.astype(np.float32).astype(np.float64))
        and np.sum(longer != np.round(longer)) >= 3
    )


def _printed_arrays(layout: Layout, suspect: Array) -> tuple[str, Array] | None:
    """Half of the last digit of each array that looks copied from a page; None where none does."""
    fixed, names = np.zeros_like(suspect), []
    for start, size in zip(layout.starts, layout.sizes, strict=True):
        found = _printed(suspect[start : start + size])
        if found is not None:
            names.append(found[0])
            fixed[start : start + size] = found[1]
    return (", ".join(sorted(set(names))), fixed) if names else None


def _printed(suspect: Array) -> tuple[str, Array] | None:
    """Half of the last digit, where the numbers look as if copied from a page."""
    if np.array_equal(suspect, np.round(suspect, 1)):
        return None
    if not _has_digits(suspect, _DIGITS[-1]):
        return None
    digits = next(digits for digits in _DIGITS if _has_digits(suspect, digits))
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.abs(suspect)))
    of_digits = 0.5001 * 10.0 ** (np.where(np.isfinite(exponent), exponent, -300.0) - digits + 1)
    for decimals in _DECIMALS:
        if np.array_equal(suspect, np.round(suspect, decimals)):
            of_decimals = np.full_like(suspect, 0.5001 * 10.0**-decimals)
            if np.all(of_digits <= 1.01 * of_decimals):
                return f"{decimals} decimals", of_decimals
            return f"{digits} digits", np.maximum(of_digits, of_decimals)
    return f"{digits} digits", of_digits


def _has_digits(suspect: Array, digits: int) -> bool:
    return all(float(f"{value:.{digits - 1}e}") == value for value in suspect)
