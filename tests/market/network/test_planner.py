"""The programme's end is where nobody who takes prices would buy or sell another amount, and the planner's optimum."""

from dataclasses import replace

import numpy as np
import pytest

from market.aggregator.dearer import Dearer
from market.aggregator.game import Block
from market.aggregator.network.game import NetworkGame, clear
from market.aggregator.network.measures import total_welfare
from market.aggregator.network.planner import can_plan, planned
from market.aggregator.network.producers import Producers
from market.grid.nodal import LimitedLines, nodal_grid
from market.outcome import Status
from market.utilities import Quadratic
from tests.market.grid.networks import any_grid, five_bus
from tests.market.network.test_network_game import game_on, users


@pytest.mark.share
@pytest.mark.parametrize("seed", range(12))
def test_nothing_near_its_end_is_better_for_all_together(seed):
    rng = np.random.default_rng(seed)
    game = game_on(any_grid(rng), rng)
    y = planned(game, np.zeros(game.players))
    if y is None:
        assert clear(game, np.zeros(game.players)).cleared.status is Status.INFEASIBLE  # output that must run
        return
    best = total_welfare(game, clear(game, y))
    for size in (0.5, 0.05, 0.005):  # welfare is concave: what is best near by is best of all
        for _ in range(25):
            other = np.maximum(y + size * rng.normal(size=len(y)), 0.0)
            other[3:] = np.minimum(other[3:], game.blocks[2].capacity)
            assert total_welfare(game, clear(game, other)) <= best + 1e-6 * (1 + abs(best))


def test_where_prices_are_numbers_price_takers_want_just_that():
    grid = five_bus(least_rise=5.0)
    blocks = (users("homes", [0.5, 1, 2], [40, 60, 80], [3]), users("u", [0.1], [60], [1], "large"))
    game = NetworkGame(grid, blocks, (np.array([0, 0.5, 0.5, 0, 0]), np.eye(5)[3]), ("nothing",) * 2)
    y = planned(game, np.zeros(2))
    outcome = clear(game, y)
    wanted = [float(np.sum(block.utility.demand(price))) for block, price in zip(blocks, outcome.paid, strict=True)]
    np.testing.assert_allclose(y, wanted, rtol=1e-6)


def test_who_moves_a_price_counts_it():
    # One node, supply 1 q, a buyer with U = 10x - x²/2: takes prices 10/2, moves them 10/3.
    grid = nodal_grid("a", generators=[(0, 0.0, 1.0, 99.0)])
    game = NetworkGame(grid, (users("u", [0.5], [10], [1], "large"),), (np.ones(1),), ("nothing",))
    assert planned(game, np.array([0.0]))[0] == pytest.approx(5, rel=1e-6)
    assert planned(game, np.array([1.0]))[0] == pytest.approx(10 / 3, rel=1e-6)


@pytest.mark.parametrize("money", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("moves", "price", "bought"), [(0.0, 30 / 7, 40 / 7), (1.0, 10 / 3, 10 / 3)])
def test_a_buyer_and_a_seller_beside_elastic_demand_in_closed_form(money, moves, price, bought):
    """U = 10x − x²/2, 5 (1 − p / 10) that others buy, q = p twice: of a generator and of a player.

    10 − p + 5 − p / 2 = 2p; where the buyer counts that it moves the price, (10 − p) / 2 stands for 10 − p.
    """
    fleet, others = [(0, 0.0, money, 9.0)], [(0, 10.0 * money, 5.0)]
    grid = nodal_grid("a", generators=fleet, elastic=others, value_of_lost_load=1e3 * money)
    buyer = users("u", [0.5 * money], [10 * money], [1], "large")
    seller = Producers("firm", np.array([9.0]), np.zeros(1), np.array([money]))
    game = NetworkGame(grid, (buyer, seller), (np.ones(1),) * 2, ("nothing",) * 2)
    y = planned(game, np.array([moves * money, 0.0]))
    assert y == pytest.approx([bought, price], rel=1e-6)
    assert clear(game, y).price == pytest.approx(price * money, rel=1e-6)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_do_not_matter(unit):
    game = NetworkGame(five_bus(), (users("u", [0.1], [60], [1], "large"),), (np.eye(5)[3],), ("nothing",))
    base = planned(game, np.zeros(1))[0]
    grid = five_bus()
    scaled = nodal_grid(
        "12345",
        demand=grid.demand * unit,
        lines=[
            (*row[:3], row[3] * unit)
            for row in zip(grid.lines.tail, grid.lines.head, grid.lines.susceptance, grid.lines.limit, strict=True)
        ],
        generators=[
            (n, c, 0.0, k * unit)
            for n, c, k in zip(grid.generators.node, grid.generators.cost, grid.generators.capacity, strict=True)
        ],
    )
    other = NetworkGame(scaled, (users("u", [0.1 / unit], [60], [1], "large"),), (np.eye(5)[3],), ("nothing",))
    assert planned(other, np.zeros(1))[0] == pytest.approx(base * unit, rel=1e-5)


@pytest.mark.parametrize("power", [1.0, 10.0])
def test_a_shift_drives_flows_in_the_grids_power(power):
    """Of two equal lines the one with a limit of 2 is pushed back by a shift of 5°: the other carries so much more."""
    lines = LimitedLines([0, 0], [1, 1], np.ones(2), np.array([5.0, 0.0]), np.array([2.0, 99.0]))
    grid = replace(nodal_grid("ab", generators=[(0, 1.0, 0.0, 99.0)]), lines=lines, power=power)
    game = NetworkGame(grid, (users("u", [0.1], [60], [1], "large"),), (np.eye(2)[1],), ("nothing",))
    y = planned(game, np.zeros(1))
    assert y == pytest.approx([4 + np.radians(5) * power], rel=1e-6)
    assert clear(game, y * (1 - 1e-6)).cleared.shed.sum() == 0


@pytest.mark.parametrize("tax", [-5.0, 20.0])
def test_a_tariff_on_each_unit_is_energy_worth_less(tax):
    """Two users of five buses, whose unit of energy is far from one, with a tax, or worth so much less."""
    found = []
    for worth, cost in ((np.array([60.0, 45.0]), tax), (np.array([60.0, 45.0]) - tax, 0.0)):
        utility = Dearer(Quadratic(np.array([0.1, 0.2]), worth), np.full(2, cost))
        block = Block("u", "aggregator", utility, 0.0, 0.01, np.array([2]))
        found.append(planned(NetworkGame(five_bus(), (block,), (np.eye(5)[3],), ("nothing",)), np.zeros(1)))
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_a_game_the_programme_cannot_write_down_is_told():
    game = NetworkGame(five_bus(), (users("u", [0.1], [60], [1], "large"),), (np.eye(5)[3],), ("nothing",))
    assert can_plan(game)
    assert not can_plan(
        NetworkGame(five_bus(), (users("u", [0.1] * 20_001, [60] * 20_001, [20_001]),), (np.eye(5)[3],), ("nothing",))
    )
