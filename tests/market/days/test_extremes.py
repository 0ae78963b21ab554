"""Days in odd units, of odd sizes, and days that cannot be: an equilibrium with its proof, or a status that says so."""

import numpy as np
import pytest

from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import potential_solution
from market.aggregator.days.parts import Battery, Car, Consumption
from market.outcome import Status
from market.prices import Affine
from tests.market.days.small_days import extreme, homes
from tests.shares import NIGHTLY

IDLE = 23  # a player who can move nothing beside one a thousand times as large as all others
SEEDS = range(400) if NIGHTLY else (*range(16), IDLE)


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_days_have_proven_equilibria(seed):
    found = potential_solution(extreme(np.random.default_rng(seed)))
    assert found.status == Status.SOLVED and found.proven and found.outcome.gap < 1e-6
    assert np.all(np.isfinite(found.outcome.s))


def test_a_day_that_cannot_be_is_infeasible():
    car = {"consumption": Consumption([0], [1.0], [1.0]), "car": Car([0], 5.0, 1.0, 0.0, 2.0)}
    full = {"battery": Battery([0], 1.0, 1.0, 0.9, 3.0)}
    for parts in (car, full):
        day = Day(Clock(4), (Affine(0.1, 0.1),) * 4, (homes("h", [1], parts),))
        assert potential_solution(day).status == Status.INFEASIBLE
    np.testing.assert_array_equal(car["car"].short(Clock(4)), [True])


def test_hours_over_midnight_and_parts_of_periods_are_counted():
    clock = Clock(24)
    covered = clock.covered(18.5, 7.25)
    assert covered.sum() == pytest.approx(12.75) and covered[0, 18] == 0.5 and covered[0, 7] == 0.25
    assert clock.covered(9.0, 17.0).sum() == 8 and clock.covered(5.0, 5.0).sum() == 24
    np.testing.assert_array_equal(Clock(4).last_before([0.0, 1.0, 2.5]), [3, 0, 2])


def test_a_tiny_player_beside_a_huge_one_is_answered_in_its_own_units():
    parts = {"consumption": Consumption([0, 1], [1e7, 0.1], [5.0, 9.0])}
    day = Day(Clock(2), (Affine(0.1, 0.01),) * 2, (homes("h", [1, 1], parts, kind="direct"),))
    outcome = potential_solution(day).outcome
    assert outcome.gap < 1e-9  # so purchases are within its root
    price = outcome.price
    assert outcome.y[0] == pytest.approx((5.0 - price) / (2e7 + 0.01), rel=1e-4)


@pytest.mark.parametrize("sell", [True, False])
def test_a_store_that_may_be_emptied_once_sells_only_where_its_user_may(sell):
    """One period: the only way to sell is the only thing that it does."""
    parts = {"battery": Battery([0], 2.0, 5.0, 1.0, start=2.0, end="free")}
    day = Day(Clock(1), (Affine(0.5, 0.1),), (homes("h", [1], parts, sell=sell, kind="direct"),), np.array([30.0]))
    assert potential_solution(day).outcome.y[0] == pytest.approx(-2.0 if sell else 0.0, abs=1e-9)
