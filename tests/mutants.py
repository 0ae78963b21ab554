"""Do the tests notice when market/ is broken? `make mutants` puts a sample of small changes to its code before them.

A change, a mutant, is made to the syntax tree of one file and lives in the memory of one process: an import hook
compiles it there, no file is touched. It is killed when a test fails, or when the tests take far more processor time
than without it. Its tests are those that call the changed function, the fastest first, then the rest of their files.
Which test calls what is found first: one run of all of them, with a note at the head of every function of market/.

Tests that run commands in processes of their own do not see the change and are not asked. mutmut works here too, but
leaves out properties, constants of modules and class bodies, breaks texts of errors, and draws no sample: it makes and
writes all mutants there are, thousands. cosmic-ray changes the files themselves and puts the same tests before all.
"""

import argparse
import ast
import builtins
import importlib
import importlib.util
import json
import multiprocessing
import os
import random
import resource
import sys
from collections import Counter
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from multiprocessing.connection import wait
from pathlib import Path
from time import process_time
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
CODE = "market"
TESTS = ("tests/market", "tests/contracts", "tests/agents", CODE)
TIMED = "speed"  # in names of tests of speed, which fail by chance on a busy machine
LIBRARIES = ("cvxpy", "hypothesis.extra.numpy", "mesa", "pandas", "scipy.optimize", "scipy.sparse.linalg", "xdist")
REWRITTEN = "ignore::pytest.PytestAssertRewriteWarning"  # plugins are imported before the processes part
OPTIONS = ("-n", "0", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-W", REWRITTEN)
PROCESSES = 2
SPARE, SLOWER = 30, 4  # seconds of processor time a mutant may take beside so many times what its tests took
MEMORY = 4 << 30  # bytes
FUNCTIONS = (ast.FunctionDef, ast.ClassDef)
SWAPS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
EDGES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
TWINS = {"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "any": "all", "all": "any"}
UNCHANGED = ("annotation", "returns", "exc", "decorator_list")  # what decides nothing, and errors' texts


class Mutant(NamedTuple):
    """A change: its file and its number in it, the line, the function, "" outside of one, and what it is."""

    path: str
    number: int
    line: int
    function: str
    words: str


class Fate(NamedTuple):
    """What became of a mutant: "killed", "time", "survived" or "untested", and the test that failed."""

    ending: str
    test: str | None = None


def changes(node, scope="", function=""):
    """Changes to a syntax tree: (line, function, words), the tree changed while each is held."""
    for child in _parts(node):
        inner, owner = scope, function
        if isinstance(child, FUNCTIONS):
            inner = f"{scope}.{child.name}".lstrip(".")
            owner = inner if isinstance(child, ast.FunctionDef) else function
        for target, name, value in edits(child):
            before, text = getattr(target, name), _text(child)
            setattr(target, name, value)
            yield child.lineno, owner, f"{text}  →  {_text(child)}"
            setattr(target, name, before)
        yield from changes(child, inner, owner)


def _parts(node):
    """Parts of a node that decide something."""
    for name, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if name not in UNCHANGED and isinstance(part, ast.AST) and not isinstance(part, ast.JoinedStr):
                yield part


def _text(node):
    return ast.unparse(node.test if isinstance(node, ast.If) else node)


def edits(node):
    """(Object, attribute, new value) of every change to one node."""
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in SWAPS:
        yield node, "op", SWAPS[type(node.op)]()
    elif isinstance(node, ast.Compare):
        for table in (SWAPS, EDGES):
            if type(node.ops[0]) in table:
                yield node, "ops", [table[type(node.ops[0])](), *node.ops[1:]]
    elif isinstance(node, ast.UnaryOp):
        yield node, "operand", ast.UnaryOp(node.op, node.operand)
    elif isinstance(node, (ast.If, ast.IfExp)):
        yield node, "test", ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield node, "value", not node.value if isinstance(node.value, bool) else node.value + 1
    elif isinstance(node, ast.Call):
        symmetric = getattr(node.func, "attr", getattr(node.func, "id", "")) in TWINS
        if len(node.args) > 1 and not symmetric and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
            yield node, "args", [node.args[1], node.args[0], *node.args[2:]]
        if isinstance(node.func, ast.Attribute) and node.func.attr in TWINS:
            yield node.func, "attr", TWINS[node.func.attr]
        elif isinstance(node.func, ast.Name) and node.func.id in TWINS:
            yield node.func, "id", TWINS[node.func.id]


def mutants_of(path):
    """Every Mutant of a file, by its path from the root."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return [Mutant(path, number, *change) for number, change in enumerate(changes(tree))]


def sample(files, size, seed):
    """So many mutants of files, spread evenly over all there are, by a generator of this seed."""
    rng, found = random.Random(seed), []
    for path in files:
        ones = mutants_of(path)
        rng.shuffle(ones)
        found.extend(ones)
    size, start = min(size, len(found)), rng.random()
    return [found[int((start + k) * len(found) / size)] for k in range(size)]


def broken(mutant):
    """The changed syntax tree of a mutant's file."""
    tree = ast.parse((ROOT / mutant.path).read_text(encoding="utf-8"))
    next(change for number, change in enumerate(changes(tree)) if number == mutant.number)
    return tree


def noted(path, tree, scope=""):
    """A syntax tree that notes the calls of its functions, as path::function."""
    for child in tree.body:
        if isinstance(child, FUNCTIONS):
            name = f"{scope}.{child.name}".lstrip(".")
            noted(path, child, name)
            if isinstance(child, ast.FunctionDef):
                documented = ast.get_docstring(child) is not None
                child.body.insert(documented, ast.parse(f"_called({f'{path}::{name}'!r})").body[0])
    return tree


class Hook:
    """Imports modules of market/ from syntax trees that a function of their paths gives; None leaves the file's."""

    def __init__(self, tree_of):
        self.tree_of = tree_of

    def find_spec(self, name, path=None, target=None):
        """The module's spec, None where its tree is not changed."""
        file = ROOT.joinpath(*name.split("."))
        inside = [file.parent] if (file / "__init__.py").exists() else None
        file = file / "__init__.py" if inside else file.with_suffix(".py")
        if name.split(".")[0] != CODE or not file.exists():
            return None
        tree = self.tree_of(file.relative_to(ROOT).as_posix())
        if tree is None:
            return None
        loader = TreeLoader(name, str(file))
        loader.tree = ast.fix_missing_locations(tree)
        search = None if inside is None else [str(file.parent)]
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=search)


class TreeLoader(SourceFileLoader):
    """Compiles a syntax tree in place of the file."""

    def get_code(self, fullname):
        """The tree's code."""
        return compile(self.tree, self.path, "exec")


class Notes:
    """Notes which functions of market/ each test calls and how long it takes; tests that fail are left out."""

    def __init__(self):
        self.now, self.tests, self.failed = set(), {}, set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Notes of one test, its fixtures included."""
        self.now.clear()
        start = process_time()
        done = yield
        self.tests[item.nodeid] = [round(process_time() - start, 3), sorted(self.now)]
        return done

    def pytest_runtest_logreport(self, report):
        """A test that fails without any change tells nothing."""
        if report.failed:
            self.failed.add(report.nodeid)


class Order:
    """Tests in the order of a list, then others of the same files; remembers the first that fails."""

    def __init__(self, names, known):
        self.rank, self.known, self.failed = {name: k for k, name in enumerate(names)}, known, None

    def pytest_collection_modifyitems(self, items):
        """Only tests that pass without the change."""
        ranks = [(self.rank.get(item.nodeid, len(self.rank)), k) for k, item in enumerate(items)]
        items[:] = [items[k] for _, k in sorted(ranks) if items[k].nodeid in self.known]

    def pytest_runtest_logreport(self, report):
        """The first test that fails."""
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def note_calls(file):
    """{test: [seconds, functions of market/ it calls], None where it fails} of a file of tests, run in this process."""
    notes = Notes()
    builtins._called = notes.now.add
    _run([file], notes, Hook(lambda path: noted(path, ast.parse((ROOT / path).read_text(encoding="utf-8")))), False)
    return {name: None if name in notes.failed else found for name, found in notes.tests.items()}


def judge(mutant, names, known):
    """The Fate of a mutant by these tests and the others of their files, run in this process."""
    seconds = sum(known[name][0] for name in known if name.split("::")[0] in _files(names))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SPARE + SLOWER * seconds),) * 2)
    order = Order(names, known)
    code = _run(_files(names), order, Hook(lambda path: broken(mutant) if path == mutant.path else None), True)
    return Fate("killed" if code else "survived", order.failed)


def _run(files, plugin, hook, first):
    """Run files of tests in this process; pytest's exit code."""
    sys.meta_path.insert(0, hook)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    options = [one for one in OPTIONS if first or one != "-x"]
    return int(pytest.main([*options, *files], plugins=[plugin]))


def _files(names):
    return list(dict.fromkeys(name.split("::")[0] for name in names))


def apart(work, tasks):
    """(Task, answer) of work(*task), each in a process of its own, two at a time; None where one ended early."""
    tasks, running = list(tasks)[::-1], {}
    context = multiprocessing.get_context("fork")
    while tasks or running:
        while tasks and len(running) < PROCESSES:
            task = tasks.pop()
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_answer, args=(there, work, task))
            process.start()
            there.close()
            running[here] = task, process
        for here in wait(list(running)):
            task, process = running.pop(here)
            try:
                answer = here.recv()
                process.join()
            except EOFError:
                process.join()
                answer = None
                if process.exitcode > 0:
                    raise RuntimeError(f"{work.__name__}{task[:1]} ended with exit code {process.exitcode}") from None
            here.close()
            yield task, answer


def _answer(there, work, task):
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    there.send(work(*task))
    there.close()
    os._exit(0)


def calls(kept, folders=TESTS):
    """{test: [seconds, functions]} of all tests, those of unchanged files from the JSON file `kept`, or None."""
    before = json.loads(kept.read_text()) if kept and kept.exists() else {}
    found, tasks = {}, []
    for file in test_files(folders):
        digest = sha256((ROOT / file).read_bytes()).hexdigest()
        if before.get(file, {}).get("digest") == digest:
            found[file] = before[file]
        else:
            found[file] = {"digest": digest}
            tasks.append((file,))
    for (file,), tests in apart(note_calls, tasks):
        found[file]["tests"] = tests or {}
        if kept:
            kept.write_text(json.dumps(before | {path: told for path, told in found.items() if "tests" in told}))
    every = {name: told for file in found.values() for name, told in file["tests"].items()}
    for name in every:
        if every[name] is None:
            print(f"left out, it fails without any change: {name}", file=sys.stderr)
    return {name: told for name, told in every.items() if told is not None}


def test_files(folders=TESTS):
    """Files with tests, those of market/ with examples in docstrings, by their paths from the root."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")) or [ROOT / folder]:
            if TIMED not in file.name and (file.name.startswith("test_") or ">>>" in file.read_text(encoding="utf-8")):
                yield file.relative_to(ROOT).as_posix()


def callers_of(mutant, known):
    """Tests that call the changed function, outside of functions any of the file or else all; the fastest first."""
    whole, named = f"{mutant.path}::", f"{mutant.path}::{mutant.function}"
    if mutant.function:
        found = [name for name, (_, called) in known.items() if named in called]
    else:
        found = [name for name, (_, called) in known.items() if any(one.startswith(whole) for one in called)]
        found = found or list(known)
    return sorted(found, key=lambda name: known[name][0])


def fates(mutants, known):
    """The Fate of each mutant, as they come: (mutant, fate)."""
    tasks = []
    for mutant in mutants:
        names = callers_of(mutant, known)
        if names:
            tasks.append((mutant, names, known))
        else:
            yield mutant, Fate("untested")
    for (mutant, *_), fate in apart(judge, tasks):
        yield mutant, fate or Fate("time")


def report(found):
    """Lines that tell of the mutants: killed and all by file, those that live, the share killed."""
    alive = sorted((mutant, fate) for mutant, fate in found.items() if fate.ending in ("survived", "untested"))
    every, living = Counter(one.path for one in found), Counter(one.path for one, _ in alive)
    yield from (f"{every[path] - living[path]:4} of {every[path]:3}  {path}" for path in sorted(every))
    for mutant, fate in alive:
        where = f" in {mutant.function}" if mutant.function else ""
        yield f"{fate.ending}: {mutant.path}:{mutant.line}{where}: {mutant.words}"
    late = sum(fate.ending == "time" for fate in found.values())
    killed = len(found) - len(alive)
    yield f"killed {killed} of {len(found)} mutants, {killed / len(found):.0%}, {late} of them by time or a crash"


def main(arguments=None):
    """Command line; 0 where the share killed is that asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", help="files or folders of market/ to break (all)")
    parser.add_argument("--size", type=int, default=150, help="mutants to try (150)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--least", type=float, default=0.9, help="share killed from which the exit code is 0 (0.9)")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="folders and files of tests to put them before")
    parser.add_argument("--calls", type=Path, help="file that keeps which test calls what from run to run")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "mutants.json", help="file of all fates")
    told = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.chdir(ROOT)
    files = sorted(path.as_posix() for path in Path(CODE).rglob("*.py"))
    if told.files:
        files = [path for path in files if any(path.startswith(one) for one in told.files)]
    mutants = sample(files, told.size, told.seed)
    for name in LIBRARIES:
        importlib.import_module(name)
    known, found = calls(told.calls, told.tests), {}
    for mutant, fate in fates(mutants, known):
        found[mutant] = fate
        print(f"{fate.ending}: {mutant.path}:{mutant.line}: {mutant.words}", flush=True)
    told.output.parent.mkdir(parents=True, exist_ok=True)
    told.output.write_text(json.dumps([mutant._asdict() | fate._asdict() for mutant, fate in found.items()], indent=1))
    print(*report(found), sep="\n")
    dead = sum(fate.ending in ("killed", "time") for fate in found.values())
    return int(dead < told.least * len(found))


if __name__ == "__main__":
    sys.exit(main())
