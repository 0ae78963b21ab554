"""One node and no limits: the market without a network, to the last digits."""

import numpy as np
import pytest

from market.aggregator import equilibrium
from market.aggregator.network.direct import reply, solve
from market.aggregator.network.game import NetworkGame, clear
from market.aggregator.network.measures import best_total_welfare, efficiency, total_welfare
from market.aggregator.planner import best_total_welfare as planners_welfare
from market.grid.nodal import Generators, NodalGrid, nodal_grid
from market.outcome import Status
from market.prices import Dispatch
from scenarios import draw, load
from tests.market.network.test_network_game import users
from tests.shipped import scenarios

ELSEWHERE = {"scenarios_of", "tariffs"}  # what a price and its users have beside a fleet
SHIPPED = [
    one.name
    for one in scenarios()
    if one.table.get("price", {}).get("rule") == "dispatch" and not ELSEWHERE & one.table.keys()
]


def on_one_node(game, conduct="network"):
    """A game whose price is a dispatch, on a grid of one node with that fleet."""
    fleet = game.price
    node = np.zeros(len(fleet.max_p_mw))
    generators = Generators(node, fleet.cost_linear, 2 * np.array(fleet.cost_quadratic), capacity=fleet.max_p_mw)
    grid = NodalGrid(("here",), [0.0], generators=generators, value_of_lost_load=fleet.cap)
    return NetworkGame(grid, game.blocks, (np.ones(1),) * len(game.blocks), (conduct,) * len(game.blocks))


def test_there_are_shipped_scenarios_with_a_dispatch():
    assert len(SHIPPED) >= 3


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_markets_are_what_they_were(name):
    game = draw(load(name)).game
    network, known = on_one_node(game), equilibrium.solve(game, certify=False).outcome
    found = clear(network, known.y)
    assert found.price == pytest.approx(known.price, rel=1e-9)
    assert found.x == pytest.approx(known.x, rel=1e-9, abs=1e-9 * np.max(known.x))
    assert found.s == pytest.approx(known.s, rel=1e-9, abs=1e-9 * np.max(known.s))
    for j in range(0, game.players, 20):
        assert reply(network, j, known.y) == pytest.approx(known.y[j], abs=1e-9 * known.quantity)


@pytest.mark.parametrize("name", SHIPPED[:1])
def test_the_planner_is_the_one_of_the_market_without_a_network(name):
    game = draw(load(name)).game
    assert best_total_welfare(on_one_node(game)) == pytest.approx(planners_welfare(game), rel=1e-9)


def test_the_price_at_a_step_is_that_of_the_last_unit():
    fleet = Dispatch(max_p_mw=[4.0, 9.0], cost_quadratic=[0.5, 0.5], cost_linear=[10.0, 20.0], cap=100.0)
    block = users("u", [1.0], [21.0], [1], "large")
    game = equilibrium.Game(fleet, (block,))
    network = on_one_node(game)
    outcome = clear(network, np.array([4.0]))
    assert outcome.price == pytest.approx(14, rel=1e-8) and fleet.value(4.0) == 14
    y = reply(network, 0, np.array([1.0]))
    assert y == pytest.approx(equilibrium.solve(game).outcome.y[0], rel=1e-12)


@pytest.mark.parametrize("conduct", ["nothing", "energy"])
def test_answers_do_not_swing_where_demand_is_more_elastic_than_supply(conduct):
    # Demand falls by 20 a unit of price, supply rises by 1: taking the last round's price would never settle.
    grid = nodal_grid("a", generators=[(0, 0.0, 1.0, np.inf)])
    blocks = tuple(users(name, [0.05], [10.0], [1], "large") for name in "ab")
    game = NetworkGame(grid, blocks, (np.ones(1),) * 2, (conduct,) * 2)
    found = solve(game)
    assert found.status == Status.SOLVED
    y = np.zeros(2)
    for _ in range(90):
        for j in range(2):
            y[j] = reply(game, j, y)
    own = {"nothing": 0.0, "energy": 1.0}[conduct]
    assert y == pytest.approx(10 / (0.1 + 2 + own), rel=1e-6)
    assert found.outcome.y == pytest.approx(y, rel=1e-6)


def test_efficiency_is_one_where_all_take_prices_and_less_where_they_do_not():
    grid = nodal_grid("ab", lines=[(0, 1, 1.0, 1.0)], generators=[(0, 0.0, 1.0, 99.0), (1, 10.0, 1.0, 99.0)])
    blocks = tuple(users(name, [0.5], [30.0], [1], "large") for name in "ab")
    found = {}
    for conduct in ("nothing", "network"):
        game = NetworkGame(grid, blocks, tuple(np.eye(2)), (conduct,) * 2)
        y = np.zeros(2)
        for _ in range(50):
            for j in range(2):
                y[j] = reply(game, j, y)
        found[conduct] = efficiency(game, clear(game, y))
    assert found["nothing"] == pytest.approx(1, abs=1e-9) and found["network"] < 0.99
    # By hand: at a, 30 − x = x + 1 with one unit sent; at b, 30 − x = 10 + (x − 1).
    best = 30 * (14.5 + 10.5) - 0.5 * (14.5**2 + 10.5**2) - 15.5**2 / 2 - 95 - 9.5**2 / 2
    assert best_total_welfare(game) == pytest.approx(best, rel=1e-9)
    assert total_welfare(game, clear(game, np.array([14.5, 10.5]))) == pytest.approx(best, rel=1e-12)
