"""What every price rule offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import TypeVar

    from market.arrays import Array, Numbers

    Totals = TypeVar("Totals", float, Array)


MONEY = "money/energy"


class PriceRule(ABC):
    """An increasing price p(Y) of total purchases Y ≥ 0 (Li, Motoki, Zhang, section II-B), in money per unit.

    Between two neighbouring kinks p is smooth and bent one way, p(Y) · x is convex in a player's purchase x and Y p'(Y)
    never falls. At a jump `value` is the limit from the left, `right_value` from the right, and `right_slope` is
    infinite. All methods take and return arrays of any shape.
    """

    kinks: Array = np.empty(0)  # totals at which slope or price jumps, ascending, all > 0
    flats: tuple[tuple[float, float], ...] = ()  # stretches (from, to) of totals with one price
    capacity: float = np.inf  # purchases above it cannot be served
    straight: bool = False  # is the price a straight line between kinks?

    @property
    def last_kink(self) -> float:
        """The total above which the price has no kinks."""
        return float(np.max(self.kinks, initial=0.0))

    @abstractmethod
    def value(self, total: Totals) -> Totals:
        """Price at a total, the limit from the left."""

    @abstractmethod
    def left_slope(self, total: Numbers) -> Array:
        """Slope of the price just below a total."""

    @abstractmethod
    def supply(self, price: Totals) -> Totals:
        """Largest total whose price is at most the given one, 0 where there is none, infinite above every price."""

    @abstractmethod
    def cost(self, total: Totals) -> Totals:
        """Cost of production ∫₀^Y p, in money."""

    def right_value(self, total: Totals) -> Totals:
        """Price just above a total."""
        return self.value(total)

    def right_slope(self, total: Numbers) -> Array:
        """Slope of the price just above a total."""
        return self.left_slope(total)

    def curvature(self, total: Numbers) -> Array:
        """Second derivative of the price between kinks."""
        return np.zeros_like(np.asarray(total, dtype=float))
