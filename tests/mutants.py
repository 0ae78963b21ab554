"""Do the tests notice when market/ is broken? `make mutants` puts a sample of small changes to its code before them.

A change, a mutant, is made to the syntax tree of one file and lives in the memory of one process, no file is touched.
It is killed when a test fails, or when the tests take far more processor time than without it. Its tests are those that
call the changed function, the quickest first, up to a limit of time. Which test calls what is found first, by
a note at the head of every function of market/, and kept for files unchanged.

Tests are collected once; for each mutant the process forks, gives the function its changed code, and runs its tests.
What acts when modules are imported, such as constants and defaults, is changed by an import hook in a fresh process.
One of them works at a time. Each fate is written as it comes: an interrupted sample goes on where it stopped. What
decides nothing is not changed: docstrings, annotations, texts of errors, imports for the type checker. A mutant that no
test can notice stands with its reason in equivalent_mutants.toml; it is told, not asked.

Tests that run commands in processes of their own do not see the change and are not asked. mutmut works here too, but
leaves out properties, constants of modules and class bodies, breaks texts of errors, and draws no sample: it makes and
writes all mutants there are, thousands. cosmic-ray changes the files themselves and puts the same tests before all.
"""

import argparse
import ast
import builtins
import importlib
import importlib.util
import inspect
import json
import multiprocessing
import os
import random
import resource
import sys
import tomllib
from collections import Counter
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from pathlib import Path
from time import process_time
from types import CodeType, FunctionType
from typing import NamedTuple

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
CODE = "market"
EQUIVALENT = Path(__file__).parent / "equivalent_mutants.toml"
TESTS = ("tests/market", "tests/contracts", "tests/agents", "tests/engine", CODE)
APART = ("speed", "cluster", "sweep")  # in names of tests of speed, and of those that work in other processes
LIBRARIES = ("cvxpy", "hypothesis.extra.numpy", "mesa", "pandas", "scipy.optimize", "scipy.sparse.linalg", "xdist")
REWRITTEN = "ignore::pytest.PytestAssertRewriteWarning"  # plugins are imported before the processes part
OPTIONS = ("-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-W", REWRITTEN)
PHASES = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a failure is not made smaller, only noticed
ASKED = 60  # seconds that the tests of one mutant may take without it
SPARE, SLOWER = 20, 3  # seconds of processor time a mutant may take beside so many times what its tests took
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
# of calls whose first two arguments may change places
SYMMETRIC = {"minimum", "maximum", "min", "max", "any", "all", "clip", "multiply", "array_equal"}
TWINS = {"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "any": "all", "all": "any"}
UNCHANGED = ("annotation", "returns", "exc", "decorator_list")  # what decides nothing, and errors' texts
AROUND = (
    ast.expr,
    ast.keyword,
    ast.arguments,
    ast.Assign,
    ast.AnnAssign,
    ast.Return,
)  # what is told where a number in it is changed
LIVING = ("survived", "untested")
RAN = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


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
        told = node if isinstance(child, ast.Constant) and isinstance(node, AROUND) else child
        for target, name, value in edits(child):
            before, text = getattr(target, name), _text(told)
            setattr(target, name, value)
            yield child.lineno, owner, f"{text}  →  {_text(told)}"
            setattr(target, name, before)
        yield from changes(child, inner, owner)


def _parts(node):
    """Parts of a node that decide something."""
    for name, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if name not in UNCHANGED and isinstance(part, ast.AST) and not _for_readers(part):
                yield part


def _for_readers(node):
    """Is it a text, or for the type checker alone?"""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")


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
        if _in_order(node):
            yield node, "args", [node.args[1], node.args[0], *node.args[2:]]
        if isinstance(node.func, ast.Attribute) and node.func.attr in TWINS:
            yield node.func, "attr", TWINS[node.func.attr]
        elif isinstance(node.func, ast.Name) and node.func.id in TWINS:
            yield node.func, "id", TWINS[node.func.id]


def _in_order(call):
    """Does a call's answer depend on which of its first two arguments comes first?"""
    first = call.args[:2]
    symmetric = getattr(call.func, "attr", getattr(call.func, "id", "")) in SYMMETRIC
    told_apart = len({ast.dump(one) for one in first}) == 2
    return told_apart and not symmetric and not any(isinstance(one, ast.Starred) for one in first)


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
    for child in list(_defined(tree)):
        name = f"{scope}.{child.name}".lstrip(".")
        noted(path, child, name)
        if isinstance(child, ast.FunctionDef):
            documented = ast.get_docstring(child) is not None
            child.body.insert(documented, ast.parse(f"_called({f'{path}::{name}'!r})").body[0])
    return tree


def _defined(node):
    """Functions and classes that a node defines, in branches too, but not those within them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            yield child
        else:
            yield from _defined(child)


class Hook:
    """Imports modules of market/ from code that a function of their paths gives; None leaves the file's."""

    def __init__(self, code_of):
        self.code_of = code_of

    def find_spec(self, name, path=None, target=None):
        """The module's spec, None where its code is not changed."""
        file = ROOT.joinpath(*name.split("."))
        inside = [file.parent] if (file / "__init__.py").exists() else None
        file = file / "__init__.py" if inside else file.with_suffix(".py")
        if name.split(".")[0] != CODE or not file.exists():
            return None
        code = self.code_of(file.relative_to(ROOT).as_posix())
        if code is None:
            return None
        loader = CodeLoader(name, str(file))
        loader.code = code
        search = None if inside is None else [str(file.parent)]
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=search)


class CodeLoader(SourceFileLoader):
    """Gives code in place of the file's."""

    def get_code(self, fullname):
        """The code given."""
        return self.code


def compiled(tree, path):
    """Code of a syntax tree of the file at a path from the root."""
    return compile(ast.fix_missing_locations(tree), str(ROOT / path), "exec")


@cache
def noted_code(path):
    """Code of a file that notes the calls of its functions."""
    return compiled(noted(path, ast.parse((ROOT / path).read_text(encoding="utf-8"))), path)


class Notes:
    """Notes which functions of market/ each test calls and how long it takes; tests that fail are left out."""

    def __init__(self):
        self.now, self.tests, self.failed, self.imported = set(), {}, set(), []

    def pytest_collection_finish(self):
        """Notes of what is called when modules are imported and tests collected."""
        self.imported = sorted(self.now)

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
    """Tests of a list in its order; remembers the first that fails."""

    def __init__(self, names):
        self.rank, self.failed = {name: k for k, name in enumerate(names)}, None

    def pytest_collection_modifyitems(self, items):
        """Only those asked."""
        items[:] = sorted((one for one in items if one.nodeid in self.rank), key=lambda one: self.rank[one.nodeid])

    def pytest_runtest_logreport(self, report):
        """The first test that fails."""
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def note_calls(file):
    """Calls of a file of tests, run in this process: {test: [seconds, functions of market/], None where it fails}.

    With it what its import calls, as [0, functions] under the file's own name, None where its tests are not all run.
    """
    notes = Notes()
    builtins._called = notes.now.add
    _silently(Hook(noted_code))
    ran = pytest.main([*OPTIONS, file], plugins=[notes]) in RAN
    found = {name: None if name in notes.failed else told for name, told in notes.tests.items()}
    return found | {file: [0.0, notes.imported] if ran else None}


def judge_import(mutant, names, seconds):
    """The Fate of a mutant that acts on import, by these tests, which take so many seconds without it; run apart."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(SPARE + SLOWER * seconds),) * 2)
    _silently(Hook(lambda path: compiled(broken(mutant), path) if path == mutant.path else None))
    for file in dict.fromkeys(name.split("::")[0] for name in names):
        order = Order([name for name in names if name.split("::")[0] == file])
        code = pytest.main([*OPTIONS, "-x", file], plugins=[order])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return Fate("killed", order.failed or file)
    return Fate("survived")


def judge_code(mutant, items, order, seconds):
    """The Fate of a mutant of a function's code, by these collected tests; run apart."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(SPARE + SLOWER * seconds),) * 2)
    _silently()
    swap(mutant)
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if order.failed:
            return Fate("killed", order.failed)
    return Fate("survived")


class Asking:
    """A plugin of pytest that runs no tests but has mutants of code judged by those collected: {mutant: names}."""

    def __init__(self, asked, tell):
        self.asked, self.tell, self.order = asked, tell, Order([])

    def pytest_runtestloop(self, session):
        """Every mutant in a process of its own."""
        session.config.pluginmanager.register(self.order)
        items = {item.nodeid: item for item in session.items}
        for mutant, (names, seconds) in self.asked.items():
            tests = [items[name] for name in names if name in items]
            judged = tests and apart(judge_code, mutant, tests, self.order, seconds)
            self.tell(mutant, judged or Fate("time" if tests else "untested"))
        return True


def body(tree, path, function):
    """(Name, code) of the outermost function around one, compiled from a tree; None where there is none."""
    found = _codes(compiled(tree, path))
    parts = function.split(".")
    names = [".".join(parts[: k + 1]) for k in range(len(parts))]
    return next(((name, found[name]) for name in names if name in found), None)


def _codes(code):
    """Codes of the functions of a module and its classes, by qualified name."""
    found = {}
    for one in code.co_consts:
        if isinstance(one, CodeType):
            found |= {one.co_qualname: one} if one.co_flags & inspect.CO_OPTIMIZED else _codes(one)
    return found


def in_code(mutant):
    """Is a function's code all that a mutant changes?"""
    whole = ast.parse((ROOT / mutant.path).read_text(encoding="utf-8"))
    before = body(whole, mutant.path, mutant.function)
    return before is not None and body(broken(mutant), mutant.path, mutant.function) != before


def swap(mutant):
    """Give a mutant's function, as it is imported, the changed code."""
    path = Path(mutant.path).with_suffix("")
    name, code = body(broken(mutant), mutant.path, mutant.function)
    place = importlib.import_module(".".join(path.parts[:-1] if path.name == "__init__" else path.parts))
    for part in name.split("."):
        place = vars(place)[part]
    while not isinstance(place, FunctionType) or hasattr(place, "__wrapped__"):
        place = next(getattr(place, one) for one in ("__wrapped__", "fget", "func", "__func__") if hasattr(place, one))
    place.__code__ = code


def _silently(*hooks):
    sys.meta_path[:0] = hooks
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)


def apart(work, *given):
    """Answer of work(*given), in a process of its own; None where it was ended from outside."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, work, given))
    process.start()
    there.close()
    answer = None
    with suppress(EOFError):
        answer = here.recv()
    process.join()
    if answer is None and process.exitcode > 0:
        raise RuntimeError(f"{work.__name__}{given[:1]} ended with exit code {process.exitcode}")
    return answer


def _answer(there, work, given):
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    there.send(work(*given))
    there.close()
    os._exit(0)


def calls(kept, folders=TESTS):
    """{test: [seconds, functions]} of all tests, those of files as before, code too, from the JSON file `kept`."""
    before, every = json.loads(kept.read_text()) if kept.exists() else {}, {}
    code = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / CODE).rglob("*.py"))
    for file in test_files(folders):
        digest, last = digest_of(file, *code), before.get(file, {})
        if last.get("digest") != digest or None in last["tests"].values():
            for path in code:
                noted_code(path)  # once for all processes
            before[file] = {"digest": digest, "tests": apart(note_calls, file) or {file: None}}
            kept.write_text(json.dumps(before))
        every |= before[file]["tests"]
    missing = [name for name in every if every[name] is None]
    for name in missing:
        print(f"left out, it fails without any change: {name}", file=sys.stderr)
    print(
        f"{sum('::' in name for name in every)} tests, {len(missing)} of them or of their files left out",
        file=sys.stderr,
    )
    return {name: told for name, told in every.items() if told is not None}


def digest_of(*paths):
    """Digest of files, by their paths from the root."""
    return sha256(b"".join((ROOT / path).read_bytes() for path in paths)).hexdigest()


def test_files(folders=TESTS):
    """Files with tests, those of market/ with examples in docstrings, by their paths from the root."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")) or [ROOT / folder]:
            asked = file.name.startswith("test_") or ">>>" in file.read_text(encoding="utf-8")
            if asked and not any(word in file.name for word in APART):
                yield file.relative_to(ROOT).as_posix()


def callers_of(mutant, known):
    """(Tests that call the changed function, outside of functions any of its file; seconds), the quickest first.

    What is called when modules are imported is also asked of all tests of files that import it. No more tests than take
    ASKED seconds, but one.
    """
    whole, named = f"{mutant.path}::", f"{mutant.path}::{mutant.function}"

    def calls_it(name):
        called = known[name][1]
        return named in called if mutant.function else any(one.startswith(whole) for one in called)

    found = {name for name in known if "::" in name and calls_it(name)}
    files = {name for name in known if "::" not in name and calls_it(name)}
    found = found or {name for name in known if "::" in name and name.split("::")[0] in files}
    names, seconds = [], 0.0
    for name in sorted(found, key=lambda name: (known[name][0], name)):
        if not names or seconds + known[name][0] <= ASKED:
            names.append(name)
            seconds += known[name][0]
    return names, seconds


def equivalents(file=EQUIVALENT):
    """{(path, function, words): reason} of mutants that no test can notice."""
    rows = tomllib.loads(file.read_text(encoding="utf-8")).get("mutant", [])
    return {(row["path"], row["function"], row["change"]): row["reason"] for row in rows}


def gone(same):
    """Of equivalent mutants those that are no changes of their files any more."""
    there = {(one.path, one.function, one.words) for path in {path for path, *_ in same} for one in mutants_of(path)}
    return sorted(set(same) - there)


def known_fates(file):
    """{(Mutant, digest of its file): Fate} from the lines of a file, the last of each."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return {(Mutant(**row["mutant"]), row["digest"]): Fate(**row["fate"]) for row in rows}


def report(found):
    """Lines that tell of the mutants: killed and all by file, those that live, the share killed."""
    alive = sorted((mutant, fate) for mutant, fate in found.items() if fate.ending in LIVING)
    asked = [mutant for mutant, fate in found.items() if fate.ending != "equivalent"]
    every, living = Counter(one.path for one in asked), Counter(one.path for one, _ in alive)
    yield from (f"{every[path] - living[path]:4} of {every[path]:3}  {path}" for path in sorted(every))
    for mutant, fate in alive:
        where = f" in {mutant.function}" if mutant.function else ""
        yield f"{fate.ending}: {mutant.path}:{mutant.line}{where}: {mutant.words}"
    late = sum(fate.ending == "time" for fate in found.values())
    killed, same = len(asked) - len(alive), len(found) - len(asked)
    share = f"{killed / max(len(asked), 1):.0%}, {late} of them by time or a crash"
    yield f"killed {killed} of {len(asked)} mutants, {share}; {same} more change nothing that a test could notice"


def main(arguments=None):
    """Command line; 0 where the share killed is that asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", help="files or folders of market/ to break (all)")
    parser.add_argument("--size", type=int, default=150, help="mutants to try (150)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--least", type=float, default=0.9, help="share killed from which the exit code is 0 (0.9)")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="folders and files of tests to put them before")
    parser.add_argument("--again", action="store_true", help="ask anew of those that lived when last asked")
    parser.add_argument("--folder", type=Path, default=ROOT / "results", help="of calls and fates kept")
    told = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.chdir(ROOT)
    told.folder.mkdir(parents=True, exist_ok=True)
    files = sorted(path.as_posix() for path in Path(CODE).rglob("*.py"))
    if told.files:
        files = [path for path in files if any(path.startswith(one) for one in told.files)]
    for name in LIBRARIES:
        importlib.import_module(name)
    found = ask(sample(files, told.size, told.seed), told)
    print(*report(found), sep="\n")
    endings = Counter(fate.ending for fate in found.values())
    return int(endings["killed"] + endings["time"] < told.least * (len(found) - endings["equivalent"]))


def ask(mutants, told):
    """{Mutant: Fate} of a sample, each new fate printed and written at once to mutants.jsonl in the folder told."""
    hypothesis.settings.register_profile("mutants", phases=PHASES, deadline=None, database=None, print_blob=False)
    hypothesis.settings.load_profile("mutants")
    kept, same, asked = told.folder / "mutants.jsonl", equivalents(), {}
    before, known = known_fates(kept), calls(told.folder / "mutants-calls.json", told.tests)
    found = {mutant: before.get((mutant, digest_of(mutant.path))) for mutant in mutants}

    def tell(mutant, fate):
        row = {"mutant": mutant._asdict(), "digest": digest_of(mutant.path), "fate": fate._asdict()}
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(f"{fate.ending}: {mutant.path}:{mutant.line}: {mutant.words}", file=sys.__stderr__, flush=True)
        found[mutant] = fate

    for path, function, words in gone(same):
        print(f"{EQUIVALENT.name}: no such change any more: {path} in {function}: {words}", file=sys.stderr)
    for mutant in mutants:
        if (mutant.path, mutant.function, mutant.words) in same:
            found[mutant] = Fate("equivalent")
        elif found[mutant] is None or (told.again and found[mutant].ending in LIVING):
            asked[mutant] = callers_of(mutant, known)
    fast = {mutant: given for mutant, given in asked.items() if given[0] and in_code(mutant)}
    found |= (fast and apart(in_turn, fast, tell)) or {}
    for mutant, (names, seconds) in asked.items():
        if not names:
            tell(mutant, Fate("untested"))
        elif mutant not in fast or (found[mutant].ending == "survived" and on_import(mutant, known)):
            tell(mutant, apart(judge_import, mutant, names, seconds) or Fate("time"))
    return found


def in_turn(asked, tell):
    """{Mutant: Fate} of mutants of code with their tests and seconds, all tests collected once, in this process."""
    found = {}
    files = sorted({name.split("::")[0] for names, _ in asked.values() for name in names})
    plugin = Asking(asked, lambda mutant, fate: (found.update({mutant: fate}), tell(mutant, fate)))
    pytest.main([*OPTIONS, "-s", "--no-summary", *files], plugins=[plugin])
    return found


def on_import(mutant, known):
    """Is a mutant's function, or one around it, called when modules are imported or tests collected?"""
    parts = mutant.function.split(".")
    named = {f"{mutant.path}::{'.'.join(parts[: k + 1])}" for k in range(len(parts))}
    return any(not named.isdisjoint(called) for name, (_, called) in known.items() if "::" not in name)


if __name__ == "__main__":
    sys.exit(main())
