"""Affine price p0 + c Y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.parameters import parameter
from market.prices.price_rule import MONEY, PriceRule

if TYPE_CHECKING:
    from market.arrays import Array, Numbers
    from market.prices.price_rule import Totals


@dataclass(frozen=True)
class Affine(PriceRule):
    """Price p0 + c Y, p0 ≥ 0 in money per unit, c > 0 in money per unit² (docs/aggregator/model.md, Prices).

    >>> rule = Affine(p0=1.0, c=0.5)
    >>> rule.value(4.0), float(rule.supply(3.0))
    (3.0, 4.0)
    """

    p0: float = parameter(unit=MONEY, range="[0, inf)", meaning="price at no purchase: p = p0 + c Y", example=0.0)
    c: float = parameter(unit="money/energy²", range="(0, inf)", meaning="slope: p = c Y, or p0 + c Y", example=0.001)

    straight = True

    def value(self, total: Totals) -> Totals:
        return self.p0 + self.c * total

    def left_slope(self, total: Numbers) -> Array:
        return np.full_like(np.asarray(total, dtype=float), self.c)

    def supply(self, price: Totals) -> Totals:
        return np.maximum(price - self.p0, 0.0) / self.c

    def cost(self, total: Totals) -> Totals:
        return (self.p0 + self.c * total / 2) * total
