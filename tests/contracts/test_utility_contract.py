"""What every registered utility promises, on users whose parameters run over six decades, or their range."""

from dataclasses import replace

import numpy as np
import pytest

from market.utilities import UTILITIES, Utility
from market.utilities import utility as steps_of_margins
from tests.contracts.examples import users

ALPHAS = (0.0, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 30.0, 50.0)
OFFSETS = (0.0, 1e-9, 0.01, 1.0)
USERS = 60


@pytest.fixture(params=UTILITIES)
def utility(request):
    rng = np.random.default_rng(5)
    return users(UTILITIES[request.param], rng, USERS)


@pytest.fixture
def share():
    """A different share for every user, away from both ends."""
    return np.random.default_rng(6).uniform(0.05, 0.95, USERS)


def slope_of(function, at, step):
    return (function(at + step) - function(at - step)) / (2 * step)


def test_no_energy_is_worth_nothing(utility):
    assert np.all(utility.value(np.zeros(USERS)) == 0)
    np.testing.assert_allclose(utility.marginal(np.zeros(USERS)), utility.reservation)


def test_marginal_utility_is_the_slope_of_utility(utility, share):
    x = utility.demand(share * utility.reservation)
    np.testing.assert_allclose(slope_of(utility.value, x, 1e-5 * x), utility.marginal(x), rtol=1e-7)


def test_marginal_utility_falls(utility):
    x = utility.demand(0.2 * utility.reservation) * np.linspace(0, 1, 20)[:, None]
    assert np.all(np.diff(utility.marginal(x), axis=0) < 0)


def test_demand_inverts_marginal_utility(utility, share):
    price = share * utility.reservation
    np.testing.assert_allclose(utility.marginal(utility.demand(price)), price, rtol=1e-12)


def test_nobody_buys_at_or_above_the_reservation_price(utility):
    assert np.all(utility.demand(utility.reservation) == 0)
    assert np.all(utility.demand(1.5 * utility.reservation) == 0)
    assert np.all(utility.best_surplus(1.5 * utility.reservation) == 0)


def test_demand_slope_is_how_fast_demand_falls(utility, share):
    price = share * utility.reservation
    slope = np.broadcast_to(utility.demand_slope(price), price.shape)
    np.testing.assert_allclose(-slope_of(utility.demand, price, 1e-5 * price), slope, rtol=1e-7)


@pytest.mark.parametrize("rise", [0.0, 1e-6, 1.0, 1e6])
def test_meets_is_where_marginal_utility_crosses_the_line(utility, share, rise):
    level = share * utility.reservation
    x = utility.meets(level, rise)
    np.testing.assert_allclose(utility.marginal(x), level + rise * x, rtol=1e-11)
    assert np.all(utility.meets(utility.reservation, rise) == 0)
    assert np.all(utility.meets(2 * utility.reservation, rise) == 0)


@pytest.mark.parametrize("below", [1e-6, 1.0, 1e3])
def test_meets_a_line_that_starts_below_zero(utility, share, below):
    """As the tangents of a convex price's marginal outlay do."""
    level, rise = -below * share * utility.reservation, utility.reservation
    x = utility.meets(level, rise)
    np.testing.assert_allclose((utility.marginal(x) - level) / (rise * x), 1.0, rtol=1e-9)


def test_best_surplus_is_the_highest_of_any_quantity(utility, share):
    price = share * utility.reservation
    demand = utility.demand(price)
    some = utility.surplus(price, demand * np.linspace(0, 2, 101)[:, None])
    np.testing.assert_allclose(some.max(axis=0), utility.best_surplus(price), rtol=1e-9)
    np.testing.assert_allclose(some[50], utility.value(demand) - price * demand, rtol=1e-9)


def log_kappa_at(utility, price, x, alpha, offset):
    """log[(U'(x) − p) / (s(x) + offset)^alpha], falling in x."""
    margin = utility.marginal(x) - price
    with np.errstate(divide="ignore"):
        surplus = np.log(np.maximum(utility.surplus(price, x) + offset, 0.0))
        return np.where(margin > 0, np.log(np.maximum(margin, 1e-300)), -np.inf) - alpha * surplus


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_alpha_fair_margin_solves_its_equation(utility, share, alpha, offset):
    price = share * utility.reservation
    demand, widest = utility.demand(price), utility.reservation - price
    aim = demand * np.array([1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999])[:, None]
    z = log_kappa_at(utility, price, aim, alpha, offset)
    margin = utility.alpha_fair_margin(price, z, alpha, offset)
    assert np.all((margin > 0) & (margin <= widest))
    x, slack = utility.demand(price + margin), 1e-8 * aim + 1e-12 * demand
    more = log_kappa_at(utility, price, np.maximum(x - slack, 1e-300), alpha, offset)
    assert np.all(more >= z)
    assert np.all(log_kappa_at(utility, price, x + slack, alpha, offset) <= z)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_high_multiplier_leaves_a_user_without_energy(utility, share, alpha):
    price, offset = share * utility.reservation, 0.01
    widest = utility.reservation - price
    z = np.log(widest) - alpha * np.log(offset)
    assert np.all(utility.alpha_fair_margin(price, z + 1e-9 * (1 + np.abs(z)), alpha, offset) >= widest * (1 - 1e-15))
    assert np.all(utility.alpha_fair_margin(price, z - 1e-3, alpha, offset) < widest)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("name", UTILITIES)
def test_special_solutions_agree_with_the_general_one(name, alpha):
    rng = np.random.default_rng(7)
    utility = users(UTILITIES[name], rng, USERS, decades=2)
    price, z = 0.4 * utility.reservation, rng.uniform(-5, 5, (8, USERS))
    special, general = (
        solve(price, z, alpha, 0.01)
        for solve in (utility.alpha_fair_margin, lambda *args: Utility.alpha_fair_margin(utility, *args))
    )
    np.testing.assert_allclose(special, general, rtol=1e-9)


@pytest.mark.parametrize("share_of_margin", [1e-6, 1e-3, 0.3, 0.9, 1.0])
def test_surplus_lost_is_what_a_margin_costs(utility, share, share_of_margin):
    price = share * utility.reservation
    margin = share_of_margin * (utility.reservation - price)
    best = utility.best_surplus(price)
    lost = best - utility.surplus(price, utility.demand(price + margin))
    np.testing.assert_allclose(
        utility.surplus_lost(price, margin) / best, lost / best, atol=2e-13 / (1 - 0.95), rtol=1e-9
    )


@pytest.mark.parametrize("share_of_margin", [1e-9, 1e-6, 1e-3, 0.3, 0.9, 0.99])
def test_the_margin_that_loses_inverts_the_surplus_lost(utility, share, share_of_margin):
    price = share * utility.reservation
    margin = share_of_margin * (utility.reservation - price)
    found = utility.margin_that_loses(price, utility.surplus_lost(price, margin))
    np.testing.assert_allclose(found, margin, rtol=1e-9)


@pytest.mark.parametrize("share_of_margin", [1e-9, 1e-6, 1e-3, 0.03, 0.3, 0.9, 1.0])
def test_what_is_lost_agrees_with_the_general_way(utility, share, share_of_margin):
    price = share * utility.reservation
    margin = share_of_margin * (utility.reservation - price)
    general = Utility.surplus_lost(utility, price, margin)
    np.testing.assert_allclose(utility.surplus_lost(price, margin), general, rtol=1e-9)


def test_small_margins_lose_half_their_square_times_the_demand_slope(utility, share):
    price = share * utility.reservation
    margin = 1e-7 * (utility.reservation - price)
    lost = margin**2 * utility.demand_slope(price) / 2
    np.testing.assert_allclose(utility.surplus_lost(price, margin), lost, rtol=1e-5)


def test_no_margin_loses_more_than_the_best_surplus(utility, share):
    price = share * utility.reservation
    found = utility.margin_that_loses(price, 2 * utility.best_surplus(price))
    np.testing.assert_allclose(found, utility.reservation - price, rtol=1e-12)


@pytest.mark.parametrize("name", UTILITIES)
@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_user_who_values_nothing_buys_nothing(name, alpha):
    some = users(UTILITIES[name], np.random.default_rng(8), 1, decades=1)
    if not hasattr(some, "b"):
        pytest.skip("its first unit is worth something whatever its parameters")
    utility = replace(some, b=np.zeros(1))
    for price in (1e-9, 1.0):
        assert utility.demand(price) == utility.best_surplus(price) == utility.meets(price, 1.0) == 0
        assert utility.alpha_fair_margin(np.array([price]), np.array([0.0]), alpha, 0.01) == 0
        assert utility.margin_that_loses(price, 1.0) == 0


@pytest.mark.parametrize("offset", [0.0, 1e-3])
@pytest.mark.parametrize("alpha", [0.5, 2.0, 30.0])
def test_a_margin_is_found_in_a_few_steps_next_to_a_reservation_price_too(alpha, offset, monkeypatch):
    """Logarithmic users' surpluses there are no differences of large numbers, whose rounding a search would chase."""
    utility = users(UTILITIES["log"], np.random.default_rng(5), USERS)
    rng = np.random.default_rng(7)
    price = utility.reservation * (1 - 10.0 ** rng.uniform(-14, 0, (40, USERS)))
    widest = utility.reservation - price
    z = np.log(widest) - alpha * np.log(utility.best_surplus(price) + offset) + rng.uniform(-40, 40, price.shape)
    found = utility.alpha_fair_margin(price, z, alpha, offset)
    monkeypatch.setattr(steps_of_margins, "MOST_MARGIN_STEPS", 25)
    np.testing.assert_array_equal(utility.alpha_fair_margin(price, z, alpha, offset), found)


def test_take_keeps_the_chosen_users(utility, share):
    rows = share > 0.5
    price = 0.5 * utility.reservation
    np.testing.assert_array_equal(utility.take(rows).demand(price[rows]), utility.demand(price)[rows])
    assert len(utility.take(slice(2, 5))) == 3
