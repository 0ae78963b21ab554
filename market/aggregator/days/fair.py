"""A fair aggregator's best day: days that are stationary, each found by programmes of the second order.

User i of a stationary day lives its own best day at the internal price p_t + q_t / w_i, with w_i the weight of its
surplus and q_t = p'_t Σ_k w_k z_kt the pressure of the aggregator's purchases (docs/days/model.md, Fair days).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from typing import NamedTuple

import numpy as np

from market.aggregator.days.fair_player import Fair
from market.aggregator.days.steps import LEAST_WEIGHT, Point, Step, point_at, step_from
from market.arrays import Array
from market.fairness import objective
from market.utilities.utility import LEAST_LOGGED

MOST_STEPS = 100
LIFTS = 6  # times a start is made better for the poorest
LIFTING_ALPHA = 8.0  # the alpha of that
PLAN_SHARES = (0.0, 0.125, 0.25, 0.5)  # shares of the way from the least consumption to a plan
EASED_ALPHAS = (1.0, 2.0, 4.0)
EASED_STEPS = 3
LAST_GAIN = 1e-13  # gains below it are rounding
LAST_MOVE = 1e-9  # of the unit of energy: where steps end that gains no longer tell apart
STILL_NEARER = 0.95  # of the step before, as long as steps come nearer
HALVINGS = 30
REACH_GROWTH = 2.0  # times what a step with the bound moved may the next exact one lead, and times that after it
HALVINGS_EXACT = 3
RESTS_AFTER_FAILURE = 4  # steps without the exact one after it failed
ABOVE_THE_LEAST = 0.2  # of the spread of surpluses: how far above the least the offset stands
MOST_WEIGHT_CHANGE = 4.0  # times that a weight may change in a step of max-min
EXACT_STEPS_FROM = (1e-2, 0.1)  # how little a step of max-min foresees, and moves weights, where exact ones begin
EXACT_REACH = 0.1  # of the unit of energy: how far an exact step of max-min may move a column
MOST_EXACT_REACH = 1.0
SECOND_ORDER = 1e-2  # of what an exact step foresees: what may be lacking when the next one is worked out
LAST_RISE = 1e-11  # of the least surplus


class FairDay(NamedTuple):
    """plan; settled: is it stationary?; weights of users' surpluses there with max-min, shape (users,)."""

    plan: Array
    settled: bool
    weights: Array | None = None


def fair_day(
    fair: Fair,
    start: Array,
    fixed: bool = False,
    reach: float = np.inf,
    weights: Array | None = None,
    enough: float = 0.0,
) -> FairDay:
    """The day that steps from a start lead to; where some user cannot be left with a surplus above minus the offset
    there is none. It is never worse than the start.

    fixed: only shared anew, purchases and price as they are; reach: how far the first exact step may move a column, in
    the unit of energy, so that no valley is crossed, 0 for the bound's; weights: for max-min, those where a day nearby
    was found; enough: steps end at one that moves purchases, or with max-min lifts the least surplus, by no more than
    this share of what the first did.
    """
    if not np.any(fair.counted):
        return FairDay(start, True)
    if fair.equal:
        return _levelled(fair, start, fixed, weights, enough)
    plan = _lifted(fair, start, fixed)
    return FairDay(start, False) if plan is None else _climbed(fair, plan, fixed, reach=reach, enough=enough)


def best_of(fair: Fair, found: Sequence[FairDay]) -> FairDay:
    """The best of several days, the first of equals."""

    def compared(one: FairDay, other: FairDay) -> int:
        return int(np.sign(fair.gain(one.plan, other.plan)))

    return max(found, key=cmp_to_key(compared))


def eased(fair: Fair, start: Array) -> Array:
    """A day on the way to max-min: by a few steps each of ever larger alphas."""
    if not np.any(fair.counted):
        return start
    plan = start
    for alpha in EASED_ALPHAS:
        shifted = replace(fair, objective=objective(alpha, _shift(fair, plan)), among=fair.counted)
        plan = _climbed(shifted, plan, False, EASED_STEPS).plan
    return plan


def held_back(fair: Fair, plan: Array, least: Array) -> Array:
    """The day nearest to the one with the least consumption, on the way to a plan, that has everybody's logarithm."""
    days = (least + share * (plan - least) for share in PLAN_SHARES)
    return next((day for day in days if _logged(fair, day)), plan)


def _logged(fair, plan):
    """Has every surplus a logarithm?"""
    return bool(np.min(fair.surplus(plan)) > (-0.5 * fair.objective.offset if fair.objective.offset else 0.0))


def _shift(fair, plan):
    """An offset that leaves every surplus that counts with a logarithm."""
    surplus = fair.surplus(plan)[fair.counted]
    return float(max(fair.objective.offset, ABOVE_THE_LEAST * np.ptp(surplus) - np.min(surplus)))


def _lifted(fair, plan, fixed):
    """The plan where every surplus has a logarithm, or one that is better for the poorest until it has."""
    for _ in range(LIFTS):
        if _logged(fair, plan):
            return plan
        shifted = replace(fair, objective=objective(LIFTING_ALPHA, _shift(fair, plan)))
        near = _climbed(shifted, plan, fixed, 4).plan
        if np.max(np.abs(near - plan)) == 0:
            break
        plan = near
    return None


def _climbed(fair, plan, fixed, most=MOST_STEPS, reach=np.inf, enough=0.0):
    """Where steps lead from a plan, none of them to a worse day.

    Gains tell but half the digits of a day: once they are rounding, steps go on for as long as they come nearer.
    """
    last, moved, first = np.inf, np.inf, None
    for _ in range(most):
        point = point_at(fair, plan, _weights(fair, fair.surplus(plan)), fixed)
        step = _stepped(fair, point, 1.0, reach) if reach > LAST_MOVE else None
        held = step is not None and _held(fair, step[0], plan, reach)
        if step is None or (held and step[1] <= LAST_GAIN):
            held, step = False, _stepped(fair, point, 0.0)
            if step is None:
                return FairDay(plan, True)
            reach = REACH_GROWTH * float(np.max(np.abs(step[0] - plan))) / fair.energy
        else:
            reach *= REACH_GROWTH
        before, moved = moved, float(np.max(np.abs(fair.party.load @ (step[0] - plan)))) / fair.energy
        first = moved if first is None else first
        plan, gain = step
        if moved < enough * first and not held:
            return FairDay(plan, True)
        if gain <= LAST_GAIN and (moved <= LAST_MOVE or (last <= LAST_GAIN and moved >= STILL_NEARER * before)):
            return FairDay(plan, True)
        last = gain
    return FairDay(plan, False)


def _held(fair, there, plan, reach):
    """Did a step go as far as it may? That it gains nothing then says nothing of where steps end."""
    return bool(np.max(np.abs(there - plan)) >= STILL_NEARER * reach * fair.energy)


def _weights(fair, surplus):
    """Weights (s + offset)^(−alpha) as shares of the largest of those who may gain.

    Whoever is priced out whatever is bought would have one beside which the others' are rounding, and needs none.
    """
    log_weight = -fair.objective.alpha * np.log(np.maximum(surplus + fair.objective.offset, LEAST_LOGGED))
    some = fair.gaining if np.any(fair.gaining) else fair.counted
    weight = np.exp(np.minimum(log_weight - np.max(log_weight, where=some, initial=-np.inf), 0.0))
    return np.where(fair.counted, weight, 0.0)


def _stepped(fair, point, exact, reach=np.inf):
    """(the plan that a step leads to, its gain), None where it is not better.

    The step with the exact product of purchases and prices need not be convex; the one with a bound in its place is.
    """
    step = step_from(fair, point, exact, reach)
    if step is None:
        return None
    if abs(fair.gain(step.target, point.plan)) <= LAST_GAIN:  # as good as can be told
        return step.target, 0.0
    there = _searched(fair, point.plan, step.target, HALVINGS_EXACT if exact else HALVINGS)
    return None if there is None else (there, fair.gain(there, point.plan))


def _searched(fair, plan, target, halvings):
    """The best of the halved steps towards the target, None where none of them is better."""
    step, best, best_gain = 1.0, None, 0.0
    for _ in range(halvings):
        there = plan + step * (target - plan)
        gain = fair.gain(there, plan)
        if gain > best_gain:
            best, best_gain = there, gain
        elif best is not None:
            break
        step /= 2
    return best


def _levelled(fair, plan, fixed, weights, enough):
    """The max-min day that whole steps lead to, the best on the way.

    The surpluses of a step are straight in the plan, their weights the last step's multipliers. Lines are not searched:
    like Newton's method for a square root, steps go too far once and then come nearer from one side, whereas the least
    surplus would allow but tiny ones.
    """
    if weights is None:
        shifted = replace(fair, objective=objective(2.0, _shift(fair, plan)), among=fair.counted)
        weights = _weights(shifted, fair.surplus(plan))
    weights = weights / np.sum(weights)
    best, least, near, exact = FairDay(plan, False, weights), _least(fair, plan), False, _ExactSteps()
    first = None
    for _ in range(MOST_STEPS):
        point = point_at(fair, plan, weights, fixed)
        step, back = exact.step(fair, point, near, LAST_RISE * abs(least))
        if back is not None:
            plan, weights = back
            continue
        step = step or step_from(fair, point, 0.0)
        if step is None:
            break
        plan, weights, moved = _moved(fair, plan, weights, step, fixed)
        now = _least(fair, plan)
        if now > least:
            best, least = FairDay(plan, False, weights), now
        near = step.rise <= EXACT_STEPS_FROM[0] * abs(least) and moved <= EXACT_STEPS_FROM[1]
        first = abs(step.rise) if first is None else first
        if abs(step.rise) <= max(LAST_RISE * abs(least), enough * first):
            return best._replace(settled=True)
    return best


def _moved(fair, plan, weights, step, fixed):
    """(plan, weights) after a step, and by what share weights move; neither goes further than weights may change.

    Where purchases are to stay as they are, nobody goes further than the others.
    """
    moved = np.max(np.abs(step.weights - weights) / np.maximum(np.maximum(step.weights, weights), LEAST_WEIGHT))
    fallen = (step.weights < weights / MOST_WEIGHT_CHANGE) & (weights > LEAST_WEIGHT)
    share = np.where(fallen, 1 / MOST_WEIGHT_CHANGE, 1.0)
    share = np.full_like(share, np.min(share)) if fixed else share
    plan = plan + share[fair.party.owner] * (step.target - plan)
    highest = np.maximum(weights, LEAST_WEIGHT) * MOST_WEIGHT_CHANGE
    weights = np.clip(step.weights, weights / MOST_WEIGHT_CHANGE, highest)
    return plan, weights / np.sum(weights), moved


@dataclass
class _ExactSteps:
    """How exact steps of max-min fare; held: the plan and weights the last was taken from, and the level it foresaw;
    reach: how far the next may lead; rest: steps until then."""

    held: tuple[Array, Array, float] | None = None
    reach: float = EXACT_REACH
    rest: int = 0

    def step(
        self, fair: Fair, point: Point, near: bool, rounding: float
    ) -> tuple[Step | None, tuple[Array, Array] | None]:
        """(the exact step from a point or None, where to go back to if the last one led to less than it foresaw)."""
        if not near or self.rest > 0:
            self.held, self.rest = None, self.rest - 1
            return None, None
        step = step_from(fair, point, 1.0, self.reach)
        if step is not None and step.rise < -rounding:
            step = None
        level = -np.inf if step is None else _least(fair, point.plan) + step.rise
        slack = 0.0 if step is None else SECOND_ORDER * abs(step.rise)
        if self.held is not None and level + slack < self.held[2] - rounding:
            back = self.held[:2]
            self.held, self.reach, self.rest = None, self.reach / MOST_WEIGHT_CHANGE, RESTS_AFTER_FAILURE
            return None, back
        self.reach = min(2 * self.reach, MOST_EXACT_REACH)
        self.held = None if step is None else (point.plan, point.weight, level - slack)
        self.rest = RESTS_AFTER_FAILURE - 1 if step is None else 0
        return step, None


def _least(fair, plan):
    return float(np.min(fair.surplus(plan), where=fair.counted, initial=np.inf))
