"""Nodes that only private lines join to the main grid, alone or as islands: optima against cvxpy, prices as slopes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.behaviours.cooperative import by_line, by_node, least_loss, loss_bound
from market.microgrid.dispatch import put_in
from market.microgrid.network import network_of
from market.microgrid.tariff import Tariff
from tests.market.microgrid import programmes
from tests.market.microgrid.balance import balance_residual
from tests.shares import part_of

TARIFF = Tariff(2.0, 1.0, 1.5)
FEW = settings(max_examples=part_of(10), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)
AMONG = ([1, 2, 3], [4, 5], [6])  # on the main grid, an island of its own lines, a node without any


def islands(seed, more=0):
    """A network of seven nodes, 0 the main grid; `more` private lines beside those that islands need."""
    rng = np.random.default_rng(seed)
    ends = [(0, 1), (int(rng.integers(2)), 2), (int(rng.integers(3)), 3), (2, 3), (4, 5)]
    public = [(i, j, rng.uniform(0.01, 0.05), rng.uniform(0.01, 0.1)) for i, j in ends]
    pairs = [(int(rng.choice(AMONG[0])), int(rng.choice(AMONG[1]))), (6, int(rng.integers(1, 6)))]
    pairs += [tuple(int(v) for v in rng.choice(np.arange(1, 7), 2, replace=False)) for _ in range(more)]
    private = [(i, j, rng.uniform(0.01, 0.1)) for i, j in pairs]
    return network_of(rng.uniform(-1, 1, 7), public, private)


@pytest.mark.parametrize("more", [0, 2, 8])
@FEW
@given(seed=SEEDS)
def test_least_loss_with_islands_against_cvxpy(more, seed):
    network = islands(seed, more)
    grid = build_grid(network)
    for name, weight in (("cooperative", grid.weight), ("integrated", None)):
        outcome = BEHAVIOURS[name]().priced(network, grid, TARIFF)
        assert outcome.loss == pytest.approx(programmes.least_loss(network, weight), abs=1e-7)
        assert outcome.gap < 1e-8 and balance_residual(network, outcome) < 1e-10


@pytest.mark.parametrize("more", [0, 8])
@FEW
@given(seed=SEEDS)
def test_both_systems_of_cooperation_agree_on_islands(more, seed):
    network = islands(seed, more)
    grid, usable = build_grid(network), np.ones(len(network.private), dtype=bool)
    one, other = (
        way(network, grid.loss, network.private.r, usable, grid.apart.toarray()) for way in (by_line, by_node)
    )
    np.testing.assert_allclose(one[0], other[0], atol=1e-9)
    np.testing.assert_allclose(one[1], other[1], atol=1e-9)


@pytest.mark.parametrize("size", [1e-3, 0.1])
@FEW
@given(seed=SEEDS)
def test_the_bound_is_that_of_the_optimum_and_below_it_at_other_prices(size, seed):
    network, rng = islands(seed, 3), np.random.default_rng(seed)
    grid = build_grid(network)
    g, potential = least_loss(network, grid, grid.loss, by_node)
    p = put_in(network, g, lossy=False)
    least = network.private.r @ g**2 + p @ grid.loss @ p
    assert loss_bound(network, g, p, potential) == pytest.approx(least, abs=1e-9)
    other = p + size * rng.normal(size=7)
    other -= grid.apart @ (other @ grid.apart / grid.apart.sum(axis=0))  # islands apart take in nothing
    other[0] = 0.0
    levels = grid.apart @ rng.normal(size=grid.apart.shape[1])
    assert loss_bound(network, g, other, grid.loss @ other + levels) <= least + 1e-12


@pytest.mark.parametrize("name", ["cooperative", "integrated"])
@FEW
@given(seed=SEEDS)
def test_prices_on_islands_are_slopes_of_cost(name, seed):
    network, step = islands(seed, 2), 1e-5
    grid, rule = build_grid(network), BEHAVIOURS[name]()
    prices = rule.priced(network, grid, TARIFF).prices
    for node in (3, 5, 6):
        supply = []
        for change in (-step, step):
            injection = network.injection.copy()
            injection[node] += change
            supply.append(rule.priced(network.with_injection(injection), grid, TARIFF).grid_supply)
        assert prices[node] == pytest.approx((supply[0] - supply[1]) / (2 * step) * TARIFF.generation, abs=1e-7)


@settings(FEW, max_examples=5)
@given(seed=SEEDS)
def test_least_lossy_supply_with_islands_against_scs(seed):
    network = islands(seed, 2)
    grid = build_grid(network)
    for name, physics in (("cooperative", grid), ("integrated", None)):
        outcome = BEHAVIOURS[name]().lossy(network, grid, TARIFF)
        assert outcome.grid_supply == pytest.approx(programmes.least_lossy_supply(network, physics), abs=1e-5)
        assert outcome.gap < 1e-6 and balance_residual(network, outcome) < 1e-8
