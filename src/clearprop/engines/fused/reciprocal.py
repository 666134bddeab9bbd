"""1 / x and 1 / sqrt(x) by iteration: a third of the time that processors take to divide.

A first guess comes from the bits, as halving or negating the exponent halves or negates the
logarithm; each iteration then cubes its relative error. Only IEEE operations and integer ones are
used, so the bits are the same everywhere; processors' own approximations differ between makers.
This file knows nothing of what is divided.
"""

from __future__ import annotations

from clearprop.engines.fused.vector import FLOAT32, Vector

__all__ = ["reciprocal", "reciprocal_square_root"]

# Guesses with a relative error of at most 0.12 and 0.035; two cubings leave float32 exact to
# rounding, three float64.
_RECIPROCAL = {"f32": 0x7EF311C7, "f64": 0x7FDE623822FC16E6}
_SQUARE_ROOT = {"f32": 0x5F3759DF, "f64": 0x5FE6EB50C7B537A9}


def _rounds(x: Vector) -> int:
    return 2 if x.emitter.kind is FLOAT32 else 3


def reciprocal(x: Vector) -> Vector:
    """1 / x for normal x above 0 whose reciprocal is normal too, within 2 ulp.

        y = y + y (e + e^2)        e = 1 - x y

    NaN stays NaN; infinity becomes NaN.
    """
    emitter = x.emitter
    magic = emitter.integers(_RECIPROCAL[emitter.kind.name])
    y = x.from_bits(emitter.builder.sub(magic, x.bits()))
    for _ in range(_rounds(x)):
        error = (-x).fma(y, 1.0)
        y = y.fma(error.fma(error, error), y)
    return y


def reciprocal_square_root(x: Vector) -> Vector:
    """1 / sqrt(x) for normal x above 0, within 2 ulp.

        y = y + y e (1/2 + 3/8 e)        e = 1 - x y^2

    NaN stays NaN; infinity becomes NaN.
    """
    emitter = x.emitter
    magic = emitter.integers(_SQUARE_ROOT[emitter.kind.name])
    half = emitter.builder.lshr(x.bits(), emitter.integers(1))
    y = x.from_bits(emitter.builder.sub(magic, half))
    for _ in range(_rounds(x)):
        error = (-(x * y)).fma(y, 1.0)
        y = (y * error).fma(error.fma(0.375, 0.5), y)
    return y
