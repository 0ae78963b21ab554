"""What every part of a user's day offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from market.arrays import Array, Integers

if TYPE_CHECKING:
    from typing import Self

    from market.aggregator.days.clock import Clock
    from market.aggregator.days.sheet import Frame, Sheet


class Part(ABC):
    """One kind of device, of all users of a block who have it.

    Fields of a subclass that are keys of files hold one value a user who has it, shape (k,), or one a user and period,
    shape (k, periods); `users` are the numbers of those users in their block, ascending, shape (k,).
    sells: may a user who has it sell unless told otherwise? flexible: does it let its user choose when?
    """

    users: Integers
    sells: bool = False
    flexible: bool = False

    @abstractmethod
    def lay(self, sheet: Sheet) -> None:
        """Write columns, rows and what they draw from the grid."""

    def idle(self, clock: Clock) -> Part | None:
        """The part with nothing left to choose but quantities; None where nothing is left of it."""
        return self

    def off_grid(self) -> Part | None:
        """What is left of it where there is no grid."""
        return self

    def saved(self, reservation: Array) -> Array:
        """What its users would pay for its energy elsewhere if there were no grid, money, shape (k,).

        reservation: the highest price at which each of them would consume, shape (k,).
        """
        return np.zeros(len(self.users))

    def size(self, clock: Clock) -> float:
        """The most energy it moves in a period, as a scale; 0 where nothing bounds it."""
        return 0.0

    def netted(self, frame: Frame, plan: Array) -> Array:
        """The plan of its block without what it does and undoes at no cost in the same period."""
        return plan

    def levels(self, frame: Frame, plan: Array) -> dict[str, Array]:
        """Fields with which the same part begins the day after a plan of its block."""
        return {}

    def of(self, some: Integers) -> Self:
        """The part for some users, ascending, numbered anew in their order; empty where none of them has it."""
        place = np.searchsorted(some, self.users)
        kept = place < len(some)
        kept[kept] = some[place[kept]] == self.users[kept]
        said = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]  # subclasses are dataclasses
        rows = {name: values[kept] for name, values in said.items() if isinstance(values, np.ndarray)}
        return replace(self, **rows | {"users": place[kept]})  # type: ignore[type-var]

    def _spread(self, *names: str) -> None:
        """Make arrays with a row a user of the named fields, which hold one number, or one or more a user."""
        users = np.asarray(self.users, dtype=np.intp)
        object.__setattr__(self, "users", users)
        for name in names:
            values = np.asarray(getattr(self, name), dtype=float)
            object.__setattr__(self, name, values if values.ndim > 1 else np.broadcast_to(values, users.shape))

    def _spread_periods(self, name: str) -> None:
        """Make an array (k, periods) of a field that holds one number a period, or is one already; or (k, 1)."""
        values = np.atleast_2d(np.asarray(getattr(self, name), dtype=float))
        object.__setattr__(self, name, np.broadcast_to(values, (len(self.users), values.shape[1])))
