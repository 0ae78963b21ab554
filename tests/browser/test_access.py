"""Every page can be used by ear, by keyboard and by weak eyes: in both themes, on a wide and on a narrow screen."""

from pathlib import Path

import pytest

from scenarios.markets import MARKETS
from tests.browser.conftest import SIZE
from views.markets import page_of

pytestmark = pytest.mark.long

AXE = Path(__file__).parent / "axe-core" / "axe.min.js"  # 4.14.1, from npm; its licence is beside it
NARROW = {"width": 400, "height": 800}
FOUND = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')))"""


PALE = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")


LETTERS = """[...document.querySelectorAll('.chart text')].filter(one => one.textContent.trim()).map(one =>
    parseFloat(getComputedStyle(one).fontSize) * Math.hypot(one.getScreenCTM().a, one.getScreenCTM().b))"""


def faults(page):
    """What axe-core calls serious or critical on a page, and what is drawn too pale, which it does not look at."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(FOUND) + page.evaluate(PALE)


def turn(page, dark):
    """To the dark theme or the light one."""
    page.click(f"button[aria-label='{'dark' if dark else 'light'} theme']")
    page.wait_for_selector(f"button[aria-label='{'light' if dark else 'dark'} theme']")


def test_no_serious_fault_while_lanes_are_compared_and_after_a_change(visitor):
    page = visitor.page
    visitor.step()
    visitor.type_in("price.c", "0.002")
    page.wait_for_selector(".before")
    changed = faults(page)
    page.click("header button:has-text('Compare')")
    page.wait_for_selector(".lane >> nth=2")
    assert not page.locator(".compare .panels .panel").count()  # no empty axes before the first round
    visitor.press("step")
    page.wait_for_selector(".lanes-table td:text-matches('[0-9]')")
    light = faults(page)
    assert min(page.evaluate(LETTERS)) >= 11.9
    turn(page, dark=True)
    page.set_viewport_size(NARROW)
    assert (changed, light, faults(page)) == ([], [], [])
    assert min(page.evaluate(LETTERS)) >= 11.9
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


SMALL = """[...document.querySelectorAll('.page :not(svg, svg *)')].filter(one => one.checkVisibility()
    && [...one.childNodes].some(part => part.nodeType === 3 && part.textContent.trim())
    && parseFloat(getComputedStyle(one).fontSize) < 12).map(one => one.outerHTML.slice(0, 160))"""
SILENT = """[...document.querySelectorAll('.side [role=slider]')].filter(one => !one.getAttribute('aria-valuetext'))
    .map(one => one.closest('.control').innerText)"""
SEEN = """(({ outlineStyle, outlineWidth, outlineColor }) => outlineStyle !== 'none' && outlineWidth !== '0px'
    && outlineColor !== 'rgba(0, 0, 0, 0)')(getComputedStyle(document.activeElement))"""


def walk_to_step(page):
    """Tabs from the page's start until Step has the focus, five at most, each where it is seen."""
    page.evaluate("document.activeElement.blur()")
    passed = []
    while "step" not in passed and len(passed) < 5:
        page.keyboard.press("Tab")
        passed.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        assert page.evaluate(SEEN), passed
    assert passed[-1] == "step", passed


def test_step_is_five_tabs_away_and_sliders_speak_their_values(visitor):
    page = visitor.page
    walk_to_step(page)
    said = "[...document.querySelectorAll('.side [role=slider]')].map(one => one.getAttribute('aria-valuetext'))"
    assert {"1", "0.001", "100"} <= set(page.evaluate(said)) and "" not in page.evaluate(said)
    visitor.slide("price.c", 1)
    page.wait_for_selector(".changes b:text-is('price.c')")
    typed = page.locator(".v-text-field input[aria-label='price.c']").input_value()
    assert typed != "0.001" and page.evaluate("document.activeElement.getAttribute('aria-valuetext')") == typed
    marks = {"main": 1, "header": 1, "aside": 1}
    assert {name: page.locator(name).count() for name in marks} == marks
    assert "user-scalable" not in page.locator("meta[name=viewport]").get_attribute("content")


@pytest.mark.share
@pytest.mark.parametrize("market", MARKETS)
def test_no_serious_fault_on_a_markets_page(visitor, market):
    page = visitor.page
    visitor.show(page_of(market).TITLE, page_of(market).START.replace("_", " "))
    assert faults(page) == [] and page.evaluate(SILENT) == [] and page.evaluate(SMALL) == []
    walk_to_step(page)
    page.set_viewport_size({"width": SIZE["width"] // 2, "height": SIZE["height"] // 2})  # as zoomed to 200 %
    assert page.evaluate("document.documentElement.scrollWidth") == SIZE["width"] // 2
    visitor.step()
    assert page.evaluate(PALE) == []
    turn(page, dark=True)
    page.set_viewport_size(NARROW)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


def test_no_serious_fault_among_economists_pictures_and_in_talk_mode(visitor):
    page = visitor.page
    visitor.play_to_the_end()
    page.wait_for_selector(".faint")
    page.click(".tab:has-text('Economics')")
    page.wait_for_selector(".panel[data-name='faced payoff']")
    light = faults(page)
    turn(page, dark=True)
    dark = faults(page)
    page.click("button[aria-label=talk]")
    page.wait_for_selector(".talk .panel:only-child")
    page.set_viewport_size(NARROW)
    assert (light, dark, faults(page)) == ([], [], [])
