"""The questions that are not about one entry of a step: shares, factors, shapes, formulas.

Each function makes one question, or None where the network has nothing to ask.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from clearprop.explain.derivation.records import Step
from clearprop.explain.exercise.friendly import shuffled
from clearprop.explain.exercise.kinds import weight_words
from clearprop.explain.exercise.line import Line
from clearprop.explain.exercise.material import Material, in_a_sentence
from clearprop.explain.exercise.mistakes.found import Found
from clearprop.explain.exercise.mistakes.known import sorted_mistakes
from clearprop.explain.exercise.question import KnownMistake, Question
from clearprop.explain.exercise.solution import FEWEST_DIGITS, HEAD_DIGITS
from clearprop.explain.exercise.tolerance import CLOSE
from clearprop.explain.formula.tree import (
    Call,
    Formula,
    Infix,
    Number,
    Sum,
    Symbol,
    Transpose,
    product,
)
from clearprop.explain.formulas import step_formula

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
        "delta": f"one row for each of the {n} samples, one column for each of {right[-1]} nodes",
        "dinput": f"one row for each of the {n} samples, one column for each of {right[-1]} nodes",
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
        f"The batch has N = {n} samples and the network K = {k} outputs. The loss is "
        f"{_REDUCTIONS[network.reduction]}. By which factor is the sum of all its terms "
        "multiplied?",
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


# Which formula


def _formula(material: Material, generator: random.Random, from_scratch: bool) -> Question | None:
    del from_scratch
    makers = [_formula_of_dW, _formula_of_dinput]
    if material.last > 0:
        makers += [_formula_of_delta, _formula_of_delta]
    made = makers[int(generator.random() * len(makers))](material, generator)
    step, wrong = made
    symbol = material.names.whole(step.id, "i" if step.operation == "dinput" else "j")
    whole = step_formula(material.records, step, material.notation)
    assert isinstance(whole, Infix)
    right = whole.operands[-1]
    every: list[tuple[Formula, Line | None]] = [(right, None), *wrong]
    order = shuffled(range(len(every)), generator)
    options = tuple((every[number][0],) for number in order)
    mistakes = tuple(
        KnownMistake(
            "another formula", (place,), sentence, (whole,), step.id, in_a_sentence(step.title), 0
        )
        for place, number in enumerate(order)
        if (sentence := every[number][1]) is not None
    )
    return Question(
        "formula",
        3,
        step.id,
        (),
        ("Which formula gives ", symbol, f", {in_a_sentence(step.title)}?"),
        (),
        "choice",
        (order.index(0),),
        symbol,
        options,
        mistakes,
        (step.sentence,),
        ((whole,),),
        HEAD_DIGITS,
    )


Wrongs = list[tuple[Formula, Line]]


def _formula_of_delta(material: Material, generator: random.Random) -> tuple[Step, Wrongs]:
    layer = int(generator.random() * material.last)
    names = material.names
    z, h = names.whole(f"z[{layer}]", "j"), names.whole(f"input[{layer + 1}]", "j")
    step = material.step(f"delta[{layer}]")
    slope, by_h, undone = Call("sigma'", (z,)), Call("sigma'", (h,)), Call("sigma", (z,))
    if material.notation == "weights":
        handed: Formula = Sum("k", product(Symbol("delta", "k"), Symbol("w", "jk")))
        by, transposed = "*", []
    else:
        delta, W = names.whole(f"delta[{layer + 1}]"), names.whole(f"W[{layer + 1}]")
        handed, by = Infix("@", (delta, Transpose(W))), "o"
        untransposed = Infix(by, (Infix("@", (delta, W)), slope))
        transposed = [(untransposed, _line("W is not transposed: its rows are the senders"))]
    return step, [
        (handed, _line("σ′ is missing: the derivative by h is not yet the derivative by z")),
        (Infix(by, (handed, undone)), _line("this has σ in place of its derivative σ′")),
        (Infix(by, (handed, by_h)), _line("σ′ is taken of z, not of h")),
        *transposed,
    ]


def _line(words: str) -> Line:
    return (words,)


def _formula_of_dW(  # noqa: N802 - the articles' symbol
    material: Material, generator: random.Random
) -> tuple[Step, Wrongs]:
    layer = int(generator.random() * material.network.n_layers)
    names = material.names
    sent, delta = names.whole(f"input[{layer}]", "i"), names.whole(f"delta[{layer}]", "j")
    z, W = names.whole(f"z[{layer}]", "j"), names.whole(f"W[{layer}]")
    step = material.step(f"dW[{layer}]")
    if material.notation == "weights":
        is_sum = material.records.n_samples > 1

        def summed(formula: Formula) -> Formula:
            return Sum("s", formula) if is_sum else formula

        return step, [
            (
                summed(product(delta, W)),
                ("delta times the weight is what goes back to the sender",),
            ),
            (
                summed(product(sent, W)),
                ("that is a term of the pre-activation, on the way forward",),
            ),
            (summed(product(sent, z)), ("net is not what comes back: delta is",)),
        ]
    return step, [
        (
            Infix("@", (delta, Transpose(sent))),
            ("the order is exchanged: the shapes do not fit, or give a matrix of samples",),
        ),
        (
            Infix("@", (delta, Transpose(W))),
            ("delta times the weights is what goes back to the sender",),
        ),
        (Infix("@", (Transpose(sent), z)), ("z is not what comes back: delta is",)),
    ]


def _formula_of_dinput(material: Material, generator: random.Random) -> tuple[Step, Wrongs]:
    layer = int(generator.random() * material.network.n_layers)
    names = material.names
    delta, W = names.whole(f"delta[{layer}]", "j"), names.whole(f"W[{layer}]")
    sent = names.whole(f"input[{layer}]", "i")
    step = material.step(f"dinput[{layer}]")
    if material.notation == "weights":
        return step, [
            (
                product(delta, W),
                ("all receiving nodes hand something back: their terms are added up",),
            ),
            (
                Sum("s", product(delta, sent)),
                ("delta times what was sent is the derivative by the weight",),
            ),
            (Sum("i", product(sent, W)), ("that is the way forward",)),
        ]
    return step, [
        (Infix("@", (delta, W)), ("W is not transposed: its rows are the senders",)),
        (Infix("@", (Transpose(sent), delta)), ("that is the derivative by the weights",)),
        (Infix("@", (sent, W)), ("that is the way forward",)),
    ]


SPECIAL: dict[str, tuple[int, Special]] = {
    "factor": (1, _factor),
    "shape": (1, _shape),
    "formula": (3, _formula),
    "share": (4, _share),
}
"""Kind -> level and maker."""
