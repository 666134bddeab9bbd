"""Every Jacobian in full, beside finite differences of what it differentiates."""

from __future__ import annotations

import numpy as np
import pytest

from clearprop import Network
from clearprop.activations import as_activation
from clearprop.explanation.derivation.batch import Batch, as_batch
from clearprop.explanation.derivation.build import build_records
from clearprop.explanation.random_network import random_batch
from clearprop.losses import OUTPUTS

STEP = 1e-6


def numeric_jacobian(function, at):
    """A row for each entry of function(at), a column for each entry of at."""
    columns = []
    for index in range(at.size):
        nudge = np.zeros(at.size)
        nudge[index] = STEP
        nudge = nudge.reshape(at.shape)
        columns.append((function(at + nudge) - function(at - nudge)).ravel() / (2.0 * STEP))
    return np.stack(columns, axis=1)


def test_jacobians_agree_with_finite_differences(batch: Batch) -> None:
    network = batch.network
    records = build_records(batch, jacobians=True, check=False)
    last = network.n_layers - 1
    output, numbers = OUTPUTS[network.output], network.output_parameters
    seen = set()
    for jacobian in records.jacobians:
        kind, _, layer_text = jacobian.step.partition("[")
        layer, s = int(layer_text[:-1]), jacobian.sample or 0
        z = records[f"z[{layer}]"].values[s]
        h = records[f"input[{layer}]"].values[s]
        W, b = batch.parameters[layer]
        if kind == "delta" and layer == last:
            output, numbers = OUTPUTS[network.output], network.output_parameters
            function, at = (
                (lambda v, output=output, numbers=numbers: output.function(v[None], numbers)[0]),
                z,
            )
        elif kind == "delta":
            activation = as_activation(network.hidden[layer])
            if activation.branch is not None and np.min(np.abs(z)) < 1e-3:
                continue
            function, at = activation.function, z
        elif kind == "dinput":
            function, at = (lambda v, W=W, b=b: v @ W + b), h
        elif kind == "dW":
            function, at = (lambda v, h=h, b=b: h @ v + b), W
        else:
            function, at = (lambda v, h=h, W=W: h @ W + v), b
        expected = numeric_jacobian(function, at)
        assert jacobian.values.shape == expected.shape
        np.testing.assert_allclose(jacobian.values, expected, rtol=1e-5, atol=1e-8)
        assert (len(jacobian.rows), len(jacobian.columns)) == expected.shape
        seen.add((kind, layer))
    assert {("dW", layer) for layer in range(network.n_layers)} <= seen
    assert not build_records(batch, check=False).jacobians


def test_what_is_too_large_is_said() -> None:
    network = Network([30, 20, 10], output="identity")
    X = np.linspace(-1.0, 1.0, 300).reshape(10, 30)
    records = build_records(
        as_batch(network, network.initialize(0), X, np.zeros((10, 10))), jacobians=True, check=False
    )
    assert max(jacobian.values.size for jacobian in records.jacobians) <= 4096
    said = " ".join(records.left_out)
    assert "after the first 8 (of 10)" in said
    assert "more than 4096 numbers" in said


@pytest.mark.parametrize(("sizes", "is_whole"), [((2, 40, 1), True), ((40, 12, 2), False)])
def test_jacobians_are_said_to_be_left_out_only_where_some_are(
    sizes: tuple[int, ...], is_whole: bool
) -> None:
    network = Network(sizes, output="identity")
    records = build_records(random_batch(network, 1, 0), jacobians=True, check=False)
    whole = {step.id for step in records.steps if step.id.startswith("dW")}
    assert (whole <= {jacobian.step for jacobian in records.jacobians}) is is_whole
    assert any("Jacobians of more than" in left_out for left_out in records.left_out) != is_whole
