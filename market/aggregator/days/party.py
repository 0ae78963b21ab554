"""Players whose days are decided at once: their users' days as one description, and sums by player."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from market.aggregator.days.block import Homes
from market.aggregator.days.clock import Clock
from market.aggregator.days.programme import Programme, stacked
from market.aggregator.days.sheet import Frame
from market.arrays import Array, Integers

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False)
class Party:
    """Blocks of homes with their days laid out; plans, users and players stand block after block.

    sizes: the number of users of each player, shape (players,).
    """

    frames: tuple[Frame, ...]
    sizes: Integers

    @classmethod
    def of(cls, blocks: Sequence[Homes], clock: Clock, no_grid: bool = False) -> Party:
        """The homes' days laid out."""
        frames = tuple(block.frame(clock, no_grid) for block in blocks)
        return cls(frames, np.concatenate([block.sizes for block in blocks]))

    @property
    def one_player(self) -> Party:
        """The same users under one player."""
        return replace(self, sizes=np.array([self.users]))

    @property
    def periods(self) -> int:
        return self.frames[0].periods

    @property
    def players(self) -> int:
        return len(self.sizes)

    @cached_property
    def users(self) -> int:
        return sum(frame.users for frame in self.frames)

    @cached_property
    def starts(self) -> Integers:
        """First user of each player, shape (players,)."""
        return (np.cumsum(self.sizes) - self.sizes).astype(np.intp)

    @cached_property
    def player_of(self) -> Integers:
        """The player of each user, shape (users,)."""
        return np.repeat(np.arange(self.players), self.sizes)

    @cached_property
    def column_stops(self) -> Integers:
        """Where each block's columns begin in a plan, and how many there are, shape (blocks + 1,)."""
        return np.cumsum([0, *(frame.columns for frame in self.frames)])

    @cached_property
    def columns(self) -> int:
        return int(self.column_stops[-1])

    @cached_property
    def owner(self) -> Integers:
        """The user of each column, shape (columns,)."""
        first = np.cumsum([0, *(frame.users for frame in self.frames)])
        return np.concatenate([frame.owner + start for frame, start in zip(self.frames, first, strict=False)])

    @cached_property
    def load(self) -> sparse.csr_array:
        """What each column adds to users' purchases, shape (users × periods, columns)."""
        return sparse.block_diag([frame.load for frame in self.frames], format="csr")

    @cached_property
    def given(self) -> Array:
        """Users' purchases where every column is 0, shape (users, periods)."""
        return np.concatenate([frame.given for frame in self.frames])

    @cached_property
    def days(self) -> Programme:
        """The users' days by themselves, as if purchases cost nothing."""
        return stacked([Programme(f.cost, f.square, f.low, f.high, f.rows, f.least, f.most) for f in self.frames])

    @cached_property
    def player_load(self) -> sparse.csr_array:
        """What each column adds to players' purchases, shape (players × periods, columns)."""
        user, period = np.divmod(np.arange(self.users * self.periods), self.periods)
        place = self.player_of[user] * self.periods + period
        sums = sparse.csr_array((np.ones(len(place)), (place, np.arange(len(place)))))
        return (sums @ self.load).tocsr()

    def plans(self, plan: Array) -> list[Array]:
        """A plan cut into the blocks' parts."""
        return np.split(plan, self.column_stops[1:-1])

    def purchases(self, plan: Array) -> Array:
        """Users' net purchases, shape (users, periods)."""
        return (self.load @ plan).reshape(self.users, self.periods) + self.given

    def worth(self, plan: Array) -> Array:
        """Users' utility less discomfort, in money, shape (users,)."""
        costs = (self.days.cost + self.days.square * plan) * plan
        return -np.bincount(self.owner, costs, self.users).astype(np.float64)

    def by_player(self, values: Array) -> Array:
        """Sums over each player's users, (users, …) to (players, …)."""
        return np.add.reduceat(values, self.starts, axis=0)

    def told(self, plan: Array, name: str) -> Array:
        """The values of one name of parts' columns ("charged", "level" …), shape (users, periods)."""
        return np.concatenate([f.told(part, name) for f, part in zip(self.frames, self.plans(plan), strict=True)])
