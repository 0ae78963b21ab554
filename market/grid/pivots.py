"""From one active set of a dispatch to the next: a violated limit comes in, whatever blocks it goes out.

The dual method of Goldfarb and Idnani (1983), on the multipliers of `active_set`: while a limit's own multiplier rises
from 0, prices move; an active constraint whose multiplier falls to 0 on the way is dropped; the limit is in as soon as
it is met. Flat offers (load shed, output spilled) make the costs convex, not strictly so: where dropping a constraint
would leave prices open, the limit comes in for it at once.
"""

from __future__ import annotations

import numpy as np

from market.arrays import Array, Mask
from market.grid.active_set import LIMIT_ROUNDING, RATE_ROUNDING, Active, Answer, Constraint, Load, Programme, System

MOST_DROPPED = 10  # constraints dropped for one that comes in, times those there are
MOST_PIVOTS = 50  # limits taken in, times the square root of what there is


def push_of(programme: Programme, limit: Constraint) -> Array:
    """By how much the multiplier of a limit raises what each offer is paid, shape (offers,)."""
    if limit.kind == "line":
        return -limit.side * programme.transfer.row(limit.number)[programme.node]
    push = np.zeros(len(programme.node))
    push[limit.number] = -limit.side
    return push


def enter(active: Active, limit: Constraint) -> None:
    """Take a limit into an active set."""
    if limit.kind == "line":
        active.lines.append(limit.number)
        active.signs.append(limit.side)
    else:
        active.side[limit.number] = limit.side


def leave(active: Active, limit: Constraint) -> None:
    """Take a limit out of an active set."""
    if limit.kind == "line":
        place = active.lines.index(limit.number)
        del active.lines[place], active.signs[place]
    else:
        active.side[limit.number] = 0


def missed(programme: Programme, load: Load, answer: Answer, limit: Constraint) -> float:
    """By how much an answer violates a limit, own units."""
    if limit.kind == "line":
        flow = programme.transfer.row(limit.number) @ programme.inside(load, answer.q) + programme.loop[limit.number]
        return float(limit.side * flow - programme.limits[limit.number])
    end = load.high if limit.side > 0 else load.low
    return float(limit.side * (answer.q[limit.number] - end[limit.number]))


def first_below(worth: Array, rate: Array, movable: Mask, usual: float = 1.0) -> tuple[int, float]:
    """(Place of the multiplier that falls to 0 first, after how long), (−1, inf) where none does.

    usual: the size of rates beside which rounding is nothing.
    """
    falls = movable & (rate < -RATE_ROUNDING * max(float(np.max(np.abs(rate), initial=0.0)), usual))
    if not np.any(falls):
        return -1, np.inf
    wait = np.full(len(rate), np.inf)
    wait[falls] = np.maximum(worth[falls], 0.0) / -rate[falls]
    first = float(wait.min())
    ties = np.flatnonzero(wait <= first)
    return int(ties[np.argmin(rate[ties])]), first


def movable(system: System, load: Load, rate: Load | None) -> Mask:
    """Which places of `worth` can leave: lines, and offers whose ends are apart, shape (lines + ends,)."""
    ends = system.ends
    apart = load.high[ends] > load.low[ends]
    if rate is not None:
        apart |= rate.high[ends] > rate.low[ends]
    return np.concatenate([np.ones(len(system.active.lines), dtype=bool), apart])


def pivot(programme: Programme, active: Active, load: Load, limit: Constraint, rate: Load | None = None) -> bool:
    """Bring a violated limit into an active set that meets all but such; False where nothing can meet it.

    active is changed. load: at which the limit is violated, or about to be; rate: by how much that changes.
    """
    push, multiplier = push_of(programme, limit), 0.0
    for _ in range(MOST_DROPPED * (len(active.lines) + len(active.side))):
        system = System(programme, active)
        answer, change = system.answers(load, push=push)
        now = Answer(answer.p + multiplier * change.p, answer.q + multiplier * change.q)
        rounding = RATE_ROUNDING * _summed(system, change, push)
        met = float(push @ change.q)
        wait = np.inf if met <= rounding else max(missed(programme, load, now, limit), 0.0) / met
        falls = system.worth(change, constant=False, push=push)
        worth = system.worth(answer, constant=True) + multiplier * falls
        place, blocked = first_below(worth, falls, movable(system, load, rate), float(np.max(np.abs(push))))
        if wait <= blocked:
            if not np.isfinite(wait):
                return False
            break
        multiplier += blocked
        leave(active, system.held(place))
        if np.any((active.side == 0) & (programme.offers.m == 0)) and System(programme, active).singular():
            break
    enter(active, limit)
    return True


def _summed(system, change, push):
    """What a limit's change is a sum of: where that cancels, nothing but rounding is left."""
    moved = system.weight * (np.abs(change.p) @ np.abs(system.at_strict) + np.abs(push[system.strict]))
    flat = np.abs(push[system.flat])  # flat offers balance what the others do
    return float(np.abs(push[system.strict]) @ moved + flat.sum() * moved.sum())


def worst(programme: Programme, active: Active, load: Load, answer: Answer) -> Constraint | None:
    """The limit that an answer violates most, None where it meets all."""
    marginal = active.side == 0
    over = np.where(marginal, answer.q - load.high, 0.0)
    under = np.where(marginal, load.low - answer.q, 0.0)
    flow = programme.transfer.on_limited(programme.inside(load, answer.q)) + programme.loop
    beyond = np.abs(flow) - programme.limits
    beyond[active.lines] = 0.0
    most = [float(np.max(part, initial=0.0)) for part in (over, under, beyond)]
    if max(most) <= LIMIT_ROUNDING:
        return None
    kind = int(np.argmax(most))
    if kind == 2:
        number = int(np.argmax(beyond))
        return Constraint("line", number, 1 if flow[number] > 0 else -1)
    number = int(np.argmax(over if kind == 0 else under))
    return Constraint("offer", number, 1 if kind == 0 else -1)


def settle(programme: Programme, active: Active, load: Load) -> tuple[Active, Answer, bool]:
    """The active set at which a load is served at least cost, its answer, and whether all limits can be met."""
    for _ in range(int(MOST_PIVOTS * np.sqrt(len(programme.limits) + len(active.side))) + 1):
        answer = System(programme, active).answers(load)[0]
        limit = worst(programme, active, load, answer)
        if limit is None:
            return active, answer, True
        if not pivot(programme, active, load, limit):
            return active, answer, False
    return active, answer, False


def merit_order(programme: Programme, load: Load) -> Active:
    """The active set of least cost without limits on lines: on every island the cheapest offers first."""
    offers, side = programme.offers, np.zeros(len(programme.node), dtype=np.intp)
    for row, wanted in zip(programme.rows[:, programme.node] > 0, programme.rows @ load.net, strict=True):
        own = np.flatnonzero(row)
        side[own] = _sides(offers.a[own], offers.m[own], load.low[own], load.high[own], wanted)
    return Active(side)


def _sides(a, m, low, high, wanted):
    """−1, 0 or +1 of every offer of one island, shapes (offers,), 0 for at least one."""
    size, rising = len(a), m > 0
    slope = 1 / np.where(rising, m, np.inf)
    event = np.concatenate([a + m * low, np.where(rising, a + m * high, np.inf)])  # starts, ends
    order = np.argsort(event, kind="stable")
    order = order[np.isfinite(event[order])]
    running = np.cumsum(np.concatenate([slope, -slope])[order])
    jump = np.concatenate([np.where(rising, 0.0, high - low), np.zeros(size)])[order]
    grown = np.append(0.0, np.maximum(running[:-1], 0.0) * np.diff(event[order]))
    reached = int(np.searchsorted(low.sum() + np.cumsum(grown + jump), wanted))
    started, ended = order[:reached][order[:reached] < size], order[:reached][order[:reached] >= size] - size
    side = np.full(size, -1)
    side[started] = np.where(rising[started], 0, 1)
    side[ended] = 1
    if reached == 0:  # nothing is wanted: the price is that of the first unit
        reached = int(np.argmax((high > low)[order % size])) if np.any(high > low) else len(order)
    last = int(order[min(reached, len(order) - 1)]) % size
    if (reached < len(order) and not rising[last]) or not np.any(side == 0):
        side[last] = 0
    return side
