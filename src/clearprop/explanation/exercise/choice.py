"""Which formula? The right one of a step among formulas put wrong."""

from __future__ import annotations

import random

import numpy as np

from clearprop.activations import Activation, as_activation
from clearprop.explanation.derivation.records import Step
from clearprop.explanation.exercise.friendly import shuffled
from clearprop.explanation.exercise.line import Line
from clearprop.explanation.exercise.material import Material, in_a_sentence
from clearprop.explanation.exercise.question import KnownMistake, Question
from clearprop.explanation.exercise.solution import HEAD_DIGITS
from clearprop.explanation.formula.tree import Call, Formula, Infix, Sum, Symbol, Transpose, product
from clearprop.explanation.formulas import step_formula

__all__ = ["formula_question"]


def formula_question(material: Material, generator: random.Random, from_scratch: bool) -> Question:
    """Which formula gives a step?"""
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
    wrong: Wrongs = [
        (Infix(by, (handed, undone)), _line("this has σ in place of its derivative σ′"))
    ]
    is_one, is_by_h = _slope_is(as_activation(material.network.hidden[layer]))
    if not is_one:
        missing = _line("σ′ is missing: the derivative by h is not yet the derivative by z")
        wrong.append((handed, missing))
    if not is_by_h:
        wrong.append((Infix(by, (handed, by_h)), _line("σ′ is taken of z, not of h")))
    return step, [*wrong, *transposed]


def _slope_is(activation: Activation) -> tuple[bool, bool]:
    """Whether σ′ is 1 everywhere, and whether σ′(h) is σ′(z): relu's h has the sign of its z."""
    z = np.linspace(-4.0, 4.0, 33)
    h = activation.function(z)
    slope = activation.derivative(z, h)
    by_h = activation.derivative(h, activation.function(h))
    return bool(np.allclose(slope, 1.0)), bool(np.allclose(slope, by_h))


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
