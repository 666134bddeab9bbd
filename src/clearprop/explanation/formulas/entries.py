"""One entry of a step: how it is computed, with symbols, and with the numbers in it.

    z^2_{1,3} = h^1_{1,1} w^2_{1,3} + h^1_{1,2} w^2_{2,3} + b^2_3
              = 0.38·0.8 + 0.48·0.4 + 0.25 = 0.746

This file knows nothing of how formulas are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clearprop.activations import as_activation
from clearprop.explanation.derivation.records import Records, Step
from clearprop.explanation.formula.tree import (
    Call,
    Formula,
    Fraction,
    Infix,
    Negative,
    Number,
    Power,
    Words,
    infix,
    product,
)
from clearprop.explanation.formulas.digits import gives, with_enough_digits
from clearprop.explanation.formulas.factors import (
    factor_numbers,
    factor_symbols,
    mean_numbers,
    times,
)
from clearprop.explanation.formulas.notation import Notation, notation_of
from clearprop.explanation.formulas.steps import LEARNING_RATE, STRENGTH
from clearprop.explanation.formulas.tables import of_one_output, with_definitions, written
from clearprop.losses import OUTPUTS

__all__ = ["Equation", "entry_equation"]

DIGITS = 6
MOST_TERMS = 8
ROUNDED = 2e-5  # relative error from which on six digits show it


@dataclass(frozen=True)
class Equation:
    """symbol = symbols = numbers = value.

    Attributes:
        symbol: the entry's name.
        symbols: how it is computed, with symbols; None where it is given.
        numbers: the same with the numbers in it; None where they are too many to be written, or
            so rounded that the formula no longer gives the value, with all their digits.
        value: what it is.
        digits: significant digits of the value, and of the numbers where these are enough.
    """

    symbol: Formula
    symbols: Formula | None
    numbers: Formula | None
    value: float
    digits: int

    @property
    def whole(self) -> Formula:
        """All of it as one line."""
        value = Number(self.value, self.digits)
        numbers = None if self.numbers == value else self.numbers
        sides: list[Formula] = []
        for side in (self.symbol, self.symbols, numbers, value):
            if isinstance(side, Infix) and side.operator == "=":
                sides.extend(side.operands)
            elif side is not None:
                sides.append(side)
        return infix("=", sides)


def entry_equation(
    records: Records,
    step: Step,
    entry: tuple[int, ...],
    notation: str = "matrix",
    *,
    digits: int = DIGITS,
    max_terms: int = MOST_TERMS,
    more_digits: bool = True,
) -> Equation:
    """One entry of a step, with symbols and with the numbers in it.

    Args:
        records: the derivation.
        step: one of its steps.
        entry: index of the entry; () for a single number.
        notation: "matrix" or "weights".
        digits: significant digits of the numbers.
        more_digits: whether numbers have more where they would not be true with so many, as in
            log(1 - 0.99999973).
        max_terms: summands written out; of longer sums the first and the last ones are.

    Returns:
        The equation.

    Raises:
        ParameterError: no such notation.
    """
    maker = _Maker(records, notation_of(records, notation), digits, max_terms)
    symbols, numbers = _EQUATIONS[step.operation](maker, step, entry)
    if numbers is not None and more_digits:
        numbers = with_enough_digits(numbers)
    return Equation(
        maker.names.entry(step.id, entry),
        symbols,
        numbers,
        float(step.values[entry]),
        digits,
    )


Sides = tuple[Formula | None, Formula | None]


class _Maker:
    """Symbols and numbers of entries."""

    def __init__(self, records: Records, names: Notation, digits: int, max_terms: int) -> None:
        self.records, self.names = records, names
        self.digits, self.max_terms = digits, max_terms

    def number(self, step: str, entry: tuple[int, ...]) -> Number:
        return Number(float(self.records[step].values[entry]), self.digits)

    def both(self, step: str, entry: tuple[int, ...]) -> tuple[Formula, Formula]:
        return self.names.entry(step, entry), self.number(step, entry)

    def rounded(self, factors: Sequence[Formula]) -> list[Formula]:
        """Numbers in this equation's digits."""
        return [Number(f.value, self.digits) if isinstance(f, Number) else f for f in factors]

    def sum_of(
        self, n_terms: int, term: Callable[[int], tuple[Formula, Formula]]
    ) -> tuple[Formula, Formula]:
        """Symbols added, numbers added; the middle of a long sum is neither shown nor made."""
        if n_terms <= self.max_terms:
            shown = [term(index) for index in range(n_terms)]
        else:
            first = [term(index) for index in range(max(self.max_terms - 2, 1))]
            shown = [*first, (Words("…"), Words("…")), term(n_terms - 1)]
        symbols, numbers = zip(*shown, strict=True)
        return infix("+", symbols), infix("+", numbers)


def _given(_: _Maker, __: Step, ___: tuple[int, ...]) -> Sides:
    return None, None


def _affine(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    (sample, node), layer = entry, step.layer
    fan_in = maker.records[f"W[{layer}]"].shape[0]

    def term(sends: int) -> tuple[Formula, Formula]:
        if sends == fan_in:
            return maker.both(f"b[{layer}]", (node,))
        h, h_number = maker.both(f"input[{layer}]", (sample, sends))
        w, w_number = maker.both(f"W[{layer}]", (sends, node))
        return product(h, w), product(h_number, w_number)

    return maker.sum_of(fan_in + 1, term)


def _activation(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    assert step.layer is not None
    activation = as_activation(maker.records.network.hidden[step.layer])
    z, number = maker.both(f"z[{step.layer}]", entry)
    symbols = Infix("=", (Call("sigma", (z,)), written(activation.formula, {"z": z})))
    return symbols, with_definitions(activation.formula, {"z": number})


def _sigma_prime(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    assert step.layer is not None
    activation = as_activation(maker.records.network.hidden[step.layer])
    z, z_number = maker.both(f"z[{step.layer}]", entry)
    h, h_number = maker.both(f"input[{step.layer + 1}]", entry)
    formula = activation.derivative_formula
    symbols = written(formula, {"z": z, "h": h})
    return symbols, with_definitions(formula, {"z": z_number, "h": h_number})


def _output(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    (sample, k), network = entry, maker.records.network
    logits = step.operands[0].step
    z, number = maker.both(logits, (sample, k))
    if network.output != "softmax":
        formula = OUTPUTS[network.output].formula
        return written(formula, {"z": z}), with_definitions(formula, {"z": number})
    _, others = step.operands[0].ranges(entry, maker.records[logits].shape)

    def term(index: int) -> tuple[Formula, Formula]:
        symbol, value = maker.both(logits, (sample, others[index]))
        return Call("exp", (symbol,)), Call("exp", (value,))

    below, below_numbers = maker.sum_of(len(others), term)
    return Fraction(Call("exp", (z,)), below), Fraction(Call("exp", (number,)), below_numbers)


def _of_output(maker: _Maker, formula: str, entry: tuple[int, ...]) -> tuple[Formula, Formula]:
    """A formula of the table of outputs, for one output of one sample."""
    yhat, yhat_number = maker.both("output", entry)
    y, y_number = maker.both("Y", entry)
    parameters = maker.records.network.output_parameters
    own = {}
    if parameters and maker.records.network.output != "softmax":
        parameter = Number(float(parameters[entry[1]]), maker.digits)
        own = {"p": parameter, "c": parameter}
    symbols = written(formula, {"yhat_k": yhat, "y_k": y})
    numbers = with_definitions(formula, {"yhat_k": yhat_number, "y_k": y_number, **own})
    return symbols, numbers


def _loss_terms(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    formula = OUTPUTS[maker.records.network.output].loss_formula
    symbols, numbers = _of_output(maker, formula, entry)
    return of_one_output(symbols), _unless_rounded(maker, of_one_output(numbers), step, entry)


def _unless_rounded(
    maker: _Maker, numbers: Formula | None, step: Step, entry: tuple[int, ...]
) -> Formula | None:
    """No numbers where an output is rounded so near to 0 or 1 that they do not give the value.

    The loss is computed from the logits: log(1 - yhat) is not how, and has lost its digits there.
    """
    is_by_logits = maker.records.network.output in ("softmax", "logistic")
    if not is_by_logits or numbers is None:
        return numbers
    return numbers if gives(numbers, float(step.values[entry]), ROUNDED) else None


def _loss(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    del step, entry
    records = maker.records
    entries = _entries(records["loss_terms"].shape)

    def term(index: int) -> tuple[Formula, Formula]:
        symbol, number = maker.both("loss_terms", entries[index])
        if "sample_weight" in records:
            weight, value = maker.both("sample_weight", entries[index][:1])
            return product(weight, symbol), product(value, number)
        return symbol, number

    symbols, numbers = maker.sum_of(len(entries), term)
    outside = [f for f in factor_symbols(records, maker.names) if isinstance(f, Fraction)]
    return times(outside, symbols), times(mean_numbers(records), numbers)


def _entries(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(row, column) for row in range(shape[0]) for column in range(shape[1])]


def _penalty(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    del step, entry
    weights = [
        (f"W[{layer}]", entry)
        for layer in range(maker.records.network.n_layers)
        for entry in _entries(maker.records[f"W[{layer}]"].shape)
    ]

    def term(index: int) -> tuple[Formula, Formula]:
        symbol, number = maker.both(*weights[index])
        return Power(symbol, Number(2)), Power(number, Number(2))

    symbols, numbers = maker.sum_of(len(weights), term)
    outside = [f for f in factor_symbols(maker.records, maker.names) if isinstance(f, Fraction)]
    half = Number(_strength(maker.records) / 2.0, maker.digits)
    return product(*outside, Fraction(STRENGTH, Number(2)), symbols), product(half, numbers)


def _strength(records: Records) -> float:
    """The penalty's strength times the loss's own factor."""
    return records.factor * records.l2


def _total_loss(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    del step
    return maker.sum_of(2, lambda index: maker.both(("loss", "penalty")[index], entry))


def _by_output(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    formula = OUTPUTS[maker.records.network.output].by_output_formula
    symbols, numbers = _with_factors(maker, _of_output(maker, formula, entry), entry[0])
    return symbols, _unless_rounded(maker, numbers, step, entry)


def _output_delta(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    del step
    formula = OUTPUTS[maker.records.network.output].delta_formula
    return _with_factors(maker, _of_output(maker, formula, entry), entry[0])


def _with_factors(maker: _Maker, sides: tuple[Formula, Formula], sample: int) -> Sides:
    symbols = factor_symbols(maker.records, maker.names, sample)
    numbers = maker.rounded(factor_numbers(maker.records, sample))
    return times(symbols, sides[0]), times(numbers, sides[1])


def _delta(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    assert step.layer is not None
    handed, handed_number = maker.both(f"dinput[{step.layer + 1}]", entry)
    slope, slope_number = maker.both(f"sigma_prime[{step.layer}]", entry)
    return product(handed, slope), product(handed_number, slope_number)


def _dinput(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    (sample, sends), layer = entry, step.layer

    def term(receives: int) -> tuple[Formula, Formula]:
        delta, delta_number = maker.both(f"delta[{layer}]", (sample, receives))
        w, w_number = maker.both(f"W[{layer}]", (sends, receives))
        return product(delta, w), product(delta_number, w_number)

    return maker.sum_of(maker.records[f"W[{layer}]"].shape[1], term)


def _dW(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:  # noqa: N802 - the articles' symbol
    (sends, receives), layer = entry, step.layer

    def term(sample: int) -> tuple[Formula, Formula]:
        h, h_number = maker.both(f"input[{layer}]", (sample, sends))
        delta, delta_number = maker.both(f"delta[{layer}]", (sample, receives))
        return product(h, delta), product(h_number, delta_number)

    return maker.sum_of(maker.records.n_samples, term)


def _db(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    return maker.sum_of(
        maker.records.n_samples, lambda s: maker.both(f"delta[{step.layer}]", (s, entry[0]))
    )


def _dW_total(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:  # noqa: N802 - the articles' symbol
    dW, dW_number = maker.both(f"dW[{step.layer}]", entry)
    w, w_number = maker.both(f"W[{step.layer}]", entry)
    outside = [f for f in factor_symbols(maker.records, maker.names) if isinstance(f, Fraction)]
    return (
        Infix("+", (dW, product(*outside, STRENGTH, w))),
        Infix("+", (dW_number, product(Number(_strength(maker.records), maker.digits), w_number))),
    )


def _step(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    rule = maker.records.update
    assert rule is not None
    if rule.name != "SGD":
        return Words(f"the step of {rule.name}"), None
    gradient, number = maker.both(step.operands[0].step, entry)
    rate = Number(rule.learning_rate, maker.digits)
    return Negative(product(LEARNING_RATE, gradient)), Negative(product(rate, number))


def _new(maker: _Maker, step: Step, entry: tuple[int, ...]) -> Sides:
    old, moved = step.operands
    symbol, number = maker.both(old.step, entry)
    by = maker.number(moved.step, entry)
    return Infix("+", (symbol, Words("its step"))), Infix("+", (number, by))


def _new_loss(_: _Maker, __: Step, ___: tuple[int, ...]) -> Sides:
    return None, None


_EQUATIONS: dict[str, Callable[[_Maker, Step, tuple[int, ...]], Sides]] = {
    "given": _given,
    "affine": _affine,
    "activation": _activation,
    "output": _output,
    "loss_terms": _loss_terms,
    "loss": _loss,
    "penalty": _penalty,
    "total_loss": _total_loss,
    "by_output": _by_output,
    "output_delta": _output_delta,
    "sigma_prime": _sigma_prime,
    "delta": _delta,
    "dinput": _dinput,
    "dW": _dW,
    "db": _db,
    "dW_total": _dW_total,
    "step": _step,
    "new": _new,
    "new_loss": _new_loss,
}
