"""When an answer is right, right but for rounding, wrong; and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clearprop.errors import ParameterError
from clearprop.explanation.exercise import KnownMistake, mark
from clearprop.explanation.exercise.line import plain_line


def known(name, value, rank=0):
    return KnownMistake(
        name, value, (f"{name} happened",), (f"formula {name}",), "z[0]", "it", rank
    )


@pytest.fixture
def question(small_sheet):
    """A number to be found, with known mistakes, some of one value."""
    asked = next(q for q in small_sheet.questions if q.kind == "hidden delta")
    mistakes = (known("one", 0.2), known("two", 0.2), known("three", 0.125), known("far", 0.125, 2))
    return replace(asked, right=0.12345, mistakes=mistakes)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("0.12345", "right"),
        ("0.123", "right"),  # the right rounding to three digits, 0.36 % off
        ("1.23e-1", "right"),
        ("0.123696", "right"),  # 0.1993 % off
        ("0.123698", "rounding"),  # 0.2009 % off
        ("0.123204", "right"),  # 0.1993 % below
        ("0.123202", "rounding"),
        ("0.124", "rounding"),  # no rounding of it, 0.45 % off
        ("0.12", "rounding"),  # the right rounding, to two digits
        ("0.1", "wrong"),  # the right rounding, but 19 % off
        ("0.13", "wrong"),
        ("0.121", "rounding"),  # 1.98 % off
        ("0.1209", "wrong"),  # 2.07 % off
        ("-0.12345", "wrong"),
        ("0", "wrong"),
        ("0.2", "wrong"),
        ("0.125", "wrong"),  # a known mistake, though within 2 % of the right answer
    ],
)
def test_verdicts(question, answer, verdict):
    assert mark(question, answer).verdict == verdict


@pytest.mark.parametrize(
    ("right", "answer", "verdict"),
    [
        (0.5, "1/2", "right"),
        (1 / 3, "1/3", "right"),
        (1 / 3, "0.333", "right"),
        (1 / 3, "0.33", "rounding"),
        (0.5, "0.5", "right"),  # exact, with one digit
        (0.4995, "0.500", "right"),  # rounds to it
        (0.4985, "0.500", "rounding"),
        (-2.0, "−2", "right"),
        (1234.0, "1230", "rounding"),  # its zero counts as a digit
        (1234.0, "1.23e3", "right"),
        (1.5e-5, "0.000015", "right"),
        (1.5e-5, "0.00", "wrong"),
    ],
)
def test_digits_decide(question, right, answer, verdict):
    assert mark(replace(question, right=right, mistakes=()), answer).verdict == verdict


def test_one_mistake_is_named_with_its_formula(question):
    question = replace(question, mistakes=(known("one", 0.2),))
    said = [plain_line(line) for line in mark(question, "0.2").lines]
    assert said == [
        "Not yet. One mistake leads to this very number: one happened.",
        "What was meant, it: formula one",
    ]


def test_several_are_told_and_counted(question):
    marked = mark(question, "0.200")
    said = [plain_line(line) for line in marked.lines]
    assert [mistake.name for mistake in marked.explanations] == ["one", "two"]
    assert said[0] == "Not yet. Two mistakes lead to this number: one happened."
    assert said[1] == "Or: two happened."


def test_a_slip_of_this_step_comes_before_an_earlier_ones(question):
    marked = mark(question, "0.125")
    assert [mistake.name for mistake in marked.explanations] == ["three", "far"]
    assert "far" not in " ".join(plain_line(line) for line in marked.lines)


def test_more_than_are_told_are_counted(question):
    mistakes = tuple(known(name, 0.2) for name in "abcde")
    said = mark(replace(question, mistakes=mistakes), "0.2").lines
    assert plain_line(said[0]).startswith(
        "Not yet. 5 mistakes lead to this number, of which here are 3"
    )
    assert sum(plain_line(line).startswith("Or: ") for line in said) == 2


def test_a_mistake_to_fewer_digits_is_recognised_too(question):
    assert [
        m.name
        for m in mark(replace(question, mistakes=(known("one", 0.2041),)), "0.2").explanations
    ] == ["one"]


def test_none_of_the_known_ones_shows_the_hint(question):
    marked = mark(question, "17")
    assert marked.explanations == ()
    assert "no mistake that is known" in plain_line(marked.lines[0])
    assert plain_line(marked.lines[1]) == "Hint: " + plain_line(question.hint)


def test_shapes_and_formulas(small_sheet):
    shape = next(q for q in small_sheet.questions if q.answer == "shape")
    assert mark(shape, " x ".join(map(str, shape.right))).verdict == "right"
    other = shape.mistakes[0]
    marked = mark(shape, str(other.value))
    assert marked.verdict == "wrong"
    assert marked.explanations == (other,)
    choice = next(q for q in small_sheet.questions if q.answer == "choice")
    for option in range(len(choice.options)):
        marked = mark(choice, "abcde"[option])
        assert (marked.verdict == "right") == ((option,) == choice.right)
        # Every wrong formula has its own sentence.
        assert len(marked.explanations) == (0 if marked.verdict == "right" else 1)


@pytest.mark.parametrize("answer", ["", "x", "1/0", "e"])
def test_what_cannot_be_read_is_an_error_and_no_wrong_answer(small_sheet, answer):
    for question in small_sheet.questions:
        if answer != "e" or question.answer != "choice" or len(question.options) < 5:
            with pytest.raises(ParameterError):
                mark(question, answer)
