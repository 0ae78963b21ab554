"""The equilibrium at alpha = 0 with affine prices: the optimum of one convex programme, its potential."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from market.aggregator.days.day import Day
from market.aggregator.days.outcome import MOST_POLISHED, NO_REGRET, DayOutcome, certified_welfare, clear
from market.aggregator.days.programme import USABLE, Answer, Programme, free, joined, solve, stacked
from market.aggregator.days.seats import Seats
from market.arrays import Array
from market.outcome import CERTIFIED_GAP, Status

SUMMED_FIRST = 16  # players whose purchases are summed before all are


@dataclass(frozen=True, eq=False)
class Solution:
    """status and outcome, as the aggregator market's; proven: is the gap the most that anybody could gain?"""

    status: Status
    outcome: DayOutcome

    @property
    def proven(self) -> bool:
        return self.outcome.proven


def potential_solution(day: Day, certify: bool = True) -> Solution:
    """The one equilibrium where every player maximises the plain sum and prices are affine (docs/days/model.md).

    Raises ValueError where there is no potential.
    """
    plan, answer = potential_optimum(day)
    outcome = clear(day, plan)
    if answer.status not in USABLE:
        return Solution(Status.INFEASIBLE if answer.status == "infeasible" else Status.NOT_FOUND, outcome)
    if certify:
        outcome = polished(day, certified_welfare(day, outcome))
    return Solution(ended(outcome, Status.SOLVED), outcome)


def polished(day: Day, outcome: DayOutcome) -> DayOutcome:
    """The outcome after the few players who gain by more than NO_REGRET have answered once more, in their own units.

    A programme over everybody tells no more of a tiny player than a share of the largest.
    """
    if outcome.regrets is None:
        return outcome
    some = np.flatnonzero(outcome.regrets > NO_REGRET)
    if not 0 < len(some) <= MOST_POLISHED:
        return outcome
    seats, plan, y = Seats(day), outcome.plan.copy(), outcome.y.copy()
    for j in map(int, some):
        columns = seats.columns(j)
        plan[columns] = seats.reply(j, day.load(y) - y[j], plan[columns])
        y[j] = seats.purchase(j, plan[columns])
    again = certified_welfare(day, clear(day, plan))
    better = again.regrets is not None and np.max(again.regrets) < np.max(outcome.regrets)
    return again if better else outcome


def ended(outcome: DayOutcome, status: Status) -> Status:
    """How a run or a solution that came to its end is told: inaccurate where its gap is no equilibrium's.

    Infeasible where a fair player leaves some user without a logarithm, its gap being infinite.
    """
    if outcome.gap is not None and np.isinf(outcome.gap):
        return Status.INFEASIBLE
    if outcome.gap is not None and not outcome.gap <= CERTIFIED_GAP:
        return Status.INACCURATE
    return Status.SHORT if np.any(outcome.unserved > 0) else status


def potential_programme(day: Day) -> Programme:
    """Minimise −Σ_j V_j + Σ_t [(p0_t + c_t N_t) Y_t + (c_t/2)(Y_t² + Σ_j y_jt²)] over everybody's day.

    N: the background, Y here without it (docs/days/model.md, The potential). Columns: everybody's plan, y (players ×
    periods), sums over groups of players (a row over all of them would fill the solver's factors), Y (periods).
    Raises ValueError where a price is not affine or a player does not maximise the plain sum.
    """
    if day.affine is None or not day.welfare:
        raise ValueError("a potential exists only for affine prices and alpha = 0")
    (p0, c), party, periods = day.affine, day.party, day.periods
    count, groups = party.players * periods, -(-party.players // SUMMED_FIRST)
    parts = groups * periods
    bought = free(np.zeros(count), np.tile(c / 2, party.players))
    whole = [party.days, bought, free(np.zeros(parts), np.zeros(parts)), free(p0 + c * day.background, c / 2)]
    one, each = sparse.eye_array(periods), sparse.eye_array(parts)
    group = np.arange(party.players) // SUMMED_FIRST
    in_group = sparse.csr_array((np.ones(party.players), (group, np.arange(party.players))))
    rows = sparse.block_array(
        [
            [-party.player_load, sparse.eye_array(count), None, None],
            [None, -sparse.kron(in_group, one), each, None],
            [None, None, -sparse.kron(np.ones((1, groups)), one), one],
        ],
        format="csr",
    )
    right = np.concatenate([party.by_player(party.given).ravel(), np.zeros(parts + periods)])
    return joined(stacked(whole), rows, right, right)


def potential_optimum(day: Day) -> tuple[Array, Answer]:
    """(everybody's plan at the optimum of `potential_programme`, the programme's answer)."""
    answer = solve(potential_programme(day), day.energy_unit)
    return answer.v[: day.party.columns], answer
