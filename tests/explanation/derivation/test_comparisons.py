"""The answers with numbers: what they call equal is equal, what they call wrong is wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest

from clearprop import Network
from clearprop.activations import ACTIVATIONS
from clearprop.explanation.derivation.batch import Batch, Update, as_batch
from clearprop.explanation.derivation.build import build_records
from clearprop.explanation.derivation.records import Comparison
from clearprop.explanation.document import explain
from clearprop.explanation.random_network import random_batch
from clearprop.network import Layer
from clearprop.optimizers import SGD

ALWAYS = {
    "orientation", "softmax", "sign", "shares", "reductions", "column_sums", "kronecker", "why_x",
    "close_enough",
}  # fmt: skip
WITH_HIDDEN = {"hadamard", "sigma_of_h", "why_h", "old_or_new"}


def by_id(batch: Batch) -> dict[str, Comparison]:
    records = build_records(batch, update=Update(SGD(), 0.3))
    return {comparison.id: comparison for comparison in records.comparisons}


def test_every_question_is_answered(batch: Batch) -> None:
    expected = ALWAYS | (WITH_HIDDEN if batch.network.n_layers > 1 else set())
    answers = by_id(batch)
    assert set(answers) == expected
    assert all(answer.asked_at and answer.question.endswith("?") for answer in answers.values())


def test_sides_agree_exactly_where_they_say_so(batch: Batch) -> None:
    for answer in by_id(batch).values():
        reference = answer.sides[0]
        assert reference.agrees
        if answer.id == "close_enough":
            continue
        size = np.nanmax(np.abs(reference.values), initial=0.0)
        for side in answer.sides[1:]:
            assert side.values.shape == reference.values.shape
            difference = np.nanmax(np.abs(side.values - reference.values), initial=0.0)
            if side.agrees:
                assert difference <= 2e-3 * size, (answer.id, side.label)
            else:
                assert difference > 1e-7 * size, (answer.id, side.label)


@pytest.mark.parametrize("name", ["softmax", "hadamard", "kronecker", "shares", "column_sums"])
def test_the_long_way_is_the_short_one(batch: Batch, name: str) -> None:
    answers = by_id(batch)
    if name not in answers:
        assert batch.network.n_layers == 1
        return
    short, long = answers[name].sides[:2]
    np.testing.assert_allclose(long.values, short.values, rtol=1e-9, atol=1e-14)
    assert long.agrees


def test_shares_add_up_and_jacobians_multiply(batch: Batch) -> None:
    answers = by_id(batch)
    shares = answers["shares"]
    np.testing.assert_allclose(
        sum(part.values for part in shares.parts), shares.sides[0].values, rtol=1e-9, atol=1e-14
    )
    by_output, jacobian = answers["softmax"].parts
    row = by_output.values[0] @ jacobian.values
    np.testing.assert_allclose(row, answers["softmax"].sides[0].values[0], rtol=1e-9, atol=1e-14)
    if "hadamard" in answers:
        diagonal = answers["hadamard"].parts[0].values
        assert np.count_nonzero(diagonal - np.diag(np.diag(diagonal))) == 0


def test_the_three_reductions_stand_side_by_side(batch: Batch) -> None:
    reference, summed, mean, mean_all = by_id(batch)["reductions"].sides
    total = batch.n_samples if batch.sample_weight is None else batch.sample_weight.sum()
    np.testing.assert_allclose(mean.values * total, summed.values, rtol=1e-12)
    k = batch.network.sizes[-1]
    np.testing.assert_allclose(mean_all.values * total * k, summed.values, rtol=1e-12)
    own = {"sum": summed, "mean": mean, "mean_all": mean_all}[batch.network.reduction]
    np.testing.assert_allclose(own.values, reference.values, rtol=1e-12)


def test_what_is_wrong_is_called_wrong_on_the_articles_networks() -> None:
    for article in ("article-a", "article-b"):
        records = explain(article).records
        wrong = {
            (answer.id, side.label)
            for answer in records.comparisons
            for side in answer.sides
            if not side.agrees
        }
        labels = {label.split(",")[0] for _, label in wrong}
        assert ("sign", "-delta") in wrong
        assert ("old_or_new", "with the new W") in wrong
        assert ("sigma_of_h", "sigma' of h, as article B prints it") in wrong
        assert any(name == "why_h" for name, _ in wrong)
        assert "delta" not in labels


def test_the_sweep_shows_truncation_and_round_off() -> None:
    sweep = explain("article-a").records.sweep
    assert sweep is not None
    errors = np.array(sweep.relative_errors)
    best = int(np.argmin(errors))
    assert 0 < best < len(errors) - 1
    assert errors[0] > 1e4 * errors[best]  # epsilon too large
    assert errors[-1] > 1e4 * errors[best]  # epsilon too small
    assert errors[best] < 1e-8


def test_delta_factors_multiply_to_the_norm_below(batch: Batch) -> None:
    records = build_records(batch, check=False)
    assert len(records.delta_factors) == batch.network.n_layers - 1
    for factor in records.delta_factors:
        below = np.linalg.norm(records[f"delta[{factor.layer - 1}]"].values)
        product = factor.delta_norm * factor.by_W * factor.by_slope
        np.testing.assert_allclose(product, below, rtol=1e-12, atol=1e-300)


def answer_of(network: Network, name: str, sample_weight: list[float] | None = None) -> str:
    drawn = random_batch(network, 3, 0)
    weight = None if sample_weight is None else np.array(sample_weight)
    batch = as_batch(network, drawn.parameters, drawn.X, drawn.Y, weight)
    return by_id(batch)[name].answer


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_only_a_slope_that_is_written_with_h_is_said_to_be(activation: str) -> None:
    answer = answer_of(Network([2, 3, 2], hidden=activation), "sigma_of_h")
    formula = ACTIVATIONS[activation].derivative_formula
    assert formula in answer
    has_h = any(word == "h" for word in re.split(r"\W+", formula))
    assert ("h stands in for sigma(z)" in answer) is has_h


def test_a_loss_without_a_curve_is_not_said_to_have_one() -> None:
    parabola = answer_of(Network([2, 2], output="identity"), "close_enough")
    assert "central differences are exact" in parabola
    curved = answer_of(Network([2, 3, 2], hidden="tanh"), "close_enough")
    assert "the curve of the loss gets in (truncation: relative error" in curved


def test_weights_that_add_up_to_nothing_are_said_to() -> None:
    network = Network([2, 2], reduction="mean")
    assert "S = 0, in whose place a mean has 1." in answer_of(network, "reductions", [0.0] * 3)
    assert "add up to S = 2.5." in answer_of(network, "reductions", [0.0, 2.0, 0.5])


def test_what_was_not_checked_is_not_called_a_finite_difference(batch: Batch) -> None:
    records = build_records(batch, max_check_entries=3)
    for answer in records.comparisons:
        for side in answer.sides:
            if side.label.endswith("finite differences"):
                assert np.isfinite(side.values).sum() == min(side.values.size, 3)
        if answer.id in ("why_x", "sigma_of_h", "old_or_new"):
            assert answer.sides[1].agrees


def test_what_has_a_steps_shape_by_chance_has_not_its_names() -> None:
    # As many samples as nodes in each layer: every matrix is square.
    network = Network([3, 3, 3], hidden="tanh", output="softmax")
    batch = as_batch(network, network.initialize(0), np.eye(3) - 0.5, np.eye(3))
    records = build_records(batch)
    owners = {}
    for asked in records.comparisons:
        for side in (*asked.sides, *asked.parts):
            owner = records.owner(records[asked.step], side)
            owners[asked.id, side.label] = owner.id if owner else ""
    assert owners["softmax", "J = dyhat/dz of sample 1"] == ""
    assert owners["hadamard", "dh/dz of sample 1"] == ""
    assert owners["old_or_new", "with the new W"] == "dW[0]"
    assert owners["why_h", "dW[0] with dinput[1]"] == "dW[0]"
    assert owners["hadamard", "dinput o sigma'(z)"] == "delta[0]"


def test_where_nothing_moves_the_loss_no_closeness_is_praised() -> None:
    network = Network([2, 3, 2], hidden="tanh", output="softmax")
    zeros = [Layer(np.zeros_like(W), np.zeros_like(b)) for W, b in network.initialize(0)]
    records = build_records(as_batch(network, zeros, [[1.0, 2.0]], [[1.0, 0.0]]))
    (answer,) = (asked.answer for asked in records.comparisons if asked.id == "close_enough")
    assert "does not move the loss" in answer
