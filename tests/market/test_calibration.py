"""A utility from energy used at a price: it wants that at that price, and answers to prices as was said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.utilities import UTILITIES
from market.utilities.calibration import from_elasticity, from_willingness

ENERGY, PRICE, SHARE = st.floats(1e-3, 1e6), st.floats(1e-3, 1e3), st.floats(0.05, 5)


def demand(a, b, price):
    """What a user of quadratic utility wants."""
    return float(UTILITIES["quadratic"](a=a[None], b=b[None]).demand(price)[0])


@given(ENERGY, PRICE, SHARE)
def test_a_user_wants_what_it_used_and_answers_as_elastic_as_said(used, price, size):
    a, b = from_elasticity(used, price, -size)
    step = 1e-4 * price
    assert demand(a, b, price) == pytest.approx(used)
    slope = (demand(a, b, price + step) - demand(a, b, price - step)) / (2 * step)
    assert slope * price / used == pytest.approx(-size, rel=1e-6)


@given(ENERGY, PRICE, SHARE)
def test_a_user_wants_what_it_used_and_nothing_at_its_most(used, price, above):
    a, b = from_willingness(used, price, price * (1 + above))
    assert demand(a, b, price) == pytest.approx(used)
    assert demand(a, b, price * (1 + above)) == 0 < demand(a, b, price * (1 + 0.99 * above))


WRONG = {
    "used of user 1 (counted from 0): got 0": lambda: from_elasticity(np.array([1.0, 0.0]), 0.2, -0.3),
    "elasticity: got 0.3; a number below 0": lambda: from_elasticity(1, 0.2, 0.3),
    "price: got nan": lambda: from_willingness(1, np.nan, 1),
    "most: got 0.2; a number above the price": lambda: from_willingness(1, 0.2, 0.2),
}


@pytest.mark.parametrize("said", WRONG)
def test_numbers_of_the_wrong_sign_are_refused(said):
    with pytest.raises(ValueError) as caught:
        WRONG[said]()
    assert said in str(caught.value)
