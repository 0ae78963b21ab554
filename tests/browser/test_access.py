"""Every page can be used by ear and by keyboard: axe-core, vendored, finds no serious fault in either theme."""

from pathlib import Path

import pytest

from scenarios.markets import MARKETS
from views.markets import page_of

AXE = Path(__file__).parent / "axe-core" / "axe.min.js"  # 4.14.1, from npm; its licence is beside it
FOUND = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')))"""


def faults(page):
    """What axe-core calls serious or critical on a page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(FOUND)


def test_no_serious_fault_while_lanes_are_compared_and_after_a_change(visitor):
    page = visitor.page
    visitor.step()
    visitor.type_in("price.c", "0.002")
    page.wait_for_selector(".before")
    changed = faults(page)
    page.click("header button:has-text('Compare')")
    page.wait_for_selector(".lane >> nth=3")
    visitor.press("step")
    page.wait_for_selector(".lanes-table td:text-matches('[0-9]')")
    light = faults(page)
    page.click("button[aria-label='dark theme']")
    assert (changed, light, faults(page)) == ([], [], [])


def test_step_is_five_tabs_away_and_sliders_speak_their_values(visitor):
    page, at = visitor.page, "document.activeElement.getAttribute('aria-label')"
    page.evaluate("document.activeElement.blur()")
    passed = []
    while "step" not in passed and len(passed) < 5:
        page.keyboard.press("Tab")
        passed.append(page.evaluate(at))
    assert passed[-1] == "step", passed
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
    visitor.show(page_of(market).TITLE, page_of(market).START.replace("_", " "))
    assert faults(visitor.page) == []
    visitor.page.click("button[aria-label='dark theme']")
    visitor.page.click("button[aria-label=step]")
    visitor.wait_round(1)
    dark = faults(visitor.page)
    visitor.page.click("button[aria-label='light theme']")
    assert dark == []
