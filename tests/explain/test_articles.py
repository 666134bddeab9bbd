"""The articles' derivations: every formula in the article's order and symbols, corrected."""

from __future__ import annotations

import numpy as np
import pytest

from clearprop import backward, forward, loss
from clearprop.explain.articles import ARTICLES
from clearprop.explain.document import explain
from clearprop.explain.formula.plain import to_plain
from clearprop.explain.formulas import step_formula, weight_chain

A_IN_ORDER = [
    ("doutput", "∂H/∂ŷₖ = −yₖ/ŷₖ"),
    ("delta[2]", "δ¹ = ŷ − y"),
    ("dinput[2]", "∂H/∂h² = δ¹ (W³)ᵀ"),
    ("dW[2]", "∂H/∂W³ = (h²)ᵀ δ¹"),
    ("db[2]", "∂H/∂b³ = δ¹"),
    ("sigma_prime[1]", "σ′(z²) = h² ∘ (1 − h²)"),
    ("delta[1]", "δ² = ∂H/∂h² ∘ σ′(z²) = δ¹ (W³)ᵀ ∘ σ′(z²)"),
    ("dinput[1]", "∂H/∂h¹ = δ² (W²)ᵀ"),
    ("dW[1]", "∂H/∂W² = (h¹)ᵀ δ²"),
    ("db[1]", "∂H/∂b² = δ²"),
    ("sigma_prime[0]", "σ′(z¹) = h¹ ∘ (1 − h¹)"),
    ("delta[0]", "δ³ = ∂H/∂h¹ ∘ σ′(z¹) = δ² (W²)ᵀ ∘ σ′(z¹)"),
    ("dinput[0]", "∂H/∂x = δ³ (W¹)ᵀ"),
    ("dW[0]", "∂H/∂W¹ = xᵀ δ³"),
    ("db[0]", "∂H/∂b¹ = δ³"),
]
"""The backward pass of article A for one sample, from its output to its summary."""


def test_article_a_has_every_formula_in_its_order() -> None:
    records = explain("article-a", rows=slice(0, 1)).records
    backward_steps = [
        (step.id, to_plain(step_formula(records, step))) for step in records.of_phase("backward")
    ]
    assert backward_steps == A_IN_ORDER
    lines = {step.id: to_plain(step_formula(records, step)) for step in records.steps}
    assert lines["output"] == "ŷₖ = exp(z³ₖ) / Σᵢ exp(z³ᵢ)"
    assert lines["loss_terms"] == "Hₖ = −yₖ log(ŷₖ)"
    for layer in (1, 2, 3):
        sent = f"h{'⁰¹²'[layer - 1]}" if layer > 1 else "x"
        above = "¹²³"[layer - 1]
        assert lines[f"z[{layer - 1}]"] == f"z{above} = {sent} W{above} + b{above}"


def test_article_a_has_every_jacobian_it_derives() -> None:
    records = explain("article-a", rows=slice(0, 1)).records
    found = {jacobian.step: jacobian for jacobian in records.jacobians}
    yhat, h2 = records["output"].values[0], records["input[2]"].values[0]
    np.testing.assert_allclose(
        found["delta[2]"].values, np.diag(yhat) - np.outer(yhat, yhat), rtol=1e-12
    )
    np.testing.assert_array_equal(found["dinput[2]"].values, records["W[2]"].values.T)
    np.testing.assert_allclose(found["delta[1]"].values, np.diag(h2 * (1 - h2)), rtol=1e-12)
    # The article's indicator: dz3/dw3_ij has h2_i at j, and 0 elsewhere.
    indicator = found["dW[2]"].values.reshape(3, 4, 3)
    for k, i, j in np.ndindex(3, 4, 3):
        assert indicator[k, i, j] == (h2[i] if k == j else 0.0)
    assert to_plain(found["dinput[2]"].formula) == "∂z³/∂h² = (W³)ᵀ"


def test_article_b_goes_weight_by_weight_in_its_order() -> None:
    derivation = explain("article-b")
    records = derivation.records
    ids = [step.id for step in records.of_phase("backward")]
    # The article: the last layer's weights and biases, then what comes back to its senders.
    assert ids[:5] == ["doutput", "delta[3]", "dW[3]", "db[3]", "dinput[3]"]
    assert ids.index("dW[2]") < ids.index("db[2]") < ids.index("dinput[2]")
    lines = {step.id: to_plain(step_formula(records, step, "weights")) for step in records.steps}
    assert lines["z[3]"] == "net_oj = Σᵢ w_ij out_hi + bⱼ"
    assert lines["dinput[3]"] == "∂Cost/∂out_hi = Σⱼ δⱼ w_ij"
    assert lines["W_step[3]"] == "w_{new,ij} − w_ij = −α · ∂Cost/∂w_ij"
    first = "∂Cost/∂out_o8 · ∂out_o8/∂net_o8"
    assert to_plain(weight_chain(records, 3, (0, 0)).formula).endswith(f"{first} · ∂net_o8/∂w₆₈")
    bias = weight_chain(records, 3, (0,))
    assert to_plain(bias.formula) == f"∂Cost/∂b₈ = Σₛ {first} · ∂net_o8/∂b₈"
    assert to_plain(bias.links[-1].expression) == "1"
    cost = (
        "(1 / (K N)) (−y₁/out_o8 + (1 − y₁) / (1 − out_o8))"  # the article's 1/(2N), K = 2 outputs
    )
    assert to_plain(bias.links[0].expression) == cost


@pytest.mark.parametrize("name", sorted(ARTICLES))
def test_the_articles_numbers_are_the_references(name: str) -> None:
    batch = ARTICLES[name]().batch
    records = explain(name).records
    passes = forward(batch.network, batch.parameters, batch.X)
    gradients = backward(batch.network, batch.parameters, passes, batch.Y)
    assert records["loss"].values == loss(batch.network, passes, batch.Y)
    for layer in range(batch.network.n_layers):
        np.testing.assert_array_equal(records[f"dW[{layer}]"].values, gradients.dW[layer])


@pytest.mark.parametrize("name", sorted(ARTICLES))
def test_printed_formulas_are_wrong_and_corrected_ones_right(name: str) -> None:
    records = explain(name).records
    assert len(records.misprints) >= 5
    evaluated = 0
    for misprint in records.misprints:
        assert misprint.step in records
        assert misprint.printed != misprint.corrected
        if misprint.sides:
            corrected, printed = misprint.sides
            assert corrected.agrees
            assert not printed.agrees
            evaluated += 1
            step = records[misprint.step]
            if corrected.values.shape == step.shape and step.check is not None:
                np.testing.assert_array_equal(corrected.values, step.values)
                relative = np.abs(step.values - step.check.numeric) / np.abs(step.values)
                assert np.max(relative) < 1e-6
    assert evaluated >= 4


def test_a_batch_of_one_hides_the_sum_that_article_b_takes_too_early() -> None:
    one = explain("article-b", rows=slice(0, 1)).records
    early = next(misprint for misprint in one.misprints if misprint.step == "dW[3]")
    assert early.sides[1].agrees
