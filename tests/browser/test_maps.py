"""Maps can be looked at from near, by mouse and keyboard; coalitions and scales are drawn as the summary has them."""

import re
from collections import Counter

import numpy as np
import pytest

from engine.results.microgrid import zones
from market.numerals import plain
from scenarios import load
from tests.browser.test_access import faults
from tests.browser.test_truth import ended
from views.kit.live import Run
from views.markets import page_of
from views.microgrid import live_rings
from views.microgrid.live_map import network_map

BOX = "document.querySelector('svg.map').getAttribute('viewBox').split(' ').map(Number)"
WIDTH = "parseFloat(getComputedStyle(document.querySelector('svg.map g path')).strokeWidth)"
SHOWN = "getComputedStyle(document.querySelector('svg.map text.name')).display"


def map_of(frame):
    """The panel of the map."""
    return next(panel.html for panel in frame.panels if panel.name == "map")


def test_a_large_map_is_looked_at_from_near_by_buttons_keys_and_hand(visitor):
    page = visitor.page
    visitor.show("Microgrid", "ieee300 ad hoc")
    visitor.step()
    thick = page.evaluate(WIDTH)
    assert page.evaluate(BOX) == [0, 0, 640, 420] and page.evaluate(SHOWN) == "none"
    assert page.is_disabled("button[aria-label='whole map']")
    page.focus("button[aria-label=nearer]")
    for _ in range(3):
        page.keyboard.press("Enter")
    x, y, wide, high = page.evaluate(BOX)
    assert wide == pytest.approx(640 / 1.6**3) and high / wide == pytest.approx(420 / 640)
    assert page.evaluate(SHOWN) != "none" and page.evaluate(WIDTH) == pytest.approx(thick / 1.6**3, rel=1e-3)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(BOX)[0] < x and page.evaluate(BOX)[1:] == pytest.approx([y, wide, high])
    held = page.evaluate(BOX)
    visitor.step()
    assert page.evaluate(BOX) == pytest.approx(held)  # another round is seen from where one is
    at = page.locator("svg.map").bounding_box()
    spot = at["x"] + at["width"] / 4, at["y"] + at["height"] / 3
    page.mouse.move(*spot)
    page.mouse.down()
    page.mouse.move(spot[0] + 40, spot[1])
    page.mouse.up()
    assert page.evaluate(BOX)[0] == pytest.approx(held[0] - 40 * held[2] / at["width"], abs=0.2)
    assert faults(page) == []
    page.click("button[aria-label='whole map']")
    assert page.evaluate(BOX) == [0, 0, 640, 420]


def test_the_wheel_brings_a_map_nearer_where_the_mouse_is_and_leaves_the_whole_one_alone(visitor):
    page = visitor.page
    visitor.show("Microgrid", "eight nodes ad hoc")
    at = page.locator("svg.map").bounding_box()
    page.mouse.move(at["x"] + at["width"] / 4, at["y"] + 30)
    page.mouse.wheel(0, -200)
    page.wait_for_function(f"{BOX}[2] < 600")
    x, y, wide, _ = page.evaluate(BOX)
    spot = x + wide / 4, y + 30 * wide / at["width"]
    assert spot == pytest.approx((160, 30 * 640 / at["width"]), abs=1)
    page.mouse.wheel(0, 2000)
    page.wait_for_function(f"{BOX}[2] === 640")


def test_public_lines_of_ieee_300_are_short_and_faint_where_they_carry_little():
    run = Run(load("ieee300_ad_hoc"))
    run.start()
    run.model.step()
    html, network, dispatch = map_of(page_of("microgrid").frame(run, {})), run.model.network, run.model.dispatch
    at = run.memory["place"]
    long = np.hypot(*(at[network.public.tail] - at[network.public.head]).T)
    assert np.mean(long) < 0.1 * np.ptp(at, axis=0).max()
    drawn = re.findall(r'opacity="([\d.]+)"><title>public line .*?: ([\d.]+) p\.u\..*?--w:([\d.]+)', html)
    opacity, flow, width = np.array(drawn, dtype=float).T
    largest = np.max(np.abs(dispatch.f))
    assert np.all(np.diff(width[np.argsort(flow)]) >= 0) and np.all(opacity[flow > 0.26 * largest] == 1)
    assert np.all(opacity[flow < 0.1 * largest] < 0.7) and np.max(width[flow < 0.1 * largest]) < 0.4 * np.max(width)
    run.end()


TOGETHER = ['coalition.order="together"']  # in which many still gain by a move alone


@pytest.mark.parametrize(
    ("name", "changes", "several"),
    [
        ("who_joins_whom", [], False),
        ("four_nodes_circles", [], False),
        ("four_nodes_circles", TOGETHER, True),
        ("eight_nodes_joining", [], False),
        ("eight_nodes_joining", TOGETHER, True),
    ],
)
def test_coalitions_have_rings_and_everybody_who_would_go_elsewhere_too(name, changes, several):
    run, _ = ended(name, *changes)
    summary = run.memory["summary"] = run.result().summary()
    html = map_of(page_of("microgrid").frame(run, {}))
    joining, mergers = summary.get("joining"), summary.get("mergers")
    groups = joining["groups"] if joining else mergers[-1]["groups"]
    together = [nodes for nodes in groups if len(nodes) > 1]
    assert html.count("together: ") == len(together)
    moves = [] if joining is None else joining["gaining"]
    assert bool(moves) == (joining is not None and not joining["stable"]) and (len(moves) > 1) == several
    gained = {f"{move['node']} gains {plain(move['gain'], 2)} {'with' if move['to'] else 'alone'}" for move in moves}
    assert all(f"dots: {told}" in html for told in gained)
    short = (summary.get("core") or {}).get("short")
    outlined = [] if short is None else short["coalition"]
    assert len(re.findall('<circle class="ring"', html)) == sum(map(len, together)) + len(moves) + len(outlined)
    assert ("The core is empty" in html) == bool(outlined) and ("dots: " in html) == bool(moves or outlined)


def test_a_blocked_coalition_is_outlined_and_one_who_joins_is_led_to_the_nearest():
    blocked = {"participation": {"holds": False, "coalition": [1, 2], "gain": 0.5, "proven": True, "period": 0}}
    (ring,) = live_rings.of(blocked, "abcd")
    assert ring.nodes == [1, 2] and ring.told.endswith("would rather leave: b, c")
    best = {"node": 0, "to": [2, 3], "gain": 0.1}
    (ring,) = live_rings.of({"joining": {"groups": [[0, 1, 2, 3][:1]], "gaining": [best]}}, "abcd")
    place = np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0], [5.0, 5.0]])
    assert "a gains 0.1 with c, d" in ring.told and 'd="M0.0 0.0L5.0 5.0"' in live_rings.drawn(
        [ring], place, np.ones(4)
    )
    holds = {"participation": {**blocked["participation"], "holds": True}}
    assert live_rings.of(holds, "abcd") == [] and live_rings.of({}, "abcd") == []


def test_the_map_of_prices_says_what_its_widest_line_carries():
    run, frame = ended("data_centre_five_bus")
    cleared = run.model.cleared
    share = np.abs(cleared.flows) / cleared.grid.lines.limit
    k = int(np.argmax(share))
    said = f"{plain(abs(float(cleared.flows[k])), 4)} of {plain(float(cleared.grid.lines.limit[k]), 4)} energy"
    assert f"widest line: {said}, " in map_of(frame) and "thin line: without a limit" in map_of(frame)


def test_zones_lie_under_their_nodes_and_have_names():
    run = Run(load("ieee300_none"))
    run.start()
    html, place = network_map(run), run.memory["place"]
    known = np.array(zones(run.scenario))
    assert Counter(known.tolist()) == {"1": 122, "2": 80, "3": 63, "9": 35}
    tints = re.findall(r'<path class="zone" d="([^"]*)"', html)
    assert len(tints) == 4 * html.count('<svg class="chart') * (2 if "halves" in html else 1)
    for name, tint in zip(dict.fromkeys(known.tolist()), tints, strict=False):
        dots = {(float(x), float(y)) for x, y in re.findall(r"M([0-9.]+) ([0-9.]+)h0", tint)}
        assert dots == {tuple(round(float(one), 1) for one in at) for at in place[known == name]}
        assert f">zone {name}</text>" in html
    run.end()
    small = Run(load("eight_nodes_ad_hoc"))
    small.start()
    assert "zone" not in network_map(small)
