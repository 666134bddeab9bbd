"""Each entry's equation: its right side with numbers is its value, in either notation."""

from __future__ import annotations

import re

import numpy as np
import pytest

from clearprop import Network
from clearprop.explanation.derivation.batch import Batch, Update, as_batch
from clearprop.explanation.derivation.build import build_records
from clearprop.explanation.document import explain
from clearprop.explanation.formula.evaluate import evaluate
from clearprop.explanation.formula.latex import to_latex
from clearprop.explanation.formula.mathml import to_mathml
from clearprop.explanation.formula.parse import parse
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.substitute import walk
from clearprop.explanation.formula.tree import Number, Symbol
from clearprop.explanation.formulas import entry_equation, entry_symbol, step_formula, weight_chain
from clearprop.network import Layer
from clearprop.optimizers import SGD, Adam, Clipped

NOTATION = pytest.mark.parametrize("notation", ["matrix", "weights"])


@NOTATION
def test_numbers_put_in_give_the_value(batch: Batch, notation: str) -> None:
    records = build_records(batch, update=Update(SGD(), 0.1), check=False)
    generator = np.random.default_rng(0)
    evaluated = set()
    for step in records.steps:
        entry = tuple(int(generator.integers(size)) for size in step.shape)
        equation = entry_equation(records, step, entry, notation, digits=17, max_terms=1000)
        assert equation.value == step.values[entry]
        if equation.numbers is None:
            assert step.operation in ("given", "new_loss")
            continue
        assert not any(isinstance(node, Symbol) for node in walk(equation.numbers))
        with np.errstate(all="ignore"):
            value = evaluate(equation.numbers, {})
        if not (step.operation == "loss_terms" and not np.isfinite(value)):
            np.testing.assert_allclose(value, equation.value, rtol=1e-9, atol=1e-12)
        evaluated.add(step.operation)
    assert {"affine", "output", "loss", "output_delta", "dinput", "dW", "db", "step"} <= evaluated


@NOTATION
def test_every_symbol_of_an_equation_is_an_entry_of_its_operands(
    batch: Batch, notation: str
) -> None:
    records = build_records(batch, check=False)
    for step in records.steps:
        if step.operation not in ("affine", "dinput", "dW", "db", "delta"):
            continue
        entry = (0,) * step.values.ndim
        equation = entry_equation(records, step, entry, notation, max_terms=1000)
        written = to_plain(equation.symbols)
        for operand in step.operands:
            for index in operand.entries(entry, records[operand.step].shape):
                name = to_plain(entry_symbol(records, operand.step, index, notation))
                assert name in written, (step.id, name, written)


def test_the_articles_lines() -> None:
    a = explain("article-a").records
    lines = {step.id: to_plain(step_formula(a, step, "matrix")) for step in a.steps}
    assert lines["z[2]"] == "z³ = h² W³ + b³"
    assert lines["delta[2]"] == "δ¹ = ŷ − y"
    assert lines["dinput[2]"] == "∂H/∂h² = δ¹ (W³)ᵀ"
    assert lines["dW[2]"] == "∂H/∂W³ = (h²)ᵀ δ¹"
    assert lines["db[2]"] == "∂H/∂b³ = Σₛ δ¹ₛ"
    assert lines["delta[1]"] == "δ² = ∂H/∂h² ∘ σ′(z²) = δ¹ (W³)ᵀ ∘ σ′(z²)"
    assert lines["sigma_prime[0]"] == "σ′(z¹) = h¹ ∘ (1 − h¹)"
    assert lines["dinput[0]"] == "∂H/∂X = δ³ (W¹)ᵀ"
    single = explain("article-a", rows=slice(0, 1)).records
    one = {step.id: to_plain(step_formula(single, step, "matrix")) for step in single.steps}
    assert one["db[2]"] == "∂H/∂b³ = δ¹"
    assert one["dW[0]"] == "∂H/∂W¹ = xᵀ δ³"
    b = explain("article-b").records
    chain = weight_chain(b, 3, (0, 0))
    expected = "∂Cost/∂w₆₈ = Σₛ ∂Cost/∂out_o8 · ∂out_o8/∂net_o8 · ∂net_o8/∂w₆₈"
    assert to_plain(chain.formula) == expected
    assert [to_plain(link.expression) for link in chain.links][1:] == [
        "out_o8 (1 − out_o8)",
        "out_h6",
    ]
    hidden = weight_chain(b, 2, (0, 0))
    assert to_plain(hidden.of) == "∂Cost/∂w₄₆"
    assert to_plain(hidden.links[0].expression) == "δ₈ w₆₈ + δ₉ w₆₉"


@NOTATION
def test_every_chain_multiplies_and_adds_up_to_its_derivative(batch: Batch, notation: str) -> None:
    records = build_records(batch, check=False)
    for layer in range(batch.network.n_layers):
        dW, db = records[f"dW[{layer}]"].values, records[f"db[{layer}]"].values
        for entry in [*np.ndindex(dW.shape), *np.ndindex(db.shape)]:
            chain = weight_chain(records, layer, entry, notation)
            expected = (dW if len(entry) == 2 else db)[entry]
            assert chain.total == expected
            product = np.prod([link.values for link in chain.links], axis=0)
            np.testing.assert_array_equal(product, chain.shares)
            np.testing.assert_allclose(chain.shares.sum(), expected, rtol=1e-9, atol=1e-14)


def test_long_sums_are_shortened_and_an_optimizers_step_is_named() -> None:
    network = Network([20, 2], output="identity")
    X = np.linspace(-1.0, 1.0, 20)[None, :]
    batch = as_batch(network, network.initialize(0), X, np.zeros((1, 2)))
    records = build_records(batch, update=Update(Adam(), 0.01), check=False)
    line = to_plain(entry_equation(records, records["z[0]"], (0, 1)).whole)
    assert "…" in line
    assert "x₂₀" not in line.split("…")[0]
    assert "b¹₂" in line.split("…")[1]
    step = to_plain(entry_equation(records, records["W_step[0]"], (0, 0)).whole)
    assert "the step of Adam" in step


@NOTATION
def test_a_clipped_step_is_not_written_as_gradient_descents(notation: str) -> None:
    network = Network([2, 2], output="identity")
    batch = as_batch(network, network.initialize(0), [[3.0, -4.0]], [[9.0, -9.0]])
    records = build_records(batch, update=Update(Clipped(SGD(), 0.01), 0.1), check=False)
    step = records["W_step[0]"]
    assert not np.allclose(step.values, -0.1 * records["dW[0]"].values)
    equation = entry_equation(records, step, (0, 0), notation)
    assert equation.numbers is None
    assert "the step of Clipped SGD" in to_plain(equation.whole)
    assert "the step of Clipped SGD" in to_plain(step_formula(records, step, notation))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_penaltys_strength_is_the_one_that_was_asked_for(dtype: type) -> None:
    network = Network([2, 2], output="identity", reduction="mean")
    parameters = [Layer(W.astype(dtype), b.astype(dtype)) for W, b in network.initialize(0)]
    parameters[0].W[1, 1] = 0.0
    batch = as_batch(network, parameters, [[3.0, -4.0]] * 3, [[9.0, -9.0]] * 3, l2=1e-4)
    records = build_records(batch, update=Update(SGD(), 0.1), check=False)
    for entry in np.ndindex(2, 2):
        equation = entry_equation(records, records["dW_total[0]"], entry)
        assert f"+ {to_plain(Number(1e-4 / 3))} ·" in to_plain(equation.whole)
    penalty = entry_equation(records, records["penalty"], ())
    assert f"= {to_plain(Number(1e-4 / 6))} · (" in to_plain(penalty.whole)


@NOTATION
@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_an_output_rounded_to_0_or_1_has_no_equation_with_log_0(output: str, notation: str) -> None:
    network = Network([1, 2], output=output)
    parameters = [Layer(np.array([[900.0, -900.0]]), np.zeros(2))]
    Y = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    batch = as_batch(network, parameters, [[1.0], [1.0], [0.001]], Y)
    records = build_records(batch, check=False)
    assert np.any(records["output"].values == 0.0)
    assert "log(0)" in records["loss_terms"].sentence
    for step in ("loss_terms", "doutput"):
        for entry in np.ndindex(3, 2):
            equation = entry_equation(records, records[step], entry, notation)
            written = to_plain(equation.whole)
            assert "log(0)" not in written
            assert not re.search(r"/0(?![.\d])", written)
            assert (equation.numbers is not None) or entry[0] < 2
    for node in range(2):
        chain = weight_chain(records, 0, (0, node), notation)
        assert np.all(np.isfinite(chain.shares))
        np.testing.assert_allclose(chain.shares.sum(), chain.total, rtol=1e-12, atol=1e-15)
        assert chain.links[0].step == "delta[0]"
    plain = build_records(as_batch(network, parameters, [[0.001]], Y[:1]), check=False)
    assert "log(0)" not in plain["loss_terms"].sentence
    n_links = 2 if output == "softmax" else 3
    assert len(weight_chain(plain, 0, (0, 0), notation).links) == n_links


def test_a_count_of_0_is_said_to_have_no_logarithm() -> None:
    network = Network([1, 1], output="exponential")
    counts = [as_batch(network, network.initialize(0), [[1.0]], [[y]]) for y in (0.0, 3.0)]
    zero, three = (build_records(batch, check=False)["loss_terms"].sentence for batch in counts)
    assert "counts as 0, its limit" in zero
    assert "limit" not in three


NEAR = np.array([[1.0], [5.0], [9.0], [13.0], [17.0], [21.0], [27.0], [33.0]])


@NOTATION
@pytest.mark.parametrize(
    ("output", "X"),
    [
        ("softmax", NEAR),
        ("logistic", NEAR),
        ("identity", 1 + 2.0**-NEAR),
        ("exponential", 2.0 ** -NEAR[:4].repeat(2, axis=0)),
    ],
)
def test_equations_with_numbers_near_1_are_true_as_they_are_printed(
    output: str, X: np.ndarray, notation: str
) -> None:
    direct = Network([1, 2], output=output), [Layer(np.array([[1.0, -1.0]]), np.zeros(2))]
    ends_of_tanh = (
        Network([1, 1, 2], hidden=["tanh"], output=output),
        [Layer(np.array([[0.5]]), np.zeros(1)), Layer(np.array([[1.0, -1.0]]), np.zeros(2))],
    )
    Y = np.ones((8, 2))
    if output in ("softmax", "logistic"):
        Y[::2, 0] = Y[1::2, 1] = 0.0
    n_longer = 0
    for network, parameters in (direct, ends_of_tanh):
        records = build_records(as_batch(network, parameters, X, Y), check=False)
        for step in records.steps:
            if step.operation not in ("loss_terms", "by_output", "output_delta", "sigma_prime"):
                continue
            for entry, value in np.ndenumerate(step.values):
                numbers = entry_equation(records, step, entry, notation).numbers
                if numbers is None:
                    continue
                shown = to_plain(numbers, ascii_only=True)
                with np.errstate(all="ignore"):
                    printed = float(evaluate(parse(shown), {}))
                assert printed == pytest.approx(value, rel=2e-5, abs=0.0), (step.id, shown)
                longer = [text for text in re.findall(r"[\d.]+", shown) if len(text) > 8]
                assert all(text in to_latex(numbers) for text in longer)
                assert all(text in to_mathml(numbers) for text in longer)
                n_longer += len(longer)
    assert n_longer > 5
