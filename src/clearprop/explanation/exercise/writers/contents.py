"""What every form of a sheet says: the network in words, its numbers, how answers are marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from clearprop.activations import as_activation
from clearprop.explanation.derivation.records import Records
from clearprop.explanation.exercise.line import Line
from clearprop.explanation.exercise.material import in_a_sentence, is_at_head
from clearprop.explanation.exercise.question import LETTERS, KnownMistake, Question, Sheet
from clearprop.explanation.exercise.solution import HEAD_DIGITS
from clearprop.explanation.exercise.tolerance import CLOSE
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.formula.tree import Formula, Infix, Number
from clearprop.explanation.formulas import Name, named, step_labels, step_symbol
from clearprop.explanation.wording import counted
from clearprop.losses import OUTPUTS
from clearprop.printable import printable

__all__ = [
    "Table",
    "answer_line",
    "head_lines",
    "key_mistakes",
    "letter",
    "sides",
    "tables",
    "wrong_answer",
]

ANSWER_DIGITS = 6
MOST_MISTAKES = 8


class Table(NamedTuple):
    """An array at the head of a sheet.

    Attributes:
        title: what it is.
        symbol: what it is called; None where the notation has a name for its entries only.
        rows: a name for each row; () where there is one only.
        columns: a name for each column.
        cells: numbers as text, row by row.
    """

    title: str
    symbol: Formula | None
    rows: tuple[Name, ...]
    columns: tuple[Name, ...]
    cells: tuple[tuple[str, ...], ...]


def head_lines(sheet: Sheet) -> list[Line]:
    """What is said before the questions, paragraph by paragraph."""
    lines: list[Line] = [
        (_network_words(sheet.records),),
        (_NOTATIONS[sheet.notation] + " log is the natural logarithm (ln on a calculator).",),
        (
            f"Give three significant digits or more. An answer is right within {100 * CLOSE:g} %, "
            "or as the right rounding to the digits written.",
        ),
    ]
    large = [
        f"{in_a_sentence(step.title)} ({' × '.join(map(str, step.shape))})"
        for step in sheet.records.of_phase("given")
        if not is_at_head(step)
    ]
    if large:
        lines.append(
            (
                f"Too large to be printed: {', '.join(large)}; the numbers that a question needs "
                "stand with it.",
            )
        )
    if not sheet.from_scratch:
        lines.append(
            ("What is given with a question is right: an earlier slip is not carried over.",)
        )
    lines.append((f"Seed {sheet.seed}.{' Made by: ' + sheet.remake if sheet.remake else ''}",))
    return lines


def _network_words(records: Records) -> str:
    network = records.network
    n = records.n_samples
    hidden = [
        f"{counted(width, 'node')} ({as_activation(name).name})"
        for width, name in zip(network.sizes[1:-1], network.hidden, strict=True)
    ]
    between = {0: "no hidden layer", 1: f"a hidden layer of {' '.join(hidden)}"}.get(
        len(hidden), f"hidden layers of {', '.join(hidden[:-1])} and {''.join(hidden[-1:])}"
    )
    loss = OUTPUTS[network.output].loss_name.replace("_", " ")
    over = {
        "sum": "summed over outputs and samples",
        "mean": "summed over the outputs and averaged over the samples",
        "mean_all": "averaged over outputs and samples",
    }[network.reduction]
    return (
        f"A network of {counted(network.sizes[0], 'input')}, {between}, and "
        f"{counted(network.sizes[-1], 'output')} ({network.output}). The batch has "
        f"{counted(n, 'sample')}. The loss is the {loss}, {over}."
    )


_NOTATIONS = {
    "matrix": "Rows are samples. W, b, z and h are counted from 1 at the input, δ from 1 at the "
    "output; indices below are rows and columns. δ is the derivative of the loss H by z.",
    "weights": "Nodes are numbered over all layers, from 0 at the inputs; a weight goes from its "
    "first node to its second. The sample stands above in brackets. net is the pre-activation, out "
    "the activation, δ the derivative of Cost by net.",
}


def tables(sheet: Sheet) -> list[Table]:
    """The batch and the parameters."""
    made = []
    for step in sheet.records.steps:
        if not is_at_head(step):
            continue
        rows, columns = (
            tuple(named(printable(name)) for name in names)
            for names in step_labels(sheet.records, step, sheet.notation)
        )
        symbol = None
        if sheet.notation == "matrix":
            symbol = step_symbol(sheet.records, step.id, sheet.notation)
        values = step.values if step.values.ndim == 2 else step.values[None]
        cells = tuple(tuple(plain_number(v, HEAD_DIGITS) for v in row) for row in values)
        made.append(Table(step.title, symbol, rows, columns, cells))
    return made


def answer_line(question: Question) -> Line:
    """The right answer."""
    right = question.right
    if isinstance(right, float):
        value = Number(right, ANSWER_DIGITS)
        return (value,) if question.symbol is None else (Infix("=", (question.symbol, value)),)
    if question.answer == "shape":
        return (" × ".join(map(str, right)),)
    return (f"{letter(right[0])}) ", *question.options[right[0]])


def letter(option: int) -> str:
    """The letter of an answer to choose."""
    return LETTERS[option]


def key_mistakes(question: Question) -> Sequence[KnownMistake]:
    """The likeliest wrong answers, each number once."""
    chosen: list[KnownMistake] = []
    for mistake in question.mistakes:
        if len(chosen) < MOST_MISTAKES and not any(_is_near(mistake, other) for other in chosen):
            chosen.append(mistake)
    return chosen


def _is_near(one: KnownMistake, other: KnownMistake) -> bool:
    return wrong_answer(one) == wrong_answer(other)


def wrong_answer(mistake: KnownMistake) -> str:
    """A wrong answer as text."""
    value = mistake.value
    if isinstance(value, float):
        return plain_number(value, 4)
    is_choice = mistake.name == "another formula"
    return letter(value[0]) if is_choice else " × ".join(map(str, value))


def sides(equation: Formula) -> tuple[Formula, ...]:
    """The sides of an equation: "a = b = c" can be broken before each sign."""
    if isinstance(equation, Infix) and equation.operator == "=":
        return equation.operands
    return (equation,)
