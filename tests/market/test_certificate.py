"""The certificate fails what is no equilibrium, by as much as a player gains by moving."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from market.aggregator import certificate
from market.aggregator.allocation import split
from market.aggregator.best_response import best_response
from market.aggregator.certificate import aggregator_moves, gap
from market.aggregator.clearing import clear
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.second_split import second_split
from market.outcome import Status
from market.prices import Dispatch, Linear, Piecewise
from market.utilities import Logarithmic, Quadratic
from tests.shares import part_of

RANDOM = settings(
    max_examples=part_of(20),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
ALPHAS = (0.0, 0.3, 0.75, 1.0, 2.0, 5.0, 30.0, np.inf)


def game_of(alpha, offset=0.01, seed=0):
    rng = np.random.default_rng(seed)
    blocks = [
        Block(
            "small",
            "aggregator",
            Quadratic(rng.uniform(0.1, 0.9, 8), rng.uniform(6, 10, 8)),
            alpha,
            offset,
            np.array([3, 5]),
        ),
        Block("large", "large", Quadratic(np.array([0.5]), np.array([8.0])), 0.0, 0.0, np.array([1])),
    ]
    return Game(Linear(0.2), tuple(blocks))


def regrets_by_brute_force(brute, game, y, x):
    stops = np.cumsum([0] + [int(size) for block in game.blocks for size in block.sizes])
    return [
        brute.regret(game.price, game.player(j), y.sum() - y[j], y[j], x=x[stops[j] : stops[j + 1]])
        for j in range(len(y))
    ]


@pytest.mark.share
@pytest.mark.parametrize("factors", [(1.0, 1.0, 0.8), (1.3, 1.0, 1.0), (1.0, 0.7, 1.0), (0.9, 1.1, 1.05)])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_perturbed_purchases_are_regretted_as_much_as_brute_force_finds(brute, alpha, factors):
    game = game_of(alpha)
    y = solve(game).outcome.y * np.array(factors)
    x = clear(game, y).x
    largest, regrets = gap(game, y, x)
    assert largest == regrets.max() > 1e-5
    np.testing.assert_allclose(np.maximum(regrets, 0), regrets_by_brute_force(brute, game, y, x), rtol=1e-3, atol=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS[1:])
def test_a_right_purchase_split_wrongly_is_regretted(alpha):
    game = game_of(alpha)
    outcome = solve(game).outcome
    x = outcome.x.copy()
    served = np.flatnonzero(x[:8] > 0)[:2]
    moved = 0.2 * x[served[0]]
    x[served[0]] -= moved
    x[served[1]] += moved
    assert gap(game, outcome.y, outcome.x)[0] <= 1e-6 < gap(game, outcome.y, x)[0]


def test_a_lower_peak_is_caught():
    block = Block(
        "A", "aggregator", Quadratic(np.array([0.8, 0.55] * 2), np.array([0.85, 9] * 2)), 0.75, 0.0, np.array([2, 2])
    )
    game = Game(Linear(1.0), (block,))
    y = np.full(2, 0.762294 / 2)
    assert gap(game, y, clear(game, y).x)[0] == pytest.approx(0.94, abs=0.005)


def test_a_valley_is_caught():
    block = Block("A", "aggregator", Quadratic(np.array([0.8, 0.55]), np.array([0.85, 9.0])), 0.75, 0.0, np.array([2]))
    game = Game(Linear(1.0), (block,))
    for y, payoff in ((0.65, 7.1446), (0.85, 6.39426)):
        x = split(block, np.array([y]), np.array([[y]]))[0]
        served = np.maximum(block.utility.surplus(y, x), 0)
        unit = served[served > 1e-12] ** 0.25
        assert gap(game, np.array([y]), x)[0] == pytest.approx((7.60472 - payoff) / unit.sum(), abs=3e-4)


def test_a_lower_peak_of_a_single_user_is_caught():
    game = Game(
        Piecewise([0, 1], [0, 10], 0.01),
        (Block("u", "large", Quadratic(np.array([0.5]), np.array([20.0])), 0.0, 0.0, np.array([1])),),
    )
    y = np.array([20 / 21])
    assert gap(game, y, y)[0] == pytest.approx(49.1177 / 9.5238 - 1, abs=1e-4)


@pytest.mark.parametrize("alpha", [1.0, 2.0, 50.0])
def test_an_objective_of_minus_infinity_is_regretted_without_end(alpha):
    game = game_of(alpha, offset=0.0)
    y = np.array([18.0, 18.0, 18.0])
    assert np.isinf(gap(game, y, clear(game, y).x)[0])


@pytest.mark.parametrize("alpha", [5.0, 30.0, 50.0])
def test_users_priced_out_do_not_hide_a_regret(alpha):
    block = Block(
        "A", "aggregator", Quadratic(np.array([0.5] * 3), np.array([9.0, 8.0, 0.5])), alpha, 0.01, np.array([3])
    )
    other = Block("B", "direct", Quadratic(np.array([0.5]), np.array([6.0])), 0.0, 0.0, np.array([1]))
    game = Game(Linear(1.0), (block, other))
    outcome = solve(game).outcome
    y = outcome.y * np.array([1.05, 1.0])
    assert outcome.gap <= 1e-6 < gap(game, y, clear(game, y).x)[0]


@pytest.mark.parametrize("alpha", [0.0, 1.0, 1e3, np.inf])
def test_a_user_priced_out_beside_one_of_a_huge_worth_divides_by_nothing(alpha):
    """Two players at p = Y of whose users only those of U = bx − x²/2 buy: b − y − 2y = y."""
    block = Block("A", "aggregator", Quadratic(np.full(2, 0.5), np.array([3.0, 1e9])), alpha, 0.01, np.array([2]))
    other = Block("B", "direct", Quadratic(np.array([0.5]), np.array([1e9])), 0.0, 0.0, np.array([1]))
    solution = solve(Game(Linear(1.0), (block, other)))
    assert solution.status is Status.SOLVED and solution.outcome.gap < 1e-8
    assert solution.outcome.y == pytest.approx(np.full(2, 1e9 / 4), rel=1e-6)


@RANDOM
@given(data=st.data())
def test_no_profile_is_regretted_less_than_brute_force_finds(brute, markets, data):
    game = data.draw(markets.games(most_players=3, decades=(-2, 2), costs=(-3, 1)))
    y = np.array([data.draw(st.floats(0.01, 3)) for _ in range(game.players)])
    x = clear(game, y).x
    assume(np.all(clear(game, y).s >= 0))
    found, expected = gap(game, y, x)[1], np.array(regrets_by_brute_force(brute, game, y, x))
    small = expected < 1e6
    assert np.all(np.maximum(found, 0)[small] >= expected[small] * (1 - 5e-3) - 1e-7)


@pytest.mark.parametrize("start", [0.0, 0.01])
def test_a_user_who_would_buy_at_any_price_is_searched_where_it_matters(brute, start):
    rule = Dispatch([0.3], [0.1], [start], cap=0.06 + start)
    users = Logarithmic(np.array([1.0, 2.0]), np.array([2.0, 1.0]))
    for sizes in ([1, 1], [2]):
        game = Game(rule, (Block("log", "aggregator", users, 0.5, 0.01, np.array(sizes)),))
        y = np.full(len(sizes), 1.0)
        x = clear(game, y).x
        expected = regrets_by_brute_force(brute, game, y, x)
        np.testing.assert_allclose(gap(game, y, x)[1], expected, rtol=1e-3)
        assert min(expected) > 0.1


@pytest.mark.parametrize("least", [1e-3, 150.0])
def test_max_min_among_users_without_satiation_is_searched_down_to_no_price(least):
    """Nothing bought by anybody means no price, at which such users want energy without end."""
    users = Logarithmic(np.array([46.0, 0.035, 0.97]), np.array([least, 200.0, 1e5]))
    game = Game(Linear(0.5), (Block("poor", "aggregator", users, np.inf, 1e-6, np.array([3])),))
    y = np.array([best_response(game.price, game.player(0), 0.0)])
    assert 0 <= gap(game, y, split(game.player(0), game.price.value(y), y[None])[0])[0] <= 1e-6
    assert gap(game, y / 2, split(game.player(0), game.price.value(y / 2), y[None] / 2)[0])[0] > 1e-3


def test_max_min_is_searched_where_surpluses_are_huge_beside_what_is_left_of_them():
    rich = Quadratic(np.full(3, 35.0), 35.0 * np.array([6e8, 5e8, 0.04]))
    game = Game(Linear(0.1), (Block("rich", "aggregator", rich, np.inf, 0.01, np.array([2, 1])),))
    assert np.isfinite(gap(game, np.array([3e8, 0.0]), np.array([1.5e8, 1.5e8, 0.0]))[0])


def no_equilibrium(alpha, offset=0.01):
    blocks = [
        Block(name, "aggregator", Quadratic(np.array(a), np.array(b)), alpha, offset, np.array([2]))
        for name, a, b in (("A", [0.8, 0.55], [0.85, 9.0]), ("B", [1.0, 1.0], [3.7, 3.7]))
    ]
    return Game(Linear(1.0), tuple(blocks))


@pytest.mark.share
@pytest.mark.parametrize("alpha", [300.0, 1e3, 1e4, 1e6, 1e9, 1e29, 1e300])
def test_a_large_alpha_ends_as_max_min_does(alpha):
    limit = solve(no_equilibrium(np.inf)).outcome
    found = solve(no_equilibrium(alpha))
    assert found.status in (Status.NO_EQUILIBRIUM, Status.NOT_FOUND)  # the second where bounds do not close
    assert found.outcome.gap == pytest.approx(limit.gap, rel=2 / alpha)
    player = no_equilibrium(alpha).player(0)
    best = best_response(Linear(1.0), no_equilibrium(np.inf).player(0), 0.2)
    assert best_response(Linear(1.0), player, 0.2) == pytest.approx(best, rel=0.2 / alpha + 1e-12)


@pytest.mark.share
@pytest.mark.parametrize("alpha", [0.3, 1.0, 5.0, 30.0, 1e3, 1e6])
def test_an_offset_beyond_all_surpluses_hides_no_regret(alpha):
    """Φ then is Σ s but for a factor: the regret is the share of welfare lost, at alpha = 0 and offset 0 the same."""
    y = np.array([2.0, 0.3])
    welfare = no_equilibrium(0.0, 0.0)
    lost = gap(welfare, y, clear(welfare, y).x)[1]
    shares = []
    for offset in (1e9, 1e12):
        game = no_equilibrium(alpha, offset)
        shares.append(gap(game, y, clear(game, y).x)[1])
        nothing = gap(game, np.zeros(2), np.zeros(4))[0]
        assert 0.01 < nothing < 10
    np.testing.assert_allclose(shares[0], shares[1], rtol=1e-2)
    assert np.all((shares[0] > 0.1 * lost) & (shares[0] <= lost * (1 + 1e-6)))


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_who_buys_nothing_and_could_gain_regrets_it_in_any_unit_of_money(unit):
    block = Block("a", "direct", Quadratic(np.array([0.5 * unit]), np.array([4.0 * unit])), 0.0, 0.0, np.array([1]))
    pair = Block("b", "aggregator", Quadratic(np.full(2, unit), np.full(2, 3 * unit)), 0.5, 0.0, np.array([2]))
    regrets = gap(Game(Linear(unit), (block, pair)), np.zeros(2), np.zeros(3))[1]
    np.testing.assert_allclose(regrets, gap(scale_one(block, pair, unit), np.zeros(2), np.zeros(3))[1], rtol=1e-6)
    assert np.all(regrets > 0.1)


def scale_one(block, pair, unit):
    blocks = (replace(b, utility=Quadratic(b.utility.a / unit, b.utility.b / unit)) for b in (block, pair))
    return Game(Linear(1.0), tuple(blocks))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_what_is_bought_for_users_whom_others_price_out_is_regretted_by_what_it_loses(alpha):
    """At p = Y with 10 bought by others nobody gains by more; two who hold 1 each pay 12 for b − a = 4 and 6."""
    block = Block("A", "aggregator", Quadratic(np.array([1.0, 2.0]), np.array([5.0, 8.0])), alpha, 0.01, np.array([2]))
    outside, held = np.array([10.0]), np.ones(2)
    found = certificate.aggregator_moves(Linear(1.0), block, outside, np.array([2.0]), held, 50)[0]
    assert found == pytest.approx([(12 - 4) + (12 - 6)])
    nothing = certificate.aggregator_moves(Linear(1.0), block, outside, np.array([0.0]), 0 * held, 50)[0]
    assert nothing == pytest.approx([0.0], abs=1e-12)


def test_players_are_judged_the_same_in_one_group_or_in_several():
    """One user in a group of larger players maximises its surplus, also without an offset."""
    a, b = np.array([0.5, 0.5, 0.5]), np.array([18.0, 19.0, 5.0])
    big = Block("big", "large", Quadratic(np.array([0.1]), np.array([20.0])), 0.0, 0.0, np.array([1]))
    for alpha, offset in ((1.0, 0.0), (2.0, 0.01), (np.inf, 0.0)):
        one = [Block("A", "aggregator", Quadratic(a, b), alpha, offset, np.array([2, 1]))]
        two = [
            Block("A1", "aggregator", Quadratic(a[:2], b[:2]), alpha, offset, np.array([2])),
            Block("A2", "aggregator", Quadratic(a[2:], b[2:]), alpha, offset, np.array([1])),
        ]
        found = [solve(Game(Linear(1.0), (*blocks, big))) for blocks in (one, two)]
        assert found[0].status == found[1].status == Status.SOLVED
        np.testing.assert_array_equal(found[0].outcome.x, found[1].outcome.x)
        np.testing.assert_array_equal(found[0].outcome.regrets, found[1].outcome.regrets)
        y = np.array([4.0, 0.2, 5.0])
        games = [Game(Linear(1.0), (*blocks, big)) for blocks in (one, two)]
        regrets = [gap(game, y, clear(game, y).x)[1] for game in games]
        np.testing.assert_array_equal(*regrets)
        assert np.all(np.isfinite(regrets))


def test_neighbours_who_answer_alike_are_one_block_and_have_the_bits_of_each():
    rng, sizes, offsets = np.random.default_rng(3), (7, 5, 6), (0.01, 0.01, 0.5)
    blocks = [
        Block(
            f"A{k}", "aggregator", Quadratic(rng.uniform(0.1, 0.9, n), rng.uniform(4, 10, n)), 1.0, least, np.array([n])
        )
        for k, (n, least) in enumerate(zip(sizes, offsets, strict=True))
    ]
    y, apart = np.array([12.5, 4.0, 8.5]), [0, 2, 1]  # their sums are exact, in any order
    game, other = Game(Linear(0.05), (*blocks,)), Game(Linear(0.05), tuple(blocks[k] for k in apart))
    assert [block.players for block in game.merged.blocks] == [2, 1] and other.merged is other
    outcome, alone = clear(game, y), clear(other, y[apart])
    np.testing.assert_array_equal(outcome.x, np.concatenate([alone.x[:7], alone.x[13:], alone.x[7:13]]))
    regrets = gap(game, y, outcome.x)[1]
    np.testing.assert_array_equal(regrets, gap(other, y[apart], alone.x)[1][apart])
    assert np.all(regrets > 0) and len(set(regrets)) == 3


def test_max_min_counts_its_offset_beside_the_least_surplus():
    block = Block("A", "aggregator", Quadratic(np.array([0.7, 0.2]), np.array([4.0, 3.0])), np.inf, 0.01, np.array([2]))
    game = Game(Linear(0.001), (block,))
    best = solve(game).outcome
    assert gap(game, np.zeros(1), np.zeros(2))[0] == pytest.approx(best.s.min() / 0.01, rel=1e-6)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("form", [Quadratic, Logarithmic])
def test_two_roads_split_a_purchase_alike(form, alpha):
    rng = np.random.default_rng(5)
    block = Block("A", "aggregator", form(rng.uniform(1, 4, 9), rng.uniform(2, 6, 9)), alpha, 0.01, np.array([4, 5]))
    price = np.array([[0.3, 0.5], [0.9, 0.2]])
    y = block.by_player(np.add, block.utility.demand(block.to_users(price))) * np.array([[0.3, 0.7], [0.95, 0.05]])
    one, other = (road(block, price, y) for road in (split, second_split))
    np.testing.assert_allclose(block.by_player(np.add, other), y, rtol=1e-12)
    least = [block.by_player(np.minimum, block.utility.surplus(block.to_users(price), x)) for x in (one, other)]
    np.testing.assert_allclose(*least, atol=1e-7)
    if alpha < np.inf:
        np.testing.assert_allclose(other, one, atol=1e-7)


def test_the_second_split_leaves_what_is_no_question():
    block = game_of(1.0).blocks[0]
    assert np.all(np.isnan(second_split(block, np.array([[1.0, 1.0]]), np.array([[0.0, 1e6]]))))


@pytest.mark.parametrize("alpha", ALPHAS[1:])
def test_a_split_wrong_in_solver_and_search_alike_is_regretted(alpha, monkeypatch):
    game = game_of(alpha)
    y = solve(game).outcome.y

    def by_demand(block, price, y, precision=0.0):
        if block.single:
            return y.copy()
        demand = block.utility.demand(block.to_users(price))
        return demand * block.to_users(y / block.by_player(np.add, demand))

    monkeypatch.setattr(certificate, "split", by_demand)
    price = game.price.value(y.sum())
    x = [
        by_demand(block, np.full((1, block.players), price), y[None, part])[0]
        for block, part in zip(game.blocks, game.player_slices, strict=True)
    ]
    assert gap(game, y, np.concatenate(x))[0] > 1e-6


@pytest.mark.share
@pytest.mark.parametrize("alpha", [1.0, 2.0, 150.0])
@pytest.mark.parametrize("money", [1e-9, 1.0, 1e9])
def test_a_purchase_that_leaves_minus_infinity_gains_more_than_any_number(alpha, money):
    """Without an offset one user unserved is minus infinity, in any unit of money."""
    users = Quadratic(np.array([0.5, 0.5]) * money, np.array([3.0, 9.0]) * money)
    game = Game(Linear(money), (Block("A", "aggregator", users, alpha, 0.0, np.array([2])),))
    unserved = np.array([4.0])  # at a price above the first user's reservation price
    assert gap(game, unserved, clear(game, unserved).x)[0] == np.inf
    assert solve(game).outcome.gap <= 1e-9


def test_a_regret_is_searched_for_beside_a_player_who_is_content():
    rng, outside, rule = np.random.default_rng(0), np.array([3.0, 3.0]), Linear(0.2)
    users = Quadratic(rng.uniform(0.1, 0.9, 6), rng.uniform(2, 9, 6))
    block = Block("A", "aggregator", users, 2.0, 0.01, np.array([3, 3]))
    y = np.array([1.0, 0.5]) * [best_response(rule, block.player(j), 3.0) for j in (0, 1)]
    x = split(block, rule.value(outside + y)[None], y[None])[0]
    both = aggregator_moves(rule, block, outside, y, x, 65)
    alone = aggregator_moves(rule, block.player(1), outside[1:], y[1:], x[3:], 65)
    assert both.regrets[0] < 1e-9 and both.proven[0]
    assert both.regrets[1] == pytest.approx(alone.regrets[0], rel=1e-9)
    assert both.purchases[1] == pytest.approx(2 * y[1], rel=1e-3)


@pytest.mark.parametrize("rule", [Linear(0.2), Piecewise([0, 2, 2, 6], [0.5, 1.0, 2.0, 2.5], 3.0)], ids=repr)
def test_price_takers_buy_just_what_they_want_at_the_price_that_makes_or_all_there_is(rule):
    rng, sizes = np.random.default_rng(7), np.array([2, 3, 1])
    players = Block("A", "aggregator", Quadratic(rng.uniform(0.1, 0.9, 6), rng.uniform(3, 9, 6)), 1.0, 0.01, sizes)
    for outside in (np.zeros(3), np.array([0.5, 3.0, 40.0])):
        found = certificate.price_taking(rule, outside, players.wanted, np.full(3, 1e3))
        for j, y in enumerate(found):
            one = players.player(j)
            excess = [float(one.wanted(np.atleast_1d(rule.value(outside[j] + at)))[0]) - at for at in (y * 0.999, y)]
            assert excess[0] >= -1e-9 and excess[1] <= 1e-9
        few = certificate.price_taking(rule, outside, players.wanted, np.full(3, 0.01))
        np.testing.assert_allclose(few, np.minimum(found, 0.01), rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 9])
def test_reservation_prices_looked_at_are_evenly_spread_over_each_players_sorted_ones(most):
    rng, sizes = np.random.default_rng(2), [4, 1, 5]
    prices = rng.permutation(10) + 1.0
    players = Block("A", "aggregator", Quadratic(np.ones(10), prices), 1.0, 0.01, np.array(sizes))
    found = certificate._some_reservations(players, most)
    for j, rows in enumerate((slice(0, 4), slice(4, 5), slice(5, 10))):
        known = np.sort(prices[rows])
        even = [known[round(k * (len(known) - 1) / max(min(most, 5) - 1, 1))] for k in range(min(most, 5))]
        assert found[:, j].tolist() == even


def test_a_peak_is_looked_for_around_the_three_best_points_of_each_player():
    """The second player's grid is another, and none of its three peaks is at a point of it."""
    peaks = np.array([[0.32, 0.61, 0.87], [3.2, 6.1, 8.7]])

    def payoff(grid):
        away = np.abs(grid[:, None] - peaks.T) / [1.0, 10.0]
        return np.max([0.9, 1.0, 0.95] - np.moveaxis(away, 1, 2), axis=2)

    grid = np.linspace(0, 1, 11)[:, None] * [1.0, 10.0]
    finer, value = certificate._zoomed(payoff, grid, payoff(grid), 1)
    assert np.all(np.diff(finer, axis=0) >= 0)
    np.testing.assert_array_equal(value, payoff(finer))
    for j in (0, 1):
        for peak in peaks[j]:
            assert np.min(np.abs(finer[:, j] - peak)) <= 0.011 * peaks[j, 0] / 0.32
    assert np.all(value.max(axis=0) >= payoff(grid).max(axis=0))


@pytest.mark.parametrize("bump", [0.44, 0.54])
def test_a_peak_is_looked_for_on_both_sides_of_points_worth_the_same(bump):
    def payoff(grid):
        return np.maximum(-np.maximum(np.abs(grid - 0.5) - 0.11, 0.0), 1 - np.abs(grid - bump) / 0.02)

    grid = np.linspace(0, 1, 11)[:, None]
    assert payoff(grid).max() == 0
    assert certificate._zoomed(payoff, grid, payoff(grid), 1)[1].max() > 0.4


@pytest.mark.parametrize("bump", [0.02, 0.06, 0.18])
def test_all_of_the_way_between_the_neighbours_of_a_peak_is_looked_at(bump):
    def payoff(grid):
        return -np.abs(grid - 0.1) + 5 * np.maximum(1 - np.abs(grid - bump) / 0.01, 0.0)

    grid = np.linspace(0, 1, 11)[:, None]
    assert certificate._zoomed(payoff, grid, payoff(grid), 1)[1].max() > 4


def test_the_end_of_a_players_grid_is_kept_where_it_is_best():
    grid = np.linspace(0, 1, 11)[:, None] * np.ones(2)
    payoff = lambda grid: grid * [1.0, -1.0]  # noqa: E731
    finer, value = certificate._zoomed(payoff, grid, payoff(grid), 1)
    assert value.max(axis=0).tolist() == [1.0, 0.0] and finer.max() == 1.0


@pytest.mark.parametrize("parts", [1, 3, 1 << 18])
def test_a_grid_in_parts_is_the_grid(parts, monkeypatch):
    monkeypatch.setattr(certificate, "MOST_NODES", parts)
    grid = np.random.default_rng(0).random((10, 2))
    asked = []
    value = certificate._in_parts(lambda some: asked.append(len(some)) or some**2, grid, 2)
    np.testing.assert_array_equal(value, grid**2)
    assert max(asked) <= max(parts // 2, 1)


def test_a_grid_holds_both_sides_of_every_reservation_price_and_kink_and_of_the_present_purchase():
    rule = Piecewise([0, 2, 6], [0.5, 1.0, 4.0], 3.0)
    users = Quadratic(np.array([0.5, 0.3, 0.4, 0.2]), np.array([3.0, 2.0, 6.0, 0.2]))
    players = Block("A", "aggregator", users, 1.0, 0.01, np.array([2, 2]))
    outside, y = np.array([1.0, 0.5]), np.array([0.7, 1.3])
    grid = certificate._grid(rule, players, outside, y, 1000)
    assert np.all(np.diff(grid, axis=0) >= 0) and np.all(grid[0] == 0)
    for j, rows in enumerate((slice(0, 2), slice(2, 4))):
        most = grid[-1, j]
        assert players.player(j).wanted(np.atleast_1d(rule.value(outside[j] + most)))[0] <= most * (1 + 1e-9)
        for mark in [*(rule.supply(users.b[rows]) - outside[j]), *(rule.kinks - outside[j]), y[j]]:
            if 0 < mark < most:
                away = (grid[:, j] - mark) / mark
                for side in (away[away < 0], -away[away > 0]):
                    assert -1e-5 < np.max(side) < 0
                assert np.min(np.abs(away)) < 1e-12
        assert np.max(np.diff(grid[:, j])) <= most / 64 * (1 + 1e-9)
        assert np.sum((grid[:, j] > 0) & (grid[:, j] < most / 100)) >= 3


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0, np.inf])
@pytest.mark.parametrize(("energy", "money"), [(1e-5, 1e2), (1e5, 1e-2)])
def test_splits_and_what_a_search_finds_are_the_same_in_any_units(alpha, energy, money):
    a, b = np.array([0.5, 0.2, 0.4, 0.6, 0.3]), np.array([3.0, 8.0, 5.0, 0.4, 6.0])
    outside, y = np.array([2.0, 1.0]), np.array([9.0, 1.5])

    def found(e, m):
        rule = Piecewise(np.array([0.0, 4.0, 9.0]) * e, np.array([0.5, 1.0, 2.0]) * m, 0.5 * m / e)
        block = Block("a", "aggregator", Quadratic(a * m / e, b * m), alpha, 0.1 * m * e, np.array([3, 2]))
        price = rule.value((outside + y) * e)[None]
        x = second_split(block, price, y[None] * e)
        case = certificate.case_of(rule, block, outside * e, y * e, x[0])
        regrets, best = certificate.searched_moves(case, y * e, 60)
        grid = certificate._grid(rule, block, outside * e, y * e, 60)
        return x / e, regrets, best / e, grid / e

    known = found(1.0, 1.0)
    for one, other in zip(found(energy, money), known, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert np.all(known[1] > 0)
