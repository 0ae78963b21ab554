"""What runs are held against: the same users under other rules, and never a broken scenario."""

import numpy as np
import pytest

from engine import run
from engine.references import references
from engine.results import results_of
from scenarios import draw, listing, load
from scenarios.markets import MARKETS

AGGREGATORS = ("aggregator", "network", "days")


def test_users_of_all_markets_held_against_are_the_runs_own():
    scenario = load("large_two_welfare", seed=3)
    small = draw(scenario, 2).game.blocks[0].utility
    for name, result in references(scenario, 2).items():
        other = result.game.blocks[0]
        assert (other.kind, result.replication) == ("direct", 2)
        assert np.array_equal(other.utility.a, small.a) and np.array_equal(other.utility.b, small.b), name
        assert ("large" in [block.kind for block in result.game.blocks]) == (name == "alone")


def test_they_are_the_shipped_scenarios_that_say_the_same():
    found = references(load("large_two_welfare"))
    for name, shipped in (("before", "small_alone"), ("alone", "large_direct")):
        assert np.array_equal(found[name].outcome.s, run(shipped, certify=False).outcome.s)
    (before,) = references(load("data_centre_five_bus")).values()
    assert np.array_equal(before.outcome.s, run("five_bus_before", certify=False).outcome.s)


def test_very_many_who_each_buy_alone_are_solved_and_end_where_rounds_do():
    scenario = load("large_two_welfare", set=["group.0.users=1500"])
    found, others = references(scenario), results_of("aggregator").against(scenario)
    assert list(found) == ["before", "alone"]
    for name, result in found.items():
        assert result.status == "solved" and result.gap < 1e-6
        played = run(others[name].scenario, certify=False).outcome.s
        assert np.max(np.abs(result.outcome.s - played)) < 1e-6 * np.max(played)
    assert results_of("aggregator").against(load("large_two_welfare", set=["group.0.users=150001"])) == {}


@pytest.mark.parametrize("market", MARKETS)
def test_every_shipped_scenario_has_legal_markets_beside_it(market):
    for row in listing():
        if row.market == market:
            scenario = load(row.name)
            others = results_of(market).against(scenario)
            found = [other.scenario for other in others.values()]
            assert all(other.market == market and other.seed == scenario.seed for other in found)
            assert (market in AGGREGATORS) or not others


def test_competition_is_that_nobody_foresees_prices():
    scenario = load("cournot_duopoly")
    (name,) = results_of("network").against(scenario)
    other = results_of("network").against(scenario)[name].scenario
    assert name == "competition" and {group.anticipates for group in other.groups} == {"nothing"}
    assert results_of("network").against(other) == {}  # there nobody foresees anything
