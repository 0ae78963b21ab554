"""What the documentation says is what the code does."""

import re
from pathlib import Path

import pytest

from scenarios import names, schema_table
from scenarios.loading import MARKETS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_table_of_keys_is_the_schema():
    written = (ROOT / "docs" / "scenario-keys.md").read_text(encoding="utf-8")
    for market in MARKETS:
        assert schema_table(market) in written, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_exist(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_name_scenarios_that_ship(page):
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"run\.py (?:run|show|compare) ([^\n`#]+)", text):
        for word in line.split():
            if word.startswith("-"):
                break
            if re.fullmatch(r"[a-z][a-z0-9_]+_[a-z0-9_]+", word):
                assert word in names(), word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_on_the_page_runs(page):
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(page), "exec"), names)
