"""The sheet on which the parts of users' days are laid: columns, rows and what each column draws from the grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from market.aggregator.days.clock import Clock
    from market.arrays import Array, Integers, Mask, Numbers


@dataclass(frozen=True, eq=False)
class Frame:
    """Days of users as one linear and quadratic description; a plan is a vector v of its columns.

    v lies in [low, high] and rows @ v in [least, most]; it costs its users cost v + square v², in money (columns,);
    owner: the user of each column; sell: which users may sell (users,). Net purchases are load @ v + given, reshaped to
    (users, periods), in energy. names: {"charge": (users who have it (k,), columns (k, periods))}.
    """

    users: int
    periods: int
    sell: Mask
    low: Array
    high: Array
    cost: Array
    square: Array
    owner: Integers
    rows: sparse.csr_array
    least: Array
    most: Array
    load: sparse.csr_array
    given: Array
    names: dict[str, tuple[Integers, Integers]]

    @property
    def columns(self) -> int:
        return len(self.cost)

    def purchases(self, plan: Array) -> Array:
        """Net purchases of every user, shape (users, periods)."""
        return (self.load @ plan).reshape(self.users, self.periods) + self.given

    def told(self, plan: Array, name: str) -> Array:
        """The values of one name, shape (users, periods), 0 for users who have no such columns."""
        values = np.zeros((self.users, self.periods))
        if name in self.names:
            users, columns = self.names[name]
            np.add.at(values, users, plan[columns])
        return values


@dataclass(eq=False)
class Sheet:
    """What parts write on, before it becomes a Frame.

    sell: which users may have negative net purchases, shape (users,); no_grid: is there nothing to buy from?
    """

    users: int
    clock: Clock
    sell: Mask
    no_grid: bool = False
    _columns: list = field(default_factory=list)
    _entries: list = field(default_factory=list)
    _limits: list = field(default_factory=list)
    _loads: list = field(default_factory=list)
    _charges: list = field(default_factory=list)
    _names: dict = field(default_factory=dict)
    _width: int = 0
    _height: int = 0

    def __post_init__(self) -> None:
        self.given = np.zeros((self.users, self.clock.count))

    @property
    def dumps(self) -> Mask:
        """Which users may leave their solar energy unused, shape (users,)."""
        return np.ones(self.users, dtype=bool) if self.no_grid else ~self.sell

    def variables(
        self,
        name: str,
        users: Integers,
        low: Numbers = 0.0,
        high: Numbers = np.inf,
        cost: Numbers = 0.0,
        square: Numbers = 0.0,
        count: int | None = None,
    ) -> Integers:
        """New columns, one a user (k,) and period, or `count` a user; their numbers, shape (k, periods).

        Bounds and costs broadcast to (k, periods): a column costs its user cost v + square v² in money.
        """
        shape = len(users), self.clock.count if count is None else count
        index = self._width + np.arange(shape[0] * shape[1]).reshape(shape)
        owner = np.broadcast_to(users[:, None], shape)
        self._columns.append([np.broadcast_to(part, shape).ravel() for part in (low, high, cost, square, owner)])
        self._width += index.size
        self._names[name] = (users, index)
        return index

    def columns(self, name: str, users: Integers) -> Integers:
        """The columns of a name laid before, of some of the users who have it, shape (users, periods)."""
        known, index = self._names[name]
        return index[np.searchsorted(known, users)]

    def draw(self, users: Integers, index: Integers, factor: Numbers = 1.0) -> None:
        """Columns (k, periods) add to their users' net purchases, each times a factor."""
        place = users[:, None] * self.clock.count + np.arange(self.clock.count)
        self._loads.append((place.ravel(), index.ravel(), np.broadcast_to(factor, index.shape).ravel()))

    def give(self, users: Integers, energy: Array) -> None:
        """Fixed amounts (k, periods) come off the users' net purchases."""
        np.add.at(self.given, users, -energy)

    def rows(self, least: Array, most: Numbers) -> Integers:
        """New rows with limits of one shape; their numbers in that shape."""
        least = np.asarray(least, dtype=float)
        index = self._height + np.arange(least.size).reshape(least.shape)
        self._limits.append((least.ravel(), np.broadcast_to(most, least.shape).ravel()))
        self._height += least.size
        return index

    def enter(self, rows: Integers, columns: Integers, factor: Numbers = 1.0) -> None:
        """Coefficients of columns in rows; all three broadcast."""
        parts = np.broadcast_arrays(rows, columns, np.asarray(factor, dtype=float))
        self._entries.append([part.ravel() for part in parts])

    def enter_drawn(self, rows: Integers, users: Integers, factor: float) -> None:
        """Coefficients of what users (k,) draw so far, but for fixed amounts, in rows (k, periods)."""
        row_of = np.full((self.users, self.clock.count), -1)
        row_of[users] = rows
        place, index, drawn = _joined(self._loads, 3)
        rows = row_of.ravel()[place.astype(np.intp)]
        self.enter(rows[rows >= 0], index[rows >= 0].astype(np.intp), factor * drawn[rows >= 0])

    def charge(self, users: Integers, per_unit: Array) -> None:
        """Users (k,) pay per_unit (k, periods), money/energy, for what they draw so far, but for fixed amounts."""
        paid = np.zeros((self.users, self.clock.count))
        paid[users] = per_unit
        place, index, drawn = _joined(self._loads, 3)
        self._charges.append((index.astype(np.intp), paid.ravel()[place.astype(np.intp)] * drawn))

    def frame(self) -> Frame:
        """All that was written; users who may not sell get the row that their net purchases are at least 0."""
        low, high, cost, square, owner = _joined(self._columns, 5)
        for index, paid in self._charges:
            np.add.at(cost, index, paid)
        load = _matrix(self._loads, (self.users * self.clock.count, self._width))
        rows = [_matrix(self._entries, (self._height, self._width))]
        limits = [_joined(self._limits, 2)]
        kept = np.flatnonzero(np.repeat(self._bound(load, low), self.clock.count))
        if len(kept):
            rows.append(load[kept])
            least = -self.given.ravel()[kept]
            limits.append([least, least if self.no_grid else np.full(len(kept), np.inf)])
        least, most = (np.concatenate(part) for part in zip(*limits, strict=True))
        return Frame(
            self.users,
            self.clock.count,
            self.sell,
            low,
            high,
            cost,
            square,
            owner.astype(np.intp),
            sparse.vstack(rows, format="csr"),
            least,
            most,
            load,
            self.given,
            self._names,
        )

    def _bound(self, load, low):
        """Users whose net purchases need a row of their own: 0 without a grid, else at least 0."""
        if self.no_grid:
            return np.ones(self.users, dtype=bool)
        lowest = (load.data < 0) | (low[load.indices] < 0)
        place = np.repeat(np.arange(load.shape[0]), np.diff(load.indptr))
        risky = np.bincount(place[lowest] // self.clock.count, minlength=self.users) > 0
        return ~self.sell & (risky | np.any(self.given < 0, axis=1))


def _joined(parts, count):
    return [np.concatenate([part[k] for part in parts]) if parts else np.empty(0) for k in range(count)]


def _matrix(entries, shape):
    rows, columns, factors = _joined(entries, 3)
    return sparse.csr_array((factors, (rows.astype(np.int32), columns.astype(np.int32))), shape=shape)
