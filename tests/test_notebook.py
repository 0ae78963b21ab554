"""In a notebook, and in a script as one writes it there: what is shown is short, and processes start by themselves."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import agents
import engine
import scenarios
from engine import compare, run
from scenarios import build, load

ROOT = Path(__file__).parent.parent
HOMES = {"name": "<homes>", "kind": "aggregator", "utility": {"form": "quadratic", "a": [1.0] * 900, "b": [2.0] * 900}}
STREET = {"market": "aggregator", "title": "a < b & c", "price": {"rule": "linear", "c": 1.0}, "group": [HOMES]}
SCRIPT = """
from pathlib import Path
from engine import compare
print("once", file=open("told", "a"))
PLUS
street = {"market": "aggregator", "price": {"rule": "linear", "c": 1}, "group": [
    {"name": "homes", "kind": "direct", "users": 2, "utility": {"form": "quadratic", "a": 1, "b": 3}}]}
told = compare([street], replications=6, workers=2, progress=False)
print(told, set(told.runs["status"]))
"""


class Page(HTMLParser):
    """The texts of cells, and tags that are still open."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize(
    "given", [STREET, "p2p_homogeneous", "eight_nodes_none", "cournot_duopoly"], ids=lambda given: str(given)[:20]
)
def test_scenarios_models_and_results_are_shown_in_short(given):
    result = run(given)
    for shown in (load(given), build(given), result):
        assert len(repr(shown)) < 120
        text = shown._repr_html_()
        page = Page(text)
        assert page.open == [] and len(text) < 2500
    assert str(result.status) in repr(result) and any(str(result.status) in text for text in page.texts)


def test_what_is_shown_is_what_was_written():
    texts = Page(load(STREET)._repr_html_()).texts
    assert texts[0] == "scenario: a < b & c"
    assert "group <homes>" in texts and any("900 numbers, 2 to 2" in text for text in texts)


def test_a_comparison_is_shown_in_short():
    compared = compare(["two_peaks"], replications=2, workers=1)
    texts = Page(compared._repr_html_()).texts
    assert repr(compared) == "<Comparison of two_peaks: 2 replications>"
    assert {"two_peaks", "price", "2.903 ± 0"} <= set(texts)


@pytest.mark.parametrize("plus", ["", "class Mine: pass"], ids=["plain", "with a class"])
def test_a_script_without_a_main_guard_compares_and_runs_once(plus, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT.replace("PLUS", plus))
    given = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(ROOT)}, "capture_output": True, "text": True}
    answer = subprocess.run([sys.executable, "script.py"], **given)
    assert (answer.stderr, answer.stdout) == ("", "<Comparison of scenario: 6 replications> {'settled'}\n")
    assert (tmp_path / "told").read_text() == "once\n"


def test_the_tab_key_offers_what_a_package_has():
    for package, some in ((engine, {"run", "compare"}), (scenarios, {"load", "build"}), (agents, {"AggregatorModel"})):
        offered = {name for name in dir(package) if not name.startswith("_")}
        assert some <= offered and all(getattr(package, name) is not None for name in offered)
