"""A population's study: sums over its nodes, its tariff, and a day as all its periods together."""

from dataclasses import replace

import numpy as np
import pytest

from market.designs.endings import ADVICE, AT_TARIFF, Ended, advice, ending, gap, planned, promised
from market.designs.planner import Optimum
from market.designs.study import DayStudy
from market.outcome import CERTIFIED_GAP, Status
from scenarios import draw, load


@pytest.fixture(scope="module")
def study():
    return draw(load("designs_neighbourhood")).game


@pytest.fixture(scope="module")
def day(study):
    people = study.population
    evening = replace(people, generation=people.generation / 2, b=1.25 * people.b)
    return DayStudy((study, replace(study, population=evening)), {})


def test_at_the_tariff_nobody_gains_by_a_little_more_or_less(study):
    people = study.population

    def worth(x):
        left = people.generation - x
        return people.utility(x) + np.where(left > 0, study.sell, study.buy) * left

    for step in (1e-3, -1e-3):
        assert np.all(worth(np.maximum(study.consumption + step, 0)) <= worth(study.consumption) + 1e-12)
    assert study.net == pytest.approx(people.generation - study.consumption)
    assert study.fed_in == pytest.approx([max(each, 0) for each in study.net])
    assert np.any(study.net > 0) and np.any(study.net < 0)
    assert study.sell == study.supply.floor < study.buy
    assert worth(study.consumption) - people.utility(study.consumption) == pytest.approx(-study.tariff_bill)


def test_nodes_have_the_sums_of_their_agents(study):
    values = np.random.default_rng(0).normal(size=len(study.population))
    found = study.by_node(values)
    for node in range(study.network.nodes):
        assert found[node] == pytest.approx(sum(values[i] for i, at in enumerate(study.population.node) if at == node))


def test_lines_of_both_kinds_carry_the_plan(study):
    """With the private lines too, no more is lost than on the public ones alone."""
    lines = (study.network.public, study.network.private)
    alone = replace(study, network=replace(study.network, private=replace(lines[1], **_none(lines[1]))))
    assert study.optimum.welfare > alone.optimum.welfare
    assert study.periods == (study,) and study.generation is study.population.generation


def _none(lines):
    """Fields of lines without any line."""
    return {name: value[:0] for name, value in vars(lines).items() if isinstance(value, np.ndarray)}


def test_a_day_is_its_periods_together(day):
    first, second = day.periods
    assert day.population is first.population and day.network is first.network
    for name in ("consumption", "generation", "net"):
        assert getattr(day, name) == pytest.approx(getattr(first, name) + getattr(second, name))
    best, (one, other) = day.optimum, (study.optimum for study in day.periods)
    assert best.consumption == pytest.approx(one.consumption + other.consumption)
    assert best.loss == one.loss + other.loss and best.welfare == one.welfare + other.welfare
    assert best.prices == pytest.approx((one.prices + other.prices) / 2)
    assert best.gap == max(one.gap, other.gap)


def test_a_day_with_a_period_that_is_not_planned_has_no_plan(day):
    unknown = replace(day.periods[1])
    vars(unknown)["optimum"] = None
    assert DayStudy((day.periods[0], unknown), {}).optimum is None


def test_a_plan_is_solved_up_to_the_gap_that_certifies_it():
    plan = Optimum(np.zeros(1), 0.0, np.zeros(1), 1.0, CERTIFIED_GAP)
    assert planned(plan) == Ended(Status.SOLVED, gap=CERTIFIED_GAP, promised=CERTIFIED_GAP)
    beyond = np.nextafter(CERTIFIED_GAP, 1)
    assert planned(replace(plan, gap=beyond)) == Ended(Status.INACCURATE, gap=beyond)
    assert planned(None) == Ended(Status.INACCURATE)
    assert Ended(Status.SOLVED, 0) == AT_TARIFF


def test_designs_that_did_not_end_well_are_named():
    late, fine = Ended(Status.ROUND_LIMIT, 9), Ended(Status.SETTLED, 3, 0.0, 1.0)
    told = advice(Status.ROUND_LIMIT, {"direct": fine, "bilateral": late, "microgrid": late})
    assert told == f"So ended: bilateral, microgrid. {Status.ROUND_LIMIT.advice}"
    assert advice(Status.SETTLED, {"direct": fine}) == ADVICE[Status.SETTLED]
    assert ending([fine, late]) is Status.ROUND_LIMIT and ending([fine, fine]) is Status.SETTLED
    assert ending([AT_TARIFF, AT_TARIFF], Status.SOLVED) is Status.SOLVED
    assert (gap([fine]), promised([fine]), gap([]), promised([])) == (0.0, 1.0, None, None)
    assert gap([Ended(Status.SETTLED, promised=1.0)]) is None


@pytest.mark.parametrize("gaps", [(0.25, 0.0), (0.0, 0.25)])
def test_a_day_is_planned_as_well_as_its_worst_period(day, gaps):
    some = [replace(study) for study in day.periods]
    for study, of_day, gap_of_period in zip(some, day.periods, gaps, strict=True):
        vars(study)["optimum"] = replace(of_day.optimum, gap=gap_of_period)
    assert DayStudy(tuple(some), {}).optimum.gap == 0.25
