"""Any utility less a cost on each unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from market.utilities.quadratic import Quadratic
from market.utilities.utility import Utility

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Self

    from market.arrays import Array, Integers, Mask, Numbers


@dataclass(frozen=True)
class Dearer(Utility):
    """U_i(x) − τ_i x: what a utility answers at the price p + τ_i (docs/aggregator/tariffs.md, Formulas).

    inner: the utilities; cost: τ in money per energy, shape (n,), below 0 where units are made cheaper.
    """

    inner: Utility
    cost: Array

    @property
    def convex_demand(self) -> bool:  # type: ignore[override]  # that of the utility within
        return self.inner.convex_demand

    @property
    def reservation(self) -> Array:
        return self.inner.reservation - self.cost

    def value(self, x: Numbers) -> Array:
        return self.inner.value(x) - self.cost * x

    def marginal(self, x: Numbers) -> Array:
        return self.inner.marginal(x) - self.cost

    def demand(self, price: Numbers) -> Array:
        return self.inner.demand(price + self.cost)

    def demand_slope(self, price: Numbers) -> Array:
        return self.inner.demand_slope(price + self.cost)

    def meets(self, level: Numbers, slope: Numbers) -> Array:
        return self.inner.meets(level + self.cost, slope)

    def take(self, rows: slice | tuple[slice, None] | Mask | Integers) -> Self:
        return type(self)(self.inner.take(rows), self.cost[rows])

    @property
    def form(self) -> Hashable:
        return type(self), self.inner.form

    @classmethod
    def together(cls, groups: Sequence[Self]) -> Self:
        inner = [one.inner for one in groups]
        return cls(type(inner[0]).together(inner), np.concatenate([one.cost for one in groups]))

    def closed_form(self, alpha: float) -> bool:
        return self.inner.closed_form(alpha)

    def bent(self, least: Numbers) -> Self:
        inner = self.inner.bent(least)
        return self if inner is self.inner else type(self)(inner, self.cost)

    def surplus(self, price: Numbers, x: Numbers) -> Array:
        return self.inner.surplus(price + self.cost, x)

    def best_surplus(self, price: Numbers) -> Array:
        return self.inner.best_surplus(price + self.cost)

    def alpha_fair_margin(self, price: Numbers, log_kappa: Numbers, alpha: float, offset: float) -> Array:
        return self.inner.alpha_fair_margin(price + self.cost, log_kappa, alpha, offset)

    def surplus_lost(self, price: Numbers, margin: Numbers) -> Array:
        return self.inner.surplus_lost(price + self.cost, margin)

    def margin_that_loses(self, price: Numbers, lost: Numbers) -> Array:
        return self.inner.margin_that_loses(price + self.cost, lost)


def dearer(utility: Utility, cost: Array) -> Utility:
    """The utilities less a cost on each unit, money per energy, shape (n,); a quadratic one stays one."""
    if type(utility) is Quadratic:
        return replace(utility, b=utility.b - cost)
    return Dearer(utility, cost)
