"""The agents who live a day: households and what they have, aggregators who decide, the operator who clears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import mesa
import numpy as np

from agents.seats import Player, Seat
from market.aggregator.days.block import Homes
from market.aggregator.days.clock import Clock
from market.aggregator.days.outcome import DayOutcome, clear
from market.aggregator.days.parts import Part
from market.aggregator.days.seats import certified
from market.prices import PriceRule


class DayPlan(NamedTuple):
    """A whole day of a player's users, as `best_day` and `price_taking` give it."""

    columns: np.ndarray


@dataclass(frozen=True, slots=True)
class DayView:
    """What a player knows before it decides a day; arrays by period.

    round: being played, from 1; day: from 0; others: load of everybody else with the background as it stands now,
    energy; own: its net purchases; price: of the last clearing, before the first one of the day that of the background
    alone; rules: price as a function of the whole load in each period.
    """

    round: int
    day: int
    others: np.ndarray
    own: np.ndarray
    price: np.ndarray
    rules: tuple[PriceRule, ...]
    clock: Clock


@dataclass(frozen=True, slots=True)
class DayHeard:
    """What a player learns once a round is cleared; arrays by period, payoff: what its objective makes of the day."""

    round: int
    day: int
    price: np.ndarray
    others: np.ndarray
    own: np.ndarray
    payoff: float
    rules: tuple[PriceRule, ...]
    player: Homes


class DayPlayer(Player):
    """Decides the day of its users; its seat's own is their homes.

    What it decides is a plan, by `best_day` or `price_taking`, or net purchases by period, which are then shared among
    its users' devices as it likes best.
    """

    @property
    def player(self) -> Homes:
        """Its users' homes, with their batteries as today began."""
        return self.model.day.player(self.seat.place)

    @property
    def purchase(self) -> np.ndarray:
        """Its net purchases in the last round, energy, shape (periods,)."""
        return self.model.y[self.seat.place]

    def best_day(self, others: Any) -> DayPlan:
        """The day that is best for its objective beside others' loads, shape (periods,), right or wrong."""
        table, j = self.model.table, self.seat.place
        return DayPlan(table.best(j, np.asarray(others, dtype=float), self.model.plan[table.columns(j)]))

    def price_taking(self, price: Any) -> DayPlan:
        """The day on which its users do their best at given prices, shape (periods,)."""
        return DayPlan(self.model.table.price_taking(self.seat.place, np.asarray(price, dtype=float)))

    def decide(self) -> Any:
        """The day that is best given the others' loads."""
        return self.best_day(self.view.others)


class Household(DayPlayer):
    """A home: row `row` of the population, `number` of its group. One inside an aggregator decides nothing."""

    def __init__(self, model: mesa.Model, seat: Seat, row: int | None = None):
        super().__init__(model, seat)
        self.row = model.first_user(seat) if row is None else row

    @property
    def number(self) -> int:
        """Which of its group's homes it is."""
        return self.row - self._group_rows.start

    @property
    def _group_rows(self):
        return next(rows for rows in self.model.game.user_slices if self.row < rows.stop)

    @property
    def devices(self) -> Mapping[str, Part]:
        """{name: what it has of it}, its numbers as arrays of length 1; batteries as today began."""
        k = self.model.game.user_slices.index(self._group_rows)
        some = np.array([self.number])
        parts = {name: part.of(some) for name, part in self.model.day.blocks[k].parts.items()}
        return {name: part for name, part in parts.items() if len(part.users)}

    @property
    def may_sell(self) -> bool:
        """May it feed energy back?"""
        k = self.model.game.user_slices.index(self._group_rows)
        return bool(self.model.day.blocks[k].sell[self.number])

    @property
    def hours(self) -> dict[str, np.ndarray]:
        """Its last day by period: net purchases "z", "consumption", "solar", "charged", "level" …, energy."""
        return {name: values[self.row] for name, values in self.model.told.items()}

    @property
    def quantity(self) -> float:
        """Consumption over the last day, energy."""
        return float(np.sum(self.model.told["consumption"][self.row])) if self.model.told else 0.0

    @property
    def surplus(self) -> float:
        """Surplus of the last day, money."""
        return 0.0 if self.model.today is None else float(self.model.today.s[self.row])

    @property
    def bill(self) -> float:
        """What it pays for the last day, money; below 0 where it is paid."""
        return 0.0 if self.model.today is None else float(self.model.today.paid[self.row])


class DayAggregator(DayPlayer):
    """Decides the days of several homes by its fairness objective."""

    @property
    def alpha(self) -> float:
        """Fairness parameter of its objective."""
        return self.player.alpha

    @property
    def rows(self) -> slice:
        """Rows of its homes in the population."""
        return self.model.rows_of(self.seat)

    @property
    def households(self) -> list[Household]:
        """Its homes."""
        return [self.model.user(row) for row in range(self.rows.start, self.rows.stop)]

    @property
    def surpluses(self) -> np.ndarray:
        """Its homes' surpluses on the last day, money, shape (users,)."""
        return self.model.today.s[self.rows]


class DayOperator(mesa.Agent):
    """Adds up the loads of each period and announces the prices they lead to."""

    outcome: DayOutcome | None = None

    @property
    def price(self) -> np.ndarray:
        """Prices of the last clearing of today, shape (periods,); before the first one those of the background."""
        day = self.model.day
        if self.outcome is None:
            return day.price(day.load(np.zeros((1, day.periods))))
        return self.outcome.price

    def clear(self, plan: np.ndarray) -> DayOutcome:
        """Turn everybody's plans into the round's outcome."""
        self.outcome = clear(self.model.day, plan)
        return self.outcome

    def certify(self) -> DayOutcome:
        """Work out what every player could still gain, and note it."""
        self.outcome = certified(self.model.table, self.outcome)
        return self.outcome


SHIPPED = (DayAggregator, Household)
