"""Equilibria: the published table, the counter-examples, other roads to the same point, and what must not matter."""

from dataclasses import replace
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from market.aggregator import equilibrium
from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.certificate import gap
from market.aggregator.clearing import clear
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.outcome import Status
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
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


def aggregators(a, b, alpha, offset, sizes, name="small"):
    utility = Quadratic(np.array(a, dtype=float), np.array(b, dtype=float))
    return Block(name, "aggregator", utility, alpha, offset, np.array(sizes))


def direct(a, b, name="direct"):
    return aggregators(a, b, 0.0, 0.0, np.ones(len(a), int), name)


# The paper's markets: means over seeds 0 to 11


def market(seed, aggregation, size=200.0):
    """200 small users, alone or beside one large user, in aggregators (alpha, players) of equal size, or direct."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.1, 0.9, 200), rng.uniform(0, 10, 200)
    large = () if size is None else (direct([0.5], [0.5 * (size if size != "all" else np.sum(b / a))], "large"),)
    if aggregation is None:
        return Game(Linear(0.001), (direct(a, b), *large))
    blocks, cut = [], 200 // len(aggregation)
    if len(set(aggregation)) == 1:
        blocks = [aggregators(a, b, aggregation[0], 0.01, [cut] * len(aggregation))]
    else:
        rows = [slice(k * cut, (k + 1) * cut) for k in range(len(aggregation))]
        blocks = [aggregators(a[r], b[r], alpha, 0.01, [cut]) for r, alpha in zip(rows, aggregation, strict=True)]
    return Game(Linear(0.001), (*blocks, *large))


TABLE = [
    (None, None, 15.6230, 5.2569, 1.0514),
    (None, 200.0, 15.2063, 5.1623, 1.1312),
    ([0.0] * 2, 200.0, 15.5335, 4.7263, 1.0441),
    ([1.0] * 2, 200.0, 13.9250, 3.6517, 0.8294),
    ([2.0] * 2, 200.0, 2.1296, 0.5317, 0.2060),
    ([5.0] * 2, 200.0, 0.1643, 0.0570, 0.1112),
    ([np.inf] * 2, 200.0, 0.0160, 0.0075, None),
    ([0.0, 0.5], 200.0, 15.5099, 4.7021, None),
    ([0.0, 1.0], 200.0, 14.7883, 4.2197, None),
    ([0.0, 2.0], 200.0, 9.8695, 2.8384, None),
    ([0.0] * 8, 200.0, 15.3152, 5.0479, None),
    ([0.0] * 50, 200.0, 15.2214, 5.1474, None),
    ([0.0] * 200, 200.0, 15.2063, 5.1623, None),
    ([1.0] * 8, 200.0, 15.3291, 4.6957, None),
    ([1.0] * 50, 200.0, 15.2588, 5.0986, None),
    ([1.0] * 200, 200.0, 15.2063, 5.1623, None),
]


@pytest.mark.parametrize(("aggregation", "size", "surplus", "consumption", "price"), TABLE)
def test_the_reference_table(aggregation, size, surplus, consumption, price):
    found = [solve(market(seed, aggregation, size), certify=False).outcome for seed in range(12)]
    assert np.mean([o.s[:200].mean() for o in found]) == pytest.approx(surplus, abs=5.01e-5)
    assert np.mean([o.x[:200].mean() for o in found]) == pytest.approx(consumption, abs=5.01e-5)
    if price is not None:
        assert np.mean([o.price for o in found]) == pytest.approx(price, abs=5.01e-5)


@pytest.mark.parametrize(("aggregation", "surplus"), [(None, 10.596), ([0.0] * 2, 10.779)])
def test_a_large_user_of_the_size_of_all_small_ones(aggregation, surplus):
    found = [solve(market(seed, aggregation, "all"), certify=False).outcome.s[:200].mean() for seed in range(12)]
    assert np.mean(found) == pytest.approx(surplus, abs=5.01e-4)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0, np.inf])
def test_one_certified_equilibrium_in_the_papers_market(alpha):
    found = solve(market(0, [alpha] * 2))
    assert found.status == Status.SOLVED
    assert found.unique is True
    assert found.outcome.gap <= 1e-9
    assert found.outcome.y == pytest.approx(solve(market(0, [alpha] * 2), certify=False).outcome.y, rel=1e-9)


# The counter-examples


def duel(alpha, offset):
    first = aggregators([0.8, 0.55], [0.85, 9], alpha, offset, [2], "A")
    return Game(Linear(1.0), (first, aggregators([1, 1], [3.7, 3.7], alpha, offset, [2], "B")))


def twins(alpha, offset):
    return Game(Linear(1.0), (aggregators([0.8, 0.55] * 2, [0.85, 9] * 2, alpha, offset, [2, 2], "A"),))


def in_turn(game, y, rounds):
    y = np.array(y, dtype=float)
    for _ in range(rounds):
        for j in range(len(y)):
            y[j] = best_response(game.price, game.player(j), y.sum() - y[j], y[j])
    return y


CYCLES = [
    (0.9, 0.0, (0.277805, 1.140732), (2.535248, 0.388251)),
    (2.0, 0.01, (0.151256, 1.182915), (2.521640, 0.392787)),
]


@pytest.mark.parametrize(("alpha", "offset", "low", "high"), CYCLES)
def test_replies_in_turn_cycle_where_no_equilibrium_exists(alpha, offset, low, high):
    game = duel(alpha, offset)
    found = solve(game)
    assert found.status == Status.NO_EQUILIBRIUM
    assert found.equilibria == ()
    assert found.outcome.gap > 1e-3
    ends = sorted([tuple(in_turn(game, [1.0, 1.0], 12)), tuple(in_turn(game, [1.0, 1.0], 13))])
    np.testing.assert_allclose(ends, sorted([low, high]), atol=2e-6)


def test_every_profile_of_the_duel_leaves_a_regret(brute):
    each = part_of(24), part_of(18)
    game, grids = duel(0.9, 0.0), (np.linspace(0.05, 3.2, each[0]), np.linspace(0.05, 1.6, each[1]))

    def regrets(j):
        """Regrets of player j at its own purchases, by the other's."""
        player, rows = game.player(j), []
        for other in grids[1 - j]:
            best = brute.best(game.price, player, other, points=24)[1]
            held = brute.payoff_of(game.price, player, other)[1](grids[j])
            rows.append([brute.gain_of(player)(best[None], row)[0] if row.min() >= 0 else np.inf for row in held])
        return np.array(rows)

    assert np.maximum(regrets(0).T, regrets(1)).min() >= 0.09


def test_max_min_duel_has_no_equilibrium():
    game = duel(np.inf, 0.0)
    assert solve(game).status == Status.NO_EQUILIBRIUM
    for y_a in (0.1, 1.0, 2.0):
        assert best_response(game.price, game.player(1), y_a) == pytest.approx((3.7 - y_a) / 3, rel=1e-9)


@pytest.mark.parametrize(("alpha", "offset", "low"), [(0.9, 0.0, 0.31794942), (2.0, 0.01, 0.211698)])
def test_two_copies_have_two_equilibria(brute, alpha, offset, low):
    game = twins(alpha, offset)
    found = solve(game)
    assert found.status == Status.SOLVED
    assert found.unique is False
    assert found.continuum is False
    uncertified = solve(game, certify=False)  # claims nothing
    assert (uncertified.equilibria, uncertified.unique, uncertified.continuum) == ((), None, False)
    assert [o.y[0] for o in found.equilibria] == pytest.approx([low, 90 / 41], abs=1e-6)
    assert found.outcome.welfare == max(o.welfare for o in found.equilibria)
    for o in found.equilibria:
        assert o.y[0] == pytest.approx(o.y[1], rel=1e-9)
        assert brute.regret(game.price, game.player(0), o.y[1], o.y[0], x=o.x[:2]) <= 1e-9


def test_a_false_root_is_a_candidate_but_no_equilibrium(brute):
    game = twins(0.75, 0.0)
    found = solve(game)
    false = [o for o in found.candidates if o.quantity == pytest.approx(0.762294, abs=1e-6)]
    assert len(false) == 1
    assert false[0].gap == pytest.approx(0.94, abs=0.005)
    assert false[0] not in found.equilibria
    y = false[0].y
    assert brute.regret(game.price, game.player(0), y[1], y[0], x=false[0].x[:2]) == pytest.approx(
        false[0].gap, rel=1e-6
    )


def test_a_convex_kink_carries_a_continuum():
    game = Game(Piecewise([0, 1], [0, 1], 10.0), (direct([0.5, 0.5], [3.0, 3.0]),))
    found = solve(game)
    assert found.status == Status.SOLVED
    assert found.continuum is True
    assert found.unique is False
    assert found.outcome.quantity == pytest.approx(1.0, rel=1e-12)
    for x in (2 / 11, 0.3, 0.5, 9 / 11):
        y = np.array([x, 1 - x])
        np.testing.assert_allclose(in_turn(game, y, 1), y, atol=1e-9)
    for x in (2 / 11 - 0.01, 9 / 11 + 0.01):
        assert np.abs(in_turn(game, [x, 1 - x], 1) - [x, 1 - x]).max() > 1e-3


def test_a_concave_kink_leaves_one_user_at_its_higher_peak():
    game = Game(Piecewise([0, 1], [0, 10], 0.01), (direct([0.5], [20.0]),))
    found = solve(game)
    assert [o.y[0] for o in found.equilibria] == pytest.approx([9.8137], abs=5e-5)
    assert len(found.candidates) == 2
    assert found.unique is True


# Other roads to the same point


def check_by_brute_force(brute, game, outcome):
    stops = np.cumsum([0] + [int(size) for block in game.blocks for size in block.sizes])
    for j, y in enumerate(outcome.y):
        outside = outcome.y.sum() - y
        x = outcome.x[stops[j] : stops[j + 1]]
        assert brute.regret(game.price, game.player(j), outside, y, x=x) <= 1.1e-6


@RANDOM
@given(data=st.data())
def test_every_certified_equilibrium_survives_an_independent_search(brute, markets, data):
    game = data.draw(markets.games(most_players=4, users=(1, 3), costs=(-4, 1)))
    found = solve(game)
    for outcome in found.equilibria:
        assert outcome.gap <= 1e-6
        check_by_brute_force(brute, game, outcome)
    if found.status == Status.NO_EQUILIBRIUM:
        assert found.outcome.gap > 1e-6


@RANDOM
@given(data=st.data())
def test_where_replies_settle_there_is_a_certified_equilibrium(markets, data):
    game = data.draw(markets.games(most_players=8, users=(1, 3), decades=(-1, 1), costs=(-2, 1)))
    start = np.array([data.draw(st.floats(0, 2)) for _ in range(game.players)])
    try:
        before = in_turn(game, start, 20)
        settled = in_turn(game, before, 1)
    except PricedOut:
        return
    assume(np.abs(settled - before).max() <= 1e-9 * settled.sum())
    at_kink = np.any(np.abs(game.price.kinks - settled.sum()) <= 1e-9 * settled.sum())
    assume(not at_kink or np.sum(settled > 0) < 2)  # shares at a kink: see the two tests below
    found = solve(game)
    near = [o for o in found.equilibria if o.quantity == pytest.approx(settled.sum(), rel=1e-6, abs=1e-12)]
    assert near
    if not found.continuum:
        assert any(np.allclose(o.y, settled, rtol=1e-6, atol=1e-6 * settled.sum()) for o in near)


def kinked(alpha):
    rule = Piecewise([0, 0.4, 0.4], [0.5, 1.5, 2.5], 10.0)
    return Game(rule, (aggregators([0.5, 300.0], [2.5, 1.45], alpha, 1e-9, [2]), direct([1.0], [3.7])))


def test_shares_at_a_kink_settle_at_the_total_the_direct_search_finds():
    game = kinked(0.0)
    settled = in_turn(game, [0.2, 0.1], 30)
    found = solve(game)
    assert found.continuum is True
    assert found.outcome.quantity == pytest.approx(settled.sum(), rel=1e-9)
    assert gap(game, settled, clear(game, settled).x)[0] <= 1e-9


def test_shares_at_a_kink_that_no_common_slope_gives_are_found():
    game = kinked(0.9)
    settled = in_turn(game, [0.2, 0.1], 30)
    assert gap(game, settled, clear(game, settled).x)[0] <= 1e-9
    assert solve(game).status == Status.SOLVED


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rule", [Linear(0.3), Affine(1.0, 0.05)], ids=["linear", "affine"])
def test_at_alpha_0_the_equilibrium_maximises_the_potential(rule, seed):
    rng = np.random.default_rng(seed)
    sizes = [1, 3, 1, 4, 2]
    n = sum(sizes)
    a, b = rng.uniform(0.1, 0.9, n), rng.uniform(0, 10, n)
    x = cp.Variable(n, nonneg=True)
    members = np.repeat(np.eye(len(sizes)), sizes, axis=1)
    y = members @ x
    value = b @ x - a @ cp.square(x) - rule.p0 * cp.sum(y)
    cp.Problem(cp.Maximize(value - rule.c / 2 * (cp.square(cp.sum(y)) + cp.sum_squares(y)))).solve(solver=cp.CLARABEL)
    found = solve(Game(rule, (aggregators(a, b, 0.0, 0.01, sizes),)))
    assert found.unique is True
    np.testing.assert_allclose(found.outcome.x, x.value, atol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_one_aggregator_at_alpha_0_finds_what_a_planner_would(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.1, 0.9, 12), rng.uniform(0, 10, 12)
    x = cp.Variable(12, nonneg=True)
    problem = cp.Problem(cp.Maximize(b @ x - a @ cp.square(x) - 0.2 * cp.square(cp.sum(x))))
    problem.solve(solver=cp.CLARABEL)
    found = solve(Game(Linear(0.2), (aggregators(a, b, 0.0, 0.01, [12]),)))
    assert found.outcome.welfare == pytest.approx(problem.value, rel=1e-7)


# What must not matter


RULES = [
    Linear(0.05),
    Power(0.1, 0.7),
    Piecewise([0, 5, 5, 20], [0, 0.5, 1, 3], 0.3),
    Dispatch([8, 9], [0.1, 0.2], [0, 1], 9),
]
rules = pytest.mark.parametrize("rule", RULES, ids=["linear", "power", "piecewise", "dispatch"])


def mixed(rule, alpha, a, b):
    return Game(rule, (aggregators(a[:9], b[:9], alpha, 0.01, [4, 5]), direct(a[9:], b[9:])))


def draw(n, seed=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.1, 0.9, n), rng.uniform(0, 10, n)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
@rules
def test_relabelling_users_changes_nothing(rule, alpha):
    a, b = draw(11)
    order = np.r_[[2, 0, 3, 1], [8, 4, 6, 5, 7], [10, 9]]
    one, other = solve(mixed(rule, alpha, a, b)), solve(mixed(rule, alpha, a[order], b[order]))
    assert (one.status, one.unique, one.continuum) == (other.status, other.unique, other.continuum)
    if not one.continuum:
        np.testing.assert_allclose(other.outcome.x, one.outcome.x[order], rtol=1e-7, atol=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("unit", [1e-3, 40.0])
def test_another_unit_of_energy_scales_the_answer(alpha, unit):
    a, b = draw(11)
    one = solve(mixed(Power(0.1, 0.7), alpha, a, b)).outcome
    other = solve(mixed(Power(0.1 / unit**1.7, 0.7), alpha, a / unit**2, b / unit)).outcome
    np.testing.assert_allclose(other.x / unit, one.x, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(other.s, one.s, rtol=1e-7, atol=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("unit", [1e-3, 40.0])
def test_another_unit_of_money_with_its_offset_scales_the_answer(alpha, unit):
    a, b = draw(11)
    game = mixed(Linear(0.05), alpha, a, b)
    other = mixed(Linear(0.05 * unit), alpha, unit * a, unit * b)
    blocks = tuple(replace(block, surplus_offset=unit * block.surplus_offset) for block in other.blocks)
    found = solve(Game(other.price, blocks)).outcome
    one = solve(game).outcome
    np.testing.assert_allclose(found.x, one.x, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.s / unit, one.s, rtol=1e-7, atol=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
@rules
def test_aggregators_of_one_user_equal_direct_participation(rule, alpha):
    a, b = draw(7)
    one = solve(Game(rule, (aggregators(a, b, alpha, 0.01, [1] * 7),)))
    alone = solve(Game(rule, (direct(a, b),)))
    np.testing.assert_array_equal(one.outcome.x, alone.outcome.x)
    groups = tuple(aggregators(a[k : k + 1], b[k : k + 1], alpha, 0.01, [1]) for k in range(7))
    np.testing.assert_allclose(solve(Game(rule, groups)).outcome.x, alone.outcome.x, rtol=1e-9, atol=1e-12)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_large_user_of_no_size_is_as_good_as_absent(alpha):
    a, b = draw(9)
    small = aggregators(a, b, alpha, 0.01, [4, 5])
    alone, beside = (
        solve(Game(Linear(0.05), (small,))),
        solve(Game(Linear(0.05), (small, direct([0.5], [0.0], "large")))),
    )
    assert beside.outcome.x[-1] == 0
    np.testing.assert_allclose(beside.outcome.x[:-1], alone.outcome.x, rtol=1e-9, atol=1e-12)
    assert beside.unique == alone.unique


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
def test_equal_aggregators_buy_the_same(alpha):
    found = solve(Game(Linear(0.05), (aggregators([0.3, 0.7] * 3, [6.0, 2.0] * 3, alpha, 0.01, [2, 2, 2]),)))
    for outcome in found.equilibria:
        np.testing.assert_allclose(outcome.y, outcome.y.mean(), rtol=1e-9)
    assert found.equilibria


def test_nobody_buys_where_nobody_values_energy_above_its_price():
    found = solve(Game(Affine(5.0, 1.0), (aggregators([0.5, 0.5], [5.0, 1.0], 1.0, 0.01, [2]), direct([0.5], [0.0]))))
    assert found.status == Status.SOLVED
    assert np.all(found.outcome.x == 0)
    assert found.outcome.price == 5
    assert found.outcome.gap == 0


def test_demand_beyond_capacity_is_reported_as_unserved():
    rule = Dispatch([1.0, 2.0], [0.1, 0.1], [0.0, 1.0], cap=3.0)
    found = solve(Game(rule, (direct([0.01] * 3, [9.0] * 3),)))
    assert found.outcome.price == 3
    assert found.outcome.quantity == pytest.approx(3 * 6 / 0.02)
    assert found.outcome.unserved == pytest.approx(found.outcome.quantity - 3)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
def test_logarithmic_users_find_an_equilibrium_too(brute, alpha):
    rng = np.random.default_rng(2)
    utility = Logarithmic(rng.uniform(0, 10, 6), rng.uniform(0.5, 5, 6))
    game = Game(Linear(0.3), (Block("log", "aggregator", utility, alpha, 0.01, np.array([2, 4])),))
    found = solve(game)
    assert found.equilibria
    check_by_brute_force(brute, game, found.outcome)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(20))
def test_purchases_that_add_up_to_a_jump_do_not_cross_it_by_rounding(seed):
    rng = np.random.default_rng(seed)
    rule = Dispatch(rng.uniform(0.1, 2, 4), rng.uniform(0.1, 1, 4), rng.uniform(0, 1, 4), cap=30.0)
    game = Game(rule, (aggregators([0.5] * 6, [25.0, 22.0, 20.0] * 2, 0.0, 0.01, [2, 3, 1]),))
    found = solve(game)
    assert found.outcome.quantity == pytest.approx(rule.capacity, rel=1e-12)
    assert found.outcome.price == pytest.approx(rule.value(rule.capacity), rel=1e-12)
    assert found.outcome.unserved == 0
    assert found.outcome.gap <= 1e-6
    for y in (found.outcome.y, found.outcome.y[[2, 0, 1]] * (1 + 1e-15)):
        assert clear(game, y).price == pytest.approx(rule.value(rule.capacity), rel=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
def test_users_who_value_nothing_change_no_equilibrium(alpha):
    utility = Logarithmic(np.array([4.66, 6.0, 0.0, 5.0, 0.0]), np.array([0.01, 1.0, 2.0, 3.0, 1.0]))
    rule = Affine(3.56, 0.01)
    with_them = Block("log", "aggregator", utility, alpha, 0.01, np.array([3, 2]))
    without = Block("log", "aggregator", utility.take([0, 1, 3]), alpha, 0.01, np.array([2, 1]))
    one, other = solve(Game(rule, (with_them,))), solve(Game(rule, (without,)))
    np.testing.assert_allclose(one.outcome.y, other.outcome.y, rtol=1e-8)
    assert one.status == other.status


# Parts of the direct search


def taken(y):
    """An outcome of purchases y alone."""
    return SimpleNamespace(y=np.array(y), quantity=float(np.sum(y)))


def test_outcomes_are_told_apart_by_a_millionth_of_what_is_bought():
    found = [
        taken([1.0, 3.0]),
        taken([1.0 + 3.9e-6, 3.0]),
        taken([1.0, 3.0 + 4.1e-6]),
        taken([1.0, 3.0]),
        taken([0.0, 0.0]),
    ]
    kept = equilibrium.apart([*found, found[-1]])
    assert [id(one) for one in kept] == [id(found[k]) for k in (0, 2, 4)]
    assert equilibrium.apart([]) == ()


def test_the_hull_of_sets_is_their_least_and_most_and_of_none_nothing():
    low, high = equilibrium.hull_of([[(1.0, 2.0), (4.0, 5.0)], [], [(0.5, 0.5)]])
    assert low.tolist() == [1.0, np.inf, 0.5] and high.tolist() == [5.0, -np.inf, 0.5]


@pytest.mark.parametrize("sampled", [4096, 50])
@pytest.mark.parametrize("rule", [Linear(0.02), Affine(1.0, 0.01), Power(0.5, 0.5), Power(1e-6, 2.0)], ids=repr)
def test_newtons_method_starts_within_a_step_of_where_price_takers_would_be(rule, sampled, monkeypatch):
    """A step is a thirty-second of the highest price; of many users, here four of each kind, a few are asked."""
    monkeypatch.setattr(equilibrium, "MOST_SAMPLED_USERS", sampled)
    rng = np.random.default_rng(4)
    a, b = (np.repeat(one, 4) for one in (rng.uniform(0.1, 0.9, 50), rng.uniform(2, 10, 50)))
    game = Game(rule, (aggregators(a, b, 1.0, 0.01, [120, 80]), direct(a[:40], b[:40])))
    wanted = lambda price: sum(block.utility.demand(price).sum() for block in game.blocks)  # noqa: E731
    known = brentq(lambda price: wanted(price) - rule.supply(price), 0.0, b.max())
    start = equilibrium.first_total(game)
    assert abs(rule.value(start) - known) <= b.max() / 32 * 0.51


@pytest.mark.parametrize(
    ("alpha", "thorough", "scanned", "sure"),
    [(0.0, True, False, True), (0.0, False, False, True), (1.0, True, True, True), (1.0, False, False, False)],
)
def test_cells_are_scanned_where_all_is_asked_and_fair_users_are_few_else_one_root_is_found(
    alpha, thorough, scanned, sure, monkeypatch
):
    game, scans, one = market(0, [alpha] * 2), [], equilibrium.scan
    monkeypatch.setattr(equilibrium, "scan", lambda *given: scans.append(given) or one(*given))
    found = equilibrium.find_roots(game, thorough, 1e-9)
    assert bool(scans) == scanned and found.exhaustive == sure and len(found.roots) == 1
    root = found.roots[0]
    assert root.price == pytest.approx(0.001 * root.total) and root.slope == pytest.approx(0.001) and not root.at_kink
    if alpha:
        monkeypatch.setattr(equilibrium, "MOST_CELL_USERS", 199)
        scans.clear()
        assert not equilibrium.find_roots(game, True, 1e-9).exhaustive and not scans
        monkeypatch.setattr(equilibrium, "MOST_CELL_USERS", 200)
        assert equilibrium.find_roots(game, True, 1e-9).exhaustive and scans
    monkeypatch.setattr(equilibrium, "newton", lambda *given: (None, None))
    scans.clear()
    assert equilibrium.find_roots(game, False, 1e-9).roots[0].total == pytest.approx(root.total, rel=1e-7) and scans


def test_a_kinked_price_is_always_scanned():
    game = replace(market(0, [0.0] * 2), price=Piecewise([0, 100], [0, 1], 2.0))
    assert equilibrium.find_roots(game, False, 1e-9).exhaustive


def flat_market(last=30.0):
    """A price of 2 from 1 on; max-min players of a user who wants 1 and one who wants 3 of whom 0.17 is enough."""
    users = aggregators([0.5, 0.5] * 2, [3.0, 5.0] * 2, np.inf, 0.01, [2, 2], "A")
    return Game(Piecewise([0, 1, last, last + 1], [0, 2, 2, 9], 5.0), (users,))


def test_on_a_flat_stretch_max_min_players_may_buy_any_of_a_line():
    """Surplus b x − x²/2 − 2 x: the first has 1/2 at x = 1, the second that from 3 − √8 on, up to 3."""
    least = 2 * (1 + 3 - np.sqrt(8.0))
    ((outcome, line),) = equilibrium.on_flats(flat_market())
    assert line and least < outcome.quantity < 8 and outcome.gap <= 1e-9
    assert outcome.quantity == pytest.approx(least + 0.25 * (8 - least))
    np.testing.assert_allclose(outcome.y, outcome.quantity / 2)
    assert not list(equilibrium.on_flats(flat_market(last=least * 0.99)))  # it ends before that
    ((outcome, line),) = equilibrium.on_flats(flat_market(last=least * 1.2))
    assert outcome.quantity <= least * 1.2
    plain = replace(flat_market(), blocks=(aggregators([0.5, 0.5], [3.0, 5.0], 1.0, 0.01, [2]),))
    assert not list(equilibrium.on_flats(plain))


def test_two_players_trade_what_leaves_all_as_content_on_a_line_and_not_at_one_point():
    game = flat_market()
    ((outcome, _),) = equilibrium.on_flats(game)
    wide = outcome.y - 0.2, outcome.y + 0.2
    assert equilibrium.has_line(game, outcome, wide)
    assert not equilibrium.has_line(game, outcome, (outcome.y - 1e-9, outcome.y + 0.2))
    assert not equilibrium.has_line(game, outcome, (outcome.y - 0.2, outcome.y + 1e-9))
    assert not equilibrium.has_line(game, outcome, (outcome.y - [0.2, 0.0], outcome.y + 0.2))
    alone = replace(game, blocks=(game.blocks[0].player(0),))
    one = clear(alone, outcome.y[:1])
    assert not equilibrium.has_line(alone, one, (one.y - 0.2, one.y + 0.2))
    pair = Game(Linear(0.5), (direct([0.5, 0.5], [4.0, 5.0]),))
    best = solve(pair).outcome
    assert not equilibrium.has_line(pair, best, (best.y / 2, best.y * 2))
