"""A rule of any kind is one file and one entry of a dict: commands then know its name, its keys and their limits."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import run
from market.bilateral.negotiation import RULES
from market.conduct import CONDUCTS
from market.fairness import OBJECTIVES
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.payments import PAYMENTS
from market.prices import PRICES
from market.tariffs import TARIFFS
from market.utilities import UTILITIES
from papers import REPRODUCTIONS
from scenarios import load, schema_table
from scenarios.loading import keys_of
from views import drawing
from views.kit.parameters import changed, parameters
from views.plots import PLOTS

PRICE = '''
from dataclasses import dataclass
import numpy as np
from market.parameters import ParameterError, parameter
from market.prices import PriceRule

@dataclass(frozen=True)
class RULE(PriceRule):
    """Price p0 + c log(1 + Y/k)."""

    c: float = parameter(unit="money/energy", range="(0, inf)", meaning="rise by a factor of e", example=1.0)
    knee: float = parameter(unit="energy", range="(0, inf)", meaning="where the rise slackens", example=10.0)

    p0: float = parameter(unit="money/energy", range="[0, inf)", default=0.0, meaning="price at no purchase")

    @staticmethod
    def check_keys(keys):
        if keys["c"] > 100 * keys["knee"]:
            raise ParameterError("c", f"got {keys['c']:g}", "at most a hundred knees is possible")

    def value(self, total):
        return self.p0 + self.c * np.log1p(np.asarray(total) / self.knee)

    def left_slope(self, total):
        return self.c / (self.knee + np.asarray(total, dtype=float))

    def curvature(self, total):
        return -self.c / (self.knee + np.asarray(total, dtype=float)) ** 2

    def supply(self, price):
        return self.knee * np.expm1(np.minimum(np.maximum(np.asarray(price) - self.p0, 0.0) / self.c, 700.0))

    def cost(self, total):
        whole = self.knee + total
        return self.p0 * total + self.c * (whole * np.log1p(total / self.knee) - total)
'''
UTILITY = '''
from dataclasses import dataclass
import numpy as np
from market.parameters import parameter
from market.utilities import Utility

@dataclass(frozen=True)
class RULE(Utility):
    """b x - 2/3 a x^(3/2)."""

    b: np.ndarray = parameter(type="numbers", unit="money/energy", range="[0, inf)", meaning="worth", example=1.0)
    bend: np.ndarray = parameter(type="numbers", range="(0, inf)", meaning="fall beside the root", example=1.0)

    @property
    def reservation(self):
        return self.b

    def value(self, x):
        return self.b * x - 2 / 3 * self.bend * x**1.5

    def marginal(self, x):
        return self.b - self.bend * np.sqrt(x)

    def demand(self, price):
        return (np.maximum(self.b - price, 0.0) / self.bend) ** 2

    def demand_slope(self, price):
        return 2 * np.maximum(self.b - price, 0.0) / self.bend**2

    def meets(self, level, slope):
        rest = np.maximum(self.b - level, 0.0)
        return (2 * rest / (self.bend + np.sqrt(self.bend**2 + 4 * slope * rest))) ** 2
'''
OBJECTIVE = '''
from dataclasses import dataclass
import numpy as np
from market.fairness import Objective
from market.fairness.one_player import OnePlayer
from market.parameters import parameter

@dataclass(frozen=True)
class RULE(Objective):
    """-Σ exp(-s/enough)."""

    enough: float = parameter(unit="money", range="(0, 100]", meaning="surplus beyond which more matters little")

    def respond(self, utility, price, z, roof=None):
        low = z + np.zeros_like(utility.reservation)
        high = z + utility.best_surplus(price) / self.enough
        for _ in range(45):
            middle = (low + high) / 2
            x = utility.demand(price + np.exp(middle))
            less = middle - utility.surplus(price, x) / self.enough < z
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        margin = np.exp(high)
        x, bend = utility.demand(price + margin), utility.demand_slope(price + margin)
        share = 1 / (1 + margin**2 * bend / self.enough)
        return x, margin, bend, share, -share * margin * (margin * bend + x) / self.enough

    def first_guess(self, utility, price, slope, by_player):
        return np.log(slope * by_player(np.add, utility.demand(price)))

    def multiplier(self, utility, price, x, roof=None):
        return np.log(np.maximum(utility.marginal(x) - price, 1e-300)) - utility.surplus(price, x) / self.enough

    def value(self, surplus, counted, players):
        return -players.by_player(np.add, np.exp(-surplus / self.enough))

    def gain(self, new, old, served, players=None):
        group = players or OnePlayer
        rise = self.value(new, served, group) - self.value(old, served, group)
        return rise if players else rise[..., 0]

    def log_scale(self, surplus, served):
        return np.log(self.enough)

    def regret(self, new, old, counted, served, worth, players):
        return self.gain(new, old, served, players) / -self.value(old, served, players)
'''
BEHAVIOUR = '''
from dataclasses import dataclass
from market.microgrid.behaviours import Behaviour, Cooperative
from market.microgrid.dispatch import served_publicly
from market.parameters import parameter

@dataclass(frozen=True)
class RULE(Behaviour):
    """A share of what cooperation would send."""

    share: float = parameter(range="[0, 1]", meaning="of the cooperative flows")
    optimal = False

    def _some(self, network, grid, tariff, losses):
        g = Cooperative().dispatch(network, grid, tariff, losses).g
        return served_publicly(network, grid, tariff, self.share * g, losses == "lossy", gap=0.0)

    def priced(self, network, grid, tariff):
        return self._some(network, grid, tariff, "priced")

    def lossy(self, network, grid, tariff):
        return self._some(network, grid, tariff, "lossy")
'''
NEGOTIATION = '''
from dataclasses import dataclass, replace
from market.bilateral.negotiation import Bilateral
from market.parameters import parameter

@dataclass(frozen=True, kw_only=True)
class RULE(Bilateral):
    """Bilateral, but nobody meets in most rounds."""

    every: int = parameter(type="whole", unit="rounds", range="[1, 9]", meaning="between two that count")

    def round(self, state, rng=None):
        return replace(state, round=state.round + 1) if state.round % self.every else super().round(state, rng)
'''
CONDUCT = '''
from dataclasses import dataclass
from market.conduct import Conduct
from market.parameters import parameter

@dataclass(frozen=True)
class RULE(Conduct):
    """A share of the way to the best response."""

    share: float = parameter(range="[0, 1]", meaning="of the way that it goes")
    knows = "its payoff function"

    def begin(self, start):
        state = {}
        self.learn(state, start.faced)
        return state

    def decide(self, state, dice):
        return state["next"]

    def learn(self, state, faced):
        state["next"] = faced.own + self.share * (faced.best(faced.seen) - faced.own)
'''
PAYMENT = '''
from dataclasses import dataclass, replace
from market.microgrid.payments import tariff_payments
from market.parameters import parameter

@dataclass(frozen=True)
class RULE:
    """The tariff and a levy on every node but the main grid's."""

    levy: float = parameter(unit="money", range="[0, inf)", meaning="what each pays besides")

    def __call__(self, network, grid, tariff, dispatch):
        paid = tariff_payments(network, grid, tariff, dispatch)
        agents = paid.agents.copy()
        agents[network.agents] -= self.levy
        return replace(paid, agents=agents, grid=paid.grid + paid.agents.sum() - agents.sum())
'''
TARIFF = '''
from dataclasses import dataclass
from market.parameters import parameter
from market.tariffs import TariffRule, Terms

@dataclass(frozen=True)
class RULE(TariffRule):
    """A levy on each unit, and a stamp."""

    levy: float = parameter(unit="money/energy", range="[0, 9]", meaning="on each unit bought", example=0.5)
    stamp: float = parameter(unit="money/user", range="[0, 9]", default=0.0, meaning="of each user")

    def terms(self, periods):
        return Terms(self.stamp, Terms().per_unit.repeat(periods) + self.levy)
'''
PLOT = """
from views.plots.asked import drawn_of
from views.style import new_figure

@drawn_of("WHAT", "aggregator")
def RULE(shown):
    figure, axes = new_figure()
    axes.plot([0, 1])
    return figure
"""
STREET = """
market = "aggregator"
price = { %s }
[[group]]
name = "homes"
kind = "aggregator"
users = 6
utility = { %s }
%s
[[group]]
name = "shop"
kind = "large"
utility = { form = "quadratic", a = 1, b = 8 }
"""
LINEAR, QUADRATIC = 'rule = "linear", c = 0.5', 'form = "quadratic", a = 1, b = { uniform = [4, 9] }'
GRID = 'market = "microgrid"\nnetwork = { case = "eight_nodes" }\n'
DEAL = 'market = "bilateral"\nbuyers = { count = 3, demand = 1, value = { uniform = [2, 3] } }\n'
DEAL += "sellers = { count = 3, supply = 1, ask = { uniform = [1, 2] } }\n"
SPREAD = "bend = { uniform = [1, 2] }"
KINDS = {  # source, registry, file, the same with a usual rule, a key, what is said of it, a wrong value
    "price": (
        PRICE,
        PRICES,
        STREET % ('rule = "new", c = 1, knee = 10', QUADRATIC, ""),
        STREET % (LINEAR, QUADRATIC, ""),
        "price.knee",
        "where the rise slackens",
        "0",
    ),
    "utility": (
        UTILITY,
        UTILITIES,
        STREET % (LINEAR, f'form = "new", b = 6, {SPREAD}', ""),
        STREET % (LINEAR, QUADRATIC, ""),
        "group.0.utility.bend",
        "fall beside the root",
        "-1",
    ),
    "objective": (
        OBJECTIVE,
        OBJECTIVES,
        STREET % (LINEAR, QUADRATIC, 'fairness = { objective = "new", enough = 3 }'),
        STREET % (LINEAR, QUADRATIC, "fairness = { alpha = 1 }"),
        "group.0.fairness.enough",
        "surplus beyond which more matters little",
        "101",
    ),
    "conduct": (
        CONDUCT,
        CONDUCTS,
        STREET % (LINEAR, QUADRATIC, 'conduct = { rule = "new", share = 0.5 }'),
        STREET % (LINEAR, QUADRATIC, 'conduct = { rule = "gradient" }'),
        "group.0.conduct.share",
        "of the way that it goes",
        "2",
    ),
    "tariff": (
        TARIFF,
        TARIFFS,
        'tariffs = [{ rule = "new", levy = 0.5 }]' + STREET % (LINEAR, QUADRATIC, ""),
        'tariffs = [{ rule = "tax", per_unit = 0.1 }]' + STREET % (LINEAR, QUADRATIC, ""),
        "tariffs.0.levy",
        "on each unit bought",
        "10",
    ),
    "behaviour": (
        BEHAVIOUR,
        BEHAVIOURS,
        GRID + 'behaviour = "new"\nshare = 0.5\n',
        GRID,
        "share",
        "of the cooperative flows",
        "2",
    ),
    "negotiation": (
        NEGOTIATION,
        RULES,
        DEAL + 'negotiation = { rule = "new", every = 3 }\n',
        DEAL,
        "negotiation.every",
        "between two that count",
        "0",
    ),
    "payment": (
        PAYMENT,
        PAYMENTS,
        GRID + 'payments = "new"\nlevy = 0.25\n',
        GRID + 'payments = "tariff"\n',
        "levy",
        "what each pays besides",
        "-1",
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def register(monkeypatch, tmp_path):
    """A function that writes a rule's file, and names the rule in a registry."""
    monkeypatch.chdir(tmp_path)

    def register(source, registry, name="new"):
        path = tmp_path / f"{name}_rule.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        monkeypatch.setitem(registry, name, module.RULE)
        return module.RULE

    return register


@pytest.fixture
def answer(capsys):
    """A function that plays a command and returns its exit code and both texts."""

    def answer(*words):
        code = run.main([str(word) for word in words])
        return code, *capsys.readouterr()

    return answer


def files(kind):
    _, _, new, usual, *_ = KINDS[kind]
    Path("mine.toml").write_text(new)
    Path("usual.toml").write_text(usual)


@every_kind
def test_the_commands_play_and_compare_a_new_rule(kind, register, answer):
    register(*KINDS[kind][:2])
    files(kind)
    code, shown, _ = answer("show", "mine.toml")
    assert code == 0 and '"new"' in shown
    assert any(KINDS[kind][4] in line and KINDS[kind][5] in line for line in shown.splitlines())
    mine, usual = (json.loads(answer("run", name, "--no-plots", "--json")[1]) for name in ("mine.toml", "usual.toml"))
    assert mine["status"] in ("settled", "solved", "learned") and mine["gap"] < 1e-2
    differing = [key for key in mine if mine[key] != usual[key] and key not in ("scenario", "folder")]
    assert differing, "the rule changes nothing"
    words = ("--replications", 2, "--workers", 1, "--no-plots", "--json")
    compared = json.loads(answer("compare", "mine.toml", "usual.toml", *words)[1])
    assert set(compared["differences_to_first"]) == {"usual"}


@every_kind
def test_what_a_new_rule_says_of_its_keys_is_what_files_are_held_to(kind, register, answer):
    register(*KINDS[kind][:2])
    files(kind)
    key, wrong = KINDS[kind][4], KINDS[kind][6]
    code, out, said = answer("run", "mine.toml", "--set", f"{key}={wrong}")
    assert (code, out) == (2, "") and key.rpartition(".")[2] in said and said.count("\n") == 1
    code, _, said = answer("run", "usual.toml", "--set", f"{key}=1")
    assert code == 2 and "does not belong to" in said and "only to" in said and "new" in said


@every_kind
def test_a_new_rule_has_its_row_in_the_docs_and_its_control_on_the_page(kind, register):
    register(*KINDS[kind][:2])
    files(kind)
    scenario, key = load("mine.toml"), KINDS[kind][4]
    (shown,) = [one for one in parameters(scenario) if one.dotted == key]
    assert KINDS[kind][5] in shown.help
    assert shown.key.allowed in shown.help
    assert KINDS[kind][5] in schema_table(scenario.market)


@every_kind
def test_a_rule_that_is_gone_is_known_no_more(kind, register, monkeypatch, answer):
    source, registry, *_ = KINDS[kind]
    files_of = dict(registry)
    register(source, registry)
    files(kind)
    market = load("mine.toml").market
    assert any("new" in key.range for key in keys_of(market) if key.type == "choice")
    monkeypatch.undo()
    assert dict(registry) == files_of
    assert not any("new" in key.range for key in keys_of(market) if key.type == "choice")


def test_a_rule_says_which_of_its_keys_do_not_go_together(register, answer):
    register(PRICE, PRICES)
    files("price")
    code, _, said = answer("run", "mine.toml", "--set", "price.c=5000")
    assert code == 2 and "price.c: got 5000; at most a hundred knees is possible" in said


def test_a_choice_of_a_new_rule_on_the_page_takes_its_examples_along(register):
    register(PRICE, PRICES)
    files("price")
    scenario = changed(load("usual.toml"), ("price", "rule"), "new")
    assert scenario.table["price"] == {"rule": "new", "p0": 0.0, "c": 0.5, "knee": 10.0}


def test_a_key_that_means_something_else_already_is_refused(register):
    register(BEHAVIOUR.replace("share", "rounds"), BEHAVIOURS)
    with pytest.raises(ValueError, match="behaviour has a key 'rounds', which stands for something else already"):
        keys_of("microgrid")


@pytest.mark.parametrize("what", ["run", "comparison"])
def test_a_new_plot_is_drawn_beside_the_others(what, register, answer, monkeypatch):
    monkeypatch.setattr(drawing, "save", lambda figure, path, dpi: path.touch() or path)  # which are drawn is asked
    register(PLOT.replace("WHAT", what), PLOTS, "new plot")
    files("price")
    Path("mine.toml").write_text(STREET % (LINEAR, QUADRATIC, ""))
    assert answer("run", "mine.toml", "--out", "one")[0] == 0
    assert answer("compare", "mine.toml", "usual.toml", "--replications", 2, "--workers", 1, "--out", "two")[0] == 0
    drawn = {folder for folder in ("one", "two") if list(Path(folder).rglob("new_plot.png"))}
    assert drawn == {"one" if what == "run" else "two"}


def test_a_market_s_pictures_are_chosen_from_the_registry(register, answer):
    drawn = []
    plot = register(PLOT.replace("WHAT", "nothing"), PLOTS, "purchases")
    PLOTS["purchases"] = lambda result: drawn.append(result) or plot(result)
    Path("mine.toml").write_text(STREET % (LINEAR, QUADRATIC, ""))
    assert answer("run", "mine.toml")[0] == 0 and len(drawn) == 1


@pytest.mark.parametrize(("named", "usual"), [("alpha-fair", "alpha = 2"), ("max-min", "alpha = inf")])
def test_a_shipped_objective_can_be_named_too(named, usual, answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = 'objective = "max-min"' if named == "max-min" else f'objective = "alpha-fair", {usual}'
    found = []
    for fairness in (said, usual):
        Path("mine.toml").write_text(STREET % (LINEAR, QUADRATIC, f"fairness = {{ {fairness} }}"))
        found.append(json.loads(answer("run", "mine.toml", "--no-plots", "--json")[1]))
    assert found[0] == found[1]
    Path("mine.toml").write_text(STREET % (LINEAR, QUADRATIC, 'fairness = { objective = "max-min", alpha = 1 }'))
    code, _, error = answer("run", "mine.toml")
    assert code == 2 and "alpha: does not belong to objective = 'max-min'; only to objective = alpha-fair" in error


def test_a_day_names_the_objectives_it_knows(register, answer):
    register(OBJECTIVE, OBJECTIVES)
    files("objective")
    code, _, error = answer("run", "mine.toml", "--set", "periods.count=2")
    assert code == 2 and "fairness.objective: got 'new'; alpha-fair or max-min is needed" in error


FIGURE = """
from papers.claims import judge
from papers.figure import Reproduction

def write(study, folder):
    (folder / "mine.csv").write_text("a,b")
    return [judge("new", "a claim of mine", True, {})]

RULE = Reproduction("A figure of mine", write)
"""


def test_a_new_figure_is_made_and_its_claims_are_told(register, answer):
    register(FIGURE, REPRODUCTIONS)
    code, told, _ = answer("reproduce", "new", "--out", "made")
    assert code == 0 and "pass  new  a claim of mine" in told
    assert Path("made/reproduce/new/mine.csv").is_file()
    assert "nearest known name: new" in answer("reproduce", "nww")[2]


PLUGIN = """
import importlib
import pytest

def pytest_configure(config):
    for rule, where, registry in {rules!r}:
        found = getattr(importlib.import_module(where), registry)
        found["newcomer"] = getattr(importlib.import_module(rule), "RULE")

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    print(*(item.path.stem for item in items if "newcomer" in item.name))
"""
HELD = {"price": "price", "utility": "utility", "behaviour": "microgrid", "payment": "microgrid"}
HELD |= {"negotiation": "negotiation", "objective": "objective", "conduct": "conduct"}
REGISTERED = {
    "price": ("market.prices", "PRICES"),
    "utility": ("market.utilities", "UTILITIES"),
    "objective": ("market.fairness", "OBJECTIVES"),
    "conduct": ("market.conduct", "CONDUCTS"),
    "behaviour": ("market.microgrid.behaviours", "BEHAVIOURS"),
    "payment": ("market.microgrid.payments", "PAYMENTS"),
    "negotiation": ("market.bilateral.negotiation", "RULES"),
}
ROOT = Path(run.__file__).parent


def test_a_new_rule_is_held_to_the_contract_of_its_kind(tmp_path):
    """Registered by one dict entry and nothing else, in a process of its own; the quick half of a contract is run."""
    rules = []
    for kind, (where, registry) in REGISTERED.items():
        (tmp_path / f"new_{kind}.py").write_text(KINDS[kind][0], encoding="utf-8")
        rules.append((f"new_{kind}", where, registry))
    (tmp_path / "newcomers.py").write_text(PLUGIN.format(rules=rules), encoding="utf-8")
    files = sorted({str(Path(__file__).parent / f"test_{contract}_contract.py") for contract in HELD.values()})
    quick = "newcomer and (falls or slope or inverts or same_bits or who_learns or never or little_more)"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-q",
        "-p",
        "newcomers",
        "-p",
        "no:cacheprovider",
        "-k",
        quick,
    ]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    known = {"capture_output": True, "text": True, "cwd": ROOT, "env": environment, "timeout": 300, "check": False}
    ran = subprocess.run([*command, *files], **known)
    for contract in HELD.values():
        assert len(re.findall(rf"\btest_{contract}_contract\b", ran.stdout)) >= 5, ran.stdout
    assert ran.returncode == 0 and "[100%]" in ran.stdout, ran.stdout
