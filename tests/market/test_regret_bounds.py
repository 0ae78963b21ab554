"""What a certificate proves: that no purchase is regretted more than it says, against dense searches."""

from dataclasses import replace

import numpy as np
import pytest

from market.aggregator import certificate
from market.aggregator.allocation import split
from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.certificate import best_moves, case_of, searched_moves, worth
from market.aggregator.clearing import clear
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.one_peak import peaks_of
from market.aggregator.regret_bounds import (
    _next,
    _split,
    _walked,
    concave_bounds,
    fenced,
    interval_bounds,
    largest_multiplier,
    regret_bounds,
    spread,
)
from market.outcome import Status
from market.prices import Affine, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic
from tests.market.small_markets import KINKED, SMOOTH, market
from tests.shares import part_of

MARKETS = 300  # of some three players each
DENSE = 1001
STEPS = 10
ROUNDED = 1e-9  # of a payoff


def drawn(seed):
    """A random market, and purchases of which none need be best."""
    game = market(seed, KINKED if seed % 2 else SMOOTH).unmixed
    most = float(game.price.supply(game.highest_reservation))
    wanted = sum(float(np.sum(b.utility.demand(float(game.price.right_value(0.0)) * 1.01))) for b in game.blocks)
    y = np.random.default_rng([seed, 9]).uniform(0, 1, game.players) ** 2 * min(most, wanted, 1e12)
    return game, y / game.players


def most_regretted(game, y, x, k):
    """The highest regret of player k that a dense grid finds, None where there is nobody to serve."""
    player, outside = game.player(k), max(float(np.sum(y)) - y[k], 0.0)
    price = game.price.value(outside + y[k])
    wanted = float(np.sum(player.utility.demand(float(game.price.right_value(outside)))))
    grid = np.linspace(0, max(min(wanted, 1e15), y[k]), DENSE)
    grid = np.concatenate([grid, np.clip(game.price.kinks - outside, 0, None), y[k : k + 1]])
    if player.single:
        s = player.utility.surplus(game.price.value(outside + grid), grid)
        held = float(player.utility.surplus(price, y[k])[0])
        return (np.max(s) - held) / (held if held > 0 else float(worth(player.utility)[0]))
    case = case_of(game.price, player, np.array([outside]), y[k : k + 1], x)
    held, counted = case.measure[:2]
    if not np.any(counted) or (player.objective.literal and not np.all(counted)):
        return None
    return highest_of(case, grid)


def highest_of(case, grid):
    """The highest regret of a single player's purchases, each split anew."""
    player, (held, counted) = case.block, case.measure[:2]
    price = case.price(grid[:, None])
    bought = split(player, price, grid[:, None], 1e-9)
    surplus = player.utility.surplus(player.to_users(price), bought)
    return float(np.max(case.regret(np.where(counted, surplus, held))))


def test_no_purchase_is_regretted_more_than_is_proven():
    proven = players = 0
    for seed in range(part_of(MARKETS // 3)):
        game, y = drawn(seed)
        x = clear(game, y).x
        told = best_moves(game, y, x)
        for k in range(game.players):
            dense = most_regretted(game, y, x[game.rows_of(k)], k)
            if dense is None:
                continue
            players, proven = players + 1, proven + told.proven[k]
            sure = told.proven[k] and np.isfinite(told.regrets[k])
            assert not sure or dense <= told.regrets[k] + ROUNDED * max(1, abs(dense)), (seed, k)
    assert proven > 0.85 * players


def worths_apart(seed):
    """A case of a player of two users whose worths lie up to ten times apart, and quantities that may not be best."""
    rng = np.random.default_rng([seed, 11])
    b, log = 2.0 + np.array([1.0, 10 ** rng.uniform(0, 1)]), seed % 3 == 0
    users = Logarithmic(b, rng.uniform(0.1, 3, 2)) if log else Quadratic(rng.uniform(0.1, 1, 2), b)
    alpha = 0.0 if log else float(rng.choice([0.0, 1.0, 1.0, np.inf]))
    rule = (Linear(10 ** rng.uniform(-2, 0.5)), Affine(0.1, 0.3), Power(0.05, 2.0))[rng.integers(3)]
    player = Block("a", "aggregator", users, alpha, rng.choice([0.01, 0.3]), np.array([2]))
    outside = rng.choice([0.0, 0.5, 2.0], 1)
    y = np.atleast_1d(best_response(rule, player, float(outside[0])))
    x = split(player, rule.value(outside + y)[None], y[None])[0]
    x *= np.exp(rng.choice([0.0, 0.1, 1.0]) * rng.normal(size=2))
    return case_of(rule, player, outside, x.sum(keepdims=True), x), x


def test_no_purchase_is_worth_more_than_slopes_of_a_concave_sum_allow():
    told = []
    for seed in range(part_of(100)):
        case, x = worths_apart(seed)
        bound, dense = concave_bounds(case, x)[0], highest_of(case, 2 * x.sum() * np.linspace(0, 1, 51))
        assert dense <= bound + ROUNDED * max(1, abs(dense)), seed
        told += [bound - dense]
    assert np.mean(np.array(told) < 0.01) > 0.25  # tight enough to tell


@pytest.mark.parametrize("rule", [Power(0.05, 0.5), Piecewise([0, 3, 4], [0.0, 1.0, 1.1], 0.01)], ids=repr)
def test_a_price_that_bends_downwards_makes_no_concave_sum(rule):
    player = Block("a", "aggregator", Quadratic(np.array([0.5, 0.5]), np.array([9.0, 9.0])), 0.0, 0.0, np.array([2]))
    for price, sure in ((rule, False), (Affine(0.1, 0.3), True)):
        case = case_of(price, player, np.ones(1), np.full(1, 2.0), np.ones(2))
        assert np.isfinite(concave_bounds(case, np.ones(2))[0]) == sure


def test_a_sum_bends_down_less_than_its_utilities_by_the_least_eigenvalue_of_the_rest():
    """Of p'(w 1ᵀ + 1 wᵀ) beside the utilities' own w/D, players of three and two users."""
    rng = np.random.default_rng(4)
    bend, weight = 10 ** rng.uniform(-2, 2, (2, 5))
    block = Block("a", "aggregator", Quadratic(1 / bend, bend), 1.0, 0.01, np.array([3, 2]))
    least = []
    for rows in (slice(0, 3), slice(3, 5)):
        d, w = bend[rows], weight[rows]
        least += [np.linalg.eigvalsh((w[:, None] + w) * np.sqrt(np.outer(d / w, d / w)))[0]]
    np.testing.assert_allclose(spread(block, bend, weight), -np.array(least), rtol=1e-10)


def test_equilibria_are_proven():
    told = []
    for seed in range(part_of(MARKETS // 3)):
        try:
            found = solve(market(seed, SMOOTH, (1, 3)), prove=False)
        except PricedOut:
            continue
        told += [found.outcome.proven] if found.status == Status.SOLVED else []
    assert len(told) > 10
    assert np.mean(told) > 0.95


def interval(rule, outside, y, rng):
    """Ends of a random interval of purchases, for both fronts, without a kink inside, each shape (2, 1)."""
    low, high = np.sort(y * rng.uniform(0, 2, (2, 2, 1)), axis=0)
    kinks = np.append(rule.kinks, np.inf)
    return low, np.minimum(high, kinks[np.searchsorted(kinks, outside + low, side="right")] - outside)


def test_no_purchase_in_an_interval_is_worth_more_than_its_bound():
    """Whatever multiplier the plane is made of."""
    told = []
    for seed in range(part_of(MARKETS)):
        game, y = drawn(seed)
        player, rng = game.player(0), np.random.default_rng([seed, 10])
        outside, x = np.array([float(np.sum(y[1:]))]), clear(game, y).x[game.rows_of(0)]
        case = case_of(game.price, player, outside, y[:1], x)
        if player.single or not np.all(case.measure[1]) or y[0] == 0:
            continue
        low, high = interval(game.price, outside, y[:1], rng)
        z = np.repeat(largest_multiplier(case, y[:1], x)[None], 2, axis=0)
        for _ in range(STEPS):  # to that of the middle
            z = interval_bounds(case, low, (low + high) / 2, high, z)[1]
        z[1] += rng.uniform(-1, 1)
        bound = interval_bounds(case, low, (low + high) / 2, high, z)[0]
        grid = low + (high - low) * np.linspace(1e-9, 1, 51)
        price = case.price(grid.reshape(-1, 1))
        bought = split(player, price, grid.reshape(-1, 1), 1e-10)
        regrets = case.regret(player.utility.surplus(player.to_users(price), bought)).reshape(grid.shape)
        most, least = regrets.max(axis=1), bound[:, 0]
        assert np.all(most <= least + ROUNDED * np.maximum(1, np.abs(least))), seed
        known = np.isfinite(most)
        told += list(least[known] - most[known])
    assert np.mean(np.array(told) < 0.1) > 0.25  # tight enough to tell


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 6])
def test_the_multiplier_of_an_interval_s_middle_moves_as_its_slope_tells(seed):
    """Between two purchases beside each other, for each of three prices."""
    case, x = worths_apart(seed)
    y, near = x.sum() * np.array([[1.0], [0.6]]), 1e-5
    told = []
    for middle in (y * (1 - near), y, y * (1 + near)):
        z = np.repeat(largest_multiplier(case, y[0], x)[None], 2, axis=0)
        for _ in range(3 * STEPS):
            _, z, slope = interval_bounds(case, 0.9 * y, middle, 1.1 * y, z)
        told.append((z, slope))
    (below, _), (_, slope), (above, _) = told
    np.testing.assert_allclose(slope, (above - below) / (2 * near * y), rtol=1e-6)


@pytest.mark.parametrize("fair", [(0.0, 0.01), (1.0, 0.0)])
@pytest.mark.parametrize("exponent", [1.5, 4.0, 9.0])
def test_a_price_that_bends_upwards_hides_nothing_inside_an_interval(exponent, fair):
    """Its chord would: around a peak where users hardly answer prices the middle lies above both ends."""
    block = Block("a", "aggregator", Quadratic(np.array([5.0, 7.0]), np.array([60.0, 80.0])), *fair, np.array([2]))
    rule = Power(1.0, exponent)
    best = solve(Game(rule, (block,))).outcome
    case = case_of(rule, block, np.zeros(1), best.y, best.x)
    low, high = np.full((2, 1), 0.9 * best.y[0]), np.full((2, 1), 1.1 * best.y[0])
    z = np.repeat(largest_multiplier(case, best.y, best.x)[None], 2, axis=0)
    bound = interval_bounds(case, low, (low + high) / 2, high, z)[0]
    assert np.all(bound >= 0)  # at the middle, the peak, nothing is regretted
    assert np.all(bound < 0.1)


def two_peaked():
    """A player of a poor and a rich user under alpha = 1: its payoff peaks with both served, and with one."""
    users = Quadratic(np.array([0.05, 0.5]), np.array([2.2, 12.0]))
    rest = Block("rest", "direct", Quadratic(np.array([0.5]), np.array([9.0])), 0.0, 0.0, np.array([1]))
    return Game(Linear(0.3), (Block("a", "aggregator", users, 1.0, 0.01, np.array([2])), rest))


def test_a_lower_peak_is_not_proven_to_be_the_best():
    game = two_peaked()
    start = np.ones(1), np.full(1, 50.0)
    peaks = [float(peaks_of(game.price, game.blocks[0], *start, np.full(1, at)).total[0]) - 1 for at in (2.0, 18.0)]
    assert peaks[1] > peaks[0] + 1
    for y in [*peaks, *np.linspace(0.5, 20, 40)]:
        purchases = np.array([y, 1.0])
        x = clear(game, purchases).x
        case = case_of(game.price, game.blocks[0], purchases[1:], purchases[:1], x[:2])
        bound, proven = regret_bounds(case, purchases[:1], x[:2])
        dense = most_regretted(game, purchases, x[:2], 0)
        assert not proven[0] or bound[0] >= dense - ROUNDED
        assert proven[0] <= (dense <= 1e-9)


@pytest.mark.share
@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0, np.inf])
@pytest.mark.parametrize(
    "rule", [Linear(1e-3), Power(1e-6, 2.0), Power(0.05, 0.5), Piecewise([0, 300, 800], [0.0, 0.5, 3.0], 0.01)]
)
def test_the_proof_and_the_search_agree_on_an_equilibrium(alpha, rule):
    rng = np.random.default_rng(3)
    users = Quadratic(rng.uniform(0.1, 0.9, 60), rng.uniform(0, 10, 60))
    game = Game(rule, (Block("a", "aggregator", users, alpha, 0.01, np.array([20, 20, 20])),))
    outcome = solve(game).outcome
    assert outcome.proven and outcome.gap <= 1e-9
    outside = outcome.y.sum() - outcome.y
    found = searched_moves(case_of(rule, game.blocks[0], outside, outcome.y, outcome.x), outcome.y, 200)[0]
    assert np.all(found <= outcome.regrets + 1e-10)


def test_what_lies_beyond_the_last_interval_counts():
    """From nothing bought, and with much allowed, both fronts end at once, before the peak."""
    player = Block("a", "aggregator", Quadratic(np.array([0.5, 0.2]), np.array([8.0, 9.0])), 0.5, 0.01, np.array([2]))
    y, outside, x = np.zeros(1), np.ones(1), np.zeros(2)
    case = case_of(Linear(0.5), player, outside, y, x)
    bound, closed = _walked(case, y, largest_multiplier(case, y, x), 1e4)
    assert closed[0] and bound[0] >= highest_of(case, np.linspace(0, 20, DENSE)) > 10


def test_a_proof_that_does_not_close_leaves_what_the_search_found(monkeypatch):
    game = two_peaked()
    y = np.array([5.0, 1.0])
    x = clear(game, y).x
    sure = best_moves(game, y, x)
    unknown = lambda case, y, x, allowed=0.0: (np.zeros(len(y)), np.zeros(len(y), dtype=bool))  # noqa: E731
    monkeypatch.setattr(certificate, "regret_bounds", unknown)
    searched = best_moves(game, y, x)
    assert sure.proven[0] and not searched.proven[0]
    assert searched.regrets[0] <= sure.regrets[0] <= searched.regrets[0] * (1 + 1e-6) + 1e-6


@pytest.mark.parametrize("away", [0.0, 0.3, -0.3])
@pytest.mark.parametrize("alpha", [1.0, np.inf])
def test_a_split_from_a_multiplier_nearby_comes_near_the_purchase(alpha, away):
    """With a common surplus several steps are taken towards it, else one; the next multiplier is nearer in any case."""
    rng = np.random.default_rng(8)
    player = Block(
        "a", "aggregator", Quadratic(rng.uniform(0.1, 0.9, 6), rng.uniform(4, 9, 6)), alpha, 0.01, np.array([6])
    )
    y, price = np.array([[5.0], [2.0]]), np.full((2, 1), 1.5)
    x = split(player, price, y)
    case = case_of(Linear(0.1), player, np.array([10.0]), y[0], x[0])
    z = np.zeros((2, 1))
    for _ in range(30):
        z = _split(case, price, y, z)[2]
    found, margin, better, _ = _split(case, price, y, z + away)
    np.testing.assert_allclose(_split(case, price, y, z)[0], x, rtol=1e-6)
    assert np.max(np.abs(better - z)) <= 0.25 * abs(away) + 1e-9
    off = np.abs(found.sum(axis=1) - y[:, 0])
    assert np.all(off <= (0.01 if np.isinf(alpha) else 0.4) * y[:, 0]) and np.all(margin[found > 0] > 0)


def test_what_is_bought_for_whom_others_price_out_does_not_move_the_bound_of_the_rest():
    """Users of 9 and 7, and one who would pay 1.5 where the others alone make the price 2."""
    users = Quadratic(np.array([0.5, 0.4, 0.3]), np.array([9.0, 7.0, 1.5]))
    player = Block("a", "aggregator", users, 1.0, 0.3, np.array([3]))
    rule, outside, x = Affine(1.0, 0.1), np.array([10.0]), np.array([2.0, 1.5, 0.0])
    case = case_of(rule, player, outside, np.array([3.5]), x)
    rest = replace(player, utility=users.take([0, 1]), sizes=np.array([2]))
    without = case_of(rule, rest, outside, np.array([3.5]), x[:2])
    bound = concave_bounds(case, x)
    assert np.isfinite(bound[0]) and case.measure[1].tolist() == [True, True, False]
    np.testing.assert_allclose(bound, concave_bounds(without, x[:2]), rtol=1e-12)
    for more in (0.5, 3.0):
        np.testing.assert_array_equal(concave_bounds(case, x + np.array([0.0, 0.0, more])), bound)
    least = concave_bounds(case, np.array([-1.0, 1.5, 0.0]))  # no quantity is below none or beyond what is wanted
    np.testing.assert_array_equal(least, concave_bounds(case, np.array([0.0, 1.5, 0.0])))
    most = users.demand(2.0)
    np.testing.assert_array_equal(
        concave_bounds(case, np.array([99.0, 1.5, 0.0])), concave_bounds(case, np.array([most[0], 1.5, 0.0]))
    )


def test_a_case_of_some_players_is_that_of_each():
    rng = np.random.default_rng(2)
    users = Quadratic(rng.uniform(0.1, 0.9, 6), rng.uniform(4, 9, 6))
    player = Block("a", "aggregator", users, 1.0, 0.3, np.array([2, 3, 1]))
    outside, y, x = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 1.0]), np.array([1.0, 1.0, 1.0, 0.5, 1.5, 1.0])
    case = case_of(Linear(0.2), player, outside, y, x)
    assert case.only(np.ones(3, dtype=bool)) is case
    some = case.only(np.array([True, False, True]))
    rows = [0, 1, 5]
    assert some.outside.tolist() == [1.0, 3.0] and some.block.sizes.tolist() == [2, 1]
    for one, whole in zip(some.measure[:4], case.measure[:4], strict=True):
        np.testing.assert_array_equal(one, whole[rows])
    np.testing.assert_array_equal(some.price(y[[0, 2]]), case.price(y)[[0, 2]])
    np.testing.assert_allclose(case.price(y), 0.2 * (outside + y))
    best = (users.b - np.repeat(case.price(y), [2, 3, 1])) ** 2 / (4 * users.a)
    np.testing.assert_allclose(case.most(case.price(y)), best)
    assert not np.any(case.most(np.full(3, 99.0)))
    better = case.measure[0] + 1.0
    np.testing.assert_allclose(some.regret(better[rows]), case.regret(better)[[0, 2]])


@pytest.mark.parametrize("rule", [Linear(0.5), Piecewise([0, 4, 6, 9], [0.5, 1.0, 3.0, 3.5], 1.0)], ids=repr)
def test_the_next_interval_ends_a_step_further_or_at_a_kink_or_none_before_that(rule):
    users = Quadratic(np.array([0.5] * 4), np.array([9.0] * 4))
    player = Block("a", "aggregator", users, 1.0, 0.3, np.array([2, 2]))
    outside = np.array([1.0, 3.0])
    case = case_of(rule, player, outside, np.ones(2), np.full(4, 0.5))
    rng = np.random.default_rng(1)
    for _ in range(40):
        at, step = rng.uniform(0, 9, (2, 2)), rng.uniform(0, 5, (2, 2)) * [[-1.0], [1.0]]
        found = _next(case, at, step)
        for (row, j), here in np.ndenumerate(at):
            there = max(here + step[row, j], 0.0)
            kinks = [kink - outside[j] for kink in rule.kinks]
            if row:
                there = min([there, *(kink for kink in kinks if kink > here)])
            else:
                there = max([there, *(kink for kink in kinks if 0 <= kink < here)])
            assert found[row, j] == pytest.approx(there)
    if len(rule.kinks):  # from a kink on to the next one
        at, step = np.array([[5.0, 3.0], [3.0, 1.0]]), np.array([[-9.0], [9.0]])
        assert _next(case, at, step).tolist() == at[::-1].tolist()


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 3.0, np.inf])
@pytest.mark.parametrize(("energy", "money"), [(1e-4, 1e2), (1e4, 1e-2)])
def test_bounds_of_regrets_are_the_same_in_any_units(alpha, energy, money):
    """Two players, one of whom holds too much, at a straight, a bent and a broken price; and those of an interval."""
    rng = np.random.default_rng(12)
    a, b = rng.uniform(0.2, 0.9, 6), rng.uniform(3, 9, 6)
    outside, y = np.array([2.0, 1.0]), np.array([4.0, 1.5])

    def bounds(e, m, make):
        rule, users = make(e, m), Quadratic(a * m / e, b * m)
        player = Block("a", "aggregator", users, alpha, 0.1 * m * e, np.array([3, 3]))
        x = split(player, rule.value((outside + y) * e)[None], y[None] * e)[0]
        case = case_of(rule, player, outside * e, y * e, x)
        z = largest_multiplier(case, y * e, x)
        low, high = np.tile(y * e * 0.9, (2, 1)), np.tile(y * e * 1.05, (2, 1))
        near, better, slope = interval_bounds(case, low, (low + high) / 2, high, np.tile(z, (2, 1)))
        whole, proven = regret_bounds(case, y * e, x)
        return concave_bounds(case, x), near, whole, proven, slope * e, better - z

    for make in (
        lambda e, m: Affine(0.3 * m, 0.2 * m / e),
        lambda e, m: Power(0.05 * m / e**2, 2.0),
        lambda e, m: Piecewise(np.array([0.0, 4.0, 9.0]) * e, np.array([0.0, 1.0, 2.0]) * m, 0.5 * m / e),
    ):
        for one, other in zip(bounds(energy, money, make), bounds(1.0, 1.0, make), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("alpha", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("away", [0.98, 0.999, 1.001, 1.02])
def test_intervals_that_close_prove_no_less_than_is_gained_beside_the_peak(alpha, away):
    rng = np.random.default_rng([int(20 * alpha), 5])
    users = Quadratic(rng.uniform(0.2, 1, 4), rng.uniform(3, 9, 4))
    rule, player, outside = Linear(0.3), Block("a", "aggregator", users, alpha, 0.01, np.array([4])), np.array([1.0])
    best = np.atleast_1d(best_response(rule, player, 1.0))
    y = best * away
    x = split(player, rule.value(outside + y)[None], y[None])[0]
    case = case_of(rule, player, outside, y, x)
    most, allowed = np.maximum(player.wanted(case.price(y)), y), np.array([0.01])
    bound, closed = fenced(case, y, most, largest_multiplier(case, y, x), allowed, allowed)
    gained = highest_of(case, best * np.linspace(0.99, 1.01, 21))
    assert closed[0] and 0 < gained <= bound[0] <= 0.01


@pytest.mark.parametrize("away", [0.3, 0.8, 1.7])
def test_at_a_flat_price_one_users_bound_is_its_regret_itself(away):
    """From any quantity: the best of a parabola is known."""
    a, b, price = 0.5, 3.0, 0.4
    player = Block("a", "large", Quadratic(np.array([a]), np.array([b])), 0.0, 0.0, np.array([1]))
    x = np.array([away * (b - price) / (2 * a)])
    case = case_of(Affine(price, 0.0), player, np.ones(1), x, x)
    best = np.array([(b - price) ** 2 / (4 * a)])
    assert concave_bounds(case, x)[0] == pytest.approx(float(case.regret(best)[0]), rel=1e-12)
    assert float(case.regret(best)[0]) > 0.01


def test_a_proof_that_walks_down_to_nothing_makes_no_number_too_large():
    """Where a max-min player's purchases hardly fall with its multiplier, at steps of a fleet's price."""
    outcome = solve(market(1054, KINKED, (1, 4))).outcome
    assert outcome.proven and 0 < outcome.gap < np.inf
