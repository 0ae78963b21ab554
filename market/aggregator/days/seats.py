"""Players at the table: each one's own days, its best answers, and what it could still gain."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.aggregator.days.day import Day
from market.aggregator.days.fair import REACH_GROWTH, FairDay, best_of, eased, fair_day, held_back
from market.aggregator.days.fair_player import Fair
from market.aggregator.days.moment import best_purchase, certified_moment, moment_of, shared
from market.aggregator.days.outcome import DayOutcome, answered
from market.aggregator.days.outlay import prices_at
from market.aggregator.days.party import Party
from market.aggregator.days.replies import best_days, nearest_plan, payoffs, plan_near, replies
from market.aggregator.game import Game
from market.arrays import Array, Integers

NEARLY_STAYS = 1e-4  # of what a fair player moves: an answer nearer than that is looked for elsewhere too
MOST_CROSSED = 3  # times that a fair player goes over to a day beyond a valley
OTHERS_MOVED = 0.01  # of the others' loads: moved further, an answer that was found elsewhere is looked for anew
GAIN_ROUNDING = 1e-12  # a gain that is no rounding
LOSS_ROUNDING = 1e-13  # of what a day turns over: a loss below it is rounding


@dataclass(eq=False)
class _Known:
    """What a fair player's answers leave behind: weights and reach for the next, how often it crossed a valley, and the
    best day found from other starts beside the others' loads then."""

    weights: Array | None = None
    reach: float = np.inf
    crossed: int = 0
    others: Array | None = None
    found: FairDay | None = None

    def beside(self, others: Array) -> bool:
        """Was a day elsewhere looked for when the others had much the same loads?"""
        if self.others is None:
            return False
        return bool(np.max(np.abs(others - self.others)) <= OTHERS_MOVED * np.max(np.abs(others)))


@dataclass(frozen=True, eq=False)
class Seats:
    """A day's players one by one; a plan of player j is the part of everybody's plan that its users own.

    enough: where fair players' answers end, see `fair_day`; searches: do they look for better days elsewhere?
    """

    day: Day
    enough: float = 0.0
    searches: bool = True

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

    def purchase(self, j: int, plan: Array) -> Array:
        """What player j buys in each period with a plan of its own, shape (periods,)."""
        return np.sum(self.party(j).purchases(plan), axis=0)

    def fair(self, j: int, others: Array) -> Fair:
        """Player j against the others' loads, shape (periods,)."""
        day, (block, _) = self.day, self.day.where(j)
        alone = day.alone[day.party.starts[j] :][: day.party.sizes[j]]
        return Fair(self.party(j), day.prices, others, day.blocks[block].objective, alone, day.energy_unit)

    def reply(self, j: int, others: Array, plan: Array) -> Array:
        """Player j's best day against the others' loads (periods,), its present plan where that is worse.

        A fair player's is the best that steps from the present one find. Where these all but stay, other starts are
        tried too. What one player finds across a valley may be undone by what others find next:
        after a few times its steps stay on its side.
        """
        if self.moment is not None:
            return self._moment_reply(j, others, plan)
        if not self.welfare(j):
            return self._fair_reply(j, others, plan)
        party = self.party(j)
        found = replies(party, self.day.prices, others[None], self.day.unit(j), plan).plan
        held, gained = (payoffs(party, self.day.prices, others[None], one)[0] for one in (plan, found))
        turned = abs(held) + float(np.sum(np.abs(party.worth(plan))))
        return found if gained >= held - LOSS_ROUNDING * turned else plan

    @cached_property
    def moment(self) -> Game | None:
        """The market without days that the day is, None where it is none."""
        return moment_of(self.day)

    def _moment_reply(self, j, others, plan):
        game, beside = self.moment, max(float(others[0] - self.day.background[0]), 0.0)
        y = best_purchase(game, j, beside, float(self.purchase(j, plan)[0]))
        if y is None:
            return plan
        return shared((game.player(j),), self.party(j), float(game.price.value(beside + y)), np.array([y]))

    def cleared(self, plan: Array) -> Array:
        """Everybody's plan once prices are known: in the market without days purchases are shared at that price."""
        if self.moment is None:
            return plan
        party, game = self.day.party, self.moment
        y = party.by_player(party.purchases(plan))[:, 0]
        return shared(game.blocks, party, float(game.price.value(float(np.sum(y)))), y)

    def _fair_reply(self, j, others, plan):
        fair, known = self.fair(j, others), self._known[j]
        best = fair_day(fair, plan, reach=known.reach, weights=known.weights, enough=self.enough)
        if not fair.equal and _across(fair, best.plan, plan):
            best = best if known.crossed < MOST_CROSSED else fair_day(fair, plan, reach=0.0, enough=self.enough)
            known.crossed += 1
        held, there = (self.purchase(j, one) for one in (plan, best.plan))
        stays = np.max(np.abs(there - held)) <= NEARLY_STAYS * np.sum(np.abs(there))
        if self.searches and stays and known.crossed < MOST_CROSSED and not known.beside(others):
            other = self.elsewhere(j, fair, best.plan)
            if fair.gain(other.plan, best.plan) > GAIN_ROUNDING:
                known.crossed, best = known.crossed + 1, other
        known.weights = best.weights
        known.reach = REACH_GROWTH * float(np.max(np.abs(best.plan - plan))) / fair.energy
        return best.plan

    def elsewhere(self, j: int, fair: Fair, plan: Array) -> FairDay:
        """The best day of a fair player that is found from other starts than its plan: what plain sums would do, its
        users' best days at the price as it is, and near those at one at which nobody consumes (so that nobody is priced
        out at first), or with max-min what less equal objectives would do; found anew from where it was when the
        others had much the same loads."""
        known = self._known[j]
        if known.beside(fair.others):
            return fair_day(fair, known.found.plan, weights=known.found.weights)
        welfare = replies(fair.party, fair.rules, fair.others[None], fair.energy, plan).plan
        price = prices_at(fair.rules, fair.others + self.purchase(j, plan))
        if fair.equal:
            begun = [eased(fair, welfare)]
        else:
            least = best_days(fair.party, np.full(fair.party.periods, fair.steepness), fair.energy)
            begun = [welfare, best_days(fair.party, price, fair.energy), held_back(fair, plan, least)]
        known.others, known.found = fair.others.copy(), best_of(fair, [fair_day(fair, start) for start in begun])
        return known.found

    @cached_property
    def _known(self):
        return defaultdict(_Known)

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


def _across(fair, there, plan):
    """Is a better day beyond a valley, days between being worse than on the straight line?"""
    gain, half = (fair.gain(plan + share * (there - plan), plan) for share in (1.0, 0.5))
    return gain > GAIN_ROUNDING and half < gain / 2


def certified(seats: Seats, outcome: DayOutcome) -> DayOutcome:
    """The outcome with its gap. Plain sums by reply programmes on another solver; fair players by a search from their
    present day and elsewhere, with max-min from their welfare day too: proven is false where there are such. What is
    the market without days is proven as there."""
    if seats.moment is not None:
        return certified_moment(seats.moment, outcome)
    day, others = seats.day, outcome.load - outcome.y
    plain = np.array([seats.welfare(j) for j in range(day.players)])
    regrets, sure = np.zeros(day.players), plain.copy()
    if np.any(plain):
        gained, best = answered(day, outcome)
        regrets, sure = np.where(plain, gained, 0.0), plain & best.sure
    for j in np.flatnonzero(~plain):
        regrets[j] = _fair_regret(seats, int(j), others[j], outcome)
    return replace(outcome, gap=float(np.max(regrets)), regrets=regrets, proven=bool(np.all(sure)))


def _fair_regret(seats, j, others, outcome):
    """What a search finds that a fair player could gain, as a share."""
    fair, plan = seats.fair(j, others), outcome.plan[seats.columns(j)]
    found = [fair_day(fair, plan), seats.elsewhere(j, fair, plan)]
    if fair.equal:  # from elsewhere it comes by less equal objectives only
        welfare = replies(fair.party, fair.rules, fair.others[None], fair.energy, plan).plan
        found.append(fair_day(fair, welfare))
    best = best_of(fair, found).plan
    if not fair.equal and np.min(fair.surplus(best)) + fair.objective.offset <= 0:
        return np.inf
    return max(fair.regret(best, plan), 0.0)
