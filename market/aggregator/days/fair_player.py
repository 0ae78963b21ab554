"""A fair player: one aggregator against the others' loads, what its users gain by a day and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from market.aggregator.days.outlay import prices_at
from market.aggregator.days.party import Party
from market.aggregator.days.replies import best_days
from market.arrays import Array, Mask
from market.fairness import Objective
from market.fairness.one_player import OnePlayer
from market.prices import PriceRule

NO_WORTH = 1e-9  # of the largest worth


@dataclass(frozen=True, eq=False)
class Fair:
    """One aggregator against the others' loads, shape (periods,): its users, prices and objective.

    alone: worth of their days without a grid (users,); energy: the size of quantities; among: whose surplus counts,
    where that is said.
    """

    party: Party
    rules: Sequence[PriceRule]
    others: Array
    objective: Objective
    alone: Array
    energy: float
    among: Mask | None = None

    @property
    def equal(self) -> bool:
        """Is it max-min?"""
        return self.objective.common_surplus

    def surplus(self, plan: Array) -> Array:
        """Surpluses of a plan, money, shape (users,)."""
        z = self.party.purchases(plan)
        return self.party.worth(plan) - z @ self._price(np.sum(z, axis=0)) - self.alone

    def _price(self, y):
        return prices_at(self.rules, self.others + y)

    @cached_property
    def counted(self) -> Mask:
        """Whose surplus counts: everybody's; for max-min those who gain at the price before the player buys."""
        if self.among is not None:
            return self.among
        return self.gaining if self.equal else np.ones(self.party.users, dtype=bool)

    @cached_property
    def gaining(self) -> Mask:
        """Who gains at the price before the player buys."""
        return self.worth > NO_WORTH * np.max(self.worth, initial=0.0)

    @cached_property
    def worth(self) -> Array:
        """What users' best days bring at the price before the player buys, money, shape (users,)."""
        price = self._price(np.zeros(self.party.periods))
        plan = best_days(self.party, price, self.energy)
        return np.maximum(self.party.worth(plan) - self.party.purchases(plan) @ price - self.alone, 0.0)

    @cached_property
    def steepness(self) -> float:
        """A price of the market's size."""
        return float(np.max(np.abs(self.party.days.cost), initial=0.0)) or 1.0

    def gain(self, new: Array, old: Array) -> float:
        """Rise of the objective from one plan to another, in a unit of its own."""
        counted = self.counted
        if not np.any(counted):
            return float(np.sum(self.surplus(new) - self.surplus(old)))
        return float(self.objective.gain(self.surplus(new)[counted], self.surplus(old)[counted], counted[counted]))

    def regret(self, new: Array, old: Array) -> float:
        """The gain as a certificate tells it, in no unit (docs/aggregator/model.md, The gap)."""
        counted, served = self.counted, self.counted
        one, other = self.surplus(new), self.surplus(old)
        return float(self.objective.regret(one, other, counted, served, self.worth, OnePlayer)[..., 0])
