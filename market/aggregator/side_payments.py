"""Side payments in a market: what members would have without their aggregators, and the outcome after they have paid.

(docs/aggregator/side-payments.md)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from market.aggregator.equilibrium import Solution, solve
from market.aggregator.game import Block, Game
from market.aggregator.single import surplus_alone
from market.arrays import Array
from market.fairness.side_payments import Shared, share
from market.outcome import Outcome
from market.utilities import Utility

LEAST_LEFT = 1e-9  # share of its surplus by which a member must do better to be told as one that would leave


@dataclass(frozen=True, eq=False)
class Apart:
    """The market in which one group's users buy each for themselves, all else as it is, at its equilibrium."""

    game: Game
    outcome: Outcome
    rows: slice

    @property
    def surplus(self) -> Array:
        """What each of the group's users has there before fees, money, shape (users of the group,)."""
        return self.outcome.earned[self.rows]

    def surplus_of(self, utility: Utility) -> Array:
        """What other users would about have there, each for itself at that price and slope, money, shape (users,)."""
        return surplus_alone(self.game.price, utility, self.outcome.quantity)


Fallback = dict[int, Apart]  # by number of the block


def fallback(game: Game, certify: bool = False) -> Fallback:
    """{number of a block whose members have the floor "alone": the market without their aggregators}.

    certify: with the gap of each? The first root is taken otherwise (market.aggregator.equilibrium.solve).
    """
    return {k: apart(game, k, certify) for k, block in enumerate(game.blocks) if block.floor == "alone"}


def apart(game: Game, number: int, certify: bool) -> Apart:
    """The market in which the users of a block buy each for themselves."""
    blocks = list(game.blocks)
    own = blocks[number]
    blocks[number] = replace(own, kind="direct", sizes=np.ones(own.users, dtype=int), floor=None)
    without = replace(game, blocks=tuple(blocks))
    return Apart(without, solve(without, certify, prove=False).outcome, game.user_slices[number])


class Paying(Protocol):
    """A block, or an offer of one."""

    @property
    def floor(self) -> str | None:
        """A name in FLOORS, None where members do not pay each other."""


def pay_each_other(blocks: Iterable[Paying]) -> bool:
    """Do members of any of the blocks pay each other?"""
    return any(block.floor for block in blocks)


def sharing(block: Block, surplus: Array, without: Apart | None) -> Shared:
    """How the members of each player of a block share their surpluses, money, shape (users,)."""
    floors = np.full(block.users, -np.inf) if without is None else without.surplus
    return share(surplus, floors, block.goal.welfare, block)


def paid(game: Game, outcome: Outcome, without: Fallback) -> Outcome:
    """The outcome after members have paid each other, as it is where nobody does or where they have paid before."""
    if outcome.transfers is not None or not pay_each_other(game.blocks):
        return outcome
    transfers = np.zeros(game.users)
    for k, (block, rows) in enumerate(zip(game.blocks, game.user_slices, strict=True)):
        if block.floor is not None:
            transfers[rows] = sharing(block, outcome.earned[rows], without.get(k)).transfers
    return replace(outcome, s=outcome.s + transfers, transfers=transfers)


def solved_and_paid(game: Game, certify: bool = True) -> tuple[Solution, Fallback]:
    """All equilibria of a game (market.aggregator.equilibrium.solve), in each of which members have paid.

    With them goes the market without each group that has floors.
    """
    solution, without = solve(game, certify), fallback(game, certify)
    outcome, *equilibria = (paid(game, one, without) for one in (solution.outcome, *solution.equilibria))
    return replace(solution, outcome=outcome, equilibria=tuple(equilibria)), without


def would_leave(game: Game, outcome: Outcome, number: int) -> int:
    """How many members of a block would have more by buying for themselves at the settled price and slope."""
    block, surplus = game.blocks[number], outcome.earned[game.user_slices[number]]
    alone = surplus_alone(game.price, block.utility, outcome.quantity)
    return int(np.sum(alone > surplus + LEAST_LEFT * np.maximum(np.abs(surplus), alone)))
