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


@pytest.mark.parametrize("kind", ["quadratic", "log"])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_sums_over_users_move_with_multiplier_and_price_as_their_finite_differences(alpha, kind):
    players, price, step = block(kind, alpha, [5, 2, 7]), np.array([0.7, 2.3]), 1e-6
    z = reply.solve_multipliers(players, prices_of(price))[0] + 0.01

    def sums(more_z, more_price):
        at = price * (1 + more_price)
        return reply.player_sums(players, at, z + more_z, reply.common_roof(players, at))

    known = sums(0.0, 0.0)
    assert np.all(known.quantity > 0)
    for name, by_z, by_price in (("quantity", "quantity_z", "quantity_p"), ("pressure", "pressure_z", "pressure_p")):
        in_z = (getattr(sums(step, 0), name) - getattr(sums(-step, 0), name)) / (2 * step)
        in_price = (getattr(sums(0, step), name) - getattr(sums(0, -step), name)) / (2 * step * price[:, None])
        np.testing.assert_allclose(getattr(known, by_z), in_z, rtol=1e-5, atol=1e-8 * np.abs(in_z).max())
        np.testing.assert_allclose(getattr(known, by_price), in_price, rtol=1e-5, atol=1e-8 * np.abs(in_price).max())


def prices_of(price):
    return reply.Prices(price, np.full(price.shape, 0.1), np.zeros_like(price))


@pytest.mark.parametrize("alpha", [0.5, 2.0, np.inf])
def test_sums_of_pieces_are_those_of_players_at_prices_of_their_own_too(alpha, monkeypatch):
    sizes, rng = [3, 14, 6], np.random.default_rng(1)
    whole, z = block("quadratic", alpha, sizes), rng.uniform(-2, 0, (2, 3))
    monkeypatch.setattr(game_module, "USERS_AT_ONCE", 4)
    cut = block("quadratic", alpha, sizes)
    for price in (np.array([1.0, 2.0]), rng.uniform(0.5, 2, (2, 3))):
        roof = reply.common_roof(whole, price)
        known, found = (np.array(reply.player_sums(one, price, z, roof)) for one in (whole, cut))
        np.testing.assert_allclose(found, known, rtol=1e-12)
        assert len(cut.pieces) > 4 and known.shape == (6, 2, 3)


@pytest.mark.parametrize(("kind", "offset"), [("quadratic", 0.0), ("quadratic", 0.01), ("log", 0.01)])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 2.0, 30.0, np.inf])
def test_a_multiplier_is_found_in_a_few_steps_from_near_and_far(alpha, kind, offset, monkeypatch):
    players, steps, one = block(kind, alpha, [6, 3], offset), [], reply._step
    prices = prices_at(Power(0.3, 0.6), np.array([0.5, 4.0]))
    known, _ = reply.solve_multipliers(players, prices)
    monkeypatch.setattr(reply, "_step", lambda *given: steps.append(given) or one(*given))
    for away, most in ((0.0, 3), (0.01, 7), (3.0, 45), (-3.0, 45)):
        steps.clear()
        found, sums = reply.solve_multipliers(players, prices, known + away)
        np.testing.assert_allclose(found, known, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(prices.slope[:, None] * sums.pressure, 1.0, rtol=1e-9)
        assert len(steps) <= most


def test_a_step_to_a_multiplier_is_newtons_on_the_logarithm_or_on_the_pressure_where_hardly_anyone_is_served():
    """Pressures P with dP/dz = −2 and a price slope of 1/2: log(P/2) / (2/P), or (2 − P) / −2 where log < −1."""
    pressure = np.array([[4.0, 2.0, 1.0, 0.5, 1e-9, 0.0]])
    nothing = np.zeros_like(pressure)
    falls = np.where(pressure > 0, -2.0, 0.0)
    sums = reply.Sums(nothing, pressure, nothing, nothing, falls, nothing)
    excess, step = reply.multiplier_step(np.array([[0.5]]), sums, 0.9)
    np.testing.assert_allclose(excess, [[np.log(2), 0, -np.log(2), -np.log(4), np.log(5e-10), -np.inf]])
    known = [2 * np.log(2), 0, -np.log(2) / 2, -0.75, -1 + 5e-10, -np.inf]
    np.testing.assert_allclose(step, [np.clip(known, -0.9, 0.9)], atol=1e-15)


def test_a_step_beyond_the_bracket_ends_in_its_middle_or_as_far_as_it_may_on_an_open_side():
    low, high, old = np.array([0.0, 0.0, -np.inf, 0.0, 0.0, 0.0]), np.array([4.0, 4.0, 4.0, np.inf, 4.0, 4.0]), 1.0
    new = np.array([3.0, 5.0, -20.0, 30.0, 0.0, 4.0])
    assert reply.inside(new, np.full(6, old), low, high, 8.0).tolist() == [3.0, 2.0, -20.0, 30.0, 2.0, 2.0]
    assert reply.inside(
        np.array([5.0, -1.0]), np.ones(2), np.array([-np.inf, 0]), np.array([4, np.inf]), 2.0
    ).tolist() == [3.0, -1.0]


@pytest.mark.parametrize("kind", ["quadratic", "log"])
def test_an_eager_player_needs_what_gives_everybody_the_best_of_the_poorest(kind):
    """Each quantity by halving; whom the price keeps out gets nothing."""
    players, price = block(kind, np.inf, [4, 1, 6]), np.array([[0.8], [3.0]])
    found = reply.eager(players, price)
    best = np.where(players.utility.reservation > price, players.utility.best_surplus(price), np.nan)
    for node in range(2):
        for j, rows in enumerate((slice(0, 4), slice(4, 5), slice(5, 11))):
            users, at = players.utility.take(rows), price[node, 0]
            needs = np.nanmin(np.append(best[node, rows], 1e9))
            low, high = np.zeros(len(users)), users.demand(at)
            for _ in range(60):
                middle = (low + high) / 2
                short = users.surplus(at, middle) < needs * (1 - 1e-15)
                low, high = np.where(short, middle, low), np.where(short, high, middle)
            assert found[node, j] == pytest.approx(np.sum(high[users.reservation > at]), rel=1e-6)


@pytest.mark.parametrize("alpha", [0.5, 2.0, np.inf])
def test_replies_to_some_flat_some_steep_and_some_endless_slopes_are_those_to_each(alpha):
    """Flat: all that is wanted; endless: nothing; their slopes are not asked for."""
    players, price = block("quadratic", alpha, [3, 4]), np.array([1.0, 1.0, 2.0, 0.5])
    slope = np.array([0.0, 0.3, np.inf, 0.05])
    y, rise, _ = reply.replies(players, reply.Prices(price, slope, np.zeros(4)))
    wanted = players.by_player(np.add, players.utility.demand(np.array([[1.0]])))[0]
    np.testing.assert_allclose(y[0], wanted, rtol=1e-12)
    assert y[2].tolist() == [0.0, 0.0] and not np.any(rise[[0, 2]])
    for node in (1, 3):
        alone = reply.replies(players, reply.Prices(price[[node]], slope[[node]], np.zeros(1)))
        np.testing.assert_allclose(y[node], alone[0][0], rtol=1e-9)
        np.testing.assert_allclose(rise[node], alone[1][0], rtol=1e-7)
        assert np.all(rise[node] < 0)


def test_users_alone_buy_nothing_at_an_endless_slope_and_what_they_want_at_none():
    players = Block("d", "direct", users("quadratic", 4), 0.0, 0.0, np.ones(4, int))
    y, rise, _ = reply.replies(players, reply.Prices(np.ones(2), np.array([0.0, np.inf]), np.zeros(2)))
    np.testing.assert_allclose(y[0], players.utility.demand(1.0))
    assert not np.any(y[1]) and not np.any(rise)
