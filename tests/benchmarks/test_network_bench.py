"""The benchmark of grids measures what it says, on a grid that is solved."""

import numpy as np

from benchmarks import network
from market.grid.clearing import Operator
from market.outcome import Status


def test_rows_tell_a_clearing_and_a_curve():
    found = network.of_size(30, 1.0)
    assert [row.measurement.split(",")[0] for row in found] == ["clearing", "residual curve"]
    assert all(row.ratio > 0 and row.reached in (True, False) for row in found)


def test_a_game_is_settled_and_certified_and_told_if_not(monkeypatch):
    game = network.aggregators(network.meshed(30), 4)
    row = network.of_game("game", game)
    assert "80 users" in row.measurement and "settled, gap" in row.against and row.reached
    monkeypatch.setattr(network, "MOST_ROUNDS", 1)
    row = network.of_game("game", game)
    assert "not settled" in row.against and row.reached is False


def test_its_grid_is_solved_with_full_lines():
    cleared = Operator(network.meshed(118)).clear()
    assert cleared.status == Status.SOLVED and np.any(cleared.multipliers != 0)
