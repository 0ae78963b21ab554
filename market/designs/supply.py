"""What the main grid's supply costs: one curve for all designs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.prices import Affine, Piecewise

if TYPE_CHECKING:
    from market.prices import PriceRule
    from market.prices.price_rule import Totals


TILT_AT_FLOOR = 1e-6  # share of the later slope by which the price at the floor rises


@dataclass(frozen=True)
class Supply:
    """The main grid's marginal cost max(floor, p0 + c N) at net imports N of all agents together, negative: exports.

    p0, floor ≥ 0 in money per energy, c > 0 in money per energy²; the floor is what fed-in energy is paid
    (docs/designs/model.md, The map).

    >>> supply = Supply(p0=1.0, c=0.5, floor=0.5)
    >>> float(supply.price(2.0)), float(supply.cost(2.0)), float(supply.cost(-3.0))
    (2.0, 3.0, -1.75)
    """

    p0: float
    c: float
    floor: float

    @property
    def bend(self) -> float:
        """Net imports down to which the marginal cost falls, energy."""
        return (self.floor - self.p0) / self.c

    def price(self, net: Totals) -> Totals:
        """Marginal cost at net imports, money per energy."""
        return np.maximum(self.floor, self.p0 + self.c * net)

    def cost(self, net: Totals) -> Totals:
        """Cost of net imports, the integral of the marginal cost from 0, money; negative for what exports are worth."""
        above, start = (np.maximum(n - self.bend, 0.0) for n in (net, 0.0))
        return self.floor * net + self.c / 2 * (above**2 - start**2)

    def most_profit(self, price: Totals) -> Totals:
        """The most that supply at a price not below the floor earns above its cost, money (the cost's conjugate)."""
        net = (price - self.p0) / self.c
        return price * net - self.cost(net)

    def rule(self, fed_in: float) -> PriceRule:
        """The price of all purchases Y beside energy fed in, that of net imports Y − fed_in, as a PriceRule.

        At the floor it rises by TILT_AT_FLOOR of its later slope: at a price that does not move max-min aggregators
        care for their worst-off users only, and any purchase for the others would do (docs/designs/model.md, The map).

        >>> Supply(p0=1.0, c=0.5, floor=0.5).rule(fed_in=1.0)
        Affine(p0=0.5, c=0.5)
        """
        start = self.p0 - self.c * fed_in
        if start >= self.floor:
            return Affine(start, self.c)
        flat = fed_in + self.bend
        return Piecewise([0.0, flat], [self.floor, self.floor + TILT_AT_FLOOR * self.c * flat], self.c)
