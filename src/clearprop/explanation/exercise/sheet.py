"""A sheet of exercises: which questions, drawn by a seed.

This file knows nothing of marking and of how sheets are shown.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from clearprop.errors import ParameterError
from clearprop.explanation.derivation.batch import Update
from clearprop.explanation.document import derivation_of
from clearprop.explanation.exercise.friendly import shuffled
from clearprop.explanation.exercise.kinds import KINDS
from clearprop.explanation.exercise.material import Material, Place
from clearprop.explanation.exercise.mistakes.known import known_mistakes
from clearprop.explanation.exercise.question import Question, Sheet
from clearprop.explanation.exercise.solution import solve
from clearprop.explanation.exercise.special import SPECIAL
from clearprop.explanation.exercise.tolerance import makes_no_difference
from clearprop.explanation.formula.tree import Formula, Infix
from clearprop.explanation.sources import Source, source_of
from clearprop.optimizers import SGD

__all__ = ["N_QUESTIONS", "exercise_sheet", "sheet_of"]

N_QUESTIONS = 8
TRIES = 40
USUAL_RATE = 0.1
SMALLEST = 1e-4
"""Numbers below this are all zeros on paper; asked only where there are no others."""


def exercise_sheet(
    model: Any,
    *batch: Any,
    rows: slice | None = None,
    questions: int = N_QUESTIONS,
    seed: int = 0,
    notation: str | None = None,
    from_scratch: bool = False,
    learning_rate: float | None = None,
) -> Sheet:
    """Questions on backpropagation through a network, with their answers.

    Args:
        model: as in `clearprop.explanation.document.explain`, with what follows it in `batch`.
        batch: as there. A few rows are enough.
        rows: which of the rows; None for all.
        questions: how many.
        seed: the same questions for the same seed.
        notation: "matrix", "weights", or None for the one that suits.
        from_scratch: whether no intermediate quantities are given.
        learning_rate: of the update, which is gradient descent; None for the source's own or 0.1.

    Returns:
        The sheet; fewer questions where the network does not have as many.

    Raises:
        ParameterError: something that cannot be asked about.
        ShapeError: arrays that do not fit the network.

    Examples:
        >>> from clearprop.explanation.exercise.line import plain_line
        >>> sheet = exercise_sheet("article-b", questions=2, seed=1)
        >>> [question.level <= 6 for question in sheet.questions]
        [True, True]
    """
    source = source_of(model, batch, None, None, rows)
    return sheet_of(
        source,
        questions=questions,
        seed=seed,
        notation=notation,
        from_scratch=from_scratch,
        learning_rate=learning_rate,
    )


def sheet_of(
    source: Source,
    *,
    questions: int = N_QUESTIONS,
    seed: int = 0,
    notation: str | None = None,
    from_scratch: bool = False,
    learning_rate: float | None = None,
    remake: str = "",
) -> Sheet:
    """A sheet on a source; the options are those of `exercise_sheet`.

    Args:
        source: what is asked about.
        questions: how many.
        seed: the same questions for the same seed.
        notation: "matrix", "weights", or None for the source's own.
        from_scratch: whether no intermediate quantities are given.
        learning_rate: of the update; None for the source's own or 0.1.
        remake: the command that makes the same sheet.

    Returns:
        The sheet.

    Raises:
        ParameterError: no questions, or none that could be worked out on paper.
    """
    if questions < 1:
        raise ParameterError(
            f"questions: got {questions}, expected 1 or more", remedy="Eight fill a page."
        )
    own = source.update
    rate = own.learning_rate if own is not None and isinstance(own.optimizer, SGD) else USUAL_RATE
    update = Update(SGD(), rate if learning_rate is None else learning_rate)
    # The reference's numbers: a sheet is the same on every machine.
    plain = replace(source, engine=None, update=update, misprints=[])
    derivation = derivation_of(plain, notation=notation, check=False)
    material = Material(derivation.records, source.batch, derivation.notation)
    made = _questions(material, questions, random.Random(f"questions {seed}"), from_scratch)
    if not made:
        raise ParameterError(
            "there is nothing to ask that could be worked out on paper",
            remedy="Take a smaller network, or fewer rows of the table: --rows 0:3.",
        )
    return Sheet(
        derivation.records.title,
        derivation.records,
        derivation.notation,
        seed,
        tuple(made),
        from_scratch,
        remake,
    )


def _questions(
    material: Material, count: int, generator: random.Random, from_scratch: bool
) -> list[Question]:
    """As many different ones as there are, each kind once before any twice; from easy to hard."""
    made: list[Question] = []
    may_tell = False
    while len(made) < count:
        before = len(made)
        for name in _spread(generator):
            question = _question(material, name, generator, from_scratch, made, may_tell)
            if question is not None and len(made) < count:
                made.append(question)
        if len(made) == before:
            # A question that gives away another's answer is better than none.
            if may_tell:
                break
            may_tell = True
    order = {step.id: number for number, step in enumerate(material.records.steps)}
    return sorted(made, key=lambda question: (question.level, order[question.step]))


def _spread(generator: random.Random) -> list[str]:
    """Kinds in the order in which they are tried: one of each level, hard ones first, and again."""
    names = [*KINDS, *SPECIAL]
    levels: dict[int, list[str]] = {}
    for number in shuffled(range(len(names)), generator):
        levels.setdefault(_level(names[number]), []).append(names[number])
    tried: list[str] = []
    while len(tried) < len(names):
        tried += [levels[level].pop() for level in sorted(levels, reverse=True) if levels[level]]
    return tried


def _level(name: str) -> int:
    return KINDS[name].level if name in KINDS else SPECIAL[name][0]


def _question(
    material: Material,
    name: str,
    generator: random.Random,
    from_scratch: bool,
    made: Sequence[Question],
    may_tell: bool,
) -> Question | None:
    """A question of a kind that is not there yet and, unless it may, tells no other's answer."""
    fallback = None
    tried: set[Place] = set()
    for _ in range(TRIES):
        if name in SPECIAL:
            question = SPECIAL[name][1](material, generator, from_scratch)
        else:
            question = _about_a_number(material, name, generator, from_scratch, tried)
        if question is None or any(_is_same(question, other) for other in made):
            continue
        if not may_tell and any(_tells(question, other) for other in made):
            continue
        if question.answer != "number" or _is_telling(material, question):
            return _with_mistakes(material, question)
        fallback = fallback or question
    return None if fallback is None else _with_mistakes(material, fallback)


def _with_mistakes(material: Material, question: Question) -> Question:
    """A question with its known wrong answers, which take longer than the question."""
    if question.kind not in KINDS:
        return question
    place: Place = (question.step, question.entry)
    return replace(question, mistakes=known_mistakes(material, place))


def _is_same(one: Question, other: Question) -> bool:
    return (one.kind, one.step, one.entry) == (other.kind, other.step, other.entry)


def _tells(one: Question, other: Question) -> bool:
    """Whether what is given with one of them is what the other asks for."""
    return _gives(one, other.symbol) or _gives(other, one.symbol)


def _gives(question: Question, symbol: Formula | None) -> bool:
    return any(isinstance(known, Infix) and known.operands[0] == symbol for known in question.given)


def _is_telling(material: Material, question: Question) -> bool:
    """Whether the number is no zero on paper, and an update changes it."""
    assert isinstance(question.right, float)
    old = material.step(question.step).operands[0].step
    if question.kind == "updated weight" and makes_no_difference(
        material.value((old, question.entry)), question.right
    ):
        return False
    return abs(question.right) >= SMALLEST


def _about_a_number(
    material: Material,
    name: str,
    generator: random.Random,
    from_scratch: bool,
    tried: set[Place],
) -> Question | None:
    """A question about one entry, none twice; its known wrong answers are still to be found."""
    kind = KINDS[name]
    steps = kind.steps(material)
    if not steps:
        return None
    step = material.step(steps[int(generator.random() * len(steps))])
    entry = tuple(int(generator.random() * size) for size in step.shape)
    place: Place = (step.id, entry)
    right = material.value(place)
    if place in tried or right == 0.0 or not np.isfinite(right):
        return None
    tried.add(place)
    solution = solve(material, place, () if from_scratch else kind.given(material, place))
    if solution is None:
        return None
    symbol = material.symbol(place)
    return Question(
        kind=name,
        level=kind.level,
        step=step.id,
        entry=entry,
        text=("What is ", symbol, ", ", *kind.words(material, place), "?"),
        given=solution.given,
        answer="number",
        right=right,
        symbol=symbol,
        options=(),
        mistakes=(),
        hint=material.formula(step.id),
        solution=tuple((equation,) for equation in solution.equations),
        digits=solution.digits,
    )
