"""The networks the tests share, as fixtures: the poster's eight nodes, IEEE 300, the small cases."""

import csv
from pathlib import Path

import numpy as np
import pytest

from market.grid.power_flow import build_grid
from market.microgrid.network import network_of
from market.microgrid.random_lines import random_private

DATA = Path(__file__).parents[3] / "scenarios" / "data"
PUBLIC = [
    (0, 6, 0.010, 0.05),
    (6, 3, 0.061, 0.10),
    (6, 7, 0.010, 0.05),
    (5, 7, 0.0256, 0.10),
    (1, 4, 0.0174, 0.505),
    (0, 4, 0.0113, 0.200),
    (1, 0, 0.050, 0.214),
    (6, 2, 0.100, 0.20),
]
PRIVATE = [(1, 2, 0.025, 1), (2, 3, 0.025, 1), (5, 4, 0.100, 4)]


@pytest.fixture(scope="session")
def eight():
    return network_of([0, 3, -1, -1, -1, 1, 0, -2], PUBLIC, PRIVATE)


@pytest.fixture(scope="session")
def eight_grid(eight):
    return build_grid(eight)


@pytest.fixture(scope="session")
def ieee300():
    buses, branches = (_rows(DATA / f"ieee300_{name}.csv") for name in ("bus", "branch"))
    slack = next(number for number, row in enumerate(buses) if row["slack"] == "1")
    lines = [[int(row["i"]), int(row["j"]), float(row["r"]), float(row["x"])] for row in branches]
    return network_of([float(row["p_net"]) for row in buses], lines, slack=slack)


@pytest.fixture(scope="session")
def ieee300_grid(ieee300):
    return build_grid(ieee300)


@pytest.fixture(scope="session")
def wired():
    """A function: a network with random private lines of mean resistance 0.01 p.u."""

    def add(network, density, seed, side=1.0):
        rng = np.random.default_rng(seed)
        positions, lines = random_private(network.nodes, network.slack, density, rng, side, mean_resistance=0.01)
        return network.with_private(lines, positions)

    return add


@pytest.fixture(scope="session")
def cases():
    """The small acceptance cases, by number."""
    return {
        1: network_of([0, -1], [(0, 1, 0.1, 0.1)]),
        2: network_of([0, 1, -1], [(0, 1, 0.01, 0.01), (1, 2, 0.1, 0.1)], [(1, 2, 0.1)]),
        4: _trunk(1.0),
        "4 short": _trunk(0.2),
        5: network_of([0, 1, -1], [(0, 1, 0.01, 0.01), (1, 2, 0.1, 0.1)], [(1, 2, 0.0)]),
        8: network_of([0, 1, -1], [(0, 1, 0.1, 0.1)], [(1, 2, 0.1)]),
        "8 half": network_of([0, 0.5, -1], [(0, 1, 0.1, 0.1)], [(1, 2, 0.1)]),
        "8 alone": network_of([0, 1, -1], [(0, 1, 0.1, 0.1)]),
        "pair": network_of([0, 1, -1], [(0, 1, 0.1, 0.1), (0, 2, 0.1, 0.1)], [(1, 2, 0.1)]),
    }


@pytest.fixture(scope="session")
def random_network():
    """A function of a seed: a random connected network of up to a dozen nodes with private lines among the agents."""

    def draw(seed):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 12))
        slack = int(rng.integers(n))
        order = rng.permutation(n)
        ends = [(int(order[k]), int(order[rng.integers(k)])) for k in range(1, n)]
        ends += [tuple(int(v) for v in rng.choice(n, 2, replace=False)) for _ in range(rng.integers(0, n))]
        public = [(i, j, float(rng.uniform(0.001, 0.02)), float(rng.uniform(0.01, 0.1))) for i, j in ends]
        agents = np.delete(np.arange(n), slack)
        pairs = [(int(i), int(j)) for a, i in enumerate(agents) for j in agents[a + 1 :] if rng.random() < 0.5]
        private = [(i, j, float(rng.uniform(0.001, 0.05)), float(rng.uniform(0, 5))) for i, j in pairs]
        return network_of(rng.uniform(-1, 1, n), public, private, slack=slack)

    return draw


def _trunk(size):
    public = [(0, 2, 0.01, 0.01), (1, 2, 0.01, 0.01), (2, 3, size, size), (3, 4, 0.01, 0.01)]
    return network_of([0, 1, -1, 1, -1], public, [(1, 4, 0.05)])


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
