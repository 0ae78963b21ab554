"""What the page is made of, without a browser: parameters, sessions that survive errors, tables, replays."""

import gc
import math
import re
import threading
import time
import weakref
from dataclasses import replace
from types import SimpleNamespace

import ipyvuetify
import numpy as np
import pytest
import solara

import engine
from engine import FolderError
from engine.sweeps.points import product
from market.outcome import Status
from scenarios import ScenarioError, load
from scenarios.markets import MARKETS
from tests.browser.colours import odd_keys
from tests.shipped import scenarios
from views.browser import app, stored
from views.browser import session as session_module
from views.browser.session import Session, in_turn
from views.browser.stage import Screen
from views.browser.watch import shown
from views.designs.look import short
from views.kit.agents_table import found, ordered
from views.kit.charts import Band, Line, density_chart, line_chart
from views.kit.frames import Table
from views.kit.live import NOT_YET, Run, gap_text
from views.kit.parameters import changed, command, differences, editable, parameters, parse, stops, written
from views.markets import page_of

SCENARIOS = scenarios()


def ended(session, patience=20):
    """Wait until a session has done all that it was asked for."""
    done = threading.Event()
    session._jobs.put(("", lambda number: done.set(), session.number))
    assert done.wait(patience)


@pytest.mark.share
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_value_can_be_written_read_and_set_to_itself(scenario):
    for parameter in parameters(scenario):
        assert parameter.key.meaning or parameter.help
        if editable(parameter.value):
            value = parse(written(parameter.value)) if not isinstance(parameter.value, str) else parameter.value
            assert changed(scenario, parameter.path, value).table == scenario.table, parameter.dotted


@pytest.mark.share
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_stop_of_every_slider_is_legal_for_its_key(scenario):
    for parameter in parameters(scenario):
        values = stops(parameter, parameter.value)
        assert list(values) == sorted(values)
        if values:
            assert parameter.value in values
        for value in (values[0], values[-1]) if values else ():
            try:
                changed(scenario, parameter.path, value)
            except ScenarioError as error:  # a neighbour may forbid it, but not the key's own range
                _, refused, needed = str(error).partition(f"{parameter.key.name}: got {value!r};")
                assert not refused or parameter.key.allowed not in needed


def test_a_change_is_told_as_difference_and_command():
    original = load("two_aggregators")
    new = changed(changed(original, ("price", "c"), 0.002), ("seed",), 5)
    assert differences(new, original) == [("seed", 1, 5), ("price.c", 0.001, 0.002)]
    assert command(new, original) == "python run.py run two_aggregators --seed 5 --set price.c=0.002"
    assert load("two_aggregators", seed=5, set=["price.c=0.002"]) == new


def test_alpha_has_stops_for_each_named_objective():
    alpha = next(one for one in parameters(load("two_aggregators")) if one.key.name == "alpha")
    assert {0.0, 1.0, math.inf} <= set(stops(alpha, alpha.value))


def test_a_kind_that_is_left_and_chosen_again_is_as_before():
    original = load("two_aggregators")
    direct = changed(original, ("group", 0, "kind"), "direct", original)
    assert "fairness" not in direct.table["group"][0]
    assert changed(direct, ("group", 0, "kind"), "aggregator", original).table == original.table


def test_an_error_in_a_round_is_told_and_reset_mends_it(monkeypatch, capsys):
    session = Session()
    session.open([Run(load("two_aggregators"))])
    session.step()
    ended(session)
    with monkeypatch.context() as broken:
        broken.setattr(session.runs[0].model, "step", lambda: 1 / 0)
        session.step()
        ended(session)
    assert "ZeroDivisionError" in session.problem and "Traceback" in capsys.readouterr().err
    session.reset()
    session.step()
    ended(session)
    assert session.problem == "" and session.frames[0].round == 1
    session.close()


def test_an_error_in_a_drawing_is_told_and_the_thread_lives_on(monkeypatch):
    session = Session()
    session.open([Run(load("p2p_single"))])
    ended(session)
    with monkeypatch.context() as broken:
        broken.setattr(page_of("bilateral"), "panels", lambda run: [][0])
        session.step()
        ended(session)
    assert "IndexError" in session.problem
    session.step()
    ended(session)
    assert session.frames[0].round == 2
    session.close()


@pytest.mark.parametrize("playing", [False, True])
def test_a_change_keeps_the_round_and_plays_on_only_where_it_played(playing):
    session = Session()
    session.speed = "as fast as it can"
    session.open([Run(load("p2p_half_space"))])
    if playing:
        session.go_on()
    else:
        session.step()
        ended(session)
    session.open([Run(load("p2p_half_space", seed=2))], 3, changed=True)
    ended(session)
    (frame,) = session.frames
    assert not session.playing and frame.running != playing and (frame.round == 3 or playing)
    assert [tile.before is not None for tile in frame.tiles] == [True] * len(frame.tiles) or playing
    session.close()


def test_the_run_before_a_change_stays_faint_behind_the_new_one_until_another_is_shown():
    session = Session()
    session.open([Run(load("two_aggregators"))])
    session.step()
    ended(session)
    was = session.frames[0]
    for number in (1, 2):  # twice: what is faint is what was shown last, and nothing older
        session.open([Run(load("two_aggregators", set=[f"price.c={0.001 * (1 + number)}"]))], 1, changed=True)
        ended(session)
        price = next(panel for panel in session.frames[0].panels if panel.name == "price").html
        old = next(panel for panel in was.panels if panel.name == "price").html
        assert price.count('class="behind"') == 1 and "before the change" in price
        assert price == price.upon(old.lines) != price.upon(())
        was = session.frames[0]
    session.reset()
    session.step()
    ended(session)
    assert not any("behind" in panel.html for panel in session.frames[0].panels)
    session.close()


def test_a_closed_session_lets_its_model_go():
    session = Session()
    session.open([Run(load("two_aggregators"))])
    session.step()
    ended(session)
    model, thread = weakref.ref(session.runs[0].model), session._thread
    session.close()
    thread.join(10)
    gc.collect()
    assert not thread.is_alive() and model() is None


@pytest.mark.share
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_shipped_scenario_is_shown_before_and_after_its_first_round(scenario):
    run = Run(scenario)
    run.start()
    page = page_of(scenario.market)
    assert page.too_large(scenario) == ""
    if scenario.name != "large_market":
        first = page.frame(run, {})
        empty = [panel.name for panel in first.panels if not re.search("<(rect|path|circle)", panel.html)]
        assert first.panels and empty == []
        run.model.step()
        frame = page.frame(run, {})
        assert set(frame.tracks) == set(page.TRACKS)
        groups = [one["name"] for what in ("group", "class") for one in scenario.table.get(what, ())]
        assert [odd for panel in (*first.panels, *frame.panels) for odd in odd_keys(panel.html, groups)] == []
        for table in (first.table, frame.table):
            assert len(table) > 0 and len({len(column) for column in table.columns.values()}) == 1
    run.end()


def played(scenario, rounds=None):
    """A run stepped to its end, or so many rounds, with its page's last frame and all tracks."""
    run = Run(load(scenario) if isinstance(scenario, str) else scenario)
    run.start()
    page = page_of(run.scenario.market)
    shown = page.frame(run, {})
    while run.model.running and run.model.round != rounds:
        run.model.step()
        shown = page.frame(run, {})
    return run, shown


ALONE = """
market = "aggregator"
price = { rule = "linear", c = 0.1 }
joining = { direct = true }
[[group]]
name = "big"
kind = "large"
utility = { form = "quadratic", a = 0.5, size = 20 }
[[group]]
name = "welfare"
kind = "aggregator"
users = 3
utility = { form = "quadratic", a = [0.5, 0.6, 0.7], b = [9, 8, 7] }
fairness = { alpha = 0 }
[[group]]
name = "max-min"
kind = "aggregator"
users = 2
utility = { form = "quadratic", a = [0.5, 0.6], b = [9, 6] }
fairness = { alpha = inf }
"""


@pytest.fixture
def alone(tmp_path):
    """A scenario of users who may buy alone, which nobody does at first."""
    (tmp_path / "alone.toml").write_text(ALONE, encoding="utf-8")
    return load(tmp_path / "alone.toml")


def test_users_who_move_keep_their_numbers_though_the_game_changes(alone):
    for scenario in (load("joining_three"), alone):
        result, (_, frame) = engine.run(scenario), played(scenario)
        joined, columns = result.joined, frame.table.columns
        names = [offer.name for offer in joined.joining.offers]
        movers = len(joined.memberships[0])
        assert np.array_equal(columns["consumption"], result.quantities[-1])
        assert np.array_equal(columns["surplus"], result.surpluses[-1])
        for column, membership in (("member of", joined.memberships[-1]), ("began with", joined.memberships[0])):
            assert columns[column][:movers].tolist() == [names[k] for k in membership]
        assert (columns["member of"][:movers] != columns["began with"][:movers]).any()
        worth = np.append(joined.joining.utility.reservation, joined.joining.stayers[0].utility.reservation)
        assert np.array_equal(columns["reservation price"], worth)
        small = result.surpluses[:, :movers]
        jains = small.sum(axis=1) ** 2 / (movers * (small**2).sum(axis=1))
        assert frame.tracks["Jain's index"][1] == pytest.approx(jains)
        assert frame.tracks["mean surplus of small users (money)"][1] == pytest.approx(small.mean(axis=1))
        assert f"{result.joined.moves} moves so far" in frame.said


def test_what_nobody_has_taken_has_members_but_no_surplus(alone):
    _, first = played(alone, 1)
    stepped, frame = played(alone)
    members = stepped.model.datacollector.model_vars["members alone"]
    assert members[0] == 0 and members[-1] > 0
    drawn = {panel.name: panel.html for panel in frame.panels}
    dots = {name: drawn[name].count("<title>alone: ") for name in ("members", "surplus")}
    assert dots == {"members": len(members), "surplus": sum(count > 0 for count in members)}
    assert "alone, mean of a user" in drawn["purchases"] and "nan" not in "".join(drawn.values()).lower()
    assert first.said.startswith("The market opens")


def test_moves_are_told_by_where_they_lead():
    stepped, frame = played("joining_three", 2)
    before, now = stepped.model.memberships
    to = [int(((before != now) & (now == k)).sum()) for k in range(3)]
    assert min(to) > 0
    said = f"{sum(to)} users moved: {to[0]} to welfare, {to[1]} to proportional, {to[2]} to max-min; {sum(to)} moves"
    assert frame.said.startswith(said)
    _, frame = played("two_users_chase")
    assert frame.status == "cycling" and frame.said.endswith("The same groups come back every 2 rounds.")
    assert "inertia" in frame.advice


def test_moving_users_whose_purchases_are_not_proven_have_not_settled(monkeypatch):
    stepped, frame = played("two_users_chase", 1)
    stepped.model.ended = Status.SETTLED
    frame = page_of("aggregator").frame(stepped, {})
    assert frame.status == "settled" and "Nobody expects to gain" in frame.advice
    known = replace(stepped.model.outcome, gap=1.0)
    monkeypatch.setattr(type(stepped.model.registrar), "known", known)
    frame = page_of("aggregator").frame(stepped, {})
    assert frame.status == "inaccurate" and "not proven" in frame.advice


def test_designs_are_shown_as_far_as_they_have_come():
    stepped, frame = played("designs_eight_nodes", 1)
    assert frame.status == "running" and frame.gap == NOT_YET
    assert frame.said.startswith("Still running: direct, ") and "contracts" in frame.said
    result = stepped.result()
    assert result.status == "running" and result.summary()["designs"]["bilateral"]["surplus"] is None
    assert np.isnan(frame.table.columns["contracts"]).all() and not np.isnan(frame.table.columns["direct"]).any()
    assert stepped.has_result and stepped.rounds_csv().count("\n") == 2


def test_designs_end_with_the_numbers_of_a_run_and_the_best_of_them():
    result, (stepped, frame) = engine.run("designs_neighbourhood"), played("designs_neighbourhood")
    assert stepped.result().summary() == result.summary()
    tiles = {tile.label: tile.value for tile in frame.tiles}
    designs = {name: design for name, design in result.designs.items() if name != "planner"}
    for word, number, measure in (
        ("most for agents", "their surplus there", "surplus"),
        ("most for all", "welfare there", "welfare"),
    ):
        best = max(designs, key=lambda name: designs[name].values[measure])
        assert (tiles[word], tiles[number]) == (short(best), designs[best].values[measure])
        assert short(best) in frame.said
    assert tiles["planner's welfare"] == result.designs["planner"].values["welfare"]
    assert (frame.status, frame.advice) == (result.status, result.advice)
    assert frame.gap.startswith(gap_text(result.gap)) and stepped.memory["gap"] == result.gap
    columns = list(frame.table.columns.values())[-len(result.designs) :]
    for column, design in zip(columns, result.designs.values(), strict=True):
        assert np.array_equal(column, design.gained)


@pytest.mark.parametrize("market", MARKETS)
def test_every_variant_is_another_legal_scenario(market):
    own = load(page_of(market).START)
    for name, changes in page_of(market).variants(own).items():
        new = own
        for path, value in changes:
            new = changed(new, path, value, own)
        assert new.table != own.table, name


REPLAYED = (
    "two_users_chase",
    "designs_eight_nodes",
    "two_aggregators",
    "small_alone",
    "eight_nodes_ad_hoc",
    "p2p_single",
)


@pytest.mark.parametrize("name", REPLAYED)
def test_a_stored_run_is_replayed_bit_by_bit(name, tmp_path):
    folder = engine.save_result(engine.run(name), tmp_path)
    run = stored.open_folder(tmp_path, str(folder.relative_to(tmp_path)))
    run.start()
    while run.model.running:
        assert "differs" not in stored.verdict(run)
        run.model.step()
    rounds = run.model.round
    assert stored.verdict(run) == f"Rounds 1 to {rounds} of {rounds} are as stored, bit by bit."
    kept = run.stored
    for column in kept:
        run.stored = kept.drop(columns=column)
        assert "no column" in stored.verdict(run) and column in stored.verdict(run)
        run.stored = kept.assign(**{column: [another(cell) for cell in kept[column]]})
        assert "differs" in stored.verdict(run), column
    run.stored = kept.assign(more=1.0)
    assert "a column 'more'" in stored.verdict(run)


def another(cell):
    """Something else in a cell of rounds.csv; of several numbers another first one."""
    if not isinstance(cell, str):
        return 0.5 if np.isnan(cell) else cell + 1
    first, *others = cell.split()
    return " ".join([str(float(first) + 1), *others]) if others else f"{cell} indeed"


def refused(root, folder):
    with pytest.raises(FolderError) as error:
        stored.open_folder(root, str(folder.relative_to(root)))
    return str(error.value)


def test_folders_that_cannot_be_replayed_are_refused_in_words(tmp_path, monkeypatch):
    for name in ("two_peaks", "designs_eight_nodes"):
        folder = engine.save_result(engine.run(name, direct=True), tmp_path)
        assert "solved directly, without rounds to replay" in refused(tmp_path, folder)
    folder = engine.save_comparison(engine.compare(["designs_eight_nodes"]), tmp_path)
    assert "got 'comparison'; only a run can be played again" in refused(tmp_path, folder)
    points = product(["price.c=0.1"])
    folder = engine.sweep(load("two_peaks"), points, out=tmp_path, executor=engine.InProcess())
    assert "got 'sweep'; only a run can be played again" in refused(tmp_path, folder)
    folder = engine.save_result(engine.run("two_peaks"), tmp_path)
    monkeypatch.setattr(page_of("aggregator"), "MOST_USERS", 1)
    assert refused(tmp_path, folder).endswith("2 users; the browser takes at most 1")


def test_names_are_escaped_wherever_they_are_drawn():
    evil = "<script>alert(1)</script>"
    picture = line_chart([Line(evil, [1, 2], [1, 2], "red")], evil, bands=[Band([1, 2], [0, 0], [1, 1], "red")])
    assert "<script" not in picture + density_chart({evil: (np.arange(9.0), "red")}, evil)


def test_a_table_is_searched_and_sorted():
    table = Table({"user": np.arange(4), "group": np.array(list("abab")), "surplus": np.array([3.0, np.nan, 1.0, 2.0])})
    assert found(table, "B").tolist() == [1, 3]
    assert found(table, "2").tolist() == [2]
    assert found(table, "b 1").tolist() == [1]
    assert found(table, "(").tolist() == []
    assert ordered(table, np.arange(4), "surplus", False).tolist() == [2, 3, 0, 1]
    assert ordered(table, np.arange(4), "surplus", True).tolist() == [0, 3, 2, 1]


def test_a_link_that_leads_out_of_the_results_is_not_followed(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "results" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(FolderError, match="below results"):
        stored.open_folder(tmp_path / "results", "link")


def test_what_fails_in_a_part_of_the_page_is_told_and_the_rest_lives_on(monkeypatch):
    broken = [True]

    @solara.component
    def Fragile(session, tell):  # noqa: N802  a component
        if broken:
            raise ZeroDivisionError("a part is broken")
        solara.HTML("div", "mended")

    monkeypatch.setattr(app, "One", Fragile)
    _, page = solara.render(app.Page(), handle_error=False)
    try:
        assert "ZeroDivisionError: a part is broken" in page.find(ipyvuetify.Alert).widget.children[0]
        assert page.find(ipyvuetify.Btn, children=["Compare"]).widget is not None
        broken.clear()
        page.find(ipyvuetify.Btn, children=["Go on"]).widget.click()
        assert not page.find(ipyvuetify.Alert).widgets
    finally:
        page.close()


def test_what_cannot_be_put_on_the_stage_is_told_and_the_session_lives_on(capsys):
    session, sent = Session(), []
    screen = Screen(session)
    screen.widget = SimpleNamespace(send=lambda message: sent.append(message["args"][0]))
    screen.content = lambda frames: [][0]
    screen.show()
    assert "IndexError" in sent[-1]["state"]["problem"] and sent[-1]["agents"] is None
    assert "Traceback" in capsys.readouterr().err
    screen.content = shown
    screen.show()
    assert sent[-1]["state"]["problem"] == "" and "being drawn" in sent[-1]["shown"]["status"]


def test_a_word_on_what_is_worked_on_sends_no_drawing_again_and_all_is_sent_when_asked_for():
    session, sent = Session(), []
    screen = Screen(session)
    screen.widget = SimpleNamespace(send=lambda message: sent.append(message["args"]))
    screen.content = shown
    screen.show_all()
    session.working = "playing a round"
    screen.show()
    session.frames = (SimpleNamespace(running=True),)  # which the stage cannot show
    screen.show()
    parts = [set(news) for news, _ in sent]
    assert parts == [{"state", "shown", "agents"}, {"state"}, {"state", "shown"}]
    assert sent[1][0]["state"]["working"] == "playing a round"
    assert [number for _, number in sent] == [0, 1, 2]
    screen.show_all()
    assert set(sent[-1][0]) == {"state", "shown", "agents"} and sent[-1][1] == 0


def test_few_play_at_a_time_and_who_waited_long_goes_on_as_well(monkeypatch):
    monkeypatch.setattr(session_module, "AT_ONCE", threading.Semaphore(2))
    inside, most = [], []

    def work(seconds):
        with in_turn():
            inside.append(1)
            most.append(len(inside))
            time.sleep(seconds)
            inside.pop()

    def by(number, seconds):
        threads = [threading.Thread(target=work, args=(seconds,)) for _ in range(number)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return max(most)

    assert by(6, 0.01) == 2
    monkeypatch.setattr(session_module, "LONGEST_WAIT", 0.01)
    assert by(3, 0.2) == 3
    assert [session_module.AT_ONCE.acquire(timeout=0) for _ in range(3)] == [True, True, False]  # as many as before


def test_a_run_that_settles_beside_an_equilibrium_is_inaccurate_on_the_page_too():
    run_ = Run(load("two_aggregators", set=["tolerance=0.5"]))
    run_.start()
    run_.model.run()
    run_.memory["gap"] = run_.model.gap
    frame = page_of("aggregator").frame(run_, {})
    assert run_.model.status == Status.INACCURATE
    assert (frame.status, frame.advice) == (run_.result().status, run_.result().advice)
    assert frame.status == Status.INACCURATE
    run_.end()
