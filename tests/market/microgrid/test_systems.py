"""The linear systems behind priced losses: two ways to the same flows, against plain dense algebra."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.lines import RESISTANCE_FLOOR, incidence, sent
from market.grid.power_flow import build_grid
from market.grid.systems import laplacian, solve_in_place
from market.microgrid.behaviours import BEHAVIOURS, integrated
from market.microgrid.behaviours.cooperative import by_line
from market.microgrid.network import network_of
from market.microgrid.tariff import Tariff
from tests.market.microgrid.balance import balance_residual
from tests.shares import part_of

FEW = settings(max_examples=part_of(25), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


@FEW
@given(seed=SEEDS)
def test_both_systems_of_integration_agree(random_network, seed):
    network = random_network(seed)
    inverse = build_grid(network).resistive.inverse
    usable, islands = np.ones(len(network.private), dtype=bool), np.zeros((network.nodes, 0))
    ways = by_line, partial(integrated.by_node, np.array([network.slack]))
    found = [way(network, inverse, network.private.r, usable, islands) for way in ways]
    for first, second in zip(*found, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-10)


@pytest.mark.parametrize("density", ["1/n", "log(n)/n"])
def test_lines_without_resistance_are_in_balance_too(ieee300, ieee300_grid, wired, density):
    network = wired(ieee300, density, 2)
    assert np.count_nonzero(network.public.r == 0) == 64
    outcome = BEHAVIOURS["integrated"]().priced(network, ieee300_grid, Tariff())
    assert balance_residual(network, outcome) < 1e-10


@FEW
@given(seed=SEEDS)
def test_the_circuit_of_resistances_does_not_depend_on_the_physics(random_network, seed):
    network = random_network(seed)
    by_x, by_r = build_grid(network), build_grid(network, "r")
    np.testing.assert_array_equal(by_r.resistive.inverse, by_x.resistive.inverse)
    np.testing.assert_array_equal(by_x.resistive.inverse, by_r.inverse)
    np.testing.assert_allclose(by_x.resistive.loss, by_r.inverse, atol=1e-12)


def test_an_island_that_private_lines_join_and_one_that_nothing_does():
    public = [(0, 1, 0.1, 0.1), (2, 3, 0.1, 0.1), (4, 5, 0.1, 0.1)]
    lines = [(1, 2, 0.1), (1, 3, 0.1), (1, 2, 0.1), (2, 3, 0.0), (1, 3, 0.2), (1, 2, 0.3)]
    injection, tariff = [0, 0.5, 0, -1, 0, 0], Tariff()
    few, many = (network_of(injection, public, lines[:count]) for count in (1, 6))
    outcome = BEHAVIOURS["integrated"]().priced(few, build_grid(few), tariff)
    assert outcome.loss == pytest.approx(0.1 * (0.5**2 + 1 + 1))
    np.testing.assert_allclose(outcome.f, [0.5, 1, 0], atol=1e-12)
    outcome = BEHAVIOURS["integrated"]().priced(many, build_grid(many), tariff)
    parallel = 1 / (10 + 10 + 10 + 5 + 1 / 0.3)  # a line without resistance makes 2 and 3 one node
    assert outcome.loss == pytest.approx(0.1 * 0.5**2 + parallel, rel=1e-5)
    assert outcome.prices[4] == outcome.prices[5] == tariff.generation


@pytest.mark.parametrize("filled", [0.0, 1.0])
def test_a_laplacian_is_incidence_times_weights_times_incidence(ieee300, filled):
    lines, n = ieee300.public, ieee300.nodes
    weight = 1 / np.maximum(lines.r, RESISTANCE_FLOOR)
    ends = incidence(lines, n).toarray()
    found = laplacian(lines.tail, lines.head, weight, n, filled)
    assert isinstance(found, np.ndarray) == (filled == 0)
    np.testing.assert_allclose(found if filled == 0 else found.toarray(), ends * weight @ ends.T, rtol=1e-12, atol=1e-6)
    np.testing.assert_allclose(sent(lines, weight, n), ends @ weight, rtol=1e-12, atol=1e-6)


@pytest.mark.parametrize("definite", [False, True])
def test_solving_in_place(definite):
    rng = np.random.default_rng(0)
    matrix, right = rng.random((7, 7)), rng.random(7)
    matrix = matrix @ matrix.T + np.eye(7) if definite else matrix
    np.testing.assert_allclose(matrix @ solve_in_place(matrix.copy(), right, definite), right, atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError):
        solve_in_place(-np.eye(3), np.ones(3), definite=True)
