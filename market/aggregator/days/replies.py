"""Best days of players who each maximise the plain sum of their users' surpluses, the others' loads given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from market.aggregator.days.outlay import Pieces, convex, costs_at, pieces, prices_at
from market.aggregator.days.party import Party
from market.aggregator.days.programme import USABLE, Programme, joined, solve, stacked
from market.arrays import Array, Mask
from market.prices import Affine, PriceRule

MOST_STEPS = 60
LAST_GAIN = 1e-13  # of what a day is worth
HALVINGS = 30
FIRM_WEIGHT = 1e6  # a distance from what is to be bought counts so many times as much as energy


@dataclass(frozen=True, eq=False)
class Replies:
    """plan: of all users of a party; payoff: of its players, money; status: the solver's; sure: is each player's reply
    a convex programme's optimum, so that no better one exists, shape (players,)?"""

    plan: Array
    payoff: Array
    status: str
    sure: Mask


def payoffs(party: Party, rules: Sequence[PriceRule], others: Array, plan: Array, own: float = 1.0) -> Array:
    """Σ of users' worth less p(R + y) y of each player, money, shape (players,); others: (players, periods).

    own = 0: less the cost of producing y in place of what is paid.
    """
    y = party.by_player(party.purchases(plan))
    paid = prices_at(rules, others + y) * y if own else costs_at(rules, others + y) - costs_at(rules, others)
    return party.by_player(party.worth(plan)) - np.sum(paid, axis=1)


def replies(
    party: Party,
    rules: Sequence[PriceRule],
    others: Array,
    energy: float,
    plan: Array | None = None,
    solver: str = "piqp",
    own: float = 1.0,
) -> Replies:
    """Every player's best day against the others' loads, shape (players, periods), each as if alone.

    One convex programme where prices are affine; else one after another from `plan` on, each with the outlay to the
    second order, never to a worse day (docs/days/model.md, Replies). energy: the size of quantities; own = 0: players
    who take prices as given, together at the most welfare.
    """
    straight = all(isinstance(rule, Affine) for rule in rules)
    if plan is None:
        plan = np.zeros(party.columns) if straight else best_days(party, prices_at(rules, others), energy, solver)
    if straight:
        answer = solve(reply_programme(party, pieces(rules, others, np.zeros_like(others), own)), energy, solver)
        plan = answer.v[: party.columns]
        sure = np.full(party.players, answer.status in USABLE)
        return Replies(plan, payoffs(party, rules, others, plan, own), answer.status, sure)
    return _stepwise(party, rules, others, energy, plan, solver, own)


def reply_programme(party: Party, outlay: Pieces) -> Programme:
    """Minimise what days cost by themselves and the outlay; columns: the plan, then the outlay's pieces."""
    count = outlay.base.size
    bare = sparse.csr_array((0, len(outlay.place)))
    whole = stacked(
        [party.days, Programme(outlay.cost, outlay.square, outlay.low, outlay.high, bare, np.empty(0), np.empty(0))]
    )
    sums = sparse.csr_array(
        (np.ones(len(outlay.place)), (outlay.place, np.arange(len(outlay.place)))), shape=(count, len(outlay.place))
    )
    right = (party.by_player(party.given) - outlay.base).ravel()
    return joined(whole, sparse.hstack([-party.player_load, sums], format="csr"), right, right)


def best_days(party: Party, price: Array, energy: float, solver: str = "piqp") -> Array:
    """The plan in which every user lives its best day at given prices: (periods,), (players, ·) or (users, ·)."""
    price = np.broadcast_to(price, (len(price), party.periods)) if np.ndim(price) > 1 else price
    if np.ndim(price) > 1 and len(price) == party.players:
        price = price[party.player_of]
    prices = np.broadcast_to(price, (party.users, party.periods))
    days = party.days
    paid = Programme(
        days.cost + party.load.T @ prices.ravel(), days.square, days.low, days.high, days.rows, days.least, days.most
    )
    return solve(paid, energy, solver).v


def _stepwise(party, rules, others, energy, plan, solver, own):
    """Steps of the second order with lines searched, until nobody gains."""
    payoff = payoffs(party, rules, others, plan, own)
    status, tried = "solved", 0
    for _ in range(MOST_STEPS):
        y = party.by_player(party.purchases(plan))
        outlay = pieces(rules, others, y, own)
        answer = solve(reply_programme(party, outlay), energy, solver)
        status = answer.status
        if status not in USABLE:
            break
        plan, gained = _searched(party, rules, others, plan, answer.v[: party.columns], payoff, own)
        payoff = payoff + gained
        scale = np.abs(payoff) + np.abs(party.by_player(party.worth(plan)))
        if np.all(gained <= LAST_GAIN * scale):
            nudged = _across(party, rules, others, energy, plan, payoff, outlay, solver) if tried < HALVINGS else None
            if nudged is None:
                break
            (plan, payoff), tried = nudged, tried + 1
    least = party.by_player(least_purchases(party))
    sure = convex(rules, others, least) if own else np.ones(party.players, dtype=bool)
    return Replies(plan, payoff, status, sure & (status in USABLE))


def _searched(party, rules, others, plan, target, payoff, own=1.0):
    """For each player the longest of halved steps towards the target that does not lose; (plan, gains)."""
    step, gained = np.ones(party.players), np.zeros(party.players)
    column_player = party.player_of[party.owner]
    done = np.zeros(party.players, dtype=bool)
    for _ in range(HALVINGS):
        there = plan + step[column_player] * (target - plan)
        gain = payoffs(party, rules, others, there, own) - payoff
        good = ~done & (gain >= 0)
        gained, done = np.where(good, gain, gained), done | good
        if np.all(done):
            break
        step = np.where(done, step, step / 2)
    step = np.where(done, step, 0.0)
    return plan + step[column_player] * (target - plan), gained


def _across(party, rules, others, energy, plan, payoff, outlay, solver):
    """A better day on the other side of a kink at which the outlay bends down, or None."""
    if not np.any(outlay.ends):
        return None
    y = party.by_player(party.purchases(plan))
    for side in (1e-6, -1e-6):
        moved = y + side * energy * outlay.ends
        answer = solve(reply_programme(party, pieces(rules, others, moved)), energy, solver)
        if answer.status != "solved":
            continue
        there, gained = _searched(party, rules, others, plan, answer.v[: party.columns], payoff)
        if np.any(gained > 1e-9 * np.abs(payoff)):
            return there, payoff + gained
    return None


def least_purchases(party: Party) -> Array:
    """A bound from below on users' purchases, shape (users, periods): all columns that lower them at their most."""
    days = party.days
    low, high = (np.where(np.isfinite(side), side, 0.0) for side in (days.low, days.high))
    return _bought(party, low, high)


def purchases_within(party: Party, price: Array, energy: float) -> tuple[Array, Array]:
    """(Least, most) that users may buy in each period, shapes (users, periods): what devices could give, what they
    could take beside what users want at prices (periods,). energy: what a column without a bound moves."""
    days = party.days
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = (-days.cost - party.load.T @ np.tile(price, party.users)) / (2 * days.square)
    wanted = np.where(days.square > 0, np.maximum(wanted, 0.0), energy)
    high = np.where(np.isfinite(days.high), days.high, wanted)
    low = np.where(np.isfinite(days.low), days.low, -wanted)
    return least_purchases(party), _bought(party, high, low)


def _bought(party, rising, falling):
    """Users' purchases with columns that raise them at one value and those that lower them at another; nobody sells
    who may not."""
    load = party.load
    found = (load.maximum(0) @ rising - (-load).maximum(0) @ falling).reshape(party.users, party.periods) + party.given
    sell = np.concatenate([frame.sell for frame in party.frames])
    return np.where(sell[:, None], found, np.maximum(found, 0.0))


def nearest_plan(party: Party, y: Array, energy: float) -> Array | None:
    """The plan of one player that is worth most with purchases y, shape (periods,); None where there is none."""
    given = np.sum(party.given, axis=0)
    fixed = joined(party.days, party.player_load, y - given, y - given)
    answer = solve(fixed, energy)
    return answer.v if answer.status in USABLE else None


def plan_near(party: Party, y: Array, energy: float) -> Array:
    """The plan of one player whose purchases are nearest to y, shape (periods,), worth most of those.

    Distance is squared and weighed FIRM_WEIGHT times what a unit of energy may be worth, so that purchases that can be
    had are met up to a part in FIRM_WEIGHT.
    """
    steep = float(np.max(np.abs(party.days.cost), initial=0.0)) or 1.0
    wide, firm = np.full(len(y), np.inf), np.full(len(y), FIRM_WEIGHT * steep / energy)
    none = np.zeros(len(y))
    away = Pieces(y[None], np.arange(len(y)), -wide, wide, none, firm, np.zeros((1, len(y)), dtype=bool))
    return solve(reply_programme(party, away), energy).v[: party.columns]
