"""The exact price of a player's direction on a grid, by parametric programming (docs/network/model.md).

Along a direction the least-cost dispatch changes its active set at finitely many points; between them every price is
affine. From one solved clearing the reduced optimality conditions tell how outputs and prices move, a ratio test where
the next limit is met or the next multiplier gone, and a pivot what holds beyond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Array
from market.grid.active_set import ROUNDING, Active, Answer, Constraint, Load, Programme, System
from market.grid.clearing import Operator
from market.grid.pivots import enter, first_below, leave, merit_order, movable, pivot, settle

AT_ONCE = 1e-13  # steps below it, in the grid's unit of energy, are none
MOST_AT_ONCE = 3  # times the number of constraints: so many steps of none before the dispatch is solved again beyond
BEYOND = 1e-9  # how far beyond, in the grid's unit of energy
HOLDS = 1e-9  # up to which limits and multipliers' signs hold where a piece begins, own units
MOST_AFRESH = 3
MOST_PIECES = 100_000


@dataclass(frozen=True, eq=False)
class Curve:
    """A price along a direction: straight between (starts, before) and (ends, after), shapes (pieces,), rising.

    It ends where more cannot be had at any price (`ended`), or where it need not go on: beyond the last end it has the
    last piece's slope. end: the active set there.
    """

    starts: Array
    ends: Array
    before: Array
    after: Array
    slopes: Array
    ended: bool
    active: Active

    def value(self, t: Array) -> Array:
        """Prices at t, the limit from the left where it jumps, shape of t."""
        piece = np.minimum(np.searchsorted(self.ends, t), len(self.ends) - 1)
        return self.before[piece] + self.slopes[piece] * (t - self.starts[piece])

    def points(self) -> tuple[Array, Array, float]:
        """(Quantities, prices, last slope) of the line through all pieces, a quantity twice where the price jumps."""
        quantities = np.stack([self.starts, self.ends], axis=1).ravel()
        prices = np.maximum.accumulate(np.stack([self.before, self.after], axis=1).ravel())
        new = np.append(True, (np.diff(quantities) > 0) | (np.diff(prices) > 0))
        finite = np.isfinite(quantities)
        return quantities[new & finite], prices[new & finite], float(self.slopes[-1])


def trace(
    programme: Programme, active: Active, load: Load, weights: Array, until: float = np.inf, top: float = np.inf
) -> Curve:
    """The price weights · λ of demand moved by t weights, for 0 ≤ t ≤ until, in the grid's units.

    Where all that a node buys is shed, or all that is sold there spilled, the price is that of lost load, either way.
    active: of the clearing at t = 0; weights (nodes,): ≥ 0 of a buyer, ≤ 0 of a seller, whose price is −weights · λ and
    falls. The curve ends early where a buyer's price reaches `top`, or a seller's that far down.
    """
    path = _Path(programme, active.copy(), load, weights)
    sign = -1.0 if np.any(weights < 0) else 1.0
    pieces: list[tuple[float, float, float, float, float]] = []
    end, stop = until / programme.offers.energy, top / programme.offers.price
    open_end = True
    while len(pieces) < MOST_PIECES:
        price, slope, step, event = path.piece()
        last = step >= end - path.at
        step = min(step, end - path.at)
        after = price + slope * step if np.isfinite(step) else (price if slope <= 0 else np.inf)
        pieces.append((path.at, path.at + step, sign * price, sign * after, sign * slope))
        if last or after >= stop or event is None:
            break
        open_end = path.go(step, event)
        if not open_end:
            break
    starts, ends, before, last, slopes = _joined(np.array(pieces).T)
    energy, money = programme.offers.energy, programme.offers.price
    lines = (starts * energy, ends * energy, before * money, last * money, slopes * money / energy)
    return Curve(*lines, not open_end, path.active)


def curve(
    operator: Operator,
    weights: Array,
    demand: Array | None = None,
    injected: Array | None = None,
    until: float = np.inf,
    top: float = np.inf,
) -> Curve | None:
    """`trace` from the least-cost dispatch of a demand and an injection (nodes,); None where there is none."""
    programme, nothing = operator.programme, np.zeros(operator.grid.nodes)
    demand, injected = operator.grid.demand if demand is None else demand, nothing if injected is None else injected
    load = programme.load(demand, injected)
    active, _, met = settle(programme, merit_order(programme, load), load)
    return trace(programme, active, load, weights, until, top) if met else None


def _joined(pieces):
    """Pieces that are no more than points left out, and straight neighbours made one."""
    starts, ends, before, after, slopes = pieces
    starts[1:] = ends[:-1]
    kept = ends - starts > AT_ONCE
    kept[-1] |= not np.any(kept)
    starts, ends, before, after, slopes = (part[kept] for part in (starts, ends, before, after, slopes))
    smooth = np.abs(before[1:] - after[:-1]) <= ROUNDING * (1 + np.abs(before[1:]))
    same = smooth & (np.abs(slopes[1:] - slopes[:-1]) <= ROUNDING * np.abs(slopes[1:]))
    first, last = np.append(True, ~same), np.append(~same, True)
    return starts[first], ends[last], before[first], after[last], slopes[first]


class _Path:
    """An active set that follows a load along a direction."""

    def __init__(self, programme: Programme, active: Active, load: Load, weights: Array) -> None:
        self.programme, self.active, self.weights = programme, active, weights
        self.start, self.rate = load, programme.rate(weights)
        self.at, self.at_once = 0.0, 0
        self._take_sides()

    @property
    def load(self) -> Load:
        return self.start.moved(self.rate, self.at)

    def _take_sides(self):
        """An offer that has no room yet but gets some is at its upper end where it pays, else at its lower."""
        offers, active = self.programme.offers, self.active
        opening = (self.start.low == self.start.high) & (self.rate.low < self.rate.high) & (active.side != 0)
        if np.any(opening):
            system = System(self.programme, active)
            paid = system.answers(self.start)[0].p @ system.at_offers[:, opening]
            active.side[opening] = np.where(paid > offers.a[opening], 1, -1)

    def piece(self) -> tuple[float, float, float, tuple[str, Constraint] | None]:
        """(Price, slope, length, what ends it) of the straight piece that begins here, own units."""
        system, now, change = self._here()
        last, worth = self._last_resort()
        rest = system.rows @ np.where(last, 0.0, self.weights)
        price, slope = float(now.p @ rest) + worth, float(change.p @ rest)
        step, event = self._next(system, self.load, now, change)
        return price, max(slope, 0.0), step, event

    def _here(self):
        """The conditions here with their answer and how it changes; solved afresh just beyond where they do not hold.

        Where several things happen at once a pivot may have taken the wrong one for the next.
        """
        for _ in range(MOST_AFRESH):
            try:
                system = System(self.programme, self.active)
                now, change = system.answers(self.load, rate=self.rate)
            except np.linalg.LinAlgError:
                self.solve_beyond()
                continue
            if self._holds(system, now):
                break
            self.solve_beyond()
        return system, now, change

    def _holds(self, system, now):
        """Are all limits kept and no multiplier of the wrong sign, up to HOLDS?"""
        load, programme = self.load, self.programme
        worth = system.worth(now, constant=True)[movable(system, load, self.rate)]
        flow = programme.transfer.on_limited(programme.inside(load, now.q)) + programme.loop
        beyond = np.max(np.abs(flow) - programme.limits, initial=0.0)
        beyond = max(beyond, np.max(now.q - load.high), np.max(load.low - now.q))
        return beyond <= HOLDS and np.min(worth, initial=0.0) >= -HOLDS * (1 + np.max(np.abs(now.p)))

    def _last_resort(self):
        """(Nodes where more bought is shed, or more sold is spilled, at once; what that is worth), own units."""
        offers, buys = self.programme.offers, self.weights > 0
        shed, spilled = self.active.side[offers.shed] > 0, self.active.side[offers.spill] < 0
        last = (self.weights != 0) & np.where(buys, shed, spilled)
        return last, float(np.abs(self.weights[last]).sum() * offers.a[offers.shed][0])

    def _next(self, system, load, now, change):
        """How far it is to the next event, and what is met: a limit (it comes in) or an active one (it goes out)."""
        worth, falls = system.worth(now, constant=True), system.worth(change, constant=False)
        place, wait = first_below(worth, falls, movable(system, load, self.rate))
        event = ("out", system.held(place)) if place >= 0 else None
        for limit, far in self._limits(load, now, change):
            if far < wait:
                wait, event = far, ("in", limit)
        return wait, event

    def _limits(self, load, now, change):
        """The next offer's end on each side and the next line's limit, with how far they are."""
        marginal = self.active.side == 0
        for side, end, rate in ((1, load.high, self.rate.high), (-1, load.low, self.rate.low)):
            nears = np.where(marginal, side * (change.q - rate), 0.0)
            far = _waits(np.where(marginal, side * (end - now.q), np.inf), nears)
            number = int(np.argmin(far))
            yield Constraint("offer", number, side), float(far[number])
        programme = self.programme
        if len(programme.limits):
            flow = programme.transfer.on_limited(programme.inside(load, now.q)) + programme.loop
            moves = programme.transfer.on_limited(programme.placed(change.q) - self.rate.net)
            moves[self.active.lines] = 0.0
            far = _waits(programme.limits - np.sign(moves) * flow, np.abs(moves))
            number = int(np.argmin(far))
            yield Constraint("line", number, 1 if moves[number] > 0 else -1), float(far[number])

    def go(self, step: float, event: tuple[str, Constraint]) -> bool:
        """Move to the end of a piece and through the event there; False where nothing lies beyond."""
        self.at_once = self.at_once + 1 if step <= AT_ONCE else 0
        self.at += step
        if self.at_once > MOST_AT_ONCE * (self.programme.islands + len(self.active.lines) + 10):
            return self.solve_beyond()
        kind, limit = event
        if kind == "in":
            return self._take_in(limit)
        leave(self.active, limit)
        flat = (self.active.side == 0) & (self.programme.offers.m == 0)
        if np.any(flat) and System(self.programme, self.active).singular():
            self._slide(limit)
        return True

    def _take_in(self, limit):
        """Pivot, or start afresh where nothing can be pivoted any more; False where more cannot be had."""
        before = self.active.copy()
        if pivot(self.programme, self.active, self.load, limit, self.rate):
            return True
        self.active = before
        return self.solve_beyond()

    def solve_beyond(self) -> bool:
        """Start afresh just beyond a point where too much happens at once."""
        self.at, self.at_once = self.at + BEYOND, 0
        self.active, _, met = settle(self.programme, merit_order(self.programme, self.load), self.load)
        return met

    def _slide(self, left):
        """Move flat offers, at no cost, off a limit that has no worth any more, until something else is met."""
        programme, system, load = self.programme, System(self.programme, self.active), self.load
        move = np.zeros(len(programme.node))
        move[system.flat] = system.null()[0]
        if left.kind == "line":
            off = -left.side * (programme.transfer.row(left.number) @ programme.placed(move))
        else:
            off = -left.side * move[left.number]
        move *= np.sign(off) / np.max(np.abs(move))
        enter(self.active, left)
        now = System(programme, self.active).answers(load)[0]
        leave(self.active, left)
        still = self.rate
        self.rate = Load(*(np.zeros_like(part) for part in still))
        limit = min(self._limits(load, now, Answer(now.p, move)), key=lambda found: found[1])[0]
        self.rate = still
        enter(self.active, limit)


def _waits(room: Array, rate: Array) -> Array:
    """How long room lasts where it shrinks at a rate, infinite where it does not."""
    shrinks = rate > ROUNDING * max(float(np.max(rate, initial=0.0)), 1.0)
    return np.where(shrinks, np.maximum(room, 0.0) / np.where(shrinks, rate, 1.0), np.inf)
