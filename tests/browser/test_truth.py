"""The page says what the summary says: every tile, every ending, every bill, every command."""

import math
import os
import re
import shlex

import numpy as np
import pytest

from market.measures import gini, jain
from market.numerals import plain
from market.outcome import Status
from scenarios import ScenarioError, load, names
from tests.browser.tiles import TILES
from tests.shipped import names_of
from views.browser import files
from views.browser.watch import status_text
from views.kit.live import Run, gap_text
from views.kit.parameters import changed, command, parameters, parse, stops, written
from views.markets import page_of

PLAYED = [
    ("two_aggregators", []),
    ("two_aggregators", ["group.0.fairness.alpha=inf", "price.c=0.01"]),
    ("continuum", []),
    ("joining_three", []),
    ("no_equilibrium", ["rounds=20"]),
    ("eight_nodes_ad_hoc", []),
    ("eight_nodes_none", []),
    ("eight_nodes_day", []),
    ("four_nodes_circles", []),
    ("p2p_single", []),
    ("p2p_multi", []),
    ("p2p_day", []),
    ("p2p_deadline", []),
    ("p2p_leavers", []),
    ("designs_eight_nodes", []),
    ("data_centre_five_bus", []),
    ("two_nodes_thin", []),
    ("cournot_duopoly", []),
    ("storage_duopoly", []),
    ("cars_at_six", ["periods.days=2", "rounds=3"]),
]


def shown(run):
    """The run's frame, its gap known where it has ended."""
    frame = page_of(run.scenario.market).frame(run, {})
    if run.model.running or "gap" in run.memory:
        return frame
    run.memory["gap"] = run.model.gap
    return page_of(run.scenario.market).frame(run, {})


def is_close(one, other):
    return one == other or (None not in (one, other) and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12))


def untrue(run):
    """Tiles that differ from the summary, and those that tell of rounding; how far claims are off may be as small."""
    frame, summary = shown(run), run.result().summary()
    wanted = TILES[run.scenario.market](summary)
    assert [tile.label for tile in frame.tiles] == list(wanted)
    rounding = [tile for tile in frame.tiles if "trillionth" in plain(tile.value) and tile.label != "violation"]
    return rounding + [(one, wanted[one.label]) for one in frame.tiles if not is_close(one.value, wanted[one.label])]


@pytest.mark.share
@pytest.mark.parametrize(("name", "changes"), PLAYED, ids=lambda value: str(value))
def test_every_tile_has_the_number_of_the_summary_half_way_and_at_the_end(name, changes):
    run = Run(load(name, set=changes))
    run.start()
    while run.model.running:
        run.model.step()
        if run.model.round in (1, 2, 30, 400) and run.has_result:
            assert untrue(run) == [], run.model.round
    assert untrue(run) == []
    frame, summary = shown(run), run.result().summary()
    assert (str(frame.status), frame.advice) == (summary["status"], summary["advice"])
    assert frame.round <= frame.limit
    run.end()


def ended(name, *changes):
    run = Run(load(name, set=list(changes)))
    run.start()
    run.model.run() if hasattr(run.model, "run") else [run.model.step() for _ in iter(lambda: run.model.running, False)]
    return run, shown(run)


def test_coalitions_that_go_in_circles_are_not_shown_as_settled():
    run, frame = ended("four_nodes_circles")
    assert run.result().summary()["joining"]["status"] == "cycling"
    assert "joining: cycling" in status_text(frame) and "circles" in frame.said
    assert "chip settled" not in status_text(frame)
    _, calm = ended("eight_nodes_joining")
    assert "joining: settled" in status_text(calm) and "doubt" not in status_text(calm)


@pytest.mark.parametrize("name", ["eight_nodes_ad_hoc", "eight_nodes_day", "eight_nodes_cooperative", "ieee300_ad_hoc"])
def test_a_bill_is_drawn_as_its_label_says(name):
    run, frame = ended(name)
    (bills,) = [panel.html for panel in frame.panels if panel.name == "bills"]
    drawn = [float(text.replace(",", "")) for text in re.findall(r"<rect[^>]*><title>([^<]*)</title>", bills)]
    said = re.findall(r">([±+-]?[\d,.e-]+)</text>", bills.rpartition("</rect>")[0] + bills.rpartition("</rect>")[2])
    labels = [float(text.replace(",", "").replace("±", "")) for text in said if text[0] in "±+-"]
    assert len(labels) >= len(drawn) > 0
    assert np.allclose(drawn, labels[-len(drawn) :], rtol=0.01, atol=1e-8)
    gains = run.result().gains
    nodes = [int(node) for node in re.findall(r">node (\d+)</text>", bills)]
    assert np.allclose(drawn, gains[nodes], rtol=1e-3, atol=1e-8)


@pytest.mark.share
@pytest.mark.parametrize(
    "name", [name for name in names() if name.startswith("p2p") and name not in ("p2p_500", "p2p_1000")]
)
def test_what_is_said_of_leaving_agrees_with_the_gap(name):
    run, frame = ended(name, "rounds=200")
    gap = run.result().summary()["gap"]
    if "No pair gains" in frame.said:
        assert gap <= 1e-9
    elif "Some pair gains" in frame.said:
        assert gap > 1e-9 and gap_text(gap) in frame.said
    assert "No pair gains" not in frame.advice or gap <= 1e-9
    if run.scenario.table.get("deadline") and frame.status is Status.ROUND_LIMIT:
        assert "deadline" in frame.advice and "raise rounds" not in frame.advice


def test_where_somebody_loses_no_index_of_fairness_is_given():
    assert math.isnan(gini([3.0, -1.0])) and math.isnan(jain([3.0, -1.0])) and math.isnan(gini([1.0, -1.0]))
    assert math.isnan(gini([-1.0, -2.0]))
    assert gini([0.0, 1.0, -1e-15]) >= 0 and jain([0.0, 1.0, -1e-15]) > 0


def test_a_minus_as_it_is_printed_can_be_typed():
    assert parse("\u221251.5") == -51.5


GROUPS = [name for name in names_of("aggregator") if not name.startswith("large_market")]


@pytest.mark.parametrize("name", GROUPS)
def test_every_kind_can_be_chosen_for_every_group_and_back(name):
    original = load(name)
    for parameter in parameters(original):
        for kind in parameter.key.range if parameter.key.path == "group.kind" else ():
            try:
                new = changed(original, parameter.path, kind, original)
            except ScenarioError as error:  # the other groups may forbid it, never the number of users
                assert any(why in str(error) for why in (": joining: ", ": choosing: ", "no small users")), error
                continue
            assert new.table["group"][parameter.path[1]]["kind"] == kind
            assert changed(new, parameter.path, parameter.value, original).table == original.table


@pytest.mark.share
@pytest.mark.parametrize(
    "name", ["two_aggregators", "p2p_single", "eight_nodes_ad_hoc", "designs_eight_nodes", "data_centre_five_bus"]
)
@pytest.mark.parametrize("place", ["", "a b's; $(x)"])
def test_the_command_gives_the_scenario_as_changed(tmp_path, monkeypatch, name, place):
    monkeypatch.chdir(tmp_path)
    original = load(name)
    if place:
        (tmp_path / place).mkdir()
        file = tmp_path / place / "-f x.toml"
        file.write_text(original.given_toml().replace(f'name = "{name}"', 'name = "other"'), encoding="utf-8")
        original = load(os.path.relpath(file), set=["seed=9"])  # as the server may have been told
    for parameter in parameters(original):
        values = [*stops(parameter, parameter.value)[-1:]]
        values += (
            [one for one in parameter.key.range if one != parameter.value] if parameter.key.type == "choice" else []
        )
        values += [not parameter.value] if parameter.key.type == "switch" else []
        for value in values:
            try:
                new = changed(original, parameter.path, value, original)
            except ScenarioError:
                continue
            words = shlex.split(command(new, original))
            if words:
                again = load(words[3], **options(words[4:]))
                assert again.table == new.table, words


def options(words):
    """`--set`, `--seed` and `--rounds` as `load` takes them."""
    found = {"set": []}
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "--set":
            found["set"].append(value)
        else:
            found[option.removeprefix("--")] = int(value)
    return found


def test_no_file_is_read_but_those_beside_the_scenario(tmp_path, monkeypatch):
    """Every key of every market is set to files elsewhere in every form that a file is named by."""
    (tmp_path / "deep").mkdir()
    for place in (tmp_path, tmp_path / "deep"):
        (place / "x.csv").write_text("a,0\nCANARY,1\n", encoding="utf-8")
        (place / "x.toml").write_text("CANARY = CANARY", encoding="utf-8")
        (place / "x.m").write_text("mpc.bus = [CANARY];", encoding="utf-8")
    named = [str(tmp_path / "x.csv"), "../x.csv", str(tmp_path / "x.toml"), "x.csv", str(tmp_path / "x.m"), "../x.m"]
    played = ("two_aggregators", "eight_nodes_day", "p2p_single", "designs_eight_nodes", "village_from_csv")
    for name in (*played, "data_centre_five_bus"):
        scenario = load(name)
        for parameter in parameters(scenario):
            for file in named:
                for value in (
                    {"csv": file},
                    {"csv": file, "column": "a"},
                    [{"csv": file}],
                    {"uniform": [{"csv": file}]},
                ):
                    with pytest.raises(ScenarioError, match="not typed here"):
                        files.check(value, parameter.key, scenario)
                if parameter.key.path == files.CASE or file.endswith(".csv"):
                    with pytest.raises(ScenarioError, match="not typed here"):
                        files.check(file, parameter.key, scenario)
                if parameter.key.path != files.CASE:
                    try:  # a bare word shows nothing, whatever is known of where it came from
                        changed(scenario, parameter.path, file)
                    except ScenarioError as error:
                        for said in (files.refusal(error, file), files.refusal(error), files.public(str(error))):
                            assert "CANARY" not in said and str(tmp_path) not in said


CELLS = ("CANARY", "-987.5", '"98,75"', "-inf", '"CANARY ""it"" is, row 3 of y.csv"', "CANARY" * 50)
OF_CELLS = ("CANARY", "987.5", "98,75", "inf")  # as messages write them
USERS = """market = "aggregator"
price = {{ rule = "linear", c = 0.1 }}
[[group]]
name = "homes"
kind = "direct"
utility = {{ form = "quadratic", a = {}, b = {} }}
"""
NODES = """market = "microgrid"
network = {{ slack = 0, public = {}, injection = {} }}
"""
SIDES = """market = "bilateral"
contracts = "multi"
buyers = {{ demand = {}, value = 0.2 }}
sellers = {{ supply = {}, ask = 0.1 }}
"""
COLUMN = '{ csv = "x.csv", column = "a" }'
READING = {
    "users": ("a\n0.5\n0.7\n", USERS.format(COLUMN, "[1.0, 2.0]"), "0.7"),
    "kept": ("a,who\n0.5,x\n0.7,y\n", USERS.format(COLUMN, 1.0) + 'keep = ["who"]\nwhere = "a < 9"\n', "0.7"),
    "injection": ("0,1\n0,1\n0,7\n", NODES.format("[[0, 1, 0.1, 0.1]]", '"x.csv"'), "7"),
    "lines": ("i,j,r,x\n0,1,0.7,0.1\n", NODES.format('"x.csv"', "[0.0, 1.0]"), "0.7"),
    "buyers": ("a\n0.5\n0.7\n", SIDES.format(COLUMN, "[1.0]"), "0.7"),
}


@pytest.mark.parametrize("read", READING)
def test_no_cell_of_a_file_that_changed_on_the_disk_is_told_when_another_value_is_chosen(tmp_path, read):
    content, text, cell_there = READING[read]
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    scenario = load(tmp_path / "s.toml")
    told = 0
    for bad in CELLS:
        (tmp_path / "x.csv").write_text(content.replace(cell_there, bad), encoding="utf-8")
        for act in (lambda: load(tmp_path / "s.toml"), lambda: changed(scenario, ("seed",), 7)):
            try:
                act()
            except ScenarioError as error:
                told += any(part in str(error) for part in OF_CELLS)
                for said in (files.refusal(error, 7), files.public(str(error))):
                    assert not any(part in said for part in (*OF_CELLS, str(tmp_path))), (said, str(error))
    assert told >= 3  # on the command line it is


def test_every_value_that_is_shown_may_be_chosen_again():
    for name in names():
        scenario = load(name)
        for parameter in parameters(scenario):
            value = parse(written(parameter.value)) if not isinstance(parameter.value, str) else parameter.value
            files.check(value, parameter.key, scenario)
