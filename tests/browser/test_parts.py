"""What the page is made of, without a browser: parameters, sessions that survive errors, tables, replays."""

import gc
import math
import threading
import weakref

import ipyvuetify
import numpy as np
import pytest
import solara

from engine import FolderError
from scenarios import ScenarioError, load, names
from views.browser import app, stored
from views.browser.agents_table import found, ordered
from views.browser.charts import Band, Line, density_chart, line_chart
from views.browser.frames import Table
from views.browser.live import Run
from views.browser.markets import PAGES
from views.browser.parameters import changed, command, differences, editable, parameters, parse, stops, written
from views.browser.session import Session

SCENARIOS = [*map(load, names())]


def ended(session, patience=20):
    """Wait until a session has done all that it was asked for."""
    done = threading.Event()
    session._jobs.put(("", lambda number: done.set(), session.number))
    assert done.wait(patience)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_value_can_be_written_read_and_set_to_itself(scenario):
    for parameter in parameters(scenario):
        assert parameter.key.meaning or parameter.help
        if editable(parameter.value):
            value = parse(written(parameter.value)) if not isinstance(parameter.value, str) else parameter.value
            assert changed(scenario, parameter.path, value).table == scenario.table, parameter.dotted


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
                assert f"{parameter.key.name}: got {value!r};" not in str(error)


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
        broken.setattr(PAGES["bilateral"], "panels", lambda run: [][0])
        session.step()
        ended(session)
    assert "IndexError" in session.problem
    session.step()
    ended(session)
    assert session.frames[0].round == 2
    session.close()


def test_a_change_in_the_middle_of_play_ends_the_play_and_keeps_the_round():
    session = Session()
    session.speed = "as fast as it can"
    session.open([Run(load("p2p_half_space"))])
    session.play()
    session.open([Run(load("p2p_half_space", seed=2))], 3)
    ended(session)
    assert session.frames[0].round == 3 and not session.playing
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


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_shipped_scenario_is_shown_before_and_after_its_first_round(scenario):
    run = Run(scenario)
    run.start()
    page = PAGES[scenario.market]
    assert page.too_large(scenario) == ""
    if scenario.name != "large_market":
        first = page.frame(run, {})
        run.model.step()
        frame = page.frame(run, {})
        assert [panel.name for panel in frame.panels] == [panel.name for panel in first.panels]
        assert set(frame.tracks) == set(page.TRACKS)
        assert len(frame.table) > 0
        lengths = {len(column) for column in frame.table.columns.values()}
        assert len(lengths) == 1
    run.end()


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
    def Fragile(session):  # noqa: N802  a component
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
