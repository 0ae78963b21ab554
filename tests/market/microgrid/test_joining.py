"""Agents who join whom they like: ends against every partition enumerated, payoffs that add up, rules of moving."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.power_flow import build_grid
from market.joining import Moving
from market.microgrid.joining import DIVISIONS, STARTS, choices, join, moved, numbered, payoffs
from market.microgrid.network import network_of
from market.microgrid.partitions import LEAST_GAIN, mergers, partition_game, partitions
from market.outcome import Status
from tests.shares import part_of

FEW = settings(max_examples=part_of(15), deadline=None, derandomize=True, database=None)
CIRCLES = (
    [0, 2, -1, -3, -1],
    [[0, 1, 0.04, 0.2], [1, 2, 0.06, 0.2], [2, 3, 0.04, 0.05], [3, 4, 0.02, 0.05], [4, 0, 0.06, 0.05]],
    [[1, 2, 0.01], [1, 3, 0.02], [1, 4, 0.02], [2, 3, 0.01], [2, 4, 0.02], [3, 4, 0.01]],
)


def game_on(injection, public, private):
    network = network_of(injection, public, private)
    return partition_game(network, build_grid(network), 1.0)


def random_game(seed, agents):
    """A public ring through the main grid, some private lines, injections between −2 and 2."""
    rng = np.random.default_rng(seed)
    ring = [[i, (i + 1) % (agents + 1), 0.03, rng.uniform(0.05, 0.15)] for i in range(agents + 1)]
    pairs = [[i, j, rng.uniform(0.01, 0.06)] for i in range(1, agents + 1) for j in range(i + 1, agents + 1)]
    private = [pair for pair in pairs if rng.random() < 0.7]
    return game_on([0, *rng.uniform(-2, 2, agents)], ring, private)


def shared(game, groups, division):
    """What each agent has when groups are lists of agents, worked out one coalition after the other."""
    found, agents = {}, len(game.injection)

    def value(partition, group):
        labels = np.empty(agents, dtype=int)
        for number, members in enumerate(partition):
            labels[members] = number
        return game.values(labels)[partition.index(group)]

    for group in groups:
        others = [other for other in groups if other != group]
        alone = {i: value([*others, *([j] for j in group)], [i]) for i in group}
        more = value(groups, group) - sum(alone.values())
        size = sum(abs(game.injection[i]) for i in group)
        for i in group:
            part = 1 / len(group) if division == "equal" else abs(game.injection[i]) / size
            found[i] = alone[i] + part * more
    return found


def most_gained(game, labels, division):
    """{agent: the most it gains by going alone or to a coalition with a private line to it}, worked out on sets."""
    groups = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    now, found = shared(game, groups, division), {}
    ends = {frozenset(pair) for pair in zip(game.tail.tolist(), game.head.tolist(), strict=True)}
    for i in now:
        own = next(group for group in groups if i in group)
        left = [[j for j in group if j != i] for group in groups]
        targets = [group for group in groups if group != own and any(frozenset((i, j)) in ends for j in group)]
        for target in [*targets, []]:
            after = [sorted([*group, i]) if group == target else group for group in left if group]
            after += [] if target else [[i]]
            found[i] = max(found.get(i, 0.0), shared(game, after, division)[i] - now[i])
    return found


def stable(game, labels, division):
    """Does nobody gain by going elsewhere?"""
    return max(most_gained(game, labels, division).values()) <= LEAST_GAIN


@pytest.mark.share
@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize(("seed", "agents"), [(1, 3), (17, 5), (47, 5), (2, 4), (27, 5)])
def test_where_joining_ends_is_stable_by_enumeration(seed, agents, division):
    game = random_game(seed, agents)
    ends = {tuple(labels) for labels in partitions(agents) if stable(game, labels, division)}
    for start in STARTS:
        found = join(game, division=division, start=start)
        assert (found.status == Status.SETTLED) == (tuple(found.labels) in ends) == (found.best[1] <= LEAST_GAIN)
        assert found.status in (Status.SETTLED, Status.CYCLING)


def test_four_agents_who_never_agree():
    game = game_on(*CIRCLES)
    assert not any(stable(game, labels, "equal") for labels in partitions(4))
    for start in STARTS:
        found = join(game, start=start)
        assert found.status == Status.CYCLING and found.cycle >= 1 and found.best[1] > 1e-3
    held = join(game, Moving(inertia=0.5, least_gain=LEAST_GAIN), rounds=30, rng=np.random.default_rng(1))
    assert held.status == Status.ROUND_LIMIT and held.rounds == 30


def test_the_eight_nodes_end_as_by_mergers(eight, eight_grid):
    game = partition_game(eight, eight_grid, 1.0)
    *_, (labels, _) = mergers(game)
    np.testing.assert_array_equal(join(game).labels, numbered(labels))
    together = join(game, start="together")
    assert together.moves == 0 and together.status == Status.SETTLED and len(together.groups(eight.agents)) == 1
    assert stable(game, together.labels, "equal")


@FEW
@given(seed=st.integers(0, 1000), division=st.sampled_from(sorted(DIVISIONS)), cut=st.integers(1, 4))
def test_payoffs_add_up_to_the_values(seed, division, cut):
    game = random_game(seed, 5)
    labels = numbered(np.random.default_rng(seed).integers(0, cut, 5))
    paid = payoffs(game, labels, division)
    np.testing.assert_allclose(np.bincount(labels, paid), game.values(labels), atol=1e-12)
    groups = [np.flatnonzero(labels == label).tolist() for label in range(labels.max() + 1)]
    expected = shared(game, groups, division)
    np.testing.assert_allclose(paid, [expected[i] for i in range(5)], atol=1e-12)
    for label in range(labels.max() + 1):
        only = payoffs(game, labels, division, label)
        np.testing.assert_allclose(only, np.where(labels == label, paid, 0.0), atol=1e-12)


def test_agents_without_anything_share_equally():
    game = game_on([0, 0, 0, 1], [*CIRCLES[1][:3], [3, 0, 0.05, 0.1]], [[1, 2, 0.01]])
    paid = payoffs(game, np.array([0, 0, 1]), "proportional")
    np.testing.assert_allclose(np.bincount([0, 0, 1], paid), game.values(np.array([0, 0, 1])), atol=1e-14)


def test_an_agent_goes_where_it_has_a_line_to_use():
    public = [[0, 1, 0.1, 0.1], [1, 2, 0.1, 0.1], [2, 3, 0.1, 0.1]]
    shared_lines = game_on([0, 1, -1, 1], public, [[1, 2, 0.1]])
    assert choices(shared_lines, np.array([0, 1, 2]), 0) == [1]
    assert choices(shared_lines, np.array([0, 0, 1]), 0) == [2]
    assert choices(shared_lines, np.array([0, 0, 1]), 2) == []
    owned = game_on([0, 1, -1, 1], public, [[1, 2, 0.1, 1, 3]])
    assert choices(owned, np.array([0, 1, 2]), 0) == []  # node 3 owns the line: with 2 alone, 1 may not use it
    assert choices(owned, np.array([0, 1, 1]), 0) == [1]
    assert choices(owned, np.array([0, 0, 1]), 2) == [0]  # its line comes in with its owner


def test_the_same_seed_makes_the_same_moves():
    game, moving = random_game(5, 6), Moving(0.5, "random", LEAST_GAIN)
    one, same = (join(game, moving, rng=np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(one.labels, same.labels)
    assert (one.moves, one.rounds) == (same.moves, same.rounds)


def test_moves_together_keep_labels_in_order():
    assert moved(np.array([0, 0, 1, 2]), np.array([0, 3]), np.array([1, 3])).tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize("seed", range(4))
def test_everybody_who_gains_by_a_move_alone_is_told_the_best_first(seed, division):
    game = random_game(seed, 5)
    found = join(game, Moving(order="together", least_gain=LEAST_GAIN), division, rounds=1)
    gains = [gain for _, gain, _ in found.gaining]
    assert gains == sorted(gains, reverse=True) and gains[:1] == ([found.best[1]] if gains else [])
    expected = {i: gain for i, gain in most_gained(game, found.labels, division).items() if gain > LEAST_GAIN}
    assert {agent: gain for agent, gain, _ in found.gaining} == pytest.approx(expected)
    for agent, gain, to in found.gaining:
        after = payoffs(game, moved(found.labels, agent, to), division)[agent]
        assert after - payoffs(game, found.labels, division)[agent] == pytest.approx(gain)
