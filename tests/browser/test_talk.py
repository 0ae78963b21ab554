"""The five minutes of docs/talk.md, pressed and seen in Chromium; what is shown is saved."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.browser.test_access import LETTERS

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "docs" / "talk.md"
ROW = re.compile(r"^\| (\d:\d\d) \| (.+?) \| \"(.+?)\" \| (.+) \|$", re.MULTILINE)
CUT = """[...document.querySelectorAll('.panel .chart:not(.map)')].flatMap(chart => {
    const box = chart.getBoundingClientRect();
    return [...chart.querySelectorAll('text')].filter(one => {
        const { width, left, right, top, bottom } = one.getBoundingClientRect();
        return width && Math.max(box.left - left, right - box.right, box.top - top, bottom - box.bottom) > 6;
    }).map(one => one.textContent);
})"""
BESIDE = """svg => {
    const box = document.body.appendChild(document.createElement('div'));
    box.innerHTML = svg;
    const edge = box.firstChild.getBoundingClientRect(), all = [...box.querySelectorAll('text')];
    const out = all.filter(one => one.getBoundingClientRect().left < edge.left + 1).map(one => one.textContent);
    box.remove();
    return out;
}"""  # words of a saved picture that are cut at its left
UNDER_BUTTONS = """() => {
    const range = document.createRange(), buttons = document.querySelector('.zoom').getBoundingClientRect();
    range.selectNodeContents(document.querySelector('.panel h2'));
    return [...range.getClientRects()].filter(one => one.right > buttons.left && one.top < buttons.bottom);
}"""


def steps():
    """(When, [(what to do, with what)], what is seen) of each row of the script."""
    for when, does, seen, _ in ROW.findall(SCRIPT.read_text(encoding="utf-8")):
        yield when, list(re.findall(r"(press|key|type|,|=)?\s*`([^`]+)`", does)), seen


def do(visitor, does):
    """Carry out what a row says; a word holds for all that follow it."""
    how, typed = "", None
    for word, what in does:
        how = word if word in ("press", "key", "type") else how
        if how == "key":
            visitor.page.keyboard.press(what)
        elif how == "type" and word == "=":
            visitor.type_in(typed, what)
        elif how == "type":
            typed = what
        else:
            visitor.page.click(f"button[aria-label='{what}']:enabled, button:has-text('{what}'):enabled >> nth=0")


def test_the_five_minutes_are_as_they_are_written(visitor):
    found = list(steps())
    assert len(found) == SCRIPT.read_text(encoding="utf-8").count("\n|") - 2 and found[-1][0] < "5:00"
    for when, does, seen in found:
        do(visitor, does)
        visitor.page.wait_for_selector(f".one :is(.sentence, .status, .panel h2):has-text('{seen}')"), when


def test_drawings_are_turned_to_as_before_while_a_run_begins_again(visitor):
    visitor.step()
    visitor.page.click("button[aria-label=talk]")
    for _ in range(2):
        visitor.page.keyboard.press("ArrowDown")
    third = visitor.page.inner_text(".panel h2")
    visitor.page.keyboard.press("ArrowUp")
    visitor.page.evaluate("document.querySelector('button[aria-label=reset]').click()")
    visitor.page.wait_for_selector(".panel h2:not(:has-text('Price'))")  # what is drawn before the first round
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("ArrowRight")
    visitor.wait_round(1)
    assert visitor.page.inner_text(".panel h2") == third


def test_what_is_shown_is_saved_as_svg_and_png(visitor, tmp_path):
    visitor.step()
    visitor.page.click("button[aria-label=talk]")
    visitor.page.keyboard.press("ArrowRight")
    visitor.wait_round(2)
    title = visitor.page.inner_text(".panel h2")
    saved = {}
    for kind in ("svg", "png"):
        with visitor.page.expect_download() as waiting:
            visitor.page.click(f"button[aria-label='save as {kind.upper()}']")
        assert waiting.value.suggested_filename == f"two_aggregators_purchases.{kind}"
        saved[kind] = Path(waiting.value.path()).read_bytes()
    drawing = ElementTree.fromstring(saved["svg"])
    texts = [one.text for one in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {title, "round", "north", "south", "data centre"} <= set(texts)
    assert visitor.page.evaluate(BESIDE, saved["svg"].decode()) == []
    assert saved["png"][:8] == b"\x89PNG\r\n\x1a\n"
    size = [int.from_bytes(saved["png"][at : at + 4]) for at in (16, 20)]
    assert size == [int(float(drawing.get(name))) for name in ("width", "height")]
    visitor.page.keyboard.press("Escape")
    visitor.page.wait_for_selector(".tiles")


def test_what_is_said_beside_a_drawing_is_read_from_afar_too(visitor):
    visitor.show("Microgrid", "eight nodes ad hoc")
    visitor.play_to_the_end()
    visitor.page.wait_for_selector(".tabs .faint:has-text('private lines idle')")
    visitor.page.click("button[aria-label=talk]")
    visitor.page.wait_for_selector(".talk-bar")
    assert not visitor.page.locator(".tabs .faint").count()  # the map has nothing dotted
    for turned, said in (("ArrowDown", ".tabs .faint"), ("ArrowUp", ".panel .beside")):
        visitor.page.keyboard.press(turned)
        size = visitor.page.wait_for_selector(f".talk {said}").evaluate("one => getComputedStyle(one).fontSize")
        assert float(size.removesuffix("px")) >= 18, said
    assert not visitor.page.locator(".talk :is(.tiles, .span, .tab:not(.talk-bar *)) >> visible=true").count()
    assert min(visitor.page.evaluate(LETTERS)) >= 17  # of a map
    visitor.page.set_viewport_size({"width": 400, "height": 800})
    assert min(visitor.page.evaluate(LETTERS)) >= 11.9
    told = visitor.page.locator(".talk > .sentence")
    assert told.evaluate("one => one.clientHeight") == told.evaluate("one => one.scrollHeight")  # nothing lies over it
    assert visitor.page.evaluate(UNDER_BUTTONS) == []
    visitor.page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [1280, 400])
def test_letters_of_charts_are_twelve_pixels_at_least(visitor, width):
    visitor.page.set_viewport_size({"width": width, "height": 800})
    visitor.step()
    for tab in ("Round by round", "Economics"):
        visitor.page.click(f".tab:has-text('{tab}')")
        assert min(visitor.page.evaluate(LETTERS)) >= 11.9 and visitor.page.evaluate(CUT) == []
    visitor.page.click("button[aria-label=talk]")
    visitor.page.wait_for_selector(".talk-bar")
    assert min(visitor.page.evaluate(LETTERS)) >= (24 if width == 1280 else 11.9)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    visitor.page.keyboard.press("Escape")
