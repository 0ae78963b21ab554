"""The benchmark measures what it says: its baseline finds the same equilibrium, its rows judge by their numbers."""

import numpy as np
import pytest

from benchmarks import bench, paper_method
from benchmarks.rows import least, linear, one_pass
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.prices import Linear
from market.utilities import Quadratic


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_the_papers_method_finds_the_same_equilibrium(alpha):
    utility = Quadratic(a=np.array([0.3, 0.5, 0.7, 0.4]), b=np.array([6.0, 4.0, 9.0, 3.0]))
    game = Game(Linear(c=0.1), (Block("small", "aggregator", utility, alpha, 0.01, np.array([2, 2])),))
    theirs, taken = paper_method.equilibrium(game, 1e-5)
    assert taken >= 4
    assert theirs == pytest.approx(solve(game).outcome.y, rel=2e-4)


def test_the_baseline_refuses_what_it_does_not_model():
    with pytest.raises(ValueError, match="alpha"):
        paper_method.Split(Quadratic(a=np.ones(1), b=np.ones(1)), 2.0, 0.01)


def test_markets_of_every_size_have_about_the_same_price():
    prices = [solve(bench.market(users, users // 100, 1.0), certify=False).outcome.price for users in (1_000, 10_000)]
    assert prices[0] == pytest.approx(prices[1], rel=0.1)


def test_a_row_says_whether_its_target_is_reached():
    rows = bench.against_one_formula(20_000)
    assert [row.reached for row in rows] == [row.ratio <= most for row, most in zip(rows, (25, 120), strict=True)]
    assert rows[0].texts()[5] in ("yes", "NO")
    assert all(0 < row.limit.share < 1 and "one formula" in row.limit.said for row in rows)


def test_limits_are_shares_of_what_was_measured():
    assert least(0.001, 0.004, "one factorisation") == ("1 ms, one factorisation", 0.25)
    assert [linear(slope).share for slope in (0.5, 1.25, -1.0)] == [1, 0.8, 1]
    few, many = (one_pass(1.0, np.ones(size)).share for size in (1_000, 4_000_000))
    assert 0 < few < many


def test_memory_is_that_of_a_process_of_its_own():
    row = bench.memory(1_000)
    assert 0.05 < row.ratio < 1
    assert row.reached
