"""Who joins whom: dynamics against every membership enumerated, closed forms, terms against exact gains."""

from dataclasses import replace
from functools import partial
from itertools import pairwise, product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.aggregator import joining as aggregator_joining
from market.aggregator.clearing import certified, clear
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.joining import (
    Joining,
    Offer,
    as_member,
    best_move,
    best_moves,
    exact_gains,
    game_of,
    in_equilibrium,
    is_stable,
    joining_of,
    largest_gain,
    moved,
    settled,
)
from market.fairness.side_payments import Shared
from market.joining import MoveWatch, Moving, play
from market.outcome import Status
from market.prices import Dispatch, Linear
from market.utilities import Logarithmic, Quadratic
from tests.shares import part_of

FEW = settings(max_examples=part_of(30), deadline=None, derandomize=True, database=None)
LEAST = 1e-6


def tiny(a, b, alphas, c=0.1, direct=False):
    """Users with utilities b x − a x² beside an aggregator for each alpha."""
    offers = tuple(Offer(f"aggregator {k}", "aggregator", alpha, 0.01) for k, alpha in enumerate(alphas))
    alone = (Offer("alone", "direct", 0.0, 0.0),) * direct
    return Joining(Linear(c), Quadratic(np.array(a, float), np.array(b, float)), offers + alone, ())


def surpluses(joining):
    """Surplus of every user under every membership: games put together user by user, solved with all certificates."""
    found = {}
    for membership in product(range(len(joining.offers)), repeat=joining.movers):
        blocks, users = [], []
        for number, offer in enumerate(joining.offers):
            mine = [i for i, k in enumerate(membership) if k == number]
            for part in [[i] for i in mine] if offer.kind == "direct" else [mine] if mine else []:
                utility = Quadratic(joining.utility.a[part], joining.utility.b[part])
                sizes = np.array([len(part)])
                blocks.append(Block(str(part), "aggregator", utility, offer.alpha, offer.surplus_offset, sizes))
                users += part
        solution = solve(Game(joining.price, tuple(blocks)))
        assert solution.status == Status.SOLVED and solution.unique is not False
        found[membership] = dict(zip(users, solution.outcome.s.tolist(), strict=True))
    return found


def stable_memberships(joining):
    """Memberships in which no user's surplus rises by any move, by enumeration."""
    found = surpluses(joining)

    def gain(membership, user, to):
        return found[(*membership[:user], to, *membership[user + 1 :])][user] - found[membership][user]

    moves = list(product(range(joining.movers), range(len(joining.offers))))
    return {one for one in found if all(gain(one, user, to) <= LEAST for user, to in moves)}


def join(joining, membership, moving=None, rounds=60, seed=0, foresight="equilibrium"):
    """(State, status, moves) when users move until the moving ends."""
    moving = Moving() if moving is None else moving
    ending, rng = MoveWatch(moving, rounds), np.random.default_rng(seed)
    state = settled(joining, np.array(membership))
    status, played, moves = ending.status(0, None, state.membership), 0, 0
    while status == Status.RUNNING:
        state, wishes, made = play(moving, state, joining.movers, partial(best_move, foresight=foresight), moved, rng)
        played, moves = played + 1, moves + made
        status = ending.status(played, wishes, state.membership)
    return state, status, moves


GAMES = {
    "welfare and proportional": tiny([0.5, 0.9, 0.3], [9, 6, 3], [0.0, 1.0]),
    "proportional and max-min": tiny([0.4, 0.2, 0.7], [5, 8, 2], [1.0, np.inf], c=0.3),
    "one kind": tiny([0.8, 0.2, 0.8], [9, 8, 8], [0.0, 0.0], c=1.0),
    "alone too": tiny([0.5, 0.9], [9, 3], [0.0, 2.0], direct=True),
    "the chase": tiny([0.5, 0.9], [9, 6], [0.0, 0.0]),
    "no rest for four": tiny([0.3, 0.5, 0.3, 0.9], [8, 5, 8, 6], [np.inf, 1.0]),
}
EMPTY = {"proportional and max-min", "one kind", "the chase", "no rest for four"}


@pytest.mark.share
@pytest.mark.parametrize("name", GAMES)
def test_where_moving_ends_is_stable_by_enumeration(name):
    joining = GAMES[name]
    stable = stable_memberships(joining)
    assert (not stable) == (name in EMPTY)
    ends = set()
    starts = product(range(len(joining.offers)), repeat=joining.movers)
    for start in starts:
        state, status, _ = join(joining, start)
        end = tuple(state.membership.tolist())
        assert (status == Status.SETTLED) == (end in stable)
        assert status in (Status.SETTLED, Status.CYCLING)
        assert (largest_gain(best_moves(state)).gain <= LEAST) == (end in stable)
        ends.add(status)
    assert not stable or Status.SETTLED in ends


def test_a_stable_membership_stays():
    joining = GAMES["welfare and proportional"]
    for membership in stable_memberships(joining):
        state, status, moves = join(joining, membership)
        assert (status, moves, tuple(state.membership)) == (Status.SETTLED, 0, membership)


def test_two_users_who_run_after_each_other_in_closed_form():
    """Both aggregators maximise welfare, p = c Y. Apart: (2a + c) x_i + c Y = b_i; together: 2 a x_i + 2 c Y = b_i."""
    joining = GAMES["the chase"]
    a, b, c = joining.utility.a, joining.utility.b, joining.price.c
    apart = np.linalg.solve(np.diag(2 * a + c) + c * np.ones((2, 2)), b)
    both = np.linalg.solve(np.diag(2 * a) + 2 * c * np.ones((2, 2)), b)
    s_apart, s_both = (b * x - a * x**2 - c * x.sum() * x for x in (apart, both))
    np.testing.assert_allclose(settled(joining, np.array([0, 1])).surplus, s_apart, rtol=1e-10)
    np.testing.assert_allclose(settled(joining, np.array([1, 1])).surplus, s_both, rtol=1e-10)
    assert (s_both > s_apart)[0] != (s_both > s_apart)[1]  # one likes company, the other flees
    _, status, _ = join(joining, [0, 1])
    assert status == Status.CYCLING


@FEW
@given(
    users=st.lists(st.tuples(st.floats(0.1, 1), st.floats(0, 10)), min_size=1, max_size=5),
    alphas=st.lists(st.sampled_from([0.0, 1.0, 2.0, np.inf]), min_size=1, max_size=3),
)
def test_all_alone_is_always_stable(users, alphas):
    a, b = zip(*users, strict=True)
    joining = tiny(a, b, alphas, direct=True)
    assert largest_gain(best_moves(settled(joining, np.full(len(users), len(alphas))))).gain <= LEAST


def many(alphas, users=60, seed=0):
    rng = np.random.default_rng(seed)
    return tiny(rng.uniform(0.1, 0.9, users), rng.uniform(0, 10, users), alphas, c=0.2 / users)


@pytest.mark.parametrize("alphas", [(0.0, 1.0), (0.5, np.inf), (2.0, 1.0)])
def test_terms_are_those_the_members_have(alphas):
    joining = many(alphas)
    state = settled(joining, np.arange(60) % 2)
    members = {block.name: block for block in state.game.blocks}
    for number, offer in enumerate(joining.offers):
        mine = state.membership == number
        offered = state._offered(members[offer.name])
        np.testing.assert_allclose(offered[mine], state.surplus[mine], rtol=1e-7, atol=1e-9)


def test_terms_come_close_to_what_a_move_brings_as_users_get_many():
    away = []
    for users in (20, 160):
        joining = many((0.0, 1.0), users)
        state = settled(joining, np.arange(users) % 2)
        asked = range(0, users, users // 20)
        exact = np.array([exact_gains(state, user) for user in asked])
        away.append(np.max(np.abs(exact - state.expected_gains[list(asked)])) / np.max(np.abs(exact)))
    assert away[1] < away[0] / 4 and away[1] < 0.05


ORDERS = [("random", "equilibrium"), ("together", "equilibrium"), ("together", "terms"), ("in-turn", "terms")]


@pytest.mark.share
@pytest.mark.parametrize(("order", "foresight"), ORDERS)
def test_in_all_orders_it_is_settled_when_nobody_expects_to_gain(order, foresight):
    moving = Moving(inertia=0.5, order=order)
    state, status, moves = join(many((0.0, 1.0), 40), np.arange(40) % 2, moving, foresight=foresight)
    most = max(best_move(state, user, foresight)[0] for user in range(40))
    assert moves > 0 and (status == Status.SETTLED) == (most <= LEAST)


@FEW
@given(membership=st.lists(st.integers(0, 3), min_size=5, max_size=5), large=st.booleans())
def test_a_membership_makes_a_game_of_the_same_users(membership, large):
    joining = tiny([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, 5], [0.0, 1.0, np.inf], direct=True)
    block = Block("large", "large", Quadratic(np.array([0.6]), np.array([6.0])), 0.0, 0.0, np.array([1]))
    joining = replace(joining, stayers=(block,) * large)
    game, rows = game_of(joining, np.array(membership))
    assert sorted(rows.tolist()) == list(range(5 + large)) and game.users == 5 + large
    a = np.concatenate([block.utility.a for block in game.blocks])
    np.testing.assert_array_equal(a, np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])[rows])
    for block, where in zip(game.blocks, game.user_slices, strict=True):
        if block.name != "large":
            number = [offer.name for offer in joining.offers].index(block.name)
            assert rows[where].tolist() == [i for i, k in enumerate(membership) if k == number]
            assert block.players == (block.users if block.kind == "direct" else 1)


def test_the_offers_of_a_game():
    utility = Logarithmic(np.arange(1.0, 6.0), np.ones(5))
    sizes = np.array([3, 2])
    pair = Block("pair", "aggregator", utility, 1.0, 0.01, sizes)
    one = Block("one", "aggregator", utility.take(slice(2)), 0.0, 0.01, np.array([2]))
    homes = Block("homes", "direct", utility.take(slice(1)), 0.0, 0.0, np.array([1]))
    joining, membership = joining_of(Game(Linear(0.1), (homes, pair, one)), direct=True, alone="homes")
    assert [offer.name for offer in joining.offers] == ["pair 1", "pair 2", "one", "homes"]
    assert membership.tolist() == [3, 0, 0, 0, 1, 1, 2, 2] and joining.stayers == ()
    joining, membership = joining_of(Game(Linear(0.1), (homes, pair, one)))
    assert membership.tolist() == [0, 0, 0, 1, 1, 2, 2] and joining.stayers == (homes,)
    assert isinstance(joining.utility, Logarithmic) and joining.users == 8


def test_a_price_with_kinks_and_steps_is_no_obstacle():
    fleet = Dispatch([3.0, 4.0, 20.0], [0.5, 0.1, 0.3], [0.2, 1.0, 2.0], cap=15.0)
    state = settled(replace(many((0.0, 1.0), 6), price=fleet), np.arange(6) % 2)
    gain, to = best_move(state, 0)
    assert moved(state, 0, to).surplus[0] == pytest.approx(state.surplus[0] + gain)
    assert np.all(np.isfinite(state.expected_gains))


@pytest.mark.parametrize("order", ["in-turn", "together"])
def test_draws_do_not_depend_on_who_would_gain(order):
    """The same users hold back in a round, whoever else would gain: random numbers are common to all markets."""

    def moving_of(some):
        def told(state, who):
            return float(some[who]), 1

        rng = np.random.default_rng(3)
        return play(Moving(0.5, order), (), 40, told, lambda state, who, to: (*state, *who.tolist()), rng)

    keen, picky = moving_of(np.ones(40)), moving_of(np.arange(40) % 2)
    assert picky.state == tuple(who for who in keen.state if who % 2)
    assert (keen.wishes, picky.wishes) == (40, 20) and 10 < keen.moves == len(keen.state) < 30


@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
def test_inertia_is_the_chance_to_stay(order):
    best, go = lambda state, who: (1.0, 0), lambda state, who, to: state + len(who)
    found = play(Moving(0.8, order), 0, 2000, best, go, np.random.default_rng(5))
    assert found.wishes == 2000 and found.state == found.moves
    assert found.moves == pytest.approx(0.2 * 2000, abs=5 * np.sqrt(2000 * 0.2 * 0.8))
    assert play(Moving(0.0, order), 0, 50, best, go, np.random.default_rng(5)).moves == 50


@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
def test_a_gain_has_to_be_more_than_the_least_one(order):
    moving, go = Moving(order=order, least_gain=0.5), lambda state, who, to: state + len(who)
    for gain, moves in ((0.5, 0), (0.5 + 1e-9, 7)):
        found = play(moving, 0, 7, lambda state, who, gain=gain: (gain, 1), go, np.random.default_rng(0))
        assert found == (moves, moves, moves)


def test_one_after_the_other_sees_the_moves_before():
    """Two look for an empty house: in turn the second stays out, together both move in."""
    best = lambda state, who: (1.0, 0) if not state else (0.0, 0)  # noqa: E731
    go = lambda state, who, to: (*state, *who.tolist())  # noqa: E731
    assert play(Moving(), (), 2, best, go, None) == ((0,), 1, 1)
    assert play(Moving(order="together"), (), 2, best, go, None) == ((0, 1), 2, 2)


def test_endings():
    ending, (one, other) = MoveWatch(Moving(), 9), np.eye(2, dtype=int)
    told = [ending.status(played, 1, labels) for played, labels in enumerate((one, other, one), start=1)]
    assert told == [Status.RUNNING, Status.RUNNING, Status.CYCLING] and ending.cycle == 2
    for moving in (Moving(inertia=0.1), Moving(order="random")):
        ending = MoveWatch(moving, 3)
        assert [ending.status(k, 1, one) for k in (1, 2, 3)] == [Status.RUNNING] * 2 + [Status.ROUND_LIMIT]
    assert MoveWatch(Moving(), 3).status(1, 0, one) == Status.SETTLED


@pytest.mark.parametrize(("key", "value"), [("inertia", 1.0), ("inertia", -0.1), ("order", "now"), ("least_gain", 0.0)])
def test_bad_rules_are_told(key, value):
    with pytest.raises(ValueError, match=f"{key}="):
        Moving(**{key: value})


def test_a_cycle_comes_back_to_where_it_was():
    joining, moving = GAMES["no rest for four"], Moving()
    state, status, _ = join(joining, [0, 0, 1, 1], moving)
    assert status == Status.CYCLING
    first, seen = state.membership, []
    for _ in range(8):
        state = play(moving, state, joining.movers, best_move, moved, None).state
        seen.append(state.membership.tolist())
    assert first.tolist() in seen and any(one != other for one, other in pairwise(seen))


def test_stability_is_not_known_without_equilibria():
    """Where the market, or that after a move, has no equilibrium, nothing is claimed."""
    utility = Quadratic(np.array([0.8, 0.55, 1.0, 1.0]), np.array([0.85, 9.0, 3.7, 3.7]))
    offers = tuple(Offer(name, "aggregator", 2.0, 0.01) for name in ("A", "B"))
    joining, verdicts = Joining(Linear(1.0), utility, offers, ()), {}
    for membership in product(range(2), repeat=4):
        state = settled(joining, np.array(membership))
        best = largest_gain(best_moves(state))
        after = [moved(state, user, 1 - membership[user]) for user in range(4)]
        known = [each.outcome.gap <= 1e-6 for each in (state, *after)]
        verdicts[membership] = is_stable(state, best, LEAST)
        if not known[0]:
            assert verdicts[membership] is None
        if verdicts[membership]:
            assert all(known) and best.gain <= LEAST
        if verdicts[membership] is False:
            assert best.gain > LEAST and moved(state, best.user, best.to).outcome.gap <= 1e-6
    assert verdicts[0, 0, 1, 1] is None and False in verdicts.values()


def test_a_gain_at_a_first_root_that_is_no_equilibrium_is_worked_out_again(monkeypatch):
    """Large markets try one root first; where it promises a gain, that of the certified one is told."""
    monkeypatch.setattr(aggregator_joining, "MOST_SEARCHED", 0)
    utility = Quadratic(np.array([0.31, 0.34, 0.75]), np.array([0.78, 6.94, 4.05]))
    offers = tuple(Offer(name, "aggregator", 1.5, 0.01) for name in ("A", "B"))
    joining, other = Joining(Linear(1.0), utility, offers, ()), 0
    for membership in product(range(2), repeat=3):
        state = settled(joining, np.array(membership))
        for user in range(3):
            to = 1 - membership[user]
            first, sure = (moved(state, user, to, certify).surplus[user] for certify in (False, True))
            found = (first if first <= state.surplus[user] else sure) - state.surplus[user]
            assert exact_gains(state, user)[to] == pytest.approx(found, abs=1e-12)
            other += first > state.surplus[user] and abs(first - sure) > 1e-3
    assert other > 0


def test_where_all_replies_stay_the_search_of_regrets_agrees():
    joining = many((0.0, 1.0, np.inf), 30)
    state = settled(joining, np.arange(30) % 3, certify=False)
    assert state.outcome.gap is None and in_equilibrium(state)
    assert certified(state.game, state.outcome).gap <= 1e-6
    assert not in_equilibrium(replace(state, outcome=clear(state.game, state.outcome.y * np.array([1.0, 0.9, 1.0]))))


def test_terms_of_buying_alone_count_what_a_purchase_does_to_the_price():
    """Alone, and in an aggregator of one, b − 2 a x = p + c x at the price p = c Y of the present purchases."""
    a, b, c = np.array([0.3, 0.5, 0.8]), np.array([6.0, 5.0, 7.0]), 0.4
    joining = tiny(a, b, (0.0, 2.0), c=c, direct=True)
    state = settled(joining, np.array([0, 0, 1]))
    members = {block.name: block for block in state.game.blocks}
    x = (b - state.outcome.price) / (2 * a + c)
    expected = (b - a * x - state.outcome.price) * x
    for block in (None, members[joining.offers[1].name]):
        np.testing.assert_allclose(state._offered(block), expected, rtol=1e-9)
    assert not np.allclose(state._offered(members[joining.offers[0].name])[2], expected[2])


@pytest.mark.parametrize(("plain", "kept"), [(True, 5.0 + 3 * 2.0 / 4), (False, (5.0 + 3 * 2.0) / 4)])
def test_a_newcomer_shares_what_it_brings_with_those_at_the_level(plain, kept):
    """Three members 2 above what they had before, or at 2: with plain sums its 5 are its own, else all are shared."""
    block = SimpleNamespace(goal=SimpleNamespace(welfare=plain))
    shared = Shared(np.zeros(3), np.array([2.0]), np.array([3]), np.array([False]))
    assert as_member(np.array([5.0]), None, block, shared, None) == pytest.approx([kept])
