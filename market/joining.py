"""Better-response moves between groups: who would gain by a move, who makes it, and how the moving ends.

A state is any object; `best(state, who)` says the most that somebody gains by a move and where to, `go(state, who,
where)` is the state after moves, given as arrays. What a move is worth, each market says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from market.outcome import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from market.arrays import Integers

    State = TypeVar("State")


ORDERS = ("in-turn", "random", "together")
FORESEES = ("equilibrium", "terms")  # what who moves reckons with: the market after its move, or its present terms
ADVICE = {
    Status.SETTLED: "Nobody expects to gain by a move; the market is at its equilibrium.",
    Status.CYCLING: "The same groups come back for ever; try inertia above 0, or order = 'random'.",
    Status.ROUND_LIMIT: "Some would still gain by a move at the last round; raise rounds, or take order = 'in-turn' "
    "where all move together.",
    Status.INACCURATE: "Nobody expects to gain by a move, but the purchases shown are not proven to be an equilibrium; "
    "mind the gap.",
}


def check_order(order: str) -> None:
    """Raise ValueError for an order that is none of ORDERS."""
    if order not in ORDERS:
        raise ValueError(f"order={order!r} is not one of {', '.join(ORDERS)}")


@dataclass(frozen=True)
class Moving:
    """How those who would gain by a move make it.

    inertia: chance, in [0, 1), that one who would gain stays for this round; order: "in-turn" and "random", one after
    the other, each seeing the moves before; "together", all seeing the same state; least_gain: money above which a
    move is worth it. Raises ValueError.
    """

    inertia: float = 0.0
    order: str = "in-turn"
    least_gain: float = 1e-6

    def __post_init__(self):
        if not 0 <= self.inertia < 1:
            raise ValueError(f"inertia={self.inertia!r} must be in [0, 1)")
        check_order(self.order)
        if not self.least_gain > 0:
            raise ValueError(f"least_gain={self.least_gain!r} must be > 0")

    @property
    def deterministic(self) -> bool:
        """Does the same state always lead to the same next one?"""
        return self.inertia == 0 and self.order != "random"


def is_move(answer: object, places: int) -> bool:
    """Is an answer a pair of a gain, a number, and one of so many places to go to?"""
    if not (isinstance(answer, tuple) and len(answer) == 2):
        return False
    gain, to = answer
    if isinstance(gain, bool) or isinstance(to, bool):
        return False
    number = isinstance(gain, (int, float, np.integer, np.floating)) and not np.isnan(gain)
    return bool(number and isinstance(to, (int, np.integer)) and 0 <= to < places)


class Round(NamedTuple):
    """A state after a round, how many would have gained by a move when asked, and how many made it."""

    state: Any
    wishes: int
    moves: int


def play(
    moving: Moving,
    state: State,
    members: int,
    best: Callable[[State, int], tuple[float, int]],
    go: Callable[[State, Integers, Integers], State],
    rng: np.random.Generator,
) -> Round:
    """One round in which each of so many members is asked once; draws of `rng` do not depend on who would gain."""
    order = rng.permutation(members) if moving.order == "random" else np.arange(members)
    goes = rng.random(members) >= moving.inertia if moving.inertia else np.ones(members, dtype=bool)
    if moving.order == "together":
        return _together(moving, state, order, best, go, goes)
    wishes = moves = 0
    for who in order:
        gain, where = best(state, who)
        if gain > moving.least_gain:
            wishes += 1
            if goes[who]:
                state = go(state, np.array([who]), np.array([where]))
                moves += 1
    return Round(state, wishes, moves)


def _together(moving, state, members, best, go, goes):
    found = [(who, where) for who in members for gain, where in [best(state, who)] if gain > moving.least_gain]
    movers = np.array([pair for pair in found if goes[pair[0]]], dtype=np.intp).reshape(-1, 2)
    return Round(go(state, *movers.T) if len(movers) else state, len(found), len(movers))


class MoveWatch:
    """Notices how moving ends: settled when nobody would gain, cycling when a grouping comes back, or out of rounds.

    Groupings are compared where the moves are deterministic: one that comes back then comes back for ever.
    """

    def __init__(self, moving, rounds):
        self.moving, self.rounds, self.cycle, self.seen = moving, rounds, None, {}

    def status(self, played: int, wishes: int | None, labels: Integers) -> Status:
        """Status after so many rounds: how many would have gained in the last one, None before anybody was asked.

        labels: the group each is in after it.
        """
        if wishes == 0:
            return Status.SETTLED
        first = self.seen.setdefault(labels.tobytes(), played)
        if self.moving.deterministic and first < played:
            self.cycle = played - first
            return Status.CYCLING
        return Status.ROUND_LIMIT if played >= self.rounds else Status.RUNNING
