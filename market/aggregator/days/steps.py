"""A step of a fair player towards a better day: a programme of the second order at the present one.

u is the mean of what is bought and bought by weight, η how far these are apart, so that price times purchases is of the
second order p' (u² − η² / 4), the first of which alone bounds it (docs/days/model.md, Fair days).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from market.aggregator.days.outlay import bends_at, prices_at, slopes_at
from market.aggregator.days.programme import MOST_STEPS, USABLE, Programme, joined, solve, stacked
from market.aggregator.days.programme import free as unbound
from market.utilities.utility import LEAST_LOGGED

if TYPE_CHECKING:
    from market.aggregator.days.fair_player import Fair
    from market.arrays import Array

SOLVER_STEPS = 40  # of the solver, before the convex programme is given more
LEAST_WEIGHT = 1e-9  # of the largest: nobody is forgotten by rounding
LEAST_BALANCED = 1e-2  # of the median weight: who counts less does not pull at the balance
BESIDE_A_LIMIT = 1e-12  # of the unit of energy: nearer to a limit a column is at it


@dataclass(frozen=True, eq=False)
class Point:
    """What a step is taken from: a plan with its purchases (users, periods), surpluses and weights (users,), prices,
    slopes and second derivatives (periods,); fixed: may purchases only be shared anew?"""

    plan: Array
    z: Array
    surplus: Array
    weight: Array
    price: Array
    slope: Array
    bend: Array
    fixed: bool

    @cached_property
    def balance(self) -> float:
        """κ² where what is bought counts κ and what is bought by weight 1 / κ: the bound on their product is then
        least wide for users whose consumption yields alike, √(mean w / mean 1/w)."""
        floor = max(LEAST_BALANCED * float(np.median(self.weight)), LEAST_WEIGHT)
        return float(np.sqrt(np.mean(self.weight) / np.mean(1 / np.maximum(self.weight, floor))))


@dataclass(frozen=True, eq=False)
class Step:
    """target: the plan a programme leads to; rise: of the least surplus it foresees, money, with max-min; weights: the
    multipliers of what users gain, shape (users,)."""

    target: Array
    rise: float
    weights: Array


def point_at(fair: Fair, plan: Array, weight: Array, fixed: bool) -> Point:
    """Where a plan stands, with the weights of users' surpluses."""
    z = fair.party.purchases(plan)
    total = fair.others + np.sum(z, axis=0)
    price, slope, bend = (of(fair.rules, total) for of in (prices_at, slopes_at, bends_at))
    if fixed:
        slope, bend = np.zeros_like(slope), np.zeros_like(bend)
    weight = np.maximum(weight, LEAST_WEIGHT * np.max(weight))
    return Point(plan, z, fair.surplus(plan), weight, price, slope, bend, fixed)


def step_from(fair: Fair, point: Point, exact: float, reach: float = np.inf) -> Step | None:
    """What the programme of a step says, None where it is not solved.

    exact: how much of −η² / 4 is in it: 1 for the product itself, which need not be convex, 0 for the convex bound;
    reach: how far a column may move, in the unit of energy.
    """
    programme = _programme(fair, point, exact)
    if np.isfinite(reach):
        own = slice(0, fair.party.columns)
        programme.low[own] = np.maximum(programme.low[own], -reach)
        programme.high[own] = np.minimum(programme.high[own], reach)
    answer = solve(programme, 1.0, steps=SOLVER_STEPS)
    if answer.status not in USABLE and not exact:
        answer = solve(programme, 1.0, steps=MOST_STEPS)
    if answer.status not in USABLE or not np.all(np.isfinite(answer.v)):
        return None
    days, users = fair.party.days, fair.party.users
    target = point.plan + answer.v[: fair.party.columns] * fair.energy
    target = np.where(target < days.low + BESIDE_A_LIMIT * fair.energy, days.low, target)
    target = np.where(target > days.high - BESIDE_A_LIMIT * fair.energy, days.high, target)
    rise = float(answer.v[-1]) * fair.steepness * fair.energy
    return Step(target, rise, np.abs(answer.prices[-users:]) if fair.equal else point.weight)


def _programme(fair, point, exact):
    """In units of energy and of money per unit of it; all columns are changes.

    Columns: plan, u, y, η (periods each), σ (users), then with max-min the least surplus, else c (users) and m.
    """
    party, energy, money, weight = fair.party, fair.energy, fair.steepness, point.weight
    days, none, each = party.days, np.zeros(party.periods), np.zeros(party.users)
    marginal = (days.cost + 2 * days.square * point.plan) / money
    pressed = weight @ point.z
    product = point.slope * (energy / money)
    curved = np.maximum(point.bend * pressed, 0.0) / 2 * (energy**2 / money)
    parts = [_changes(fair, point, marginal, pressed)]
    parts += [unbound(none, product), unbound(none, curved), unbound(none, -exact * product / 4), unbound(each, each)]
    if fair.equal:
        parts.append(unbound(-np.ones(1), np.zeros(1)))
    else:
        whole = np.maximum(point.surplus + fair.objective.offset, LEAST_LOGGED)
        parts.append(unbound(each, fair.objective.alpha * weight / whole * (money * energy) / 2))
        parts.append(unbound(np.zeros(1), np.zeros(1)))
    programme = stacked(parts)
    if point.fixed:
        stays = slice(party.columns + party.periods, party.columns + 2 * party.periods)
        programme.low[stays], programme.high[stays] = 0.0, 0.0
    return _tied(fair, point, programme, marginal)


def _changes(fair, point, marginal, pressed):
    """What users' days allow and cost as changes of the plan; with max-min what they gain stands in rows instead."""
    party, energy, money = fair.party, fair.energy, fair.steepness
    days, weight = party.days, point.weight
    own = weight[party.owner]
    low, high = ((side - point.plan) / energy for side in (days.low, days.high))
    left, right = ((side - days.rows @ point.plan) / energy for side in (days.least, days.most))
    same = days.least == days.most
    left, right = np.where(same, 0.0, np.minimum(left, 0.0)), np.where(same, 0.0, np.maximum(right, 0.0))
    cost = np.zeros(party.columns)
    if not fair.equal:
        internal = (np.outer(weight, point.price) + point.slope * pressed) / money
        cost = own * marginal + party.load.T @ internal.ravel()
    square = own * days.square * (energy / money)
    return Programme(cost, square, np.minimum(low, 0.0), np.maximum(high, 0.0), days.rows, left, right)


def _tied(fair, point, programme, marginal):
    """The programme with rows that say what u, y, η and σ are, and c and m, or that σ is not below the least."""
    party, money, weight = fair.party, fair.steepness, point.weight
    users, periods, columns = party.users, party.periods, party.columns
    load = party.load.tocoo()
    user, period = np.divmod(load.row, periods)
    kappa = np.sqrt(point.balance)
    bought, by_weight = kappa * load.data, weight[user] / kappa * load.data
    u, y, eta = columns + np.arange(3 * periods).reshape(3, periods)
    sigma = columns + 3 * periods + np.arange(users)
    last = columns + 3 * periods + users
    at_u, at_y, at_eta, at_sigma = 0, periods, 2 * periods, 3 * periods + np.arange(users)
    entries = [
        (at_u + period, load.col, -(bought + by_weight) / 2),
        (at_u + np.arange(periods), u, 1.0),
        (at_y + period, load.col, -load.data),
        (at_y + np.arange(periods), y, 1.0),
        (at_eta + period, load.col, bought - by_weight),
        (at_eta + np.arange(periods), eta, 1.0),
        (at_sigma[party.owner], np.arange(columns), marginal),
        (at_sigma[user], load.col, point.price[period] / money * load.data),
        (np.repeat(at_sigma, periods), np.tile(y, users), (point.z * point.slope / money).ravel()),
        (at_sigma, sigma, 1.0),
    ]
    bottom = 3 * periods + users + np.arange(users)
    sides = np.zeros(3 * periods + users)
    if fair.equal:
        entries += [(bottom, sigma, 1.0), (bottom, last, -fair.counted.astype(float))]
        held = np.min(point.surplus, where=fair.counted, initial=np.inf)
        room = np.where(fair.counted, held - point.surplus, -np.inf) / (money * fair.energy)
        least, most = np.concatenate([sides, room]), np.concatenate([sides, np.full(users, np.inf)])
    else:
        whole = np.maximum(point.surplus + fair.objective.offset, LEAST_LOGGED)
        entries += [(bottom, sigma, -1.0), (bottom, last + np.arange(users), 1.0)]
        entries += [(bottom, last + users, whole / np.dot(weight, whole))]
        mean = bottom[-1:] + 1
        entries += [(mean, sigma, -weight), (mean, last + users, 1.0)]
        least = most = np.concatenate([sides, np.zeros(users + 1)])
    parts = [np.broadcast_arrays(*entry) for entry in entries]
    row, column, value = (np.concatenate([part[k] for part in parts]) for k in range(3))
    rows = sparse.csr_array((value, (row, column)), shape=(len(least), len(programme.cost)))
    return joined(programme, rows, least, most)
