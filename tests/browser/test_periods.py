"""A day is shown by its periods: what is told of each adds up to what is told of the whole."""

import json

import numpy as np
import pytest

from market.numerals import plain
from scenarios import load
from tests.browser.test_access import faults
from tests.browser.test_truth import ended
from views.bilateral.contract_list import MOST_ROWS
from views.designs.look import short
from views.kit.live import Run
from views.markets import page_of

pytestmark = pytest.mark.long

DAYS = {"eight_nodes_day": ("lost", "loss"), "p2p_day": ("gained", "welfare")}


@pytest.mark.parametrize("name", DAYS)
def test_every_period_that_ended_can_be_looked_at_and_has_the_summarys_numbers(name):
    run, frame = ended(name)
    label, key = DAYS[name]
    told = {one.label: list(one.values) for one in frame.moments.readings["Everybody"]}
    summary, table = run.result().summary(), run.result().tables["periods"]()
    assert told[label] == pytest.approx(table[key].tolist()) and len(frame.moments.labels) == summary["periods"]
    tiles = frame.values
    whole = {"eight_nodes_day": "loss", "p2p_day": "gained by all"}[name]
    assert sum(told[label]) == pytest.approx(tiles[whole])
    marked = [panel.name for panel in frame.panels if 'class="moment"' in panel.html]
    assert marked == (["energy", "rounds", "prices"] if name == "eight_nodes_day" else ["energy", "price"])
    if name == "p2p_day":
        (contracts,) = [panel.html for panel in frame.panels if panel.name == "all contracts"]
        assert (
            contracts.count("<tr>") == 1 + min(MOST_ROWS, len(summary["contracts"]))
            and sum(told["contracts"]) == tiles["contracts"]
        )
        assert len({row["period"] for row in summary["contracts"]}) > 1
    else:
        assert all(a + b == pytest.approx(c) for a, b, c in zip(*(told[one] for one in PARTS), strict=True))


PARTS = ("on public lines", "on private lines", "lost")


def test_a_map_says_its_scales_and_of_very_many_lines_draws_the_loaded_ones_alone():
    run = Run(load("ieee300_ad_hoc"))
    run.start()
    run.model.step()
    (drawn,) = [panel.html for panel in page_of("microgrid").frame(run, {}).panels if panel.name == "map"]
    dispatch = run.model.dispatch
    widest = max(np.max(np.abs(flow)) for flow in (dispatch.f, dispatch.g))
    assert f"widest: {plain(widest, 3)} p.u." in drawn and drawn.count("lost on a line: ") == 3
    assert 'class="idle"' not in drawn
    run.end()


DESIGNS = {
    "market": "designs",
    "seed": 2,
    "periods": {"count": 3},
    "tariff": {"buy": [0.3, 0.2, 0.4], "sell": 0.05},
    "price": {"p0": 0.1, "c": 0.01},
    "base_power": 10,
    "alphas": [0],
    "behaviours": ["none", "cooperative"],
    "network": {"slack": 0, "public": [[0, 1, 0.01, 0.02], [1, 2, 0.01, 0.02]], "private": [[1, 2, 0.005, 1.0]]},
    "class": [
        {"name": "roofs", "count": 2, "a": 0.1, "b": 0.9, "generation": 6, "sun": [0, 1, 0.1], "node": [1, 1]},
        {"name": "homes", "count": 3, "a": 0.1, "b": 1.0, "profile": [1, 0.6, 1.2], "node": [1, 2, 2]},
    ],
}


def test_a_day_of_designs_is_told_by_the_clock_with_the_summarys_numbers():
    run, frame = ended(DESIGNS)
    summary, moments = run.result().summary(), frame.moments
    assert moments.labels == ("00:00 – 08:00", "08:00 – 16:00", "16:00 – 24:00") and frame.span == "The whole day"
    told = {one.label: one.values for one in moments.readings["Everybody"]}
    assert sum(told["generated"]) == pytest.approx(summary["at_tariff"]["generation"])
    assert sum(told["left over"]) - sum(told["needed"]) == pytest.approx(summary["at_tariff"]["net"])
    assert told["the tariff charges"] == (0.3, 0.2, 0.4)
    for rows, measure in zip(moments.compared.values(), ("price", "grid supply", "loss"), strict=True):
        known = {short(name): design["periods"][measure] for name, design in summary["designs"].items()}
        assert {one.label: list(one.values) for one in rows} == known
    signed = [outcome.contracts for outcome in run.model.parts["bilateral"].outcomes]
    hours = [panel for panel in frame.panels if panel.tab == "Hour by hour"]
    assert hours[-1].html.count("<tr>") == 1 + sum(len(one["price"]) for one in signed) > 1
    assert "<td>08:00 – 16:00</td>" in hours[-1].html and "<td>00:00" not in hours[-1].html
    assert ['class="moment"' in panel.html for panel in hours] == [True] * 4 + [False]
    assert all('class="moment"' not in panel.html for panel in frame.panels if panel.tab != "Hour by hour")


def test_what_an_agent_of_a_day_of_designs_pays_by_the_hour_adds_up():
    run, _ = ended(DESIGNS)
    run.chosen = 3
    moments = page_of("designs").frame(run, {}).moments
    (rows,) = [rows for name, rows in moments.compared.items() if name.startswith("Agent 3 pays")]
    for one, (name, design) in zip(rows, run.result().designs.items(), strict=True):
        assert one.label == short(name) and sum(one.values) == pytest.approx(design.account.paid[3])


def test_periods_are_called_as_the_file_calls_them_else_by_number(tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    for head, names in (("time", ("06:00", "07:00")), ("hour", ("hour 6", "hour 7"))):
        rows = [f"{'06:00' if head == 'time' else 6},-1,2,0", f"{'07:00' if head == 'time' else 7},-2,1,0"]
        (tmp_path / "day.csv").write_text("\n".join([f"{head},2,1,0", *rows]))
        run, frame = ended(tmp_path / "own.toml")
        assert run.scenario.injections[0] == (0, 2, -1)  # by node, whatever the order of columns
        assert (
            frame.moments.labels == names and f"Flows on public and private lines, {names[1]}" in frame.panels[0].title
        )
        assert frame.span == f"{names[0].capitalize()} to {names[1]}, 2 of 2 periods together"
        run.memory["summary"] = run.result().summary()
        assert f"{names[0].capitalize()}: The core is" in page_of("microgrid").frame(run, {}).panels[0].html
    _, frame = ended(tmp_path / "own.toml", "injection=[[0, 2, -1], [0, 1, -2]]")
    assert frame.moments.labels == ("period 0", "period 1")


OWN = """
market = "microgrid"
behaviour = "ad-hoc"
network = { slack = 0, injection = [0, 1, -1], public = [[0, 1, 0.01, 0.05], [1, 2, 0.01, 0.05]] }
injection = { csv = "day.csv" }
"""
STREET = {"prosumer": ["ann", "bob"] * 2, "period": ["2024-05-01 06:00"] * 2 + ["2024-05-01 07:00"] * 2}
STREET |= {"net": [2.0, -1.0, -1.0, 1.5], "value": [0.2] * 4, "ask": [0.1] * 4}


def test_contracts_of_prosumers_with_times_are_told_by_them():
    _, frame = ended({"market": "bilateral", "prosumers": STREET})
    assert frame.moments.labels == ("2024-05-01 06:00", "2024-05-01 07:00")
    (listed,) = [panel.html for panel in frame.panels if panel.name == "all contracts"]
    assert "<td>2024-05-01 07:00</td><td>0 ← 1</td>" in listed and "<td>2024-05-01 06:00</td><td>1 ← 0</td>" in listed
    assert frame.values["traded"] == pytest.approx(2.0)


def test_the_hours_numbers_of_all_designs_follow_the_slider(visitor):
    visitor.show("Designs", "designs day")
    visitor.step()
    direct = json.loads(visitor.download("summary.json"))["designs"]["direct"]["periods"]["grid supply"]
    where = ".compared tr[data-name^='The main grid supplies'] td >> nth=0"
    assert visitor.page.inner_text(where) == plain(direct[0])
    visitor.page.locator(".moments [role=slider]").focus()
    for _ in range(13):
        visitor.page.keyboard.press("ArrowRight")
    visitor.page.wait_for_selector(".when:text-is('13:00 – 14:00')")
    assert visitor.page.inner_text(where) == plain(direct[13])
    visitor.page.click(".tab:has-text('Hour by hour')")
    visitor.page.wait_for_selector(".panel[data-name='Lost on lines by hour'] .moment")
    for theme in ("dark", "light"):
        visitor.page.click(f"button[aria-label='{theme} theme']")
        assert faults(visitor.page) == []


def test_the_latest_period_is_looked_at_while_the_day_goes_on_until_one_looks_back(visitor):
    visitor.show("Microgrid", "eight nodes day")
    for hour in range(3):
        visitor.step()
        visitor.page.wait_for_selector(f".when:text-is('hour {hour}')")
    visitor.page.locator(".moments [role=slider]").focus()
    visitor.page.keyboard.press("ArrowLeft")
    visitor.page.wait_for_selector(".when:text-is('hour 1')")
    visitor.step()
    visitor.page.wait_for_selector(".moments [role=slider][aria-valuemax='3']", state="attached")
    assert visitor.page.inner_text(".when") == "hour 1"
    visitor.press("reset")
    visitor.wait_round(0)
    visitor.page.evaluate("location.hash += '&round=6'")  # whose periods come all at once
    visitor.page.wait_for_selector(".when:text-is('hour 5')")
