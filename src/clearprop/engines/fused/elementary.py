"""Exponential, logarithm and their kin on vectors: the same bits on every processor.

Only IEEE operations and fma, so nothing depends on a processor's or a library's own functions.
Each function reduces its argument to a short interval around 0 and evaluates a polynomial there.
This file knows nothing of activations and losses.

Notation: x = n log 2 + r with n whole, so exp(x) = 2^n exp(r); u = 2^e (1 + f), so
log(u) = e log 2 + log(1 + f).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np

from clearprop.engines.fused.coefficients import COEFFICIENTS, Coefficients
from clearprop.engines.fused.vector import Vector

__all__ = ["exp", "exp_below_zero", "expm1", "log", "log1p", "logistic", "normal", "tanh"]

_LOG2_E = 1.442695040888963407359925
_DENSITY_AT_0 = math.sqrt(0.5 / math.pi)


def _coefficients(x: Vector) -> Coefficients:
    return COEFFICIENTS[x.emitter.kind.name]


def _polynomial(coefficients: Sequence[float], x: Vector) -> Vector:
    """Horner's rule, lowest power first."""
    value = x.emitter.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value.fma(x, coefficient)
    return value


def _polynomial_in_two(coefficients: Sequence[float], x: Vector) -> Vector:
    """Even and odd powers apart: for many terms, where each of Horner's steps waits for the last.

    (c0 + c2 x^2 + ...) + x (c1 + c3 x^2 + ...)
    """
    square = x * x
    odd = _polynomial(coefficients[1::2], square)
    return odd.fma(x, _polynomial(coefficients[::2], square))


def _reduced(x: Vector, offset: Vector | int, rest: Vector | None = None) -> tuple[Vector, Vector]:
    """r with x + rest = n log 2 + r, and 2^(n + offset), which must be a normal number.

    Adding 1.5 * 2^mantissa_bits rounds to a whole number and leaves that number in the lowest
    bits; with the exponent's bias added to it as well, they are the exponent field of the power.
    """
    kind, coefficients = x.emitter.kind, _coefficients(x)
    shift = offset + (1.5 * 2.0**kind.mantissa_bits + kind.exponent_bias)
    shifted = x.fma(_LOG2_E, shift)
    n = shifted - shift
    # Exact: where both nearly cancel, the difference has no more digits than they have.
    r = n.fma(-coefficients.log2_high, x)
    if rest is None:
        r = n.fma(-coefficients.log2_low, r)
    else:
        r = r + n.fma(-coefficients.log2_low, rest)
    places = x.emitter.integers(kind.mantissa_bits)
    return r, x.from_bits(x.emitter.builder.shl(shifted.bits(), places))


def _scaled_exp(x: Vector, offset: Vector | int, rescale: Vector | float) -> Vector:
    """exp(x) = exp(r) 2^(n + offset) rescale; a result below the normal numbers is rounded once."""
    r, power = _reduced(x, offset)
    series = _polynomial(_coefficients(x).exp_series, r)
    return series.fma(r, 1.0).fma(r, 1.0) * power * rescale


def exp_below_zero(x: Vector) -> Vector:
    """The exponential of x <= 0, in fewer instructions than `exp`.

    Args:
        x: numbers <= 0, -inf or NaN.

    Returns:
        The same bits as `exp`.
    """
    coefficients = _coefficients(x)
    offset = coefficients.exp_offset
    return _scaled_exp(x.at_least(coefficients.exp_least), offset, 2.0**-offset)


def exp(x: Vector) -> Vector:
    """The exponential, within 1 unit in the last place for both kinds.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        exp(x): inf where it exceeds the largest number, gradually 0 below the normal numbers.
    """
    coefficients = _coefficients(x)
    offset, constant = coefficients.exp_offset, x.emitter.constant
    positive = x > 0.0
    bounded = x.at_least(coefficients.exp_least).at_most(coefficients.exp_most)
    return _scaled_exp(
        bounded,
        constant(-offset).where(positive, offset),
        constant(2.0**offset).where(positive, 2.0**-offset),
    )


def expm1(x: Vector) -> Vector:
    """exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), within 2 (float32) and 2.5 (float64) units.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        exp(x) - 1; the sign of a zero is lost.
    """
    coefficients = _coefficients(x)
    bounded = x.at_least(coefficients.expm1_least).at_most(coefficients.exp_most)
    # Halves, as 2^n itself may exceed the largest number although the result does not.
    r, half_power = _reduced(bounded, -1)
    half = _expm1_reduced(r).fma(half_power, half_power - 0.5)
    return half + half


def _expm1_reduced(r: Vector) -> Vector:
    """exp(r) - 1 near 0."""
    return _polynomial(_coefficients(r).exp_series, r).fma(r * r, r)


def tanh(x: Vector) -> Vector:
    """The hyperbolic tangent, within 2 (float32) and 3 (float64) units in the last place.

    tanh(x) = (exp(2x) - 1) / (exp(2x) + 1); where |x| is small, a polynomial in float32.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        tanh(x), an odd function to the last bit.
    """
    coefficients = _coefficients(x)
    size = x.absolute().at_most(coefficients.tanh_most)
    r, power = _reduced(size + size, 0)
    # The denominator comes from the rounded numerator, so most of that rounding cancels.
    numerator = _expm1_reduced(r).fma(power, power - 1.0)
    ratio = numerator / (numerator + 2.0)
    if coefficients.tanh_series:
        square = size * size
        series = _polynomial(coefficients.tanh_series, square).fma(size * square, size)
        ratio = series.where(size < coefficients.tanh_small, ratio)
    return x.emitter.call("copysign", ratio, x)


def logistic(x: Vector) -> Vector:
    """1 / (1 + exp(-x)), from exp(-|x|), within 1.5 (float32) and 1.6 (float64) units.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        The logistic function, gradually 0 below the normal numbers.
    """
    decay = exp_below_zero(-x.absolute())
    above = 1.0 / (decay + 1.0)
    # decay / (1 + decay), whose roundings would add up, as 1 - above. That difference is exact, and
    # what 1 exceeds (1 + decay) above by corrects what above was rounded by.
    difference = 1.0 - above
    left = (-decay).fma(above, difference)
    below = (-above).fma(left, difference)
    return above.where(x >= 0.0, below)


def normal(x: Vector) -> tuple[Vector, Vector]:
    """The normal distribution function and density.

    Phi(-s) = exp(-s^2 / 2) P(v) / (s + k)        v = (s - k) / (s + k) = 1 - 2k / (s + k)

    for s = |x|, so that the lower tail keeps its digits, which (1 + erf(x / sqrt 2)) / 2 would
    lose. With a fitting k, P changes little, and errors of v matter little. Phi is within 2
    (float32) and 3.5 (float64) units in the last place, the density within 1.3 and 1.5.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        (Phi(x), phi(x)).
    """
    coefficients = _coefficients(x)
    offset, k = coefficients.exp_offset, coefficients.tail_shift
    size = x.absolute().at_most(coefficients.tail_most)
    minus_half = size * -0.5
    exponent = minus_half * size
    # What the square lost in rounding matters where it is large.
    r, power = _reduced(exponent, offset, minus_half.fma(size, -exponent))
    # Below the smallest number this is 0; both results, which are smaller still, then are, too.
    power = power * 2.0**-offset
    growth = _expm1_reduced(r)
    total = size + k
    inverse = 1.0 / total
    curve = _polynomial_in_two(coefficients.tail_series, inverse.fma(-2.0 * k, 1.0))
    # (1 + growth) P = (1 + growth) (1/2 + curve) = 1/2 + gain
    gain = growth.fma(curve + 0.5, curve)
    numerator = gain + 0.5
    quotient = numerator * inverse
    # The division's remainder, and what rounding took from both sums, correct the quotient.
    lost = (-quotient).fma(size - (total - k), gain - (numerator - 0.5))
    remainder = (-quotient).fma(total, numerator) + lost
    tail = remainder.fma(inverse, quotient) * power
    density = growth.fma(_DENSITY_AT_0, _DENSITY_AT_0) * power
    return (1.0 - tail).where(x > 0.0, tail), density


def _log_of_parts(f: Vector, e: Vector) -> Vector:
    """e log 2 + log(1 + f)."""
    coefficients = _coefficients(f)
    # The rounding of log 2 is below a third of a unit of the result, for both kinds.
    curve = _polynomial(coefficients.log_series, f).fma(f * f, f)
    return e.fma(coefficients.log2_high, curve)


class _Split:
    """Positive normal u = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), taken from u's bits."""

    def __init__(self, u: Vector) -> None:
        kind = u.emitter.kind
        self._u, self._builder, self._integers = u, u.emitter.builder, u.emitter.integers
        self._places, self._bias = kind.mantissa_bits, kind.exponent_bias
        self._root = int.from_bytes(kind.dtype(math.sqrt(0.5)).tobytes(), sys.byteorder)
        # The exponent field now changes at sqrt(1/2) instead of 1.
        raised = self._integers((self._bias << self._places) - self._root)
        self._bits = self._builder.add(u.bits(), raised)

    def e(self) -> Vector:
        """The exponent, read as the last bits of 2^mantissa_bits + e."""
        places = self._places
        field = self._builder.lshr(self._bits, self._integers(places))
        power = self._integers((self._bias + places) << places)
        number = self._u.from_bits(self._builder.or_(field, power))
        return number - (2.0**places + self._bias)

    def mantissa(self) -> Vector:
        """1 + f."""
        fraction = self._builder.and_(self._bits, self._integers((1 << self._places) - 1))
        return self._u.from_bits(self._builder.add(fraction, self._integers(self._root)))

    def inverse_power(self) -> Vector:
        """2^-e, for |e| below the bias."""
        places = self._places
        field = self._builder.and_(self._bits, self._integers((2 * self._bias + 1) << places))
        twice = self._integers((2 * self._bias) << places)
        return self._u.from_bits(self._builder.sub(twice, field))


def log(x: Vector) -> Vector:
    """The natural logarithm, within 1 (float32) and 2 (float64) units in the last place.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        log(x): -inf at 0, NaN below.
    """
    kind, constant = x.emitter.kind, x.emitter.constant
    subnormal = x < float(np.finfo(kind.dtype).tiny)
    lift = kind.mantissa_bits
    split = _Split((x * 2.0**lift).where(subnormal, x))
    e = split.e() - constant(lift).where(subnormal, 0.0)
    finite = _log_of_parts(split.mantissa() - 1.0, e).where(x < math.inf, x)
    return finite.where(x > 0.0, constant(-math.inf).where(x >= 0.0, math.nan))


def log1p(x: Vector) -> Vector:
    """The logarithm of 1 + x, within 1.5 (float32) and 2 (float64) units in the last place.

    With 1 + x = 2^e (1 + f), f is taken from x itself and rounded once.

    Args:
        x: numbers > -1 and < 2^126 (float32) or 2^1022 (float64), or NaN.

    Returns:
        log(1 + x).
    """
    split = _Split(x + 1.0)
    power = split.inverse_power()
    return _log_of_parts(x.fma(power, power - 1.0), split.e())
