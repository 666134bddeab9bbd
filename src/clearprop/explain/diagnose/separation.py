"""Rows that tell explanations apart which one batch does not, and arrays that would.

Two mistakes can give the same numbers by chance (a factor 2 and a missing 1/N, where N is 2) or
always (two names for one computation). The rows are looked for among those the user has, then
among small random batches.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearprop.explain.diagnose.case import KINDS, Case, make_case
from clearprop.explain.diagnose.mistake import Planted
from clearprop.explain.diagnose.planting import planted_pass
from clearprop.explain.diagnose.slots import Layout, Slot

__all__ = ["Suggestion", "suggest"]

Array = npt.NDArray[np.float64]

_APART = 1e-2  # relative; what a person would see as different
_N_SUBSETS = 40
_N_RANDOM = 12
_N_NAMED = 3


@dataclass(frozen=True)
class Suggestion:
    """What to give next, so that explanations can be told apart.

    Attributes:
        X: rows, shape (n, sizes[0]); None where no rows help.
        Y: their targets.
        rows: which of the rows given these are; None for new ones.
        apart: how many of the explanations they tell apart, of `n_explanations`.
        n_explanations: how many there were.
        arrays: arrays that were not given and would tell them apart on the same batch.
    """

    X: Array | None
    Y: Array | None
    rows: tuple[int, ...] | None
    apart: int
    n_explanations: int
    arrays: tuple[str, ...]

    def __str__(self) -> str:
        lines = []
        if self.X is not None and self.Y is not None:
            if self.rows is not None:
                named = ", ".join(map(str, self.rows))
                lines.append(
                    f"Rows that tell them apart: {named} of yours (counted from 0), alone."
                )
            else:
                lines.append(f"Rows that tell them apart ({len(self.X)} new ones):")
                lines.append(f"  X = {_short(self.X)}")
                lines.append(f"  Y = {_short(self.Y)}")
            if self.apart < self.n_explanations:
                lines.append(f"  ({self.apart} of the {self.n_explanations} would then differ)")
        if self.arrays:
            lines.append(f"Arrays that tell them apart, if given too: {', '.join(self.arrays)}.")
        return "\n".join(lines) or (
            "No rows and no further arrays tell them apart: for this network they are the same "
            "computation."
        )


def _short(array: Array) -> str:
    return np.array2string(array, separator=", ", threshold=10_000).replace("\n", "\n      ")


def suggest(
    case: Case, slots: Sequence[Slot], explanations: Sequence[tuple[Planted, ...]]
) -> Suggestion:
    """Rows on which the explanations differ in the arrays that were given.

    Args:
        case: the batch on which they do not.
        slots: the arrays that were given.
        explanations: the mistakes of each; none for "right".
    """
    kinds = tuple((slot.kind, slot.layer) for slot in slots)
    best: tuple[int, Case, tuple[int, ...] | None] | None = None
    for near, rows in _batches(case):
        apart = _n_apart(near, kinds, explanations)
        if apart > (best[0] if best else 1):
            best = apart, near, rows
        if apart == len(explanations):
            break
    every = [(kind, layer) for layer in range(case.network.n_layers) for kind in KINDS]
    arrays = [
        f"{kind}[{layer}]"
        for kind, layer in every
        if (kind, layer) not in kinds
        and _n_apart(case, ((kind, layer),), explanations) == len(explanations)
    ]
    named = tuple(arrays[:_N_NAMED])
    if best is None:
        return Suggestion(None, None, None, 1, len(explanations), named)
    apart, near, rows = best
    X, Y = near.passes.inputs[0], near.point.Y
    return Suggestion(X, Y, rows, apart, len(explanations), named)


def _n_apart(
    case: Case, kinds: Sequence[tuple[str, int]], explanations: Sequence[tuple[Planted, ...]]
) -> int:
    """How many groups the explanations fall into on a batch."""
    groups: list[tuple[Layout, Array]] = []
    for planted in explanations:
        # Where a mistake makes no difference, as 1/N for one row, its gradient is the right one.
        made = [plant for plant in planted if set(plant.layers) <= set(plant.mistake.where(case))]
        with np.errstate(over="ignore", invalid="ignore"):
            run = planted_pass(case, made)
        slots = [Slot(kind, layer, getattr(run, kind)[layer].shape) for kind, layer in kinds]
        layout = Layout(slots)
        vector = layout.vector(run)
        if not np.all(np.isfinite(vector)):
            return 0
        if not any(_same(layout, vector, *group) for group in groups):
            groups.append((layout, vector))
    return len(groups)


def _same(layout: Layout, vector: Array, other_layout: Layout, other: Array) -> bool:
    if layout.slots != other_layout.slots:
        return False
    return bool(np.max(layout.relative_errors(vector, other)) < _APART)


def _batches(case: Case) -> Iterator[tuple[Case, tuple[int, ...] | None]]:
    """Parts of the user's own batch, the largest first; then new rows like them."""
    n_rows, X, Y = case.n_samples, case.passes.inputs[0], case.point.Y
    generator = np.random.default_rng(0)
    subsets = itertools.chain.from_iterable(
        itertools.combinations(range(n_rows), size) for size in range(min(n_rows - 1, 3), 0, -1)
    )
    for subset in itertools.islice(subsets, _N_SUBSETS):
        chosen = list(subset)
        yield _on(case, X[chosen], Y[chosen], chosen), subset
    spread = max(float(np.std(X)), 0.5)
    for attempt in range(_N_RANDOM):
        size = (3, 2, 5, 1)[attempt % 4]
        rows = np.round(np.mean(X, axis=0) + spread * generator.normal(size=(size, X.shape[1])), 2)
        chosen = list(generator.integers(0, n_rows, size))
        yield _on(case, rows, Y[chosen], chosen), None


def _on(case: Case, X: Array, Y: Array, chosen: list[int]) -> Case:
    weights = case.point.sample_weight
    return make_case(
        case.network,
        case.parameters,
        X,
        Y,
        sample_weight=None if weights is None else weights[chosen],
        l2=case.point.l2,
    )
