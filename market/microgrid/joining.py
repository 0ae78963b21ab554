"""Who joins whom: agents leave and join coalitions that share the public loss, each by what it gains itself.

A partition is an array of labels, one an agent, numbered by first appearance. An agent may go to a coalition with
which it has a line to use, or stand alone. How a coalition's value is divided among its members is a rule in DIVISIONS;
a partition in which nobody gains by going elsewhere is Nash stable (Bogomolnaia and Jackson 2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from market.arrays import Array, Integers
from market.joining import MoveWatch, Moving, play
from market.microgrid.partitions import LEAST_GAIN, PartitionGame
from market.outcome import Status

MOST_JOINING = 30  # agents
STARTS = ("alone", "together")


def equal(game: PartitionGame, members: Integers) -> Array:
    """Everybody the same share of what a coalition gains over its members standing alone, shape (members,)."""
    return np.full(len(members), 1 / len(members))


def proportional(game: PartitionGame, members: Integers) -> Array:
    """Shares in proportion to what each has or needs, shape (members,)."""
    size = np.abs(game.injection[members])
    return size / size.sum() if size.sum() > 0 else equal(game, members)


DIVISIONS = {"equal": equal, "proportional": proportional}


def payoffs(game: PartitionGame, labels: Integers, division: str = "equal", only: int | None = None) -> Array:
    """What each agent has in a partition, money, shape (agents,); only: of the coalition with that label, 0 elsewhere.

    A coalition hands out what its members would have alone, the others staying as they are, and shares of the rest
    (docs/microgrid/open-question.md, 2).
    """
    values, found = game.values(labels), np.zeros(len(labels))
    for label in range(len(values)) if only is None else [only]:
        members = np.flatnonzero(labels == label)
        found[members] = values[label]
        if len(members) > 1:
            alone = labels.copy()
            alone[members] = len(values) + np.arange(len(members))
            before = game.values(alone)[alone[members]]
            found[members] = before + DIVISIONS[division](game, members) * (values[label] - before.sum())
    return found


def numbered(labels: Integers) -> Integers:
    """The same partition with its coalitions numbered by first appearance.

    >>> numbered(np.array([3, 1, 3, 0])).tolist()
    [0, 1, 0, 2]
    """
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def moved(labels: Integers, agents: int | Integers, to: int | Integers) -> Integers:
    """The partition after agents have gone to coalitions, arrays both; a label that nobody has is that of none yet."""
    labels = labels.copy()
    labels[agents] = to
    return numbered(labels)


def choices(game: PartitionGame, labels: Integers, agent: int) -> list[int]:
    """Labels of the coalitions an agent could go to: those with which a line of use to it comes in, and being alone."""
    count, own = int(labels.max()) + 1, labels[agent]
    touching = (game.tail == agent) | (game.head == agent) | (game.owner == agent)
    after = np.where(np.arange(len(labels)) == agent, np.arange(count)[:, None], labels)
    linked = [to for to in range(count) if to != own and np.any(game.inside(after[to]) & touching)]
    return linked + ([count] if np.sum(labels == own) > 1 else [])


def gains(game: PartitionGame, labels: Integers, agent: int, division: str = "equal") -> list[tuple[float, int]]:
    """[(gain in money, label)…] of every move an agent could make, all others staying where they are."""
    now = payoffs(game, labels, division, labels[agent])[agent]
    found = []
    for to in choices(game, labels, agent):
        after = moved(labels, agent, to)
        found.append((float(payoffs(game, after, division, after[agent])[agent] - now), to))
    return found


def best_move(game: PartitionGame, labels: Integers, agent: int, division: str = "equal") -> tuple[float, int]:
    """(Gain in money, label) of the move by which an agent gains most; (0, its own) where it gains by none."""
    stay = 0.0, int(labels[agent])
    return max([stay, *gains(game, labels, agent, division)], key=lambda move: move[0])


@dataclass(frozen=True, eq=False)
class Joined:
    """How joining ended: the partition, what each agent has in it, money, and the best moves left.

    status: settled (nobody gains by a move), cycling with a length, or out of rounds; left: (agent, gain in money,
    label) of the move that gains most for each agent, gain 0 and its own label where none does; least_gain: money above
    which a move is worth it.
    """

    labels: Integers
    payoffs: Array
    status: Status
    rounds: int
    moves: int
    cycle: int | None
    left: tuple[tuple[int, float, int], ...]
    least_gain: float

    @property
    def best(self) -> tuple[int, float, int]:
        """The move that gains most of all agents' moves."""
        return max(self.left, key=lambda move: move[1])

    @property
    def gaining(self) -> list[tuple[int, float, int]]:
        """The moves that are worth it, each agent's by itself, all others staying where they are; the best first."""
        return sorted((move for move in self.left if move[1] > self.least_gain), key=lambda move: -move[1])

    def groups(self, agents: Integers) -> list[list[int]]:
        """The coalitions as lists of nodes, given each agent's node."""
        return [agents[self.labels == label].tolist() for label in range(self.labels.max() + 1)]


def join(
    game: PartitionGame,
    moving: Moving | None = None,
    division: str = "equal",
    start: str = "alone",
    rounds: int = 100,
    rng: np.random.Generator | None = None,
) -> Joined:
    """Let agents leave and join coalitions by their own gains, from a start in STARTS, until nobody gains."""
    moving = Moving(least_gain=LEAST_GAIN) if moving is None else moving
    agents = len(game.injection)
    labels = np.zeros(agents, dtype=np.intp) if start == "together" else np.arange(agents)
    best = partial(best_move, game, division=division)
    ending, played, moves = MoveWatch(moving, rounds), 0, 0
    status = ending.status(0, None, labels)
    while status == Status.RUNNING:
        labels, wishes, made = play(moving, labels, agents, best, moved, rng)  # type: ignore[arg-type]  # None where nothing is drawn
        played, moves = played + 1, moves + made
        status = ending.status(played, wishes, labels)
    left, least = tuple((i, *best(labels, i)) for i in range(agents)), moving.least_gain
    return Joined(labels, payoffs(game, labels, division), status, played, moves, ending.cycle, left, least)
