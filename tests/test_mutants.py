"""The tool that breaks market/: its changes are what they say, are taken back, and reach the tests."""

import ast
import importlib
import json
from pathlib import Path

import pytest

from tests import mutants
from tests.mutants import (
    ROOT,
    Fate,
    Hook,
    Mutant,
    broken,
    callers_of,
    changes,
    compiled,
    equivalents,
    gone,
    in_code,
    known_fates,
    mutants_of,
    noted,
    on_import,
    report,
    sample,
    swap,
)

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


def test_arguments_change_places_where_that_may_tell():
    told = [words for _, _, words in changes(ast.parse("f(a, b), f(a + a, a + a), max(a, b), f(a), f(*a, b)"))]
    assert [words for words in told if words.startswith("f(a, b)")] == ["f(a, b)  →  f(b, a)"]
    assert len([words for words in told if words.startswith("f(")]) == 1


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
    code = compiled(broken(mutant), mutant.path)
    hook = Hook(lambda path: code if path == mutant.path else None)
    assert hook.find_spec("market.joining") is None and hook.find_spec("numpy") is None
    spec = hook.find_spec("market.grid.circuit")
    whole = ast.parse(Path(spec.loader.path).read_text(encoding="utf-8"))
    assert spec.loader.get_code("market.grid.circuit") == code != compiled(whole, mutant.path)


def test_calls_are_noted_by_function():
    called = []
    exec(compile(noted("a.py", ast.parse("class A:\n def f(self):\n  return 1")), "a.py", "exec"), space := {})
    space["A"].f.__globals__["_called"] = called.append
    assert space["A"]().f() == 1 and called == ["a.py::A.f"]


def test_the_quickest_tests_that_call_it_come_first():
    known = {
        "b.py::slow": [2.0, ["a.py::f"]],
        "b.py::other": [0.1, ["b.py::f"]],
        "c.py::two": [0.6, ["a.py::f"]],
        "c.py::one": [0.5, ["a.py::f", "a.py::g"]],
        "c.py": [0.0, ["a.py::h"]],
        "b.py": [0.0, ["a.py::f"]],
    }
    assert callers_of(Mutant("a.py", 0, 1, "f", ""), known) == (["c.py::one", "c.py::two", "b.py::slow"], 3.1)
    assert callers_of(Mutant("a.py", 0, 1, "g", ""), known) == (["c.py::one"], 0.5)
    assert callers_of(Mutant("a.py", 0, 1, "h", ""), known)[0] == ["c.py::one", "c.py::two"]  # called on import
    assert callers_of(Mutant("a.py", 0, 1, "k", ""), known) == ([], 0.0)
    assert callers_of(Mutant("a.py", 0, 1, "", ""), known)[1] == 3.1
    known["b.py::slow"][0] = 60.0
    assert callers_of(Mutant("a.py", 0, 1, "f", ""), known)[0] == ["c.py::one", "c.py::two"]


def test_the_last_fate_written_is_known(tmp_path):
    file, mutant = tmp_path / "fates", Mutant("a.py", 1, 2, "f", "x  →  y")
    assert known_fates(file) == {}
    rows = [{"mutant": mutant._asdict(), "digest": "d", "fate": {"ending": one}} for one in ("survived", "killed")]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert known_fates(file) == {(mutant, "d"): Fate("killed")}


def test_what_only_readers_and_checkers_see_is_not_changed():
    tree = ast.parse('if TYPE_CHECKING:\n    T = 1\nx: "int" = f"{1 + 1}"\nraise ValueError(2)')
    assert list(changes(tree)) == []


def test_every_equivalent_mutant_has_its_reason_and_a_file():
    for (path, _, change), reason in equivalents().items():
        assert "  →  " in change and len(reason) > 10 and (ROOT / path).exists()


def test_an_equivalent_mutant_that_is_no_change_any_more_is_told():
    one = mutants_of("market/searches.py")[0]
    there = (one.path, one.function, one.words)
    assert gone({there: "same", (*there[:2], "x  →  y"): "gone"}) == [(*there[:2], "x  →  y")]


def test_survivors_are_told_by_file_and_line():
    ones = [Mutant("a.py", k, 10 + k, "f", "x  →  y") for k in range(5)]
    endings = ("killed", "survived", "untested", "time", "equivalent")
    lines = list(report(dict(zip(ones, map(Fate, endings), strict=True))))
    assert lines[0].split() == ["2", "of", "4", "a.py"]
    assert lines[1:3] == ["survived: a.py:11 in f: x  →  y", "untested: a.py:12 in f: x  →  y"]
    told = "killed 2 of 4 mutants, 50%, 1 of them by time or a crash; 1 more change nothing that a test could notice"
    assert lines[-1] == told


SPACE = """
from functools import cached_property, lru_cache
class A:
    def f(self, x=1): return x + 1
    @property
    def g(self): return 1 + 1
    @cached_property
    def h(self): return (lambda: 1 + 1)()
    @staticmethod
    def s(): return 1 + 1
@lru_cache
def k(): return 1 + 1
def outer():
    def inner(): return 1 + 1
    return inner()
LATER = {"k": k, "s": A.s}
"""


def test_changed_code_is_what_runs_wherever_the_function_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "swapped.py").write_text(SPACE)
    seen = {}
    for mutant in mutants_of("swapped.py"):
        space = importlib.reload(importlib.import_module("swapped"))
        if "+" in mutant.words.split("→")[1] or not in_code(mutant):
            continue
        swap(mutant)
        told = space.A().f(), space.A().g, space.A().h, space.LATER["s"](), space.LATER["k"](), space.outer()
        seen[mutant.function] = [name for name, one in zip("fghsko", told, strict=True) if one != 2]
    assert seen == {"A.f": ["f"], "A.g": ["g"], "A.h": ["h"], "A.s": ["s"], "k": ["k"], "outer.inner": ["o"]}
    by_default = next(one for one in mutants_of("swapped.py") if one.words.startswith("self, x=1"))
    assert not in_code(by_default) and in_code(mutant)


def test_a_function_made_in_a_branch_is_noted_too():
    tree = ast.parse(
        "def outer(yes):\n    if yes:\n        def inner():\n            return 1\n        return inner()\n"
    )
    called = []
    space = {"_called": called.append}
    exec(compile(ast.fix_missing_locations(noted("a.py", tree)), "a.py", "exec"), space)
    assert space["outer"](True) == 1 and called == ["a.py::outer", "a.py::outer.inner"]


def test_what_is_made_on_import_within_a_function_acts_on_import():
    known = {"t.py": [0.0, ["market/m.py::made", "market/m.py::C.at"]], "t.py::test": [0.1, ["market/m.py::other"]]}
    asked = {name: on_import(Mutant("market/m.py", 0, 1, name, ""), known) for name in ("made", "made.inner", "other")}
    assert asked == {"made": True, "made.inner": True, "other": False}
    assert on_import(Mutant("market/m.py", 0, 1, "C.at", ""), known)
    assert not on_import(Mutant("market/n.py", 0, 1, "made", ""), known)
