"""Coalitions that share the public loss: what each earns depends on how the others group.

Losses are priced. A partition is an array of labels, one an agent in the order of network.agents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from market.arrays import Array, Integers, Mask
from market.grid.lines import RESISTANCE_FLOOR
from market.grid.power_flow import Grid
from market.microgrid.coalitions import MOST_AGENTS, membership
from market.microgrid.network import SHARED, Network

LEAST_GAIN = 1e-9  # money from which two coalitions merge
MOST_ENUMERATED = 9  # agents up to which all partitions are looked at


@dataclass(frozen=True, eq=False)
class PartitionGame:
    """The game among coalitions of a network whose nodes all reach the main grid publicly.

    injection: e, shape (agents,); loss: M among the agents; tail, head, owner: agents' numbers (owner −1: shared);
    r: shape (lines,); price: what a unit costs the main grid.
    """

    injection: Array
    loss: Array
    tail: Integers
    head: Integers
    owner: Integers
    r: Array
    price: float

    @cached_property
    def floor(self) -> float:
        """Resistance in p.u. that stands for less, beside the largest there is and what the public grid resists."""
        return RESISTANCE_FLOOR * (
            max(float(np.max(each, initial=0.0)) for each in (self.r, np.diagonal(self.loss))) or 1.0
        )

    def inside(self, labels: Integers) -> Mask:
        """Marks the lines that have both ends, and the owner, in one coalition."""
        owned = (self.owner == SHARED) | (labels[self.owner] == labels[self.tail])
        return (labels[self.tail] == labels[self.head]) & owned

    def flows(self, labels: Integers) -> Array:
        """Equilibrium flows of a partition, shape (lines,): [PᵀM̃P + 2R] g = PᵀM̃e, M̃ = M doubled within coalitions.

        labels: shape (agents,) (docs/microgrid/open-question.md, 2).
        """
        g = np.zeros(len(self.r))
        lines = np.flatnonzero(self.inside(labels))
        if len(lines):
            doubled = self.loss * (1.0 + (labels[:, None] == labels))
            tail, head = self.tail[lines], self.head[lines]
            across = doubled[:, tail] - doubled[:, head]
            square = across[tail] - across[head]
            square[np.diag_indices_from(square)] += 2 * np.maximum(self.r[lines], self.floor)
            g[lines] = linalg.solve(square, across.T @ self.injection, assume_a="pos")
        return g

    def values(self, labels: Integers, g: Array | None = None) -> Array:
        """V(S; π) = c (Σ e − p_Sᵀ M p − Σ R g²) of every coalition, by label, money, shape (labels,).

        g: flows, p.u., shape (lines,), those of the equilibrium if not given (docs/microgrid/open-question.md, 2).
        """
        g = self.flows(labels) if g is None else g
        n = len(self.injection)
        p = self.injection - np.bincount(self.tail, g, n) + np.bincount(self.head, g, n)
        agents = self.injection - p * (self.loss @ p)
        private = np.bincount(labels[self.tail], self.r * g**2, labels.max() + 1)
        return np.asarray(self.price * (np.bincount(labels, agents) - private), dtype=np.float64)


def partition_game(network: Network, grid: Grid, price: float) -> "PartitionGame":
    """The partition game of a network. Raises ValueError where a node does not reach the main grid publicly."""
    agents = network.agents
    if not np.all(network.reaches_publicly):
        missing = np.flatnonzero(~network.reaches_publicly).tolist()
        raise ValueError(f"nodes {missing} do not reach the main grid publicly; the partition form needs all to")
    number = np.zeros(network.nodes, dtype=np.intp)
    number[agents] = np.arange(len(agents))
    lines = network.private
    owner = np.where(lines.owner == SHARED, SHARED, number[lines.owner])
    loss = grid.loss[np.ix_(agents, agents)]
    return PartitionGame(network.injection[agents], loss, number[lines.tail], number[lines.head], owner, lines.r, price)


def partitions(players: int) -> Iterator[Integers]:
    """All partitions as labels, restricted growth strings in lexicographic order.

    >>> [labels.tolist() for labels in partitions(3)]
    [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [0, 1, 2]]
    """

    def grow(labels, used):
        if len(labels) == players:
            yield np.array(labels)
            return
        for label in range(used + 1):
            yield from grow([*labels, label], max(used, label + 1))

    yield from grow([], 0)


def believed(game: "PartitionGame", belief: str) -> Array:
    """v(S) under a belief on how outsiders group, shape (2ⁿ,); the empty coalition's is 0.

    gamma: each alone; delta: together; pessimistic, optimistic: the worst, the best of all ways. Raises ValueError
    (docs/microgrid/open-question.md, 2).
    """
    if belief not in BELIEFS:
        raise ValueError(f"belief={belief!r} is not one of {', '.join(BELIEFS)}")
    players, most = len(game.injection), BELIEFS[belief][1]
    if players > most:
        raise ValueError(f"{players} agents: belief {belief!r} is worked out for at most {most}")
    return BELIEFS[belief][0](game, players)


def _gamma(game, players):
    alone = np.arange(1, players + 1)
    return np.array([0.0] + [game.values(np.where(s, 0, alone))[0] for s in membership(players)[1:]])


def _delta(game, players):
    return np.array([0.0] + [game.values(np.where(s, 0, 1))[0] for s in membership(players)[1:]])


def _extreme(choose, start):
    def values(game, players):
        found = np.full(1 << players, start)
        found[0] = 0.0
        bits = 1 << np.arange(players)
        for labels in partitions(players):
            masks = np.bincount(labels, bits).astype(np.intp)
            found[masks] = choose(found[masks], game.values(labels))
        return found

    return values


BELIEFS = {
    "gamma": (_gamma, MOST_AGENTS),
    "delta": (_delta, MOST_AGENTS),
    "pessimistic": (_extreme(np.minimum, np.inf), MOST_ENUMERATED),
    "optimistic": (_extreme(np.maximum, -np.inf), MOST_ENUMERATED),
}


def mergers(game: "PartitionGame") -> Iterator[tuple[Integers, float]]:
    """Who joins whom: from agents alone, the two linked coalitions that gain most together merge, until none gains.

    Yields (labels, gain) after each merger, gain in money of the two together (docs/microgrid/open-question.md, 2).
    """
    labels = np.arange(len(game.injection))
    values = game.values(labels)
    while True:
        ends = np.sort(np.stack([labels[game.tail], labels[game.head]]), axis=0)
        trials = []
        for one, other in np.unique(ends[:, ends[0] != ends[1]], axis=1).T:
            merged = np.where(labels == other, one, labels)
            together = game.values(merged)
            trials.append((together[one] - values[one] - values[other], merged))
        gain, merged = max(trials, key=lambda trial: trial[0], default=(0.0, labels))
        if gain <= LEAST_GAIN:
            return
        labels = np.unique(merged, return_inverse=True)[1]
        values = game.values(labels)
        yield labels, float(gain)
