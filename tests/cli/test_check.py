"""`clearprop check`: right gradients pass, and wrong ones would not."""

from __future__ import annotations

import pytest

from clearprop import backprop, gradcheck
from clearprop.cli import check


@pytest.mark.parametrize("options", [(), ("--activation", "tanh", "--alpha", "3")])
@pytest.mark.parametrize("data", ["iris", "diabetes", "breast_cancer"])
def test_gradients_agree(run, data, options):
    assert (
        run("train", data, "--max-iter", "3", "--hidden-layer-sizes", "6,5", *options).status == 0
    )
    ran = run("check", f"{data}.safetensors", data, "--rows", "5", "--max-entries", "20")
    assert ran.status == 0, ran.stdout + ran.stderr
    assert "agrees with finite differences" in ran.stdout
    assert "dW[2]" in ran.stdout
    document = run("check", f"{data}.safetensors", data, "--json").json
    assert document["agrees"] is True
    assert document["rows"] == 8
    assert document["max_relative_error"] <= 1e-6
    assert [array["name"] for array in document["arrays"]][:3] == ["dW[0]", "db[0]", "dinput[0]"]


def test_the_penalty_is_part_of_what_is_checked(run, monkeypatch):
    given = {}

    def watched(*arguments, **options):
        given.update(options)
        return gradcheck.check_gradients(*arguments, **options)

    assert run("train", "iris", "--max-iter", "3", "--alpha", "0.75").status == 0
    monkeypatch.setattr(check, "check_gradients", watched)
    assert run("check", "iris.safetensors", "iris").status == 0
    assert given["l2"] == 0.75


def test_a_wrong_gradient_is_our_fault(run, monkeypatch):
    def wrong(*arguments, **options):
        gradients = backprop.backward(*arguments, **options)
        return gradients._replace(db=[2 * db for db in gradients.db])

    assert run("train", "iris", "--max-iter", "3").status == 0
    monkeypatch.setattr(gradcheck, "backward", wrong)
    ran = run("check", "iris.safetensors", "iris")
    assert ran.status == 1
    assert "DIFFERS FROM" in ran.stdout
