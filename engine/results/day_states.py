"""What a run over days whose prices had several states leaves behind beside its outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from engine.results.result import number, numbers
from engine.results.states import ByState
from market.aggregator.days.outcome import mean_price
from market.aggregator.days.outlay import prices_at
from market.aggregator.days.several import DaysGame, DaysOutcome
from market.aggregator.days.yardsticks import planned
from market.aggregator.states import StatesByPeriod
from market.arrays import Array


@dataclass(frozen=True, eq=False)
class DaysByState(ByState):
    """The days' outcome in each state; knowing it is told of a planner alone."""

    states: StatesByPeriod
    game: DaysGame
    outcome: DaysOutcome
    informed: bool

    @cached_property
    def by_period(self) -> Array:
        """Price by state and period, shape (states, periods)."""
        load = self.outcome.joined("load")
        return np.array([prices_at(rules, load) for rules in self.states.rules])

    @cached_property
    def price(self) -> Array:
        """Mean price by state, weighted by what is bought in each period, shape (states,)."""
        z = self.outcome.joined("z")
        return np.array([mean_price(price, z) for price in self.by_period])

    @cached_property
    def surplus(self) -> Array:
        """Total surplus of each group by state, shape (states, groups)."""
        saved, z = self.outcome.joined("price") - self.by_period, self.outcome.joined("z")
        rows = self.game.user_slices
        held = np.array([np.sum(self.outcome.s[some]) for some in rows])
        return held + saved @ np.array([np.sum(z[some], axis=0) for some in rows]).T

    @property
    def unserved(self) -> Array:
        """What is bought beyond the capacity by state, energy, shape (states,)."""
        load = self.outcome.joined("load")
        capacity = np.array([[rule.capacity for rule in rules] for rules in self.states.rules])
        return np.sum(np.maximum(load - capacity, 0.0), axis=1)

    @cached_property
    def of_planner(self) -> float | None:
        """What a planner gains by knowing the state, each day begun as it was; None where not every price is affine."""
        if not self.informed or any(day.affine is None for day in self.outcome.days):
            return None
        stops = np.cumsum([0, *(day.periods for day in self.outcome.days)])
        days = [(day, slice(*ends)) for day, ends in zip(self.outcome.days, pairwise(stops), strict=True)]
        knowing = [
            sum(planned(replace(day, prices=rules[some])).welfare for day, some in days) for rules in self.states.rules
        ]
        return float(self.states.worth(np.array(knowing), sum(planned(day).welfare for day, _ in days)))

    @property
    def premiums(self) -> dict[str, float]:
        """Nobody weighs risk."""
        return {}

    @property
    def public(self) -> None:
        """Not worked out over days."""

    def facts(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        return super().facts() | {"periods": {"price": [numbers(row) for row in self.by_period]}}

    def worth(self) -> dict[str, Any]:
        """What knowing the state is worth to a planner."""
        return {"planner": number(self.of_planner)}
