"""Numbers, shapes and choices as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearprop.errors import ParameterError
from clearprop.explanation.exercise.reading import read_choice, read_number, read_shape


@pytest.mark.parametrize(
    ("text", "value", "half_unit", "digits"),
    [
        ("0.25", 0.25, 0.005, 2),
        ("0,25", 0.25, 0.005, 2),
        ("  0.250 ", 0.25, 0.0005, 3),
        ("-1.5e-3", -0.0015, 0.00005, 2),
        ("−1.5E−3", -0.0015, 0.00005, 2),
        ("− 0.2", -0.2, 0.05, 1),
        ("+.5", 0.5, 0.05, 1),
        ("5.", 5.0, 0.5, 1),
        ("100", 100.0, 0.5, 3),
        ("0.00120", 0.0012, 0.000005, 3),
        ("= 0.3", 0.3, 0.05, 1),
        ("≈0.3", 0.3, 0.05, 1),
        ("1.5 * 10^-3", 0.0015, 0.00005, 2),
        ("1,5·10⁻³", 0.0015, 0.00005, 2),
        ("1.5 x 10^(-3)", 0.0015, 0.00005, 2),
        ("2×10**2", 200.0, 50.0, 1),
        ("1/3", 1 / 3, 0.0, 16),
        ("-1 / 3", -1 / 3, 0.0, 16),
        ("0,5/−2", -0.25, 0.0, 16),
        ("0", 0.0, 0.5, 0),
        ("-0.0", 0.0, 0.05, 0),
    ],
)  # fmt: skip
def test_numbers(text, value, half_unit, digits):
    reading = read_number(text)
    assert reading.value == pytest.approx(value, rel=1e-15, abs=0)
    assert math.copysign(1.0, reading.value) == math.copysign(1.0, value)
    assert reading.half_unit == pytest.approx(half_unit, rel=1e-12, abs=0)
    assert reading.digits == digits


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", ".", ",", "a", "0.2a", "1 2", "1.2.3", "1,234.5", "--1", "1/0", "1/0.0", "1/2/3",
     "1e", "1e999", "9" * 61, "nan", "inf", "0x10", "١", "1_000", "50%", "1e9999", "(1", "1=1",
     "0.25\n0.5"],
)  # fmt: skip
def test_what_is_no_number(text):
    with pytest.raises(ParameterError) as caught:
        read_number(text)
    assert caught.value.remedy


def test_a_long_answer_is_not_repeated_whole():
    with pytest.raises(ParameterError) as caught:
        read_number("x" * 10_000)
    assert len(str(caught.value)) < 200


@given(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.integers(1, 15),
    st.sampled_from([".", ","]),
    st.sampled_from(["-", "−", "–"]),
    st.sampled_from(["e", "E", " * 10^", "·10^", " x 10**"]),
)
def test_what_is_written_is_read(value, digits, point, minus, power):
    written = f"{value:.{digits}g}"
    mantissa, _, exponent = written.partition("e")
    typed = mantissa.replace(".", point)
    if exponent:
        typed += power + str(int(exponent))
    reading = read_number(typed.replace("-", minus))
    assert reading.value == float(written)
    # What was written is a rounding: the value is within half a unit of its last digit.
    assert abs(reading.value - value) <= reading.half_unit * (1 + 1e-9)


@given(st.text(max_size=80))
def test_anything_is_a_finite_number_or_an_error(text):
    try:
        reading = read_number(text)
    except ParameterError:
        return
    assert math.isfinite(reading.value)
    assert reading.half_unit >= 0.0


@pytest.mark.parametrize(
    ("text", "shape"),
    [("2x3", (2, 3)), ("2 × 3", (2, 3)), ("(2, 3)", (2, 3)), ("[2,3]", (2, 3)), ("2 by 3", (2, 3)),
     ("2 3", (2, 3)), ("3", (3,)), ("(3,)", (3,)), (" 12 X 1 ", (12, 1))],
)  # fmt: skip
def test_shapes(text, shape):
    assert read_shape(text) == shape


@pytest.mark.parametrize("text", ["", "x", "2x3x4", "-1 x 2", "1.5 x 2", "two", "9" * 7])
def test_what_is_no_shape(text):
    with pytest.raises(ParameterError):
        read_shape(text)


@pytest.mark.parametrize(("text", "choice"), [("a", 0), ("B", 1), ("c)", 2), ("(d)", 3), ("2", 1)])
def test_choices(text, choice):
    assert read_choice(text, 4) == choice


@pytest.mark.parametrize("text", ["", "e", "5", "0", "ab", "-1", "²"])
def test_what_is_no_choice(text):
    with pytest.raises(ParameterError, match="none of the answers"):
        read_choice(text, 4)
