"""The numbers that `elementary` works with, one set for each kind.

The polynomials are minimax by Remez' algorithm at 50 digits, their coefficients then rounded to the
kind; the error named above each is relative to the function, before that rounding. This file knows
nothing of vectors.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COEFFICIENTS", "Coefficients"]


class Coefficients(NamedTuple):
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
        tanh_small: tanh_series is used below.
        tanh_series: (tanh(x) / x - 1) / x^2, lowest power of x^2 first; empty where the general
            formula is precise enough.
        tail_numerator: numerator and
        tail_denominator: denominator of exp(x^2 / 2) Phi(-x), lowest power first.
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
    tanh_small: float
    tanh_series: tuple[float, ...]
    tail_numerator: tuple[float, ...]
    tail_denominator: tuple[float, ...]
    tail_most: float


COEFFICIENTS: dict[str, Coefficients] = {
    "f32": Coefficients(
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
        tanh_small=0.3,
        # 1.3e-8 of tanh(x).
        tanh_series=(-0.333330608102, 0.13314832127, -0.0503662444518),
        # 1.5e-8 of the quotient, up to 14.5.
        tail_numerator=(
            0.49999999684,
            0.425364146155,
            0.173345255346,
            0.037212321932,
            0.00358512923947,
        ),
        tail_denominator=(
            1.0,
            1.64861255003,
            1.1620950671,
            0.443293658196,
            0.093286801496,
            0.00898640369728,
        ),
        tail_most=14.5,
    ),
    "f64": Coefficients(
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
        tanh_small=0.0,
        tanh_series=(),
        # 2.1e-18 of the quotient, up to 38.6.
        tail_numerator=(
            0.5,
            0.823846798768030352,
            0.67315569811327707982,
            0.35230210360583593338,
            0.12954222677472245773,
            0.034804885108829689635,
            0.0069095546295550687004,
            0.001001861642736475329,
            0.00010190242767597662077,
            6.6090478319061656067e-6,
            2.0993894097856920965e-7,
        ),
        tail_denominator=(
            1.0,
            2.445578158338926063,
            2.7976004510018877923,
            1.9799388554593879888,
            0.96547655707815831723,
            0.34152828450991379839,
            0.08972107131485916577,
            0.017574064017743128876,
            0.0025278611473544697717,
            0.00025595774534782220549,
            0.000016566426163879952659,
            5.2623888540281837573e-7,
        ),
        tail_most=38.6,
    ),
}
"""The coefficients by the name of the kind."""
