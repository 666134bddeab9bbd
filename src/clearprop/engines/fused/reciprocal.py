"""1 / sqrt(x) by iteration: processors take longer over a square root than over all of this.

A first guess comes from the bits, as halving and negating the exponent halves and negates the
logarithm; each iteration then cubes its relative error. Only IEEE operations and integer ones are
used, so the bits are the same everywhere; processors' own approximations differ between makers.
This file knows nothing of what is divided.
"""

from __future__ import annotations

from clearprop.engines.fused.vector import FLOAT32, Vector

__all__ = ["reciprocal_square_root"]

# The guess's relative error is at most 0.035.
_MAGIC = {"f32": 0x5F3759DF, "f64": 0x5FE6EB50C7B537A9}


def reciprocal_square_root(x: Vector) -> Vector:
    """1 / sqrt(x) for normal x above 0, within 2 ulp.

        y = y + y e (1/2 + 3/8 e)        e = 1 - x y^2

    NaN stays NaN; infinity stays infinity, so that x / sqrt(x) = x y is infinite, too.
    """
    emitter = x.emitter
    magic = emitter.integers(_MAGIC[emitter.kind.name])
    half = emitter.builder.lshr(x.bits(), emitter.integers(1))
    y = x.from_bits(emitter.builder.sub(magic, half))
    for _ in range(2 if emitter.kind is FLOAT32 else 3):
        error = (-(x * y)).fma(y, 1.0)
        y = (y * error).fma(error.fma(0.375, 0.5), y)
    return y
