"""Which mistakes explain a gradient: every one, at every place, and every two of them.

A pass with one mistake in it costs some microseconds, so all of them are run and compared. For two
mistakes at once, the first is looked for among those that reach the first wrong array, seen from
the output: nothing else can have spoiled it. This file knows no mistake by name, and nothing of
how a gradient was written down.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clearprop.backprop import Gradients
from clearprop.explain.diagnose.case import Case
from clearprop.explain.diagnose.mistake import Planted
from clearprop.explain.diagnose.mistakes import MISTAKES
from clearprop.explain.diagnose.noise import Level
from clearprop.explain.diagnose.planting import planted_pass
from clearprop.explain.diagnose.slots import Layout, Slot

__all__ = ["Explanation", "Search", "complexity"]

Array = npt.NDArray[np.float64]

_FIT_STEPS = 8
_HOPELESS_AFTER = 3  # a fit that has not come near by then will not
_CHUNK_FLOATS = 2_000_000  # how many floats the arrays of the pairs of one chunk may hold
_LEAST_DIGITS = 3.0  # evidence that must be left when as many explanations were tried


@dataclass(frozen=True)
class Explanation:
    """Mistakes that together make of the right gradient what was given.

    Attributes:
        planted: the mistakes; none: the gradient is right.
        vector: what they make of the arrays that were given.
    """

    planted: tuple[Planted, ...]
    vector: Array


def complexity(planted: Sequence[Planted]) -> tuple[int, int]:
    """How much an explanation assumes: places, and numbers that were fitted."""
    places = sum(1 if plant.mistake.site == "all" else len(plant.layers) for plant in planted)
    return places, sum(bool(plant.mistake.coefficient) for plant in planted)


class _Line(NamedTuple):
    """Arrays as they depend on a number c: base + c slope, if that is all there is to it."""

    base: Array
    slope: Array
    is_straight: bool


class Search:
    """All explanations of gradients of one case whose arrays are the same.

    Args:
        case: what they are judged on.
        slots: the arrays.
    """

    def __init__(self, case: Case, slots: Sequence[Slot]) -> None:
        self.case = case
        self.layout = Layout(sorted(slots, key=lambda slot: -slot.layer))
        self.right = self.layout.vector(case.right)
        self.magnitude = np.array(
            [np.max(case.magnitude(slot.kind, slot.layer)) for slot in self.layout.slots]
        )
        self._lines: dict[tuple[str, tuple[int, ...]], _Line] = {}

    @cached_property
    def candidates(self) -> list[Planted]:
        """Every mistake at every layer where it can be made, and at all of them together."""
        found = []
        for mistake in MISTAKES.values():
            layers = mistake.where(self.case)
            if mistake.site != "all":
                found += [Planted(mistake, (layer,)) for layer in layers]
            if len(layers) > 1 or (layers and mistake.site == "all"):
                found.append(Planted(mistake, tuple(layers)))
        return found

    @cached_property
    def known(self) -> tuple[list[Planted], Array]:
        """The candidates that nothing must be fitted for and that change something: with vectors.

        Their number of rows is that of the candidates.
        """
        known = [plant for plant in self.candidates if not plant.mistake.coefficient]
        vectors = np.array([self.vector([plant]) for plant in known])
        vectors = vectors.reshape(len(known), len(self.right))
        keep = self._first_changed(vectors, self.right) < len(self.layout.slots)
        return [plant for plant, kept in zip(known, keep, strict=True) if kept], vectors[keep]

    @cached_property
    def fitted(self) -> list[Planted]:
        """The candidates with a number to fit that change something."""
        fitted = [plant for plant in self.candidates if plant.mistake.coefficient]
        return [plant for plant in fitted if self._reach(plant) < len(self.layout.slots)]

    def _reach(self, plant: Planted) -> int:
        """The first slot that a mistake with a number to fit changes."""
        line = self._line((), plant)
        return int(self._first_changed(line.base + line.slope, line.base))

    def vector(self, planted: Sequence[Planted]) -> Array:
        """What a pass with these mistakes gives for the arrays."""
        return self.layout.vector(self.run(planted))

    def run(self, planted: Sequence[Planted]) -> Gradients:
        """A pass with these mistakes."""
        with np.errstate(over="ignore", invalid="ignore"):
            return planted_pass(self.case, planted)

    def _first_changed(self, vectors: Array, right: Array) -> npt.NDArray[np.int64]:
        """Index of the first slot that each vector changes; the number of slots where none."""
        largest = np.maximum(self.layout.largest(right), self.layout.largest(vectors))
        with np.errstate(invalid="ignore"):
            change = self.layout.largest(vectors - right)
        changed = (change > 1e-14 * largest) | np.isnan(change)
        first = np.where(changed.any(axis=-1), np.argmax(changed, axis=-1), changed.shape[-1])
        return np.asarray(first)

    def fits(self, suspect: Array, vectors: Array, level: Level) -> npt.NDArray[np.bool_]:
        """Which vectors are the suspect's, at a level; shape (...,)."""
        return np.asarray(self._fits_slots(suspect, vectors, level).all(axis=-1))

    def _fits_slots(self, suspect: Array, vectors: Array, level: Level) -> npt.NDArray[np.bool_]:
        tolerance = level.tolerance(self.layout, vectors, self.magnitude)
        with np.errstate(invalid="ignore"):
            close = np.abs(suspect - vectors) <= tolerance
        return np.asarray(np.logical_and.reduceat(close, self.layout.starts, axis=-1))

    def is_right(self, suspect: Array, level: Level) -> bool:
        """Whether the suspect is the right gradient, at a level."""
        return bool(self.fits(suspect, self.right, level))

    def singles(self, suspect: Array, level: Level) -> list[Explanation]:
        """Each one mistake without a number to fit that explains the suspect at a level."""
        plants, vectors = self.known
        return [
            Explanation((plants[index],), vectors[index])
            for index in np.flatnonzero(self.fits(suspect, vectors, level))
        ]

    def fitted_singles(self, suspect: Array, level: Level) -> list[Explanation]:
        """Each one mistake that explains the suspect once its number is fitted."""
        starters = self._reaching(self._first_wrong(suspect, self.right, level))
        fits = (
            self._fit((), plant, suspect, level) for plant in starters if plant.mistake.coefficient
        )
        return [explanation for explanation in fits if explanation is not None]

    def _first_wrong(self, suspect: Array, vector: Array, level: Level) -> int:
        """The first slot, seen from the output, that is not as in a vector."""
        return int(np.argmax(~self._fits_slots(suspect, vector, level)))

    def pairs(self, suspect: Array, level: Level) -> list[Explanation]:
        """Each two mistakes that explain the suspect at a level together."""
        first = self._first_wrong(suspect, self.right, level)
        starters = self._reaching(first)
        found = []
        # The first mistake explains the first wrong array alone, and the second what is wrong next.
        for one in self._fitted_to(starters, suspect, first, level):
            following = self._first_wrong(suspect, self.vector([one]), level)
            pairs = [(one, other) for other in self._reaching(following)]
            found += self._explain(pairs, suspect, level)
        if all(complexity(explanation.planted)[1] for explanation in found):
            # Both of them reach the first wrong array.
            found += self._explain(itertools.combinations(starters, 2), suspect, level)
        if not found:
            below = [plant for plant in starters if plant.mistake.looks_below]
            every = [*self.known[0], *self.fitted]
            found = self._explain(itertools.product(below, every), suspect, level)
        n_tried = (len(self.known[0]) + len(self.fitted)) ** 2
        return [one for one in found if self._is_evident(one, suspect, level, n_tried)]

    @cached_property
    def _reaches(self) -> list[tuple[Planted, int]]:
        """Each candidate with the first slot that it changes."""
        plants, vectors = self.known
        known = zip(plants, self._first_changed(vectors, self.right).tolist(), strict=True)
        return [*known, *((plant, self._reach(plant)) for plant in self.fitted)]

    def _reaching(self, slot: int) -> list[Planted]:
        """The mistakes whose first effect is on this slot."""
        return [plant for plant, reach in self._reaches if reach == slot]

    def _fitted_to(
        self, starters: Iterable[Planted], suspect: Array, first: int, level: Level
    ) -> list[Planted]:
        """Those that explain the first wrong array, with their numbers fitted to it."""
        upto = slice(0, self.layout.starts[first] + self.layout.sizes[first])
        found = []
        for starter in starters:
            plant: Planted | None = starter
            if starter.mistake.coefficient:
                plant = self._coefficient((), starter, suspect, level, upto)
            if plant is not None:
                fits = self._fits_slots(suspect, self.vector([plant]), level)
                if fits[: first + 1].all():
                    found.append(plant)
        return found

    def _explain(
        self, pairs: Iterable[tuple[Planted, Planted]], suspect: Array, level: Level
    ) -> list[Explanation]:
        """Those of the pairs that explain the suspect, each once, whatever its order."""
        tried: set[frozenset[tuple[str, tuple[int, ...]]]] = set()
        known, found = [], []
        for one, other in pairs:
            key = frozenset((plant.mistake.name, plant.layers) for plant in (one, other))
            if key in tried or not compatible(one, other):
                continue
            tried.add(key)
            unfitted = [
                plant
                for plant in (one, other)
                if plant.mistake.coefficient and not plant.coefficient
            ]
            if not unfitted:
                known.append((one, other))
            elif len(unfitted) == 1:
                fixed = other if unfitted[0] is one else one
                explanation = self._fit((fixed,), unfitted[0], suspect, level)
                if explanation is not None:
                    found.append(explanation)
        size = max(1, _CHUNK_FLOATS // len(self.right))
        for start in range(0, len(known), size):
            chunk = known[start : start + size]
            vectors = np.array([self.vector(pair) for pair in chunk])
            fitting = np.flatnonzero(self.fits(suspect, vectors, level))
            found += [Explanation(chunk[index], vectors[index]) for index in fitting]
        return found

    def _line(self, others: tuple[Planted, ...], plant: Planted) -> _Line:
        """How the arrays depend on the number in a mistake's formula."""
        key = plant.mistake.name, plant.layers
        if not others and key in self._lines:
            return self._lines[key]
        at = [
            self.vector([*others, plant._replace(coefficient=number)]) for number in (0.0, 1.0, 2.0)
        ]
        slope = at[1] - at[0]
        bend = float(np.max(np.abs(at[2] - at[1] - slope), initial=0.0))
        line = _Line(at[0], slope, bend <= 1e-9 * float(np.max(np.abs(slope), initial=0.0)))
        if not others:
            self._lines[key] = line
        return line

    def _fit(
        self, others: tuple[Planted, ...], plant: Planted, suspect: Array, level: Level
    ) -> Explanation | None:
        fitted = self._coefficient(others, plant, suspect, level, slice(None))
        if fitted is None:
            return None
        vector = self.vector([*others, fitted])
        without = self.vector(others)
        with np.errstate(invalid="ignore"):
            moved = np.abs(vector - without) > level.tolerance(self.layout, without, self.magnitude)
        # A number fitted to one other number explains anything.
        if np.sum(moved) < 2 or not self.fits(suspect, vector, level):
            return None
        return Explanation((*others, fitted), vector)

    def _coefficient(
        self,
        others: tuple[Planted, ...],
        plant: Planted,
        suspect: Array,
        level: Level,
        part: slice,
    ) -> Planted | None:
        """The number of least squares, each entry in units of its tolerance; Gauss and Newton.

        None where there is none, or where it plainly explains nothing.
        """
        tolerance = level.tolerance(self.layout, self.right, self.magnitude)[part]
        weights = 1.0 / np.where(tolerance > 0.0, tolerance, np.inf)
        line = self._line(others, plant)
        slope, rest = line.slope[part] * weights, (suspect - line.base)[part] * weights
        coefficient = _least_squares(slope, rest)
        if line.is_straight:
            left = np.abs(rest - coefficient * slope)
            explained = np.max(left) <= 1e-3 * np.max(np.abs(rest), initial=1.0) + 1e3
            return plant._replace(coefficient=coefficient) if coefficient and explained else None
        # The first array that it changes depends on it in a straight line: a start near the end.
        first = int(self._first_changed(line.base + line.slope, line.base))
        if first == len(self.layout.slots):
            return None
        begin = int(self.layout.starts[first])
        reached = slice(begin, begin + int(self.layout.sizes[first]))
        step, coefficient = 1e-5, _least_squares(slope[reached], rest[reached])
        for step_number in range(_FIT_STEPS):
            here = self.vector([*others, plant._replace(coefficient=coefficient)])[part]
            there = self.vector([*others, plant._replace(coefficient=coefficient + step)])[part]
            change = _least_squares(
                (there - here) / step * weights, (suspect[part] - here) * weights
            )
            coefficient += change
            if abs(change) <= 1e-13 * abs(coefficient) or not math.isfinite(coefficient):
                break
            if step_number >= _HOPELESS_AFTER and abs(change) > 0.1 * abs(coefficient):
                return None
        usable = math.isfinite(coefficient) and coefficient
        return plant._replace(coefficient=coefficient) if usable else None

    def _is_evident(
        self, explanation: Explanation, suspect: Array, level: Level, n_tried: int
    ) -> bool:
        """Whether the wrong entries say more than chance would among so many explanations."""
        tolerance = level.tolerance(self.layout, explanation.vector, self.magnitude)
        size = self.layout.spread(self.layout.largest(suspect))
        with np.errstate(divide="ignore", invalid="ignore"):
            digits = np.log10(np.maximum(size / tolerance, 1.0))
        digits = np.sort(digits[np.abs(suspect - self.right) > tolerance])
        n_fitted = complexity(explanation.planted)[1]
        return bool(np.sum(digits[: len(digits) - n_fitted]) >= _LEAST_DIGITS + math.log10(n_tried))


def _least_squares(slope: Array, rest: Array) -> float:
    """The number c of the least |rest - c slope|; 0 where any would do."""
    curvature = float(slope @ slope)
    if not math.isfinite(curvature) or curvature == 0.0:
        return 0.0
    return float(slope @ rest) / curvature


def compatible(one: Planted, other: Planted) -> bool:
    """Whether two mistakes can both be made: one formula is not put wrong twice."""
    if one.mistake.name == other.mistake.name:
        return not set(one.layers) & set(other.layers)
    if one.mistake.constant and other.mistake.constant:
        return one.mistake.site == other.mistake.site and not (
            one.mistake.coefficient or other.mistake.coefficient
        )
    both_replace = not any(plant.mistake.scales or plant.mistake.adds for plant in (one, other))
    same_place = one.mistake.site == other.mistake.site and set(one.layers) & set(other.layers)
    return not (both_replace and same_place)
