"""The shape of a tile: one that is compiled, for every kind of processor."""

from __future__ import annotations

import pytest

from clearprop.engines.fused.target import Target
from clearprop.engines.fused.tile_shape import shape_of


@pytest.mark.parametrize("bits", [128, 256, 512])
@pytest.mark.parametrize("fused", [True, False])
def test_sums_fit_the_registers(bits: int, fused: bool) -> None:
    shape = shape_of(Target(bits, fused))
    registers = 32 if bits in (128, 512) else 16
    per_vector = 512 // bits
    if fused:
        assert (shape.rows * shape.vectors + shape.vectors) * per_vector <= registers
    # The rows that are left over are cut into tiles of 4, 2 and 1.
    assert shape.rows >= 2
