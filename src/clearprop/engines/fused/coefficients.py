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
        tail_shift: k of the normal distribution, which has few bits. A smaller k makes the next
            row's values more alike, a larger one needs fewer of its powers.
        tail_series: (s + k) exp(s^2 / 2) Phi(-s) - 1/2 for 0 <= s <= tail_most, lowest power of
            (s - k) / (s + k) first.
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
    tail_shift: float
    tail_series: tuple[float, ...]
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
        tail_shift=1.5,
        # 7.6e-9 of the sum with 1/2, for s up to 14.5.
        tail_series=(
            0.117342003253,
            -0.195099461521,
            -0.0574956973021,
            0.0178961084339,
            0.0176428388412,
            0.00399118930524,
            -0.00244337673493,
            -0.00271989994723,
            -0.00102754504961,
            0.000263619220599,
            0.000457821341135,
            0.000144483169535,
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
        tail_shift=2.375,
        # 2.9e-17 of the sum with 1/2, for s up to 38.6.
        tail_series=(
            0.199456823543909971838,
            -0.41093108740868038985,
            0.106146482026517641744,
            0.0195954351017783910197,
            -0.014138419352647948404,
            -0.003869566539273762648,
            0.00187565932822235390417,
            0.00117632794732627329247,
            -0.0000526426553896164500108,
            -0.000285046054390625191562,
            -0.00010114902955774853287,
            0.0000272840949367997172031,
            0.0000400475761231406578536,
            0.0000133855483607645566266,
            -0.00000398137293706339898826,
            -0.00000628202871658052256363,
            -0.00000271551186540658531717,
            1.95453014915602746552e-7,
            0.00000108623014488447371704,
            7.19059175084456332632e-7,
            5.55295505669491654557e-8,
            -2.41378330299483739848e-7,
            -1.34715490224581933316e-7,
            9.61600139640808705278e-9,
            2.86063036732265266301e-8,
            6.79168222314794035470e-9,
        ),
        tail_most=38.6,
    ),
}
"""The coefficients by the name of the kind."""
