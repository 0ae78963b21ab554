"""The benchmark of days judges by its numbers, and its streets are alike at every length."""

import numpy as np

from benchmarks import days
from market.aggregator.days.equilibrium import potential_solution


def test_rows_say_whether_targets_are_reached():
    rows = days.rows(quick=True)
    assert len(rows) == 3
    for row in rows[:2]:
        assert row.reached == (row.ratio <= 1)
    assert rows[2].reached == (rows[2].ratio >= days.AT_LEAST)


def test_streets_of_every_length_have_about_the_same_prices():
    prices = [potential_solution(days.street(size, 24, size), certify=False).outcome.price for size in (60, 240)]
    np.testing.assert_allclose(prices[0], prices[1], rtol=0.3)
