"""What players who learn over a day know of it: their amounts are whole plans (market/conduct)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.aggregator.days.outcome import DayOutcome, gains_of
from market.aggregator.days.outlay import prices_at, slopes_at
from market.aggregator.days.party import Party
from market.aggregator.days.programme import Programme, solve
from market.aggregator.days.replies import payoffs, replies
from market.aggregator.days.seats import Seats
from market.arrays import Array
from market.conduct.conduct import STEP
from market.conduct.judge import Judge, Judging

FAIR_DAYS = "players who learn over a day maximise the plain sum of surpluses: fair days have no best one that is sure"
LEAST_BEND = 0.1  # of what energy may be worth per unit that is moved: how much a straight payoff counts as bent


class DayLearner:
    """A player who maximises its users' plain sum over a day; place: among all players.

    Its amounts are plans, shape (1, columns), what it sees of others their loads with the background, (1, periods).
    """

    def __init__(self, seats: Seats, place: int) -> None:
        self.seats, self.place = seats, place
        self.party, self.unit = seats.party(place), seats.day.unit(place)

    def start(self, plan: Array, others: Array, rounds: int) -> DayStart:
        """What it knows before the first of so many rounds; plan: its first one, others: loads (periods,)."""
        return DayStart(rounds, self.faced(plan, others), 1 / self._bend(plan, others)[None])

    def faced(self, plan: Array, others: Array) -> FacedDay:
        """A round as the player faced it: its plan, and the others' loads (periods,)."""
        return FacedDay(self, plan, others, self._bend(plan, others))

    def best(self, others: Array, plan: Array) -> Array:
        """Its best plan beside others' loads (periods,), from a present one on."""
        return replies(self.party, self.seats.day.prices, others[None], self.unit, plan).plan

    def payoff(self, others: Array, plan: Array) -> float:
        """What a plan gains beside others' loads (periods,), money."""
        return float(payoffs(self.party, self.seats.day.prices, others[None], plan)[0])

    def payoffs_of(self, others: Array, plan: Array) -> float:
        """What one plan would have gained beside others' loads in many rounds, (rounds, periods), money in all."""
        y = self.seats.purchase(self.place, plan)
        paid = np.sum(prices_at(self.seats.day.prices, others + y) * y)
        return len(others) * float(np.sum(self.party.worth(plan))) - float(paid)

    def told(self, what: str, numbers: Array) -> Array:
        """What of its mind as energy by period: plans as what they buy, others' loads as they are."""
        if what == STEP:
            return np.asarray(self.party.player_load @ numbers)
        return self.seats.purchase(self.place, numbers) if len(numbers) == self.party.columns else numbers

    def _bend(self, plan, others):
        """How fast marginal payoff falls with each column, at most, money per energy², shape (columns,).

        Its own utility's, and twice the price's slope for all that the player's columns may add to a period.
        """
        days, load = self.party.days, self.party.player_load
        slope = slopes_at(self.seats.day.prices, others + self.seats.purchase(self.place, plan))
        moved = abs(load)
        steep = float(np.max(np.abs(days.cost), initial=0.0)) or 1.0
        bend = 2 * days.square + moved.T @ (2 * np.maximum(slope, 0.0) * (moved @ np.ones(self.party.columns)))
        return np.maximum(bend, LEAST_BEND * steep / self.unit)


@dataclass(frozen=True, eq=False)
class DayStart:
    """What a player knows before the first of so many rounds; reach: how far a whole step goes per marginal payoff."""

    rounds: int
    faced: FacedDay
    reach: Array

    def pace(self, share: float) -> Array:
        """How far a step of so large a share goes per marginal payoff, shape (1, columns), energy² per money."""
        return share * self.reach


@dataclass(frozen=True, eq=False)
class FacedDay:
    """A day as one player faced it: see market.conduct.Faced; bend: what distances are measured by, (columns,)."""

    learner: DayLearner
    plan: Array
    others: Array
    bend: Array

    @property
    def own(self) -> Array:
        return self.plan[None]

    @property
    def seen(self) -> Array:
        return self.others[None]

    def marginal(self) -> Array:
        """What a little more of each column would bring, (1, columns): its worth less p + p' y for what it buys."""
        party, rules = self.learner.party, self.learner.seats.day.prices
        y = self.learner.seats.purchase(self.learner.place, self.plan)
        outlay = prices_at(rules, self.others + y) + slopes_at(rules, self.others + y) * y
        return -(party.days.cost + 2 * party.days.square * self.plan + party.player_load.T @ outlay)[None]

    def best(self, seen: Array) -> Array:
        return self.learner.best(seen[0], self.plan)[None]

    def nearest(self, amounts: Array) -> Array:
        """The plan that devices allow nearest to one, each column's distance weighed by its bend."""
        days, there = self.learner.party.days, amounts[0]
        near = Programme(-self.bend * there, self.bend / 2, days.low, days.high, days.rows, days.least, days.most)
        return solve(near, self.learner.unit).v[None]


class DayJudge(Judge):
    """A judge of days; amounts of a round are net purchases, one player's periods after another's.

    Regret is what the plan that is best beside the mean of the others' loads would have gained more in all rounds: the
    best fixed plan where prices are affine, and else at least that much. Ranges are what the players' users gain
    over the day, as a gap's scale is.
    """

    def __init__(self, learners: list[DayLearner], rounds: int, judging: Judging | None = None) -> None:
        super().__init__((), rounds, judging)
        self.learners, self.players = learners, [one.place for one in learners]
        self.earned, self.range = np.zeros(len(learners)), np.zeros(len(learners))
        self.plans: Array = np.zeros(1)
        self._late: tuple[int, Array] = 0, self.earned

    def live(self, outcome: DayOutcome) -> None:
        """Take in a round."""
        self.amounts.append(outcome.y.ravel())
        self.total, self.plans = self.total + outcome.y.ravel(), self.plans + outcome.plan
        self.gap = self.gap_of_average = None
        for number, one in enumerate(self.learners):
            others = outcome.load - outcome.y[one.place]
            self.earned[number] += one.payoff(others, outcome.plan[one.seats.columns(one.place)])
        day = self.learners[0].seats.day
        self.range = np.maximum(self.range, gains_of(day, outcome)[self.players])

    @property
    def mean_plan(self) -> Array:
        """The mean of everybody's plans so far, shape (columns,)."""
        return self.plans / self.played

    @property
    def regrets(self) -> Array:
        """What one plan would have gained more so far, shape (learners,), at least 0."""
        if self._late[0] != self.played:
            self._late = self.played, np.array([self._regret(number) for number in range(len(self.learners))])
        return self._late[1]

    def by_player(self, amounts: Array) -> Array:
        return np.asarray(amounts.reshape(-1, self.learners[0].party.periods).sum(axis=1))

    def _regret(self, number):
        one = self.learners[number]
        y = np.array(self.amounts).reshape(self.played, -1, one.party.periods)
        others = y.sum(axis=1) + one.seats.day.background - y[:, one.place]
        mine = self.mean_plan[one.seats.columns(one.place)]
        best = one.best(others.mean(axis=0), mine)
        return max(one.payoffs_of(others, best) - self.earned[number], 0.0)


def colluding_gain(judge: DayJudge, load: Array) -> float:
    """Highest surplus of the learners' users if one planner lived their days, beside others' mean loads, money.

    load: the mean load of all, with the background, shape (periods,).
    """
    day = judge.learners[0].seats.day
    union = Party.of([day.player(place) for place in judge.players], day.clock).one_player
    mine = judge.average.reshape(-1, union.periods)[judge.players].sum(axis=0)
    found = replies(union, day.prices, (load - mine)[None], day.energy_unit)
    users = np.isin(day.party.player_of, judge.players)
    return float(found.payoff[0]) - float(np.sum(day.alone[users]))
