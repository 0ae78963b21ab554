"""The equilibrium at alpha = 0: values worked out by hand and by cvxpy, limits, and the gap as its proof."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.endings import advice
from market.aggregator.days.equilibrium import potential_programme, potential_solution
from market.aggregator.days.measures import by_user, solar
from market.aggregator.days.outcome import certified_welfare, clear, gains_of
from market.aggregator.days.parts import Battery, Consumption
from market.aggregator.days.programme import SOLVERS, Programme
from market.aggregator.days.programme import solve as solve_programme
from market.aggregator.days.replies import best_days
from market.aggregator.days.rounds import solve
from market.aggregator.days.yardsticks import idle, planned, price_taking, total_welfare
from market.aggregator.equilibrium import solve as solve_one_period
from market.aggregator.game import Block, Game
from market.outcome import Status
from market.prices import Affine
from market.utilities import Quadratic
from tests.market.days.small_days import by_cvxpy, drawn, four_hours, homes, storages
from tests.shares import part_of

PRICES = {
    "selling": ({}, [2.449069, 2.274472, 2.556548, 3.116038]),
    "no battery": ({"battery": False}, [2.433033, 2.210512, 2.556548, 3.163208]),
    "nobody sells": ({"sell": False}, [2.449069, 2.453947, 2.616518, 3.116038]),
    "a car": ({"car": True}, [2.601085, 2.466352, 2.602763, 3.116038]),
}


@pytest.mark.parametrize("case", PRICES)
def test_four_hours_have_the_prices_worked_out_beforehand(case):
    choice, prices = PRICES[case]
    found = potential_solution(four_hours(**choice))
    assert found.status == Status.SOLVED and found.proven and found.outcome.gap < 1e-9
    np.testing.assert_allclose(found.outcome.price, prices, atol=6e-7)


def test_four_hours_have_the_days_and_surpluses_worked_out_beforehand():
    outcome = potential_solution(four_hours()).outcome
    days = [
        [3.16071, 2.47775, 4.49146, 7.42453],
        [3.22812, 1.81591, 3.18711, 6.96792],
        [13.10186, 13.45106, 12.88690, 11.76792],
    ]
    np.testing.assert_allclose(outcome.y, days, atol=6e-6)
    surplus = [40.67453, 20.17566, 40.72150, 19.89379, 197.14382]
    np.testing.assert_allclose(outcome.s + outcome.alone, surplus, atol=6e-6)
    np.testing.assert_allclose(outcome.alone[[1, 2, 4]], 0.0, atol=1e-12)


def test_the_car_charges_in_the_cheap_hours():
    """Hours 0 and 2 cost the aggregator the same, so what car and battery take in them may be shared otherwise."""
    day = four_hours(car=True)
    outcome = potential_solution(day).outcome
    car, charged = (day.party.told(outcome.plan, name) for name in ("car", "charged"))
    np.testing.assert_allclose(car[1, [1, 3]], [3, 0], atol=6e-6)
    assert abs(car[1, 0] - 2.33791) < charged[0, [0, 2]].sum() and car[1].sum() == pytest.approx(6)
    moved = np.array([2.33791, 3, 0.66209, 0]) - car[1]
    other = outcome.plan.copy()
    other[day.party.frames[0].names["car"][1][0]] += moved
    other[day.party.frames[0].names["charged"][1][0]] -= moved
    other[day.party.frames[0].names["level"][1][0]] -= 0.9 * np.cumsum(moved)
    assert certified_welfare(day, clear(day, other)).gap < 1e-7


@pytest.mark.parametrize("count", [1, 2, 5, 150])
def test_storages_shift_n_over_n_plus_one_of_what_evens_prices(count):
    found = potential_solution(storages(count))
    np.testing.assert_allclose(found.outcome.y.sum(axis=0), np.array([1, -1]) * 100 * count / (count + 1), rtol=1e-9)
    assert found.proven and found.outcome.gap < 1e-9
    np.testing.assert_allclose(price_taking(storages(count)).price, 2.0, rtol=1e-9)


@settings(max_examples=part_of(12), deadline=None)
@given(seed=st.integers(0, 10**6), selling=st.sampled_from([None, True, False]))
def test_random_days_are_cvxpys_and_nobody_regrets(seed, selling):
    day = drawn(np.random.default_rng(seed), selling=selling)
    found = potential_solution(day)
    assert found.status == Status.SOLVED and found.proven and found.outcome.gap < 1e-9
    np.testing.assert_allclose(found.outcome.y, by_cvxpy(day), atol=2e-6)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_yardsticks_of_random_days_are_cvxpys(seed):
    day = drawn(np.random.default_rng(seed), players=2)
    takers, plan = price_taking(day), planned(day)
    np.testing.assert_allclose(takers.y.sum(axis=0), by_cvxpy(day, 0, 1).sum(axis=0), atol=2e-6)
    np.testing.assert_allclose(plan.y.sum(axis=0), by_cvxpy(day, 0, 2).sum(axis=0), atol=2e-6)
    outcome = potential_solution(day).outcome
    assert plan.welfare >= outcome.welfare - 1e-8
    assert total_welfare(day, takers) >= total_welfare(day, outcome) - 1e-8


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), unit=st.sampled_from([1e-3, 1.0, 1e4]), money=st.sampled_from([1e-2, 1e3]))
def test_units_do_not_matter(seed, unit, money):
    rng = np.random.default_rng(seed)
    a, b, c = rng.uniform(0.1, 2, 3), rng.uniform(2, 9, 3), float(rng.uniform(0.05, 0.4))

    def day(unit, money):
        parts = {
            "consumption": Consumption(np.arange(3), a * money / unit**2, b * money / unit, [1, 2, 0.5]),
            "battery": Battery([1], 2 * unit, unit),
        }
        return Day(Clock(3), (Affine(0.5 * money / unit, c * money / unit**2),) * 3, (homes("h", [2, 1], parts),))

    one, other = (potential_solution(d).outcome for d in (day(1.0, 1.0), day(unit, money)))
    np.testing.assert_allclose(other.y / unit, one.y, atol=1e-7 * np.max(np.abs(one.y)))
    np.testing.assert_allclose(other.s / money, one.s, atol=1e-7 * np.max(np.abs(one.s)))


def test_one_period_without_devices_is_the_market_without_days():
    rng = np.random.default_rng(3)
    a, b, sizes = rng.uniform(0.1, 0.9, 30), rng.uniform(0, 10, 30), np.array([10, 10, 5, 1, 1, 1, 1, 1])
    price = Affine(0.4, 0.02)
    day = Day(Clock(1), (price,), (homes("h", sizes, {"consumption": Consumption(np.arange(30), a, b)}),))
    outcome = potential_solution(day).outcome
    known = solve_one_period(Game(price, (Block("h", "aggregator", Quadratic(a, b), 0.0, 0.01, sizes),))).outcome
    np.testing.assert_allclose(outcome.y[:, 0], known.y, atol=1e-9 * known.y.max())
    np.testing.assert_allclose(outcome.s, known.s, atol=1e-9 * known.s.max())
    np.testing.assert_allclose(outcome.price, known.price, rtol=1e-9)


def test_equal_periods_are_copies_of_one():
    parts = {"consumption": Consumption(np.arange(5), np.linspace(0.2, 1, 5), np.linspace(3, 9, 5))}
    day = Day(Clock(6), (Affine(0.1, 0.3),) * 6, (homes("h", [2, 3], parts),))
    one = Day(Clock(1), (Affine(0.1, 0.3),), day.blocks)
    many, single = potential_solution(day).outcome, potential_solution(one).outcome
    np.testing.assert_allclose(many.y, np.repeat(single.y, 6, axis=1), atol=1e-9)
    np.testing.assert_allclose(many.s, 6 * single.s, atol=1e-8)


def test_a_battery_without_capacity_changes_nothing():
    day = four_hours(battery=False)
    empty = {**day.blocks[0].parts, "battery": Battery([0], 0.0, 5.0, 0.9)}
    other = day.changed([replace(day.blocks[0], parts=empty), *day.blocks[1:]])
    np.testing.assert_allclose(potential_solution(other).outcome.y, potential_solution(day).outcome.y, atol=1e-9)


def test_an_idle_day_has_no_battery_and_the_car_charges_when_it_comes():
    day = four_hours(car=True)
    still = idle(day)
    assert "battery" not in still.blocks[0].parts
    np.testing.assert_allclose(still.party.told(potential_solution(still).outcome.plan, "car")[1], [3, 3, 0, 0])


def test_a_price_taking_battery_earns_what_the_linear_programme_says():
    price, periods = np.random.default_rng(5).uniform(0.1, 0.6, 24), 24
    block = homes("b", [1], {"battery": Battery([0], 9.0, 3.0, 0.92)})
    day = Day(Clock(24), (Affine(0.0, 1.0),) * 24, (block,))
    earned = -day.party.purchases(best_days(day.party, price, 3.0))[0] @ price
    eye, back = np.eye(periods), np.roll(np.eye(periods), 1, axis=0)
    levels = np.hstack([-0.92 * eye, eye / 0.92, eye - back.T.T])
    cost = np.concatenate([price, -price, np.zeros(periods)])
    best = linprog(cost, A_eq=levels, b_eq=np.zeros(periods), bounds=[(0, 3)] * 48 + [(0, 9)] * 24, method="highs")
    assert earned == pytest.approx(-best.fun, rel=1e-8)


def test_more_capacity_never_hurts_a_price_taking_owner():
    price = np.random.default_rng(6).uniform(0.1, 0.6, 24)
    earned = []
    for capacity in (0.0, 1.0, 2.0, 5.0, 9.0):
        block = homes("b", [1], {"battery": Battery([0], capacity, 3.0, 0.92)})
        party = Day(Clock(24), (Affine(0.0, 1.0),) * 24, (block,)).party
        earned.append(-party.purchases(best_days(party, price, 3.0))[0] @ price)
    assert np.all(np.diff(earned) >= -1e-9) and earned[-1] > earned[1] > 1e-3


def test_a_day_that_is_no_equilibrium_is_regretted():
    day = four_hours()
    outcome = certified_welfare(day, price_taking(day))
    assert outcome.gap > 1e-3


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@settings(max_examples=part_of(4), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_energy_levels_and_money_balance_for_every_home(alpha, seed):
    """To 1e-8 of a unit of energy, which everything here is of the size of."""
    day = drawn(np.random.default_rng(seed), players=2)
    day = day.changed([replace(block, alpha=alpha) for block in day.blocks])
    outcome = solve(day, certify=False).outcome
    told, near = by_user(day, outcome), {"rtol": 0, "atol": 1e-8}
    taken = told["consumption"] + told["charged"] - told["discharged"] + told["car"] + told["shifted"]
    np.testing.assert_allclose(taken - told["solar"], outcome.z, **near)
    np.testing.assert_allclose(told["solar"] + told["curtailed"], solar(day), **near)
    np.testing.assert_allclose(outcome.load, outcome.y.sum(axis=0) + day.background, **near)
    for block, rows in zip(day.blocks, day.user_slices, strict=True):
        for name, part in block.parts.items():
            _balanced(name, part, {key: values[rows][part.users] for key, values in told.items()}, near)
    np.testing.assert_allclose(outcome.bills.sum(), outcome.price @ outcome.y.sum(axis=0), rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(outcome.s, outcome.worth - outcome.bills - outcome.alone, rtol=0, atol=1e-8)


def _balanced(name, part, told, near):
    """What a device does adds up and keeps to its limits."""
    if name == "battery":
        kept = part.efficiency[:, None]
        risen = told["level"] - np.roll(told["level"], 1, axis=1)
        np.testing.assert_allclose(risen, kept * told["charged"] - told["discharged"] / kept, **near)
        assert np.all(told["level"] >= -1e-8) and np.all(told["level"] <= part.capacity[:, None] + 1e-8)
        assert np.all(np.maximum(told["charged"], told["discharged"]) <= part.power[:, None] + 1e-8)
    if name == "car":
        np.testing.assert_allclose(told["car"].sum(axis=1), part.energy, **near)
    if name == "shift":
        halves = np.stack([told["shifted"][:, :2].sum(axis=1), told["shifted"][:, 2:].sum(axis=1)])
        np.testing.assert_allclose(halves, 0.0, **near)
        assert np.all(np.abs(told["shifted"]) <= part.movable[:, None] * told["consumption"] + 1e-8)


def test_a_potential_needs_affine_prices_and_plain_sums():
    day = four_hours()
    with pytest.raises(ValueError, match="affine"):
        potential_programme(day.changed([replace(day.blocks[0], alpha=1.0), *day.blocks[1:]]))


@pytest.mark.parametrize("solver", SOLVERS)
def test_prices_of_rows_are_what_a_unit_more_of_their_limit_costs(solver):
    """(v − 3)² with v ≤ 1, (v + 3)² with v ≥ −1, v² with v = 2 and one that no row touches."""
    wide, rows = np.full(4, np.inf), sparse.csr_array(np.eye(4)[:3])
    sides = [-np.inf, -1.0, 2.0], [1.0, np.inf, 2.0]
    programme = Programme(np.array([-6.0, 6.0, 0.0, -2.0]), np.ones(4), -wide, wide, rows, *map(np.array, sides))
    found = solve_programme(programme, solver=solver)
    assert found.status == "solved"
    assert found.v == pytest.approx([1, -1, 2, 1], abs=1e-6)
    assert found.prices == pytest.approx([-4, 4, 4], abs=1e-5)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_what_regrets_are_measured_by_is_so_much_money_in_any_unit(unit):
    def measured(money):
        parts = {"consumption": Consumption([0], money, 2 * money), "battery": Battery([0], 1.0, 1.0, 0.9)}
        day = Day(Clock(2), (Affine(0.5 * money, 0.1 * money),) * 2, (homes("h", [1], parts),))
        return gains_of(day, clear(day, np.zeros(day.party.columns)))

    assert measured(unit) == pytest.approx(unit * measured(1.0), rel=1e-9)


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize("status", Status)
def test_every_ending_of_days_is_told_in_a_sentence(status, proven):
    assert advice(status, proven).endswith(".") and advice(status, proven, learns=True).endswith(".")


@pytest.mark.parametrize("status", [one for one in Status if one not in (Status.SETTLED, Status.SOLVED)])
def test_only_where_a_search_found_a_better_day_elsewhere_is_that_told(status):
    searched, proven = advice(status, False), advice(status, True)
    assert (searched != proven) == (status is Status.INACCURATE)
    assert ("local optima" in searched) == (status is Status.INACCURATE)
