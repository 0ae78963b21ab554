"""Rounds of days and prices of every kind: where they end, and that nobody gains there."""

from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize

from market.aggregator.days import rounds
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day, rules_by_period
from market.aggregator.days.equilibrium import potential_solution
from market.aggregator.days.outcome import certified_welfare, clear
from market.aggregator.days.parts import Battery, Consumption, Solar
from market.aggregator.days.replies import best_days, payoffs, purchases_within, replies
from market.aggregator.days.rounds import in_turn, played, solve, start_plan, together
from market.aggregator.days.seats import Seats, _across, _Known
from market.aggregator.days.yardsticks import planned, price_taking, total_welfare
from market.aggregator.equilibrium import solve as solve_one_period
from market.aggregator.game import Block, Game
from market.aggregator.rounds import Watch
from market.outcome import Status
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Quadratic
from tests.market.days.small_days import drawn, fair_day, four_hours, homes, storages

CONVEX = {"power": Power(0.05, 1.5), "root": Power(0.5, 0.5), "piecewise": Piecewise([0, 15, 30], [0.5, 1, 5], 0.3)}


def purchases(day, plan):
    return day.party.by_player(day.party.purchases(plan))


@pytest.mark.parametrize("seed", range(3))
def test_rounds_in_turn_end_where_the_potential_does(seed):
    day = drawn(np.random.default_rng(seed))
    plan, status, _ = played(seats := Seats(day), start_plan(seats))
    assert status == Status.SETTLED
    np.testing.assert_allclose(purchases(day, plan), potential_solution(day).outcome.y, atol=1e-5)


def test_damped_rounds_together_and_in_any_order_end_there_too():
    day, rng = four_hours(), np.random.default_rng(2)
    seats, right = Seats(day), potential_solution(day).outcome.y
    plan = other = start_plan(seats)
    for _ in range(25):
        plan, _ = together(seats, plan, damping=0.5)
        other, _ = in_turn(seats, other, rng.permutation(day.players))
    np.testing.assert_allclose(purchases(day, plan), right, atol=1e-4)
    np.testing.assert_allclose(purchases(day, other), right, atol=1e-5)


@pytest.mark.parametrize("name", CONVEX)
def test_convex_prices_have_proven_equilibria(name):
    day = four_hours(sell=name != "piecewise")  # a kink is concave for who sells beyond it
    found = solve(Day(day.clock, (CONVEX[name],) * 4, day.blocks))
    assert found.status == Status.SOLVED and found.proven and found.outcome.gap < 1e-8


@pytest.mark.parametrize("name", CONVEX)
def test_replies_to_convex_prices_are_another_searchs(name):
    day, rule = four_hours(), CONVEX[name]
    party, others = Seats(day).party(0), np.array([[13.0, 15.5, 9.0, 16.0]])
    found = replies(party, (rule,) * 4, others, day.energy_unit)
    days, high = party.days, np.where(np.isfinite(party.days.high), party.days.high, 20.0)
    best = -np.inf
    for seed in range(3):
        start = np.random.default_rng(seed).uniform(0, 0.2, party.columns) * high
        rules = {"type": "eq", "fun": lambda v: days.rows @ v - days.least}
        other = minimize(
            lambda v: -payoffs(party, (rule,) * 4, others, v)[0],
            start,
            bounds=list(zip(days.low, high, strict=True)),
            constraints=rules,
            method="SLSQP",
            options={"maxiter": 300},
        )
        if np.max(np.abs(days.rows @ other.x - days.least)) < 1e-7:
            best = max(best, -other.fun)
    assert found.payoff[0] == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("sell", [True, False])
def test_purchases_lie_between_what_devices_give_and_all_that_is_wanted_beside_what_they_take(sell):
    """At a price of 2: a user with a roof and a battery of power 1, one without either (small_days.four_hours)."""
    party = Seats(four_hours(sell)).party(0)
    least, most = purchases_within(party, np.full(4, 2.0), 1.0)
    wanted, sun, plain = np.array([1.5, 3, 3, 6]), np.array([0, 3, 1, 0]), np.array([2, 2, 4, 8])
    np.testing.assert_allclose(least, [-sun - 1, np.zeros(4)] if sell else np.zeros((2, 4)))
    np.testing.assert_allclose(most, [wanted + 1 - (sun if sell else 0), plain])  # who may not sell leaves sun unused


ANY_PRICE = [Power(0.05, 1.5), Piecewise([0, 2, 6], [0.5, 1, 5], 2.0), Linear(0.3)]


@pytest.mark.parametrize("rule", ANY_PRICE)
def test_a_period_and_one_in_which_nobody_consumes_are_the_market_without_days(rule):
    a, b, sizes = np.array([0.3, 0.5, 0.4, 0.2, 0.7]), np.array([4.0, 7, 5, 6, 9]), np.array([2, 2, 1])
    parts = {"consumption": Consumption(np.arange(5), a, b, [1.0, 0.0])}
    day = Day(Clock(2), (rule,) * 2, (homes("h", sizes, parts),))
    known = solve_one_period(Game(rule, (Block("h", "aggregator", Quadratic(a, b), 0.0, 0.01, sizes),))).outcome
    found = solve(day)
    assert found.proven
    assert found.outcome.load[0] == pytest.approx(known.quantity, rel=1e-6)


def test_where_a_price_bends_down_nothing_is_proven_but_the_far_side_is_found():
    rule = Piecewise([0, 1], [0, 10], 0.01)
    parts = {"consumption": Consumption([0], [0.5], [20.0])}
    day = Day(Clock(2), (rule, Affine(0.0, 10.0)), (homes("h", [1], parts),))
    found = solve(day)
    assert not found.proven
    assert found.outcome.load[0] == pytest.approx(9.8137, abs=1e-4)
    fleet = Dispatch([5, 5], [0.5, 0.2], [0, 8], 50)
    assert not solve(Day(Clock(2), (fleet,) * 2, day.blocks)).proven


def test_beyond_the_capacity_a_day_is_short():
    fleet = Dispatch([5], [0.01], [0], 4)
    day = Day(Clock(2), (fleet,) * 2, (homes("h", [1], {"consumption": Consumption([0], [0.5], [20.0])}),), [0, 9.0])
    outcome = certified_welfare(day, clear(day, start_plan(Seats(day))))
    assert outcome.unserved[1] > 0


def test_prices_by_period_take_lists_for_numbers():
    rules = rules_by_period(Affine, {"p0": [0.1, 0.2, 0.3], "c": 0.5}, 3)
    assert [rule.p0 for rule in rules] == [0.1, 0.2, 0.3] and {rule.c for rule in rules} == {0.5}
    assert rules_by_period(Piecewise, {"quantities": [0, 1], "prices": [0, 1], "last_slope": 1.0}, 2)[1].value(2.0) == 2


def test_a_shared_purchase_is_split_as_the_player_likes_best_or_told_impossible():
    day = four_hours()
    seats, outcome = Seats(day), potential_solution(day).outcome
    others = outcome.load - outcome.y[0]
    again = seats.split(0, others, outcome.y[0])
    np.testing.assert_allclose(seats.purchase(0, again), outcome.y[0], atol=1e-8)
    held = seats.party(0).worth(outcome.plan[seats.columns(0)]).sum()
    assert seats.party(0).worth(again).sum() == pytest.approx(held, rel=1e-7)
    assert seats.split(0, others, np.full(4, -9.0)) is None


@pytest.mark.parametrize("alpha", [0.0, 1.0, np.inf])
def test_a_day_near_a_wish_keeps_to_it_however_it_is_shared(alpha):
    day = fair_day(alpha)
    seats = Seats(day)
    others, wish = np.array(day.background), np.full(day.periods, 2.0)
    plan = seats.nearest(0, others, wish)
    y = seats.purchase(0, plan)
    v = cp.Variable(seats.party(0).columns)
    days, load, given = seats.party(0).days, seats.party(0).player_load, np.sum(seats.party(0).given, axis=0)
    bounds = [v >= days.low, v <= np.where(np.isfinite(days.high), days.high, 1e3)]
    rows = [days.rows @ v >= np.maximum(days.least, -1e6), days.rows @ v <= np.minimum(days.most, 1e6)]
    away = cp.Problem(cp.Minimize(cp.sum_squares(load @ v + given - wish)), [*bounds, *rows])
    away.solve(solver=cp.CLARABEL)
    assert np.sum((y - wish) ** 2) <= away.value + 1e-4
    again = seats.split(0, others, y)
    np.testing.assert_allclose(seats.purchase(0, again), y, atol=1e-7)


def test_a_monopolist_with_a_small_battery_uses_all_of_it():
    block = homes("b", [1], {"battery": Battery([0], 3.0, 9.0, 1.0)})
    day = Day(Clock(2), (Affine(0.0, 0.01),) * 2, (block,), np.array([100.0, 300.0]))
    np.testing.assert_allclose(solve(day).outcome.y, [[3, -3]], atol=1e-8)


@pytest.mark.parametrize("name", [*CONVEX, "fleet"])
def test_price_takers_live_their_best_days_at_the_prices_they_make(name):
    rule = Dispatch([8, 9, 30], [0.05, 0.0, 0.02], [0.1, 1.2, 1.5], 50) if name == "fleet" else CONVEX[name]
    day = Day(Clock(4), (rule,) * 4, four_hours().blocks)
    outcome = price_taking(day)
    best = clear(day, best_days(day.party, outcome.price, day.energy_unit))
    at_prices = [one.worth - one.z @ outcome.price for one in (outcome, best)]
    assert total_welfare(day, outcome) >= total_welfare(day, solve(day, certify=False).outcome) - 1e-8
    if name != "fleet":  # whose price may stand anywhere in a jump
        np.testing.assert_allclose(*at_prices, atol=1e-6)
    assert planned(day).welfare >= solve(day, certify=False).outcome.welfare - 1e-7


def test_cycles_of_days_are_noticed():
    """Five stores that all answer the same last day overshoot for ever; each in turn they settle."""
    day = storages(5, capacity=60.0)
    seats, watch = Seats(day), Watch("together", 1e-8, 50)
    plan = start_plan(seats)
    y, status, played_rounds = purchases(day, plan), Status.RUNNING, 0
    while status == Status.RUNNING:
        plan, target = together(seats, plan)
        before, y, played_rounds = y, purchases(day, plan), played_rounds + 1
        status = watch.status(played_rounds, before, target, y)
    assert status == Status.CYCLING and watch.cycle == 2
    assert played(seats, plan)[1] == Status.SETTLED


def test_what_rounding_leaves_of_a_roof_is_no_purchase():
    """A home that uses its roof up buys 4e-17 in the first hour of two, at 0.5; their mean price is 1."""
    parts = {"consumption": Consumption([0], 1.0, [9]), "solar": Solar([0], 1.0, [0.3, 1.0])}
    day = Day(Clock(2), (Affine(0.5, 0.1), Affine(1.5, 0.1)), (homes("A", [1], parts),))
    outcome = clear(day, np.array([0.1 + 0.2, 1.0]))
    assert day.party.purchases(outcome.plan).tolist() == [[0.1 + 0.2 - 0.3, 0.0]]
    assert outcome.z.tolist() == [[0.0, 0.0]] and outcome.mean_price == 1.0


def test_a_large_street_is_started_once_where_plain_sums_tell_where(monkeypatch):
    """Five users and four periods; without affine prices each user's best day alone is the one start."""
    monkeypatch.setattr(rounds, "potential_optimum", lambda plain: ("as plain sums", plain))
    monkeypatch.setattr(rounds, "_best_alone", lambda day: "each alone")
    day = SimpleNamespace(users=5, periods=4, affine=(), plain=None)
    for most, found in ((21, 2), (20, 2), (19, 1)):
        monkeypatch.setattr(rounds, "LARGE_STREET", most)
        assert rounds.starts(day) == ["as plain sums", "each alone"][:found]
        assert rounds.starts(SimpleNamespace(users=5, periods=4, affine=None)) == ["each alone"]


def test_what_was_found_elsewhere_is_known_as_long_as_the_others_loads_move_by_a_hundredth_of_the_largest():
    known = _Known()
    assert not known.beside(np.zeros(2))
    known.others = np.array([100.0, -50.0])
    for moved, beside in (
        ([100.9, -50.0], True),
        ([100.0, -51.01], False),
        ([100.0, -49.1], True),
        ([98.9, -50], False),
    ):
        assert known.beside(np.array(moved)) is beside


@pytest.mark.parametrize("energy", [1e-3, 1.0, 1e3])
def test_a_better_day_lies_across_a_valley_where_half_of_the_way_gains_less_than_half(energy):
    def across(gain):
        fair = SimpleNamespace(gain=lambda there, plan: gain((there[0] - plan[0]) / energy / 4))
        return _across(fair, energy * np.array([7.0]), energy * np.array([3.0]))

    assert across(lambda share: share - 3 * share * (1 - share)) and across(lambda share: share**1.01)
    assert not across(lambda share: share) and not across(lambda share: share**0.9)
    assert not across(lambda share: 1e-12 * share**3) and across(lambda share: 1.1e-12 * share**3)
    assert not across(lambda share: -(share**3))
