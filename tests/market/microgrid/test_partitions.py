"""Coalitions that share the public loss: equilibria, values, beliefs and empty cores."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.power_flow import build_grid
from market.microgrid.behaviours import Cooperative
from market.microgrid.coalitions import blocking, least_core
from market.microgrid.network import network_of
from market.microgrid.partitions import BELIEFS, believed, mergers, partition_game, partitions
from market.microgrid.tariff import Tariff
from tests.shares import part_of

FEW = settings(max_examples=part_of(15), deadline=None, derandomize=True, database=None)
A4, A12 = 1 << 3, 0b11


@pytest.fixture(scope="module")
def game(eight, eight_grid):
    return partition_game(eight, eight_grid, 1.0)


def best_replies(game, labels, rounds=200):
    """Coalitions improve their own lines in turn, each by a small linear programme of its own, until nothing moves."""
    g, n = np.zeros(len(game.r)), len(game.injection)
    ends = np.zeros((n, len(g)))
    ends[game.tail, np.arange(len(g))], ends[game.head, np.arange(len(g))] = 1, -1
    inside = game.inside(labels)
    for _ in range(rounds):
        before = g.copy()
        for label in np.unique(labels):
            own = np.flatnonzero(inside & (labels[game.tail] == label))
            if not len(own):
                continue
            share = (labels == label).astype(float)
            weight = game.loss * (share[:, None] + share) / 2
            others = np.delete(np.arange(len(g)), own)
            p = game.injection - ends[:, others] @ g[others]
            square = ends[:, own].T @ weight @ ends[:, own] + np.diag(game.r[own])
            g[own] = np.linalg.solve(square, ends[:, own].T @ weight @ p)
        if np.max(np.abs(g - before), initial=0) < 1e-13:
            break
    return g


def test_the_grand_coalition_is_cooperation(game, eight, eight_grid):
    together = np.zeros(7, dtype=int)
    np.testing.assert_allclose(game.flows(together), Cooperative().priced(eight, eight_grid, Tariff()).g, atol=1e-12)
    assert game.values(together)[0] == pytest.approx(-1.180163, abs=1e-6)
    every = [game.values(labels).sum() for labels in partitions(7)]
    assert len(every) == 877 and max(every) == pytest.approx(-1.180163, abs=1e-6)


def test_a_partition_of_four(game):
    labels = np.array([0, 0, 0, 1, 1, 2, 3])
    np.testing.assert_allclose(game.flows(labels), [1.728674, 0.719717, 0.181737], atol=1e-6)
    np.testing.assert_allclose(game.values(labels), [0.863434, 0.004256, 0, -2.052696], atol=1e-6)


@FEW
@given(seed=st.integers(0, 10_000))
def test_equilibria_are_best_replies(random_network, seed):
    network = random_network(seed)
    game = partition_game(network, build_grid(network), 1.5)
    rng = np.random.default_rng(seed)
    labels = np.unique(rng.integers(0, 3, len(game.injection)), return_inverse=True)[1]
    np.testing.assert_allclose(game.flows(labels), best_replies(game, labels), atol=1e-9)


def test_coalitions_depend_on_how_others_group(game):
    worst, best = believed(game, "pessimistic"), believed(game, "optimistic")
    assert (worst[A4], best[A4]) == pytest.approx((-0.99870, -0.98154), abs=1e-5)
    assert (worst[A12], best[A12]) == pytest.approx((1.87872, 1.88097), abs=1e-5)
    for belief in ("gamma", "delta"):
        values = believed(game, belief)
        assert np.all((worst - 1e-12 <= values) & (values <= best + 1e-12))


EPSILONS = {"gamma": 0.01758, "optimistic": 0.01758, "delta": 0.00129, "pessimistic": 0.00129}


@pytest.mark.parametrize("belief", BELIEFS)
def test_the_cores_are_empty(game, belief):
    values = believed(game, belief)
    found = least_core(values)
    assert found.epsilon == pytest.approx(EPSILONS[belief], abs=5e-6)
    assert found.core_is_empty
    coalition, gain = blocking(values, found.payoffs)
    assert gain == pytest.approx(found.epsilon, abs=1e-9)
    assert 0 < len(coalition) < 7


def test_who_joins_whom(game):
    steps = list(mergers(game))
    assert [labels.tolist() for labels, _ in steps] == [
        [0, 0, 1, 2, 3, 4, 5],
        [0, 0, 0, 1, 2, 3, 4],
        [0, 0, 0, 1, 1, 2, 3],
    ]
    assert all(more > less for (_, more), (_, less) in pairwise(steps))


def test_all_partitions():
    assert [sum(1 for _ in partitions(n)) for n in range(1, 7)] == [1, 2, 5, 15, 52, 203]


def test_limits_are_told(eight_grid):
    public = [[0, k, 0.1, 0.1] for k in range(1, 11)]
    network = network_of(np.zeros(11), public)
    game = partition_game(network, build_grid(network), 1.0)
    with pytest.raises(ValueError, match="10 agents: belief 'pessimistic' is worked out for at most 9"):
        believed(game, "pessimistic")
    with pytest.raises(ValueError, match="belief='beta' is not one of gamma, delta"):
        believed(game, "beta")
    island = network_of([0, 1, -1], [[0, 1, 0.1, 0.1]], [[1, 2, 0.1]])
    with pytest.raises(ValueError, match=r"nodes \[2\] do not reach the main grid publicly"):
        partition_game(island, build_grid(island), 1.0)
