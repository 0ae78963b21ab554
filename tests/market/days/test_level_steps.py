"""What the steps of max-min days are told by: each number left out or far off ends lower, or takes many more steps.

Random days of one aggregator with several local optima, whose best is told by other starts.
"""

from dataclasses import replace

import numpy as np
import pytest

from market.aggregator.days import fair as steps
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.fair import _ExactSteps, eased, fair_day
from market.aggregator.days.parts import Battery, Car, Consumption, Solar
from market.aggregator.days.replies import best_days, replies
from market.aggregator.days.seats import Seats
from market.aggregator.days.steps import Point, Step
from market.prices import Affine
from tests.market.days.small_days import fair_day as two_hours
from tests.market.days.small_days import homes


def player(seed):
    """A max-min aggregator with roofs, batteries and cars beside a random background."""
    rng = np.random.default_rng(seed)
    users, periods = int(rng.integers(5, 10)), int(rng.choice([4, 6, 8]))
    clock, everybody = Clock(periods, 24 / periods), np.arange(users)
    hour = clock.begins + clock.hours / 2
    profile = 0.6 + 0.5 * np.exp(-(((hour - 19) / 2.5) ** 2)) + 0.3 * np.exp(-(((hour - 8) / 1.5) ** 2))
    some = [np.flatnonzero(rng.random(users) < share) for share in (0.5, 0.5, 0.4)]
    sun = np.maximum(np.sin((hour - 6) / 12 * np.pi), 0.0)
    use = Consumption(everybody, rng.uniform(0.2, 0.6, users), rng.uniform(0.6, 1.2, users), profile * clock.hours)
    parts = {
        "consumption": use,
        "solar": Solar(some[0], rng.uniform(2, 5, len(some[0])), sun),
        "battery": Battery(some[1], rng.uniform(4, 12, len(some[1])), rng.uniform(2, 5, len(some[1])), 0.95),
        "car": Car(some[2], rng.uniform(3, 8, len(some[2])), 3.7, 18.0, 7.0),
    }
    block = homes("h", [users], {name: part for name, part in parts.items() if len(part.users)}, alpha=np.inf)
    size = users * clock.hours
    prices = tuple(Affine(float(p0), 0.25 / size) for p0 in rng.uniform(0.05, 0.25, periods))
    day = Day(clock, prices, (block,), rng.uniform(0, size, periods))
    return Seats(day).fair(0, day.background)


def level(fair, plan):
    return float(np.min(fair.surplus(plan), where=fair.counted, initial=np.inf))


def plain(seed):
    """The day that plain sums would have."""
    fair = player(seed)
    return replies(fair.party, fair.rules, fair.others[None], fair.energy).plan


def best_known(seed, many):
    """The highest level that so many random starts lead to."""
    fair, rng = player(seed), np.random.default_rng(0)
    starts = [best_days(fair.party, rng.uniform(0, 1.2, fair.party.periods), fair.energy) for _ in range(many)]
    return max(level(fair, fair_day(fair, start).plan) for start in starts)


@pytest.mark.parametrize(("seed", "many"), [(5, 5), (14, 3), (22, 2)])
def test_a_day_reached_by_larger_and_larger_alphas_is_the_best_of_all_starts(seed, many):
    """Without going there so, or by fewer alphas (EASED), or with an offset five times as large (AWAY), it is not."""
    fair = player(seed)
    found = fair_day(fair, eased(fair, plain(seed)))
    assert found.settled and level(fair, found.plan) > best_known(seed, many) * (1 - 1e-6)


@pytest.mark.parametrize(("seed", "many", "most"), [(8, 4, 15), (70, 1, 22), (64, 0, 35)])
def test_steps_from_plain_sums_end_at_the_best_day_within_few_programmes(seed, many, most, monkeypatch):
    """Weights that may change half or twice as much in a step (YIELD), exact steps that go ten times as far at first,
    or a tenth (REACH), end lower; exact steps begun earlier or later (NEAR) take more, or end lower."""
    counted, usual = [], steps.step_from
    monkeypatch.setattr(steps, "step_from", lambda *said: counted.append(1) or usual(*said))
    fair = player(seed)
    found = fair_day(fair, plain(seed))
    assert found.settled and len(counted) <= most
    assert many == 0 or level(fair, found.plan) > best_known(seed, many) * (1 - 1e-6)


def test_an_exact_step_that_led_to_less_than_it_foresaw_is_taken_back_and_the_next_goes_less_far(monkeypatch):
    fair = Seats(two_hours(np.inf)).fair(0, np.zeros(2))
    plan, weight = np.zeros(fair.party.columns), np.ones(2)
    point = Point(plan, np.zeros((2, 2)), np.zeros(2), weight, *np.zeros((3, 2)), False)
    foreseen, asked = [0.5], []
    monkeypatch.setattr(steps, "_least", lambda *_: 0.0)

    def step_from(_fair, where, exact, reach=np.inf):
        asked.append(reach)
        return Step(where.plan + 1.0, foreseen[0], where.weight)

    monkeypatch.setattr(steps, "step_from", step_from)
    exact, there = _ExactSteps(), replace(point, plan=plan + 1.0)
    first, back = exact.step(fair, point, True, 1e-9)
    assert first is not None and back is None  # half a unit more is foreseen
    foreseen[0] = 0.1  # and there no more than a tenth is
    second, back = exact.step(fair, there, True, 1e-9)
    assert second is None and back[0] is plan and back[1] is weight
    held = [exact.step(fair, point, True, 1e-9) for _ in range(4)]
    assert held == [(None, None)] * 4  # steps of the bound, then
    assert exact.step(fair, point, True, 1e-9)[0] is not None
    assert asked[1] == 2 * asked[0] and asked[2] == asked[1] / steps.MOST_WEIGHT_CHANGE
    monkeypatch.setattr(steps, "step_from", lambda *_: None)  # nor is a step that leads nowhere kept
    assert exact.step(fair, there, True, 1e-9) == (None, (plan, weight))
