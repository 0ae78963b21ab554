"""The benchmark of days judges by its numbers, and its streets are alike at every length."""

import numpy as np

from benchmarks import days
from market.aggregator.days.equilibrium import potential_solution


def test_rows_say_whether_targets_are_reached():
    rows = days.rows(quick=True)
    *within, alone, solvers = rows
    assert [row.measurement.split(",")[0] for row in within] == [rows[0].measurement, rows[1].measurement, "memory"]
    for row in within:
        assert row.reached == (row.ratio <= 1)
    assert alone.reached == (alone.ratio <= days.ALONE_AT_MOST)
    assert solvers.reached == (solvers.ratio >= days.AT_LEAST)


def test_streets_of_every_length_have_about_the_same_prices():
    prices = [potential_solution(days.street(size, 24, size), certify=False).outcome.price for size in (60, 240)]
    np.testing.assert_allclose(prices[0], prices[1], rtol=0.3)
