"""Who hears whom in a round: communication graphs that change with time, and messages that get lost.

Rules whose agents pass on whole proposals talk along links between any two agents, numbered buyers first; rules of
single prices let pairs of a buyer and a seller meet. Either way every kind joins all, or lets every pair meet, again
and again, which is what convergence needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Array, Integers, Mask
from market.bilateral.market import MarketError

NEVER = -1


def complete_links(
    network: MessageNetwork, plan: Integers | Mask, number: int, rng: np.random.Generator | None
) -> Mask:
    """Everybody hears everybody."""
    return ~np.eye(len(plan), dtype=bool)


def given(rng: np.random.Generator | None) -> np.random.Generator:
    """The generator of a network that draws; raises ValueError without one."""
    if rng is None:
        raise ValueError("a network that draws random numbers needs a generator")
    return rng


def ring_links(network: MessageNetwork, plan: Integers | Mask, number: int, rng: np.random.Generator | None) -> Mask:
    """Everybody hears the next and the one before."""
    return ring(len(plan))


def random_links(
    network: MessageNetwork, plan: Array | Integers | Mask, number: int, rng: np.random.Generator | None
) -> Mask:
    """Each link is there with the same chance, anew in every round."""
    drawn = np.triu(given(rng).random(plan.shape) < network.link_probability, 1)
    return drawn | drawn.T


def periodic_links(
    network: MessageNetwork, plan: Integers | Mask, number: int, rng: np.random.Generator | None
) -> Mask:
    """The links of one phase, the phases in turn; only together do they join all."""
    return plan == number % network.phases


def complete_pairs(
    network: MessageNetwork, plan: Integers | Mask, number: int, rng: np.random.Generator | None
) -> None:
    """Every pair can meet."""
    return None


def ring_pairs(network: MessageNetwork, plan: Integers | Mask, number: int, rng: np.random.Generator | None) -> Mask:
    """Buyers stand in a ring and sellers walk around it: a buyer hears two sellers, one place on in the next round."""
    m, n = plan.shape
    size = max(m, n, 1)
    away = (np.arange(n) - np.arange(m)[:, None] - number) % size
    return away <= 1


def random_pairs(network: MessageNetwork, plan: Integers | Mask, number: int, rng: np.random.Generator | None) -> Mask:
    """Each pair can meet with the same chance, anew in every round."""
    return given(rng).random(plan.shape) < network.link_probability


def periodic_pairs(
    network: MessageNetwork, plan: Integers | Mask, number: int, rng: np.random.Generator | None
) -> Mask:
    """The pairs of one phase, the phases in turn."""
    return plan == number % network.phases


GRAPHS = {  # kind: (links between agents, pairs that can meet)
    "complete": (complete_links, complete_pairs),
    "ring": (ring_links, ring_pairs),
    "random": (random_links, random_pairs),
    "periodic": (periodic_links, periodic_pairs),
}


@dataclass(frozen=True)
class MessageNetwork:
    """Who hears whom.

    kind: one of GRAPHS; drop: chance of losing a message, in [0, 1); link_probability: chance of a link (random), share
    of links beside the ring (periodic), in (0, 1]; phases: how many graphs take turns (periodic), ≥ 1.
    Raises MarketError.
    """

    kind: str = "complete"
    drop: float = 0.0
    link_probability: float = 0.3
    phases: int = 3

    def __post_init__(self):
        if self.kind not in GRAPHS:
            raise MarketError(f"network.kind={self.kind!r} is not one of {', '.join(GRAPHS)}")
        if not 0 <= self.drop < 1:
            raise MarketError(f"network.drop(={self.drop:g}) must be in [0, 1)")
        if not 0 < self.link_probability <= 1:
            raise MarketError(f"network.link_probability(={self.link_probability:g}) must be in (0, 1]")
        if self.phases != int(self.phases) or self.phases < 1:
            raise MarketError(f"network.phases(={self.phases}) must be a whole number >= 1")

    @property
    def draws(self) -> bool:
        """Does a round draw random numbers?"""
        return self.drop > 0 or self.kind == "random"

    def plan_links(self, agents: int, rng: np.random.Generator | None) -> Integers | Mask:
        """What is fixed before the first round: the phase of each link, NEVER for none, shape (agents, agents)."""
        if self.kind != "periodic":
            return np.empty((agents, agents), dtype=bool)
        here = ring(agents) | random_links(self, np.empty((agents, agents)), 0, rng)
        i, j = np.nonzero(np.triu(here, 1))
        phase = np.full((agents, agents), NEVER)
        phase[i, j] = phase[j, i] = given(rng).permutation(len(i)) % self.phases
        return phase

    def plan_pairs(self, buyers: int, sellers: int, rng: np.random.Generator | None) -> Integers | Mask:
        """The phase in which each pair can meet, shape (buyers, sellers); every pair has one."""
        if self.kind != "periodic":
            return np.empty((buyers, sellers), dtype=bool)
        return (given(rng).permutation(buyers * sellers) % self.phases).reshape(buyers, sellers)

    def links(self, plan: Integers | Mask, number: int, rng: np.random.Generator | None) -> Mask:
        """Links on which messages arrive in a round, symmetric, shape (agents, agents); both ends notice a loss."""
        there = GRAPHS[self.kind][0](self, plan, number, rng)
        if self.drop:
            kept = np.triu(given(rng).random(there.shape) >= self.drop, 1)
            there = there & (kept | kept.T)
        return there

    def pairs(self, plan: Integers | Mask, number: int, rng: np.random.Generator | None) -> Mask | None:
        """Pairs that can meet in a round, shape (buyers, sellers), or None for all; losses are drawn with `arrives`."""
        return GRAPHS[self.kind][1](self, plan, number, rng)

    def arrives(self, shape: int | tuple[int, ...], rng: np.random.Generator | None) -> Mask:
        """Marks of the messages that are not lost, of the shape asked for."""
        return given(rng).random(shape) >= self.drop if self.drop else np.ones(shape, dtype=bool)


def ring(agents: int) -> Mask:
    """Links between neighbours on a ring, shape (agents, agents)."""
    number = np.arange(agents)
    away = (number - number[:, None]) % max(agents, 1)
    return (away == 1) | (away == agents - 1) if agents > 1 else np.zeros((agents, agents), dtype=bool)


def metropolis(links: Mask) -> Array:
    """Weights of an average over links, doubly stochastic, 1 / (1 + larger degree) each, shape of links.

    >>> metropolis(ring(3)).round(3).tolist()
    [[0.333, 0.333, 0.333], [0.333, 0.333, 0.333], [0.333, 0.333, 0.333]]
    """
    degree = links.sum(axis=1)
    weights = np.where(links, 1.0 / (1.0 + np.maximum(degree, degree[:, None])), 0.0)
    weights[np.diag_indices(len(links))] = 1.0 - weights.sum(axis=1)
    return weights
