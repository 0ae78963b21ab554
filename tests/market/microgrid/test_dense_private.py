"""Many private lines: Newton's method alone finds what the programme does, and it is what the market uses."""

import numpy as np
import pytest

from market.grid.power_flow import build_grid
from market.microgrid import coalitions
from market.microgrid.behaviours import BEHAVIOURS, self_interested
from market.microgrid.coalitions import coalition_value, participation
from market.microgrid.tariff import Tariff

TARIFF = Tariff(2.0, 1.0, 1.5)


@pytest.fixture(scope="module")
def dense(ieee300, wired):
    return wired(ieee300, 0.05, 3)


@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_newton_alone_finds_what_the_programme_does(dense, ieee300_grid, losses, monkeypatch):
    assert len(dense.private) > self_interested.MANY_LINES
    rule = BEHAVIOURS["self-interested"]()
    monkeypatch.setattr(self_interested, "_by_programme", None)  # not called
    here = rule.dispatch(dense, ieee300_grid, TARIFF, losses)
    monkeypatch.undo()
    monkeypatch.setattr(self_interested, "MANY_LINES", len(dense.private))
    there = rule.dispatch(dense, ieee300_grid, TARIFF, losses)
    for name in ("g", "f", "private_prices", "private_loss", "grid_supply"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), rtol=1e-9, atol=1e-9)
    assert here.accurate and max(here.gap, there.gap) < 1e-9 and here.relax_gap == 0


def test_who_would_leave_a_dense_network_is_found_without_a_programme(dense, ieee300_grid, monkeypatch):
    monkeypatch.setattr(coalitions, "private_market", None)  # not called
    left = participation(dense, TARIFF, np.zeros(dense.nodes))
    assert not left.holds
    members = np.isin(np.arange(dense.nodes), left.coalition)
    monkeypatch.undo()
    assert coalition_value(dense, TARIFF, members) == pytest.approx(left.gain, rel=1e-9)


def test_a_network_of_few_lines_falls_back_to_the_programme(ieee300, wired, monkeypatch):
    """Where Newton's method alone does not settle the market is the same as ever."""
    few = wired(ieee300, "1/n", 0)
    grid, rule = build_grid(few), BEHAVIOURS["self-interested"]()
    there = rule.dispatch(few, grid, TARIFF, "lossy")
    monkeypatch.setattr(self_interested, "MANY_LINES", 0)
    here = rule.dispatch(few, grid, TARIFF, "lossy")
    np.testing.assert_array_equal(here.g, there.g)
