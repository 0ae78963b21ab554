"""Homes: players of one kind, their users and the parts of these users' days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from market.aggregator.days.clock import Clock
from market.aggregator.days.parts import Part
from market.aggregator.days.sheet import Frame, Sheet
from market.arrays import Integers, Mask
from market.fairness import Objective, objective

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


@dataclass(frozen=True, eq=False)
class Homes:
    """Players of one kind, each with some users in a row: aggregators, or users who each are a player.

    sizes: users of each player (players,); sell: which users may sell (users,); parts: by name, each with the users
    who have it; kind, alpha, surplus_offset and fair are those of `market.aggregator.game.Block`.
    """

    name: str
    kind: str
    sizes: Integers
    parts: Mapping[str, Part]
    sell: Mask
    alpha: float = 0.0
    surplus_offset: float = 0.01
    fair: Objective | None = None

    @cached_property
    def single(self) -> bool:
        """Is every player one user?"""
        return bool(np.all(self.sizes == 1))

    @cached_property
    def objective(self) -> Objective:
        """The fairness objective; of a single user, its own surplus."""
        return objective(0.0, 0.0) if self.single else self.fair or objective(self.alpha, self.surplus_offset)

    @cached_property
    def welfare(self) -> bool:
        """Does every player maximise the plain sum of its users' surpluses?"""
        return self.objective.welfare

    @property
    def players(self) -> int:
        return len(self.sizes)

    @property
    def users(self) -> int:
        return int(np.sum(self.sizes))

    @cached_property
    def starts(self) -> Integers:
        """First user of each player, and the number of users at the end, shape (players + 1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.intp)

    @cached_property
    def player_of(self) -> Integers:
        """The player of each user, shape (users,)."""
        return np.repeat(np.arange(self.players), self.sizes)

    def player_name(self, j: int) -> str:
        """The name of player j: the block's, with its number where there are several."""
        return self.name if self.players == 1 else f"{self.name} {j + 1}"

    def player(self, j: int) -> Homes:
        """Player j alone."""
        one = self.some(np.arange(self.starts[j], self.starts[j + 1]))
        return replace(one, sizes=self.sizes[j : j + 1])

    def some(self, users: Integers) -> Homes:
        """Some users, ascending, each a player of its own."""
        parts = {name: part.of(users) for name, part in self.parts.items()}
        parts = {name: part for name, part in parts.items() if len(part.users)}
        return replace(self, sizes=np.ones(len(users), dtype=np.intp), parts=parts, sell=self.sell[users])

    def pair(self, number: int) -> Homes:
        """Two homes that follow one another, the pair of a number, counted over again behind the last; together one
        player where homes have aggregators. The last of an odd number stands alone."""
        first = 2 * number % (self.users + self.users % 2)
        few = self.some(np.arange(first, min(first + 2, self.users)))
        return few if self.single else replace(few, sizes=np.array([few.users]))

    def without(self, change: Callable[[Part], Part | None]) -> Homes:
        """The same homes with each part changed, or taken away where None comes of it."""
        parts = {name: change(part) for name, part in self.parts.items()}
        return replace(self, parts={name: part for name, part in parts.items() if part is not None})

    def frame(self, clock: Clock, no_grid: bool = False) -> Frame:
        """Their days as one description, see Frame; without a grid nobody buys and what nobody takes is left unused."""
        sheet = Sheet(self.users, clock, self.sell, no_grid)
        for part in self.parts.values():
            part.lay(sheet)
        return sheet.frame()


def sellers(users: int, parts: Mapping[str, Any]) -> Mask:
    """Who may sell unless told otherwise: users with solar, a battery or a car that feeds back, shape (users,)."""
    may = np.zeros(users, dtype=bool)
    for part in parts.values():
        switch = getattr(part, "vehicle_to_grid", None)
        if part.sells or switch is not None:
            may[part.users if switch is None else part.users[switch]] = True
    return may


def whole(parts: Mapping[str, Part], clock: Clock) -> float:
    """The most energy that any part of any user moves in a period."""
    return max((part.size(clock) for part in parts.values()), default=0.0)
