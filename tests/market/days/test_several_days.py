"""Days in a row with levels carried over, what flexibility is worth, and measures."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from market.aggregator.days import measures
from market.aggregator.days.carrying import carried, in_a_row
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import potential_solution
from market.aggregator.days.flexibility import value_of_flexibility
from market.aggregator.days.parts import Battery, Car, Consumption, Solar
from market.prices import Affine
from tests.market.days.small_days import four_hours, homes, storages


def day_of(background, **battery):
    parts = {
        "consumption": Consumption([0, 1], [0.5, 0.5], [3, 4]),
        "battery": Battery([0], 4.0, 2.0, 0.9, **battery),
        "car": Car([1], 2.0, 2.0, 2.0, 1.0, True, 5.0, 0.9),
    }
    prices = (Affine(0.1, 0.1),) * len(background)
    return Day(Clock(len(background)), prices, (homes("h", [2], parts),), np.array(background))


def levels(day, outcome, name="level"):
    return day.party.told(outcome.plan, name)


@pytest.mark.parametrize("battery", [{}, {"start": 1.0}, {"start": 3.0, "end": 0.5}, {"start": 2.0, "end": "free"}])
def test_levels_are_carried_from_day_to_day(battery):
    days = [day_of(load, **battery) for load in ([1.0, 9, 4, 2], [8.0, 1, 1, 9], [2.0, 2, 9, 1])]
    ran = list(in_a_row(days))
    for (day, before), (later, after) in pairwise(ran):
        ended = levels(day, before.outcome)[0, -1]
        first, part = levels(later, after.outcome)[0, 0], later.blocks[0].parts["battery"]
        flow = [later.party.told(after.outcome.plan, name)[0, 0] for name in ("charged", "discharged")]
        assert first == pytest.approx(ended + 0.9 * flow[0] - flow[1] / 0.9, abs=1e-8)
        assert part.start[0] == pytest.approx(ended, abs=1e-8)
        held = levels(day, before.outcome, "car level")[1, -1]
        assert later.blocks[0].parts["car"].carried[0] == pytest.approx(held, abs=1e-8)


def test_a_level_that_need_not_be_kept_is_used_up_and_a_target_is_met():
    free = potential_solution(day_of([1.0, 9, 4, 2], start=2.0, end="free"))
    kept = potential_solution(day_of([1.0, 9, 4, 2], start=3.0, end=0.5))
    day = day_of([1.0, 9, 4, 2], start=2.0, end="free")
    assert levels(day, free.outcome)[0, -1] == pytest.approx(0.0, abs=1e-6)
    assert levels(day, kept.outcome)[0, -1] == pytest.approx(0.5, abs=1e-8)


def test_equal_days_in_a_row_are_one_day_again_and_again():
    ran = list(in_a_row([day_of([1.0, 9, 4, 2])] * 3))
    for _, solution in ran[1:]:
        np.testing.assert_allclose(solution.outcome.price, ran[0][1].outcome.price, atol=1e-7)


def test_profiles_may_differ_by_day():
    parts = {"solar": Solar([0], 2.0, [0, 1.0]), "battery": Battery([0], 1.0, 1.0)}
    sunny = Day(Clock(2), (Affine(0.1, 0.1),) * 2, (homes("h", [1], parts),), np.array([3.0, 1.0]))
    dull = sunny.changed([replace(sunny.blocks[0], parts=parts | {"solar": Solar([0], 2.0, [0, 0.2])})])
    after = carried(dull, sunny, potential_solution(sunny).outcome.plan)
    np.testing.assert_allclose(after.blocks[0].parts["solar"].profile, [[0, 0.2]])
    assert np.isfinite(after.blocks[0].parts["battery"].start).all()


def test_flexibility_is_worth_the_difference_to_the_idle_day():
    day = four_hours()
    value, still = value_of_flexibility(day, potential_solution(day).outcome)
    np.testing.assert_allclose(still.price, [2.433033, 2.210512, 2.556548, 3.163208], atol=6e-7)
    other = potential_solution(four_hours(battery=False)).outcome
    assert value.sum() == pytest.approx(
        (potential_solution(day).outcome.s + day.alone).sum() - (other.s + four_hours(battery=False).alone).sum(),
        rel=1e-8,
    )
    assert value[0] > 0 > value[4]  # the battery raises the prices of two hours by more than it lowers the last


def test_more_storage_of_others_may_hurt_an_owner():
    def earned(others):
        parts = {"battery": Battery(np.arange(1 + others), 30.0, 30.0, 1.0)}
        block = homes("b", np.ones(1 + others, dtype=int), parts)
        day = Day(Clock(2), (Affine(0.0, 0.01),) * 2, (block,), np.array([100.0, 300.0]))
        return potential_solution(day).outcome.s[0]

    gains = [earned(count) for count in (0, 1, 2, 4)]
    assert all(after < before for before, after in pairwise(gains))


def test_under_market_power_more_capacity_of_everybody_hurts_everybody():
    """Two firms of 25 shift what a monopolist would, 50; two of 100 compete it away."""

    def earned(capacity):
        day = storages(2, capacity=capacity)
        return potential_solution(day).outcome.s.sum()

    assert earned(25.0) == pytest.approx(50.0) and earned(100.0) == pytest.approx(400 / 9)


def test_measures_of_a_day_are_sums_anybody_can_do():
    day = four_hours()
    outcome = potential_solution(day).outcome
    told = measures.by_user(day, outcome)
    eaten = told["consumption"] + told["charged"] - told["discharged"] + told["car"] + told["shifted"] - told["solar"]
    np.testing.assert_allclose(eaten, outcome.z, atol=1e-9)
    assert measures.peak(outcome.load) == pytest.approx(outcome.load.max())
    assert measures.spread(outcome.price) == pytest.approx(3.116038 - 2.274472, abs=2e-6)
    sold = np.maximum(-outcome.z, 0).sum()
    assert measures.self_consumption(told) == pytest.approx((10 - sold) / 10)
    assert 0 < measures.self_sufficiency(told) < 1
    groups = {block.name: rows for block, rows in zip(day.blocks, day.user_slices, strict=True)}
    paid = measures.payments(groups, outcome.bills, outcome.price, day.background)
    assert sum(paid["groups"][name] for name in "ABC") == pytest.approx(paid["producers"])
    dull = four_hours(sell=False)
    assert measures.by_user(dull, potential_solution(dull).outcome)["curtailed"].sum() >= 0
    assert measures.peak_over_mean(outcome.load) > 1 and np.sum(measures.by_user(day, outcome)["discharged"]) > 0.9


def test_outcomes_hold_no_noise_and_nothing_done_and_undone():
    day = storages(2, capacity=500.0, power=2000.0)
    told = measures.by_user(day, potential_solution(day).outcome)
    np.testing.assert_allclose(told["charged"] - told["discharged"], [[100 / 3, -100 / 3]] * 2, rtol=1e-9)
    assert np.all((told["charged"] == 0) | (told["discharged"] == 0))
    outcome = potential_solution(four_hours(car=True)).outcome
    small = np.abs(outcome.plan[outcome.plan != 0])
    assert np.min(small) > 1e-8 and np.any(outcome.plan == 0)
