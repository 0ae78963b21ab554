"""Numbers as they are said: short, in order, never with an exponent, whatever their size."""

import math
import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from market.numerals import gap, percent, plain, power, signed
from tests.shares import part_of
from views.kit.parameters import parse, written
from views.tables import cell, with_width

LONGEST = 20  # characters
SIZES = {"": 1, "million": 1e6, "billion": 1e9, "trillion": 1e12, "quadrillion": 1e15}
SIZES |= {"billionth": 1e-9, "trillionth": 1e-12}
EVEN = st.builds(lambda part, power: part * 10.0**power, st.floats(-10, 10), st.integers(-30, 30))
NUMBERS = EVEN | st.floats(allow_nan=False, allow_infinity=False)  # of all magnitudes, and of those that are met
DIGITS = st.integers(2, 6)
often = settings(max_examples=part_of(300), deadline=None)


def read(text):
    """The number a text says; of one said to be beyond another, that other."""
    number, _, word = re.sub("^[<>] ", "", text).partition(" ")
    return float(number.replace(",", "")) * SIZES[word.removesuffix("s")]


@often
@given(NUMBERS, DIGITS)
def test_a_number_of_any_size_is_short_has_no_exponent_and_keeps_its_sign_and_digits(value, digits):
    text = plain(value, digits)
    assert len(text) <= LONGEST and not re.search(r"\de|[−]", text) and text != "-0"
    assert math.copysign(1, read(text)) == math.copysign(1, value) or value == 0
    if text[0] in "<>":
        assert (abs(value) < 1e-12) == (abs(read(text)) < 1)
    else:
        assert math.isclose(read(text), value, rel_tol=0.51 * 10 ** (1 - digits))
    assert signed(value, digits).lstrip("+") == text


@often
@given(NUMBERS, NUMBERS, DIGITS)
def test_of_two_numbers_the_larger_is_never_said_to_be_smaller(one, other, digits):
    small, large = sorted((one, other))
    assert read(plain(small, digits)) <= read(plain(large, digits))
    near = np.nextafter(large, math.inf) if large < 1e300 else large
    assert read(plain(large, digits)) <= read(plain(float(near), digits))


@often
@given(st.integers(-18, 18), st.sampled_from([1 - 1e-9, 1.0, 1 + 1e-9]), DIGITS)
def test_words_change_in_order_at_every_power_of_ten(exponent, beside, digits):
    values = [beside * 10.0**exponent * step for step in (0.99, 1.0, 1.01, 5.0, 10.0)]
    told = [read(plain(value, digits)) for value in values]
    assert told == sorted(told)


@often
@given(NUMBERS, NUMBERS.filter(lambda value: value > 0))
def test_cells_of_tables_are_short_and_without_exponent_too(mean, half):
    assert len(cell(mean)) <= LONGEST and "e" not in cell(mean)
    if abs(mean) < 1e15 and half < 1e15:
        assert len(with_width(mean, half)) <= 2 * LONGEST and not re.search(r"\de", with_width(mean, half))


@often
@given(NUMBERS)
def test_a_number_in_a_field_is_the_one_that_is_typed(value):
    assert parse(written(value)) == value
    assert "e" not in written(value) or not 1e-12 <= abs(value) < 1e15


@often
@given(st.floats(0, 1e6))
def test_a_gap_is_a_share_in_per_cent(share):
    text = gap(share)
    assert text.endswith(" %") and (text == "0 %") == (share == 0) and not re.search(r"\de", text)
    if "below" in text:
        assert share < 1e-8
    else:
        assert math.isclose(read(text.removesuffix(" %")), 100 * share, rel_tol=0.051)


@often
@given(st.floats(0, 1))
def test_a_share_is_all_or_none_only_where_it_is(share):
    text = percent(share)
    assert (text == "100 %") == (share == 1) and (text == "0 %") == (share == 0) and "e" not in text
    assert abs(float(text.strip("<> %")) - 100 * share) <= 0.1


def test_odd_values_are_said_too():
    assert [plain(value) for value in (math.nan, math.inf, None, "word", 20, -0.0)] == [
        "–",
        "inf",
        "–",
        "word",
        "20",
        "0",
    ]
    assert cell(-0.0) == "0.000" and power(1e-12) == "10⁻¹²"


def test_numbers_with_their_sign_have_four_digits_unless_others_are_asked_for():
    assert (signed(1.23456), signed(-12345.6), plain(1.23456)) == ("+1.235", "-12,346", "1.235")
    assert (signed(1.23456, 2), plain(1.23456, 6)) == ("+1.2", "1.23456")
