"""Players at the table: each one's own days, its best answers, and what it could still gain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.aggregator.days.block import whole
from market.aggregator.days.day import Day
from market.aggregator.days.fair import LAST_GAIN, FairDay, best_found, best_of, eased, fair_day
from market.aggregator.days.fair_player import Fair
from market.aggregator.days.outcome import DayOutcome, answered, gains_of
from market.aggregator.days.outlay import prices_at
from market.aggregator.days.party import Party
from market.aggregator.days.replies import best_days, nearest_plan, payoffs, plan_near, replies
from market.arrays import Array, Integers

ANSWER_STEPS = 100  # of a fair player's answer, which ends by itself long before
SETTLING = 1e-4  # of what a fair player moves: an answer nearer than that is looked for elsewhere too
MOST_TRIES = 3  # of that
OTHERS_MOVED = 0.01  # of the others' loads: moved further, an answer that was found elsewhere is looked for anew
CROSSED = (1e-12, 1e-8)  # gains, from what can be told on, for which no valley is crossed
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

        A fair player's is the best that steps from the present one find. Where these all but stay, other starts are
        tried too, a few times only: what one player finds there may be undone by what others find next.
        """
        if not self.welfare(j):
            return self._fair_reply(j, others, plan, steps)
        party = self.party(j)
        found = replies(party, self.day.prices, others[None], self.unit(j), plan).plan
        held, gained = (payoffs(party, self.day.prices, others[None], one)[0] for one in (plan, found))
        turned = abs(held) + float(np.sum(np.abs(party.worth(plan))))
        return found if gained >= held - SAME * turned else plan

    def _fair_reply(self, j, others, plan, steps):
        fair = self.fair(j, others)
        near = fair_day(fair, plan, steps=steps, weights=self._weights.get(j))
        best = near if _worth_going(fair, near.plan, plan) else near._replace(plan=plan)
        held, there = (self.purchase(j, one) for one in (plan, best.plan))
        stays = np.max(np.abs(there - held)) <= SETTLING * np.sum(np.abs(there))
        if stays and self._tries.get(j, 0) < MOST_TRIES and not self._known_elsewhere(j, others):
            self._tries[j] = self._tries.get(j, 0) + 1
            best = best_of(fair, [best, self.elsewhere(j, fair, best.plan)])
        self._weights[j] = best.weights
        return best.plan

    def elsewhere(self, j: int, fair: Fair, plan: Array) -> FairDay:
        """The best day of a fair player that is found from other starts than its plan: what plain sums would do, its
        users' best days at the price as it is, and at one at which nobody consumes (so that nobody is priced out at
        first), or with max-min what less equal objectives would do; found anew from where it was when the others had
        much the same loads."""
        if self._known_elsewhere(j, fair.others):
            known = self._elsewhere[j][1]
            return fair_day(fair, known.plan, weights=known.weights)
        welfare = replies(fair.party, fair.rules, fair.others[None], fair.energy, plan).plan
        price = prices_at(fair.rules, fair.others + self.purchase(j, plan))
        dear = np.full(fair.party.periods, fair.steepness)
        last = eased(fair, welfare) if fair.equal else best_days(fair.party, dear, fair.energy)
        found = best_found(fair, [welfare, best_days(fair.party, price, fair.energy), last])
        self._elsewhere[j] = fair.others.copy(), found
        return found

    def _known_elsewhere(self, j, others):
        """Was a day elsewhere looked for when the others had much the same loads?"""
        if j not in self._elsewhere:
            return False
        moved = np.max(np.abs(others - self._elsewhere[j][0]))
        return bool(moved <= OTHERS_MOVED * np.max(np.abs(others)))

    @cached_property
    def _weights(self):
        return {}

    @cached_property
    def _tries(self):
        return {}

    @cached_property
    def _elsewhere(self):
        return {}

    def price_taking(self, j: int, price: Array) -> Array:
        """The plan in which player j's users live their best days at given prices, shape (periods,)."""
        return best_days(self.party(j), price, self.day.energy_unit)

    def nearest(self, j: int, others: Array, y: Array) -> Array:
        """Player j's plan whose purchases are nearest to y, shape (periods,), shared as it likes best."""
        fair = self.fair(j, others)
        plan = plan_near(fair.party, y, fair.energy)
        return plan if self.welfare(j) else fair_day(fair, plan, fixed=True).plan

    def split(self, j: int, others: Array, y: Array) -> Array | None:
        """Player j's plan with purchases y, shape (periods,), shared as it likes best; None where it cannot buy so."""
        fair = self.fair(j, others)
        plan = nearest_plan(fair.party, y, fair.energy)
        if plan is None:
            return None
        if self.welfare(j):
            return plan
        return fair_day(fair, plan, fixed=True).plan


def _worth_going(fair, there, plan):
    """Is a day, about as good or better, worth leaving the present one for? Not for little where days between are worse
    than on the straight line: of two local optima next to each other players would take now one, now the other."""
    gain, half = (fair.gain(plan + share * (there - plan), plan) for share in (1.0, 0.5))
    across = half < gain / 2 and CROSSED[0] < gain < CROSSED[1]
    return gain > -LAST_GAIN and not across


def certified(seats: Seats, outcome: DayOutcome) -> DayOutcome:
    """The outcome with its gap. Plain sums by reply programmes on another solver; fair players by a search from their
    present day, their welfare day and the day at present prices: proven is false where there are such."""
    day, others = seats.day, outcome.load - outcome.y
    plain = np.array([seats.welfare(j) for j in range(day.players)])
    regrets, sure = np.zeros(day.players), plain.copy()
    if np.any(plain):
        best = answered(day, outcome)
        held = payoffs(day.party, day.prices, others, outcome.plan)
        gained = np.maximum(best.payoff - held, 0.0) / gains_of(day, outcome)
        regrets, sure = np.where(plain, gained, 0.0), plain & best.sure
    for j in np.flatnonzero(~plain):
        regrets[j] = _fair_regret(seats, int(j), others[j], outcome)
    return replace(outcome, gap=float(np.max(regrets)), regrets=regrets, proven=bool(np.all(sure)))


def _fair_regret(seats, j, others, outcome):
    """What a search finds that a fair player could gain, as a share."""
    fair, plan = seats.fair(j, others), outcome.plan[seats.columns(j)]
    found = (fair_day(fair, plan), seats.elsewhere(j, fair, plan))
    best = best_of(fair, found).plan
    if not fair.equal and np.min(fair.surplus(best)) + fair.objective.offset <= 0:
        return np.inf
    return max(fair.regret(best, plan), 0.0)
