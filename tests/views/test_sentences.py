"""One sentence a run: its numbers are the summaries', its words say no more than they do."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine import run
from engine.references import references
from engine.results.others import ALONE, BEFORE
from market.outcome import Status
from scenarios import load
from views.aggregator.sentence import sentence
from views.browser.stories import STORIES
from views.markets import words_of

MONEY = st.floats(-1e6, 1e6, allow_subnormal=False)
SHARE = re.compile(r"([\d,.]+) %")


def told(name, **how):
    """A run's sentence beside its references, and the run's summary."""
    scenario = load(name)
    summary = run(scenario, **how).summary()
    others = {key: result.summary() for key, result in references(scenario).items()}
    return words_of(scenario.market).sentence(summary, others), summary


def shares(text):
    return [float(found.replace(",", "")) / 100 for found in SHARE.findall(text)]


def test_what_a_data_centre_costs_and_aggregators_give_back_is_that_of_the_shipped_runs():
    text, _ = told("large_two_welfare")
    before, alone = (run(name, certify=False).outcome.s[:200].mean() for name in ("small_alone", "large_direct"))
    now = run("large_two_welfare").outcome.s[:200].mean()
    assert "costs small users" in text and "two welfare aggregators give" in text and text.endswith("back.")
    assert shares(text) == pytest.approx([(before - alone) / before, (now - alone) / (before - alone)], rel=2e-3)


@pytest.mark.parametrize("story", STORIES, ids=[story.scenario for story in STORIES])
def test_a_story_ends_with_its_sentence(story):
    assert told(story.scenario)[0] == story.sentence


def summary_of(mean, status="settled", gap=0.0):
    groups = {
        "homes": {"kind": "aggregator", "users": 200, "players": 2, "alpha": 0.0},
        "data centre": {"kind": "large", "users": 1, "players": 1, "alpha": None},
    }
    facts = {"status": status, "advice": "Step on.", "gap": gap, "price": 1.0, "price_of_anarchy": 1.25}
    return facts | {"small": {"mean_surplus": mean}, "groups": groups}


@given(MONEY, MONEY, MONEY)
@example(-1.0, -2.0, 0.0)
def test_words_go_the_way_of_the_numbers(now, alone, before):
    text = sentence(summary_of(now), {BEFORE: summary_of(before), ALONE: summary_of(alone)})
    cost, _, back = text.partition("; ")
    same = [abs(a - b) <= 1e-6 * max(abs(a), abs(b)) for a, b in ((alone, before), (now, alone), (now, before))]
    assert ("nothing" in cost) == same[0]
    assert ("brings" in cost) == (alone > before and not same[0])
    if alone < before and not same[0]:
        assert ("give" in back) == (now >= alone or same[1])
        assert ("all of it back" in back) == (same[2] or now > before) or same[1]
    else:
        assert ("bring" in back) == (now > alone and not same[1])
    assert "nan" not in text and "inf" not in text


@pytest.mark.parametrize("status", Status)
def test_nothing_is_claimed_of_what_has_not_settled(status):
    ended = status in (Status.SETTLED, Status.SOLVED, Status.LEARNED)
    others = {BEFORE: summary_of(10.0), ALONE: summary_of(9.0)}
    text = sentence(summary_of(9.5, str(status)), others)
    assert text.startswith("The data centre costs small users 10 %") == ended
    assert ended or text.startswith(("So far", "No", "There is no", "The solver", "Infeasible: Step on."))
    unsettled = sentence(summary_of(9.5), others | {ALONE: summary_of(9.0, str(status))})
    assert ("did not settle" in unsettled) == (not ended)
    assert ended or ("costs" not in unsettled and "80 %" in unsettled)  # one planner's instead


def test_what_is_not_proven_or_could_still_gain_is_said():
    others = {BEFORE: summary_of(10.0), ALONE: summary_of(9.0)}
    assert "not proven" in sentence(summary_of(9.5, gap=None), others)
    assert "gap is 0.1 %" in sentence(summary_of(9.5, gap=1e-3), others)


def test_a_microgrid_is_held_against_idle_lines():
    text, summary = told("eight_nodes_cooperative")
    loss, idle = summary["losses"]["total"], summary["idle"]["loss"]
    assert "avoids" in text and shares(text) == pytest.approx([1 - loss / idle], rel=2e-3)
    assert "six nodes gain, none loses" in text and len(summary["winners"]) == 6 and not summary["losers"]


def test_contracts_are_held_against_the_grid_and_the_best():
    text, summary = told("p2p_single")
    buyers = sum(row["buyer_gain"] for row in summary["contracts"])
    assert summary["welfare"] == pytest.approx(summary["best_welfare"]) and "all there is to gain" in text
    assert shares(text) == pytest.approx([buyers / summary["welfare"]], rel=2e-3)


def test_designs_are_held_against_the_tariff_and_the_planner():
    text, summary = told("designs_eight_nodes")
    rows = {name: row for name, row in summary["designs"].items() if name != "planner"}
    most = max(row["surplus"] for row in rows.values()) / rows["tariff"]["surplus"] - 1
    top = max(row["welfare"] for row in rows.values()) / summary["designs"]["planner"]["welfare"]
    assert shares(text)[:2] == pytest.approx([most, top], rel=2e-3)
    assert "Somebody could still gain" in text and summary["gap"] > 1e-6


def test_days_are_held_against_idle_devices_and_the_days_without_the_data_centre():
    text, summary = told("shifting_data_centre")
    (before,) = (run(other, certify=False) for other in [references(load("shifting_data_centre"))["before"].scenario])
    then = before.small(before.outcome.s).mean()
    idle = summary["welfare"] - summary["flexibility_value"]
    cost = 1 - summary["small"]["mean_surplus"] / then
    assert shares(text) == pytest.approx([cost, summary["flexibility_value"] / idle], rel=2e-3)


def test_a_duopoly_is_held_against_competition():
    text, summary = told("cournot_duopoly")
    there = run("cournot_duopoly", set=[f"group.{k}.anticipates=nothing" for k in (0, 1)]).summary()
    assert "raise" in text and shares(text) == pytest.approx([summary["price"] / there["price"] - 1], rel=2e-3)
