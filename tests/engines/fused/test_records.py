"""The codes that stand for names: every name that the project knows, and a kernel for each."""

from __future__ import annotations

from clearprop.activations import ACTIVATIONS
from clearprop.engines.fused.elementwise import ACTIVATION_VECTORS, OUTPUT_VECTORS
from clearprop.engines.fused.engine import _OPTIMIZERS
from clearprop.engines.fused.records import ACTIVATION_CODES, OPTIMIZER_CODES, OUTPUT_CODES
from clearprop.engines.fused.updates import UPDATE_VECTORS
from clearprop.losses import OUTPUTS


def test_every_activation_has_a_code_and_a_kernel() -> None:
    assert set(ACTIVATION_CODES) == set(ACTIVATIONS) == set(ACTIVATION_VECTORS)


def test_every_output_has_a_code_and_a_kernel() -> None:
    assert set(OUTPUT_CODES) == set(OUTPUTS) == {*OUTPUT_VECTORS, "softmax"}


def test_every_optimizer_has_a_code_and_a_kernel() -> None:
    names = {optimizer.__name__ for optimizer in _OPTIMIZERS}
    assert set(OPTIMIZER_CODES) == set(UPDATE_VECTORS) == names


def test_codes_are_different() -> None:
    for codes in (ACTIVATION_CODES, OUTPUT_CODES, OPTIMIZER_CODES):
        assert len(set(codes.values())) == len(codes)
