"""`diagnose`: from somebody's gradient to the mistake that explains it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearprop.explanation.diagnose.case import Case, make_case
from clearprop.explanation.diagnose.diagnosis import ArrayFit, Diagnosis, Finding, Verdict
from clearprop.explanation.diagnose.lookalikes import lookalikes
from clearprop.explanation.diagnose.mistake import Planted, formula_words
from clearprop.explanation.diagnose.noise import Level, levels_of
from clearprop.explanation.diagnose.reading import Reading, readings_of
from clearprop.explanation.diagnose.search import Explanation, Search, complexity
from clearprop.explanation.diagnose.separation import suggest
from clearprop.explanation.diagnose.slots import Slot
from clearprop.gradcheck import GradientReport, check_gradients
from clearprop.network import Layer, Network

__all__ = ["Doctor", "diagnose"]

Array = npt.NDArray[np.float64]

_Search = Callable[[Search, Array, Level], list[Explanation]]

_VERIFIED_ENTRIES = 8
_PAIRED_READINGS = 4  # two mistakes are looked for in so many readings at most: it takes time
_WORTH_NAMING = 0.5  # the nearest explanation of an unknown mistake must halve its error


def diagnose(
    network: Network,
    parameters: Sequence[Layer],
    X: Any,
    Y: Any,
    suspect: Any,
    *,
    sample_weight: Any = None,
    l2: float = 0.0,
    layout: str = "auto",
    verify: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Diagnosis:
    """Say which mistake makes a wrong gradient what it is: which formula, at which layer.

        a pass with one formula put wrong, at each layer in turn  =  the suspect?

    Every mistake of `MISTAKES` is made at every layer where it can be, and every two of them; what
    they give is compared with the suspect at the precision of its numbers.

    Args:
        network: the network.
        parameters: one `Layer(W, b)` per layer, from before any update.
        X: batch, shape (n_samples, sizes[0]).
        Y: targets, shape (n_samples, sizes[-1]).
        suspect: the gradient to judge, or any part of it: a `Gradients`; a mapping of "dW", "db",
            "delta" or "dinput" to one array per layer (None leaves one out); a mapping of names
            such as "dW1" or "0.weight" to arrays; a list in the order W, b, W, b or all W, all b;
            or one array, recognised by its shape. Arrays may be transposed, flat, a bias stacked
            onto its weights, or one matrix per sample.
        sample_weight: shape (n_samples,), or None for weights of 1.
        l2: strength of the L2 penalty that the gradient should include.
        layout: "rows" where the suspect's weights have a row per input, as here; "columns" where
            they have a row per output, as in torch; "auto" finds out where shapes tell.
        verify: whether to compare `backward` with finite differences on some entries first.
        progress: called with a sentence before what may take seconds.

    Returns:
        `Diagnosis`; print it to see verdict, mistake, formula, step and remedy.

    Raises:
        ShapeError: X, Y or the suspect do not fit the network.
        ParameterError: the suspect holds no numbers, or NaN, or names that say nothing.

    Examples:
        >>> import numpy as np
        >>> from clearprop import Network, backward, forward
        >>> network = Network([2, 3, 2], hidden="tanh", reduction="sum")
        >>> parameters = network.initialize(random_state=0)
        >>> X, Y = np.array([[1.0, -2.0], [0.5, 3.0]]), np.eye(2)
        >>> gradients = backward(network, parameters, forward(network, parameters, X), Y)
        >>> diagnose(network, parameters, X, Y, gradients).verdict
        'right'
        >>> delta = gradients.dinput[1]  # sigma'(z[0]) forgotten
        >>> diagnosis = diagnose(network, parameters, X, Y, {"dW0": X.T @ delta})
        >>> diagnosis.verdict, diagnosis.findings[0].mistake, diagnosis.findings[0].step
        ('mistake', "missing sigma'", 'delta[0]')
    """
    case = make_case(network, parameters, X, Y, sample_weight=sample_weight, l2=l2)
    standing = None
    if verify:
        standing = check_gradients(
            network,
            parameters,
            X,
            Y,
            sample_weight=sample_weight,
            l2=l2,
            max_entries=_VERIFIED_ENTRIES,
        )
    return Doctor(case, progress).examine(suspect, layout=layout, standing=standing)


@dataclass(frozen=True)
class _Fit:
    """An explanation under one reading."""

    reading: Reading
    search: Search
    explanation: Explanation
    level: Level
    vector: Array

    @property
    def planted(self) -> tuple[Planted, ...]:
        return self.explanation.planted


class Doctor:
    """Judges any number of gradients of one network on one batch, and keeps what they share.

    Args:
        case: network, parameters and batch.
        progress: as for `diagnose`.
    """

    def __init__(self, case: Case, progress: Callable[[str], None] | None = None) -> None:
        self.case = case
        self._progress = progress or (lambda told: None)  # noqa: ARG005 - nobody listens
        self._said_pairs = False
        self._searches: dict[tuple[Slot, ...], Search] = {}

    def examine(
        self, suspect: Any, *, layout: str = "auto", standing: GradientReport | None = None
    ) -> Diagnosis:
        """Judge one gradient; see `diagnose`."""
        readings = readings_of(self.case, suspect, layout)
        # Most right gradients are so to their last bits: what rounding does need not be asked then.
        opened = [self._open(reading, of_forward=False) for reading in readings]
        fits = _right([(*one[:3], one[3][0]) for one in opened])
        if fits:
            return self._conclude(fits, opened, standing)
        opened = [self._open(reading) for reading in readings]
        for rank in range(max(len(levels) for _, _, _, levels in opened)):
            here = [(*one[:3], one[3][rank]) for one in opened if rank < len(one[3])]
            fits = _right(here) or self._explain(here)
            if fits:
                return self._conclude(fits, opened, standing)
        return self._give_up(opened, standing)

    def _open(
        self, reading: Reading, *, of_forward: bool = True
    ) -> tuple[Reading, Search, Array, list[Level]]:
        search = self._searches.get(reading.slots)
        if search is None:
            search = self._searches[reading.slots] = Search(self.case, reading.slots)
        arrays = [reading.arrays[slot.kind, slot.layer] for slot in search.layout.slots]
        vector = np.concatenate([array.ravel() for array in arrays])
        levels = levels_of(self.case, search.layout, vector, reading.dtypes, of_forward=of_forward)
        return reading, search, vector, levels

    def _explain(self, opened: Sequence[tuple[Reading, Search, Array, Level]]) -> list[_Fit]:
        """What fits at one level: one mistake, else two; in any reading."""
        searches: list[tuple[_Search, int]] = [
            (Search.singles, len(opened)),
            (Search.fitted_singles, len(opened)),
            (Search.pairs, 0 if opened[0][3].is_rough else _PAIRED_READINGS),
        ]
        for explanations, n_readings in searches:
            if explanations is Search.pairs and n_readings and not self._said_pairs:
                self._progress("No one mistake explains all digits: trying every two of them")
                self._said_pairs = True
            fits = [
                _Fit(reading, search, explanation, level, vector)
                for reading, search, vector, level in opened[:n_readings]
                for explanation in explanations(search, vector, level)
            ]
            if fits:
                return fits
        return []

    def _conclude(
        self,
        fits: list[_Fit],
        opened: Sequence[tuple[Reading, Search, Array, list[Level]]],
        standing: GradientReport | None,
    ) -> Diagnosis:
        fits = list(_simplest(fits))
        if not fits[0].planted:
            fits += self._read_otherwise(fits[0], opened)
        best, others = fits[0], fits[1:]
        verdict = _verdict(fits)
        notes = [note for note in (best.reading.note, _by_shape(best, opened)) if note]
        if best.level.is_rough:
            notes.append(
                f"it fits to within {best.level.name} of each array's largest number, and no more "
                "closely: the numbers are less precise than they look, or something small is wrong"
            )
        suggestion = None
        if verdict == "cannot tell":
            if any(fit.reading.slots != best.reading.slots for fit in others):
                read = [", ".join(slot.name for slot in fit.reading.slots) for fit in fits]
                notes.append(f"the first is for {read[0]}, the other for {read[1]}")
            elif any(fit.reading.is_transposed != best.reading.is_transposed for fit in others):
                notes.append(
                    "the layout decides, and it cannot be seen from square matrices: say "
                    "layout='rows' or layout='columns'"
                )
            else:
                suggestion = suggest(
                    self.case, best.search.layout.slots, [fit.planted for fit in fits]
                )
        return Diagnosis(
            verdict,
            self._findings(best),
            tuple(self._findings(other) for other in others),
            _array_fits(best),
            best.level.name,
            best.reading.taken,
            tuple(notes),
            suggestion,
            standing,
        )

    def _read_otherwise(
        self, right: _Fit, opened: Sequence[tuple[Reading, Search, Array, list[Level]]]
    ) -> list[_Fit]:
        """What would be wrong if the arrays were others than those that are right.

        Square weights may be transposed, or lack a transpose; an array without a name may be the
        right dinput, or a delta without sigma'.
        """
        for reading, search, vector, levels in opened:
            if reading.slots == right.reading.slots:
                is_other = right.reading.is_transposed and not reading.is_transposed
            else:
                is_other = True
            level = next((one for one in levels if one.name == right.level.name), None)
            explanations = search.singles(vector, level) if is_other and level else []
            if explanations and level:
                return [_Fit(reading, search, explanations[0], level, vector)]
        return []

    def _give_up(
        self,
        opened: Sequence[tuple[Reading, Search, Array, list[Level]]],
        standing: GradientReport | None,
    ) -> Diagnosis:
        """No explanation: what was given is something else, or the nearest, if it explains half."""
        others = lookalikes(self.case, opened[0][0].arrays)
        nearest: tuple[float, _Fit] | None = None
        for reading, search, vector, levels in opened:
            plants, vectors = search.known
            if not plants:
                continue
            errors = np.max(search.layout.relative_errors(vectors, vector[None, :]), axis=-1)
            index = int(np.argmin(errors))
            if nearest is None or errors[index] < nearest[0]:
                explanation = Explanation((plants[index],), vectors[index])
                nearest = (
                    float(errors[index]),
                    _Fit(reading, search, explanation, levels[0], vector),
                )
        reading, search, vector, levels = opened[0]
        best = _Fit(reading, search, Explanation((), search.right), levels[0], vector)
        before = float(np.max(search.layout.relative_errors(vector, search.right)))
        if nearest is not None and nearest[0] < _WORTH_NAMING * before and not others:
            best = nearest[1]
        asked = others or [_judged_as(self.case)]
        notes = [*asked, best.reading.note, _by_shape(best, opened)]
        return Diagnosis(
            "none",
            self._findings(best),
            (),
            _array_fits(best),
            best.level.name,
            best.reading.taken,
            tuple(note for note in notes if note),
            None,
            standing,
        )

    def _findings(self, fit: _Fit) -> tuple[Finding, ...]:
        ordered = sorted(fit.planted, key=lambda plant: -max(plant.layers))
        return tuple(self._finding(fit, plant) for plant in ordered)

    def _finding(self, fit: _Fit, plant: Planted) -> Finding:
        layout, mistake = fit.search.layout, plant.mistake
        others = [other for other in fit.planted if other is not plant]
        before = layout.relative_errors(fit.vector, fit.search.vector(others))
        after = layout.relative_errors(fit.vector, fit.explanation.vector)
        words = formula_words(self.case, plant)
        layer = max(plant.layers)
        sentence, meaning = mistake.sentence.format(**words), ""
        if len(plant.layers) > 1 and mistake.site != "all":
            told = ", ".join(map(str, sorted(plant.layers, reverse=True)))
            sentence += f"; and so at every layer where it can be: {told}"
        if mistake.meanings is not None:
            for name, value in mistake.meanings(self.case).items():
                if abs(plant.coefficient - value) <= 1e-4 * abs(value):
                    meaning = name
            sentence += f" ({meaning})" if meaning else ""
        site = {"used": "dW", "all": "delta"}.get(mistake.site, mistake.site)
        return Finding(
            mistake.name,
            layer,
            tuple(sorted(plant.layers, reverse=True)),
            float(np.max(before)),
            float(np.max(after)),
            mistake.right.format(**words),
            mistake.computed.format(**words),
            f"{site}[{layer}]",
            sentence,
            mistake.remedy.format(**words),
            plant.coefficient if mistake.coefficient else None,
            mistake.coefficient,
            meaning,
        )


def _judged_as(case: Case) -> str:
    """What a gradient may be of another network, batch or moment than."""
    network = case.network
    hidden = ", ".join(dict.fromkeys(activation.name for activation in network.activations))
    return (
        f"judged as: {f'hidden {hidden}, ' if hidden else ''}output {network.output}, reduction "
        f"{network.reduction}, {case.n_samples} rows, l2 {case.point.l2:g}, weights from before "
        "the update; if one of these is not so, it is no wonder"
    )


def _right(opened: Sequence[tuple[Reading, Search, Array, Level]]) -> list[_Fit]:
    """The first reading by which the gradient is right."""
    for reading, search, vector, level in opened:
        if search.is_right(vector, level):
            return [_Fit(reading, search, Explanation((), search.right), level, vector)]
    return []


def _simplest(fits: Iterable[_Fit]) -> Iterable[_Fit]:
    """Those that assume least; of a factor on everything and one on each array, the former."""
    fits = list(fits)
    least = min(complexity(fit.planted) for fit in fits)
    fits = [fit for fit in fits if complexity(fit.planted) == least]
    found: list[_Fit] = []
    seen = set()
    for fit in fits:
        key = frozenset((plant.mistake.name, plant.layers) for plant in fit.planted)
        if key not in seen:
            seen.add(key)
            found.append(fit)
    everywhere = {
        frozenset(plant.mistake.family for plant in fit.planted)
        for fit in found
        if all(plant.mistake.constant for plant in fit.planted)
    }
    return [
        fit
        for fit in found
        if all(plant.mistake.constant for plant in fit.planted)
        or frozenset(plant.mistake.family for plant in fit.planted) not in everywhere
    ]


def _by_shape(fit: _Fit, opened: Sequence[tuple[Reading, Search, Array, list[Level]]]) -> str:
    """What else the arrays may be, where their shapes alone said what they are."""
    names = [", ".join(slot.name for slot in reading.slots) for reading, *_ in opened]
    taken = ", ".join(slot.name for slot in fit.reading.slots)
    others = [name for name in dict.fromkeys(names) if name != taken]
    if not others:
        return ""
    return (
        f"by its shape, what was taken as {taken} may also be {'; or '.join(others)}: name it to "
        "be sure"
    )


def _verdict(fits: Sequence[_Fit]) -> Verdict:
    if len(fits) > 1:
        return "cannot tell"
    planted = fits[0].planted
    if not planted:
        return "right"
    if all(plant.mistake.constant for plant in planted):
        return "constant factor"
    return "mistake" if len(planted) == 1 else "two mistakes"


def _array_fits(fit: _Fit) -> tuple[ArrayFit, ...]:
    layout = fit.search.layout
    before = layout.relative_errors(fit.vector, fit.search.right)
    after = layout.relative_errors(fit.vector, fit.explanation.vector)
    return tuple(
        ArrayFit(slot.name, float(one), float(other))
        for slot, one, other in zip(layout.slots, before, after, strict=True)
    )
