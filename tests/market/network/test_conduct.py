"""What a player believes whose conduct is "energy", against prices of a solver that knows neither curve nor conduct."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from market.aggregator.network import facing
from market.aggregator.network.direct import reply
from market.aggregator.network.facing import Rising, _played, vanishing
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


@pytest.mark.parametrize(("low", "high"), [(0.0, 5.0), (5.0, 0.0), (2.9, 3.1)])
def test_what_falls_to_none_between_two_ends_vanishes_there_else_at_the_nearer_end(low, high):
    """From the first end to the second, which may be the smaller."""
    sign = 1.0 if low < high else -1.0
    assert vanishing(lambda at: sign * (3.0 - at), low, high) == pytest.approx(3.0, rel=1e-13)
    for shift in (0.0, 0.5, 20.0):
        assert vanishing(lambda at, shift=shift: sign * (low - at) - shift, low, high) == low
        assert vanishing(lambda at, shift=shift: sign * (high - at) + shift, low, high) == high
    assert vanishing(lambda at: 0.0, low, high) == low
    tiny = 1e-9 * abs(high - low)
    assert vanishing(lambda at: sign * (low + sign * tiny - at), low, high) == pytest.approx(
        low + sign * tiny, rel=1e-9
    )
    assert vanishing(lambda at: sign * (high - sign * tiny - at), low, high) == pytest.approx(
        high - sign * tiny, rel=1e-9
    )


@pytest.mark.parametrize("conduct", ["nothing", "energy", "network"])
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_within_a_step_of_the_price_a_taker_takes_the_price_at_which_just_so_much_is_wanted(conduct, unit):
    """4 are sold at 1, more at 3; 6 − x = p is 5 at 1 and 3 at 3, so that 4 are bought, by a taker at 2."""
    grid = nodal_grid("a", generators=[(0, 1.0, 0.0, 4.0 * unit), (0, 3.0, 0.0, 50.0 * unit)])
    game = NetworkGame(grid, (users("u", [0.5 / unit], [6], [1]),), (np.ones(1),), (conduct,))
    rule, others = game.facing(0, np.zeros(1))
    assert others == 0 and reply(game, 0, np.zeros(1)) == pytest.approx(4 * unit)
    if conduct == "nothing":
        assert rule.value(np.array([0.1, 4.0]) * unit) == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_within_a_step_a_seller_takes_the_price_at_which_it_sells_just_so_much(unit):
    """Of 10 wanted 6 are sold at 2, the rest at 5; marginal cost 1 + q / 2 is 3 at 4."""
    generators = [(0, 2.0, 0.0, 6.0 * unit), (0, 5.0, 0.0, 20.0 * unit)]
    grid = nodal_grid("a", demand=[10.0 * unit], generators=generators)
    plant = Producers("p", np.array([50.0 * unit]), np.ones(1), np.array([0.5 / unit]))
    game = NetworkGame(grid, (plant,), (np.ones(1),), ("nothing",))
    rule, _ = game.facing(0, np.zeros(1))
    assert rule.value(np.array([unit])) == pytest.approx([3.0], rel=1e-6)


def test_beside_no_step_a_taker_takes_the_price_that_its_own_answer_makes():
    """6 − x = 1 + x / 4 at 4, where the price is 2, whoever is asked and whatever it does now."""
    grid = nodal_grid("a", generators=[(0, 1.0, 0.25, 50.0)])
    game = NetworkGame(grid, (users("u", [0.5], [6], [1]),), (np.ones(1),), ("nothing",))
    for now in (0.0, 1.0, 7.0):
        assert game.facing(0, np.array([now]))[0].value(np.array([3.0])) == pytest.approx([2.0], rel=1e-12)


def test_no_more_is_bought_than_is_wanted_at_the_first_price_or_at_the_dearest_beyond_twice_the_line():
    buyer = users("u", [0.5], [6], [1])  # wants 6 − p
    line = lambda prices, last=3.0: (np.array([0.0, last]), np.array(prices), 0.0)  # noqa: E731
    assert facing._most(line([1.0, 4.0]), buyer) == pytest.approx(5.0)
    assert facing._most(line([1.0, 4.0], 0.5), buyer) == pytest.approx(2 * 0.5 + 2.0)
    assert facing._most(line([1.0, 9.0], 0.5), buyer) == pytest.approx(1.0)
    seller = Producers("p", np.array([50.0]), np.ones(1), np.array([0.5]))  # sells 2 (p − 1)
    assert facing._most(line([5.0, 2.0]), seller) == pytest.approx(8.0)
    assert facing._most(line([5.0, 2.0], 0.1), seller) == pytest.approx(8.0)


def crowd():
    """Buyers of three groups at a, one of which is empty, one at b, and two groups of producers at a."""
    grid, one = nodal_grid("ab", lines=[(0, 1, 1.0, 9.0)], generators=[(0, 1.0, 0.5, 90.0)]), np.eye(2)
    empty = users("none", [], [], [])
    plants = [Producers(name, np.array([4.0, 9.0]), np.ones(2), np.ones(2)) for name in "pq"]
    buyers = [users("u", [1, 2], [9, 8], [1, 1]), empty, users("v", [1], [20], [1]), users("w", [1], [7], [1])]
    places = (one[0], one[0], one[0], one[1], one[0], one[0])
    return NetworkGame(grid, (*buyers, *plants), places, ("network",) * 6)


def test_those_who_buy_or_sell_at_a_place_are_found_and_the_dearest_of_their_worths():
    game = crowd()
    assert [facing._here(game, k) for k in (0, 2, 3, 4, 5)] == [[0, 2], [0, 2], [3], [4, 5], [4, 5]]
    assert [facing.sold_by(game, k) for k in (0, 2, 3, 4, 5)] == [False, False, False, True, True]
    assert facing._top(game, [0, 2]) == 20 and facing._top(game, [0]) == 9 and facing._top(game, [3]) == 7


def test_a_curve_is_traced_once_for_all_at_a_place_and_again_where_it_does_not_reach(monkeypatch):
    game, y, traced, one = crowd(), np.arange(1.0, 9.0), [], facing._traced
    monkeypatch.setattr(facing, "_traced", lambda *given: traced.append(given[2:4]) or one(*given))
    for number, j in ((0, 0), (0, 1), (2, 2)):
        facing.by_the_network(game, number, j, y)
    assert len(traced) == 1  # at most twice what others buy is reached
    far = y.copy()
    far[0] = 40.0
    facing.by_the_network(game, 0, 1, far)
    assert len(traced) == 2
    facing.by_the_network(game, 4, 4, y)
    facing.by_the_network(game, 5, 7, y)
    facing.by_the_network(game, 3, 3, y)
    assert len(traced) == 4
    facing._curve(game, False, 3, 3, y)
    assert len(traced) == 5


def test_the_curves_asked_for_last_are_kept(monkeypatch):
    game, traced, one = crowd(), [], facing._traced
    monkeypatch.setattr(facing, "MOST_CURVES", 2)
    monkeypatch.setattr(facing, "_traced", lambda *given: traced.append(given) or one(*given))

    def ask(other):
        y = np.ones(8)
        y[3] = other
        facing.by_the_network(game, 0, 0, y)
        return len(traced)

    assert [ask(other) for other in (1.0, 2.0, 1.0, 3.0, 1.0, 2.0)] == [1, 2, 2, 3, 3, 4]
    assert len(game.curves) == 2


def test_the_price_of_lost_load_is_faced_where_nothing_clears(monkeypatch):
    game = crowd()
    lost = game.grid.value_of_lost_load
    monkeypatch.setattr(facing, "_known", lambda *given: None)
    for number, j, price in ((0, 0, lost), (4, 4, -lost)):
        quantities, prices, last = facing.by_the_network(game, number, j, np.ones(8))
        assert (quantities.tolist(), prices.tolist(), last) == ([0.0], [price], 0.0)


def test_a_line_from_an_amount_of_others_on_has_their_price_first():
    line = np.array([0.0, 2.0, 2.0, 4.0]), np.array([1.0, 3.0, 5.0, 6.0]), 1.0
    for outside in (0.5, 1e-9, 1.0, 3.0, 4.0, 9.0):
        quantities, prices, last = facing._shifted(*line, outside)
        at = Rising((quantities, prices), last)
        whole = Rising(line[:2], line[2])
        assert quantities[0] == 0 and last == 1.0 and np.all(np.diff(quantities) >= 0)
        for more in (0.0, 0.3, 1.7, 3.0):
            assert at.value(more) == pytest.approx(whole.value(outside + more), rel=1e-9)
    assert facing._shifted(*line, 0.0)[0] is line[0]


def test_points_of_a_falling_curve_are_its_corners_once():
    """Two flat pieces in a row are one, a jump has both prices, and no piece reaches for ever."""
    found = SimpleNamespace(
        starts=np.array([0.0, 0.5, 0.5, 2.0, 3.0]),
        ends=np.array([0.5, 0.5, 2.0, 3.0, np.inf]),
        before=np.array([9.0, 8.5, 8.0, 6.0, 5.75]),
        after=np.array([9.0, 8.0, 8.0, 5.75, 5.75]),
        slopes=np.array([0.0, 0.0, 0.0, -0.25, -0.5]),
    )
    quantities, prices, last = facing._falling(found)
    assert quantities.tolist() == [0.0, 0.5, 0.5, 0.5, 2.0, 2.0, 3.0]
    assert prices.tolist() == [9.0, 9.0, 8.5, 8.0, 8.0, 6.0, 5.75] and last == -0.5
    found.slopes[-1] = 1e-20  # but for rounding
    assert facing._falling(found)[2] == 0.0


@pytest.mark.parametrize("wants", [0.0, 4.0])
def test_a_line_that_goes_on_rising_or_on_which_nothing_is_wanted_is_left_as_it_is(wants):
    buyer = users("u", [0.5], [2.0 + wants], [1]).player(0)
    for last in (0.0, 0.5):
        line = np.array([0.0, 1.0]), np.array([1.0, 2.0]), last
        ended = facing._ended(line, buyer)
        if last > 0 or wants == 0:
            assert ended is line
        else:
            assert ended[0].tolist() == [0.0, 1.0, 9.0, 9.0] and ended[1].tolist() == [1.0, 2.0, 2.0, 12.0]
            assert ended[2] == 0.0


def test_where_no_more_can_be_had_a_line_ends_at_twice_the_dearest_worth_or_price(monkeypatch):
    game, y = crowd(), np.zeros(8)
    found = SimpleNamespace(ended=True, points=lambda: (np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]), 0.5))
    monkeypatch.setattr(facing, "_known", lambda *given: found)
    quantities, prices, last = facing.by_the_network(game, 0, 0, y)
    assert (quantities.tolist(), prices.tolist(), last) == ([0.0, 1.0, 2.0, 2.0], [1.0, 2.0, 3.0, 40.0], 0.0)
    found.points = lambda: (np.array([0.0, 2.0]), np.array([1.0, 33.0]), 0.5)
    assert facing.by_the_network(game, 0, 0, y)[1].tolist() == [1.0, 33.0, 66.0]
    found.ended = False
    assert facing.by_the_network(game, 0, 0, y)[2] == 0.5
    found.points = lambda: (np.array([0.0, 2.0]), np.array([1.0, 3.0]), -1e-20)  # but for rounding
    quantities, prices, last = facing.by_the_network(game, 0, 0, y)
    assert (quantities.tolist(), prices.tolist(), last) == ([0.0, 2.0], [1.0, 3.0], 0.0)


@pytest.mark.parametrize("high", [1e102, 1e300])
def test_where_a_function_vanishes_is_found_however_far_its_end_is(high):
    assert vanishing(lambda at: 1.0 if at < 3.0 else -1.0, 0.0, high) == pytest.approx(3.0, rel=1e-12)
