"""Equilibria on a network without rounds: published duopolies, the two nodes, convex conducts, honest endings."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from market.aggregator.game import Block
from market.aggregator.network import direct
from market.aggregator.network.direct import has_none, replies, solve
from market.aggregator.network.facing import Rising
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.measures import producer_surplus, total_welfare
from market.aggregator.network.producers import Falling, Producers
from market.grid.nodal import nodal_grid
from market.outcome import Status
from market.utilities import UTILITIES
from scenarios import draw, load
from tests.market.network.test_network_game import users


def pair(limit, b=(8, 8), conduct="network", m=0.5):
    grid = nodal_grid("ab", lines=[(0, 1, 1.0, limit)], generators=[(0, 0.0, m, np.inf), (1, 0.0, m, np.inf)])
    blocks = tuple(users(name, [0.05], [value], [1], "large") for name, value in zip("ab", b, strict=True))
    return NetworkGame(grid, blocks, tuple(np.eye(2)), (conduct, conduct))


def test_where_no_equilibrium_is_proven():
    assert [has_none(pair(limit)) for limit in (0.0, 0.01, 0.5, 0.7076, 0.7078, 1.0, np.inf)] == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert not has_none(pair(0.5, conduct="nothing")) and not has_none(pair(0.5, b=(8, 9)))


def test_the_direct_solution_of_two_nodes():
    wide, thin = solve(pair(1.0)), solve(pair(0.5))
    assert (wide.status, len(wide.equilibria), wide.unique) == (Status.SOLVED, 1, None)
    np.testing.assert_allclose(wide.outcome.y, 160 / 17, rtol=1e-8)
    assert wide.outcome.s[0] == pytest.approx(26.574394, abs=1e-6) and wide.outcome.gap < 1e-9
    assert (thin.status, thin.equilibria) == (Status.NO_EQUILIBRIUM, ()) and thin.outcome.gap > 1e-4
    apart = solve(pair(0.0))
    np.testing.assert_allclose(apart.outcome.y, 80 / 11, rtol=1e-8)


def test_none_found_is_not_none_exists():
    found = solve(pair(2.0, b=(8, 10)))
    assert found.status is Status.NOT_FOUND and found.unique is None
    assert found.outcome.gap > 5e-3  # the least relative regret on a grid of 1/80 is 0.0086


@pytest.mark.parametrize(("conduct", "bought"), [("nothing", 8 / 0.6), ("energy", 160 / 17)])
def test_conducts_that_do_not_see_lines_have_one_equilibrium(conduct, bought):
    # Whatever the line: it stays empty. Taking prices both buy 8 / (2 a + m); the hub's slope is m / 2.
    for limit in (0.5, 2.0):
        found = solve(pair(limit, conduct=conduct))
        assert (found.status, found.unique) == (Status.SOLVED, True)
        np.testing.assert_allclose(found.outcome.y, bought, rtol=1e-6)
        assert found.outcome.gap < 1e-6 < found.outcome.gap_anticipating or limit == 2.0


def test_replies_settle_as_near_in_a_large_unit_of_energy():
    """b − 2 a y = 2 m y for one buyer who moves a price of slope m, in half steps."""
    a, m = 0.05e9, 0.5e9
    grid = nodal_grid("ab", lines=[(0, 1, 1.0, np.inf)], generators=[(1, 0.0, m, np.inf)])
    buyer = users("a", [a], [8], [1], "large")
    y, settled = replies(NetworkGame(grid, (buyer,), (np.eye(2)[0],), ("network",)), np.zeros(1), 0.5)
    assert settled and y[0] == pytest.approx(8 / (2 * a + 2 * m), rel=1e-6, abs=0)


def test_published_duopolies():
    duopoly = solve(draw(load("cournot_duopoly")).game)
    np.testing.assert_allclose(duopoly.outcome.y, [28.27102804, 27.80373832], atol=1e-7)
    hours = draw(load("cournot_three_hours")).game
    found = solve(hours)
    assert found.outcome.y.sum() == pytest.approx(10.80, abs=5e-3)
    assert found.outcome.cleared.prices.mean() == pytest.approx(10.00, abs=5e-3)
    takers = solve(NetworkGame(hours.grid, hours.blocks, hours.places, ("nothing",) * 3))
    assert takers.outcome.y.sum() == pytest.approx(15.60, abs=5e-3)
    assert takers.outcome.cleared.prices.mean() == pytest.approx(3.60, abs=5e-3)
    for outcome, welfare in ((found.outcome, 240.03), (takers.outcome, 282.13)):
        # The source leaves out what sun earns; least_rise costs it half a hundredth a unit.
        sun = producer_surplus(hours, outcome) - outcome.profits.sum()
        assert total_welfare(hours, outcome) - sun == pytest.approx(welfare, abs=0.03)


def test_a_programme_s_end_is_as_exact_as_replies():
    """A price-taker of marginal utility b / (1 + x / k) = 7 / (1 + x / 3) where the price is 2 + x."""
    grid = nodal_grid("a", generators=[(0, 2.0, 1.0, 90.0)])
    block = Block(
        "homes", "aggregator", UTILITIES["log"](b=np.array([7.0]), k=np.array([3.0])), 1.0, 1e-6, np.array([1])
    )
    found = solve(NetworkGame(grid, (block,), (np.ones(1),), ("nothing",)))
    bought = (np.sqrt(85) - 5) / 2  # x² + 5 x − 15 = 0
    assert found.outcome.y == pytest.approx([bought], rel=1e-11)


@pytest.mark.parametrize(
    ("left", "ends", "rounds"), [(1.0, 0.7, (50, 120)), (0.85, 0.0, (100, 200))], ids=["a long cycle", "a spiral"]
)
def test_replies_that_come_round_end_early_and_those_that_draw_nearer_do_not(left, ends, rounds, monkeypatch):
    """Both turn by a thirteenth of a circle a round; a tenth of the distance to the cycle is gone each round.

    After k rounds a cycle is within (0.9)^k of where it was 13 before, the spiral (0.85)^k of its centre.
    """
    asked = []

    def turned(game, j, y):
        if j == 0:
            point = complex(y[0] - 2, y[1] - 2)
            away = abs(point)
            reach = left * away if ends == 0.0 else ends + 0.9 * (away - ends)
            asked.append(2 + 2j + point / away * reach * np.exp(2j * np.pi / 13))
        return asked[-1].real if j == 0 else asked[-1].imag

    monkeypatch.setattr(direct, "reply", turned)
    y, settled = replies(pair(1.0), np.array([3.0, 2.0]), 1.0)
    assert settled is (ends == 0.0)
    assert rounds[0] < len(asked) < rounds[1]
    assert abs(complex(*(y - 2))) == pytest.approx(ends, abs=1e-2)


def changed(game, **how):
    return NetworkGame(**({name: getattr(game, name) for name in ("grid", "blocks", "places", "conducts")} | how))


def thin(m=(0.5, 0.5), cost=(0.0, 0.0), capacity=(np.inf, np.inf), nodes=(0, 1), **more):
    lines = more.pop("lines", [(0, 1, 1.0, 0.5)])
    generators = list(zip(nodes, cost, m, capacity, strict=True))
    return nodal_grid(more.pop("names", "ab"), lines=lines, generators=generators, **more)


def test_that_none_exists_is_proven_for_two_nodes_alike_with_one_buyer_each_and_no_other_game():
    game, one = pair(0.5), np.eye(2)
    assert has_none(game) and has_none(changed(game, grid=thin(), places=(one[1], one[0])))
    grids = {
        "rises": thin(m=(0.5, 0.6)),
        "costs": thin(cost=(0.1, 0.1)),
        "one cost": thin(cost=(0.0, 0.1)),
        "capacity": thin(capacity=(15.9, 15.9)),
        "one capacity": thin(capacity=(np.inf, 15.9)),
        "demand": thin(demand=[0.0, 0.1]),
        "elastic": thin(elastic=[(0, 1.0, 1.0)]),
        "both at one node": thin(nodes=(1, 1)),
        "two lines": thin(lines=[(0, 1, 1.0, 0.5), (0, 1, 1.0, 0.5)]),
        "three": nodal_grid("ab", lines=[(0, 1, 1.0, 0.5)], generators=[(k, 0.0, 0.5, np.inf) for k in (0, 1, 1)]),
    }
    for name, grid in grids.items():
        assert not has_none(changed(game, grid=grid)), name
    assert has_none(changed(game, grid=thin(capacity=(16.0, 16.0))))  # b / m, which is all that can be sold
    for places in ((one[0], one[0]), (np.array([0.5, 0.5]), one[1]), (np.array([0.5, 0.5]), np.array([0.5, 0.5]))):
        assert not has_none(changed(game, places=places))
    assert not has_none(changed(game, conducts=("network", "energy")))
    assert not has_none(changed(game, blocks=(game.blocks[0], users("b", [0.06], [8], [1], "large"))))
    assert not has_none(changed(game, blocks=(game.blocks[0], users("b", [0.05, 0.05], [8, 8], [1, 1], "large"))))
    log = Block("b", "large", UTILITIES["log"](b=np.array([8.0]), k=np.array([3.0])), 0.0, 0.0, np.array([1]))
    assert not has_none(changed(game, blocks=(game.blocks[0], log)))
    assert not has_none(changed(game, blocks=game.blocks[:1], places=(one[0],), conducts=("network",)))


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_to_fill_the_line_pays_where_that_none_exists_is_told(unit):
    """b > m K, and (b − m K)² / 4 (a + m) above what both get who share the supply, (b − (a + m) x) x."""
    for a, b, m in ((0.05, 8.0, 0.5), (0.3, 2.0, 0.1), (1.0, 5.0, 2.0)):
        x = b / (2 * a + 1.5 * m)
        held = (b - (a + m) * x) * x
        last = (b - np.sqrt(4 * (a + m) * held)) / m  # the limit at which both are worth the same
        for share in (1e-3, 0.5, 0.999, 1.001, 2.0):
            limit = share * last * unit
            ends = [(node, 0.0, m / unit, np.inf) for node in (0, 1)]
            grid = nodal_grid("ab", lines=[(0, 1, 1.0, limit)], generators=ends)
            blocks = tuple(users(name, [a / unit], [b], [1], "large") for name in "ab")
            assert has_none(NetworkGame(grid, blocks, tuple(np.eye(2)), ("network",) * 2)) == (share < 1)


def test_the_slope_of_a_broken_line_is_that_just_below_a_total_and_its_size():
    rising = Rising((np.array([0.0, 2.0, 2.0, 5.0]), np.array([1.0, 2.0, 4.0, 10.0])), 3.0)
    for at, slope in ((0.0, 0.5), (1.0, 0.5), (2.0, 0.5), (2.1, 2.0), (5.0, 2.0), (5.1, 3.0), (99.0, 3.0)):
        assert direct._slope(rising, at) == slope
    falling = Falling(np.array([0.0, 4.0]), np.array([9.0, 1.0]), -0.25)
    assert [direct._slope(falling, at) for at in (1.0, 4.0, 4.5)] == [2.0, 2.0, 0.25]


def facing(quantities, conducts, slices):
    """A game of players who believe in lines of such quantities, and of prices that are the half of them."""
    lines = [Rising((np.array(one), np.array(one) / 2), 7.0) for one in quantities]
    ends = np.cumsum([0, *slices])
    where = tuple(slice(int(lo), int(hi)) for lo, hi in pairwise(ends))
    return SimpleNamespace(
        conducts=conducts, player_slices=where, players=int(ends[-1]), facing=lambda j, y: (lines[j], 0.25 * j)
    )


def test_a_hub_is_straight_where_no_player_who_moves_it_meets_a_kink_up_to_twice_its_amount():
    lines = [[0.0, 4.0], [0.0, 6.0], [0.0, 1.0]]
    game = facing(lines, ("energy", "nothing"), (2, 1))
    assert direct._is_straight(game, np.array([2.0, 3.0, 5.0]))  # from there on it may bend
    assert not direct._is_straight(game, np.array([2.1, 3.0, 0.0]))
    assert not direct._is_straight(game, np.array([2.0, 3.1, 0.0]))
    assert not direct._is_straight(facing(lines, ("nothing", "energy"), (2, 1)), np.array([0.0, 0.0, 0.6]))
    assert direct._is_straight(facing(lines, ("nothing",), (3,)), np.full(3, 9.0))


def test_slopes_are_those_that_players_who_move_prices_believe_in_at_the_total_with_the_others():
    game = facing([[0.0, 4.0], [0.0, 6.0], [0.0, 1.0]], ("energy", "nothing"), (2, 1))
    assert direct._slopes(game, np.array([4.0, 5.75, 9.0])).tolist() == [0.5, 0.5, 0.0]
    assert direct._slopes(game, np.array([4.1, 5.8, 9.0])).tolist() == [7.0, 7.0, 0.0]


def test_ends_are_told_apart_by_a_ten_millionth_of_what_is_bought():
    one, same, other = np.array([1.0, 2.0]), np.array([1.0 + 2.9e-7, 2.0]), np.array([1.0, 2.0 - 3.1e-7])
    kept = direct._apart([one, same, other, one, np.zeros(2), np.zeros(2)])
    assert [end.tolist() for end in kept] == [one.tolist(), other.tolist(), [0.0, 0.0]]
    assert [end[0] for end in direct._apart([np.array([end]) for end in (2.0, 1.0, 2.0, 1.0)])] == [2.0, 1.0]


@pytest.mark.parametrize("settles", [1.0, 0.5, None])
def test_an_end_is_where_replies_settle_with_the_first_damping_that_does_else_where_each_of_them_stops(
    settles, monkeypatch
):
    asked = []

    def replied(game, y, damping):
        asked.append(damping)
        return y + damping, damping == settles

    monkeypatch.setattr(direct, "replies", replied)
    ends = [end.tolist() for end in direct._ends(None, np.zeros(1))]
    assert ends == {1.0: [[1.0]], 0.5: [[0.5]], None: [[1.0], [0.5]]}[settles]
    assert asked == ([1.0] if settles == 1.0 else [1.0, 0.5])


@pytest.mark.parametrize(("count", "back", "round_"), [(8, 2, True), (8, 8, True), (9, 9, False), (8, 1, False)])
def test_early_purchases_come_round_where_they_are_those_of_one_of_a_few_rounds_before(count, back, round_):
    """The last purchases are no earlier round; rounds further back than seven before it are not looked at."""
    past = [np.array([float(10 * k), 1.0]) for k in range(count)]
    assert direct._come_round(past, past[-back] + 1e-9, 1.0, 11.0) == round_
    assert not direct._come_round(past, past[-back] + 1.2e-9, 1.0, 11.0)
    assert not direct._come_round([], np.zeros(2), 1.0, 11.0)


def test_late_purchases_come_round_where_they_are_near_any_earlier_ones_beside_how_far_they_moved():
    past = [np.array([float(10 * k), 1.0]) for k in range(50)]
    for k in (0, 20, 48):
        assert direct._come_round(past, past[k] + 0.9e-3, 1.0, 11.0)
        assert not direct._come_round(past, past[k] + 1.1e-3, 1.0, 11.0)
        assert not direct._come_round(past[1:], past[0] + 1e-6, 1.0, 11.0)
    assert not direct._come_round(past, past[49], 1.0, 11.0)


@pytest.mark.parametrize(
    ("conducts", "kinds", "convex"),
    [
        (("nothing", "nothing"), (1.0, 2.0), True),
        (("energy", "nothing"), (0.0, 2.0), True),
        (("energy", "nothing"), (1.0, 0.0), False),
        (("nothing", "energy"), (1.0, 1.0), False),
        (("network", "nothing"), (0.0, 0.0), False),
        (("energy", "network"), (0.0, 0.0), False),
    ],
)
def test_a_programme_tells_where_nobody_sees_lines_and_who_moves_the_hub_buys_for_the_sum(conducts, kinds, convex):
    grid, one = thin(), np.eye(2)
    blocks = tuple(replace(users("u", [1, 2], [9, 8], [2]), alpha=alpha) for alpha in kinds)
    assert direct.is_convex(NetworkGame(grid, blocks, tuple(one), conducts)) == convex
    plants = Producers("plants", np.array([4.0]), np.ones(1), np.ones(1))
    with_plants = NetworkGame(grid, (blocks[0], plants), tuple(one), conducts)
    seen = "network" in conducts or (conducts[0] == "energy" and kinds[0] > 0)
    assert direct.is_convex(with_plants) == (not seen)
