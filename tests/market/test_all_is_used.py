"""Everything public in market/ is used by the product: what only tests call belongs to the tests."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("market", "agents", "scenarios", "engine", "views", "environments", "papers", "benchmarks", "examples")
DOCUMENTED = {"as_networkx": "docs/microgrid/model.md"}  # for whoever works in a notebook


def product():
    """Every file of the product."""
    return [ROOT / "run.py", *(path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py")))]


def reads(nodes):
    """Every name that code reads, imports or says as a word, as often as it does."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def taken(nodes):
    """Every name that code imports from a module or reads as an attribute."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr


def public(node, within=""):
    """(Name, place) of the functions, classes and methods that a module or class has for others."""
    for each in node.body:
        if isinstance(each, ast.ClassDef | ast.FunctionDef) and not each.name.startswith("_"):
            yield each.name, f"{within}{each.name}"
        if isinstance(each, ast.ClassDef):
            yield from public(each, f"{within}{each.name}.")


def unused(files, defined):
    """Places of what is public in the files `defined` and used in none of `files`: a method by its name anywhere, what
    stands at the top of a file in that file, or imported or reached through its module elsewhere."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in {*files, *defined}}
    nodes = {path: list(ast.walk(tree)) for path, tree in trees.items()}
    read_in = {path: set(reads(nodes[path])) for path in nodes}
    read = set().union(*map(read_in.get, files))
    imported = {name for path in files for name in taken(nodes[path])}
    return [
        f"{path.name}: {place}"
        for path in defined
        for name, place in public(trees[path])
        if name not in (read if "." in place else imported | read_in[path])
    ]


def test_nothing_in_market_is_there_for_tests_alone():
    there = sorted((ROOT / "market").rglob("*.py"))
    found = unused(product(), there)
    assert [place for place in found if place.rpartition(" ")[2] not in DOCUMENTED] == []


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_is_for_notebooks_is_documented(name):
    assert name in (ROOT / DOCUMENTED[name]).read_text(encoding="utf-8")


def test_what_nobody_uses_is_noticed(tmp_path):
    (tmp_path / "mine.py").write_text(
        "class Kept:\n    def used(self): ...\n    def idle(self): ...\n\n\ndef alone(): ...\n\n\nKept().used()\n"
    )
    files = [tmp_path / "mine.py"]
    assert unused(files, files) == ["mine.py: Kept.idle", "mine.py: alone"]
