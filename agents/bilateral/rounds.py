"""Rounds of negotiation in which buyers and sellers decide one by one, each on what it may know.

The protocol of a round, who meets whom and what is told, is the rule's own; a rule whose agents decide as shipped gives
the bits of its `round` on arrays.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from agents.bilateral.views import Asks, Averaged, CapacityLeft, GiveWay, Meeting, Met, Raise
from agents.market_model import shown
from agents.seats import Guest, SeatError
from market.arrays import LARGEST, answered
from market.bilateral.core import counter_offers, rounding
from market.bilateral.negotiation import Bilateral, Corner
from market.bilateral.negotiation.bilateral import disjoint, half_way, next_sellers
from market.bilateral.negotiation.consensus import Consensus
from market.bilateral.negotiation.corner import asked_for, best_offers
from market.bilateral.negotiation.negotiation import claimed_over
from market.bilateral.settlement import claims_are_money

CLAIM = f"a claim from 0 to {LARGEST:g}, or None to leave it as it is,"


class Table:
    """Who sits behind each row of a bargain's claims while a period is negotiated.

    who: players by side and row; number: theirs among all agents; spoke: who has decided something; period: None where
    there is only one.
    """

    def __init__(self, rule, bargain, sides, blocks=None, period=None):
        """sides: {"buyer", "seller": players by place}; blocks: whose block each row is, where they are priced."""
        self.rule, self.bargain, self.period = rule, bargain, period
        rows = {side: slice(None) if blocks is None else getattr(blocks, side) for side in sides}
        self.number = {
            side: np.array([player.seat.place for player in players], dtype=np.intp)[rows[side]]
            for side, players in sides.items()
        }
        self.who = {
            side: players if blocks is None else [players[place] for place in rows[side].tolist()]
            for side, players in sides.items()
        }
        self.spoke = {side: np.zeros(len(players), dtype=bool) for side, players in self.who.items()}
        self.by_money, market = claims_are_money(bargain), bargain.market
        self.worth, self.cost, self.quantity = market.worth, market.cost, market.quantity
        whole = isinstance(rule, Consensus)
        self.known = [rule.known(bargain, row) for row in range(sum(bargain.value.shape))] if whole else None

    def round(self, state, rng):
        """The state after one more round, decided by the players. Raises SeatError where one decides nonsense."""
        kind = next(kind for kind in ROUNDS if isinstance(self.rule, kind))
        return ROUNDS[kind](self, state, rng)

    def claimed(self, state):
        """(Players, marks of who has decided something, what they claim for themselves) of each side's rows."""
        u, v = state.u, state.v
        if isinstance(self.rule, Consensus):
            own = np.diagonal(state.memory)
            u, v = own[: len(u)], own[len(u) :]
        return [(self.who[side], self.spoke[side], claims) for side, claims in (("buyer", u), ("seller", v))]

    def claim(self, side, row, view, least=0.0):
        """What a player decides on a view: a claim of at least so much, or None. Raises SeatError."""
        answer = self.decided(side, row, view)
        if answer is None:
            return None
        claim = as_float(answer)
        if not least <= claim <= LARGEST:
            raise self.refused(side, row, view, answer, CLAIM)
        self.spoke[side][row] = True
        return claim

    def proposal(self, row, view, agents):
        """What a player decides on a view: a whole proposal (agents,), or None. Raises SeatError."""
        side, place = self.at(row)
        answer = self.decided(side, place, view)
        if answer is None:
            return None
        given = as_floats(answer)
        if given.shape != (agents,) or not np.all(np.abs(given) <= LARGEST):
            raise self.refused(side, place, view, answer, f"a proposal of {agents} numbers, or None to keep it,")
        self.spoke[side][place] = True
        return given

    def decided(self, side, row, view):
        """What a player answers to a view, whatever it is."""
        player = self.who[side][row]
        player.observe(view)
        return player.decide()

    def refused(self, side, row, view, answer, needed):
        """What is said of an answer nobody can act on."""
        player = self.who[side][row]
        name = type(player.mind if isinstance(player, Guest) else player).__name__
        when = f"round {view.round}" if self.period is None else f"period {self.period}, round {view.round}"
        return SeatError(f"{when}: {name} of {player.seat} decided {shown(answer)}; {needed} is needed")

    def at(self, row):
        """(Side, row of the side) of a row of whole proposals, buyers first."""
        m = len(self.who["buyer"])
        return ("buyer", row) if row < m else ("seller", row - m)

    def prices(self, i, j, u, v):
        """(Energy a claim stands for, bid, ask) of a pair: kWh, money per kWh."""
        energy = float(self.quantity[i, j]) if self.by_money else 1.0
        return energy, float(self.worth[i, j] - u[i] / energy), float(self.cost[j] + v[j] / energy)

    def meet(self, number, i, j, u, v, gap, half=None):
        """A buyer and a seller decide their claims; changes u, v, unless one leaves. Do both stay?"""
        energy, bid, ask = self.prices(i, j, u, v)
        idle = bool(self.bargain.buyer_idle[i]), bool(self.bargain.seller_idle[j])
        pair = ("buyer", i, u, self.worth[i, j]), ("seller", j, v, self.cost[j])
        answers = []
        for k, (side, row, claims, reserve) in enumerate(pair):
            view = Meeting(
                round=number + 1,
                contract=half is not None,
                other=int(self.number[pair[1 - k][0]][pair[1 - k][1]]),
                claim=float(claims[row]),
                energy=energy,
                reserve=float(reserve),
                bid=bid,
                ask=ask,
                gap=float(gap),
                half=None if half is None else float(half[k]),
                idle=idle[k],
                alone=idle[1 - k],
                relaxation=self.rule.relaxation,
            )
            answers.append(self.claim(side, row, view))
        agreed = None not in answers
        if agreed:
            u[i], v[j] = answers
        _, bid, ask = self.prices(i, j, u, v)
        for k, (side, row, claims, _) in enumerate(pair):
            other = int(self.number[pair[1 - k][0]][pair[1 - k][1]])
            heard = Met(number + 1, half is not None, other, agreed, float(claims[row]), bid, ask)
            self.who[side][row].hear(heard)
        return agreed

    def seller_sought(self, number, i, left):
        """Row of the seller a buyer wants to meet, what each leaves it being left (n,); None for nobody."""
        buyer = self.who["buyer"][i]
        told = np.where(left == -np.inf, left, np.maximum(left, 0.0))
        asks = Asks(number + 1, self.number["seller"].copy(), told)
        if not hasattr(buyer, "approach"):
            return asks.reply()
        row = buyer.approach(asks)
        if row is None:
            return None
        fine = isinstance(row, int | np.integer) and not isinstance(row, bool) and 0 <= row < len(left)
        if not fine or left[row] == -np.inf:
            raise self.refused("buyer", i, asks, row, "the place of a seller it hears, or None,")
        return int(row)


def as_float(answer: Any) -> float:
    """An answer as a number, NaN where it is none or too large for one."""
    if isinstance(answer, bool) or not isinstance(answer, Real):
        return math.nan
    try:
        return float(answer)
    except OverflowError:
        return math.nan


def as_floats(answer: Any) -> np.ndarray:
    """An answer as an array of numbers, a single NaN where it is none."""
    given = answered(answer)
    return np.array(math.nan) if given is None or given.dtype.kind == "b" else given.astype(float)


def bilateral_round(table, state, rng):
    """A round of meetings, see Bilateral."""
    rule, bargain, u, v = table.rule, state.bargain, state.u.copy(), state.v.copy()
    pairs = rule.network.pairs(state.plan[0], state.round, rng)
    meetings = one_after_another if rule.schedule == "sequential" else all_at_once
    met, told = meetings(table, state, u, v, pairs, rule.network.arrives(len(u), rng))
    spread = float(np.max(np.abs(claimed_over(bargain, u, v)), initial=0.0))
    heard = rule.network.arrives(len(bargain), rng)
    for contract in (int(contract) for group in state.plan[1] for contract in group[heard[group]]):
        i, j, value = bargain.buyer[contract], bargain.seller[contract], bargain.contract_value[contract]
        idle = bargain.buyer_idle[i], bargain.seller_idle[j]
        half = half_way(u[i], v[j], value, *idle, bargain.capped[contract])
        table.meet(state.round, i, j, u, v, value - v[j] - u[i], half)
    for side, claims, idle in (("buyer", u, bargain.buyer_idle), ("seller", v, bargain.seller_idle)):
        for row in np.flatnonzero(idle).tolist():
            answer = table.claim(side, row, CapacityLeft(state.round + 1, float(claims[row])))
            claims[row] = claims[row] if answer is None else answer
    return rule.after(state, u, v, spread, np.array(met, dtype=np.intp).reshape(-1, 2), told)


def one_after_another(table, state, u, v, pairs, arrives):
    """Each buyer's meeting with the claims the ones before left; changes u, v. Returns (met, scalars told)."""
    rule, values, met, told = table.rule, state.bargain.outside_value, [], 0
    if not len(v):
        return met, told
    for i in range(len(u)):
        left = values[i] - v if pairs is None else np.where(pairs[i], values[i] - v, -np.inf)
        j = sought(table, state, i, left)
        if j is None or left[j] == -np.inf:
            continue
        gap = left[j] - u[i]
        told += 2 * (rule.meeting == "cyclic" or gap > 0)
        able = gap > 0 and arrives[i] and not (state.bargain.buyer_idle[i] and state.bargain.seller_idle[j])
        if able and table.meet(state.round, i, j, u, v, gap):
            met.append((i, j))
    return met, told + rule.posted(values, pairs)


def sought(table, state, i, left):
    """Row of the seller that a buyer meets, None for nobody."""
    if table.rule.meeting == "worst":
        return None if np.all(left == -np.inf) else table.seller_sought(state.round, i, left)
    j = (i + state.round) % max(len(left), len(state.u))
    return j if j < len(left) else None


def all_at_once(table, state, u, v, pairs, arrives):
    """All buyers' meetings, no two of which share an agent; changes u, v. Returns (met, scalars told)."""
    rule, bargain, met = table.rule, state.bargain, []
    if not bargain.value.size:
        return met, 0
    told = rule.posted(bargain.value, pairs)
    if rule.meeting == "cyclic":
        j, left = next_sellers(bargain, v, pairs, state.round)
        told += 2 * int(np.sum(left > -np.inf))
    else:
        there = bargain.outside_value - v if pairs is None else np.where(pairs, bargain.outside_value - v, -np.inf)
        rows = [sought(table, state, i, row) for i, row in enumerate(there)]
        j = np.array([0 if row is None else row for row in rows], dtype=np.intp)
        left = np.array([-np.inf if row is None else there[i, row] for i, row in enumerate(rows)])
    gap = left - u
    buyers = disjoint(j, gap)
    told += 2 * len(buyers) * (rule.meeting == "worst")
    for i in buyers[arrives[buyers]].tolist():
        if table.meet(state.round, i, int(j[i]), u, v, gap[i]):
            met.append((i, int(j[i])))
    return met, told


def consensus_round(table, state, rng):
    """A round of whole proposals, see Consensus."""
    links, averages = table.rule.averages(state, rng)
    tools, proposals = state.plan[1], state.memory.copy()
    for row, average in enumerate(averages):
        tool = None if tools is None else tools[row]
        last = state.memory[row].copy()
        view = Averaged(state.round + 1, average.copy(), last, table.known[row], table.rule, tool)
        answer = table.proposal(row, view, len(averages))
        proposals[row] = proposals[row] if answer is None else answer
    return table.rule.after(state, links, proposals)


def corner_round(table, state, rng):
    """A round of both corners' raising, see Corner."""
    parts = (state.bargain, "seller", "buyer"), (state.bargain.mirrored, "buyer", "seller")
    told = zip(parts, state.memory, table.rule.heard(state, rng), strict=True)
    sides = tuple(raised_by(table, state.round, *part, side, heard) for part, side, heard in told)
    return table.rule.after(state, sides)


def raised_by(table, number, bargain, raising, giving, side, heard):
    """One corner's Asking after a round; raising, giving: the sides of those who raise claims and of the others."""
    best, little = best_offers(bargain, side, heard), rounding(bargain)
    risen, left = side.v.copy(), None
    for row, (claim, offer, idle) in enumerate(zip(side.v, best.offers, bargain.seller_idle, strict=True)):
        view = Raise(number + 1, giving, float(claim), float(offer), bool(idle), little)
        answer = table.claim(raising, row, view)
        risen[row] = claim if answer is None else answer
    left = counter_offers(bargain, risen)
    for row, (claim, most) in enumerate(zip(side.u, left.copy(), strict=True)):
        view = GiveWay(number + 1, giving, float(claim), float(most))
        answer = table.claim(giving, row, view, min(view.left, 0.0))
        left[row] = claim if answer is None else answer
    return asked_for(bargain, side, best, risen, left)


ROUNDS: dict[type, Any] = {Bilateral: bilateral_round, Consensus: consensus_round, Corner: corner_round}


def check_rule(rule):
    """Raise SeatError where a rule's agents cannot decide one by one."""
    alone = isinstance(rule, Consensus) and type(rule).answer is Consensus.answer
    if alone or not isinstance(rule, tuple(ROUNDS)):
        raise SeatError(
            f"players: agents of the rule {type(rule).__name__} cannot decide one by one; take another rule"
        )
