"""Replies to a total: their first-order condition, their slopes, and that cutting the work changes nothing."""

import numpy as np
import pytest

from market.aggregator import game as game_module
from market.aggregator import reply
from market.aggregator.allocation import lowest_roof, quantities
from market.aggregator.game import Block
from market.aggregator.roots import prices_at
from market.prices import Affine, Linear, Power
from market.utilities import Logarithmic, Quadratic

ALPHAS = (0.0, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 30.0, 50.0, np.inf)
RULES = (Linear(0.05), Affine(0.4, 0.02), Power(0.3, 0.6), Power(0.01, 2.0))


def users(kind, n, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.1, 0.9, n), rng.uniform(0, 10, n)
    return Quadratic(a, b) if kind == "quadratic" else Logarithmic(b, 1 / a)


def block(kind, alpha, sizes, offset=0.01):
    return Block("a", "aggregator", users(kind, sum(sizes)), alpha, offset, np.array(sizes))


@pytest.mark.share
@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("kind", ["quadratic", "log"])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_slope_of_a_reply_is_its_finite_difference(alpha, kind, rule):
    players = block(kind, alpha, [5, 1, 7])
    totals = np.array([3.0, 11.0, 20.0])
    step = 1e-6 * totals
    y = [reply.replies(players, prices_at(rule, at))[0] for at in (totals - step, totals + step)]
    slope = reply.replies(players, prices_at(rule, totals))[1]
    found = (y[1] - y[0]) / (2 * step)[:, None]
    np.testing.assert_allclose(slope, found, rtol=2e-4, atol=1e-6 * np.abs(found).max())


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("kind", ["quadratic", "log"])
def test_the_slope_of_a_user_s_own_reply_is_its_finite_difference(kind, rule):
    players, totals = block(kind, 0.0, [1] * 6), np.array([3.0, 11.0, 20.0])
    step = 1e-6 * totals
    y = [reply.replies(players, prices_at(rule, at))[0] for at in (totals - step, totals + step)]
    slope = reply.replies(players, prices_at(rule, totals))[1]
    found = (y[1] - y[0]) / (2 * step)[:, None]
    assert players.single and np.any(found < 0)
    np.testing.assert_allclose(slope, found, rtol=1e-5, atol=1e-7 * np.abs(found).max())


@pytest.mark.parametrize("kind", ["quadratic", "log"])
@pytest.mark.parametrize("alpha", ALPHAS[:-1])
def test_the_first_guess_is_the_multiplier_of_players_too_small_to_move_the_price(alpha, kind):
    players, slope = block(kind, alpha, [6, 9], 1.0), np.array([1e-13])
    prices = reply.Prices(np.array([2.0]), slope, np.zeros(1))
    guess = reply.first_guess(players, prices)
    np.testing.assert_allclose(reply.solve_multipliers(players, prices, guess + 1.0)[0], guess, rtol=0, atol=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("kind", ["quadratic", "log"])
@pytest.mark.parametrize("alpha", ALPHAS[:-1])
def test_a_reply_meets_the_first_order_condition(alpha, kind, rule):
    players, total = block(kind, alpha, [6, 9]), 12.0
    prices = prices_at(rule, total)
    y, _, z = reply.replies(players, prices)
    price, slope = float(rule.value(total)), float(rule.left_slope(total))
    x = quantities(players, prices.value[:, None], z)[0]
    served = x > 0
    margin = players.utility.marginal(x) - price
    np.testing.assert_allclose(players.by_player(np.add, x), y[0], rtol=1e-12)
    pressure = players.by_player(np.add, np.where(served, x / np.where(served, margin, 1.0), 0.0))
    np.testing.assert_allclose(slope * pressure, 1.0, rtol=1e-9)
    kappa = margin * (players.utility.surplus(price, x) + 0.01) ** -alpha
    for j, rows in enumerate((slice(0, 6), slice(6, 15))):
        np.testing.assert_allclose(np.log(kappa[rows][served[rows]]), z[0, j], rtol=1e-9, atol=1e-8)
        left_out = (players.utility.reservation - price)[rows][~served[rows]]
        assert np.all(np.log(np.maximum(left_out, 1e-300)) + alpha * np.log(100) <= z[0, j] + 1e-9)


@pytest.mark.parametrize("kind", ["quadratic", "log"])
def test_a_max_min_reply_gives_all_users_the_same_surplus(kind):
    players, total = block(kind, np.inf, [8]), 2.0
    rule = Linear(0.05)
    prices = prices_at(rule, total)
    z = reply.replies(players, prices)[2]
    price = prices.value[:, None]
    x = quantities(players, price, z, lowest_roof(players, price))[0]
    served = players.utility.reservation > price[0, 0]
    s = players.utility.surplus(price[0, 0], x)[served]
    assert np.ptp(s) <= 1e-9 * s.max()
    assert np.all(x[~served] == 0)
    margin = players.utility.marginal(x)[served] - price[0, 0]
    assert 0.05 * np.sum(x[served] / margin) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_cutting_players_into_pieces_changes_nothing(alpha, monkeypatch):
    sizes, prices = [3, 41, 1, 17], prices_at(Linear(0.05), np.array([4.0, 9.0]))
    whole = reply.replies(block("quadratic", alpha, sizes), prices)
    monkeypatch.setattr(game_module, "USERS_AT_ONCE", 5)
    cut = block("quadratic", alpha, sizes)
    assert len(cut.pieces) > 10
    for one, other in zip(reply.replies(cut, prices), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
def test_taking_prices_a_few_at_a_time_changes_nothing(alpha, monkeypatch):
    players, prices = block("log", alpha, [4, 9]), prices_at(Linear(0.05), np.linspace(1, 30, 13))
    whole = reply.replies(players, prices)
    monkeypatch.setattr(reply, "NODES_AT_ONCE", 30)
    for one, other in zip(reply.replies(players, prices), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ["quadratic", "log"])
def test_a_single_user_pays_its_marginal_outlay(kind):
    utility = users(kind, 12)
    players = Block("d", "direct", utility, 0.0, 0.0, np.ones(12, int))
    y = reply.replies(players, prices_at(Power(0.1, 1.5), 8.0))[0][0]
    price, slope = 0.1 * 8**1.5, 0.15 * 8**0.5
    buys = y > 0
    np.testing.assert_allclose(utility.marginal(y)[buys], (price + slope * y)[buys], rtol=1e-11)
    assert np.all(utility.reservation[~buys] <= price)


def test_who_values_nothing_wants_nothing_where_it_costs_nothing():
    users = Logarithmic(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    assert users.meets(np.zeros(2), np.array([0.0, 1.0])).tolist() == [0.0, 1.0]  # x² + x − 2 = 0
