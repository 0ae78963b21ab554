"""A price seen by some who buy beside others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.prices import PriceRule

if TYPE_CHECKING:
    from market.arrays import Array, Numbers
    from market.prices.price_rule import Totals


@dataclass(frozen=True)
class Beside(PriceRule):
    """A price as a function of what some buy beside a total of the others, energy."""

    rule: PriceRule
    others: float

    def __post_init__(self) -> None:
        kinks = self.rule.kinks - self.others
        object.__setattr__(self, "kinks", kinks[kinks > 0])
        flats = ((max(low - self.others, 0.0), high - self.others) for low, high in self.rule.flats)
        object.__setattr__(self, "flats", tuple((low, high) for low, high in flats if high > 0))
        object.__setattr__(self, "capacity", max(self.rule.capacity - self.others, 0.0))
        object.__setattr__(self, "straight", self.rule.straight)

    def value(self, total: Totals) -> Totals:
        return self.rule.value(self.others + total)

    def right_value(self, total: Totals) -> Totals:
        return self.rule.right_value(self.others + total)

    def left_slope(self, total: Numbers) -> Array:
        return self.rule.left_slope(self.others + total)

    def right_slope(self, total: Numbers) -> Array:
        return self.rule.right_slope(self.others + total)

    def curvature(self, total: Numbers) -> Array:
        return self.rule.curvature(self.others + total)

    def supply(self, price: Totals) -> Totals:
        return np.maximum(self.rule.supply(price) - self.others, 0.0)

    def cost(self, total: Totals) -> Totals:
        return self.rule.cost(self.others + total) - self.rule.cost(self.others)
