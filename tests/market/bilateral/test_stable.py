"""Stable prices by hand: one pair, whose core is all between what the seller takes and what the buyer gives."""

import numpy as np
import pytest

from market.bilateral.contracts import mean_price, of_contracts
from market.bilateral.core import corners
from market.bilateral.market import Market, RetailTariff, assignment_game
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


def test_prices_of_other_contracts_are_those_of_the_best_ones_that_they_are():
    """Buyers 0, 1, 2 are best with sellers 2, 0, 1; prices of a bare game are what sellers claim."""
    values = [[5, 7, 2], [8, 9, 3], [2, 6, 0]]
    best = signed(assignment_game(values))
    other = signed(assignment_game(values), matching=[0, 2, 1])
    low, high = core_prices(other, best)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, True, False]
    found = corners(best)
    assert (low[2], high[2]) == (found.buyer[1][1], found.seller[1][1])
    low, high = core_prices(best, best)
    assert low.tolist() == found.buyer[1][[2, 0, 1]].tolist() and high.tolist() == found.seller[1][[2, 0, 1]].tolist()
    fair = fair_prices(other, best, "tau")
    assert np.isnan(fair[:2]).all() and fair[2] == found.tau[1][1]
    none = signed(assignment_game(values), matching=[-1, -1, -1])
    assert core_prices(none, best)[0].shape == (0,) and np.isnan(core_prices(best, none_of(values))[0]).all()


def none_of(values):
    """The best contracts where nobody gains by any."""
    return signed(assignment_game(np.zeros_like(values)))
