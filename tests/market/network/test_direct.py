"""Equilibria on a network without rounds: published duopolies, the two nodes, convex conducts, honest endings."""

import numpy as np
import pytest

from market.aggregator.game import Block
from market.aggregator.network import direct
from market.aggregator.network.direct import has_none, replies, solve
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.measures import producer_surplus, total_welfare
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
