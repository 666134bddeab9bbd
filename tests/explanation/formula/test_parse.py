"""The formulas of the tables, read and evaluated: what is printed is what is computed."""

import numpy as np
import pytest

from clearprop.activations import ACTIVATIONS, as_activation
from clearprop.errors import ParameterError
from clearprop.explanation.formula.evaluate import evaluate, evaluate_equations
from clearprop.explanation.formula.parse import parse, parse_or_words
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Call, Number, Symbol, Words
from clearprop.losses import OUTPUTS
from clearprop.optimizers import Adam, Momentum, Nadam, Nesterov, RMSprop

ROWS, WIDTH = 5, 3
EXACT = {"rtol": 1e-13, "atol": 1e-13}


@pytest.fixture
def z():
    return np.random.default_rng(0).normal(scale=2.0, size=(ROWS, WIDTH))


def targets(output):
    rng = np.random.default_rng(1)
    if output == "softmax":
        return np.eye(WIDTH)[rng.integers(WIDTH, size=ROWS)]
    return rng.uniform(0.1, 0.9, size=(ROWS, WIDTH))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_formulas_are_their_functions(name, z):
    row = ACTIVATIONS[name]
    h = row.function(z)
    np.testing.assert_allclose(evaluate(parse(row.formula), {"z": z}), h, **EXACT)
    slope = evaluate(parse(row.derivative_formula), {"z": z, "h": h})
    np.testing.assert_allclose(np.broadcast_to(slope, z.shape), row.derivative(z, h), **EXACT)


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_formulas_are_their_functions(name, z):
    row = OUTPUTS[name]
    yhat = row.function(z)
    formula = parse(row.formula)
    if name == "softmax":
        columns = [evaluate(formula, {"z": z, "k": k}) for k in range(WIDTH)]
        np.testing.assert_allclose(np.stack(columns, axis=-1), yhat, **EXACT)
    else:
        np.testing.assert_allclose(evaluate(formula, {"z": z}), yhat, **EXACT)


@pytest.mark.parametrize("name", OUTPUTS)
def test_loss_formulas_are_their_functions(name, z):
    row, Y = OUTPUTS[name], targets(name)
    parameters = () if row.default is None else [0.3] * WIDTH
    values = {"yhat": row.function(z), "y": Y, "c": 0.3, "p": 0.3}
    per_sample = row.loss_terms(z, Y, parameters).sum(axis=-1)
    np.testing.assert_allclose(evaluate(parse(row.loss_formula), values), per_sample, rtol=1e-12)


@pytest.mark.parametrize("name", OUTPUTS)
def test_derivative_formulas_are_their_functions(name, z):
    row, Y = OUTPUTS[name], targets(name)
    yhat = row.function(z)
    parameters = () if row.default is None else [0.3] * WIDTH
    for text, function in ((row.delta_formula, row.delta), (row.by_output_formula, row.by_output)):
        columns = [
            evaluate(parse(text), {"yhat": yhat, "y": Y, "c": 0.3, "p": 0.3, "k": k})
            for k in range(WIDTH)
        ]
        found = np.stack([np.broadcast_to(column, ROWS) for column in columns], axis=-1)
        np.testing.assert_allclose(found, function(yhat, Y, parameters), **EXACT)


def every_formula():
    for activation in ACTIVATIONS.values():
        yield from (activation.formula, activation.derivative_formula)
    for output in OUTPUTS.values():
        yield from (output.formula, output.loss_formula)
        yield from (output.delta_formula, output.by_output_formula)


@pytest.mark.parametrize("text", sorted(set(every_formula())))
def test_what_is_written_reads_back_as_the_same_tree(text):
    formula = parse(text)
    assert parse(to_plain(formula, ascii_only=True)) == formula


# The update rules of the optimizers' docstrings.
ADAM = (
    "m = beta_1 m + (1 - beta_1) dw, v = beta_2 v + (1 - beta_2) dw^2, "
    "w_new = w - alpha sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)"
)
NADAM = (
    "m = beta_1 m + (1 - beta_1) dw, v = beta_2 v + (1 - beta_2) dw^2, "
    "a = beta_1 (1 - beta_1^t) / (1 - beta_1^(t + 1)) m + (1 - beta_1) dw, "
    "w_new = w - alpha sqrt(1 - beta_2^t) / (1 - beta_1^t) a / (sqrt(v) + epsilon)"
)
RULES = [
    (Adam(0.8, 0.9, 1e-3), ADAM),
    (Nadam(0.8, 0.9, 1e-3), NADAM),
    (
        RMSprop(0.9, 1e-3),
        "v = beta_2 v + (1 - beta_2) dw^2, w_new = w - alpha dw / (sqrt(v) + epsilon)",
    ),
    (Momentum(0.7), "v = mu v - alpha dw, w_new = w + v"),
    (Nesterov(0.7), "v = mu v - alpha dw, w_new = w + mu v - alpha dw"),
]


@pytest.mark.parametrize(("optimizer", "text"), RULES, ids=lambda given: type(given).__name__)
def test_update_rules_are_the_optimizers_updates(optimizer, text):
    rule = parse(text)
    assert parse(to_plain(rule, ascii_only=True)) == rule
    rng = np.random.default_rng(2)
    w = rng.normal(size=4)
    values = {"w": w.copy(), "m": 0.0, "v": 0.0, "alpha": 0.1, "mu": 0.7, "t": 0}
    values |= {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}
    state = optimizer.start([w])
    for t in (1, 2, 3):
        dw = rng.normal(size=4)
        optimizer.update([w], [dw], state, learning_rate=0.1)
        found = evaluate_equations(rule, {**values, "dw": dw, "t": t})
        np.testing.assert_allclose(found["w_new"], w, rtol=1e-13)
        values |= {**found, "w": found["w_new"]}


def test_own_activations():
    own = as_activation((np.sin, lambda z, h: np.cos(z)))  # noqa: ARG005 - the table's signature
    z = np.array([0.3, -2.0])
    value = evaluate(parse(own.derivative_formula), {"z": z}, {"sin'": np.cos})
    np.testing.assert_array_equal(value, np.cos(z))
    assert parse("<lambda>(z)") == Call("<lambda>", (Symbol("z"),))
    assert parse("my_function'(z)") == Call("my_function'", (Symbol("z"),))


def test_a_bracket_is_a_call_or_a_product():
    values = {"h": 3.0, "a": 4.0}
    assert evaluate(parse("h (a - 1)"), values) == 9.0
    assert evaluate(parse("h(a - 1)"), values, {"h": lambda x: -x}) == -3.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6 / 2 a", 12.0),
        ("24 / 2 / a", 3.0),
        ("2 a / a a", 8.0),
        ("1 - 2 - 3", -4.0),
        ("1 - 2 + 3", 2.0),
        ("-a^2", -16.0),
        ("2^-1 a", 2.0),
        ("2 · a − 1", 7.0),
        ("a o a", 16.0),
        ("|1 - a| |a|", 12.0),
        ("sum_k y_k z_k + 1", 12.0),
        ("sum_{k=1}^2 y_k", 3.0),
        ("1 if a > 5 else 2 if a >= 4 else 3", 2.0),
        ("1e-3 a", 0.004),
    ],
)
def test_what_binds_tighter(text, value):
    found = evaluate(parse(text), {"a": 4.0, "y": [1.0, 2.0], "z": [3.0, 4.0]})
    np.testing.assert_allclose(found, value, rtol=1e-15)


@pytest.mark.parametrize("text", ["", "z +", "(z", "z)", "|z", "z ! 2", "1 if z", "max(z,", "^2"])
def test_what_is_no_formula_says_where(text):
    with pytest.raises(ParameterError, match="cannot be read"):
        parse(text)
    assert parse_or_words(text) == Words(text)


def test_a_symbol_without_a_value_is_named():
    with pytest.raises(ParameterError, match="'q' has no value"):
        evaluate(parse("q + 1"), {"z": 1.0})
    with pytest.raises(ParameterError, match=r"'f\(1\)' has no value"):
        evaluate(parse("f(1)"), {})
    with pytest.raises(ParameterError, match="expected an equation"):
        evaluate_equations(parse("w + 1"), {"w": 1.0})


def test_digits_of_a_long_number_are_kept():
    assert parse("0.044715123") == Number(0.044715123, 8)
