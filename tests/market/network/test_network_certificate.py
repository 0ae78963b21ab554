"""The gap does not hang on the path that tells prices: false ones are noticed and solved afresh."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import market.aggregator.network.certificate as page
from market.aggregator.network.facing import Rising
from market.aggregator.network.game import NetworkGame, clear
from market.aggregator.network.producers import Producers
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


def looked_for(gain, amounts):
    """(Gain, amount found, all amounts asked, those asked of the solver)."""
    asked, solved = [], []

    def gains(some, **more):
        (solved if more.get("solved") else asked).extend(np.asarray(some).tolist())
        return gain(np.asarray(some, dtype=float))

    return (*page._looked_for(gains, np.array(amounts, dtype=float)), sorted(asked), solved)


@pytest.mark.parametrize("peak", [0.0, 0.03, 3.3, 9.2, 10.0])
def test_a_gain_is_looked_for_finely_around_the_best_amount_and_solved_there_and_at_both_ends(peak):
    even = np.linspace(0, 10, 11)
    best, at, asked, solved = looked_for(lambda t: 5 - (t - peak) ** 2, [*even[::-1], 3.0])
    assert asked[0] == 0 and asked[-1] == 10 and len(asked) == len(set(asked))
    assert abs(at - peak) <= 2 / 10 / 5 / 2 + 1e-9 and best == 5 - (at - peak) ** 2
    assert set(solved) == {0.0, 10.0, at}
    assert len(asked) <= 11 + 2 * page.POINTS_IN_ZOOM


def test_no_gain_is_none_lost_and_one_amount_is_no_place_to_look_around():
    assert looked_for(lambda t: -1 - t, [0.0, 1.0, 2.0])[:2] == (0.0, 0.0)
    assert looked_for(lambda t: 2.0 + 0 * t, [3.0, 3.0])[:3] == (2.0, 3.0, [3.0])


def test_what_the_solver_says_counts_at_the_ends_and_at_the_best():
    """Where its prices are others, the best by them is told."""

    def gains(some, solved=False):
        some = np.asarray(some, dtype=float)
        return np.where(some == 2, 9.0, 0.0) if solved else 5 - (some - 1) ** 2

    assert page._looked_for(gains, np.array([0.0, 1.0, 2.0])) == (9.0, 2.0)


def test_amounts_to_try_are_even_ones_both_sides_of_kinks_and_the_present_and_a_known_one():
    road, most = SimpleNamespace(points=9), 8.0
    amounts = page._amounts(road, 2.0, 7.7, most, np.array([1.3, 5.0, 8.0, 9.0]))
    even = set(np.linspace(0, 8, 9).tolist())
    beside = {kink + side * 1e-6 * most for kink in (1.3, 5.0) for side in (-1, 1)}
    near = {2 * (1 + side * step) for step in (1e-4, 1e-2, 0.1) for side in (-1, 1)} | {2.0, 7.7}
    np.testing.assert_allclose(sorted(set(amounts)), sorted(even | beside | near))
    assert page._amounts(road, 8.0, 9.0, most, np.empty(0)).max() == most
    assert page._amounts(road, 0.0, -1.0, most, np.array([1e-7])).min() == 0


def test_of_very_many_kinks_some_spread_evenly_are_looked_at():
    kinks = np.linspace(0.5, 99.5, 100)
    amounts = page._amounts(SimpleNamespace(points=2), 0.0, 0.0, 1000.0, kinks)
    some = np.unique(amounts[(amounts > 0) & (amounts < 1000)])
    middle = (some[::2] + some[1::2]) / 2
    assert len(middle) == page.MOST_KINKS and middle[0] == pytest.approx(0.5) and middle[-1] == pytest.approx(99.5)
    assert np.ptp(np.diff(middle)) < 2


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (1.0, 1.0, True),
        (1.0, 1 + 1.9e-7, True),
        (1.0, 1 + 2.1e-7, False),
        (-1.0, 1.0, False),
        (0.0, 0.0, True),
        (-3e6, -3e6 * (1 + 1.9e-7), True),
        (3e-9, 3e-9 * (1 + 2.1e-7), False),
        (0.0, 1e-300, False),
    ],
)
def test_prices_are_alike_up_to_a_share_of_both(one, other, alike):
    assert page._alike(one, other) is page._alike(other, one) is alike


@pytest.mark.parametrize(
    ("inside", "told"), [(np.nan, 2.0), (2.0, 2.0), (3.5, 2.0), (4.5, 4.5), (0.5, 0.5), (1.0, 2.0)]
)
def test_an_interior_price_counts_unless_it_stands_within_a_step(inside, told):
    """The price is 1 before, 4 after and by a clearing 2 at the amount."""

    def cleared(amount, before=1.0, beyond=4.0):
        return (before if amount < 10 else beyond) if 9.99 < amount < 10.01 else 99.0 * np.sign(amount - 10)

    along = SimpleNamespace(_cleared=cleared)
    assert page._Along._checked(along, 10.0, inside, 2.0) == told
    falls = SimpleNamespace(_cleared=lambda amount: cleared(amount, 4.0, 1.0))
    assert page._Along._checked(falls, 10.0, inside, 2.0) == told
    just = 2 * (1 + 1e-8)
    assert page._Along._checked(SimpleNamespace(_cleared=None), 10.0, just, 2.0) == just


def seller(cost, rise, capacity=10.0):
    return Producers("p", np.array([capacity]), np.array([cost]), np.array([rise]))


@pytest.mark.parametrize("money", [1e-6, 1.0, 1e6])
def test_a_sellers_gains_are_shares_of_its_present_profit_or_of_a_good_markets(money):
    prices = lambda sales, solved=False: money * (9.0 - sales)  # noqa: E731
    sales = np.array([0.0, 1.0, 2.0, 5.0])
    profit = sales * (9 - sales) - (3 + sales / 2) * sales
    gains = page._profit(seller(3 * money, money), prices, 1.0)
    np.testing.assert_allclose(gains(sales), (profit - 4.5) / 4.5)
    for now, held in ((0.0, 0.0), (4.0, 0.0), (5.0, -7.5)):  # nothing is earned: beside what all could bring
        np.testing.assert_allclose(page._profit(seller(3 * money, money), prices, now)(sales), (profit - held) / 100)
    good = page._profit(seller(0.0, 0.0), lambda sales, solved=False: 0 * sales, 1.0)
    assert good(sales).tolist() == [0.0] * 4
    dear = page._profit(seller(20 * money, money), prices, 0.0)(sales)
    np.testing.assert_allclose(dear, (sales * (9 - sales) - (20 + sales / 2) * sales) / 200)


@pytest.mark.parametrize("alpha", [0.0, 1.0, np.inf])
def test_a_buyers_gains_are_those_of_the_best_split_of_an_amount(alpha):
    """Of two users alike, at one price whatever is bought."""
    player = replace(users("u", [0.5, 0.5], [6, 6], [2]), alpha=alpha)
    prices = lambda amounts, solved=False: np.full(len(amounts), 2.0)  # noqa: E731
    now = np.array([1.0, 1.0])
    held = 4 * 1.0 - 0.5
    gains = page._payoff(player, prices, now, 2.0)(np.array([2.0, 4.0, 8.0]))
    each = np.array([1.0, 2.0, 4.0])
    surplus = 4 * each - each**2 / 2
    known = np.log((surplus + 0.01) / (held + 0.01)) if alpha == 1 else (surplus - held) / (held + 0.01)
    np.testing.assert_allclose(gains, known, rtol=1e-9, atol=1e-12)
    dear = lambda amounts, solved=False: np.full(len(amounts), 7.0)  # noqa: E731
    lost = page._payoff(player, dear, now, 2.0)(np.array([0.0, 3.0]))
    np.testing.assert_allclose(lost, 2 * (1.0 * 1 + 0.5))  # nobody is to be served: what the present one loses
    literal = replace(users("u", [0.5, 0.5], [6, 3], [2]), alpha=1.0, surplus_offset=0.0)
    some = lambda amounts, solved=False: np.full(len(amounts), 4.0)  # noqa: E731
    assert page._payoff(literal, some, now, 2.0)(np.array([1.0, 2.0])).tolist() == [np.inf, np.inf]


def test_no_more_is_wanted_along_a_line_than_its_last_price_leaves():
    """6 − x meets 1 + 2 x at 5 / 3, and what stays at 3 or 1 at 3 or 5."""
    buyer = users("u", [0.5], [6], [1])
    line = lambda prices: Rising((np.array([0.0, 2.0]), np.array(prices)), 0.0)  # noqa: E731
    assert page._wanted(buyer, line([1.0, 5.0])) == pytest.approx(5 / 3)
    assert page._wanted(buyer, line([1.0, 3.0])) == pytest.approx(3.0)
    assert page._wanted(buyer, line([1.0, 1.0])) == pytest.approx(5.0)
    assert page._wanted(buyer, line([7.0, 8.0])) == pytest.approx(0.0, abs=1e-9)
