"""Power price c Y^k."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.parameters import parameter
from market.prices.price_rule import PriceRule

if TYPE_CHECKING:
    from market.arrays import Array, Numbers
    from market.prices.price_rule import Totals


@dataclass(frozen=True)
class Power(PriceRule):
    """Price c Y^k, c > 0, exponent k > 0; for k < 1 the slope is infinite at no purchase
    (docs/aggregator/model.md, Prices).

    >>> Power(c=2.0, k=2.0).value(3.0), Power(c=2.0, k=2.0).cost(3.0)
    (18.0, 18.0)
    """

    c: float = parameter(unit="money/energy^(1+k)", range="(0, inf)", meaning="factor: p = c Y^k", example=0.001)
    k: float = parameter(range="(0, inf)", meaning="exponent: p = c Y^k", example=1.0)

    def value(self, total: Totals) -> Totals:
        return self.c * total**self.k

    def left_slope(self, total: Numbers) -> Array:
        with np.errstate(divide="ignore"):
            return self.c * self.k * np.asarray(total, dtype=float) ** (self.k - 1)

    def curvature(self, total: Numbers) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.c * self.k * (self.k - 1) * np.asarray(total, dtype=float) ** (self.k - 2)

    def supply(self, price: Totals) -> Totals:
        with np.errstate(over="ignore"):  # a price that hardly rises: endless supply
            return (np.maximum(price, 0.0) / self.c) ** (1 / self.k)

    def cost(self, total: Totals) -> Totals:
        return self.c * total ** (self.k + 1) / (self.k + 1)
