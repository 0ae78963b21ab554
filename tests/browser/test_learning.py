"""Players who learn on the page: gap, regret, what one has in mind, and conduct as a control."""

import re
from html import unescape

import numpy as np
import pytest

from agents import AggregatorModel
from engine import run, save_result
from market.conduct import CONDUCTS
from market.numerals import plain
from scenarios import build, load
from views.browser import stored
from views.browser.watch import status_text
from views.kit.live import Run, gap_text
from views.kit.parameters import changed, differences, parameters
from views.markets import page_of

RULE = "group.0.conduct.rule"


def played(rounds, *changes, name="learning_duopoly", chosen=None):
    """(Run, its frame) of so many rounds played."""
    one = Run(load(name, set=list(changes)), chosen=chosen)
    one.start()
    while one.model.round < rounds and one.model.running:
        one.model.step()
    return one, page_of(one.scenario.market).frame(one, {})


def drawn(frame, name):
    """{what is drawn in a panel: values in order}, as its dots say."""
    (html,) = [panel.html for panel in frame.panels if panel.name == name]
    dots = re.findall(r"<circle[^>]*><title>([^<]*): ([^<]*)</title>", unescape(html))
    return {what: [value for other, value in dots if other == what] for what, _ in dots}


def bars(frame):
    """{label: value} of the bars of what a learner has in mind."""
    (html,) = [panel.html for panel in frame.panels if panel.name == "beliefs"]
    text = r'<text (?:class="end" )?x="[^"]*" y="[^"]*"( text-anchor="end")?(?: font-weight="700")?>([^<]*)</text>'
    words = re.findall(text, html)
    labels, values = ([word for anchored, word in words if bool(anchored) == left] for left in (True, False))
    return dict(zip(labels, values, strict=True))


def surplus(group, own, other):
    """Of a single user who buys `own` beside `other`, from the file alone."""
    utility, price = group["utility"], 0.5 + 0.2 * (own + other)
    return utility["b"] * own - utility["a"] * own**2 - price * own


def test_regret_is_what_the_best_fixed_amount_would_have_paid_more():
    one, frame = played(20)
    y, groups = np.array(one.model.judge.amounts), one.scenario.table["group"]
    for k, group in enumerate(groups):
        even = np.linspace(0, one.model.learning(k, one.model.game.blocks[k]).top[0], 41)
        paid = np.array([surplus(group, even, other) for other in y[:, 1 - k]])
        late = paid.sum(axis=0).max() - surplus(group, y[:, k], y[:, 1 - k]).sum()
        wide = np.max(paid.max(axis=1) - paid.min(axis=1))
        assert drawn(frame, "regret")[group["name"]][-1] == plain(late / wide / 20)
    promise = drawn(frame, "regret")["promised to first, second"]
    eta = np.sqrt(8 * np.log(21) / one.scenario.rounds)
    assert promise == [plain((np.log(21) / eta + eta * t / 8) / t) for t in range(1, 21)]


def test_gaps_are_drawn_where_they_were_worked_out_and_the_last_one_is_told():
    one, frame = played(45, "learning.certify_every=10")
    gaps = [one.model.datacollector.model_vars["gap"][t - 1] for t in (10, 20, 30, 40)]
    assert drawn(frame, "gap")["of the round's purchases"] == [plain(gap) for gap in gaps]
    assert frame.gap == f"{gap_text(gaps[-1])} after round 40"
    assert "gap of at most 0.001 in each of the last 5 rounds" in frame.said
    _, first = played(3, "learning.certify_every=10")
    assert first.gap == "not known yet"


def test_hedges_mind_is_its_weights_of_what_amounts_would_have_paid():
    one, frame = played(6, chosen=1)
    group, y = one.scenario.table["group"][1], np.array(one.model.judge.amounts)
    even = np.linspace(0, one.model.learning(1, one.model.game.blocks[1]).top[0], 21)
    paid = np.array([surplus(group, even, other) for other in y[:, 0]])
    wide = np.max(paid.max(axis=1) - paid.min(axis=1))
    weights = np.exp(np.sqrt(8 * np.log(21) / 400) * paid.sum(axis=0) / wide)
    assert drawn(frame, "beliefs")["chance"] == [plain(one) for one in weights / weights.sum()]
    assert "What second has in mind (hedge)" in [panel.title for panel in frame.panels]


def test_other_minds_are_told_in_numbers():
    one, frame = played(4, f"{RULE}=fictitious-play", "group.0.conduct.memory=inf")
    told, y = bars(frame), np.array(one.model.judge.amounts)
    assert told["others, on average"] == plain(float(np.mean(y[:, 1])))
    assert told["its last amount"] == plain(float(y[-1, 0]))
    one, frame = played(4, f"{RULE}=gradient")
    step = float(bars(frame)["its next step"])
    one.model.step()
    before, after = np.array(one.model.judge.amounts)[-2:, 0]
    assert step == pytest.approx(after - before, abs=1e-3)
    one, frame = played(3, f"{RULE}=fictitious-play", name="cournot_duopoly")
    assert bars(frame)["two, on average"] == plain(float(np.mean(np.array(one.model.judge.amounts)[:, 1])))


def test_a_player_on_a_network_is_followed_by_its_row():
    rules = (
        f"{RULE}=fictitious-play",
        "group.0.conduct.memory=inf",
        "group.1.conduct.rule=hedge",
        "group.1.conduct.actions=9",
    )
    _, frame = played(0, *rules, name="cournot_duopoly")
    assert frame.table.follows and frame.table.columns["learns"] == ["yes", "yes"]
    for chosen, title in ((None, "one has in mind (fictitious-play)"), (1, "two has in mind (hedge)")):
        one, frame = played(4, *rules, name="cournot_duopoly", chosen=chosen)
        assert f"What {title}" in [panel.title for panel in frame.panels]
        assert list(frame.table.columns["amount"]) == list(one.model.y)
    assert len(drawn(frame, "beliefs")["chance"]) == 9
    regret = one.model.datacollector.model_vars["regret two"][-1] / one.model.judge.range[1] / 4
    assert drawn(frame, "regret")["two"][-1] == plain(regret)
    _, frame = played(2, "group.1.conduct.rule=hedge", name="cournot_duopoly", chosen=0)
    assert "What two has in mind (hedge)" in [panel.title for panel in frame.panels]  # the first learner
    _, frame = played(2, name="cournot_duopoly", chosen=0)
    assert not frame.table.follows and "node" in frame.table.columns


def test_a_player_of_a_large_group_has_the_mind_it_would_have_one_by_one():
    scenario = load("small_alone", set=["group.0.users=5", f"{RULE}=bandit", "rounds=3"])
    alone, crowd = (build(scenario, agent_threshold=most) for most in (10, 1))
    assert isinstance(alone, AggregatorModel) and len(crowd.seats) == 1 and crowd.mind(2) is None
    for model in (alone, crowd):
        model.run()
    for place in (0, 4):
        np.testing.assert_array_equal(alone.mind(place).chances, crowd.mind(place).chances)
    assert not np.array_equal(crowd.mind(0).chances, crowd.mind(4).chances)


def test_how_learners_end_is_told_in_words():
    _, frame = played(60, f"{RULE}=gradient", "group.1.conduct.rule=gradient", "rounds=60")
    assert 'class="chip learned"' in status_text(frame) and "near an equilibrium" in status_text(frame)
    _, frame = played(10, "rounds=10")
    assert 'class="chip round-limit"' in status_text(frame) and "no equilibrium" in status_text(frame)


def test_a_stored_run_of_learners_is_played_again_as_it_was(tmp_path):
    folder = save_result(run("learning_duopoly", rounds=12), tmp_path)
    again = stored.open_folder(tmp_path, f"learning_duopoly/{folder.name}")
    again.start()
    for said in ("Rounds 1 to 1 of 12 are as stored, bit by bit.", "Rounds 1 to 2 of 12 are as stored, bit by bit."):
        again.model.step()
        assert stored.verdict(again) == said
    again.stored.loc[1, "gap of average"] = 1.0
    assert "Round 2 differs" in stored.verdict(again)


def test_best_responders_are_shown_as_ever():
    one, frame = played(2, name="two_aggregators")
    assert not {"gap", "regret", "beliefs"} & {panel.name for panel in frame.panels}
    assert "conduct" not in frame.table.columns and frame.gap == "not known yet"
    assert "earned" not in frame.said and one.model.mind(0) is None


def test_every_group_can_be_given_any_conduct_and_its_best_responses_back():
    for name in ("two_aggregators", "cournot_duopoly"):
        original = load(name)
        control = {one.dotted: one for one in parameters(original)}[RULE]
        assert control.value == "best-response" and set(control.key.range) == set(CONDUCTS)
        for rule in CONDUCTS:
            new = changed(original, control.path, rule, original)
            assert new.learners.get(original.groups[0].name, {"rule": "best-response"})["rule"] == rule
            assert changed(new, control.path, "best-response", original).table == original.table


def offered(name, *changes):
    """Dotted names of the controls of a scenario that have to do with who learns."""
    words = ("conduct.rule", "damping", "days")
    found = [one.dotted for one in parameters(load(name, set=list(changes)))]
    return {dotted for dotted in found if dotted.endswith(words)}


def test_no_conduct_is_offered_where_it_would_be_refused_and_nothing_that_a_learner_refuses():
    assert RULE in offered("two_aggregators") and "damping" in offered("two_aggregators")
    assert not offered("two_aggregators", "damping=0.5") - {"damping"}
    assert RULE not in offered("joining_maxmin")
    literal = "group.0.fairness.alpha=1", "group.0.fairness.surplus_offset=0"
    assert RULE not in offered("two_aggregators", *literal)
    assert "group.2.conduct.rule" in offered("two_aggregators", *literal)
    assert "damping" not in offered("learning_duopoly")
    assert offered("shifting_data_centre") == {RULE, "group.1.conduct.rule", "damping", "periods.days"}
    assert RULE not in offered("shifting_data_centre", "group.0.fairness.alpha=1")
    assert not offered("shifting_data_centre", "periods.days=2") - {"damping", "periods.days"}
    assert offered("shifting_data_centre", f"{RULE}=gradient") == {RULE, "group.1.conduct.rule"}
    for rule in ("fictitious-play", "gradient", "inertial"):
        control = {one.dotted: one for one in parameters(load("storage_duopoly"))}[RULE]
        assert rule in control.key.range and "hedge" not in control.key.range
        assert changed(load("storage_duopoly"), control.path, rule).learners["storage"]["rule"] == rule


def test_a_learner_s_day_is_told_by_period():
    one, frame = played(3, f"{RULE}=fictitious-play", name="storage_duopoly", chosen=1)
    assert "What storage 2 has in mind (fictitious-play)" in [panel.title for panel in frame.panels]
    assert {"gap", "regret", "beliefs"} <= {panel.name for panel in frame.panels}
    y = np.array(one.model.judge.amounts).reshape(3, 2, 2)
    told = one.model.mind(1).kept
    assert told["others, on average"] == pytest.approx(y[:, 0].mean(axis=0) + one.model.day.background)
    one.model.step()
    assert told["its next amount"] == pytest.approx(one.model.y[1])


def test_what_a_file_says_of_a_conduct_is_not_left_out():
    original = load("learning_duopoly", set=[f"{RULE}=best-response"])
    path = ("group", 0, "conduct", "rule")
    assert changed(original, path, "best-response", original).table == original.table
    assert differences(changed(original, path, "inertial", original), original) == [
        (RULE, "best-response", "inertial"),
        ("group.0.conduct.inertia", None, 0.5),
    ]


def test_a_rule_chosen_on_the_page_starts_the_market_anew_and_ends_as_the_command_line_says(visitor):
    visitor.show("Aggregators", "learning duopoly")
    visitor.step()
    for group in (0, 1):
        visitor.page.click(f".v-select:has(input[aria-label='group.{group}.conduct.rule'])")
        visitor.page.click(".menuable__content__active .v-list-item:has-text('gradient')")
        visitor.page.wait_for_selector(f".changes b:text-is('group.{group}.conduct.rule')")
    visitor.page.wait_for_selector(".panel[data-name=beliefs] h2:text-is('What first has in mind (gradient)')")
    visitor.play_to_the_end()
    visitor.page.wait_for_selector(".status:not(:has-text('after round'))")
    summary = run("learning_duopoly", set=[f"group.{k}.conduct.rule=gradient" for k in (0, 1)]).summary()
    assert visitor.page.inner_text(".chip") == summary["status"] == "learned"
    assert f"gap {gap_text(summary['gap'])}." in visitor.page.inner_text(".status")
    assert visitor.tile("price") == plain(summary["price"])
