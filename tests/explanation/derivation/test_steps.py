"""Every step's numbers are the reference's, and its operands say what they are computed from."""

from __future__ import annotations

import numpy as np
import pytest

from clearprop import Network, backward, forward, loss
from clearprop.activations import as_activation
from clearprop.explanation.derivation.batch import Batch, Update, as_batch
from clearprop.explanation.derivation.build import build_records
from clearprop.explanation.derivation.records import PHASES
from clearprop.explanation.random_network import random_batch, random_targets
from clearprop.losses import OUTPUTS
from clearprop.optimizers import SGD
from clearprop.penalties import l2_gradient


def test_values_are_those_of_forward_loss_and_backward(batch: Batch) -> None:
    records = build_records(batch, check=False)
    network, weights = batch.network, batch.sample_weight
    passes = forward(network, batch.parameters, batch.X)
    gradients = backward(network, batch.parameters, passes, batch.Y, sample_weight=weights)
    assert records["loss"].values == loss(network, passes, batch.Y, sample_weight=weights)
    np.testing.assert_array_equal(records["output"].values, passes.output)
    for layer in range(network.n_layers):
        np.testing.assert_array_equal(records[f"z[{layer}]"].values, passes.z[layer])
        np.testing.assert_array_equal(records[f"input[{layer}]"].values, passes.inputs[layer])
        for kind in ("delta", "dW", "db", "dinput"):
            expected = getattr(gradients, kind)[layer]
            np.testing.assert_array_equal(records[f"{kind}[{layer}]"].values, expected)
    for layer, name in enumerate(network.hidden):
        slope = as_activation(name).derivative(passes.z[layer], passes.inputs[layer + 1])
        np.testing.assert_array_equal(records[f"sigma_prime[{layer}]"].values, slope)


def test_operands_come_first_and_users_after(batch: Batch) -> None:
    records = build_records(batch, update=Update(SGD(), 0.1), check=False)
    place = {step.id: number for number, step in enumerate(records.steps)}
    assert len(place) == len(records.steps)
    for step in records.steps:
        assert all(place[operand.step] < place[step.id] for operand in step.operands)
        for user in step.used_by:
            assert step.id in {operand.step for operand in records[user].operands}
        assert PHASES.index(step.phase) >= max(
            (PHASES.index(records[operand.step].phase) for operand in step.operands), default=0
        )
    assert records["dinput[0]"].used_by == ()  # dx: computed, used by nothing
    if batch.network.n_layers > 1:
        assert records["dinput[1]"].used_by == ("delta[0]",)


def test_an_entry_depends_on_the_entries_that_its_operands_name(batch: Batch) -> None:
    # Everything else may be anything, and the entry stays as it is.
    records = build_records(batch, check=False)
    generator = np.random.default_rng(0)
    formulas = {
        "affine": lambda h, W, b: h @ W + b,
        "dinput": lambda delta, W: delta @ W.T,
        "dW": lambda h, delta: h.T @ delta,
        "db": lambda delta: delta.sum(axis=0),
        "delta": lambda dinput, slope: dinput * slope,
    }
    for step in records.steps:
        if step.operation not in formulas:
            continue
        entry = tuple(int(generator.integers(size)) for size in step.shape)
        noisy = []
        for operand in step.operands:
            values = records[operand.step].values
            noise = generator.normal(size=values.shape)
            named = list(operand.entries(entry, values.shape))
            assert named
            for index in named:
                noise[index] = values[index]
            noisy.append(noise)
        got = formulas[step.operation](*noisy)[entry]
        np.testing.assert_allclose(got, step.values[entry], rtol=1e-12, atol=1e-15)


def test_an_output_depends_on_the_logits_of_its_own_target() -> None:
    network = Network([2, 7], output="softmax", output_parameters=(3, 2, 2), reduction="sum")
    generator = np.random.default_rng(0)
    Y = random_targets(network, 4, generator)
    batch = as_batch(network, network.initialize(0), generator.normal(size=(4, 2)), Y)
    records = build_records(batch, check=False)
    (operand,) = records["output"].operands
    z, output = records["z[0]"].values, OUTPUTS["softmax"]
    for entry, value in np.ndenumerate(records["output"].values):
        noise = generator.normal(size=z.shape)
        named = list(operand.entries(entry, z.shape))
        assert len(named) == (3, 3, 3, 2, 2, 2, 2)[entry[1]]
        for index in named:
            noise[index] = z[index]
        assert output.function(noise, network.output_parameters)[entry] == pytest.approx(value)


def test_checks_stand_beside_every_derivative(batch: Batch) -> None:
    records = build_records(batch, max_check_entries=20)
    for step in records.steps:
        kind = step.id.partition("[")[0]
        assert (step.check is not None) == (kind in ("dW", "db", "dinput", "delta", "dW_total"))
        if step.check is not None:
            assert step.check.ok, (step.id, step.check.max_relative_error)
            assert step.check.n_checked == min(step.values.size, 20)
            assert np.isfinite(step.check.numeric).sum() == step.check.n_checked


def test_the_loss_by_the_output_is_its_derivative(batch: Batch) -> None:
    records = build_records(batch, check=False)
    network, n = batch.network, batch.n_samples
    yhat = records["output"].values
    if network.output in ("median", "huber", "quantile"):
        return  # made of pieces; delta's check holds them
    textbook = {
        "softmax": lambda p: -np.sum(batch.Y * np.log(p), axis=1),
        "logistic": lambda p: -np.sum(batch.Y * np.log(p) + (1 - batch.Y) * np.log(1 - p), axis=1),
        "identity": lambda p: np.sum((p - batch.Y) ** 2, axis=1) / 2,
        "exponential": lambda p: np.sum(p - batch.Y * np.log(p), axis=1),
    }[network.output]
    for k in range(yhat.shape[1]):
        nudge = np.zeros_like(yhat)
        nudge[:, k] = 1e-6 * np.minimum(yhat[:, k], 1.0 if network.output != "logistic" else 0.1)
        if network.output == "identity":
            nudge[:, k] = 1e-5
        numeric = (textbook(yhat + nudge) - textbook(yhat - nudge)) / (2 * nudge[:, k])
        expected = batch.shares[:, 0] * numeric
        got = records["doutput"].values[:, k]
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=1e-6 * n)


def test_the_update_moves_against_the_gradient_with_its_penalty(batch: Batch) -> None:
    records = build_records(batch, update=Update(SGD(), 0.25), check=False)
    for layer, (W, b) in enumerate(batch.parameters):
        dW = records[f"dW[{layer}]"].values
        if batch.l2:
            dW = dW + l2_gradient(W, batch.l2, batch.factor)
            total = records[f"dW_total[{layer}]"].values
            np.testing.assert_allclose(total, dW, rtol=1e-13, atol=1e-16)
        W_new, b_new = records[f"W_new[{layer}]"].values, records[f"b_new[{layer}]"].values
        np.testing.assert_allclose(W_new, W - 0.25 * dW, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(b_new, b - 0.25 * records[f"db[{layer}]"].values, rtol=1e-12)
    assert records.update is not None
    assert (records.update.name, records.update.learning_rate) == ("SGD", 0.25)


def test_the_probabilities_of_several_targets_depend_on_their_own_logits_only() -> None:
    two = Network([2, 5], output="softmax", output_parameters=(2, 3))
    records = build_records(random_batch(two, 2, 0), check=False)
    assert "that belong to its own target" in records["output"].sentence
    one = build_records(random_batch(Network([2, 5]), 2, 0), check=False)
    assert one["output"].sentence.endswith("each depends on all logits of its row.")
