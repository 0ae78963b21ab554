"""Side payments: arithmetic against cvxpy and halving, and in a market against runs with other keys."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from market.aggregator.certificate import gap
from market.aggregator.clearing import certified
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.joining import Joining, Offer, exact_gains, joining_of, settled
from market.aggregator.side_payments import fallback, paid, solved_and_paid, would_leave
from market.aggregator.single import surplus_alone
from market.fairness.side_payments import common_level, moved, share
from market.prices import Affine, Linear, Piecewise
from market.utilities import Quadratic
from scenarios import draw, load

MANY = settings(max_examples=50, deadline=None, derandomize=True, database=None)
FEW = settings(max_examples=6, deadline=None, derandomize=True, database=None)
MONEY = st.floats(0, 100, allow_subnormal=False)


def players(sizes):
    """A block of players of these sizes, to sum by."""
    users = int(np.sum(sizes))
    return Block("some", "aggregator", Quadratic(np.ones(users), np.ones(users)), 1.0, 0.01, np.array(sizes))


@st.composite
def markets_of_money(draw):
    """(Sizes, surpluses, floors) in which the floors of every player can be kept."""
    sizes = draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    surplus, floors = [], []
    for size in sizes:
        s = np.array(draw(st.lists(MONEY, min_size=size, max_size=size)))
        asked = np.array(draw(st.lists(MONEY, min_size=size, max_size=size)))
        part = draw(st.floats(0, 1))
        floors.append(asked * (part * s.sum() / asked.sum() if asked.sum() > 0 else 0.0))
        surplus.append(s)
    return sizes, np.concatenate(surplus), np.concatenate(floors)


@MANY
@given(markets_of_money(), st.booleans())
def test_transfers_add_up_to_nothing_and_keep_every_floor(market, indifferent):
    sizes, surplus, floors = market
    found = share(surplus, floors, indifferent, players(sizes))
    scale = 1e-12 * (1 + np.add.reduceat(surplus, np.cumsum([0, *sizes[:-1]])))
    assert np.all(np.abs(np.add.reduceat(found.transfers, np.cumsum([0, *sizes[:-1]]))) <= scale)
    assert not found.short.any()
    assert np.all(surplus + found.transfers >= floors - np.repeat(scale, sizes))


@MANY
@given(markets_of_money(), st.booleans(), st.randoms(use_true_random=False))
def test_order_and_unit_do_not_matter(market, indifferent, random):
    sizes, surplus, floors = market
    transfers = share(surplus, floors, indifferent, players(sizes)).transfers
    order = np.concatenate(
        [
            start + np.array(random.sample(range(n), n))
            for start, n in zip(np.cumsum([0, *sizes[:-1]]), sizes, strict=True)
        ]
    )
    other = share(2.0**40 * surplus[order], 2.0**40 * floors[order], indifferent, players(sizes)).transfers
    np.testing.assert_allclose(other / 2.0**40, transfers[order], rtol=1e-9, atol=1e-11 * (1 + surplus.max()))


@MANY
@given(markets_of_money())
def test_every_player_has_the_level_that_halving_finds(market):
    sizes, surplus, floors = market
    starts = np.cumsum([0, *sizes[:-1]])
    total = np.add.reduceat(surplus, starts)
    level = common_level(floors, total, players(sizes))
    for start, size, much, found in zip(starts, sizes, total, level, strict=True):
        own = floors[start : start + size]
        if much - own.sum() > 1e-9 * much:  # else every level below the floors does
            expected = brentq(
                lambda at, own=own, much=much: np.maximum(own, at).sum() - much, -1.0, much + 1, xtol=1e-13
            )
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_floors_one_far_above_the_other_are_set_aside_one_by_one():
    floors = 2.0 ** np.arange(40)[::-1]
    level = common_level(floors, np.array([floors.sum() + 1.5]), players([40]))
    assert level == pytest.approx([2.25])  # the two lowest, 2 and 1, and 1.5 more make 4.5


@pytest.mark.parametrize("offset", [0.01, 2.0])
@pytest.mark.parametrize("alpha", [0.5, 1.0, 3.0, np.inf])
def test_the_transfers_are_those_of_the_programme(alpha, offset):
    rng = np.random.default_rng(7)
    surplus, floors = rng.uniform(0, 10, 6), rng.uniform(0, 6, 6)
    floors *= 0.8 * surplus.sum() / floors.sum()
    t = cp.Variable(6)
    own = surplus + t + offset
    worth = {1.0: cp.sum(cp.log(own)), np.inf: cp.min(own)}
    worth = worth[alpha] if alpha in worth else cp.sum(cp.power(own, 1 - alpha)) / (1 - alpha)
    problem = cp.Problem(cp.Maximize(worth), [cp.sum(t) == 0, surplus + t >= floors])
    best = problem.solve(solver=cp.CLARABEL)
    found = share(surplus, floors, False, players([6])).transfers
    if np.isinf(alpha):  # many have the greatest least surplus; ours is one of them
        assert np.min(surplus + found) + offset == pytest.approx(best, rel=1e-6)
    else:
        np.testing.assert_allclose(found, t.value, atol=2e-3)
        t.value = found
        assert problem.objective.value >= best - 1e-9 * abs(best)
    evened = share(surplus, np.full(6, -np.inf), False, players([6])).transfers
    np.testing.assert_allclose(surplus + evened, surplus.mean(), rtol=1e-14)


def test_who_minds_the_total_alone_moves_no_more_than_floors_ask_for():
    surplus, floors = np.array([5.0, 1.0, 4.0, 0.0]), np.array([2.0, 2.0, 3.9, 0.0])
    found = share(surplus, floors, True, players([4]))
    np.testing.assert_allclose(found.transfers, [-0.9, 1.0, -0.1, 0.0], atol=1e-14)
    t = cp.Variable(4)
    cp.Problem(cp.Minimize(cp.sum_squares(t)), [cp.sum(t) == 0, surplus + t >= floors]).solve(solver=cp.CLARABEL)
    np.testing.assert_allclose(found.transfers, t.value, atol=1e-6)
    assert not share(surplus, np.minimum(floors, surplus), True, players([4])).transfers.any()
    assert not share(surplus, np.full(4, -np.inf), True, players([4])).transfers.any()


@pytest.mark.parametrize("indifferent", [False, True])
def test_floors_that_cannot_be_kept_are_told_and_nobody_pays(indifferent):
    surplus = np.array([3.0, 1.0, 2.0, 2.0, 7.0])
    found = share(surplus, np.array([3.0, 1.1, 1.0, 2.0, 9.0]), indifferent, players([2, 2, 1]))
    assert found.short.tolist() == [True, False, False]  # who is alone has nobody to pay
    assert np.isnan(found.level[0]) and not found.transfers[[0, 1, 4]].any()
    exact = share(surplus, surplus * (1 + 1e-13), indifferent, players([2, 2, 1]))  # no more than rounding
    assert not exact.short.any() and np.abs(exact.transfers).max() < 1e-11


def game_of(a, b, kinds, price, floors, alpha=1.0):
    """Quadratic users, two at least for each aggregator, in blocks of one player."""
    parts = np.array_split(np.arange(len(a)), len(kinds))
    blocks = [
        Block(
            f"group {k}",
            kind,
            Quadratic(a[own], b[own]),
            alpha,
            0.01,
            np.array([len(own)] if kind == "aggregator" else [1] * len(own)),
            floor=floor,
        )
        for k, (own, kind, floor) in enumerate(zip(parts, kinds, floors, strict=True))
    ]
    return Game(price, tuple(blocks))


PRICES = (
    Linear(0.05),
    Affine(0.5, 0.02),
    Piecewise(np.array([0.0, 5.0, 20.0]), np.array([0.0, 1.0, 5.0]), last_slope=0.3),
)


@FEW
@given(st.integers(0, 10**6), st.sampled_from(PRICES))
def test_at_the_settled_price_everybody_would_have_as_much_alone_so_such_floors_allow_no_transfer(seed, price):
    rng = np.random.default_rng(seed)
    game = game_of(rng.uniform(0.1, 0.9, 6), rng.uniform(0, 10, 6), ("aggregator", "direct"), price, ("none", None))
    outcome = solve(game).outcome
    mine = game.user_slices[0]
    alone = surplus_alone(price, game.blocks[0].utility, outcome.quantity)
    assert np.all(alone >= outcome.s[mine] - 1e-9)
    if outcome.y[0] > 0 and np.sum(outcome.x[mine] > 0) > 1:
        assert alone.sum() > outcome.s[mine].sum()


@FEW
@given(st.integers(0, 10**6), st.sampled_from(PRICES), st.sampled_from(("alone", "none")))
def test_purchases_are_those_of_welfare_and_floors_those_of_users_on_their_own(seed, price, floor):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.1, 0.9, 6), rng.uniform(0, 10, 6)
    kinds = ("aggregator", "aggregator", "direct")
    game = game_of(a, b, kinds, price, (floor, floor, None))
    plain = Game(price, tuple(Block(o.name, o.kind, o.utility, 0.0, 0.01, o.sizes) for o in game.blocks))
    solution, without = solved_and_paid(game)
    expected = solve(plain)
    np.testing.assert_array_equal(solution.outcome.y, expected.outcome.y)
    np.testing.assert_array_equal(solution.outcome.x, expected.outcome.x)
    assert (solution.status, solution.outcome.gap) == (expected.status, expected.outcome.gap)
    assert gap(game, solution.outcome.y, solution.outcome.x)[0] == gap(plain, expected.outcome.y, expected.outcome.x)[0]
    assert solution.outcome.s.sum() == pytest.approx(expected.outcome.s.sum(), rel=1e-12)
    again = certified(game, solution.outcome)
    np.testing.assert_array_equal(again.transfers, solution.outcome.transfers)  # paid once, and not lost
    assert paid(game, again, without) is again
    for k in (0, 1):
        rows = game.user_slices[k]
        apart = solve(
            game_of(a, b, [("direct" if k == j else kind) for j, kind in enumerate(kinds)], price, (None,) * 3, 0.0)
        )
        alone = apart.outcome.s[rows]
        s, total = solution.outcome.s[rows], expected.outcome.s[rows].sum()
        if floor == "none":
            np.testing.assert_allclose(s, total / len(s), rtol=1e-12, atol=1e-12)
        elif alone.sum() > total * (1 + 1e-6):
            assert not solution.outcome.transfers[rows].any()
        elif alone.sum() < total * (1 - 1e-6):
            assert np.all(s >= alone - 1e-6)
            above = s > alone + 1e-6
            assert np.ptp(s[above]) < 1e-9 and np.all(alone[~above] >= s[above].min() - 1e-6)


def test_several_aggregators_of_a_group_share_each_for_itself():
    changes = ["group.small.users=30", "group.small.fairness.by=payments", "group.small.fairness.floor=none"]
    game = draw(load("large_two_proportional", set=changes)).game
    outcome = solved_and_paid(game, certify=False)[0].outcome
    assert np.ptp(outcome.s[:15]) < 1e-11 and np.ptp(outcome.s[15:30]) < 1e-11 and outcome.s[0] != outcome.s[15]
    assert moved(outcome.transfers) > 0 and outcome.transfers[-1] == 0
    assert 0 < would_leave(game, outcome, 0) < 30 and would_leave(game, outcome, 1) == 0


def test_a_flat_price_leaves_nothing_to_share():
    flat = Piecewise(np.array([0.0, 100.0]), np.array([1.0, 1.0]), last_slope=0.1)
    game = game_of(np.full(4, 0.5), np.array([2.0, 3.0, 0.5, 4.0]), ("aggregator",), flat, ("alone",))
    outcome = solved_and_paid(game)[0].outcome
    assert not outcome.transfers.any() or np.abs(outcome.transfers).max() < 1e-9
    assert fallback(game)[0].surplus == pytest.approx(outcome.s)


@pytest.mark.parametrize("floor", ["alone", "none"])
def test_moves_are_judged_by_what_is_left_after_payments(floor):
    offers = (Offer("plain", "aggregator", 0.0, 0.01), Offer("paying", "aggregator", 1.0, 0.01, None, floor))
    utility = Quadratic(np.array([0.3, 0.5, 0.4, 0.6]), np.array([9.0, 6.0, 3.0, 7.0]))
    joining = Joining(Linear(0.1), utility, offers, ())
    state = settled(joining, [0, 1, 1, 0])
    for user in range(4):
        there = state.membership.copy()
        there[user] = 1 - there[user]
        blocks, order = [], np.argsort(there, kind="stable")
        for k, offer in enumerate(offers):
            own = order[there[order] == k]
            blocks += [
                Block(
                    offer.name,
                    "aggregator",
                    utility.take(own),
                    offer.alpha,
                    0.01,
                    np.array([len(own)]),
                    floor=offer.floor,
                )
            ]
        after = solved_and_paid(Game(joining.price, tuple(blocks)))[0].outcome.s[np.flatnonzero(order == user)[0]]
        assert exact_gains(state, user)[there[user]] == pytest.approx(after - state.surplus[user], abs=1e-9)


def test_the_terms_of_an_aggregator_with_payments_are_its_members_level():
    changes = ["group.proportional.fairness.by=payments", "group.proportional.fairness.floor=none"]
    model_game = draw(load("joining_proportional", set=changes)).game
    state = settled(*joining_of(model_game), certify=False)
    level = state.surplus[100]
    some = [5, 40, 77]
    exact = [exact_gains(state, user)[1] for user in some]
    np.testing.assert_allclose(state.expected_gains[some, 1], exact, atol=1e-3 * level)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("indifferent", [True, False])
def test_floors_beyond_what_two_members_have_are_short_and_a_single_member_s_never(unit, indifferent):
    surplus = unit * np.array([3.0, 1.0, 2.0, 3.0, 1.0])
    floors = unit * np.array([3.0, 1.5, 9.0, 3.0, 1.0 + 1e-12])
    found = share(surplus, floors, indifferent, players([2, 1, 2]))
    assert found.short.tolist() == [True, False, False]
    assert found.transfers == pytest.approx(np.zeros(5), abs=1e-9 * unit)
    assert np.isnan(found.level).tolist() == [True, False, False]


def test_floors_within_rounding_are_kept_but_for_as_much():
    surplus, floors = np.array([3.0, 1.0]), np.array([2.0, 2.0]) * (1 + 1e-10)
    found = share(surplus, floors, False, players([2]))
    assert not found.short[0] and found.transfers == pytest.approx([-1.0, 1.0]) and found.transfers.sum() == 0
    assert share(surplus, floors * (1 + 1e-8), False, players([2])).short[0]
    assert share(1e-3 * surplus, 1e-3 * floors * (1 + 1e-8), False, players([2])).short[0]


def test_levels_and_who_has_them_by_hand():
    surplus, none = np.array([6.0, 1.0, 2.0]), np.full(3, -np.inf)
    even = share(surplus, none, False, players([3]))
    assert even.transfers == pytest.approx([-3, 2, 1]) and even.level == pytest.approx([3]) and even.at_level == [3]
    kept = share(surplus, np.array([5.0, 0.0, 0.0]), False, players([3]))
    assert kept.transfers == pytest.approx([-1, 1, 0]) and kept.level == pytest.approx([2]) and kept.at_level == [2]
    idle = share(surplus, np.array([5.0, 0.0, 0.0]), True, players([3]))
    assert idle.transfers.tolist() == [0, 0, 0]
    helped = share(surplus, np.array([5.5, 2.0, 1.0]), True, players([3]))
    assert helped.transfers == pytest.approx([-0.5, 1.0, -0.5])
    assert moved(helped.transfers) == pytest.approx(1.0)
