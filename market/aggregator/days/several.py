"""The days of one replication, and what came of them, each counted as one market."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from market.aggregator.days.block import Homes
from market.aggregator.days.day import Day
from market.aggregator.days.measures import by_user
from market.aggregator.days.outcome import DayOutcome, mean_price, net
from market.arrays import Array


@dataclass(frozen=True, eq=False)
class DaysGame:
    """Days one after another, as they are before anybody played: the same homes, other profiles and prices."""

    days: tuple[Day, ...]

    @property
    def blocks(self) -> tuple[Homes, ...]:
        """Its homes as the first day has them."""
        return self.days[0].blocks

    @property
    def players(self) -> int:
        return self.days[0].players

    @property
    def users(self) -> int:
        return self.days[0].users

    @property
    def periods(self) -> int:
        """Periods of all days together."""
        return sum(day.periods for day in self.days)

    @property
    def player_slices(self) -> tuple[slice, ...]:
        """Where each block's players stand among all players."""
        return self.days[0].player_slices

    @property
    def user_slices(self) -> tuple[slice, ...]:
        """Where each block's users stand among all users."""
        return self.days[0].user_slices

    @property
    def pairs(self) -> int:
        """How many pairs of homes the largest block has."""
        return max(-(-block.users // 2) for block in self.blocks)

    def pair(self, number: int) -> DaysGame:
        """The same days of two homes of every block, see `Homes.pair`."""
        return DaysGame(tuple(day.changed([block.pair(number) for block in day.blocks]) for day in self.days))

    def player_name(self, j: int) -> str:
        """The name of player j."""
        return self.days[0].player_name(j)


@dataclass(frozen=True, eq=False)
class DaysOutcome:
    """Outcomes of days one after another, counted together.

    days: as each began, with the levels carried over.
    """

    days: tuple[Day, ...]
    outcomes: tuple[DayOutcome, ...]

    def joined(self, name: str) -> Array:
        """An array by period of the days' outcomes (price, load, z …), the last axis running over all days' periods."""
        return np.concatenate([getattr(outcome, name) for outcome in self.outcomes], axis=-1)

    @cached_property
    def told(self) -> dict[str, Array]:
        """What every user did in each period of all days, see `measures.by_user`, shapes (users, periods)."""
        parts = [by_user(day, outcome) for day, outcome in zip(self.days, self.outcomes, strict=True)]
        return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}

    @cached_property
    def background(self) -> Array:
        """Net load of everybody else, energy, shape (periods,)."""
        return np.concatenate([day.background for day in self.days])

    @cached_property
    def y(self) -> Array:
        """Net purchases of each player, energy, shape (players,)."""
        return np.asarray(np.sum(self.joined("y"), axis=1))

    @cached_property
    def bought(self) -> Array:
        """Net purchases of each user, energy, shape (users,)."""
        return np.asarray(np.sum(self.joined("z"), axis=1))

    @cached_property
    def x(self) -> Array:
        """Consumption of each user, energy, shape (users,)."""
        return np.asarray(np.sum(self.told["consumption"], axis=1))

    @cached_property
    def s(self) -> Array:
        """Surplus of each user, money, shape (users,)."""
        return np.asarray(sum(outcome.s for outcome in self.outcomes))

    @cached_property
    def bills(self) -> Array:
        """What each user pays at market prices, money, shape (users,); below 0 where it is paid."""
        return np.asarray(sum(outcome.bills for outcome in self.outcomes))

    @cached_property
    def paid(self) -> Array:
        """What each user pays with tariffs, money, shape (users,)."""
        return np.asarray(sum(outcome.paid for outcome in self.outcomes))

    @property
    def by_tariff(self) -> dict[str, Array]:
        """{tariff: what each user pays, money, (users,)}; below 0 where it gets money back."""
        days = [outcome.collected.payments for outcome in self.outcomes if outcome.collected is not None]
        return {name: np.asarray(sum(day[name] for day in days)) for name in (days[0] if days else ())}

    @property
    def revenue(self) -> float:
        """What tariffs bring in all, less what comes back, money."""
        return float(sum(np.sum(paid) for paid in self.by_tariff.values()))

    @cached_property
    def price(self) -> float:
        """Mean price weighted by what is bought in each period; the plain mean where nobody buys."""
        return mean_price(self.joined("price"), self.joined("z"))

    @property
    def quantity(self) -> float:
        """Net purchases of all users."""
        return net(self.y, self.joined("y"))

    @property
    def welfare(self) -> float:
        """Sum of all users' surplus, money."""
        return float(np.sum(self.s))

    @property
    def unserved(self) -> float:
        """What is bought beyond the price's capacity, energy."""
        return float(np.sum(self.joined("unserved")))

    @property
    def gap(self) -> float | None:
        """The largest gap of a day; None where some day's is not known."""
        gaps = [outcome.gap for outcome in self.outcomes]
        return None if any(gap is None for gap in gaps) else max(float(gap) for gap in gaps if gap is not None)

    @property
    def proven(self) -> bool:
        """Is the gap the most that anybody could gain?"""
        return all(outcome.proven for outcome in self.outcomes)
