"""Numbers shown and read back."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearprop.explanation.formula.latex import latex_number
from clearprop.explanation.formula.mathml import mathml_number
from clearprop.explanation.formula.numbers import half_unit, plain_number, read_number


def from_mathml(element):
    return re.sub("<[^>]*>", "", element.replace("<msup><mn>10</mn>", "10^"))


WRITERS = {
    "plain": plain_number,
    "ASCII": lambda value, digits: plain_number(value, digits, ascii_only=True),
    "LaTeX": latex_number,
    "MathML": lambda value, digits: from_mathml(mathml_number(value, digits)),
}


@given(st.floats(allow_nan=False), st.integers(1, 17))
def test_reading_back_is_exact_to_the_digits_shown(value, digits):
    for write in WRITERS.values():
        back = read_number(write(value, digits))
        if math.isinf(value) or math.isinf(back):
            # The greatest floats round up to more than there are.
            assert back == value or abs(value) > 9e307
        else:
            assert abs(back - value) <= half_unit(value, digits) * (1 + 1e-9)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_seventeen_digits_are_the_number_itself(value):
    for write in WRITERS.values():
        assert read_number(write(value, 17)) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.0, "−1"),
        (120.0, "120"),
        (0.5, "0.5"),
        (1 / 3, "0.333333"),
        (1e-20, "1e−20"),
        (-1.5e-5, "−1.5e−5"),
        (1234567.0, "1.23457e6"),
        (0.9999999, "1"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "NaN"),
    ],
)
def test_how_numbers_look(value, shown):
    assert plain_number(value) == shown


def test_nan_is_read_back():
    for write in WRITERS.values():
        assert math.isnan(read_number(write(math.nan, 6)))


@pytest.mark.parametrize("text", ["", "one", "1.", "1 2", "--1", "0x1"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="no number"):
        read_number(text)
