"""Imports point one way, run → papers → environments → views → engine → scenarios → agents → market; designs apart."""

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("market", "agents", "scenarios", "engine", "views", "environments", "papers", "benchmarks", "run")
DESIGNS = ("aggregator", "microgrid", "bilateral")
SHARED = ("grid", "prices", "utilities", "fairness")  # rooms of market/ that every market may use
FILES = [p for layer in LAYERS[:-1] for p in sorted((ROOT / layer).rglob("*.py"))] + [ROOT / "run.py"]
NAMES = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in FILES}
NAMES = {name: path for name, path in NAMES.items() if "." in name}  # "market" may be a key of a file


@cache
def imports(path):
    """(dotted name, is inside a function) of every import in a file, of modules that stand there by name as well."""
    return list(imported(ast.parse(path.read_text(encoding="utf-8")), inside=False))


def imported(node, inside):
    """What a node and those below it import."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, inside) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((f"{node.module}.{alias.name}", inside) for alias in node.names)
    elif isinstance(node, ast.Constant) and node.value in NAMES:
        yield node.value, False
    for child in ast.iter_child_nodes(node):
        yield from imported(child, inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_its_own_layer_and_those_below(path):
    layer = path.relative_to(ROOT).with_suffix("").parts[0]
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    for name, _ in imports(path):
        top = name.split(".")[0]
        assert top not in LAYERS or top in allowed, f"{layer} must not import {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_stand_at_the_top_but_in_the_command_line(path):
    if path.name == "run.py":
        return
    assert [name for name, inside in imports(path) if inside] == []


def test_small_numbers_say_what_of():
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(value := getattr(node.value, "value", None), float):
                assert value > 0.001 or "_" in node.targets[0].id, (path, node.targets[0].id)


@pytest.mark.parametrize("path", [p for p in FILES if "market" in p.relative_to(ROOT).parts[:1]], ids=str)
def test_the_economics_knows_no_files_no_plots_and_no_other_design(path):
    parts = path.relative_to(ROOT).parts
    mine = parts[1] if len(parts) > 2 else ""
    for name, _ in imports(path):
        assert name.split(".")[0] not in ("mesa", "matplotlib", "pandas", "pathlib", "tqdm"), name
        other = name.split(".")[1] if name.startswith("market.") else ""
        assert mine not in DESIGNS or other not in DESIGNS or other == mine, name
        assert mine not in SHARED or other not in (*DESIGNS, "designs"), f"{mine} is every market's, {name} is not"


def test_no_import_cycles():
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in FILES}
    graph = {name: set() for name in names}
    for name, path in names.items():
        for target, _ in imports(path):
            known = target if target in names else target.rpartition(".")[0]
            if known in names and known != name and not name.startswith(known + "."):
                graph[name].add(known)
    seen, done = set(), set()

    def walk(name):
        assert name not in seen - done, f"a cycle through {name}"
        if name not in done:
            seen.add(name)
            for target in graph[name]:
                walk(target)
            done.add(name)

    for name in graph:
        walk(name)


@pytest.mark.parametrize("package", ["agents", "engine", "scenarios"])
def test_public_names_are_found_when_asked_for_and_no_module_takes_one(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert f"{package}.{name}" not in NAMES, name
        assert getattr(module, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing
