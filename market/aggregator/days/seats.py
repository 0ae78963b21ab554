"""Players at the table: each one's own days, its best answers, and what it could still gain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.aggregator.days.block import whole
from market.aggregator.days.day import Day
from market.aggregator.days.fair import Fair, best_found, fair_day
from market.aggregator.days.outcome import DayOutcome, gains_of
from market.aggregator.days.party import Party
from market.aggregator.days.replies import best_days, nearest_plan, payoffs, replies
from market.arrays import Array, Integers

ANSWER_STEPS = 6  # of a fair player's answer in one round; the next round goes on from there
CERTIFY_STEPS = 24
SAME = 1e-13  # of what a day turns over: a loss below it is rounding


@dataclass(frozen=True, eq=False)
class Seats:
    """A day's players one by one; a plan of player j is the part of everybody's plan that its users own."""

    day: Day

    @cached_property
    def _order(self):
        player = self.day.party.player_of[self.day.party.owner]
        order = np.argsort(player, kind="stable")
        return np.split(order, np.searchsorted(player[order], np.arange(1, self.day.players)))

    @cached_property
    def _parties(self):
        return {}

    def columns(self, j: int) -> Integers:
        """Where player j's plan stands in everybody's."""
        return self._order[j]

    def party(self, j: int) -> Party:
        """The days of player j's users laid out."""
        if j not in self._parties:
            self._parties[j] = Party.of([self.day.player(j)], self.day.clock)
        return self._parties[j]

    def welfare(self, j: int) -> bool:
        """Does player j maximise the plain sum of its users' surpluses?"""
        return self.day.blocks[self.day.where(j)[0]].welfare

    def unit(self, j: int) -> float:
        """A quantity of player j's size, energy."""
        k, number = self.day.where(j)
        return whole(self.day.blocks[k].player(number).parts, self.day.clock) or self.day.energy_unit

    def purchase(self, j: int, plan: Array) -> Array:
        """What player j buys in each period with a plan of its own, shape (periods,)."""
        return np.sum(self.party(j).purchases(plan), axis=0)

    def fair(self, j: int, others: Array) -> Fair:
        """Player j against the others' loads, shape (periods,)."""
        day, (block, _) = self.day, self.day.where(j)
        alone = day.alone[day.party.starts[j] :][: day.party.sizes[j]]
        return Fair(self.party(j), day.prices, others, day.blocks[block].objective, alone, day.energy_unit)

    def reply(self, j: int, others: Array, plan: Array, steps: int = ANSWER_STEPS) -> Array:
        """Player j's best day against the others' loads (periods,), its present plan where that is worse.

        A fair player's is the best that some steps from the present one find.
        """
        if not self.welfare(j):
            fair = self.fair(j, others)
            found, _ = fair_day(fair, plan, steps=steps)
            return found if fair.better(found, plan) else plan
        party = self.party(j)
        found = replies(party, self.day.prices, others[None], self.unit(j), plan).plan
        held, gained = (payoffs(party, self.day.prices, others[None], one)[0] for one in (plan, found))
        turned = abs(held) + float(np.sum(np.abs(party.worth(plan))))
        return found if gained >= held - SAME * turned else plan

    def price_taking(self, j: int, price: Array) -> Array:
        """The plan in which player j's users live their best days at given prices, shape (periods,)."""
        return best_days(self.party(j), price, self.day.energy_unit)

    def split(self, j: int, others: Array, y: Array) -> Array | None:
        """Player j's plan with purchases y, shape (periods,), shared as it likes best; None where it cannot buy so."""
        fair = self.fair(j, others)
        plan = nearest_plan(fair.party, y, fair.energy)
        if plan is None:
            return None
        if self.welfare(j):
            return plan
        return fair_day(fair, plan, fixed=True)[0]


def certified(seats: Seats, outcome: DayOutcome, steps: int = CERTIFY_STEPS) -> DayOutcome:
    """The outcome with its gap. Plain sums by reply programmes on another solver; fair players by a search from their
    present day, their welfare day and the day at present prices: proven is false where there are such."""
    day, others = seats.day, outcome.load - outcome.y
    plain = np.array([seats.welfare(j) for j in range(day.players)])
    regrets, sure = np.zeros(day.players), plain.copy()
    if np.any(plain):
        best = replies(day.party, day.prices, others, day.energy_unit, outcome.plan, solver="clarabel")
        held = payoffs(day.party, day.prices, others, outcome.plan)
        gained = np.maximum(best.payoff - held, 0.0) / gains_of(day, outcome)
        regrets, sure = np.where(plain, gained, 0.0), plain & best.sure
    for j in np.flatnonzero(~plain):
        regrets[j] = _fair_regret(seats, int(j), others[j], outcome, steps)
    return replace(outcome, gap=float(np.max(regrets)), regrets=regrets, proven=bool(np.all(sure)))


def _fair_regret(seats, j, others, outcome, steps):
    """What a search finds that a fair player could gain, as a share."""
    fair, plan = seats.fair(j, others), outcome.plan[seats.columns(j)]
    welfare = replies(fair.party, fair.rules, others[None], fair.energy, plan).plan
    starts = [plan, welfare, best_days(fair.party, outcome.price, fair.energy)]
    found, _ = best_found(fair, starts, steps)
    if not fair.equal and np.min(fair.surplus(found)) + fair.objective.offset <= 0:
        return np.inf
    return max(fair.regret(found, plan), 0.0)
