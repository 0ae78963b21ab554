"""A server on a free port and a Chromium, started once for all browser tests of a process and ended by their ids."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from engine import run, save_result

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
SIZE = {"width": 1280, "height": 800}  # of a page
PATIENCE = 20_000  # milliseconds until a condition must hold


class Server:
    """`run.py serve` in a folder of its own, at any free port or at one; first: Python that is run before it."""

    def __init__(self, folder, *arguments, first="pass", port="0"):
        program = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); {first}; import run; sys.exit(run.main(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", program, "serve", "--port", port, "--no-open", *arguments]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.entry = self.process.stdout.readline().split()[1]  # with its token
        self.url, _, self.token = self.entry.partition("/?token=")

    def stop(self, how=signal.SIGTERM):
        """End it by its id; returns (exit code, what it said on standard error)."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


class Visitor:
    """What a test does on a page."""

    def __init__(self, page, server):
        url = server.url
        self.page, self.entry, self.faults, self.abroad = page, server.entry, [], []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._note(request.url, url))
        self.arrive()

    def _note(self, address, url):
        if not address.startswith((url, url.replace("http", "ws"), "data:", "blob:")):
            self.abroad.append(address)

    def arrive(self):
        """Come anew, with a model of its own, and wait for the first drawing."""
        self.page.goto(self.entry)
        self.page.wait_for_selector(".tile")

    def round(self):
        """Number of the round shown."""
        words = self.page.inner_text(".status b >> nth=0")
        return int(words.removeprefix("Round ").replace(",", ""))

    def wait_round(self, number):
        """Wait for a round to be shown."""
        self.page.wait_for_selector(f".status b:text-is('Round {number:,}')")

    def press(self, name):
        """Press the button of that name."""
        self.page.click(f"button[aria-label={name}]:enabled")

    def step(self):
        """One round."""
        now = self.round()
        self.press("step")
        self.wait_round(now + 1)

    def as_fast_as_it_can(self):
        """The fastest of the speeds."""
        self.page.click(".speed .v-input__slot")
        self.page.click(".menuable__content__active .v-list-item:has-text('as fast')")

    def play_to_the_end(self):
        """Play as fast as it can until the run has ended and its gap is known."""
        self.as_fast_as_it_can()
        self.press("play")
        self.page.wait_for_selector(".chip:not(.running):not(.idle)")
        self.page.wait_for_selector(".status:not(:has-text('not known yet'))")

    def tile(self, name):
        """Text of a headline number."""
        return self.page.inner_text(f'.tile[data-name="{name}"] .value')

    def wait_tile(self, name, text):
        """Wait for a headline number to be that text."""
        self.page.wait_for_selector(f'.tile[data-name="{name}"] .value:text-is("{text}")')

    def drawings(self):
        """{name of a panel: its picture}."""
        panels = self.page.query_selector_all(".panel[data-name]")
        return {panel.get_attribute("data-name"): panel.inner_html() for panel in panels}

    def pick(self, label, text):
        """Choose from the list of markets or scenarios."""
        self.page.fill(f"input[aria-label={label}]", text)
        items = self.page.locator(".menuable__content__active .v-list-item")
        items.filter(has_text=re.compile(rf"^\s*{re.escape(text)}\s*$")).click()

    def show(self, market, scenario):
        """Choose market, then scenario, and wait for it."""
        name = "document.querySelector('input[aria-label=scenario]').value"
        if self.page.input_value("input[aria-label=market]") != market:
            before = self.page.input_value("input[aria-label=scenario]")
            self.pick("market", market)
            self.page.wait_for_function(f"{name} !== {before!r}")
        if self.page.input_value("input[aria-label=scenario]") != scenario:
            self.pick("scenario", scenario)
        self.page.wait_for_selector(f".one[data-scenario={scenario.replace(' ', '_')}]")
        self.wait_round(0)

    def type_in(self, key, text):
        """Type a parameter's value and leave the field."""
        field = self.page.locator(f".v-text-field input[aria-label='{key}']")
        field.click()
        field.fill(text)
        field.press("Enter")

    def slide(self, key, presses, arrow="ArrowRight"):
        """Move a slider with the keyboard."""
        self.page.locator(f".v-input__slider:has([aria-label='{key}']) [role=slider]").focus()
        for _ in range(presses):
            self.page.keyboard.press(arrow)

    def download(self, button):
        """Text of what a download button brings."""
        with self.page.expect_download() as waiting:
            self.page.click(f"button:has-text('{button}'):enabled")
        return Path(waiting.value.path()).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with one stored run below results/."""
    folder = tmp_path_factory.mktemp("served")
    save_result(run("two_aggregators", rounds=5), folder / "results")
    return folder


@pytest.fixture(scope="session")
def server(folder):
    """The server all tests of this process share."""
    served = Server(folder)
    yield served
    code, said = served.stop()
    assert (code, said) == (0, ""), said


@pytest.fixture(scope="session")
def chromium():
    """A browser; without one the tests are skipped, but not where everything must be tested."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def arrivals(chromium, server):
    """A function that lets a visitor arrive; at the end no page may have failed or have asked elsewhere."""
    visitors = []

    def arrive(**options):
        context = chromium.new_context(viewport=SIZE, accept_downloads=True, **options)
        visitors.append(Visitor(context.new_page(), server))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.page.context.close()
        assert visitor.faults == []
        assert visitor.abroad == []


@pytest.fixture(scope="session")
def tab(chromium, server):
    """A tab that keeps the files it has loaded."""
    context = chromium.new_context(viewport=SIZE, accept_downloads=True)
    yield Visitor(context.new_page(), server)
    context.close()


@pytest.fixture
def visitor(tab):
    """One visitor, who comes anew."""
    tab.page.set_viewport_size(SIZE)
    tab.page.emulate_media(color_scheme="light", reduced_motion="reduce")  # new trades flash, and begin next to nothing
    tab.arrive()
    yield tab
    faults, abroad = tab.faults[:], tab.abroad[:]
    tab.faults.clear()
    tab.abroad.clear()
    tab.page.evaluate("localStorage.clear()")  # or the theme one visitor chose would be the next one's
    tab.page.goto("about:blank")
    assert faults == []
    assert abroad == []
