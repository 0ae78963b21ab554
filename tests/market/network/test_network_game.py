"""The game on a network as data: who acts where, a round as cleared, and accounts that add up."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from market.aggregator.game import Block
from market.aggregator.network.endings import advice, ending, promised
from market.aggregator.network.game import NetworkGame, _mean_price, clear, sells
from market.aggregator.network.judging import _gains, peaks_once
from market.aggregator.network.measures import accounts, full_lines, producer_surplus, total_welfare
from market.aggregator.network.producers import Producers
from market.grid.nodal import nodal_grid
from market.outcome import Status
from market.utilities import UTILITIES
from tests.market.grid.networks import any_grid


def users(name, a, b, sizes, kind="aggregator"):
    utility = UTILITIES["quadratic"](a=np.array(a, dtype=float), b=np.array(b, dtype=float))
    return Block(name, kind, utility, 0.0, 0.01, np.array(sizes))


def game_on(grid, rng):
    """Two aggregators over shares of nodes, a large user and two producers at random nodes."""
    shares = rng.dirichlet(np.ones(grid.nodes))
    one = np.eye(grid.nodes)
    homes = users("homes", rng.uniform(0.5, 2, 5), rng.uniform(20, 90, 5), [3, 2])
    large = users("large", [0.2], [80], [1], "large")
    plants = Producers("plants", rng.uniform(1, 9, 2), rng.uniform(1, 30, 2), rng.uniform(0, 2, 2))
    places = (shares, one[rng.integers(grid.nodes)], one[rng.integers(grid.nodes)])
    return NetworkGame(grid, (homes, large, plants), places, ("network",) * 3)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_paid_is_what_somebody_gets(seed):
    rng = np.random.default_rng(seed)
    game = game_on(any_grid(rng, shifts=0.0), rng)  # a shift drives flows that nobody pays for
    y = np.append(rng.uniform(0, 3, 3), rng.uniform(0, 1, 2))
    outcome = clear(game, y)
    cleared = outcome.cleared
    found = accounts(game, outcome)
    turnover = sum(map(abs, found)) + 1
    lost = float(cleared.prices @ (cleared.shed - cleared.spilled))  # paid for what is not made, or the other way
    assert found.missing == pytest.approx(lost, abs=1e-9 * turnover)
    if cleared.status is not Status.SOLVED:
        return
    assert found.rent >= -1e-9 * turnover
    elastic = cleared.benefit - found.elastic
    parts = outcome.welfare + elastic + producer_surplus(game, outcome) + found.rent - found.fixed
    assert total_welfare(game, outcome) == pytest.approx(parts, abs=1e-9 * (turnover + abs(cleared.cost)))


def test_a_round_on_two_nodes_by_hand():
    # A line of 1 from a to b; marginal cost q at a, 10 + q at b; homes buy 2 at a, the large one 8 at b.
    grid = nodal_grid("ab", lines=[(0, 1, 1.0, 1.0)], generators=[(0, 0.0, 1.0, 99.0), (1, 10.0, 1.0, 99.0)])
    homes, large = users("homes", [1, 1], [9, 9], [2]), users("large", [0.2], [80], [1], "large")
    game = NetworkGame(grid, (homes, large), (np.array([1.0, 0]), np.array([0, 1.0])), ("network", "nothing"))
    outcome = clear(game, np.array([2.0, 8.0]))
    np.testing.assert_allclose(outcome.cleared.prices, [3, 17])
    np.testing.assert_allclose(outcome.paid, [3, 17])
    np.testing.assert_allclose(outcome.x, [1, 1, 8])
    np.testing.assert_allclose(outcome.s, [9 - 1 - 3, 9 - 1 - 3, 80 * 8 - 0.2 * 64 - 17 * 8])
    assert outcome.price == pytest.approx((2 * 3 + 8 * 17) / 10) and outcome.quantity == 10
    assert accounts(game, outcome).rent == pytest.approx(14)
    assert full_lines(outcome.cleared).tolist() == [True]
    assert producer_surplus(game, outcome) == pytest.approx(3**2 / 2 + 7**2 / 2)
    assert ending(Status.SETTLED, outcome) is Status.SETTLED and promised(Status.SETTLED) == 1e-6


def test_a_mean_price_is_that_of_what_is_bought_and_plain_where_nothing_is():
    paid, counted = np.array([2.0, 4.0, 9.0]), np.array([1.0, 1.0, 0.0])
    assert _mean_price(paid, np.array([1.0, 0.0, 0.0]), counted) == 2
    assert _mean_price(paid, np.zeros(3), counted) == 3


def test_producers_sales_are_positive_and_count_where_nobody_buys():
    grid = nodal_grid("a", elastic=[(0, 100.0, 100.0)])
    firms = Producers("firm", np.array([50.0, 50.0]), np.array([10.0, 5.0]), np.array([0.2, 0.4]))
    game = NetworkGame(grid, (firms,), (np.ones(1),), ("network",))
    outcome = clear(game, np.array([30.0, 20.0]))
    assert outcome.price == pytest.approx(50) and outcome.quantity == 50 and outcome.welfare == 0
    np.testing.assert_allclose(outcome.profits, [30 * 40 - 0.1 * 900, 20 * 45 - 0.2 * 400])
    assert total_welfare(game, outcome) == pytest.approx(100 * 50 - 50**2 / 2 - 390 - 180)
    assert game.player_name(1) == "firm 2" and game.player(1).cost.tolist() == [5.0] and game.users == 0
    assert [sells(block) for block in game.blocks] == [True]


def test_load_that_is_shed_is_told():
    grid = nodal_grid("a", demand=[3.0], generators=[(0, 1.0, 0.0, 2.0)])
    game = NetworkGame(grid, (users("u", [1], [5], [1], "large"),), (np.ones(1),), ("network",))
    outcome = clear(game, np.array([1.0]))
    assert outcome.unserved == pytest.approx(2) and outcome.price == pytest.approx(1000)
    assert ending(Status.SETTLED, outcome) is Status.SHORT
    assert "shed" in advice(Status.SHORT, outcome)
    assert ending(Status.CYCLING, outcome) is Status.CYCLING


def test_a_game_keeps_no_factors_when_it_travels():
    rng = np.random.default_rng(3)
    game = game_on(any_grid(rng), rng)
    y = np.array([1.0, 2, 1, 0.5, 0.5])
    first = clear(game, y)
    again = clear(pickle.loads(pickle.dumps(game)), y)
    np.testing.assert_array_equal(first.cleared.prices, again.cleared.prices)


def test_what_a_seller_gains_by_other_sales_is_money_and_what_they_bring_more():
    """Inverse demand 20 − q / 2 of who buys less when dear; marginal cost 2 + q; 4 are sold."""
    grid = nodal_grid("a", elastic=[(0, 20.0, 40.0)])
    plant = Producers("p", np.array([30.0]), np.array([2.0]), np.array([1.0]))
    game = NetworkGame(grid, (plant,), (np.ones(1),), ("network",))
    outcome, tried = clear(game, np.array([4.0])), np.array([0.0, 4.0, 6.0, 9.0])
    gains, in_money = _gains(game, outcome, 0, tried)
    profit = (20 - tried / 2) * tried - (2 + tried / 2) * tried
    np.testing.assert_allclose(gains, profit - profit[1], atol=1e-9)
    assert in_money is True


@pytest.mark.parametrize(
    ("conducts", "alphas", "once"),
    [
        (("nothing", "nothing"), (0.0, 0.0), True),
        (("nothing", "energy"), (0.0, 0.0), False),
        (("network", "network"), (0.0, 0.0), False),
        (("nothing", "nothing"), (0.0, 1.0), False),
    ],
)
def test_payoffs_peak_once_where_all_take_prices_and_buy_for_the_sum(conducts, alphas, once):
    grid = nodal_grid("a", generators=[(0, 1.0, 0.5, 90.0)])
    blocks = tuple(replace(users("u", [1, 2], [9, 8], [2]), alpha=alpha) for alpha in alphas)
    assert peaks_once(NetworkGame(grid, blocks, (np.ones(1),) * 2, conducts)) is once
    plant = Producers("p", np.array([30.0]), np.array([2.0]), np.array([1.0]))
    beside = NetworkGame(grid, (*blocks, plant), (np.ones(1),) * 3, (*conducts, "nothing"))
    assert peaks_once(beside) is once
