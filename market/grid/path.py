"""How a least-cost dispatch changes as the load moves along a straight line: piece by piece, from event to event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from market.arrays import Array
from market.grid.active_set import LIMITS_MISSED, RATE_ROUNDING, Active, Answer, Constraint, Load, Programme, System
from market.grid.pivots import first_below, leave, merit_order, movable, pivot, settle

NO_STEP = 1e-13  # steps and pieces below it, in the grid's unit of energy, are none
MOST_NO_STEPS = 3  # times the number of constraints: so many steps of none before the dispatch is solved again beyond
BEYOND_A_PIECE = 1e-9  # how far beyond, in the grid's unit of energy
MOST_AFRESH = 3
MOST_FOLLOWED = 200  # pieces on the way to a load near by


class Piece(NamedTuple):
    """A piece of a path: its conditions, the answer where it begins and how that changes, its length, what ends it."""

    system: System
    now: Answer
    change: Answer
    length: float
    event: tuple[str, Constraint] | None


def follow(programme: Programme, active: Active, load: Load, goal: Load) -> Active | None:
    """The active set at a goal, on the straight way from one that is known; None where the way is too long."""
    far = [
        np.subtract(end, start, out=np.zeros_like(end), where=end != start)  # capacities may have no end
        for start, end in zip(load, goal, strict=True)
    ]
    length = max(float(np.max(np.abs(part), initial=0.0)) for part in far)
    if length == 0:
        return active
    path = Path(programme, active.copy(), load, Load(*(part / length for part in far)))
    for _ in range(MOST_FOLLOWED):
        piece = path.piece()
        if piece.event is None or path.at + piece.length >= length:
            return path.active
        if not path.go(piece.length, piece.event):
            break
    return None


class Path:
    """An active set that follows a load along a direction."""

    def __init__(self, programme: Programme, active: Active, load: Load, rate: Load) -> None:
        self.programme, self.active = programme, active
        self.start, self.rate = load, rate
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
            paid = (system.answers(self.start)[0].p @ system.rows)[self.programme.node[opening]]
            active.side[opening] = np.where(paid > offers.a[opening], 1, -1)

    def piece(self) -> Piece:
        """The straight piece that begins here."""
        system, now, change = self._here()
        return Piece(system, now, change, *self._next(system, self.load, now, change))

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
        """Are all limits kept and no multiplier of the wrong sign, up to LIMITS_MISSED?"""
        load, programme = self.load, self.programme
        worth = system.worth(now, constant=True)[movable(system, load, self.rate)]
        flow = programme.transfer.on_limited(programme.inside(load, now.q)) + programme.loop
        beyond = np.max(np.abs(flow) - programme.limits, initial=0.0)
        beyond = max(beyond, np.max(now.q - load.high), np.max(load.low - now.q))
        return beyond <= LIMITS_MISSED and np.min(worth, initial=0.0) >= -LIMITS_MISSED * (1 + np.max(np.abs(now.p)))

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
        self.at_once = self.at_once + 1 if step <= NO_STEP else 0
        self.at += step
        if self.at_once > MOST_NO_STEPS * (self.programme.islands + len(self.active.lines) + 10):
            return self.solve_beyond()
        kind, limit = event
        if kind == "in":
            return self._take_in(limit)
        leave(self.active, limit)  # regular still: where flat offers alone can move at no cost, no worth falls
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
        self.at, self.at_once = self.at + BEYOND_A_PIECE, 0
        self.active, _, met = settle(self.programme, merit_order(self.programme, self.load), self.load)
        return met


def _waits(room: Array, rate: Array) -> Array:
    """How long room lasts where it shrinks at a rate, infinite where it does not."""
    shrinks = rate > RATE_ROUNDING * max(float(np.max(rate, initial=0.0)), 1.0)
    return np.where(shrinks, np.maximum(room, 0.0) / np.where(shrinks, rate, 1.0), np.inf)
