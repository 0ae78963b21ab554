"""What the documentation says is what the code does."""

import re
import subprocess
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest

from engine.results import Results
from scenarios import names, schema_table
from scenarios.markets import MARKETS, Draw, Keys
from views.markets import Page, Pictures, Words

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


FLOORS = "market|agents|scenarios|engine|views|environments|papers|benchmarks|examples|tests"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_modules_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    files = [name for name in re.findall(rf"`((?:{FLOORS})/[\w/.-]*)`", text) if "my" not in re.split(r"[/.]", name)]
    assert [name for name in files if not (ROOT / name).exists()] == []
    for name in re.findall(rf"`((?:{FLOORS})\.[\w.]+)`", text):
        if not name.endswith((".csv", ".npz")):
            resolve_name(name)


def test_what_docstrings_cite_of_a_page_stands_there():
    """An equation's number, or the beginning of a heading or of a paragraph's bold first words."""
    told, cited = {}, 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        heads = re.findall(r"^#+ (.+)$|\*\*([^*]+?)[.?]?\*\*", text, re.MULTILINE)
        told[page] = {*re.findall(r"\([A-Z]\d+\w?\)", text), *(re.sub("[`*]", "", max(pair)) for pair in heads)}
    for source in [path for floor in FLOORS.split("|") for path in (ROOT / floor).rglob("*.py")]:
        text = " ".join(source.read_text(encoding="utf-8").split())
        for name, what in re.findall(r"\((docs/[\w/-]+\.md), ((?:\([A-Z]\d+\w?\)|[^()])*)\)", text):
            wanted = re.findall(r"\([A-Z]\d+\w?\)", what) or [re.sub("[`*]", "", re.split("[;:]", what)[0]).strip(".")]
            cited += len(wanted)
            for one in wanted:
                assert any(one.startswith(head) or head.startswith(one) for head in told[ROOT / name]), (source, one)
    assert cited > 150


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


def bounds():
    """(Name, lowest version) of every requirement; the version is None where none is named.

    The site's have one version each.
    """
    files = sorted(set(ROOT.glob("requirements*.txt")) - {ROOT / "requirements-docs.txt"})
    lines = [line for file in files for line in file.read_text().splitlines()]
    wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
    return [re.fullmatch(r"([\w-]+)(?:>=([\d.]+))?(?:[,<].*)?", line).groups() for line in wanted]


def test_the_lowest_version_of_every_requirement_is_one_that_is_tried():
    found = bounds()
    assert len(found) > 20
    assert [name for name, lowest in found if lowest is None] == []
    made = subprocess.run(["make", "--silent", "lowest"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(made.split()) == sorted(f"{name}=={lowest}" for name, lowest in found)
    assert "make test-lowest" in (ROOT / ".ci" / "run").read_text()


def test_the_makefile_tells_its_targets():
    text = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    assert [
        target for target in targets if target != "lowest" and not re.search(rf"^# make {target}  ", text, re.M)
    ] == []


ASKED = {  # what README's list says of each module of a market, and who asks it
    "scenarios/my/keys.py": Keys,
    "scenarios/my/draw.py": Draw,
    "engine/results/my.py": Results,
    "views/my/words.py": Words,
    "views/my/pictures.py": Pictures,
    "views/my/page.py": Page,
}


def rows_below(heading):
    """The rows of README's first table below a heading, as lists of cells."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"][2:]


def test_the_list_of_what_a_market_needs_is_what_the_floors_ask():
    told = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows_below("Add a market")}
    asked = {place: {name for name in vars(one) if name[0] != "_"} for place, one in ASKED.items()}
    assert {place: told[place] for place in asked} == asked


def test_rules_are_named_where_the_table_says():
    for _, _, named in rows_below("Add a rule"):
        for registry, path in re.findall(r"`([A-Z]+)` in `([^`]+)`", named):
            module = import_module(path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."))
            assert len(getattr(module, registry)) > 1, (registry, path)


def test_the_house_has_every_room():
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## The house\n")[2].partition("\n## ")[0]
    said = set(re.findall(r"\b([a-z]+)/", text))
    for floor in (ROOT, ROOT / "market"):
        rooms = {path.parent.name for path in floor.glob("*/*.py")} | (
            {"docs"} if floor == ROOT else {"days", "network"}
        )
        assert rooms <= said, rooms - said
