"""The microgrid's benchmark compares like with like; its copies add up, its rows judge by their numbers."""

import numpy as np
import pytest

from benchmarks import microgrid
from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.programmes import solved
from scenarios.microgrid.cases import network_of_case


@pytest.fixture(scope="module")
def case():
    return network_of_case("ieee300")


@pytest.mark.parametrize("name", microgrid.OPTIMISING)
@pytest.mark.parametrize("density", [microgrid.FEW, "log(n)/n"])
def test_the_general_solver_finds_the_same_least_loss(case, name, density):
    network = microgrid.wired(case, density)
    grid = build_grid(network)
    problem = microgrid.programme(network, grid if name == "cooperative" else None, network.injection)
    assert solved(problem)
    outcome = BEHAVIOURS[name]().dispatch(network, grid, microgrid.TARIFF)
    assert outcome.loss == pytest.approx(problem.value, rel=1e-4 if name == "integrated" else 1e-6)


def test_copies_lose_what_one_does_and_what_the_ties_do(case):
    network = microgrid.tiled(case, 3)
    losses = [BEHAVIOURS["none"]().dispatch(one, build_grid(one), microgrid.TARIFF).loss for one in (case, network)]
    tie, _ = microgrid.TIE
    assert network.nodes == 900
    assert losses[1] == pytest.approx(3 * losses[0] + 2 * tie * np.sum(case.injection) ** 2, rel=1e-9)


def test_rows_say_whether_their_targets_are_reached():
    rows = microgrid.rows(quick=True)
    assert len(rows) == 19
    assert all(np.isfinite(row.ratio) for row in rows)
    assert all(row.ratio > 0 for row in rows if "slope" not in row.measurement)
    with_target = [row for row in rows if row.target != "–"]
    assert len(with_target) == 12
    for row in with_target:
        sign, goal = row.target.split(" ")
        assert row.reached == (row.ratio >= float(goal) if sign == "≥" else row.ratio <= float(goal))
    assert all(row.reached is None for row in rows if row.target == "–")


def test_every_call_gets_a_network_of_its_own(case, monkeypatch):
    seen = []

    class Watched:
        def dispatch(self, network, grid, tariff, losses):
            seen.append((id(network), "reaches" in vars(network), losses))

    monkeypatch.setitem(microgrid.BEHAVIOURS, "watched", Watched)
    microgrid.seconds_of("watched", case, None, "lossy", 3)
    assert len({number for number, _, _ in seen}) == 3
    assert all(losses == "lossy" and not remembered for _, remembered, losses in seen)
