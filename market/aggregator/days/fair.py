"""A fair aggregator's best day: days that are stationary, each found by programmes of the second order.

User i of a stationary day lives its own best day at the internal price p_t + q_t / w_i, with w_i the weight of its
surplus and q_t = p'_t Σ_k w_k z_kt the pressure of the aggregator's purchases (docs/days/model.md, Fair days).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from market.aggregator.days.outlay import bends_at, prices_at, slopes_at
from market.aggregator.days.party import Party
from market.aggregator.days.programme import MOST_STEPS as SOLVER_STEPS
from market.aggregator.days.programme import USABLE, Programme, free, joined, solve, stacked
from market.aggregator.days.replies import best_days
from market.arrays import Array, Mask
from market.fairness import Objective, objective
from market.fairness.one_player import OnePlayer
from market.prices import PriceRule

MOST_STEPS = 100
STEPS_EXACT = 40  # of the solver, where the programme need not be convex
STEPS_NEAR = 12
LIFTS = 6  # times a start is made better for the poorest
STEPS_LEVEL = 24
LAST_GAIN = 1e-13  # gains below it are rounding
HALVINGS = 30
HALVINGS_EXACT = 3
RESTS = 4  # steps without the exact one after it failed
NEARER = (2.0, 8.0, 32.0, 128.0)  # alphas on the way to max-min
AWAY = 0.05  # of the spread of surpluses: how far above the least the offset stands
MOST_LOST = 4
LEAST_LOGGED = 1e-300  # what stands for nothing in a logarithm
LEAST_WEIGHT = 1e-9  # of the largest: nobody is forgotten by rounding


@dataclass(frozen=True, eq=False)
class Fair:
    """One aggregator against the others' loads, shape (periods,): its users, prices and objective.

    alone: worth of their days without a grid (users,); energy: the size of quantities; among: whose surplus counts,
    where that is said.
    """

    party: Party
    rules: Sequence[PriceRule]
    others: Array
    objective: Objective
    alone: Array
    energy: float
    among: Mask | None = None

    @property
    def equal(self) -> bool:
        """Is it max-min?"""
        return bool(np.isinf(self.objective.alpha or 0.0))

    def surplus(self, plan: Array) -> Array:
        """Surpluses of a plan, money, shape (users,)."""
        z = self.party.purchases(plan)
        return self.party.worth(plan) - z @ self._price(np.sum(z, axis=0)) - self.alone

    def _price(self, y):
        return prices_at(self.rules, self.others + y)

    @cached_property
    def counted(self) -> Mask:
        """Whose surplus counts: everybody's; for max-min those who gain at the price before the player buys."""
        if self.among is not None:
            return self.among
        if not self.equal:
            return np.ones(self.party.users, dtype=bool)
        return self.worth > 1e-9 * np.max(self.worth, initial=0.0)

    @cached_property
    def worth(self) -> Array:
        """What users' best days bring at the price before the player buys, money, shape (users,)."""
        price = self._price(np.zeros(self.party.periods))
        plan = best_days(self.party, price, self.energy)
        return np.maximum(self.party.worth(plan) - self.party.purchases(plan) @ price - self.alone, 0.0)

    @cached_property
    def steepness(self) -> float:
        """A price of the market's size."""
        return float(np.max(np.abs(self.party.days.cost), initial=0.0)) or 1.0

    def better(self, new: Array, old: Array) -> bool:
        """Is a plan worth more to the aggregator than another?"""
        return self.gain(new, old) > 0

    def gain(self, new: Array, old: Array) -> float:
        """Rise of the objective from one plan to another, in a unit of its own."""
        counted = self.counted
        if not np.any(counted):
            return float(np.sum(self.surplus(new) - self.surplus(old)))
        return float(self.objective.gain(self.surplus(new)[counted], self.surplus(old)[counted], counted[counted]))

    def regret(self, new: Array, old: Array) -> float:
        """The gain as a certificate tells it, in no unit (docs/aggregator/model.md, The gap)."""
        counted, served = self.counted, self.counted
        one, other = self.surplus(new), self.surplus(old)
        return float(self.objective.regret(one, other, counted, served, self.worth, OnePlayer)[..., 0])


def fair_day(fair: Fair, start: Array, fixed: bool = False, steps: int = MOST_STEPS) -> tuple[Array, bool]:
    """(a day from a start on, is it stationary?); fixed: only shared anew, purchases and price as they are.

    Each step solves a programme in which utilities and the objective are of the second order, then searches along the
    line, never to a worse day. Max-min is come near by ever larger alphas. Where some user cannot be left with a
    surplus above minus the offset there is none.
    """
    if not fair.equal:
        plan = _lifted(fair, start, fixed)
        return (start, False) if plan is None else _climbed(fair, plan, fixed, steps)
    plan = start
    if not np.any(fair.counted):
        return plan, True
    for alpha in NEARER if steps == MOST_STEPS else NEARER[-1:]:
        shifted = replace(fair, objective=objective(alpha, _shift(fair, plan)), among=fair.counted)
        near = _climbed(shifted, plan, fixed, STEPS_NEAR)[0]
        plan = near if fair.better(near, plan) else plan
    shifted = replace(fair, objective=objective(NEARER[-1], _shift(fair, plan)), among=fair.counted)
    weights = _weights(shifted, fair.surplus(plan))
    return _levelled(fair, plan, weights / np.sum(weights), fixed, min(steps, STEPS_LEVEL))


def best_found(fair: Fair, starts: Sequence[Array], steps: int = MOST_STEPS) -> tuple[Array, bool]:
    """(the best of the days found from several starts, is it stationary?)."""
    found = [fair_day(fair, start, steps=steps) for start in starts]
    best = found[0]
    for other in found[1:]:
        if fair.better(other[0], best[0]):
            best = other
    return best


def _shift(fair, plan):
    """An offset that leaves every surplus that counts with a logarithm."""
    surplus = fair.surplus(plan)[fair.counted]
    return float(max(fair.objective.offset, AWAY * np.ptp(surplus) - np.min(surplus)))


def _lifted(fair, plan, fixed):
    """The plan where every surplus has a logarithm, or one that is better for the poorest until it has."""
    for _ in range(LIFTS):
        surplus = fair.surplus(plan)
        if np.min(surplus) > (-0.5 * fair.objective.offset if fair.objective.offset else 0.0):
            return plan
        shifted = replace(fair, objective=objective(NEARER[1], _shift(fair, plan)))
        near = _climbed(shifted, plan, fixed, 4)[0]
        if np.max(np.abs(near - plan)) == 0:
            break
        plan = near
    return None


def _climbed(fair, plan, fixed, most=MOST_STEPS):
    """(where steps lead from a plan, did they end by themselves?)."""
    last, rest = np.inf, 0
    for _ in range(most):
        state = _state(fair, plan, None, fixed)
        ways = (0.0,) if rest > 0 else (1.0, 0.0)
        for exact in ways:
            step = _stepped(fair, state, exact)
            if step is not None:
                break
        if step is None:
            return plan, True
        rest = RESTS if exact == 0.0 and rest <= 0 else rest - 1
        plan, gain = step[0], step[1]
        if max(gain, last) <= LAST_GAIN:
            return plan, True
        last = gain
    return plan, False


def _levelled(fair, plan, weights, fixed, most):
    """As `_climbed`, for max-min: a few steps may lose before the best so far is gone back to."""
    best, lost = plan, 0
    for _ in range(most):
        answer = _answered(fair, _state(fair, plan, weights, fixed), 1.0)
        if answer is None:
            answer = _answered(fair, _state(fair, plan, weights, fixed), 0.0)
        if answer is None:
            break
        there, prices = answer
        weights = np.abs(prices[-fair.party.users :])
        searched = _searched(fair, best, there, HALVINGS) if lost else _searched(fair, plan, there, HALVINGS)
        gain = 0.0 if searched is None else fair.gain(searched, best)
        if gain > LAST_GAIN:
            best, plan, lost = searched, searched, 0
            continue
        plan, lost = there, lost + 1
        if lost > MOST_LOST:
            break
    return best, True


def _answered(fair, state, exact):
    """(the plan a programme leads to, the multipliers of its rows), None where it is not solved."""
    answer = solve(_model(fair, state, exact), 1.0, steps=STEPS_EXACT if exact else SOLVER_STEPS)
    if answer.status not in USABLE or not np.all(np.isfinite(answer.v)):
        return None
    target = state.plan + answer.v[: fair.party.columns] * fair.energy
    return np.clip(target, fair.party.days.low, fair.party.days.high), answer.prices


def _weights(fair, surplus):
    """Weights (s + offset)^(−alpha) as shares of the largest."""
    log_weight = -fair.objective.alpha * np.log(np.maximum(surplus + fair.objective.offset, LEAST_LOGGED))
    return np.exp(np.minimum(log_weight - np.max(log_weight, where=fair.counted, initial=-np.inf), 0.0))


def _stepped(fair, state, exact):
    """(the plan that a step leads to, its gain), None where it is not better.

    The step with the exact product of purchases and prices need not be convex; the one with a bound in its place is.
    """
    answer = _answered(fair, state, exact)
    if answer is None:
        return None
    there = _searched(fair, state.plan, answer[0], HALVINGS_EXACT if exact else HALVINGS)
    if there is not None:
        return there, fair.gain(there, state.plan)
    near = abs(fair.gain(answer[0], state.plan)) <= LAST_GAIN  # as good as it can be told: stationary to more digits
    return (answer[0], 0.0) if exact and near else None


@dataclass(frozen=True, eq=False)
class _State:
    """What a step is taken from; the user's weights are shares of the largest."""

    plan: Array
    z: Array
    surplus: Array
    price: Array
    slope: Array
    bend: Array
    weight: Array
    equal: bool
    fixed: bool

    @cached_property
    def mean(self) -> float:
        return float(np.sqrt(np.mean(self.weight**2)))


def _state(fair, plan, weights, fixed):
    z, surplus = fair.party.purchases(plan), fair.surplus(plan)
    total = fair.others + np.sum(z, axis=0)
    price, slope, bend = (of(fair.rules, total) for of in (prices_at, slopes_at, bends_at))
    if fixed:
        slope, bend = np.zeros_like(slope), np.zeros_like(bend)
    equal = fair.equal
    if not equal:
        weight = _weights(fair, surplus)
        weight = np.where(fair.counted, weight, 0.0)
    else:
        weight = fair.counted / max(np.sum(fair.counted), 1) if weights is None else weights
    weight = np.maximum(weight, LEAST_WEIGHT * np.max(weight))
    return _State(plan, z, surplus, price, slope, bend, weight, equal, fixed)


def _model(fair, state, exact):
    """The programme of a step, in units of energy and of money per unit of it; all columns are changes.

    Columns: plan, u, y, η (periods each), σ (users), then c (users) and m, or with max-min the least surplus.
    u is the mean of what is bought and bought by weight, η how far these are apart: price times purchases is of the
    second order p' w̄ (u² − η² / 4), the first of which alone bounds it (docs/days/model.md, Fair days).
    """
    party, energy, money = fair.party, fair.energy, fair.steepness
    (users, periods), days, weight = state.z.shape, party.days, state.weight
    marginal = (days.cost + 2 * days.square * state.plan) / money
    pressed = weight @ state.z
    internal = (np.outer(weight, state.price) + state.slope * pressed) / money
    own = weight[party.owner]
    cost = own * marginal + party.load.T @ internal.ravel()
    low, high = (days.low - state.plan) / energy, (days.high - state.plan) / energy
    left, right = ((side - days.rows @ state.plan) / energy for side in (days.least, days.most))
    same = days.least == days.most
    left, right = np.where(same, 0.0, np.minimum(left, 0.0)), np.where(same, 0.0, np.maximum(right, 0.0))
    changes = Programme(
        np.zeros_like(cost) if state.equal else cost,
        own * days.square * (energy / money),
        np.minimum(low, 0.0),
        np.maximum(high, 0.0),
        days.rows,
        left,
        right,
    )
    none = np.zeros(periods)
    product = state.mean * state.slope * (energy / money)
    curved = np.maximum(state.bend * pressed, 0.0) / 2 * (energy**2 / money)
    parts = [changes, free(none, product), free(none, curved), free(none, -exact * product / 4)]
    parts.append(free(np.zeros(users), np.zeros(users)))
    if state.equal:
        parts.append(free(-np.ones(1), np.zeros(1)))
    else:
        whole = np.maximum(state.surplus + fair.objective.offset, LEAST_LOGGED)
        fall = fair.objective.alpha * weight / whole * (money * energy) / 2
        parts += [free(np.zeros(users), fall), free(np.zeros(1), np.zeros(1))]
    programme = stacked(parts)
    if state.fixed:
        stays = slice(party.columns + periods, party.columns + 2 * periods)
        programme.low[stays], programme.high[stays] = 0.0, 0.0
    return _tied(fair, state, programme, marginal)


def _tied(fair, state, programme, marginal):
    """The programme with rows that say what u, y, η and σ are, and c and m, or that σ is not below the least."""
    party, money, weight = fair.party, fair.steepness, state.weight
    users, periods = state.z.shape
    one, each = sparse.eye_array(periods), sparse.eye_array(users)
    share = weight / state.mean
    sums = [sparse.kron(row[None, :], one) @ party.load for row in ((1 + share) / 2, np.ones(users), share - 1)]
    owners = sparse.csr_array((marginal, (party.owner, np.arange(party.columns))), shape=(users, party.columns))
    paid = sparse.kron(each, state.price[None, :] / money) @ party.load
    lost = sparse.csr_array(state.z * state.slope / money)
    width = programme.rows.shape[1]
    blocks = [[-sums[0], one, None, None, None], [-sums[1], None, one, None, None], [-sums[2], None, None, one, None]]
    blocks.append([owners + paid, None, lost, None, each])
    rows = sparse.block_array(blocks, format="csr")
    programme = _joined_from(programme, rows, 0, np.zeros(rows.shape[0]), np.zeros(rows.shape[0]))
    first = party.columns + 3 * periods
    if not state.equal:
        whole = np.maximum(state.surplus + fair.objective.offset, LEAST_LOGGED)
        part = sparse.csr_array((whole / np.dot(weight, whole))[:, None])
        rows = sparse.block_array([[-each, each, part], [-weight[None, :], None, np.ones((1, 1))]], format="csr")
        return _joined_from(programme, rows, first, np.zeros(users + 1), np.zeros(users + 1))
    counted = fair.counted
    held = np.min(state.surplus, where=counted, initial=np.inf) if np.any(counted) else 0.0
    room = np.where(counted, held - state.surplus, -np.inf) / (money * fair.energy)
    rows = sparse.hstack([each, sparse.csr_array(-counted[:, None].astype(float))], format="csr")
    assert first + users + 1 == width
    return _joined_from(programme, rows, first, room, np.full(users, np.inf))


def _joined_from(programme, rows, first, least, most):
    """The programme with rows whose columns begin at `first`."""
    height, width = rows.shape
    after = programme.rows.shape[1] - first - width
    padded = [sparse.csr_array((height, first)), rows, sparse.csr_array((height, after))]
    return joined(programme, sparse.hstack(padded, format="csr"), least, most)


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
