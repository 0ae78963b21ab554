"""Rounds of learners that were played at once, as reporters read them in place of the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from market.aggregator.clearing import Rounds
from market.aggregator.game import Game
from market.arrays import Array
from market.conduct.judge import Told
from market.outcome import Outcome, Status


@dataclass(frozen=True, eq=False)
class Stretch:
    """Rounds in a row, none of them the last; every answer is by round.

    played: rounds before them; before: purchases in the last of those, shape (players,); outcome: what cleared; judge:
    what was told.
    """

    game: Game
    played: int
    before: Array
    outcome: Rounds
    judge: Told

    @property
    def y(self) -> Array:
        """Purchases of all players, shape (rounds, players)."""
        return self.outcome.y

    @property
    def round(self) -> list[int]:
        """Their numbers, from 1."""
        return list(range(self.played + 1, self.played + len(self.y) + 1))

    @property
    def status(self) -> list[Status]:
        """How the run stood."""
        return [Status.RUNNING] * len(self.y)

    @cached_property
    def move(self) -> Array:
        """How far the player moved who moved most, energy."""
        return np.asarray(np.max(np.abs(np.diff(self.y, axis=0, prepend=self.before[None])), axis=1))

    def outcome_of(self, number: int) -> Outcome:
        """One of them as its round had it."""
        found = self.outcome
        cleared = found.y[number], found.x[number], found.s[number], float(found.price[number])
        return Outcome(*cleared, float(found.unserved[number]), collected=found.collected[number])
