"""How each step is computed, with symbols: one line for the whole array.

Article A's notation has a line for matrices; article B's has a line for one entry, with letters for
its nodes: i sends, j receives, k is the next layer's. This file knows no numbers.
"""

from __future__ import annotations

from collections.abc import Callable

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
    Sum,
    Symbol,
    Transpose,
    Words,
    infix,
    product,
)
from clearprop.explanation.formulas.factors import factor_symbols, times
from clearprop.explanation.formulas.notation import Notation, notation_of
from clearprop.explanation.formulas.tables import of_one_output, written
from clearprop.losses import OUTPUTS

__all__ = ["LEARNING_RATE", "STRENGTH", "step_formula"]

STRENGTH = Symbol("lambda")
"""The L2 penalty's strength: the estimators' `alpha`, whose letter is the learning rate's here."""

LEARNING_RATE = Symbol("alpha")
"""Article B's letter."""


def step_formula(records: Records, step: Step, notation: str = "matrix") -> Formula:
    """The line of a step: its symbol, and what it is equal to.

    Args:
        records: the derivation.
        step: one of its steps.
        notation: "matrix" or "weights".

    Returns:
        symbol = right side (= right side written out); what is given is its symbol alone.

    Raises:
        ParameterError: no such notation.
    """
    names = notation_of(records, notation)
    by_nodes = notation == "weights"
    symbol = names.whole(step.id, _own_letter(records, step, by_nodes))
    sides = _RIGHT_SIDES[step.operation](records, step, names, by_nodes)
    return infix("=", [symbol, *sides])


def _own_letter(records: Records, step: Step, by_nodes: bool) -> str:
    """The letter of a step's own node: that of one output where its formula is one output's."""
    if step.operation == "output_delta" and not by_nodes:
        return "" if _is_residual(records) else "k"
    if step.operation in ("output", "loss_terms", "by_output", "output_delta"):
        return "k"
    return "i" if step.operation == "dinput" else "j"


def _is_residual(records: Records) -> bool:
    return OUTPUTS[records.network.output].delta_formula == "yhat_k - y_k"


def _given(_: Records, __: Step, ___: Notation, ____: bool) -> list[Formula]:
    return []


def _affine(_: Records, step: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    layer = step.layer
    sent, W = names.whole(f"input[{layer}]", "i"), names.whole(f"W[{layer}]")
    b = names.whole(f"b[{layer}]", "j")
    if by_nodes:
        return [Infix("+", (Sum("i", product(W, sent)), b))]
    return [Infix("+", (Infix("@", (sent, W)), b))]


def _activation(records: Records, step: Step, names: Notation, _: bool) -> list[Formula]:
    assert step.layer is not None
    activation = as_activation(records.network.hidden[step.layer])
    z = names.whole(f"z[{step.layer}]", "j")
    return [Call("sigma", (z,)), written(activation.formula, {"z": z})]


def _sigma_prime(records: Records, step: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    assert step.layer is not None
    activation = as_activation(records.network.hidden[step.layer])
    z, h = names.whole(f"z[{step.layer}]", "j"), names.whole(f"input[{step.layer + 1}]", "j")
    formula = written(activation.derivative_formula, {"z": z, "h": h})
    return [formula if by_nodes else _entry_by_entry(formula)]


def _entry_by_entry(formula: Formula) -> Formula:
    """Products of matrices entry by entry, as article A's circle says."""
    if isinstance(formula, Infix) and formula.operator == "*":
        return Infix("o", formula.operands)
    return formula


def _output(records: Records, _: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    del names
    return [_of_output(records, OUTPUTS[records.network.output].formula, by_nodes)]


def _of_output(records: Records, formula: str, by_nodes: bool) -> Formula:
    """A formula of the table of outputs, in the notation's symbols for output k."""
    names = {"yhat_k": Symbol("yhat", "k"), "y_k": Symbol("y", "k")}
    replacements: dict[str, Formula] = dict(names)
    if by_nodes:
        replacements = {
            "yhat_k": Symbol("out", "ok"), "y_k": Symbol("y", "k"),
            "z": Symbol("net", "ok"), "z_k": Symbol("net", "ok"), "z_i": Symbol("net", "oi"),
        }  # fmt: skip
    elif records.network.output != "softmax":
        replacements["z"] = Symbol("z", "k", str(records.network.n_layers))
    else:
        above = str(records.network.n_layers)
        replacements |= {"z_k": Symbol("z", "k", above), "z_i": Symbol("z", "i", above)}
    return written(formula, replacements)


def _loss_terms(records: Records, _: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    del names
    formula = _of_output(records, OUTPUTS[records.network.output].loss_formula, by_nodes)
    return [of_one_output(formula)]


def _loss(records: Records, _: Step, names: Notation, __: bool) -> list[Formula]:
    factors = factor_symbols(records, names)
    is_fraction = [isinstance(factor, Fraction) for factor in factors]
    outside = [f for f, outer in zip(factors, is_fraction, strict=True) if outer]
    inside = [f for f, outer in zip(factors, is_fraction, strict=True) if not outer]
    terms = Sum("k", Symbol(names.loss, "k" if records.n_samples == 1 else "s,k"))
    summed = terms if records.n_samples == 1 and not inside else Sum("s", times(inside, terms))
    return [times(outside, summed)]


def _penalty(records: Records, _: Step, names: Notation, __: bool) -> list[Formula]:
    squares = Sum("w", Power(Symbol("w"), Number(2)))
    return [product(*_mean(records, names), Fraction(STRENGTH, Number(2)), squares)]


def _mean(records: Records, names: Notation) -> list[Formula]:
    """1/N, 1/(K N) or nothing."""
    return [f for f in factor_symbols(records, names) if isinstance(f, Fraction)]


def _total_loss(_: Records, __: Step, names: Notation, ___: bool) -> list[Formula]:
    return [Infix("+", (names.whole("loss"), names.whole("penalty")))]


def _by_output(records: Records, _: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    formula = _of_output(records, OUTPUTS[records.network.output].by_output_formula, by_nodes)
    return [times(factor_symbols(records, names), formula)]


def _output_delta(records: Records, _: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    factors = factor_symbols(records, names)
    if _is_residual(records) and not by_nodes:
        return [times(factors, Infix("-", (names.whole("output"), names.whole("Y"))))]
    formula = OUTPUTS[records.network.output].delta_formula
    return [times(factors, _of_output(records, formula, by_nodes))]


def _delta(_: Records, step: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    assert step.layer is not None
    above = step.layer + 1
    slope = names.whole(f"sigma_prime[{step.layer}]", "j")
    handed = names.whole(f"dinput[{above}]", "j")
    if by_nodes:
        through = Sum("k", product(Symbol("delta", "k"), Symbol("w", "jk")))
        return [product(handed, slope), product(through, slope)]
    matrices = Infix("@", (names.whole(f"delta[{above}]"), Transpose(names.whole(f"W[{above}]"))))
    return [Infix("o", (handed, slope)), Infix("o", (matrices, slope))]


def _dinput(_: Records, step: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    delta, W = names.whole(f"delta[{step.layer}]", "j"), names.whole(f"W[{step.layer}]")
    if by_nodes:
        return [Sum("j", product(delta, W))]
    return [Infix("@", (delta, Transpose(W)))]


def _dW(records: Records, step: Step, names: Notation, by_nodes: bool) -> list[Formula]:  # noqa: N802 - the articles' symbol
    sent = names.whole(f"input[{step.layer}]", "i")
    delta = names.whole(f"delta[{step.layer}]", "j")
    if by_nodes:
        share = product(delta, sent)
        return [share if records.n_samples == 1 else Sum("s", share)]
    return [Infix("@", (Transpose(sent), delta))]


def _db(records: Records, step: Step, names: Notation, by_nodes: bool) -> list[Formula]:
    delta = names.whole(f"delta[{step.layer}]", "j")
    if records.n_samples == 1:
        return [delta]
    if by_nodes:
        return [Sum("s", delta)]
    assert isinstance(delta, Symbol)
    return [Sum("s", Symbol(delta.name, "s", delta.sup, delta.shape))]


def _dW_total(records: Records, step: Step, names: Notation, _: bool) -> list[Formula]:  # noqa: N802 - the articles' symbol
    pull = product(*_mean(records, names), STRENGTH, names.whole(f"W[{step.layer}]"))
    return [Infix("+", (names.whole(f"dW[{step.layer}]"), pull))]


def _step(records: Records, step: Step, names: Notation, _: bool) -> list[Formula]:
    assert records.update is not None
    if records.update.name == "SGD":
        return [Negative(product(LEARNING_RATE, names.whole(step.operands[0].step, "j")))]
    return [Words(f"the step of {records.update.name}")]


def _new(_: Records, step: Step, names: Notation, __: bool) -> list[Formula]:
    old = step.operands[0].step
    return [Infix("+", (names.whole(old, "j"), Words("its step")))]


def _new_loss(_: Records, __: Step, ___: Notation, ____: bool) -> list[Formula]:
    return []


_RIGHT_SIDES: dict[str, Callable[[Records, Step, Notation, bool], list[Formula]]] = {
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
