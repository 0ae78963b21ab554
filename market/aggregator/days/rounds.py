"""Rounds of best days: in turn, at random or together, as in the market without days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from market.aggregator import endings
from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import Solution, ended, potential_optimum, potential_solution
from market.aggregator.days.moment import moment_of, plan_of
from market.aggregator.days.outcome import certified_welfare, clear
from market.aggregator.days.replies import best_days
from market.aggregator.days.seats import Seats, certified
from market.aggregator.equilibrium import solve as solve_game
from market.aggregator.rounds import Watch
from market.arrays import Array
from market.outcome import Status

SOLVE_ROUNDS = 100
SOLVE_TOLERANCE = 1e-8
LAST_STEP_SHARE = 0.01  # of an answer's first step, the last ones in rounds that nobody watches
LARGE_STREET = 2_500  # users × periods from which only one start is tried


def in_turn(seats: Seats, plan: Array, order: Iterable[int], damping: float = 1.0) -> tuple[Array, Array]:
    """One round in which each player sees the others' latest days; (everybody's plan, undamped best purchases)."""
    plan, day = plan.copy(), seats.day
    y = day.party.by_player(day.party.purchases(plan))
    target, load = y.copy(), day.load(y)
    for j in order:
        columns = seats.columns(j)
        best = seats.reply(j, load - y[j], plan[columns])
        target[j] = seats.purchase(j, best)
        plan[columns] += damping * (best - plan[columns])
        now = seats.purchase(j, plan[columns])
        load, y[j] = load + now - y[j], now
    return seats.cleared(plan), target


def together(seats: Seats, plan: Array, damping: float = 1.0) -> tuple[Array, Array]:
    """One round in which all answer the same last day; (everybody's plan, undamped best purchases)."""
    day, there = seats.day, plan.copy()
    y = day.party.by_player(day.party.purchases(plan))
    load = day.load(y)
    for j in range(day.players):
        columns = seats.columns(j)
        there[columns] = seats.reply(j, load - y[j], plan[columns])
    target = day.party.by_player(day.party.purchases(there))
    return seats.cleared(plan + damping * (there - plan)), target


def start_plan(seats: Seats) -> Array:
    """Where rounds begin: every user's best day at the prices of the background alone; nothing where the day is the
    market without days, as there."""
    return _best_alone(seats.day) if seats.moment is None else np.zeros(seats.day.party.columns)


def _best_alone(day):
    return best_days(day.party, day.price(day.load(np.zeros((1, day.periods)))), day.energy_unit)


def played(
    seats: Seats, plan: Array, rounds: int = SOLVE_ROUNDS, tolerance: float = SOLVE_TOLERANCE
) -> tuple[Array, Status, int]:
    """(plan, status, rounds played) of rounds in turn from a plan on."""
    watch, day = Watch("in-turn", tolerance, rounds), seats.day
    status, count = Status.RUNNING, 0
    y = day.party.by_player(day.party.purchases(plan))
    while status == Status.RUNNING:
        plan, target = in_turn(seats, plan, range(day.players))
        before, y, count = y, day.party.by_player(day.party.purchases(plan)), count + 1
        status = watch.status(count, before, target, y)
    return plan, status, count


def solve(day: Day, certify: bool = True) -> Solution:
    """The equilibrium of a day without rounds where there is a potential; else where rounds from several starts lead.

    Of several ends that settled the one of highest welfare; without `certify` fair players look for better days near
    their present ones only; proven is false with fair players, and where a price bends so that replies are not convex
    programmes.
    """
    game = moment_of(day)
    if game is not None:
        return _moment_solution(day, game, certify)
    if day.affine is not None and day.welfare:
        return potential_solution(day, certify)
    begun = [(Seats(day, LAST_STEP_SHARE, searches=certify), start) for start in starts(day)]
    found = [(seats, *played(seats, start)) for seats, start in begun]
    settled = [(seats, plan) for seats, plan, status, _ in found if status == Status.SETTLED]
    outcomes = [(seats, clear(day, plan)) for seats, plan in settled or [found[0][:2]]]
    seats, best = max(outcomes, key=lambda end: end[1].welfare)
    if certify:
        best = certified_welfare(day, best) if day.welfare else certified(seats, best)
    return Solution(ended(best, Status.SOLVED) if settled else Status.NOT_FOUND, best)


def _moment_solution(day, game, certify):
    """The solution of the market without days."""
    found = solve_game(game, certify)
    outcome = clear(day, plan_of(day.party, found.outcome.x))
    known = {name: getattr(found.outcome, name) for name in ("gap", "regrets", "proven")}
    return Solution(endings.ending(found.status, found.outcome), replace(outcome, **known))


def starts(day: Day) -> list[Array]:
    """Plans to begin from: what plain sums would do, and every user's best day at the background's prices."""
    first = [potential_optimum(day.plain)[0]] if day.affine is not None else []
    if day.users * day.periods > LARGE_STREET and first:
        return first
    return [*first, _best_alone(day)]
