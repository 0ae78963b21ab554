"""What players who learn have reached: their regret, how near an equilibrium they are, and how a run of them ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from market.arrays import Array
from market.outcome import Status

NEAR_EQUILIBRIUM = 0.01  # of an equilibrium's amounts: purchases this close count as at it
EVEN_ACTIONS = 41  # even amounts among which the best in hindsight is looked for first
ROUNDS_AT_ONCE = 1 << 13  # rounds times learners that are looked at in one call
TIMES_JUDGED = 20  # by default the gap is worked out so many times in a run, and in its last window


@dataclass(frozen=True)
class Judging:
    """How a run of learners is judged: learned if its gap was at most `tolerance_gap` in the last `window` rounds.

    certify_every: rounds between two at which the gap is worked out, None: a twentieth of all rounds.
    """

    tolerance_gap: float = 1e-3
    window: int = 10
    certify_every: int | None = None

    def every(self, rounds: int) -> int:
        """Rounds between two at which the gap is worked out, of so many."""
        return max(1, rounds // TIMES_JUDGED) if self.certify_every is None else self.certify_every

    def is_due(self, played: int, rounds: int) -> bool:
        """Are the gaps to be worked out after so many rounds of all?"""
        return played % self.every(rounds) == 0 or played == rounds

    def is_last(self, played: int, rounds: int) -> bool:
        """Is it one of the last rounds, all of whose gaps decide?"""
        return played > rounds - self.window


class Told(NamedTuple):
    """What is told of rounds: regrets so far, shape (rounds, learners), and the average regret, shape (rounds,)."""

    regrets: Array
    average_regret: Array

    @property
    def gap(self) -> list[None]:
        """Not worked out."""
        return [None] * len(self.regrets)

    @property
    def gap_of_average(self) -> list[None]:
        """Not worked out either."""
        return self.gap


class Learning(Protocol):
    """Players of a group who learn, as the judge asks them."""

    @property
    def where(self) -> slice:
        """Which of all players they are."""

    @property
    def top(self) -> Array:
        """The largest amount each tries, shape (players,)."""

    def hindsight(self, rounds: Array, count: int) -> tuple[Array, Array]:
        """(What even amounts would have paid, (rounds, players, count); what was paid, (rounds, players)).

        rounds: amounts of all players, shape (rounds, all players).
        """


class Judge:
    """Keeps a run's rounds and tells what was reached; arrays by learner hold those of all groups in order.

    groups: players who learn; rounds: how many the run will have. Regret is what the best fixed amount would have paid
    more than what was done, beside the same amounts of all others (Cesa-Bianchi and Lugosi, 2006, section 4.1); the
    best of EVEN_ACTIONS even amounts is meant.
    """

    def __init__(self, groups: Sequence[Learning], rounds: int, judging: Judging | None = None) -> None:
        self.groups, self.rounds = tuple(groups), rounds
        self.judging = Judging() if judging is None else judging
        self.players = [j for group in self.groups for j in range(group.where.start, group.where.stop)]
        count = len(self.players)
        self.hindsight, self.earned, self.range = np.zeros((count, EVEN_ACTIONS)), np.zeros(count), np.zeros(count)
        self.amounts: list[Array] = []
        self.total: Array = np.zeros(1)
        self.gap: float | None = None
        self.gap_of_average: float | None = None
        self.small_in_a_row = 0
        self._certified = np.empty(0), np.inf  # amounts whose gap is known

    @property
    def played(self) -> int:
        """Rounds so far."""
        return len(self.amounts)

    @property
    def average(self) -> Array:
        """The mean of all amounts so far, shape (all players,)."""
        return self.total / self.played

    def by_player(self, amounts: Array) -> Array:
        """Amounts of a round by player, shape (all players,)."""
        return amounts

    @property
    def regrets(self) -> Array:
        """What the best of the even amounts would have paid more so far, shape (learners,), at least 0."""
        return np.maximum(self.hindsight.max(axis=1) - self.earned, 0.0)

    @property
    def average_regret(self) -> float:
        """The largest regret of a learner a round, as a share of how far apart its payoffs in a round ever lay."""
        return float(self._average_regret(self.regrets, self.range, self.played))

    def add(self, y: Array) -> None:
        """Take in a round, amounts y of all players."""
        self.add_all(np.array(y, dtype=float)[None])

    def add_all(self, rounds: Array) -> Told:
        """Take in many rounds, amounts of all players, shape (rounds, all players); what is then told of each."""
        step, played = max(1, ROUNDS_AT_ONCE // max(1, len(self.players))), self.played
        told = [self._add(rounds[lo : lo + step]) for lo in range(0, len(rounds), step)]
        self.total = np.cumsum(np.concatenate([np.broadcast_to(self.total, rounds[:1].shape), rounds]), axis=0)[-1]
        self.amounts += list(rounds)
        self.gap = self.gap_of_average = None
        regrets, ranges = (np.concatenate(part) for part in zip(*told, strict=True))
        return Told(regrets, self._average_regret(regrets, ranges, np.arange(played + 1, self.played + 1)))

    def _add(self, some):
        """(Regrets, ranges so far) after each of some rounds, shapes (rounds, learners); sums go on round by round."""
        found = [group.hindsight(some, EVEN_ACTIONS) for group in self.groups]
        paid, earned = (np.concatenate(part, axis=1) for part in zip(*found, strict=True))
        ranges = np.maximum.accumulate(np.maximum(paid.max(axis=2) - paid.min(axis=2), self.range))
        paid[0] += self.hindsight
        earned[0] += self.earned
        np.cumsum(paid, axis=0, out=paid)
        np.cumsum(earned, axis=0, out=earned)
        self.hindsight, self.earned, self.range = paid[-1].copy(), earned[-1].copy(), ranges[-1].copy()
        return np.maximum(paid.max(axis=2) - earned, 0.0), ranges

    @staticmethod
    def _average_regret(regrets, ranges, played):
        wide = np.where(ranges > 0, ranges, np.inf)
        return np.max(regrets / wide, axis=-1, initial=0.0) / np.maximum(played, 1)

    @property
    def until_due(self) -> int:
        """In how many rounds the gap is to be worked out again, at least 1; once all are played, 1."""
        played, rounds = self.played, self.rounds
        every = self.judging.every(rounds)
        due = min(played // every * every + every, rounds - self.judging.window + 1, rounds)
        return max(due - played, 1)

    def certify(self, gap_of: Callable[[Array], float]) -> None:
        """Work out the gaps of this round if they are due; gap_of: of amounts of all players."""
        due = self.judging.is_due(self.played, self.rounds)
        if not (due or self.judging.is_last(self.played, self.rounds)):
            return
        last, known = self._certified
        self.gap = known if np.array_equal(last, self.amounts[-1]) else gap_of(self.amounts[-1])
        self._certified = self.amounts[-1], self.gap
        self.gap_of_average = gap_of(self.average) if due else None
        self.small_in_a_row = self.small_in_a_row + 1 if self.gap <= self.judging.tolerance_gap else 0

    @property
    def status(self) -> Status:
        """How the run stands: learned only at its end, by its gap, and never for standing still alone."""
        if self.played < self.rounds:
            return Status.RUNNING
        enough = min(self.judging.window, self.rounds)
        return Status.LEARNED if self.small_in_a_row >= enough else Status.ROUND_LIMIT

    @property
    def promised(self) -> float | None:
        """The largest gap the status allows, None where it promises none."""
        return self.judging.tolerance_gap if self.status is Status.LEARNED else None

    def distances(self, equilibria: Sequence[Array]) -> Array:
        """How far each round's amounts lie from the nearest equilibrium, shape (rounds,), as a share of its total.

        Not a number where there is no equilibrium.
        """
        return away(np.array(self.amounts), equilibria)


def away(rounds: Array, equilibria: Sequence[Array]) -> Array:
    """The distance of each round's amounts to the nearest equilibrium, shape (rounds,); not a number without one.

    rounds: amounts of all players, shape (rounds, players).
    """
    return np.min(_distances(rounds, equilibria), axis=0) if len(equilibria) else np.full(len(rounds), np.nan)


def nearest(y: Array, equilibria: Sequence[Array]) -> tuple[int, float] | None:
    """(Number of the nearest equilibrium, its distance) of amounts y of all players; None where there is none."""
    if not len(equilibria):
        return None
    distances = _distances(y[None], equilibria)[:, 0]
    best = int(np.argmin(distances))
    return best, float(distances[best])


def _distances(rounds, equilibria):
    """The largest difference of a player's amount to each equilibrium, as a share of its total, (equilibria, rounds).

    Of an equilibrium at which nothing is bought: as a share of the round's own total.
    """
    own = np.maximum(np.sum(np.abs(rounds), axis=1), SMALLEST_DIVISOR)
    totals = [float(np.sum(np.abs(y))) for y in equilibria]
    return np.array(
        [np.max(np.abs(rounds - y), axis=1) / (total or own) for y, total in zip(equilibria, totals, strict=True)]
    )


SMALLEST_DIVISOR = float(np.finfo(float).tiny)
