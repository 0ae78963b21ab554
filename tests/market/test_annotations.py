"""No file of market/ leaves a public function without types, and the type checker reads all of them."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["files"]
TYPED = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "market").rglob("*.py"))


def public_functions(node):
    """Functions and methods that others may call, at any depth of classes."""
    for each in node.body:
        if isinstance(each, ast.ClassDef):
            yield from public_functions(each)
        elif isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
            yield each


def untyped(function):
    """Names of a function's arguments without a type, and whether its result has none."""
    given = function.args
    named = (*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg)))
    missing = [each.arg for each in named if each.annotation is None and each.arg not in ("self", "cls")]
    return missing + (["result"] if function.returns is None else [])


@pytest.mark.parametrize("name", TYPED)
def test_public_functions_are_annotated(name):
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    assert {each.name: untyped(each) for each in public_functions(tree) if untyped(each)} == {}


def test_the_type_checker_reads_market_and_what_holds_markets_to_their_protocols():
    assert READ == ["market", "tests/contracts/typed_markets.py"]
