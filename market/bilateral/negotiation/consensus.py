"""Consensus negotiation: everybody holds a whole proposal, averages it with its neighbours', then corrects it.

A round of an agent: send the proposal to the neighbours, average with weights that are doubly stochastic, apply the
agent's own operator, whose fixed points are the proposals the agent can accept. Common fixed points of all are the
core; averaging and paracontractions converge to one (Elsner, Koltracht and Neumann 1992; Fullmer and Morse 2018).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.arrays import Array, Integers, Mask
from market.bilateral.bargain import Bargain
from market.bilateral.core import violation
from market.bilateral.ledger import Knowledge
from market.bilateral.market import MarketError
from market.bilateral.negotiation.negotiation import Negotiation, State, opening
from market.bilateral.negotiation.network import metropolis

MOST_AGENTS = 4_000


@dataclass(frozen=True)
class Consensus(Negotiation):
    """Whole proposals, shape (m + n,) each, buyers' claims first; the state's memory holds all, a row for each agent.

    The state's claims are the mean proposal; its spread is the largest distance of anybody's from it.
    """

    most_agents = MOST_AGENTS

    @abstractmethod
    def operator(
        self, bargain: Bargain, proposals: Array, number: int, tools: list[Callable[[Array], Array]] | None
    ) -> Array:
        """What each agent makes of the averaged proposals (m + n, m + n), a row for each, in the round of this number.

        tools: what `prepare` made.
        """

    def prepare(self, bargain: Bargain) -> list[Callable[[Array], Array]] | None:
        """What the operator needs besides and is made once, before the first round."""
        return None

    @property
    def ledger(self) -> tuple[Knowledge, ...]:
        own = "its whole proposal: what everybody should gain, itself included"
        return (Knowledge("everybody", "its neighbours of the round", own, "in each round"),)

    def check(self, bargain: Bargain) -> None:
        """Raises MarketError where the rule cannot work with the bargain."""
        agents = len(bargain.buyer_idle) + len(bargain.seller_idle)
        if agents > MOST_AGENTS:
            raise MarketError(f"{agents} agents: whole proposals are passed on for at most {MOST_AGENTS}")

    def start(
        self, bargain: Bargain, rng: np.random.Generator | None = None, claims: tuple[Array, Array] | None = None
    ) -> State:
        """The state before the first round: everybody proposes its own claim and nothing for others.

        claims: (u, v) remembered from before are what everybody proposes.
        """
        self.check(bargain)
        u, v = self.first_claims(bargain, claims)
        first = np.concatenate([u, v])
        proposals = np.diag(first) if claims is None else np.tile(first, (len(first), 1))
        plan = self.network.plan_links(len(first), rng), self.prepare(bargain)
        mean = proposals.mean(axis=0) if len(first) else first
        return opening(self, bargain, mean[: len(u)], mean[len(u) :], plan, proposals, _spread(proposals, mean))

    def known(self, bargain: Bargain, row: int) -> Known:
        """What the agent of this number, buyers first, knows of a bargain."""
        return known_to(bargain, row)

    def answer(self, known: Known, average: Array, number: int, tool: Callable[[Array], Array] | None = None) -> Array:
        """What one agent makes of its averaged proposal (m + n,), as `operator` does for all; tool: its own."""
        raise NotImplementedError(f"{type(self).__name__} has no answer of a single agent")

    def round(self, state: State, rng: np.random.Generator | None = None) -> State:
        links, averages = self.averages(state, rng)
        return self.after(state, links, self.operator(state.bargain, averages, state.round, state.plan[1]))

    def averages(self, state: State, rng: np.random.Generator | None = None) -> tuple[Mask, Array]:
        """(Links of a round, every agent's average of its own and its neighbours' proposals, (m + n, m + n))."""
        links = self.network.links(state.plan[0], state.round, rng)
        return links, metropolis(links) @ state.memory

    def after(self, state: State, links: Mask, proposals: Array) -> State:
        """The state after a round that left these proposals."""
        m = len(state.u)
        mean = proposals.mean(axis=0) if len(proposals) else np.zeros(0)
        u, v = mean[:m], mean[m:]
        worst, spread = violation(state.bargain, u, v), _spread(proposals, mean)
        return replace(
            state,
            u=u,
            v=v,
            violation=worst,
            spread=spread,
            status=self.status(state, worst, spread),
            round=state.round + 1,
            messages=state.messages + int(links.sum()) * len(proposals),
            memory=proposals,
        )


@dataclass(frozen=True, eq=False)
class Known:
    """What one agent knows, beside its average, in the form of a bargain with one row: itself.

    row: its number among all (m + n), buyers first; place: among its side; theirs: where proposals name the other side;
    value (1, q): of its pairs; buyer, seller, capped (contracts,): its row, its partners, contracts at their cap;
    buyer_idle (1,): has it capacity left? total: what all gain together, where the rule tells everybody.
    """

    row: int
    place: int
    theirs: slice
    value: Array
    buyer: Integers
    seller: Integers
    capped: Mask
    buyer_idle: Mask
    total: float | None = None

    @cached_property
    def outside_value(self) -> Array:
        """Values with −∞ where it holds a contract, shape (1, q)."""
        value = self.value.copy()
        value[0, self.seller] = -np.inf
        return value

    @property
    def partner(self) -> Integers:
        """Its partner, −1 for none, shape (1,); where several, the last."""
        return self.seller[-1:] if len(self.seller) else np.array([-1])

    def corrected(self, average: Array, operator: Callable[..., tuple[Array, Array]], *extra: float | None) -> Array:
        """Apply operator(own, others, known, …) to its averaged proposal (m + n,); a new array."""
        own, rest = operator(average[[self.row]], average[None, self.theirs], self, *extra)
        after = average.copy()
        after[self.theirs], after[self.row] = rest[0], own[0]
        return after


def known_to(bargain: Bargain, row: int, total: float | None = None) -> Known:
    """What the agent of this number, buyers first, knows of a bargain for itself."""
    m, n = bargain.value.shape
    side, place = (bargain, row) if row < m else (bargain.mirrored, row - m)
    held = np.flatnonzero(side.buyer == place)
    return Known(
        row=row,
        place=place,
        theirs=slice(m, m + n) if row < m else slice(0, m),
        value=side.value[place : place + 1].copy(),
        buyer=np.zeros(len(held), dtype=np.intp),
        seller=side.seller[held],
        capped=side.capped[held],
        buyer_idle=side.buyer_idle[place : place + 1].copy(),
        total=total,
    )


def both_sides(
    bargain: Bargain, proposals: Array, operator: Callable[..., tuple[Array, Array]], *extra: float | None
) -> Array:
    """Apply operator(own, others, side's bargain, …) to the buyers' and to the sellers' rows; a new array.

    own: each agent's own claim, shape (rows,); others: what it proposes for the other side, shape (rows, other side).
    """
    m = len(bargain.buyer_idle)
    after = proposals.copy()
    for side, mine, theirs in ((bargain, slice(0, m), slice(m, None)), (bargain.mirrored, slice(m, None), slice(0, m))):
        own = np.diagonal(proposals)[mine]
        if len(own):
            left, rest = operator(own, proposals[mine, theirs], side, *extra)
            after[mine, theirs] = rest
            number = np.arange(len(proposals))[mine]
            after[number, number] = left
    return after


def _spread(proposals, mean):
    return float(np.max(np.abs(proposals - mean), initial=0.0))
