"""The questions that are not about one entry of a step: shapes, factors, shares.

Each function makes one question, or None where the network has nothing to ask.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from clearprop.explanation.derivation.records import Step
from clearprop.explanation.exercise.choice import formula_question
from clearprop.explanation.exercise.kinds import weight_words
from clearprop.explanation.exercise.line import Line
from clearprop.explanation.exercise.material import Material, in_a_sentence
from clearprop.explanation.exercise.mistakes.found import Found
from clearprop.explanation.exercise.mistakes.known import sorted_mistakes
from clearprop.explanation.exercise.question import KnownMistake, Question
from clearprop.explanation.exercise.solution import FEWEST_DIGITS, HEAD_DIGITS
from clearprop.explanation.exercise.tolerance import CLOSE
from clearprop.explanation.formula.tree import (
    Infix,
    Number,
    product,
)
from clearprop.explanation.wording import counted

__all__ = ["SPECIAL", "Special"]

Special = Callable[[Material, random.Random, bool], Question | None]


def _choose(items: list[str], generator: random.Random) -> str:
    return items[int(generator.random() * len(items))]


def _layers(material: Material) -> range:
    return range(material.network.n_layers)


# Shapes


def _shape(material: Material, generator: random.Random, from_scratch: bool) -> Question | None:
    del from_scratch
    n = material.records.n_samples
    steps = [
        f"{kind}[{layer}]"
        for layer in _layers(material)
        for kind in ("dW", "delta", "dinput", "db")
    ]
    # A square matrix would not show whether it lies on its side.
    telling = [s for s in steps if len(set(material.step(s).shape)) == 2 or s.startswith("db")]
    step = material.step(_choose(telling or steps, generator))
    right = tuple(step.shape)
    symbol = material.names.whole(step.id)
    dims = "rows x columns" if len(right) == 2 else "one number"
    mistakes = _other_shapes(material, step)
    told = " × ".join(map(str, right))
    why = {
        "dW": f"one entry for each weight: {right[0]} nodes send, {right[-1]} receive",
        "db": f"one entry for each bias: {right[-1]} nodes receive",
        "delta": f"one row for each of {counted(n, 'sample')}, one column for each of "
        f"{counted(right[-1], 'node')}",
        "dinput": f"one row for each of {counted(n, 'sample')}, one column for each of "
        f"{counted(right[-1], 'node')}",
    }[step.id.partition("[")[0]]
    return Question(
        "shape",
        1,
        step.id,
        (),
        ("Which shape has ", symbol, f", {in_a_sentence(step.title)}? ({dims})"),
        (),
        "shape",
        right,
        symbol,
        (),
        mistakes,
        ("A derivative of the loss has the shape of what it is by.",),
        ((f"{told}: {why}.",),),
        HEAD_DIGITS,
    )


def _other_shapes(material: Material, asked: Step) -> tuple[KnownMistake, ...]:
    meant: Line = ("the shape of what the loss is differentiated by",)
    found: dict[tuple[int, ...], Line] = {}
    right = tuple(asked.shape)
    if len(right) == 2 and right[0] != right[1]:
        found[right[::-1]] = ("rows and columns are exchanged",)
    for step in material.records.steps:
        shape = tuple(step.shape)
        if (
            shape
            and shape != right
            and shape not in found
            and step.phase in ("forward", "backward")
        ):
            found[shape] = (
                "this is the shape of ",
                material.names.whole(step.id),
                f", {in_a_sentence(step.title)}",
            )
    if len(right) == 1:
        found[1, right[0]] = (
            "as a matrix it would be so; it has one number for each bias, and no rows",
        )
    return tuple(
        KnownMistake(
            "another shape", shape, sentence, meant, asked.id, in_a_sentence(asked.title), 1
        )
        for shape, sentence in found.items()
    )


# The factor of the reduction


def _factor(material: Material, generator: random.Random, from_scratch: bool) -> Question | None:
    del generator, from_scratch
    records, network = material.records, material.network
    if "sample_weight" in material.by_id or (records.n_samples == 1 and network.sizes[-1] == 1):
        return None
    n, k = records.n_samples, network.sizes[-1]
    loss = material.step("loss")
    text: Line = (
        f"The batch has N = {counted(n, 'sample')} and the network "
        f"K = {counted(k, 'output')}. The loss is {_REDUCTIONS[network.reduction]}. By which "
        "factor is the sum of all its terms multiplied?",
    )
    others = {
        "the factor of a sum": (1.0, "1: the loss would be a sum"),
        "the factor of a mean over the samples": (
            1.0 / n,
            "1/N: the loss would be a mean over the samples alone",
        ),
        "the factor of a mean over the outputs": (
            1.0 / k,
            "1/K: the loss would be a mean over the outputs alone",
        ),
        "the factor of a mean over both": (
            1.0 / (k * n),
            "1/(K N): the loss would be a mean over samples and outputs",
        ),
        "upside down": (1.0 / records.factor, "this is what is divided by, not the factor"),
    }
    found = [Found(name, value, (told,)) for name, (value, told) in others.items()]
    mistakes = sorted_mistakes(material, "loss", records.factor, found)
    names = {"sum": "1", "mean": "1/N", "mean_all": "1/(K N)"}
    worked = {"sum": "1", "mean": f"1/{n}", "mean_all": f"1/({k} · {n})"}
    reduction = network.reduction
    value = Number(records.factor, FEWEST_DIGITS)
    return Question(
        "factor",
        1,
        "loss",
        (),
        text,
        (),
        "number",
        records.factor,
        None,
        (),
        mistakes,
        material.formula(loss.id),
        ((f"{names[reduction]} = {worked[reduction]} = ", value),),
        FEWEST_DIGITS,
    )


_REDUCTIONS = {
    "sum": "a sum over the samples and the outputs",
    "mean": "summed over the outputs and averaged over the samples",
    "mean_all": "averaged over samples and outputs",
}


# One sample's share of a weight's derivative


def _share(material: Material, generator: random.Random, from_scratch: bool) -> Question | None:
    n = material.records.n_samples
    if n == 1 or from_scratch:
        return None
    for _ in range(40):
        layer = int(generator.random() * material.network.n_layers)
        sends = int(generator.random() * material.network.sizes[layer])
        receives = int(generator.random() * material.network.sizes[layer + 1])
        sample = int(generator.random() * n)
        made = _share_of(material, f"dW[{layer}]", (sends, receives), sample)
        if made is not None:
            return made
    return None


def _share_of(
    material: Material, step: str, entry: tuple[int, int], sample: int
) -> Question | None:
    sent, delta = (operand.step for operand in material.step(step).operands)
    places = [
        ((sent, (s, entry[0])), (delta, (s, entry[1]))) for s in range(material.records.n_samples)
    ]
    shares = [material.value(one) * material.value(other) for one, other in places]
    right = shares[sample]
    if right == 0.0 or 2 * len(shares) > 24:
        return None
    digits = FEWEST_DIGITS
    while digits < 9 and not _survives(material, places[sample], right, digits):
        digits += 1
    total = material.value((step, entry))
    name = material.records.sample_names[sample]
    found = [
        Found(
            "the whole sum",
            total,
            ("this is the sum over all samples: ", material.symbol((step, entry))),
        ),
        Found("mean share", total / len(shares), ("this is the mean of all samples' shares",)),
        Found(
            "divided by N again",
            right / len(shares),
            ("it was divided by N once more: 1/N, if any, is in delta already",),
        ),
        *(
            Found(
                "another sample",
                share,
                (f"this is the share of {material.records.sample_names[s]}",),
            )
            for s, share in enumerate(shares)
        ),
        Found(
            "activation alone",
            material.value(places[sample][0]),
            ("this is ", material.symbol(places[sample][0]), " alone: it is multiplied with delta"),
        ),
        Found(
            "delta alone",
            material.value(places[sample][1]),
            (
                "this is ",
                material.symbol(places[sample][1]),
                " alone: it is multiplied with what was sent",
            ),
        ),
        Found(
            "added",
            material.value(places[sample][0]) + material.value(places[sample][1]),
            ("the two were added: they are multiplied",),
        ),
    ]
    symbols = product(*(material.symbol(place) for place in places[sample]))
    numbers = product(*(Number(material.value(place), digits) for place in places[sample]))
    given = [
        Infix("=", (material.symbol(place), Number(material.value(place), digits)))
        for pair in zip(*places, strict=True)
        for place in pair
        if not material.is_at_head(place[0])
    ]
    return Question(
        "share",
        4,
        step,
        (*entry, sample),
        (
            f"The derivative of the loss by {weight_words(material, (step, entry))}, ",
            material.symbol((step, entry)),
            f", is a sum over the samples. What is the share of {name}?",
        ),
        tuple(given),
        "number",
        right,
        None,
        (),
        sorted_mistakes(material, step, right, found),
        ("One sample's term of ", *material.formula(step)),
        ((Infix("=", (symbols, numbers, Number(right, digits))),),),
        digits,
    )


def _survives(material: Material, places: tuple[object, ...], right: float, digits: int) -> bool:
    rounded = [float(f"{material.value(place):.{digits}g}") for place in places]  # type: ignore[arg-type]
    return abs(float(np.prod(rounded)) - right) <= 0.1 * CLOSE * abs(right)


SPECIAL: dict[str, tuple[int, Special]] = {
    "factor": (1, _factor),
    "shape": (1, _shape),
    "formula": (3, formula_question),
    "share": (4, _share),
}
"""Kind -> level and maker."""
