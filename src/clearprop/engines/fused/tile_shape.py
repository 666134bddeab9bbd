"""How large a tile fills a processor's registers. This file knows nothing of how it is emitted."""

from __future__ import annotations

from typing import NamedTuple

from clearprop.engines.fused.target import Target

__all__ = ["TileShape", "shape_of"]


class TileShape(NamedTuple):
    """Rows of A and vectors of B in a full tile."""

    rows: int
    vectors: int


def shape_of(target: Target) -> TileShape:
    """The shape whose sums, one row of B and one number of A fit the target's registers.

    Examples:
        >>> shape_of(Target(register_bits=512, fused=True))
        TileShape(rows=8, vectors=3)
    """
    if target.register_bits == 512:
        return TileShape(8, 3)  # 24 of 32 registers
    if target.fused:
        return TileShape(6, 1)  # AVX2: 12 of 16 registers; NEON: 24 of 32
    return TileShape(2, 1)  # fma is a call here: a larger tile would only be more code
