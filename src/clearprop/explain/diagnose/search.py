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

_FIT_STEPS = 6
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
    places = sum(
        1 if plant.mistake.site == "all" else len(plant.layers) for plant in planted
    )
    return places, sum(bool(plant.mistake.coefficient) for plant in planted)


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
        keep = self._first_changed(vectors) < len(self.layout.slots)
        return [plant for plant, kept in zip(known, keep, strict=True) if kept], vectors[keep]

    @cached_property
    def fitted(self) -> tuple[list[Planted], Array]:
        """The candidates with a number to fit, and the vectors at some small number."""
        fitted = [plant for plant in self.candidates if plant.mistake.coefficient]
        vectors = np.array([self.vector([plant._replace(coefficient=0.1)]) for plant in fitted])
        vectors = vectors.reshape(len(fitted), len(self.right))
        keep = self._first_changed(vectors) < len(self.layout.slots)
        return [plant for plant, kept in zip(fitted, keep, strict=True) if kept], vectors[keep]

    def vector(self, planted: Sequence[Planted]) -> Array:
        """What a pass with these mistakes gives for the arrays."""
        return self.layout.vector(self.run(planted))

    def run(self, planted: Sequence[Planted]) -> Gradients:
        """A pass with these mistakes."""
        with np.errstate(over="ignore", invalid="ignore"):
            return planted_pass(self.case, planted)

    def _first_changed(self, vectors: Array) -> Array:
        """Index of the first slot that each vector changes; the number of slots where none."""
        largest = np.maximum(self.layout.largest(self.right), self.layout.largest(vectors))
        with np.errstate(invalid="ignore"):
            change = self.layout.largest(vectors - self.right)
        changed = (change > 1e-14 * largest) | np.isnan(change)
        return np.where(changed.any(axis=-1), np.argmax(changed, axis=-1), changed.shape[-1])

    def fits(self, suspect: Array, vectors: Array, level: Level) -> npt.NDArray[np.bool_]:
        """Which vectors are the suspect's, at a level; shape (...,)."""
        return np.asarray(self._fits_slots(suspect, vectors, level).all(axis=-1))

    def _fits_slots(
        self, suspect: Array, vectors: Array, level: Level
    ) -> npt.NDArray[np.bool_]:
        tolerance = level.tolerance(self.layout, vectors, self.magnitude)
        with np.errstate(invalid="ignore"):
            close = np.abs(suspect - vectors) <= tolerance
        return np.asarray(np.logical_and.reduceat(close, self.layout.starts, axis=-1))

    def is_right(self, suspect: Array, level: Level) -> bool:
        """Whether the suspect is the right gradient, at a level."""
        return bool(self.fits(suspect, self.right, level))

    def singles(self, suspect: Array, level: Level) -> list[Explanation]:
        """Each one mistake that explains the suspect at a level."""
        plants, vectors = self.known
        if not len(plants) and not len(self.fitted[0]):
            return []
        found = [
            Explanation((plants[index],), vectors[index])
            for index in np.flatnonzero(self.fits(suspect, vectors, level))
        ]
        if found:
            return found
        for plant in self.fitted[0]:
            explanation = self._fit((), plant, suspect, level)
            if explanation is not None:
                found.append(explanation)
        return found

    def pairs(self, suspect: Array, level: Level) -> list[Explanation]:
        """Each two mistakes that explain the suspect at a level together."""
        wrong = ~self._fits_slots(suspect, self.right, level)
        first = int(np.argmax(wrong))
        starters = self._starters(first)
        plants, vectors = self.known
        every = [*plants, *self.fitted[0]]
        found: dict[frozenset[tuple[str, tuple[int, ...]]], Explanation] = {}

        def consider(explanation: Explanation | None) -> None:
            if explanation is not None:
                key = frozenset((p.mistake.name, p.layers) for p in explanation.planted)
                found.setdefault(key, explanation)

        # The first mistake explains the first wrong array alone, and the second what lies below it.
        for starter in self._fitted_to(starters, suspect, first, level):
            for other in every:
                if compatible(starter, other):
                    consider(self._explain(starter, other, suspect, level))
        if not found:
            # Both of them reach the first wrong array.
            for one, other in itertools.combinations(starters, 2):
                if compatible(one, other):
                    consider(self._explain(one, other, suspect, level))
        del vectors
        return [
            explanation
            for explanation in found.values()
            if self._is_evident(explanation, suspect, level, len(every) ** 2)
        ]

    def _starters(self, first: int) -> list[Planted]:
        starters = []
        for plants, vectors in (self.known, self.fitted):
            if plants:
                reached = self._first_changed(vectors) == first
                starters += [p for p, reaches in zip(plants, reached, strict=True) if reaches]
        return starters

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
            if plant is None:
                continue
            fits = self._fits_slots(suspect, self.vector([plant]), level)
            if fits[: first + 1].all():
                found.append(plant)
        return found

    def _explain(
        self, one: Planted, other: Planted, suspect: Array, level: Level
    ) -> Explanation | None:
        for plant, fixed in ((one, other), (other, one)):
            if plant.mistake.coefficient and not plant.coefficient:
                if fixed.mistake.coefficient and not fixed.coefficient:
                    return None
                return self._fit((fixed,), plant, suspect, level)
        vector = self.vector([one, other])
        if not self.fits(suspect, vector, level):
            return None
        return Explanation((one, other), vector)

    def _fit(
        self, others: tuple[Planted, ...], plant: Planted, suspect: Array, level: Level
    ) -> Explanation | None:
        fitted = self._coefficient(others, plant, suspect, level, slice(None))
        if fitted is None:
            return None
        vector = self.vector([*others, fitted])
        without = self.vector(others)
        with np.errstate(invalid="ignore"):
            moved = np.abs(vector - without) > level.tolerance(
                self.layout, without, self.magnitude
            )
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
        """The number of least squares, each entry in units of its tolerance; Gauss and Newton."""
        step, coefficient = 1e-3, 0.0
        for _ in range(_FIT_STEPS):
            here = self.vector([*others, plant._replace(coefficient=coefficient)])[part]
            there = self.vector([*others, plant._replace(coefficient=coefficient + step)])[part]
            tolerance = level.tolerance(self.layout, self.right, self.magnitude)[part]
            weights = 1.0 / np.where(tolerance > 0.0, tolerance, np.inf)
            slope, rest = (there - here) / step * weights, (suspect[part] - here) * weights
            curvature = float(slope @ slope)
            if not math.isfinite(curvature) or curvature == 0.0:
                return None
            change = float(slope @ rest) / curvature
            coefficient += change
            if not math.isfinite(coefficient):
                return None
            if abs(change) <= 1e-13 * abs(coefficient):
                break
        return plant._replace(coefficient=coefficient) if coefficient else None

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
        return bool(
            np.sum(digits[: len(digits) - n_fitted]) >= _LEAST_DIGITS + math.log10(n_tried)
        )


def compatible(one: Planted, other: Planted) -> bool:
    """Whether two mistakes can both be made: not one formula put wrong twice, nor one of them."""
    if one.mistake.name == other.mistake.name:
        return False
    if one.mistake.constant and other.mistake.constant:
        return one.mistake.site == other.mistake.site and not (
            one.mistake.coefficient or other.mistake.coefficient
        )
    both_replace = not any(
        plant.mistake.scales or plant.mistake.adds for plant in (one, other)
    )
    same_place = one.mistake.site == other.mistake.site and set(one.layers) & set(other.layers)
    return not (both_replace and same_place)
