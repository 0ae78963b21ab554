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
