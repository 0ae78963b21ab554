"""Stable prices by hand: one pair, whose core is all between what the seller takes and what the buyer gives."""

import numpy as np
import pytest

from market.bilateral.contracts import mean_price, of_contracts
from market.bilateral.market import Market, RetailTariff
from market.bilateral.signing import signed
from market.bilateral.stable import core_prices, fair_prices, mean_prices

GIVES, TAKES, ENERGY = 0.2, 0.05, 3.0


@pytest.fixture
def pair():
    """A buyer, a seller, and a second seller whom nobody needs; one contract."""
    taste, fee = np.zeros((1, 2)), np.zeros((1, 2))
    one = np.array([GIVES]), np.array([ENERGY])
    return signed(Market(*one, np.array([TAKES, 0.5]), np.full(2, ENERGY), taste, fee, RetailTariff(0.25, 0.02)))


def test_a_pair_may_share_all_that_it_gains(pair):
    low, high = core_prices(pair, pair)
    assert (low, high) == (pytest.approx([TAKES]), pytest.approx([GIVES]))
    assert mean_prices(pair) == pytest.approx((TAKES, GIVES))
    assert fair_prices(pair, pair, "tau") == pytest.approx([(TAKES + GIVES) / 2])


def test_totals_leave_out_what_is_not_known():
    quantity, price = np.array([1.0, 3.0, np.nan, 2.0]), np.array([0.1, 0.2, 0.3, np.nan])
    assert of_contracts(quantity, price) == (2, 4.0, pytest.approx(0.7 / 4))
    assert np.isnan(mean_price(np.zeros(0), np.zeros(0)))
