"""The half-space operator: an agent corrects its contract and one blocking pair, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from market.arrays import Array
from market.bilateral.bargain import Bargain
from market.bilateral.market import MarketError
from market.bilateral.negotiation.consensus import Consensus, Known, both_sides
from market.bilateral.negotiation.negotiation import MEETINGS
from market.parameters import parameter


@dataclass(frozen=True)
class HalfSpace(Consensus):
    """Consensus in which each agent (i) projects its own contract's two claims, (ii) closes one outside pair's gap.

    (docs/bilateral/model.md, Negotiation: who tells whom what)
    (i) x_k + x_l = a_kl, both ≥ 0; x_k = 0 with capacity left. (ii) The most violated of x_k + x_q ≥ a_kq (meeting
    "worst"), or the next in turn ("cyclic"): both claims rise by relaxation × half the gap; where the agent can claim
    nothing the other rises by all of it. One contract an agent.
    """

    meeting: str = parameter(default="worst", type="choice", range=MEETINGS, meaning="whom a buyer meets")

    single = True

    def __post_init__(self):
        super().__post_init__()
        if self.meeting not in MEETINGS:
            raise MarketError(f"meeting={self.meeting!r} is not one of {', '.join(MEETINGS)}")

    def check(self, bargain: Bargain) -> None:
        super().check(bargain)
        if not bargain.single:
            raise MarketError("rule: half-space works with one contract an agent; cut the market into blocks")

    def operator(
        self, bargain: Bargain, proposals: Array, number: int, tools: list[Callable[[Array], Array]] | None
    ) -> Array:
        turn = number if self.meeting == "cyclic" else None
        return both_sides(bargain, proposals, half_space, self.relaxation, turn)

    def answer(self, known: Known, average: Array, number: int, tool: Callable[[Array], Array] | None = None) -> Array:
        turn = number + known.place if self.meeting == "cyclic" else None
        return known.corrected(average, half_space, self.relaxation, turn)


def half_space(
    own: Array, others: Array, side: Bargain | Known, relaxation: float, turn: int | None
) -> tuple[Array, Array]:
    """Corrected own claims (r,) and proposals for the other side (r, q); side: the bargain with the agents as rows.

    relaxation: in (0, 2); turn: a round number in place of the search for the most violated pair.
    """
    row, partner = np.arange(len(own)), side.partner
    signed = np.flatnonzero(partner >= 0)
    other = partner[signed]
    own, others = np.where(side.buyer_idle, 0.0, own), others.copy()
    worth = side.value[signed, other]
    own[signed] = np.clip((own[signed] + worth - others[signed, other]) / 2, 0.0, worth)
    others[signed, other] = worth - own[signed]
    if not others.shape[1]:
        return own, others
    if turn is None:
        gaps = side.outside_value - others
        q = gaps.argmax(axis=1)
        gap = gaps[row, q] - own
    else:
        q = (row + turn) % others.shape[1]
        gap = side.outside_value[row, q] - others[row, q] - own
    gap = relaxation * np.maximum(gap, 0.0)
    own += np.where(side.buyer_idle, 0.0, gap / 2)
    others[row, q] += np.where(side.buyer_idle, gap, gap / 2)
    return own, others


def half_space_alone(
    own: float, others: Array, outside: Array, partner: int, worth: float, relaxation: float = 1.0
) -> float:
    """One agent's own step, in place in `others` (q,); returns its own claim.

    outside: values of its pairs with −∞ for its partner, shape (q,); partner: −1 for none; worth: its contract's value.
    """
    if partner >= 0:
        own = min(max((own + worth - others[partner]) / 2, 0.0), worth)
        others[partner] = worth - own
    else:
        own = 0.0
    gaps = outside - others
    q = gaps.argmax()
    gap = gaps[q] - own
    if gap > 0:
        gap *= relaxation if partner < 0 else relaxation / 2
        others[q] += gap
        own += 0.0 if partner < 0 else gap
    return own
