"""Runs through very many periods: what they may take is told, and refused, before they begin."""

import itertools
from functools import partial

import numpy as np
import pytest

from engine import TooLong, pace, run
from engine.sweeps import sweeping
from market.microgrid.network import Network, network_of
from run import main
from scenarios import draw, load

KEYS = ("public_incidence", "private_incidence", "public_island", "private_group", "reaches", "agents", "floor")


@pytest.fixture
def year(tmp_path):
    """A table of injections of 600 periods."""
    rows = np.round(np.random.default_rng(1).uniform(-2, 2, (600, 8)), 3)
    rows[:, 0] = 0.0
    path = tmp_path / "year.csv"
    np.savetxt(path, rows, delimiter=",", header=",".join(map(str, range(8))), comments="", fmt="%.3f")
    return f'injection="{path}"'


@pytest.fixture
def designs(tmp_path):
    """A file of designs over periods that are all alike."""
    path = tmp_path / "designs.toml"
    path.write_text(
        'market = "designs"\nperiods = { count = 2 }\ntariff = { buy = 0.3, sell = 0.08 }\n'
        "price = { p0 = 0.16, c = 0.001 }\nbase_power = 100\n"
        "network = { public = [[0, 1, 0.01, 0.1], [1, 2, 0.01, 0.1]] }\n"
        '[[class]]\nname = "homes"\ncount = 3\na = 0.1\nb = 0.6\ngeneration = [4, 0, 0]\n'
    )
    return str(path)


@pytest.mark.parametrize("how", [[], ["--direct"]])
def test_many_periods_are_refused_by_the_time_of_the_first(year, how, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 0.5)
    monkeypatch.setattr(pace, "PIECES_TIMED", 1)
    out = tmp_path / "out"
    assert main(["run", "eight_nodes_cooperative", "--set", year, *how, "--out", str(out)]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "600 periods" in said and "--yes" in said
    assert not out.exists()


def nothing(period):
    """No work at all."""


def test_few_periods_are_not_timed(monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    assert run("eight_nodes_day", direct=True).outcomes
    with pytest.raises(TooLong, match="may take about"):
        pace.check([pace.Paced("mine", pace.MANY_PERIODS, nothing)])
    pace.check([pace.Paced("mine", pace.MANY_PERIODS, nothing)], patient=True)


def test_a_minute_or_more_is_told(capsys, monkeypatch):
    monkeypatch.setattr(pace, "TOLD_FROM", 0.0)
    pace.check([pace.Paced("mine", pace.MANY_PERIODS, nothing)])
    assert "mine: 500 periods" in capsys.readouterr().err


def test_runs_at_once_share_the_time_and_all_scenarios_add_up(monkeypatch):
    """600 periods of 1 s by a clock that only work moves: 10 minutes a run."""
    now = [0.0]
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])

    def work(period):
        now[0] += 1.0

    run_of = partial(pace.Paced, "mine", 600, work)
    pace.check([run_of(4)], at_once=4)
    pace.check([run_of(2)], at_once=4, most=600)
    for many, at_once in (([run_of(5)], 4), ([run_of(1), run_of(1)], 4)):
        with pytest.raises(TooLong, match=r"up to \d+ periods are played unasked"):
            pace.check(many, at_once=at_once)
    assert now[0] <= 7 * 4  # long periods are timed thrice, after one that is not timed


ONE_LONG_DAY = """
market = "aggregator"
periods = {{ count = 24 }}
price = {{ rule = "affine", p0 = 0.2, c = 0.02 }}
[[group]]
name = "homes"
kind = "aggregator"
users = 7
utility = {{ a = {{ uniform = [0.3, 0.6] }}, b = 1 }}
battery = {{ share = 0.5, capacity = 8, power = 4 }}
fairness = {{ alpha = {alpha} }}
[[group]]
name = "works"
kind = "large"
utility = {{ a = 0.05, b = 1 }}
"""


@pytest.mark.parametrize("how", [[], ["--direct"]])
@pytest.mark.parametrize("alpha", [0, 1])
def test_one_day_of_very_many_periods_is_told_by_a_pair_of_its_homes(how, alpha, tmp_path, capsys, monkeypatch):
    for name, value in (("PATIENCE", 0.01), ("PIECES_TIMED", 1), ("MANY_PERIODS", 24)):
        monkeypatch.setattr(pace, name, value)
    path = tmp_path / "long.toml"
    path.write_text(ONE_LONG_DAY.format(alpha=alpha))
    assert main(["run", str(path), *how, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "4 pairs of homes of" in said and "--yes" in said
    assert not (tmp_path / "out").exists()


def test_pairs_are_all_homes_once_and_an_aggregators_decide_together(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(ONE_LONG_DAY.format(alpha=1))
    game = draw(load(path), 0).game
    pairs = [game.pair(k).days[0] for k in range(game.pairs)]
    a = [day.blocks[0].parts["consumption"].a for day in pairs]
    assert [len(some) for some in a] == [2, 2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(a), game.days[0].blocks[0].parts["consumption"].a)
    assert [day.blocks[0].players for day in pairs] == [1] * 4
    assert [day.blocks[1].users for day in pairs] == [1] * 4  # a group of fewer stands beside every pair


@pytest.mark.share
@pytest.mark.parametrize("how", [[], ["--direct"]])
@pytest.mark.parametrize(
    ("market", "command"),
    [*itertools.product(["microgrid", "bilateral", "days"], ["run", "compare", "sweep"]), ("designs", "compare")],
)
def test_every_command_asks_before_it_goes_through_very_many_periods(
    market, command, how, year, designs, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(pace, "PATIENCE", 0.1)
    monkeypatch.setattr(pace, "PIECES_TIMED", 1)
    monkeypatch.setattr(pace, "MANY_PERIODS", 12)
    monkeypatch.setattr(sweeping, "LONGEST_UNASKED", 0.1)
    name, many = {
        "microgrid": ("eight_nodes_none", year),
        "bilateral": ("p2p_few_sellers", "periods=600"),
        "days": ("storage_duopoly", "periods.days=600"),
        "designs": (designs, "periods.count=12"),
    }[market]
    arguments = {
        "run": [name, "--set", many],
        "compare": [name, "--set", many, "--replications", "2", "--workers", "1"],
        "sweep": [name, "--set", many, "--vary", "seed=1,2", "--workers", "1"],
    }[command]
    out = tmp_path / "out"
    assert main([command, *arguments, *how, "--out", str(out)]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "--yes" in said
    assert {"days": "600 days", "designs": "12 periods"}.get(market, "600 periods") in said
    assert all(path.read_text().count("\n") <= 1 for path in out.glob("**/*.csv"))  # a header at most


def test_a_network_at_another_time_is_the_one_made_anew():
    lines = {
        "public": [[0, 1, 0.1, 0.1], [2, 3, 0.1, 0.2]],
        "private": [[1, 2, 0.2], [3, 4, 0.1]],
        "cost": [0, 1, 2, 3, 4],
    }
    first, later = network_of([5, 1, -1, 2, -2], **lines), [-3.0, 0.5, 0.0, -4.0, 1.0]
    changed, fresh = first.with_injection(np.array(later)), network_of(later, **lines)
    for key in (*KEYS, "injection", "own", "power", "endowments", "cost", "slack"):
        one, other = getattr(changed, key), getattr(fresh, key)
        assert np.array_equal(*(x.toarray() if hasattr(x, "toarray") else x for x in (one, other))), key
    assert isinstance(changed, Network) and first.power == 2 and first.own == 5
