"""Rounds of replies: one after another counted by hand, and what is a purchase."""

from itertools import pairwise

import numpy as np
import pytest

from market.aggregator import rounds
from market.aggregator.rounds import Watch, are_purchases, move_together, take_turns, users_in_turn
from market.aggregator.single import best_quantities
from market.arrays import LARGEST
from market.outcome import Status
from market.prices import Linear, Power
from market.utilities import Quadratic

USERS = Quadratic(np.array([0.5, 0.3, 0.8, 0.2]), np.array([4.0, 9.0, 6.0, 2.0]))
NOW = np.array([0.5, 2.0, 0.0, 1.0])


def seats(rule, outside):
    """One seat a user, beside what all others buy."""

    def decide(i):
        return lambda others, now: best_quantities(rule, USERS.take(slice(i, i + 1)), np.array([outside + others]))

    return [(slice(i, i + 1), decide(i)) for i in range(4)]


@pytest.mark.parametrize("damping", [0.3, 1.0])
@pytest.mark.parametrize("rule", [Linear(0.4), Power(0.2, 2.0)], ids=repr)
def test_users_in_turn_are_players_in_turn(rule, damping):
    target, y = users_in_turn(rule, USERS, 1.5, NOW, damping)
    told = take_turns(seats(rule, 1.5), NOW, range(4), damping)
    np.testing.assert_allclose((y, target), told, rtol=1e-12)
    np.testing.assert_allclose(y, NOW + damping * (target - NOW))


def test_in_turn_and_together_in_closed_form():
    """U' = b − 2 a x meets p + p' x: x = (b − c others) / (2 a + 2 c), none below 0."""
    c, a, b = 0.4, USERS.a, USERS.b
    y = NOW.copy()
    for i in range(4):
        y[i] = max((b[i] - c * (y.sum() - y[i])) / (2 * a[i] + 2 * c), 0.0)
    np.testing.assert_allclose(take_turns(seats(Linear(c), 0.0), NOW, range(4), 1.0)[0], y)
    both, target = move_together(seats(Linear(c), 0.0), NOW, 0.5)
    np.testing.assert_allclose(target, np.maximum((b - c * (NOW.sum() - NOW)) / (2 * a + 2 * c), 0.0))
    np.testing.assert_allclose(both, (NOW + target) / 2)


@pytest.mark.parametrize(
    ("answer", "players", "fine"),
    [
        (1, 1, True),
        (0.0, 1, True),
        ([1, 2.5], 2, True),
        (np.arange(3), 3, True),
        ([1, 2], 3, False),
        ([[1, 2]], 2, False),
        ([[1], [2, 3]], 2, False),
        (-1e-9, 1, False),
        (np.inf, 1, False),
        (np.nan, 1, False),
        (True, 1, False),
        (1e101, 1, False),
        (np.ma.masked_array([1.0, 2.0], [False, True]), 2, False),
        ("1", 1, False),
        (b"1", 1, False),
        (None, 1, False),
        (1j, 1, False),
    ],
)
def test_a_purchase_is_a_finite_number_of_at_least_none_for_each(answer, players, fine):
    assert are_purchases(answer, players) is fine


def watched(path, order="in-turn", tolerance=1e-3, rounds=1000, unsettled=1.0):
    """(Statuses after rounds along a path of purchases whose best responses lie so far away, until one ends the run;
    the cycle noticed).
    """
    watch, told = Watch(order, tolerance, rounds), []
    for played, (before, after) in enumerate(pairwise(np.array(path, dtype=float)), start=1):
        told.append(watch.status(played, before, before + unsettled, after))
        if told[-1] is not Status.RUNNING:
            break
    return told, watch.cycle


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_run_has_settled_where_no_best_response_is_further_away_than_a_share_of_the_total(unit):
    before, after = unit * np.array([3.0, -4.0]), unit * np.array([6.0, -4.0])
    for away, status in ((0.0099, Status.SETTLED), (0.0101, Status.RUNNING), (0.05, Status.RUNNING)):
        for target in (before + unit * np.array([away, 0.0]), before - unit * np.array([0.0, away])):
            assert Watch("random", 1e-3, 9).status(1, before, target, after) == status
    assert Watch("random", 1e-3, 9).status(1, 0 * before, 0 * before, 0 * before) == Status.SETTLED
    assert Watch("random", 1e-3, 9).status(1, 0 * before, before, 0 * before) == Status.RUNNING
    exact = Watch("random", 0.5, 9)
    assert exact.status(1, np.zeros(1), np.array([0.5]), np.ones(1)) == Status.SETTLED


def test_a_run_is_out_of_rounds_after_the_last_but_settles_and_cycles_first():
    path = [[1.0], [2.0], [4.0], [7.0], [11.0]]
    assert watched(path, rounds=3)[0] == [Status.RUNNING] * 2 + [Status.ROUND_LIMIT]
    assert watched(path, rounds=1, unsettled=0.0)[0] == [Status.SETTLED]
    assert watched([[1.0], [2.0], [1.0], [2.0]], rounds=3)[0][-1] == Status.CYCLING


@pytest.mark.parametrize("length", [2, 3, 7, 64])
@pytest.mark.parametrize("order", ["in-turn", "together", "random"])
def test_a_cycle_is_noticed_once_it_closes_unless_luck_is_in_it(order, length):
    turn = np.stack([10 + np.arange(length) % 5, 20 + np.arange(length)], axis=1)
    path = np.concatenate([[[50.0, 1.0], [40.0, 3.0]], turn, turn])
    told, cycle = watched(path, order, tolerance=1e-9)
    first = 1 + length  # rounds before it comes back to where the cycle began
    if order == "random":
        assert told == [Status.RUNNING] * (len(path) - 1) and cycle is None
    else:
        assert told == [Status.RUNNING] * first + [Status.CYCLING] and cycle == length


def test_longer_cycles_are_not_looked_for_nor_such_as_cost_too_much_memory(monkeypatch):
    turn = np.arange(66.0)[:, None] + 1
    assert Status.CYCLING not in watched(np.concatenate([turn, turn]), tolerance=1e-9)[0]
    turn = np.array([[1.0, 2.0], [5.0, 9.0]])
    for most, noticed in ((127, False), (128, True)):
        monkeypatch.setattr(rounds, "MOST_REMEMBERED", most)
        assert (Status.CYCLING in watched(np.concatenate([turn] * 3))[0]) == noticed


def test_who_draws_near_where_it_was_makes_no_cycle():
    closing = [[1.0], [2.0], [1.0 + 1.1e-6], [2.0 - 1e-3]]  # misses its start by more than a millionth of its size
    assert watched(closing[:3])[1] is None
    assert watched([[1.0], [2.0], [1.0 + 0.9e-6]])[1] is None  # the first purchases are none that a round led to
    assert watched([[9.0], [1.0], [2.0], [1.0 + 0.9e-6]])[1] == 2
    assert watched([[9.0], [1.0], [2.0], [1.0 + 1.1e-6]])[1] is None
    far = [[9.0], [1.0], [900.0], [1.0 + 0.8e-3]]  # near beside the cycle, not beside what is bought
    assert watched(far, tolerance=1e-4)[1] is None and watched(far, tolerance=1e-3)[1] == 2


@pytest.mark.parametrize("at_once", [1, 2, 3, 1024])
@pytest.mark.parametrize("slope", [-0.3, -0.95, -3.0, 0.4])
def test_turns_in_a_row_are_turns_one_after_another_whatever_replies_are_like(slope, at_once, monkeypatch):
    """Replies that fall, or rise, in what others buy, as steeply as extrapolation counts on and more."""
    monkeypatch.setattr(rounds, "TURNS_AT_ONCE", at_once)
    rng = np.random.default_rng(2)
    now, level = rng.uniform(0, 3, 9), rng.uniform(2, 9, 9)
    asked = []

    def reply(some, others, held):
        asked.append(len(others))
        return np.maximum(level[some] + slope * others / 3, 0.0)

    for damping in (1.0, 0.4):
        target, y, total = rounds.turns_in_a_row(reply, 7.0 + now.sum(), now, damping)
        bought, best = now.copy(), np.empty(9)
        for i in range(9):
            others = 7.0 + bought.sum() - bought[i]
            best[i] = max(level[i] + slope * others / 3, 0.0)
            bought[i] += damping * (best[i] - bought[i])
        np.testing.assert_allclose(target, best, rtol=1e-10)
        np.testing.assert_allclose(y, bought, rtol=1e-10)
        assert total == pytest.approx(7 + bought.sum())
    assert max(asked) <= at_once


def test_straight_replies_in_a_row_are_found_in_a_few_passes():
    """Guesses that are made better by what replies moved by need no pass a player."""
    passes, level = [], np.linspace(2, 9, 200)

    def reply(some, others, held):
        passes.append(1)
        return np.maximum(level[some] - 0.01 * others, 0.0)

    rounds.turns_in_a_row(reply, 100.0, np.full(200, 0.5), 1.0)
    assert len(passes) <= 8


def test_exact_turns_are_turns():
    y = rounds.take_exact_turns(seats(Linear(0.4), 1.5), NOW, [2, 0, 3, 1])
    np.testing.assert_allclose(y, take_turns(seats(Linear(0.4), 1.5), NOW, [2, 0, 3, 1], 1.0)[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("damping", "fine"), [(0.0, False), (1e-9, True), (1.0, True), (1.0001, False), (np.nan, False)]
)
def test_rounds_are_damped_by_more_than_none_and_at_most_all(damping, fine):
    if fine:
        rounds.check_rounds("in-turn", damping)
    else:
        with pytest.raises(ValueError, match="damping"):
            rounds.check_rounds("in-turn", damping)


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (np.array([1.0, -2.0, np.nan]), -2.0),
        (np.array([[1.0, 2.0], [1e101, -1.0]]), 1e101),
        (np.array([0, 3, -4]), -4),
        ("x", "x"),
        (None, None),
        (-1.0, -1.0),
    ],
)
def test_what_is_wrong_in_an_answer_is_its_first_number_that_is_no_purchase(answer, wrong):
    assert rounds.wrong_part(answer) == wrong
    fine = np.array([1.0, 0.0, LARGEST])
    assert rounds.wrong_part(fine) is fine
