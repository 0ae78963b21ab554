"""Every market keeps what the protocols of each floor ask of it, offers nothing else, and a fifth can be added."""

import ast
import importlib.util
import inspect
import json
import sys
import threading
from functools import cache
from pathlib import Path

import pytest

import run
from engine.results import Results
from scenarios import load
from scenarios.markets import MARKETS, Draw, Keys, Modules, offered
from views.browser.session import Session
from views.kit.live import Run
from views.markets import Page, Pictures, Words, page_of

ROOT = Path(run.__file__).parent
PROTOCOLS = {"keys": Keys, "draw": Draw, "results": Results, "words": Words, "pictures": Pictures, "page": Page}
PARTS = [(market, what) for market in MARKETS for what in PROTOCOLS]
TOY = Path(__file__).with_name("toy_market.py")
SHOP = """
market = "toy"
homes = 6
worth = { uniform = [1, 5] }
"""


def asked(protocol):
    """{name: function, or None for a constant} of a protocol."""
    functions = {name: value for name, value in vars(protocol).items() if inspect.isfunction(value) and name[0] != "_"}
    return {name: None for name, value in vars(protocol).items() if isinstance(value, property)} | functions


def test_every_floor_asks_by_a_protocol():
    assert set(Modules._fields) == set(PROTOCOLS)


@pytest.mark.parametrize(("market", "what"), PARTS)
def test_a_market_offers_what_its_protocol_asks_for(market, what):
    module = offered(market, what)
    for name, function in asked(PROTOCOLS[what]).items():
        assert hasattr(module, name), f"{module.__name__} has no {name}"
        if function is not None:
            wanted = [name for name in inspect.signature(function).parameters if name not in ("self", "options")]
            given = inspect.signature(getattr(module, name)).parameters
            assert [one for one in given if given[one].kind is not inspect.Parameter.VAR_KEYWORD] == wanted


@pytest.mark.parametrize(("market", "what"), PARTS)
def test_a_market_offers_nothing_that_nobody_uses(market, what):
    module = offered(market, what)
    mine = Path(module.__file__)
    used = {name for path in sources() if path != mine for name in words(path)}
    inside = words(mine)
    for name in public(mine):
        assert name in asked(PROTOCOLS[what]) or name in used or inside.count(name) > 1, name


def sources():
    """Every file of the product."""
    floors = ("agents", "market", "scenarios", "engine", "views", "environments", "papers", "benchmarks")
    return [ROOT / "run.py", *(path for floor in floors for path in (ROOT / floor).rglob("*.py"))]


@cache
def words(path):
    """Every name that is read, imported or defined in a file, as often as it stands there."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            found.append(node.id)
        elif isinstance(node, ast.Attribute):
            found.append(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
    return found


def public(path):
    """Names of the functions, classes and constants that a file defines for others."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (one.id for one in node.targets if isinstance(one, ast.Name) and one.id[0] != "_")


def test_the_type_checker_holds_every_market_to_every_protocol():
    """Each module stands in typed_markets.py, assigned to a name of its protocol's type."""
    tree = ast.parse(Path(__file__).with_name("typed_markets.py").read_text(encoding="utf-8"))
    found = {
        ast.unparse(node.value): ast.unparse(node.annotation) for node in tree.body if isinstance(node, ast.AnnAssign)
    }
    wanted = {getattr(MARKETS[market], what): PROTOCOLS[what].__name__ for market, what in PARTS}
    assert {module: protocol.partition("[")[0] for module, protocol in found.items()} == wanted


@pytest.fixture
def toy(monkeypatch):
    """The toy market in the registry: one line."""
    spec = importlib.util.spec_from_file_location("toy_market", TOY)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "toy_market", module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(MARKETS, "toy", Modules(*["toy_market"] * len(Modules._fields)))
    return module


@pytest.fixture
def shop(toy, tmp_path, monkeypatch):
    """A scenario file of the toy market, in the folder worked in."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.toml"
    path.write_text(SHOP)
    return path


def test_a_fifth_market_is_one_short_file():
    assert sum(bool(line.strip()) for line in TOY.read_text(encoding="utf-8").splitlines()) < 150


def test_a_fifth_market_runs_shows_compares_and_sweeps(shop, capsys):
    def answer(*words):
        assert run.main([str(word) for word in words]) == 0
        return capsys.readouterr().out

    assert "worth = { uniform = [1.0, 5.0] }" in answer("show", shop)
    stepped, solved = (json.loads(answer("run", shop, "--json", *more)) for more in ((), ("--direct",)))
    assert stepped["status"] == "settled" and solved["status"] == "solved"
    assert stepped["wanted"] >= 2 and solved["wanted"] == 2
    assert solved["price"] - 0.5 < stepped["price"] <= solved["price"]
    folder = next(path for path in Path("results/shop").iterdir() if not path.name.endswith("direct"))
    assert (folder / "price.png").exists() and (folder / "agents.csv").exists()
    Path("half.toml").write_text(SHOP + "stock = 1\n")
    compared = json.loads(answer("compare", shop, "half.toml", "--replications", 3, "--workers", 1, "--json"))
    assert compared["differences_to_first"]["half"]["price"]["mean"] >= 0
    swept = answer("sweep", shop, "--vary", "stock=1,2,3", "--replications", 2, "--workers", 1, "--json")
    assert len(Path(json.loads(swept)["folder"], "runs.csv").read_text().splitlines()) == 7
    assert answer("verify", folder)


def test_a_fifth_market_has_a_page(shop):
    session = Session()
    session.open([Run(load(shop))])
    session.step()
    done = threading.Event()
    session._jobs.put(("", lambda number: done.set(), session.number))
    assert done.wait(20) and session.frames[0].round == 1
    assert session.problem == "" and "<svg" in session.frames[0].panels[0].html
    assert page_of("toy").too_large(load(shop)) == ""
    session.close()
