"""Whoever draws or writes is handed numbers: nothing in views/ solves, certifies, measures or draws a population."""

import ast
from pathlib import Path

import pytest

import views

ROOT = Path(views.__file__).parent
SAYS = "market.numerals"  # says numbers, and works none out
WORDS = {"Refused", "Status", "of_contracts"}  # of endings, and what contracts come to together
LATER = "later"  # loads what it names when that is asked for: an import
SPOKEN = {"page.py", "words.py", "pictures.py"}  # what says numbers; charts may smooth, bin and place theirs
AVERAGES = {"mean", "average", "sum", "nansum", "nanmean", "median", "dot"}
SOLVERS = {"solve", "certify", "certified", "dispatch", "stability", "best_response", "optimum", "corners"}
SOLVERS |= {"fair_point", "play", "best_moves", "best_total_welfare", "stepped", "solved"}
DRAWS = {"views/kit/live.py"}  # a run that is watched begins there
FILES = sorted(ROOT.rglob("*.py"))


def imports(tree):
    """[(module, name)] of everything imported, now or when it is asked for, modules alone with name ""."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == LATER:
            yield node.args[0].value, ""
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def calls(tree):
    """Last names of everything called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", ""))


def faults(text, name):
    """What a file does that it should be handed."""
    tree = ast.parse(text)
    for module, what in imports(tree):
        says = SAYS in (module, f"{module}.{what}")
        if module.partition(".")[0] == "market" and not (says or what.isupper() or what in (*WORDS, LATER)):
            yield f"imports {what or module} of {module}"
        if module.startswith("scenarios") and what in ("draw", "build") and name not in DRAWS:
            yield f"imports {what}"
        if module.partition(".")[0] == "cvxpy" or module.startswith("scipy.optimize"):
            yield f"imports {module}"
    yield from (f"calls {what}" for what in calls(tree) if what in SOLVERS and name != "views/kit/live.py")
    if Path(name).name in SPOKEN:
        yield from (f"calls {what}" for what in averages(tree))


def averages(tree):
    """Sums and means of arrays that are taken."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in AVERAGES:
            yield node.func.attr


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])
def test_a_view_solves_nothing(file):
    name = file.relative_to(ROOT.parent).as_posix()
    assert list(faults(file.read_text(encoding="utf-8"), name)) == []


@pytest.mark.parametrize(
    "text",
    [
        "from market.bilateral.core import corners",
        "from market.aggregator import equilibrium",
        "import market.designs.planner",
        "from scenarios import draw",
        "from scenarios.loading import draw, load",
        "def f(run):\n    return run.game.dispatch(run.network)",
        "import cvxpy as cp",
        'equilibrium = later("market.aggregator.equilibrium")',
        "from market.measures import gini, jain",
        "from market.designs.accounts import sides",
        "def tiles(run):\n    return [run.model.outcome.s.mean()]",
        "def tiles(run):\n    return [np.sum(run.model.outcome.x)]",
    ],
)
def test_a_view_that_solves_is_noticed(text):
    assert list(faults(text, "views/some/page.py"))
