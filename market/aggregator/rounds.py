"""Rounds of best responses (Li, Motoki, Zhang, Algorithm 1) and how they end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from market.aggregator.single import best_quantities
from market.arrays import LARGEST, Array, Integers, Numbers, answered
from market.joining import check_order
from market.outcome import Status
from market.prices import PriceRule
from market.utilities import Utility

TURNS_AT_ONCE = 1024  # turns guessed at a time
WORTH_A_GUESS = 1e-12  # share of the total that guesses are off by, up to which what they come to is the next guess
STEEPEST_REPLY = -0.9  # slope of a reply that is counted on
LEAST_GROWTH = 1e-30
LONGEST_CYCLE = 64
CYCLE_CLOSED = 1e-6  # a cycle has closed when it misses its start by this share of its own size
MOST_REMEMBERED = 20_000_000  # purchases remembered to notice a cycle


class Row(NamedTuple):
    """Players who sit in a row, so that their turns are worked out together.

    reply: (some of them, a slice; others' totals; present purchases), arrays (some,), to best responses, each of which
    has the bits that the player would have alone.
    """

    reply: Callable[[slice, Array, Array], Array]

    def alone(self, others: float, now: Array) -> Array:
        """The best response of who sits there alone to the others' total, with its present purchase (1,)."""
        return self.reply(slice(0, 1), np.array([others]), now)


def take_turns(
    seats: Sequence[tuple[slice | Integers, Row | Callable[[float, Array], Numbers]]],
    y: Array,
    order: Iterable[int],
    damping: float,
) -> tuple[Array, Array]:
    """One round in which each player in turn sees the others' latest purchases.

    (Li, Motoki, Zhang, Algorithm 1, steps 3 to 7.)
    seats: pairs (where, decide): places in y and a function of (others' total, present purchases) that gives best
    responses, or a Row; order: indices of seats; damping in (0, 1]. Returns (new y, undamped best responses).
    """
    y, target = y.copy(), y.copy()
    total = float(y.sum())
    for seat in order:
        where, decide = seats[seat]
        now = y[where]
        if isinstance(decide, Row):
            if len(now) > 1:
                target[where], y[where], total = turns_in_a_row(decide.reply, total, now, damping)
                continue
            decide = decide.alone
        mine = float(now.sum())
        target[where] = decide(max(total - mine, 0.0), now)
        y[where] = now + damping * (target[where] - now)
        total += float(y[where].sum()) - mine
    return y, target


def turns_in_a_row(
    reply: Callable[[slice, Array, Array], Array], total: float, now: Array, damping: float
) -> tuple[Array, Array, float]:
    """(Best responses, damped purchases, total after them) of players who act one after another, bit by bit.

    All are worked out together from guesses of the totals that they see, until no guess changes. A total depends on
    earlier players only, so that every pass settles at least one more; up to TURNS_AT_ONCE are guessed at a time.
    """
    target, y = np.empty_like(now), np.empty_like(now)
    first, totals, before = 0, np.full(len(now) + 1, total), np.full((2, len(now)), np.nan)
    while first < len(now):
        some = slice(first, min(first + TURNS_AT_ONCE, len(now)))
        held, seen = now[some], totals[first : some.stop + 1].copy()
        target[some] = reply(some, np.maximum(seen[:-1] - held, 0.0), held)
        y[some] = held + damping * (target[some] - held)
        new = np.cumsum(np.concatenate([seen[:1], y[some] - held]))
        wrong = np.flatnonzero(new != seen)
        first = int(first + wrong[0]) if len(wrong) and wrong[0] < len(held) else some.stop
        if first < some.stop:
            totals[some.start : some.stop + 1] = _extrapolated(seen, new, y[some], before[:, some])
        totals[: first + 1][some.start :] = new[: first + 1 - some.start]
        totals[some.stop + 1 :] = new[-1]
        before[:, some] = seen[:-1], y[some]
    return target, y, float(totals[-1])


def _extrapolated(seen, new, y, before):
    """Better guesses of the totals: what replies will move by is what they moved by since the pass before.

    seen: totals that were guessed, new: what they come to, shapes (players + 1,); before: totals and replies then.
    """
    away = new - seen
    if not np.max(np.abs(away)) > WORTH_A_GUESS * abs(new[-1]):
        return new
    moved = seen[:-1] - before[0]
    slope = np.where(np.abs(moved) > 0, (y - before[1]) / np.where(moved != 0, moved, 1.0), 0.0)
    grows = np.cumprod(1 + np.clip(slope, STEEPEST_REPLY, 0.0))
    if not grows[-1] > LEAST_GROWTH:
        return new
    return seen + np.concatenate([away[:1], grows * np.cumsum(np.diff(away) / grows)])


def move_together(
    seats: Iterable[tuple[slice | Integers, Row | Callable[[float, Array], Numbers]]], y: Array, damping: float
) -> tuple[Array, Array]:
    """One round in which all players respond to the same last purchases; returns (new y, undamped best responses)."""
    target = y.copy()
    total = float(y.sum())
    for where, decide in seats:
        now = y[where]
        if isinstance(decide, Row):
            target[where] = decide.reply(slice(0, len(now)), np.maximum(total - now, 0.0), now)
        else:
            target[where] = decide(max(total - float(now.sum()), 0.0), now)
    return y + damping * (target - y), target


def take_exact_turns(
    seats: Sequence[tuple[slice, Callable[[float, Array], Numbers]]], y: Array, order: Iterable[int]
) -> Array:
    """One undamped round in turn; the others' total is added up anew for everyone, so that it is the same to the last
    bit whether players sit one by one or as a group. Seats and order as take_turns has them; returns the new y.
    """
    y = y.copy()
    for seat in order:
        where, decide = seats[seat]
        now = y[where].copy()
        y[where] = decide(max(float(y.sum()) - float(now.sum()), 0.0), now)
    return y


def users_in_turn(rule: PriceRule, utility: Utility, outside: float, now: Array, damping: float) -> tuple[Array, Array]:
    """Best responses of many single users, one after another; `outside` is the total of everybody else.

    Returns (undamped best responses, damped purchases), shapes (users,).
    """

    def reply(some, others, _):
        return best_quantities(rule, utility.take(some), others, each_alone=True)

    return turns_in_a_row(reply, outside + float(now.sum()), now, damping)[:2]


def are_purchases(answer: object, players: int) -> bool:
    """Is an answer a purchase from 0 to LARGEST for every one of so many players: a number, or an array of them?"""
    values = answered(answer)
    if values is None or values.dtype.kind == "b" or values.size != players or values.ndim > 1:
        return False
    return bool(np.all((values >= 0) & (values <= LARGEST)))


def wrong_part(answer: object) -> object:
    """What is wrong in an answer that is no purchase: the first number of an array that is none, else all of it."""
    values = answer if type(answer) is np.ndarray else np.empty(0)
    wrong = values[~((values >= 0) & (values <= LARGEST))] if values.dtype.kind in "iuf" else np.empty(0)
    return wrong.flat[0].item() if wrong.size else answer


def check_rounds(order: str, damping: float) -> None:
    """Raise ValueError for an order or a damping that rounds cannot have."""
    check_order(order)
    if not 0 < damping <= 1:
        raise ValueError(f"damping={damping!r} must be in (0, 1]")


class Watch:
    """Notices how a run ends: settled, cycling, or out of rounds (docs/aggregator/model.md, Rounds).

    tolerance: settled when no undamped best response is further away than this share of the total; cycles are looked
    for where the rounds are deterministic (in turn and together); cycle: how many rounds one takes, or None.
    """

    def __init__(self, order: str, tolerance: float, rounds: int) -> None:
        self.order, self.tolerance, self.rounds = order, tolerance, rounds
        self.past: deque[Array] = deque(maxlen=LONGEST_CYCLE + 1)
        self.cycle: int | None = None

    def status(self, played: int, before: Array, target: Array, after: Array) -> Status:
        """Status after a round: purchases before it, best responses in it, purchases after it, shapes (players,).

        Of days (players, periods), where sales count as much.
        """
        move = float(np.max(np.abs(target - before)))
        if move <= self.tolerance * max(float(np.abs(after).sum()), np.finfo(float).tiny):
            return Status.SETTLED
        if self.order != "random" and self._closes(after):
            return Status.CYCLING
        return Status.ROUND_LIMIT if played >= self.rounds else Status.RUNNING

    def _closes(self, y):
        if y.size * LONGEST_CYCLE > MOST_REMEMBERED:
            return False
        near = self.tolerance * float(np.abs(y).sum())
        step = 0.0
        for length, old in enumerate(reversed(self.past), start=1):
            away = float(np.max(np.abs(y - old)))
            if length > 1 and away <= near and away <= CYCLE_CLOSED * step:
                self.cycle = length
                return True
            step = max(step, away)
        self.past.append(y.copy())
        return False
