"""What the documentation says of supporting payments: the eight nodes by hand, and random networks."""

import numpy as np
import pytest

from market.grid.power_flow import build_grid
from market.microgrid.coalitions import CORE_TOLERANCE, least_core
from market.microgrid.network import network_of
from market.microgrid.partitions import believed, partition_game
from market.microgrid.random_lines import random_private
from scenarios.microgrid.cases import network_of_case
from tests.shares import part_of

ALL = (1 << 7) - 1


@pytest.fixture(scope="module")
def game():
    network = network_of_case("eight_nodes")
    return partition_game(network, build_grid(network), price=1.0)


def coalition(*agents):
    """Bit mask of A1, A2 …"""
    return sum(1 << (agent - 1) for agent in agents)


def test_two_coalitions_believe_to_have_more_than_there_is_if_the_others_split_up(game):
    values = believed(game, "gamma")
    pair, rest = values[coalition(4, 5)], values[coalition(1, 2, 3, 6, 7)]
    assert (pair, rest, values[ALL]) == pytest.approx((0.033702, -1.178696, -1.180163), abs=1e-6)
    assert pair + rest > values[ALL]


def test_a_balanced_family_believes_to_have_more_even_if_the_others_stay_together(game):
    values = believed(game, "delta")
    family = [coalition(4, 5, 6), coalition(1, 2, 3, 4, 7), coalition(1, 2, 3, 5, 6, 7)]
    assert sum((mask >> agent & 1) for mask in family for agent in range(7)) == 2 * 7
    assert values[family].sum() / 2 == pytest.approx(-1.178228, abs=1e-6)
    assert values[family].sum() / 2 > values[ALL]


def test_the_core_is_often_empty_on_random_networks():
    rng = np.random.default_rng(0)
    empty, worst = {"gamma": 0, "delta": 0}, 0.0
    draws = part_of(300)
    for _ in range(draws):
        nodes = 7
        ends = [(i, (i + 1) % nodes) for i in range(nodes)] + [(0, 3)]
        public = [(i, j, rng.uniform(0.005, 0.1), rng.uniform(0.02, 0.3)) for i, j in ends]
        network = network_of(rng.uniform(-2, 2, nodes), public)
        positions, lines = random_private(nodes, 0, 0.5, rng, mean_resistance=0.03)
        network = network.with_private(lines, positions)
        played = partition_game(network, build_grid(network), price=1.0)
        for belief in empty:
            epsilon = least_core(believed(played, belief)).epsilon
            empty[belief] += epsilon > CORE_TOLERANCE
            worst = max(worst, epsilon)
    assert draws < 300 or empty == {"gamma": 211, "delta": 81}
    assert empty["gamma"] / draws == pytest.approx(211 / 300, abs=0.1)
    assert empty["delta"] / draws == pytest.approx(81 / 300, abs=0.1)
    assert worst == pytest.approx(0.0572, abs=1e-4) if draws == 300 else 0.02 < worst < 0.0573
