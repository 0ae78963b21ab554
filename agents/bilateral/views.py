"""What a buyer or seller of a bilateral market observes, and what it hears.

Each view holds what the rule's privacy ledger lets its receiver know: its own numbers, and what others tell it. `reply`
is what the rule's own agents decide on it. Claims are what an agent asks for beside the grid: money where it signs one
contract, money per kWh where it may sign several. First claims come from the platform, as the rule's `start` has them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from market.bilateral.negotiation.bilateral import rise
from market.bilateral.negotiation.corner import asked


class Asks(NamedTuple):
    """The sellers a buyer hears, before it chooses whom to meet outside its contracts (rule bilateral, "worst").

    round: of the period, from 1; sellers (n,): their numbers; left (n,): what each one's ask leaves it, as a claim: 0
    where that is nothing, −∞ where it does not hear the seller or holds a contract with it.
    """

    round: int
    sellers: np.ndarray
    left: np.ndarray

    def reply(self) -> int:
        """Place of the seller that leaves it most, the first where several."""
        return int(self.left.argmax())


class Meeting(NamedTuple):
    """A meeting with one agent (rule bilateral); to decide: a claim ≥ 0, or None to leave the meeting.

    round: of the period, from 1; contract: does it hold one with the other? other: its number; claim: its own so far;
    energy: kWh its claim stands for; reserve: what a kWh is worth to the buyer, or costs the seller; bid, ask: prices
    told, money per kWh; gap: how far the bid is above the ask, as a claim; half: its claim at the price half-way, at
    which neither makes a loss, None without a contract; idle: has it capacity left? alone: has the other, so that it
    can claim nothing? relaxation: the rule's.
    """

    round: int
    contract: bool
    other: int
    claim: float
    energy: float
    reserve: float
    bid: float
    ask: float
    gap: float
    half: float | None
    idle: bool
    alone: bool
    relaxation: float

    def reply(self) -> float:
        """Partners: the half-way price. Others: half of the gap for each; one who can claim nothing leaves it all."""
        if self.contract:
            return self.half
        share = rise(self.relaxation * self.gap, self.idle or self.alone)
        return self.claim + (0.0 if self.idle else share)


class CapacityLeft(NamedTuple):
    """The end of a round for one who has capacity left (rule bilateral); to decide: a claim ≥ 0, or None to keep it.

    A claim above 0 is one that nobody has agreed to, so the negotiation does not settle with it.
    """

    round: int
    claim: float

    def reply(self) -> float:
        """It can claim nothing."""
        return 0.0


class Raise(NamedTuple):
    """The best counter-offer somebody hears (rule corner); to decide: its claim ≥ 0, or None to keep it.

    round: of the period, from 1; corner: whose best point is looked for, "buyer" or "seller"; claim: its own so far;
    offer: the best it hears, as a claim, −∞ for none; idle: has it capacity left? little: what counts as nothing.
    """

    round: int
    corner: str
    claim: float
    offer: float
    idle: bool
    little: float

    def reply(self) -> float:
        """The offer, where it is more than what it claims."""
        return float(asked(self.claim, self.offer, self.little, self.idle))


class GiveWay(NamedTuple):
    """What its partners' claims leave somebody (rule corner); to decide: its claim ≥ 0, or None to keep it.

    round, corner, claim: as in Raise; left: the least its contracts leave it, 0 with capacity left; below 0 where a
    partner asks for more than there is, and it may claim that.
    """

    round: int
    corner: str
    claim: float
    left: float

    def reply(self) -> float:
        """What is left."""
        return self.left


class Averaged(NamedTuple):
    """The average of its own and its neighbours' proposals (rules tight, half-space, benchmark).

    To decide: its next proposal, what everybody should gain, shape (m + n,), buyers first; or None to keep its last.
    round: from 1; average (m + n,); last (m + n,): its own proposal; known: a consensus.Known, its place in proposals,
    what its pairs are worth, its partners; rule: the rule; tool: its own solver, where the rule keeps one.
    """

    round: int
    average: np.ndarray
    last: np.ndarray
    known: Any
    rule: Any
    tool: Any = None

    def reply(self) -> np.ndarray:
        """The nearest proposal it can accept, as its rule has it."""
        return self.rule.answer(self.known, self.average, self.round - 1, self.tool)


class Met(NamedTuple):
    """What is heard after a meeting: both claims moved (agreed), or one left; the bid and the ask as they now are."""

    round: int
    contract: bool
    other: int
    agreed: bool
    claim: float
    bid: float
    ask: float


class Signed(NamedTuple):
    """What is heard at the end of a period: one's own contracts.

    period: from 0; status: how the negotiation ended; others, energy, price (contracts,): numbers of the partners, kWh,
    money per kWh; gain: money beside the grid.
    """

    period: int
    status: str
    others: np.ndarray
    energy: np.ndarray
    price: np.ndarray
    gain: float
