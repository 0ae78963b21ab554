"""Memory is estimated before anything starts: near what runs take, beside what there is."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from engine import TooLarge, compare, limits, run, sweep
from engine.results import results_of
from engine.sweeps.points import product
from scenarios import load

ROOT = Path(__file__).parents[2]
PEAK = """
import json, sys
from pathlib import Path
from engine import run
from engine.results import results_of
from scenarios import load

def highest():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

scenario = load(sys.argv[1])
run(load(sys.argv[1], set=sys.argv[2:3]))  # libraries are loaded
before = highest()
run(scenario, patient=True)
print(json.dumps([highest() - before, sum(results_of(scenario.market).memory(scenario).values())]))
"""

STREET = """
market = "aggregator"
price = { rule = "linear", c = 0.00001 }
order = "together"
damping = 0.001
rounds = 2
[[group]]
name = "homes"
kind = "direct"
users = 100000
utility = { form = "quadratic", a = { uniform = [0.1, 0.9] }, b = { uniform = [0, 10] } }
"""
GRID = f"""
market = "microgrid"
network = {{ injection = {[0] + [1, -1] * 700}, public = {[[k // 2, k, 0.01, 0.1] for k in range(1, 1401)]} }}
private = {{ density = "1/n" }}
"""
NEIGHBOURS = """
market = "bilateral"
negotiation = { rule = "corner" }
rounds = 100
buyers = { count = 700, demand = { uniform = [1, 5] }, value = { uniform = [0.15, 0.25] } }
sellers = { count = 700, supply = { uniform = [1, 5] }, ask = { uniform = [0.05, 0.15] } }
preference = { uniform = [-0.03, 0.03] }
"""
LARGE = {
    "aggregator": (STREET, "group.0.users=20"),
    "microgrid": (GRID, "network={ injection = [0, 1, -1], public = [[0, 1, 0.01, 0.1], [1, 2, 0.01, 0.1]] }"),
    "bilateral": (NEIGHBOURS, "buyers.count=5"),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from /proc")
@pytest.mark.parametrize("market", LARGE)
def test_the_estimate_is_within_a_factor_of_two_of_what_a_run_takes(market, tmp_path):
    text, small = LARGE[market]
    path = tmp_path / "large.toml"
    path.write_text(text)
    words = [sys.executable, "-c", PEAK, str(path), small]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    out = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment, check=True).stdout
    peak, estimate = json.loads(out)
    assert peak / 2 < estimate < 2 * peak, (peak, estimate)


@pytest.mark.parametrize("key", ["group.0.users", "rounds"])
def test_more_users_and_more_rounds_need_more(key):
    need = [
        sum(results_of("aggregator").memory(load("two_aggregators", set=[f"{key}={value}"])).values())
        for value in (200, 400)
    ]
    assert need[0] < need[1]


def test_density_nodes_sides_and_rules_need_more():
    def of(name, *changes):
        return sum(results_of(load(name).market).memory(load(name, set=changes)).values())

    assert of("ieee300_cooperative", "private.density=0") < of("ieee300_cooperative", "private.density=0.5")
    assert of("eight_nodes_cooperative") < of("ieee300_cooperative") < of("ieee300_day")
    assert of("p2p_single") < of("p2p_single", "sellers.count=500") < of("p2p_500")
    assert of("p2p_single") < of("p2p_single", "negotiation.rule=tight")
    assert of("p2p_single") < of("p2p_single", "periods=20")


def test_every_shipped_scenario_fits_into_two_gigabytes():
    from scenarios import names

    limits.check([load(name) for name in names()], room=2e9)


@pytest.mark.parametrize(
    ("name", "changes", "key"),
    [
        ("large_market", ["group.0.users=40000000"], "large_market: group.users"),
        ("two_aggregators", ["group.0.users=4000", "rounds=12000"], "two_aggregators: rounds"),
        ("p2p_1000", ["buyers.count=5000", "sellers.count=5000"], "p2p_1000: pairs of agents"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_drawn(name, changes, key, monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "available", lambda: 1_000_000_000)
    scenario = load(name, set=changes)
    for act in (
        lambda: run(scenario),
        lambda: compare([scenario, "small_alone" if scenario.market == "aggregator" else "p2p_single"]),
        lambda: sweep(scenario, product(["seed=1,2"]), out=tmp_path / "results"),
    ):
        with pytest.raises(TooLarge, match=r"GB of memory, and 1\.0 GB are free; take less, or --yes") as caught:
            act()
        assert str(caught.value).startswith(f"{key}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_point_of_a_sweep_that_does_not_fit_is_refused_before_the_first_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "available", lambda: 2_000_000_000)
    with pytest.raises(TooLarge, match=r"group\.users"):
        sweep("small_alone", product(["group.0.users=10,20,40000000"]), out=tmp_path / "results")
    assert list(tmp_path.iterdir()) == []


def test_patience_goes_on(monkeypatch):
    monkeypatch.setattr(limits, "available", lambda: 1)
    with pytest.raises(TooLarge):
        run("small_alone")
    assert run("small_alone", patient=True).status == "settled"
    assert len(compare(["small_alone"], replications=2, patient=True).runs) == 2


def test_many_at_once_need_many_times_as_much(monkeypatch):
    scenario = load("p2p_1000")
    need = sum(results_of("bilateral").memory(scenario).values())
    limits.check([scenario], room=need)
    with pytest.raises(TooLarge):
        limits.check([scenario], workers=2, room=2 * need - 1)


def test_a_million_million_replications_are_refused(monkeypatch):
    with pytest.raises(TooLarge, match="replications: "):
        compare(["small_alone"], replications=10**12)


def test_the_limit_of_the_process_counts():
    """Run apart: a process that may take no more than 300 MB beside what it has knows."""
    code = (
        "import os, resource; from engine import limits; from pathlib import Path;"
        "now = int(Path('/proc/self/statm').read_text().split()[0]) * os.sysconf('SC_PAGE_SIZE');"
        "resource.setrlimit(resource.RLIMIT_AS, (now + 300_000_000, -1)); print(limits.available())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert 200_000_000 < int(found.stdout) <= 300_000_000
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize(("limit", "left"), [("1000000", 350_000), ("max", None), ("nonsense", None)])
def test_the_limit_of_a_control_group_counts_what_could_be_given_back(tmp_path, limit, left):
    for name, text in (
        ("memory.max", limit),
        ("memory.current", "700000"),
        ("memory.stat", "anon 1\ninactive_file 50000"),
    ):
        (tmp_path / name).write_text(f"{text}\n")
    assert limits.left(tmp_path, "memory.max", "memory.current", "inactive_file") == left


def test_where_nothing_is_told_nothing_is_checked(monkeypatch):
    for name in ("of_machine", "of_group", "of_process"):
        monkeypatch.setattr(limits, name, lambda: None)
    assert limits.available() is None
    assert run("small_alone", set=["rounds=1"]).rounds == 1
