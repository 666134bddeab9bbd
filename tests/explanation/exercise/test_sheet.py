"""Right answers are forward's and backward's; questions differ, rise, and tell no answer."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from clearprop import backward, forward
from clearprop.backprop import loss
from clearprop.errors import ParameterError
from clearprop.explanation.exercise import exercise_sheet, friendly_source, mark, sheet_of
from clearprop.explanation.exercise.kinds import KINDS
from clearprop.explanation.exercise.line import plain_line
from clearprop.explanation.exercise.solution import MOST_GIVEN
from clearprop.explanation.exercise.special import SPECIAL
from clearprop.explanation.exercise.writers.page import to_html
from clearprop.explanation.exercise.writers.text import to_text
from clearprop.explanation.formula.evaluate import evaluate
from clearprop.explanation.formula.numbers import half_unit, read_number
from clearprop.explanation.formula.parse import parse
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.substitute import walk
from clearprop.explanation.formula.tree import Infix, Symbol


def independent(batch, rate):
    """Every step's values, by the reference, not by a derivation."""
    network, parameters = batch.network, batch.parameters
    passes = forward(network, parameters, batch.X)
    gradients = backward(network, parameters, passes, batch.Y)
    values = {"output": passes.output, "loss": loss(network, passes, batch.Y)}
    for layer, (W, _) in enumerate(parameters):
        values[f"z[{layer}]"] = passes.z[layer]
        values[f"input[{layer}]"] = passes.inputs[layer]
        for kind in ("delta", "dW", "db", "dinput"):
            values[f"{kind}[{layer}]"] = getattr(gradients, kind)[layer]
        values[f"W_new[{layer}]"] = W - rate * gradients.dW[layer]
    return values


def test_every_right_answer_is_forwards_or_backwards(every_sheet):
    kinds = set()
    for batch, sheet in every_sheet:
        values = independent(batch, sheet.records.update.learning_rate)
        for question in sheet.questions:
            kinds.add(question.kind)
            array = np.asarray(values[question.step])
            if question.kind == "shape":
                assert question.right == array.shape
            elif question.kind == "factor":
                n, k = batch.n_samples, batch.network.sizes[-1]
                factors = {"sum": 1.0, "mean": 1.0 / n, "mean_all": 1.0 / (k * n)}
                assert question.right == factors[batch.network.reduction]
            elif question.kind == "share":
                i, j, sample = question.entry
                layer = question.step[3:-1]
                sent = values[f"input[{layer}]"][sample, i]
                assert question.right == sent * values[f"delta[{layer}]"][sample, j]
            elif question.answer == "number":
                expected = array[question.entry]
                assert question.right == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert kinds == {*KINDS, *SPECIAL}


def test_the_right_formula_is_the_derivations_own(every_sheet):
    seen = 0
    for _, sheet in every_sheet:
        for question in (q for q in sheet.questions if q.kind == "formula"):
            seen += 1
            ((whole,),) = question.solution
            chosen = plain_line(question.options[question.right[0]])
            assert to_plain(whole).endswith(f"= {chosen}")
            assert len({plain_line(option) for option in question.options}) == len(question.options)
    assert seen >= 5


def test_the_shares_of_all_samples_add_up(every_sheet):
    seen = 0
    for batch, sheet in every_sheet:
        for question in (q for q in sheet.questions if q.kind == "share"):
            seen += 1
            others = [m.value for m in question.mistakes if m.name == "another sample"]
            (whole,) = [m.value for m in question.mistakes if m.name == "the whole sum"] or [None]
            if whole is not None and len(others) == batch.n_samples - 1:
                assert question.right + sum(others) == pytest.approx(whole, rel=1e-9)
    assert seen >= 5


def is_symbol(formula):
    return isinstance(formula, Symbol)


def test_who_works_with_the_numbers_as_printed_is_right(every_sheet):
    n_equations = 0
    for _, sheet in every_sheet:
        for question in sheet.questions:
            if question.kind not in KINDS:
                continue
            for line in question.given:
                place_value = read_number(to_plain(line.operands[1]))
                assert abs(place_value - line.operands[1].value) <= half_unit(
                    line.operands[1].value, question.digits
                ) * (1 + 1e-9)
            known = {line.operands[0] for line in question.given}
            for (equation,) in question.solution:
                assert isinstance(equation, Infix)
                *sides, value = equation.operands
                numbers = [side for side in sides if not any(map(is_symbol, walk(side)))]
                # A sum of one term is that term: symbol = symbol = number.
                worked = value.value
                if numbers:
                    printed = parse(to_plain(numbers[-1], ascii_only=True))
                    worked = float(evaluate(printed, {}))
                    n_equations += 1
                # In the last digit printed, or within what the margin allows.
                assert worked == pytest.approx(value.value, rel=2e-4, abs=1e-12)
                assert equation.operands[0] not in known
                known.add(equation.operands[0])
            assert equation.operands[0] == question.symbol
            shown = to_plain(equation.operands[-1])
            assert mark(question, f"{worked:.6g}").verdict == "right"
            assert mark(question, shown).verdict == "right"
            assert len(question.given) <= MOST_GIVEN
    assert n_equations > 200


def test_questions_differ_and_rise(every_sheet):
    for _, sheet in every_sheet:
        levels = [question.level for question in sheet.questions]
        assert levels == sorted(levels)
        asked = {(q.kind, q.step, q.entry) for q in sheet.questions}
        assert len(asked) == len(sheet.questions)


@pytest.mark.parametrize("seed", range(5))
def test_a_usual_sheet_has_eight_kinds_and_tells_no_answer(seed):
    sheet = sheet_of(friendly_source([2, 3, 2], seed), seed=seed)
    assert len({question.kind for question in sheet.questions}) == 8
    assert {1, 3, 4, 5, 6} <= {question.level for question in sheet.questions}
    asked = {question.symbol for question in sheet.questions if question.symbol is not None}
    given = {line.operands[0] for question in sheet.questions for line in question.given}
    assert not asked & given


def test_from_scratch_nothing_in_between_is_given(every_sheet):
    scratch = [sheet for _, sheet in every_sheet if sheet.from_scratch]
    assert len(scratch) == 2
    for sheet in scratch:
        assert all(not question.given for question in sheet.questions)
        # The worked solution then begins at the input.
        longest = max(len(question.solution) for question in sheet.questions)
        assert longest > 10


def test_one_seed_one_sheet_and_another_seed_another():
    texts = [to_text(exercise_sheet("article-a", seed=seed), key=True) for seed in (1, 1, 2)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_a_sheet_is_the_same_in_another_process(small_sheet):
    code = (
        "from clearprop.explanation.exercise import *\n"
        "from clearprop.explanation.exercise.writers.page import to_html\n"
        "import hashlib\n"
        "sheet = sheet_of(friendly_source([2, 3, 2], 7), seed=7, questions=14)\n"
        "both = to_html(sheet) + to_html(sheet, key=True)\n"
        "print(hashlib.sha256(both.encode()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    pages = to_html(small_sheet) + to_html(small_sheet, key=True)
    assert done.stdout.strip() == hashlib.sha256(pages.encode()).hexdigest()


def test_what_a_seed_drew_it_draws_for_ever():
    """A sheet handed out can be made again: these are its first questions, on any machine."""
    sheet = sheet_of(friendly_source([2, 3, 2], 7), seed=7, questions=8)
    assert [(q.kind, q.step, q.entry) for q in sheet.questions] == [
        ("activation", "input[1]", (2, 0)),
        ("output", "output", (1, 0)),
        ("formula", "delta[0]", ()),
        ("share", "dW[1]", (2, 0, 1)),
        ("bias gradient", "db[0]", (1,)),
        ("input gradient", "dinput[1]", (0, 0)),
        ("updated weight", "W_new[0]", (1, 2)),
        ("hidden delta", "delta[0]", (1, 0)),
    ]


def test_more_than_there_are_gives_what_there_is():
    sheet = sheet_of(friendly_source([1, 1], 0, n_samples=1), questions=50)
    assert 5 <= len(sheet.questions) < 50


def test_a_network_too_wide_for_paper_is_asked_what_is_short():
    rng = np.random.default_rng(0)
    from clearprop import Network  # noqa: PLC0415 - of this test alone

    network = Network([80, 90, 70], output="softmax")
    sheet = exercise_sheet(network, network.initialize(0), rng.normal(size=(2, 80)), np.eye(70)[:2])
    assert len(sheet.questions) >= 5
    assert all(len(question.given) <= MOST_GIVEN for question in sheet.questions)
    assert "pre-activation" not in {question.kind for question in sheet.questions}
    text = to_text(sheet)
    assert "Too large to be printed: the input X (2 × 80), " in text
    assert len(text) < 20_000


@pytest.mark.parametrize("questions", [0, -1])
def test_no_questions_is_an_error(questions):
    with pytest.raises(ParameterError, match="expected 1 or more"):
        exercise_sheet("article-a", questions=questions)


@pytest.mark.parametrize("notation", ["matrix", "weights"])
@pytest.mark.parametrize(
    ("hidden", "sentences"),
    [
        ("logistic", {"σ′ is taken of z, not of h", "σ′ is missing"}),
        ("relu", {"σ′ is missing"}),
        ("leaky_relu", {"σ′ is missing"}),
        ("identity", set()),
    ],
)
def test_no_formula_of_delta_is_marked_wrong_that_is_right(hidden, sentences, notation):
    asked = set()
    told = set()
    for seed in range(12):
        source = friendly_source([2, 3, 2], seed, hidden=hidden)
        sheet = sheet_of(source, seed=seed, questions=12, notation=notation)
        for question in sheet.questions:
            if question.kind == "formula" and question.step == "delta[0]":
                asked.add(question.step)
                told |= {plain_line(mistake.sentence) for mistake in question.mistakes}
                assert len(question.options) == len(question.mistakes) + 1 >= 2
    assert asked
    of_slope = {s.partition(":")[0] for s in told if s.startswith("σ′")}
    assert of_slope == sentences
