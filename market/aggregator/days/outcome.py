"""Outcomes: what everybody's plans for a day amount to, and what any player could still gain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.aggregator.days.block import Homes
from market.aggregator.days.day import Day
from market.aggregator.days.party import Party
from market.aggregator.days.programme import SOLVED, USABLE
from market.aggregator.days.replies import Replies, payoffs, replies
from market.arrays import Array
from market.fairness.one_player import OnePlayer
from market.tariffs import Collected

LEAST_SERVED = 1e-4  # of what a player could be worth: a gain below it is measured by it
PLAN_NOISE = 1e-9  # of what a user could move: less is a solver's noise
SURPLUS_ROUNDING = 1e-12  # of the largest value of a plan, and of what makes up a surplus: less is none
NO_REGRET = 1e-9  # regrets below it are not worth another answer
MOST_POLISHED = 64  # players
SURELY_SOMETHING = 1e-8  # of the market: what a programme surely tells from nothing


@dataclass(frozen=True, eq=False)
class DayOutcome:
    """plan: everybody's columns; z: net purchases (users, periods), y: of players (players, periods), energy; worth:
    utility less discomfort, alone: the same without a grid, s: surplus worth − Σ p z − alone, money (users,); load with
    the background, price, unserved (beyond the capacity): (periods,); gap, regrets (players,): what was found that a
    player could gain, as a share of what its users gain; proven: could no search find more? worth is less what tariffs
    take of purchases, s less what they take whatever users buy, too; collected: what tariffs come to, None without."""

    plan: Array
    z: Array
    y: Array
    worth: Array
    alone: Array
    s: Array
    load: Array
    price: Array
    unserved: Array
    gap: float | None = None
    regrets: Array | None = None
    proven: bool = False
    collected: Collected | None = None

    @property
    def earned(self) -> Array:
        """Surpluses before fees, by which players decide, money, shape (users,)."""
        return self.s if self.collected is None else self.s + self.collected.fees

    @property
    def bills(self) -> Array:
        """What users pay at market prices over the day, money, shape (users,); below 0 where they are paid."""
        return self.z @ self.price

    @property
    def paid(self) -> Array:
        """What users pay with tariffs over the day, money, shape (users,)."""
        return self.bills if self.collected is None else self.bills + self.collected.paid

    @property
    def quantity(self) -> float:
        """Net purchases of all users over the day."""
        return net(self.y, self.y)

    @property
    def welfare(self) -> float:
        """Sum of all users' surplus, money."""
        return float(np.sum(self.s))

    @cached_property
    def mean_price(self) -> float:
        """Price weighted by what is bought in each period; the plain mean where nobody buys."""
        return mean_price(self.price, self.z)


def payoff_of(block: Homes, s: Array) -> float:
    """What a player's objective makes of its users' surpluses, shape (users,)."""
    return float(block.objective.value(s, np.ones(len(s), dtype=bool), OnePlayer)[..., 0])


def net(bought: Array, in_periods: Array) -> float:
    """The sum of what is bought, energy; 0 where purchases and sales of the periods cancel but for rounding."""
    found = float(np.sum(bought))
    return found if abs(found) > SURPLUS_ROUNDING * float(np.sum(np.abs(in_periods))) else 0.0


def mean_price(price: Array, z: Array) -> float:
    """Price weighted by what users buy in each period, z (users, periods); the plain mean where nobody buys."""
    bought = np.sum(np.maximum(z, 0.0), axis=0)
    return float(np.average(price, weights=bought if np.sum(bought) > 0 else None))


def clear(day: Day, plan: Array) -> DayOutcome:
    """The outcome of everybody's plan, shape (columns,): prices p_t(Y_t), worths and surpluses."""
    party, plan = day.party, tidied(day, plan)
    z = party.purchases(plan)
    z = np.where(np.abs(z) <= SURPLUS_ROUNDING * np.max(np.abs(plan), initial=0.0), 0.0, z)
    y = party.by_player(z)
    load = day.load(y)
    price, worth = day.price(load), party.worth(plan)
    capacity = np.array([rule.capacity for rule in day.prices])
    unserved = np.maximum(load - capacity * (1 + 1e-13), 0.0)
    collected = None if day.levied is None else day.levied.collected(day.bought(z))
    s = _surplus(worth, z @ price, day.alone)
    s = s if collected is None else s - collected.fees
    return DayOutcome(plan, z, y, worth, day.alone, s, load, price, unserved, collected=collected)


def _surplus(worth, bill, alone):
    """What users gain beside living alone; a difference that rounding may make is none."""
    gain = worth - bill - alone
    return np.where(np.abs(gain) <= SURPLUS_ROUNDING * (np.abs(worth) + np.abs(bill) + np.abs(alone)), 0.0, gain)


def tidied(day: Day, plan: Array) -> Array:
    """Everybody's plan without solvers' noise: below PLAN_NOISE of what its user could move, or of the largest value
    there is where that is less, a value is 0; what lossless stores do and undo in one period is left out."""
    party, days = day.party, day.party.days
    parts = zip(day.blocks, party.frames, party.plans(plan), strict=True)
    plan = np.concatenate([_netted(block, frame, part) for block, frame, part in parts])
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.where(days.square > 0, np.abs(days.cost) / (2 * days.square), 0.0)
    could = np.zeros(party.users)
    np.maximum.at(could, party.owner, np.maximum(wanted, np.where(np.isfinite(days.high), days.high, 0.0)))
    least = PLAN_NOISE * np.minimum(could, np.max(np.abs(plan), initial=0.0))[party.owner]
    return np.where(np.abs(plan) < least, np.clip(0.0, days.low, days.high), plan)


def _netted(block, frame, plan):
    for part in block.parts.values():
        plan = part.netted(frame, plan)
    return plan


def answered(day: Day, outcome: DayOutcome) -> tuple[Array, Replies]:
    """(What players could still gain as shares, shape (players,); everybody's best days beside an outcome).

    The few who seem to gain by more than NO_REGRET answer once more by themselves and in their own units: a programme
    over everybody tells no more of a tiny player than a share of the largest.
    """
    others = outcome.load - outcome.y
    best = _checked(day.party, day, others, day.energy_unit, outcome.plan)
    scale = gains_of(day, outcome)
    gained = best.payoff - payoffs(day.party, day.prices, others, outcome.plan)
    some = np.flatnonzero(gained > NO_REGRET * scale)
    owner = day.party.player_of[day.party.owner]
    few = best.status in USABLE and len(some) <= MOST_POLISHED
    for j in map(int, some if few else ()):
        party, plan = Party.of([day.player(j)], day.clock), outcome.plan[owner == j]
        alone = _checked(party, day, others[j : j + 1], day.unit(j), plan)
        if alone.status in USABLE:
            gained[j] = (alone.payoff - payoffs(party, day.prices, others[j : j + 1], plan))[0]
    return np.maximum(gained, 0.0) / scale, best


def _checked(party, day, others, energy, plan):
    """Players' best days by another solver than found their own; where that one stops short of its precision, the
    better of its answers and of the usual one's."""
    given = party, day.prices, others, energy, plan
    best = replies(*given, solver="clarabel")
    if best.status == SOLVED:
        return best
    usual = replies(*given)
    if usual.status not in USABLE:
        return best
    return replace(usual, payoff=np.maximum(usual.payoff, best.payoff))


def certified_welfare(day: Day, outcome: DayOutcome) -> DayOutcome:
    """The outcome with its gap, where every player maximises the plain sum: reply programmes on another solver.

    proven: each reply is a convex programme's optimum, so the gap is the most that anybody could gain.
    """
    regrets, best = answered(day, outcome)
    if best.status not in USABLE:
        return outcome
    return replace(outcome, gap=float(np.max(regrets)), regrets=regrets, proven=bool(np.all(best.sure)))


def gains_of(day: Day, outcome: DayOutcome) -> Array:
    """What a player's users gain over the day, the scale of its regret, shape (players,), money.

    At least LEAST_SERVED of what they could be worth: utility at half the reservation price, and what their devices
    move at the mean price; and SURELY_SOMETHING of what the whole market turns over.
    """
    days, party = day.party.days, day.party
    with np.errstate(divide="ignore", invalid="ignore"):
        bent = np.where((days.square > 0) & (days.cost < 0), 3 / 16 * days.cost**2 / days.square, 0.0)
    moved = np.where(np.isfinite(days.high), days.high, 0.0) * float(np.mean(np.abs(outcome.price)))
    could = np.bincount(party.owner, bent + moved, party.users).astype(np.float64)
    scale = np.maximum(party.by_player(np.abs(outcome.earned)), LEAST_SERVED * party.by_player(could))
    turned = float(np.abs(outcome.price) @ np.abs(outcome.load))
    scale = np.maximum(scale, SURELY_SOMETHING * max(turned, float(np.max(scale))))
    return np.where(scale > 0, scale, 1.0)
