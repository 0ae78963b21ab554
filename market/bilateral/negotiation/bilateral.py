"""Bilateral negotiation: one claim an agent, meetings of two at which a bid and an ask are told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from market.arrays import Array, Integers, Mask, Numbers
from market.bilateral.bargain import Bargain
from market.bilateral.core import violation_without_pairs
from market.bilateral.ledger import Knowledge
from market.bilateral.market import MarketError
from market.bilateral.negotiation.negotiation import MEETINGS, Negotiation, State, claimed_over, opening
from market.bilateral.negotiation.shortlist import Best, best_outside, largest
from market.parameters import parameter

SCHEDULES = ("sequential", "disjoint")
AGREED_BIDS = 4 * np.finfo(float).eps  # share of a contract's value


@dataclass(frozen=True)
class Bilateral(Negotiation):
    """Scalar claims, moved by meetings of a buyer and a seller; alternating projections onto the core's half-spaces.

    (docs/bilateral/model.md, Negotiation: who tells whom what)
    A round: 1. Every buyer meets a seller it holds no contract with: the one that leaves it most at the asks it hears
    (meeting "worst"), or the next in turn ("cyclic"). Where the bid exceeds the ask both raise their claim by
    relaxation × half the gap; where one can claim nothing the other takes all. 2. Partners move to the price half-way
    between bid and ask. 3. Agents with capacity left claim nothing.
    schedule "sequential": buyers one after another; "disjoint": all at once, each seller with the buyer of the largest
    gap only, so that no two meetings share an agent (the schedule for large markets).
    """

    schedule: str = parameter(
        default="sequential", type="choice", range=SCHEDULES, meaning="one buyer after another, or many"
    )
    meeting: str = parameter(default="worst", type="choice", range=MEETINGS, meaning="whom a buyer meets")

    def __post_init__(self):
        super().__post_init__()
        for name, allowed in (("schedule", SCHEDULES), ("meeting", MEETINGS)):
            if getattr(self, name) not in allowed:
                raise MarketError(f"{name}={getattr(self, name)!r} is not one of {', '.join(allowed)}")

    @property
    def ledger(self) -> tuple[Knowledge, ...]:
        told = (
            Knowledge("buyer", "the seller it meets", "its bid, a price", "in each meeting"),
            Knowledge("seller", "the buyer it meets", "its ask, a price", "in each meeting"),
            Knowledge("partners", "each other", "bid and ask, prices", "in each round"),
        )
        if self.meeting == "cyclic":
            return told
        return (Knowledge("seller", "every buyer that hears it", "its ask, a price", "in each round"), *told)

    def start(
        self, bargain: Bargain, rng: np.random.Generator | None = None, claims: tuple[Array, Array] | None = None
    ) -> State:
        u, v = self.first_claims(bargain, claims)
        plan = self.network.plan_pairs(len(u), len(v), rng)
        return opening(self, bargain, u, v, (plan, batches(bargain)))

    def round(self, state: State, rng: np.random.Generator | None = None) -> State:
        bargain, u, v = state.bargain, state.u.copy(), state.v.copy()
        pairs = self.network.pairs(state.plan[0], state.round, rng)
        meet = self._one_by_one if self.schedule == "sequential" else self._at_once
        met, told = meet(state, u, v, pairs, self.network.arrives(len(u), rng))
        spread = float(np.max(np.abs(claimed_over(bargain, u, v)), initial=0.0))
        agree(bargain, u, v, state.plan[1], self.network.arrives(len(bargain), rng))
        u[bargain.buyer_idle] = 0.0
        v[bargain.seller_idle] = 0.0
        return self.after(state, u, v, spread, met, told)

    def after(self, state: State, u: Array, v: Array, spread: float, met: Integers, told: int) -> State:
        """The state after a round that left claims u, v; spread: partners' disagreement before they met.

        met: pairs that changed claims outside their contracts, (meetings, 2); told: scalars sent beside partners' own.
        """
        bargain, best = state.bargain, best_outside(state.bargain, v, state.memory)
        gap = np.max(best.left - u, initial=0.0)
        violation = max(float(gap), violation_without_pairs(bargain, u, v))
        return replace(
            state,
            u=u,
            v=v,
            violation=violation,
            spread=spread,
            status=self.status(state, violation, 0.0),
            round=state.round + 1,
            messages=state.messages + told + 2 * len(bargain),
            met=met,
            memory=best,
        )

    def _one_by_one(self, state, u, v, pairs, arrives):
        """Buyers in order, each meeting with the claims the ones before left; changes u, v. Returns (met, told)."""
        bargain, met, told = state.bargain, [], 0
        if not len(v):
            return np.empty((0, 2), dtype=np.intp), 0
        values, size = bargain.outside_value, max(len(u), len(v))
        idle_u, idle_v = bargain.buyer_idle.tolist(), bargain.seller_idle.tolist()
        for i in range(len(u)):
            if self.meeting == "worst":
                left = values[i] - v if pairs is None else np.where(pairs[i], values[i] - v, -np.inf)
                j = int(left.argmax())
            else:
                j = (i + state.round) % size
                if j >= len(v) or values[i, j] == -np.inf or (pairs is not None and not pairs[i, j]):
                    continue
                told += 2
            gap = values[i, j] - v[j] - u[i] if pairs is None or pairs[i, j] else 0.0
            if gap <= 0:
                continue
            told += 2 * (self.meeting == "worst")
            if arrives[i] and not (idle_u[i] and idle_v[j]):
                share = rise(self.relaxation * gap, idle_u[i] or idle_v[j])
                u[i] += 0.0 if idle_u[i] else share
                v[j] += 0.0 if idle_v[j] else share
                met.append((i, j))
        return np.array(met, dtype=np.intp).reshape(-1, 2), told + self.posted(values, pairs)

    def _at_once(self, state, u, v, pairs, arrives):
        """All buyers together, each seller with the buyer of the largest gap; changes u, v. Returns (met, told)."""
        bargain = state.bargain
        if not bargain.value.size:
            return np.empty((0, 2), dtype=np.intp), 0
        told = self.posted(bargain.value, pairs)
        if self.meeting == "cyclic":
            j, left = next_sellers(bargain, v, pairs, state.round)
            told += 2 * int(np.sum(left > -np.inf))
        else:
            j, left = worst_sellers(bargain, v, pairs, state.memory)
        gap = left - u
        i = disjoint(j, gap)
        told += 2 * len(i) * (self.meeting == "worst")
        i = i[arrives[i]]
        close(bargain, u, v, i, j[i], self.relaxation * gap[i])
        return np.stack([i, j[i]], axis=1), told

    def posted(self, values: Array, pairs: Mask | None) -> int:
        """Asks sellers post in a round, one for each buyer that hears them."""
        if self.meeting == "cyclic":
            return 0
        return values.size if pairs is None else int(pairs.sum())


def worst_sellers(bargain: Bargain, v: Array, pairs: Mask | None, known: Best | None) -> tuple[Integers, Array]:
    """(Seller, what it leaves) of each buyer where it is left most among the pairs that can meet, shapes (m,)."""
    if pairs is not None:
        return largest(np.where(pairs, bargain.outside_value - v, -np.inf))
    best = best_outside(bargain, v) if known is None else known
    return best.seller, best.left


def next_sellers(bargain: Bargain, v: Array, pairs: Mask | None, number: int) -> tuple[Integers, Array]:
    """(Seller, what it leaves) of each buyer, the sellers in turn; −∞ where there is none to meet, shapes (m,)."""
    m, n = bargain.value.shape
    buyer = np.arange(m)
    j = (buyer + number) % max(m, n)
    able = j < n
    j[~able] = 0
    if pairs is not None:
        able &= pairs[buyer, j]
    return j, np.where(able, bargain.outside_value[buyer, j] - v[j], -np.inf)


def disjoint(j: Integers, gap: Array) -> Integers:
    """Buyers who meet the seller they look for, j (m,): of each seller's the one of the largest gap (m,) above 0."""
    i = np.flatnonzero(gap > 0)
    i = i[np.argsort(-gap[i], kind="stable")]
    return i[np.unique(j[i], return_index=True)[1]]


def rise(gap: Numbers, alone: Mask | bool) -> Numbers:
    """How much a claim rises to close a gap: half of it, all of it where the other can claim nothing (`alone`)."""
    return gap / (2 - alone)


def close(bargain: Bargain, u: Array, v: Array, i: Integers, j: Integers, gap: Array) -> None:
    """Raise both claims u (m,), v (n,) of pairs i, j, no agent in two, by half of gap, in place.

    Where one is idle the other rises by all of it. i, j, gap: shape (pairs,).
    """
    share = rise(gap, bargain.buyer_idle[i] | bargain.seller_idle[j])
    u[i] += np.where(bargain.buyer_idle[i], 0.0, share)
    v[j] += np.where(bargain.seller_idle[j], 0.0, share)


def batches(bargain: Bargain) -> list[Integers]:
    """Numbers of the contracts in groups that share no agent, each group's partners can meet at once."""
    taken: dict[int, set[int]] = {}
    groups: list[list[int]] = []
    for contract, ends in enumerate(zip(bargain.buyer.tolist(), (~bargain.seller).tolist(), strict=True)):
        used = taken.setdefault(ends[0], set()) | taken.setdefault(ends[1], set())
        group = next(g for g in range(len(used) + 1) if g not in used)
        taken[ends[0]].add(group)
        taken[ends[1]].add(group)
        if group == len(groups):
            groups.append([])
        groups[group].append(contract)
    return [np.array(group, dtype=np.intp) for group in groups]


def agree(bargain: Bargain, u: Array, v: Array, groups: list[Integers], arrives: Mask) -> None:
    """Partners who disagree move to the half-way price, in place; where one can claim nothing the other takes all."""
    for group in groups:
        group = group[arrives[group]]
        i, j, value = bargain.buyer[group], bargain.seller[group], bargain.contract_value[group]
        idle = bargain.buyer_idle[i], bargain.seller_idle[j]
        u[i], v[j] = half_way(u[i], v[j], value, *idle, bargain.capped[group])


def half_way(
    u: Numbers, v: Numbers, value: Numbers, buyer_idle: Mask | bool, seller_idle: Mask | bool, capped: Mask | bool
) -> tuple[Array, Array]:
    """Partners' claims at the price half-way between bid and ask, (u, v); theirs as they are where they agree.

    u, v: claims; value: the contract's; buyer_idle, seller_idle: who has capacity left, so that the other takes all;
    capped: contracts that may leave some over. Arrays of one shape, or numbers.
    """
    half = np.clip((u + value - v) / 2, 0.0, value)
    half = np.where(seller_idle, value, np.where(buyer_idle, 0.0, half))
    over = u + v - value
    settled = np.where(capped, over <= 0, np.abs(over) <= AGREED_BIDS * value)
    return np.where(settled, u, half), np.where(settled, v, value - half)
