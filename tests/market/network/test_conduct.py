"""What a player believes whose conduct is "energy", against prices of a solver that knows neither curve nor conduct."""

from dataclasses import replace

import numpy as np
import pytest

from market.aggregator.network.direct import reply
from market.aggregator.network.facing import _played
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.producers import Producers
from market.grid.interior import Angles
from market.grid.nodal import nodal_grid
from tests.market.network.test_network_game import users

STEP = 1e-3  # share of an amount between which slopes are taken


def ring(rng):
    """Three nodes, one thin line, a generator at each whose marginal cost rises, a load that buys less when dear."""
    lines = [(0, 1, 1.0, 0.0), (1, 2, rng.uniform(0.5, 2), 50.0), (0, 2, 1.0, 50.0)]
    generators = [(k, rng.uniform(1, 9), rng.uniform(0.3, 1), 60.0) for k in range(3)]
    elastic = [(k, rng.uniform(30, 50), rng.uniform(5, 10)) for k in range(3)]
    return nodal_grid("abc", demand=[0.0, 3.0, 2.0], lines=lines, generators=generators, elastic=elastic)


def game_of(rng):
    """Two buyers and two producers of conduct "energy" at nodes of a ring."""
    one, shares = np.eye(3), np.array([0.3, 0.0, 0.7])
    blocks = (
        users("homes", [0.4, 0.8, 0.5], [20, 30, 25], [2, 1]),
        Producers("plants", np.array([40.0, 30.0]), rng.uniform(1, 5, 2), rng.uniform(0, 1, 2)),
    )
    places = (shares, one[rng.integers(3)])
    return NetworkGame(ring(rng), blocks, places, ("energy",) * 2)


def price(game, j, y, amount, limits):
    """What player j pays or gets per unit at an amount of its own: the dispatch over angles, with limits or without."""
    y = y.copy()
    y[j] = amount
    lines = game.grid.lines if limits else replace(game.grid.lines, limit=np.full(len(game.grid.lines), np.inf))
    angles = Angles(replace(game.grid, lines=lines))
    return game.directions[j] @ angles.balances(game.taken(y), game.put_in(y))


@pytest.mark.share
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("j", [0, 2])
def test_who_knows_the_hub_alone_moves_its_price_and_not_congestion(seed, j):
    rng = np.random.default_rng(seed)
    game, y = game_of(rng), rng.uniform(1, 5, 4)
    rule, best = game.facing(j, y)[0], reply(game, j, y)
    assert 0.1 < best < 39
    assert rule.value(best) == pytest.approx(price(game, j, y, best, limits=True), abs=1e-5)
    congestion = rule.value(best) - price(game, j, y, best, limits=False)
    assert abs(congestion) > 1e-3  # the line is full
    for amount in best * rng.uniform(0.2, 1.4, 4):
        ends = np.array([amount * (1 - STEP), amount * (1 + STEP)])
        hub = [price(game, j, y, end, limits=False) for end in ends]
        assert rule.value(ends[1]) - rule.value(ends[0]) == pytest.approx(hub[1] - hub[0], abs=2e-6)
        assert rule.value(amount) - price(game, j, y, amount, limits=False) == pytest.approx(congestion, abs=1e-5)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("j", [0, 2])
def test_its_answer_is_the_best_amount_at_the_congestion_that_it_brings(seed, j):
    rng = np.random.default_rng(seed)
    game, y = game_of(rng), rng.uniform(1, 5, 4)
    best, player = reply(game, j, y), game.player(j)
    congestion = price(game, j, y, best, limits=True) - price(game, j, y, best, limits=False)
    amounts = np.linspace(0.5, 1.5, 41) * best
    prices = np.array([price(game, j, y, amount, limits=False) + congestion for amount in amounts])
    if j > 1:
        gains = prices * amounts - player.spent(amounts)
    else:  # two users with the same marginal utility λ: Σ (b − λ) / 2a is the amount
        a, b = player.utility.a, player.utility.b
        worth = (np.sum(b / (2 * a)) - amounts) / np.sum(1 / (2 * a))
        x = (b - worth[:, None]) / (2 * a)
        gains = np.sum((b - a * x) * x, axis=1) - prices * amounts
    assert best == pytest.approx(amounts[np.argmax(gains)]) and 0 < np.argmax(gains) < 40


def test_a_hub_dearer_than_all_that_a_buyer_pays_still_tells_how_prices_rise():
    """Energy that cannot leave the buyer's node costs 1.1 + x / 10 there; without limits 22 + x, 23 + 3 (x − 1) from 1.

    Its answer x solves 6 − x − (1.1 + x / 10) − 3 x = 0.
    """
    generators = [(0, 1.0, 0.1, 8.0), (1, 20.0, 1.0, 3.0), (1, 23.0, 3.0, 60.0)]
    grid = nodal_grid("ab", demand=[0.0, 10.0], lines=[(0, 1, 1.0, 1.0)], generators=generators)
    game = NetworkGame(grid, (users("local", [0.5], [6], [1], "large"),), (np.array([1.0, 0.0]),), ("energy",))
    assert reply(game, 0, np.zeros(1)) == pytest.approx(4.9 / 4.1)
    rule, _ = game.facing(0, np.zeros(1))
    for amount in (0.5, 1.1, 3.0):
        hub = [price(game, 0, np.zeros(1), end, limits=False) for end in (amount, 1.001 * amount)]
        assert rule.value(1.001 * amount) - rule.value(amount) == pytest.approx(hub[1] - hub[0], abs=1e-6)


def test_a_price_that_rises_to_one_at_which_it_stays_is_that_as_far_as_users_want():
    """6 − x is 2 at 4."""
    rising = np.array([0.0, 1.0]), np.array([1.0, 2.0]), 0.0
    rule = _played(rising, users("local", [0.5], [6], [1]).player(0), False)
    assert rule.value(np.array([0.5, 1.0, 2.5, 4.0])).tolist() == [1.5, 2.0, 2.0, 2.0]
    assert rule.value(100.0) > 6


@pytest.mark.parametrize("kind", ["aggregator", "large"])
def test_what_stays_at_one_price_for_ever_is_bought_as_far_as_it_is_wanted(kind):
    """As above, but load is lost beside the line: without limits every price is that of lost load."""
    grid = nodal_grid("ab", demand=[0.0, 10.0], lines=[(0, 1, 1.0, 1.0)], generators=[(0, 1.0, 0.1, 8.0)])
    game = NetworkGame(grid, (users("local", [0.5], [6], [1], kind),), (np.array([1.0, 0.0]),), ("energy",))
    assert reply(game, 0, np.zeros(1)) == pytest.approx(4.9 / 1.1)  # 6 − x = 1.1 + x / 10
