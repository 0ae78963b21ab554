"""The gap does not hang on the path that tells prices: false ones are noticed and solved afresh."""

import numpy as np
import pytest

import market.aggregator.network.certificate as page
from market.aggregator.network.game import NetworkGame, clear
from market.grid.interior import Angles
from market.grid.nodal import nodal_grid
from market.grid.proof import PiecesTold
from scenarios import draw, load
from tests.market.network.test_network_game import users


def near(name, share):
    """A game with a profile near what players would buy who pay nothing but the first price."""
    game = draw(load(name)).game
    return game, clear(game, share * np.array([8.0, 9.0]))


@pytest.fixture
def solves(monkeypatch):
    """Amounts of the interior-point solver's calls."""
    seen, balances = [], Angles.balances

    def counted(self, demand, injected):
        seen.append(demand)
        return balances(self, demand, injected)

    monkeypatch.setattr(Angles, "balances", counted)
    return seen


@pytest.mark.share
@pytest.mark.parametrize("name", ["two_nodes_thin", "cournot_duopoly"])
@pytest.mark.parametrize("false", ["price", "output", "nothing"])
def test_a_false_price_of_the_path_is_noticed(name, false, monkeypatch, solves):
    game, outcome = near(name, 0.9)
    right = page.certified(game, outcome)
    few = len(solves)
    assert few <= 6 * game.players  # a few points of each player
    at = PiecesTold.at

    def falsified(self, points):
        told = at(self, points)
        if false == "price":
            return told._replace(balances=told.balances * 0.9)
        if false == "output":
            return told._replace(outputs=told.outputs + 1e-3)
        return told._replace(outputs=np.full_like(told.outputs, np.nan))

    monkeypatch.setattr(PiecesTold, "at", falsified)
    solved = page.certified(game, outcome)
    assert len(solves) - few > 20 * game.players  # all of them
    assert right.gap > 1e-4  # the profile is none of equilibrium
    np.testing.assert_allclose(solved.regrets, right.regrets, rtol=1e-4, atol=1e-7)
    assert solved.gap_anticipating == pytest.approx(right.gap_anticipating, rel=1e-4, abs=1e-7)


def test_a_price_that_is_proven_wrongly_is_noticed_at_the_points_that_are_solved(monkeypatch):
    game, outcome = near("two_nodes_thin", 0.9)
    along = page._Along(page._Road(game, outcome.y), 0, 0, 20.0, limits=True)
    amounts = np.linspace(0, 20, 7)
    right = along.prices(amounts)
    at, more = PiecesTold.at, 0.1 / along.angles.offers.price
    monkeypatch.setattr(PiecesTold, "at", lambda self, t: at(self, t)._replace(balances=at(self, t).balances + more))
    monkeypatch.setattr(page, "proven", lambda *parts: np.ones(len(amounts), dtype=bool))
    np.testing.assert_allclose(along.prices(amounts), right + 0.1, atol=1e-6)
    np.testing.assert_allclose(along.prices(amounts, solved=True), right, atol=1e-6)


@pytest.mark.parametrize(("has", "wants"), [(0.0, 0.0), (2.9e-12, 0.0), (2.9e-12, 0.1)])
def test_what_is_left_by_rounding_is_nothing_to_take_a_share_of(has, wants):
    """Two buyers behind a full line: the second has what rounding left, and could have hardly more."""
    grid = nodal_grid("ab", lines=[(0, 1, 1.0, 1.0)], generators=[(0, 1.0, 0.5, 8.0)])
    blocks = tuple(users(name, [0.5], [6], [1]) for name in ("first", "second"))
    game = NetworkGame(grid, blocks, (np.array([0.0, 1.0]),) * 2, ("network",) * 2)
    gap = page.certified(game, clear(game, np.array([1 - 3e-12 - wants, has]))).gap
    assert gap > 1e-3 if wants else gap < 1e-9


@pytest.mark.parametrize(("name", "seller"), [("two_nodes_thin", False), ("cournot_duopoly", True)])
def test_nobody_pays_more_than_the_value_of_lost_load_nor_gets_less_than_its_like(name, seller):
    game, outcome = near(name, 0.9)
    along = page._Along(page._Road(game, outcome.y), 0, 0, 10.0, limits=True)
    lost, place = along.angles.grid.value_of_lost_load, along.place
    assert along.sells is seller and np.isfinite(lost) and place.sum() == pytest.approx(1.0)
    least, most = (along._price(np.full(len(place), price)) for price in (-2 * lost, 2 * lost))
    assert (least, most) == (pytest.approx((-lost, 2 * lost)) if seller else pytest.approx((-2 * lost, lost)))
