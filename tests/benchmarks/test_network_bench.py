"""The benchmark of grids measures what it says, on a grid that is solved."""

import numpy as np

from benchmarks import network
from market.grid.clearing import Operator
from market.outcome import Status


def test_rows_tell_a_clearing_and_a_curve():
    found = network.of_size(30, 1.0)
    assert [row.measurement.split(",")[0] for row in found] == ["clearing", "residual curve"]
    assert all(row.ratio > 0 and row.reached in (True, False) for row in found)


def test_its_grid_is_solved_with_full_lines():
    cleared = Operator(network.meshed(118)).clear()
    assert cleared.status == Status.SOLVED and np.any(cleared.multipliers != 0)
