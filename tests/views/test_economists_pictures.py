"""What the page draws for economists has the numbers of the run, told by other roads."""

import re

import numpy as np
import pytest

from engine import run
from engine.results import bilateral, days, designs, economics, network
from engine.results.welfare import Welfare
from market.aggregator.network import curves
from market.numerals import plain
from market.outcome import Status
from market.splits import FIXED, PRODUCERS, RENTS, SMALL, TARIFFS, Split
from scenarios import load
from views.kit.charts import LETTER_WIDTH, Bar, Line, bar_chart, line_chart
from views.kit.live import ANSWERING, Run
from views.markets import page_of
from views.splits import split_chart
from views.style import BLUE

BOX = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')


def ended(name, *changes):
    """(Its panels by name, the model) of a run that has ended and of which all is known."""
    watched = Run(load(name, set=list(changes)))
    watched.start()
    while watched.model.running:
        watched.model.step()
    watched.memory["gap"], watched.memory[ANSWERING] = 0.0, True
    return {panel.name: panel for panel in page_of(watched.scenario.market).frame(watched, {}).panels}, watched.model


def edges(chart):
    """[(Left, right)] of the bars of a drawing, the highest first."""
    found = {}
    for x, y, wide in BOX.findall(chart):
        found.setdefault(float(y), []).append((float(x), float(x) + float(wide)))
    return [(min(x for x, _ in parts), max(x for _, x in parts)) for _, parts in sorted(found.items())]


def test_a_bar_is_as_long_as_its_parts_and_what_is_lost_ends_where_the_planners_does():
    here = Split({SMALL: 30.0, PRODUCERS: 40.0, RENTS: 10.0, FIXED: -20.0}, 25.0)
    best = Split({SMALL: 60.0, PRODUCERS: 30.0, RENTS: 15.0, FIXED: -20.0}, 0.0)
    chart = split_chart(Welfare(here, best))
    (left, right), planner = edges(chart)
    assert (left, right) == pytest.approx(planner, abs=0.1)
    widths = [float(wide) for _, _, wide in BOX.findall(chart)][:5]
    assert np.array(widths) / widths[0] * 30 == pytest.approx([30, 40, 10, 20, 25], rel=0.02)
    assert "25 lost" in chart and "85 in all" in chart and "only its bill counts" in chart


def test_numbers_at_bars_ends_stand_beside_the_dotted_line():
    bars = [Bar(said, ((value, BLUE),), said) for value, said in ((0.0, "1"), (0.9, "1.057"), (1.0, "2"), (5.0, "6"))]
    chart = bar_chart(bars, "x", faint=("held against", 1.0))
    line = float(re.search(r'class="faint" d="M([\d.]+)', chart)[1])
    places = [float(x) for x in re.findall(r'<text class="end" x="([\d.]+)"', chart)]
    wide = [LETTER_WIDTH * len(bar.said) for bar in bars]
    assert [at < line < at + room for at, room in zip(places, wide, strict=True)] == [False] * 4
    assert all(0 < at - line < 8 for at in places[1:3]) and places[0] < line - 20 and places[3] > line + 20


def test_a_dot_and_a_level_are_named_though_they_are_alone():
    line = [Line("", [0.0, 1.0], [0.0, 1.0], BLUE)]
    dot, level = line_chart(line, "y", marks=[(0.5, 0.5, BLUE, "now")]), line_chart(line, "y", level=(0.5, "tolerance"))
    assert "now</span>" in dot and "tolerance</span>" in level
    assert "legend" not in line_chart([line[0]._replace(name="y")], "y")


@pytest.mark.parametrize("name", ["data_centre_nothing", "two_nodes_thin", "cournot_duopoly"])
def test_a_player_of_a_network_stands_at_its_own_price_on_the_curve_it_faces(monkeypatch, name):
    monkeypatch.setattr(curves, "REPLIES", 21)
    panels, model = ended(name)
    j = int(np.argmax(model.outcome.y))
    y, paid = float(model.outcome.y[j]), float(model.outcome.paid[j])
    assert re.search(f">now(?: and best reply)?: {plain(y)} at {plain(paid)}<", panels["faced price"].html)
    believes = model.game.conducts[-1] == "nothing"
    assert ("price it believes in" in panels["faced price"].html) is believes
    gain = model.outcome.profits[j] if model.game.selling[j] else model.outcome.s[-1]
    assert f"brings {plain(float(gain))}<" in panels["faced payoff"].html
    assert ("sale of" in panels["faced price"].html) is bool(model.game.selling[j])
    assert "lost" in panels["split"].html
    assert ("replies" in panels) is (model.game.players == 2)
    if model.status is Status.SETTLED and model.game.players == 2:  # at an equilibrium the page's curves meet
        amounts, *both = network.replies(model.game, model.outcome.y)
        met = [np.interp(other, amounts, own) for own, other in zip(both, model.outcome.y[::-1], strict=True)]
        assert met == pytest.approx(model.outcome.y, rel=1e-3)


FEW_HOMES = ("group.0.users=12", "group.0.count=2")


@pytest.mark.parametrize(
    "changes", [(), ('tariffs=[{ rule = "tax", per_unit = 0.1 }]',)], ids=["free", "with a tariff"]
)
def test_what_users_producers_and_tariffs_have_of_a_day_adds_up_to_its_welfare(changes):
    panels, model = ended("street_day", *FEW_HOMES, *changes)
    here, planner, _ = days.welfare(model.outcome)
    summary = run("street_day", set=[*FEW_HOMES, *changes]).summary()
    alone = sum(float(np.sum(one.alone)) for one in model.outcome.outcomes)
    assert here.welfare + alone == pytest.approx(summary["total_welfare"], rel=1e-9)
    assert (here.welfare + alone) / (planner.welfare + alone) == pytest.approx(summary["efficiency"], rel=1e-9)
    assert (TARIFFS in here.had) is bool(changes) and "lost" in panels["split"].html


def test_contracts_and_designs_have_what_their_summaries_say():
    panels, model = ended("wrong_matching")
    here, planner, _ = bilateral.welfare(model.outcomes)
    summary = run("wrong_matching").summary()
    assert sum(here.had.values()) == pytest.approx(summary["welfare"])
    assert planner.welfare == pytest.approx(summary["best_welfare"]) == pytest.approx(here.welfare + here.lost)
    assert "lost" in panels["split"].html
    panels, model = ended("designs_eight_nodes")
    found = designs.splits(run("designs_eight_nodes"))
    best = found["planner"].welfare
    assert all(one.welfare + one.lost == pytest.approx(best) for one in found.values())
    assert (
        f"{plain(found['direct'].lost, 3)} lost" in panels["split"].html
        and f"{plain(best, 3)} in all" in panels["split"].html
    )


def test_what_is_too_much_for_a_page_is_said(monkeypatch):
    panels, _ = ended("large_two_welfare", "group.0.count=1")
    assert "left out" not in panels and "replies" in panels
    monkeypatch.setattr(economics, "MOST_REPLYING", 2)
    monkeypatch.setattr(economics, "MOST_ANSWERING", 3)
    panels, model = ended("large_two_welfare", "group.0.count=1")
    assert f"Among {model.game.users:,} users" in panels["left out"].html and "faced price" not in panels
    assert "replies of two players: up to 2" in panels["left out"].html and "faces: up to 3" in panels["left out"].html
    assert "other markets" not in panels["left out"].html


def test_a_microgrid_says_why_it_cannot_tell_who_has_what():
    panels, _ = ended("eight_nodes_ad_hoc", "payments=lmp", "losses=lossy")
    assert "rule of payments" in panels["split"].html and "<svg" not in panels["split"].html
    panels, _ = ended("eight_nodes_ad_hoc")
    assert "0.379 lost" in panels["split"].html  # 1.5 · (.4330 − .1801), the losses of docs/microgrid/model.md
