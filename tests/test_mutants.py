"""The tool that breaks market/: its changes are what they say, are taken back, and reach the tests."""

import ast
from pathlib import Path

import pytest

from tests.mutants import Fate, Hook, Mutant, broken, callers_of, changes, mutants_of, noted, report, sample

SOURCE = '''
def f(x, least=2):
    """Docs, 1 + 1."""
    if not x < least and g(x, least):
        return -x
    raise ValueError(f"{x + 1} is bad")
'''
CHANGED = {
    "least=3",
    "if not (not x < least and g(x, least))",
    "if not x < least or g(x, least)",
    "if not not x < least and",
    "if not x >= least and",
    "if not x <= least and",
    "g(least, x)",
    "return --x",
}


def test_each_change_is_one_of_its_kind_and_taken_back():
    tree = ast.parse(SOURCE)
    before, texts = ast.unparse(tree), [ast.unparse(tree) for _ in changes(tree)]
    assert len(texts) == len(CHANGED) and before not in texts and ast.unparse(tree) == before
    assert all(any(part in text for text in texts) for part in CHANGED)
    assert {function for _, function, _ in changes(tree)} == {"f"}


def test_all_changes_of_a_file_compile():
    tree = ast.parse(SOURCE)
    for _ in changes(tree):
        compile(ast.fix_missing_locations(tree), "f.py", "exec")


def test_a_sample_is_that_of_its_seed_and_spread():
    files = ["market/joining.py", "market/grid/circuit.py"]
    one = sample(files, 30, seed=4)
    assert one == sample(files, 30, seed=4) != sample(files, 30, seed=5)
    assert len(set(one)) == 30
    sizes = [len(mutants_of(path)) for path in files]
    assert sum(mutant.path == files[0] for mutant in one) == pytest.approx(30 * sizes[0] / sum(sizes), abs=1)
    assert len(sample(files, 10_000, seed=4)) == sum(sizes)


def test_a_broken_module_is_imported_in_place_of_the_file():
    mutant = next(one for one in mutants_of("market/grid/circuit.py") if one.function)
    hook = Hook(lambda path: broken(mutant) if path == mutant.path else None)
    assert hook.find_spec("market.joining") is None and hook.find_spec("numpy") is None
    spec = hook.find_spec("market.grid.circuit")
    whole = Path(spec.loader.path).read_text(encoding="utf-8")
    assert ast.unparse(spec.loader.tree) == ast.unparse(broken(mutant)) != ast.unparse(ast.parse(whole))


def test_calls_are_noted_by_function():
    called = []
    exec(compile(noted("a.py", ast.parse("class A:\n def f(self):\n  return 1")), "a.py", "exec"), space := {})
    space["A"].f.__globals__["_called"] = called.append
    assert space["A"]().f() == 1 and called == ["a.py::A.f"]


def test_the_fastest_tests_that_call_it_come_first():
    known = {"slow": [2.0, ["a.py::f"]], "other": [0.1, ["b.py::f"]], "fast": [0.5, ["a.py::f", "a.py::g"]]}
    assert callers_of(Mutant("a.py", 0, 1, "f", ""), known) == ["fast", "slow"]
    assert callers_of(Mutant("a.py", 0, 1, "h", ""), known) == []
    assert callers_of(Mutant("a.py", 0, 1, "", ""), known) == ["fast", "slow"]


def test_survivors_are_told_by_file_and_line():
    ones = [Mutant("a.py", k, 10 + k, "f", "x  →  y") for k in range(4)]
    endings = ("killed", "survived", "untested", "time")
    lines = list(report(dict(zip(ones, map(Fate, endings), strict=True))))
    assert lines[0].split() == ["2", "of", "4", "a.py"]
    assert lines[1:3] == ["survived: a.py:11 in f: x  →  y", "untested: a.py:12 in f: x  →  y"]
    assert lines[-1] == "killed 2 of 4 mutants, 50%, 1 of them by time or a crash"
