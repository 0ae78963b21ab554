"""What the page draws for economists has the numbers of the run, told by other roads."""

import re

import numpy as np
import pytest

from engine.results import economics
from engine.results.welfare import Welfare
from market.numerals import plain
from market.splits import FIXED, PRODUCERS, RENTS, SMALL, Split
from scenarios import load
from views.kit.live import ANSWERING, Run
from views.markets import page_of
from views.splits import split_chart

BOX = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')


def ended(name, *changes):
    """(Its panels by name, the model) of a run that has ended and of which all is known."""
    run = Run(load(name, set=list(changes)))
    run.start()
    while run.model.running:
        run.model.step()
    run.memory["gap"], run.memory[ANSWERING] = 0.0, True
    return {panel.name: panel for panel in page_of(run.scenario.market).frame(run, {}).panels}, run.model


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


@pytest.mark.parametrize("name", ["data_centre_nothing", "two_nodes_thin", "cournot_duopoly"])
def test_a_player_of_a_network_stands_at_its_own_price_on_the_curve_it_faces(name):
    panels, model = ended(name)
    j = int(np.argmax(model.outcome.y))
    y, paid = float(model.outcome.y[j]), float(model.outcome.paid[j])
    assert f"now: {plain(y)} at {plain(paid)}<" in panels["faced price"].html
    believes = model.game.conducts[-1] == "nothing"
    assert ("price it believes in" in panels["faced price"].html) is believes
    gain = model.outcome.profits[j] if model.game.selling[j] else model.outcome.s[-1]
    assert f"brings {plain(float(gain))}<" in panels["faced payoff"].html
    assert ("sale of" in panels["faced price"].html) is bool(model.game.selling[j])
    assert "lost" in panels["split"].html


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
