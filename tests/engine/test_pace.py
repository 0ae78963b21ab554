"""Runs through very many periods: what they may take is told, and refused, before they begin."""

import numpy as np
import pytest

from engine import TooLong, pace, run
from market.microgrid.network import Network, network_of
from run import main

KEYS = ("public_incidence", "private_incidence", "public_island", "private_group", "reaches", "agents", "floor")


@pytest.fixture
def year(tmp_path):
    """A table of injections of 600 periods."""
    rows = np.round(np.random.default_rng(1).uniform(-2, 2, (600, 8)), 3)
    rows[:, 0] = 0.0
    path = tmp_path / "year.csv"
    np.savetxt(path, rows, delimiter=",", header=",".join(map(str, range(8))), comments="", fmt="%.3f")
    return f'injection="{path}"'


@pytest.mark.parametrize("how", [[], ["--direct"]])
def test_many_periods_are_refused_by_the_time_of_the_first(year, how, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 0.5)
    monkeypatch.setattr(pace, "TIMED", 1)
    out = tmp_path / "out"
    assert main(["run", "eight_nodes_cooperative", "--set", year, *how, "--out", str(out)]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "600 periods" in said and "--yes" in said
    assert not out.exists()


def test_few_periods_are_not_timed(monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    assert run("eight_nodes_day", direct=True).outcomes
    with pytest.raises(TooLong, match="may take about"):
        pace.check("mine", pace.MANY, lambda period: None)
    pace.check("mine", pace.MANY, lambda period: None, patient=True)


def test_a_minute_or_more_is_told(capsys, monkeypatch):
    monkeypatch.setattr(pace, "TOLD", 0.0)
    pace.check("mine", pace.MANY, lambda period: None)
    assert "mine: 500 periods" in capsys.readouterr().err


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
