"""Exponential, logarithm and their kin on vectors: the same bits on every processor.

Only IEEE operations and fma, so nothing depends on a processor's or a library's own functions.
Each function reduces its argument to a short interval around 0 and evaluates a polynomial there.
The polynomials are minimax by Remez' algorithm at 50 digits, their coefficients rounded to the
kind; the error named beside each is relative to the function, before rounding. This file knows
nothing of activations and losses.

Notation: x = n log 2 + r with n whole, so exp(x) = 2^n exp(r); u = 2^e (1 + f), so
log(u) = e log 2 + log(1 + f).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clearprop.engines.fused.vector import FLOAT32, FLOAT64, Vector

__all__ = ["exp", "exp_below_zero", "expm1", "log", "log1p", "logistic", "normal", "tanh"]


class _Constants(NamedTuple):
    """What depends on the kind.

    Attributes:
        log2_high: log 2 rounded to the kind.
        log2_low: the rest of log 2.
        exp_series: (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2, lowest power first.
        log_series: (log(1 + f) - f) / f^2 for sqrt(1/2) <= 1 + f <= sqrt(2), lowest power first.
        exp_offset: what n is raised by, so that 2^(n + offset) is normal although 2^n may not be.
        exp_least: exp is 0 below.
        exp_most: exp is inf above.
        expm1_least: expm1 is -1 below.
        tanh_most: tanh is 1 above.
        tail_center: the size at which t below is 0.
        tail_series: (size + center) exp(size^2 / 2) P(Z < -size), Z normal, by powers of
            t = (size - center) / (size + center), lowest first.
        tail_most: exp(-size^2 / 2) is 0 above.
    """

    log2_high: float
    log2_low: float
    exp_series: tuple[float, ...]
    log_series: tuple[float, ...]
    exp_offset: int
    exp_least: float
    exp_most: float
    expm1_least: float
    tanh_most: float
    tail_center: float
    tail_series: tuple[float, ...]
    tail_most: float


_CONSTANTS = {
    FLOAT32.name: _Constants(
        log2_high=0.693147182464599609375,
        log2_low=-1.904654299957767878541823e-9,
        # 1.4e-8 of exp(r) - 1.
        exp_series=(
            0.499999981497,
            0.166665434244,
            0.0416672006979,
            0.00836654712833,
            0.0013882517287,
        ),
        # 4.1e-9 of log(1 + f).
        log_series=(
            -0.499999883198,
            0.333333257406,
            -0.250015859543,
            0.200019728342,
            -0.166090000361,
            0.141817932129,
            -0.132437066087,
            0.129049728981,
            -0.0762058289618,
        ),
        exp_offset=64,
        exp_least=-104.0,
        exp_most=89.0,
        expm1_least=-18.0,
        tanh_most=9.5,
        tail_center=4.0,
        # 8.7e-9 of the tail, up to a size of 14.5.
        tail_series=(
            0.755285135385,
            -0.607896588262,
            0.387136901081,
            -0.18652344156,
            0.0604038313079,
            -0.00752527090451,
            -0.00351255445769,
            0.001569922684,
            0.000179354467163,
            -0.00013197141114,
        ),
        tail_most=14.5,
    ),
    FLOAT64.name: _Constants(
        log2_high=0.6931471805599453094172321,
        log2_low=2.319046813846299558417771e-17,
        # 1.9e-17 of exp(r) - 1.
        exp_series=(
            0.50000000000000052,
            0.16666666666666588964,
            0.041666666666576467634,
            0.00833333333338973697,
            0.0013888888931667128573,
            0.00019841269718699895339,
            0.000024801505142721009668,
            2.7557407697177747279e-6,
            2.7626092811310472457e-7,
            2.5053771237915247398e-8,
        ),
        # 5.1e-17 of log(1 + f).
        log_series=(
            -0.49999999999999972944,
            0.33333333333328067225,
            -0.25000000000012565718,
            0.2000000000174985515,
            -0.16666666666243724615,
            0.14285714086348991998,
            -0.12499999830625184943,
            0.11111122057810043979,
            -0.10000018190134496966,
            0.090905822568885047285,
            -0.083325511546635089354,
            0.076977257386099400063,
            -0.071602828966318758798,
            0.066214924890886337345,
            -0.060408884821682001674,
            0.059739017108973305626,
            -0.067880590706941165831,
            0.063250198180926672686,
            -0.028291125270474769261,
        ),
        exp_offset=512,
        exp_least=-746.0,
        exp_most=710.0,
        expm1_least=-38.0,
        tanh_most=20.0,
        tail_center=5.0,
        # 1.3e-17 of the tail, up to a size of 38.6.
        tail_series=(
            0.76919304975006295647,
            -0.66538250289005661003,
            0.49530561596997691144,
            -0.31353315667131471315,
            0.1650203661703659421,
            -0.069118638705982176177,
            0.02079506680015274722,
            -0.0029933767752971978305,
            -0.00079786940051803775901,
            0.00054489910307972627619,
            -0.000059375717383238292437,
            -0.000049762999143691313028,
            0.000016681168885159535315,
            3.9814661151409597404e-6,
            -2.7691146699348092574e-6,
            -3.3771418625242334535e-7,
            4.3277596946822312367e-7,
            4.3604918951634164927e-8,
            -6.5394752954289555427e-8,
            -1.0226726076989625841e-8,
            7.2086422289823856468e-9,
            2.0253241160716783366e-9,
        ),
        tail_most=38.6,
    ),
}

_LOG2_E = 1.442695040888963407359925


def _constants(x: Vector) -> _Constants:
    return _CONSTANTS[x.emitter.kind.name]


def _polynomial(coefficients: Sequence[float], x: Vector) -> Vector:
    """Horner's rule, lowest power first."""
    value = x.emitter.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value.fma(x, coefficient)
    return value


def _reduced(x: Vector, offset: Vector | int) -> tuple[Vector, Vector]:
    """r with x = n log 2 + r, and 2^(n + offset), which must be a normal number.

    Adding 1.5 * 2^mantissa_bits rounds to a whole number and leaves that number in the lowest
    bits; with the exponent's bias added to it as well, they are the exponent field of the power.
    """
    kind, constants = x.emitter.kind, _constants(x)
    shift = offset + (1.5 * 2.0**kind.mantissa_bits + kind.exponent_bias)
    shifted = x.fma(_LOG2_E, shift)
    n = shifted - shift
    r = n.fma(-constants.log2_low, n.fma(-constants.log2_high, x))
    places = x.emitter.integers(kind.mantissa_bits)
    return r, x.from_bits(x.emitter.builder.shl(shifted.bits(), places))


def _scaled_exp(x: Vector, offset: Vector | int, rescale: Vector | float) -> Vector:
    """exp(x) = exp(r) 2^(n + offset) rescale; a result below the normal numbers is rounded once."""
    r, power = _reduced(x, offset)
    series = _polynomial(_constants(x).exp_series, r)
    return series.fma(r, 1.0).fma(r, 1.0) * power * rescale


def exp_below_zero(x: Vector) -> Vector:
    """The exponential of x <= 0, in fewer instructions than `exp`.

    Args:
        x: numbers <= 0, -inf or NaN.

    Returns:
        The same bits as `exp`.
    """
    constants = _constants(x)
    offset = constants.exp_offset
    return _scaled_exp(x.at_least(constants.exp_least), offset, 2.0**-offset)


def exp(x: Vector) -> Vector:
    """The exponential, within 1 unit in the last place for both kinds.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        exp(x): inf where it exceeds the largest number, gradually 0 below the normal numbers.
    """
    constants = _constants(x)
    offset, constant = constants.exp_offset, x.emitter.constant
    positive = x > 0.0
    bounded = x.at_least(constants.exp_least).at_most(constants.exp_most)
    return _scaled_exp(
        bounded,
        constant(-offset).where(positive, offset),
        constant(2.0**offset).where(positive, 2.0**-offset),
    )


def expm1(x: Vector) -> Vector:
    """exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), within 2 units in the last place for both kinds.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        exp(x) - 1; the sign of a zero is lost.
    """
    constants = _constants(x)
    bounded = x.at_least(constants.expm1_least).at_most(constants.exp_most)
    # Halves, as 2^n itself may exceed the largest number although the result does not.
    r, half_power = _reduced(bounded, -1)
    half = _expm1_reduced(r).fma(half_power, half_power - 0.5)
    return half + half


def _expm1_reduced(r: Vector) -> Vector:
    """exp(r) - 1 near 0."""
    return _polynomial(_constants(r).exp_series, r).fma(r * r, r)


def tanh(x: Vector) -> Vector:
    """The hyperbolic tangent, within 2.5 (float32) and 4 (float64) units in the last place.

    tanh(x) = (exp(2x) - 1) / (exp(2x) + 1).

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        tanh(x), an odd function to the last bit.
    """
    size = x.absolute().at_most(_constants(x).tanh_most)
    r, power = _reduced(size + size, 0)
    # The denominator comes from the rounded numerator, so most of that rounding cancels.
    numerator = _expm1_reduced(r).fma(power, power - 1.0)
    ratio = numerator / (numerator + 2.0)
    return x.emitter.call("copysign", ratio, x)


def logistic(x: Vector) -> Vector:
    """1 / (1 + exp(-x)), from exp(-|x|), within 2 (float32) and 4 (float64) units.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        The logistic function, gradually 0 below the normal numbers.
    """
    decay = exp_below_zero(-x.absolute())
    above = 1.0 / (decay + 1.0)
    # decay / (1 + decay), whose roundings would add up, as decay - decay^2 / (1 + decay).
    below = (-decay).fma(decay * above, decay)
    return above.where(x >= 0.0, below)


def normal(x: Vector) -> tuple[Vector, Vector]:
    """The normal distribution function and density, within 4 units in the last place each.

    Phi(-|x|) = exp(-x^2 / 2) R(|x|), R the tail over its exponential, so that the lower tail keeps
    its digits, which (1 + erf(x / sqrt 2)) / 2 would lose.

    Args:
        x: any numbers, infinities and NaN.

    Returns:
        (Phi(x), phi(x)).
    """
    constants = _constants(x)
    size = x.absolute().at_most(constants.tail_most)
    square = size * size
    # What the square lost in rounding matters where it is large.
    lost = size.fma(size, -square)
    rounded = exp_below_zero(square * -0.5)
    decay = (lost * -0.5).fma(rounded, rounded)
    inverse = 1.0 / (size + constants.tail_center)
    t = (size - constants.tail_center) * inverse
    tail = decay * (_polynomial(constants.tail_series, t) * inverse)
    return (1.0 - tail).where(x > 0.0, tail), decay * math.sqrt(0.5 / math.pi)


def _log_of_parts(f: Vector, e: Vector) -> Vector:
    """e log 2 + log(1 + f)."""
    constants = _constants(f)
    curve = _polynomial(constants.log_series, f).fma(f * f, e * constants.log2_low)
    return e.fma(constants.log2_high, curve + f)


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
    """The natural logarithm, within 2 (float32) and 4 (float64) units in the last place.

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
    """The logarithm of 1 + x, within 2 (float32) and 4 (float64) units in the last place.

    With 1 + x = 2^e (1 + f), f is taken from x itself and rounded once.

    Args:
        x: numbers > -1 and < 2^126 (float32) or 2^1022 (float64), or NaN.

    Returns:
        log(1 + x).
    """
    split = _Split(x + 1.0)
    power = split.inverse_power()
    return _log_of_parts(x.fma(power, power - 1.0), split.e())
