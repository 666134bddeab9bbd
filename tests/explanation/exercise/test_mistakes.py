"""Each mistake's number is recognised; others' numbers mostly are not."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

import numpy as np
import pytest

from clearprop import backward, forward
from clearprop.explanation.diagnose import MISTAKES, mistaken_gradients, possible_mistakes
from clearprop.explanation.exercise import mark
from clearprop.explanation.exercise.tolerance import makes_no_difference

NEEDS_A_FIT = (
    "another constant factor",
    "penalty of another strength",
    "L2 on the bias, of another strength",
)
ONE_SAMPLE = ("bias not summed", "bias of the first row", "bias of the last row")


class Planted(NamedTuple):
    question: object
    name: str
    value: float


def family(name):
    """What one number cannot tell apart: the same slip in the output's delta, in dW or in db."""
    if name in ONE_SAMPLE:
        return "one sample"
    return MISTAKES[name].family or name if name in MISTAKES else name


def planted_values(asked):
    """Every mistake of the doctor's at every layer, in every asked gradient; by the doctor."""
    for batch, sheet in asked:
        network, parameters = batch.network, batch.parameters
        rate = sheet.records.update.learning_rate
        gradients = [
            (
                name,
                mistaken_gradients(
                    network, parameters, batch.X, batch.Y, name, layer, coefficient=rate
                ),
            )
            for name, layers in possible_mistakes(network, parameters, batch.X, batch.Y).items()
            if name not in NEEDS_A_FIT
            for layer in layers
        ]
        for question in sheet.questions:
            kind, _, layer = question.step.rstrip("]").partition("[")
            if (
                question.answer != "number"
                or question.kind == "share"
                or kind not in ("delta", "dW", "db", "dinput")
            ):
                continue
            for name, wrong in gradients:
                array = np.asarray(getattr(wrong, kind)[int(layer)])
                rows = [array] if array.ndim == len(question.entry) else list(array)
                for row in rows:
                    value = float(row[question.entry])
                    if math.isfinite(value) and not makes_no_difference(value, question.right):
                        yield Planted(question, name, value)


@pytest.mark.parametrize("digits", [4, 3])
def test_every_mistake_of_the_doctors_is_recognised(random_networks, digits):
    """docs/exercises.md states the shares."""
    found = alone = total = 0
    for question, name, value in planted_values(random_networks):
        marked = mark(question, f"{value:.{digits}g}")
        families = {family(mistake.name) for mistake in marked.explanations}
        total += 1
        found += family(name) in families
        alone += families == {family(name)}
    assert total > 800
    assert found == total
    assert alone / total > 0.75


def test_every_known_mistake_is_recognised_by_its_number(every_sheet):
    total = found = 0
    for _, sheet in every_sheet:
        for question in (q for q in sheet.questions if q.answer == "number"):
            for mistake in question.mistakes:
                marked = mark(question, f"{mistake.value:.6g}")
                total += 1
                found += marked.verdict == "wrong" and mistake in marked.explanations
    assert total > 3000
    assert found == total


def test_other_wrong_numbers_are_seldom_explained(random_networks):
    """docs/exercises.md states the share."""
    draw = random.Random(0)
    explained = right = total = 0
    for _, sheet in random_networks:
        for question in (q for q in sheet.questions if q.answer == "number"):
            for _ in range(20):
                value = question.right * 10 ** draw.uniform(-1, 1) * draw.choice([1, 1, -1])
                marked = mark(question, f"{value:.4g}")
                total += 1
                right += marked.verdict == "right"
                explained += bool(marked.explanations)
    assert explained / total < 0.1
    assert right / total < 0.005


def of_kind(sheet, kind):
    return next(question for question in sheet.questions if question.kind == kind)


def by_hand(question, batch, passes, gradients, rate):
    """Slips computed from the network itself: name -> number."""
    if question.kind == "loss":
        return {"logarithm to base 10": question.right / np.log(10), "sign": -question.right}
    if question.kind == "output" and batch.network.output == "softmax":
        sample, k = question.entry
        powers = np.exp(passes.z[-1][sample])
        return {
            "softmax not divided": powers[k],
            "softmax without itself": powers[k] / np.delete(powers, k).sum(),
        }
    layer = int(question.step.rstrip("]").partition("[")[2] or 0)
    W, b = batch.parameters[layer]
    if question.kind == "updated weight":
        dW = gradients.dW[layer]
        return {
            "uphill": (W + rate * dW)[question.entry],
            "no learning rate": (W - dW)[question.entry],
        }
    if question.kind == "pre-activation":
        sample, j = question.entry
        sent = passes.inputs[layer][sample]
        new_W, new_b = W - rate * gradients.dW[layer], b - rate * gradients.db[layer]
        found = {
            "bias subtracted": sent @ W[:, j] - b[j],
            "weights already updated": sent @ new_W[:, j] + new_b[j],
        }
        if W.shape[0] == W.shape[1] > 1:
            found["W transposed"] = sent @ W.T[:, j] + b[j]
        if layer:
            before = passes.z[layer - 1][sample]
            found["pre-activation in place of the input"] = before @ W[:, j] + b[j]
        return found
    return {}


def test_the_slips_of_the_forward_pass_are_computed_right(random_networks):
    seen = set()
    for batch, sheet in random_networks:
        passes = forward(batch.network, batch.parameters, batch.X)
        gradients = backward(batch.network, batch.parameters, passes, batch.Y)
        rate = sheet.records.update.learning_rate
        for question in sheet.questions:
            known = {mistake.name: mistake.value for mistake in question.mistakes}
            for name, value in by_hand(question, batch, passes, gradients, rate).items():
                if name in known:
                    assert known[name] == pytest.approx(value, rel=1e-9), name
                    seen.add(name)
                else:
                    assert makes_no_difference(float(value), question.right), name
    assert seen == {
        "bias subtracted", "weights already updated", "W transposed", "softmax not divided",
        "pre-activation in place of the input", "softmax without itself", "logarithm to base 10",
        "sign", "uphill", "no learning rate",
    }  # fmt: skip


def test_a_share_left_out_is_recognised(random_networks):
    seen = 0
    for batch, sheet in random_networks:
        passes = forward(batch.network, batch.parameters, batch.X)
        gradients = backward(batch.network, batch.parameters, passes, batch.Y)
        for question in (q for q in sheet.questions if q.kind == "weight gradient"):
            (i, j), layer = question.entry, int(question.step[3:-1])
            shares = passes.inputs[layer][:, i] * gradients.delta[layer][:, j]
            for share in shares if batch.n_samples > 1 else ():
                value = float(shares.sum() - share)
                if not makes_no_difference(value, question.right):
                    names = {m.name for m in mark(question, f"{value:.6g}").explanations}
                    # Of two shares, the other is left.
                    assert names & {"term left out", "one term alone"}
                    seen += 1
    assert seen >= 10


def test_another_place_is_named(small_sheet):
    question = of_kind(small_sheet, "weight gradient")
    records = small_sheet.records
    for entry in np.ndindex(records[question.step].shape):
        value = float(records[question.step].values[entry])
        if entry != question.entry:
            names = {mistake.name for mistake in mark(question, f"{value:.6g}").explanations}
            assert names & {"another entry", "transposed index"}
    question = of_kind(small_sheet, "hidden delta")
    other = (question.entry[0] - 1, question.entry[1])
    value = float(records[question.step].values[other])
    assert "another sample" in {m.name for m in mark(question, f"{value:.6g}").explanations}


def test_no_known_mistake_is_the_right_answer(every_sheet):
    for _, sheet in every_sheet:
        for question in sheet.questions:
            for mistake in question.mistakes:
                if question.answer == "number":
                    assert not makes_no_difference(mistake.value, question.right)
                else:
                    assert mistake.value != question.right
