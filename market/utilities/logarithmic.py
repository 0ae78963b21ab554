"""Logarithmic utility U(x) = b k log(1 + x/k)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from market.parameters import parameter
from market.utilities.utility import Utility

if TYPE_CHECKING:
    from typing import Self

    from market.arrays import Array, Numbers


SMALL_SHARE = 0.01  # of log(1 + d) that its first term is enough for, else a series is
FREE_PRICE = 1e-100  # a price below this share of b counts as it, so that what costs nothing is not wanted without end
NEXT_TO_NONE = 1e-300  # a price below this share of the margin counts as it, so that quotients stay numbers
SMALL_SHARE_SERIES = [(-1) ** n * (n - 1) / n for n in range(9, 1, -1)]  # (log(1 + d) − d/(1 + d)) / d² for a small d


@dataclass(frozen=True)
class Logarithmic(Utility):
    """U_i(x) = b_i k_i log(1 + x/k_i); b_i is the reservation price, k_i the quantity that halves marginal utility
    (docs/aggregator/model.md, Users).

    Demand grows without bound as the price goes to zero; below FREE_PRICE of b a price counts as that.

    >>> import numpy as np
    >>> user = Logarithmic(b=np.array([4.0]), k=np.array([2.0]))
    >>> user.demand(1.0), user.marginal(6.0)
    (array([6.]), array([1.]))
    """

    convex_demand = True

    b: Array = parameter(
        type="numbers", unit="money/energy", range="[0, inf)", meaning="reservation price", example={"uniform": [0, 10]}
    )
    k: Array = parameter(type="numbers", unit="energy", range="(0, inf)", meaning="use where U' is b/2", example=1.0)

    @property
    def reservation(self) -> Array:
        return self.b

    def value(self, x: Numbers) -> Array:
        return self.b * self.k * np.log1p(x / self.k)

    def marginal(self, x: Numbers) -> Array:
        return self.b / (1 + x / self.k)

    def demand(self, price: Numbers) -> Array:
        wanted = self.k * np.maximum(self.b - price, 0.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(wanted > 0, wanted / np.maximum(price, FREE_PRICE * self.b), 0.0)

    def demand_slope(self, price: Numbers) -> Array:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(self.b > 0, self.k * self.b / np.square(np.maximum(price, FREE_PRICE * self.b)), 0.0)

    def closed_form(self, alpha: float) -> bool:
        return alpha == 0

    def bent(self, least: Numbers) -> Self:
        with np.errstate(over="ignore"):
            flat = least * self.k > self.b
        most = self.b / np.where(flat, least, 1.0)
        return replace(self, k=np.where(flat, most, self.k)) if np.any(flat) else self

    def meets(self, level: Numbers, slope: Numbers) -> Array:
        """Positive root of slope x² + (level + slope k) x − (b − level) k = 0, 0 where b ≤ level."""
        level = np.where((level >= 0) | (slope <= 0), np.maximum(level, FREE_PRICE * self.b), level)
        half, rest = level + slope * self.k, np.maximum(self.b - level, 0.0) * self.k
        whole = np.sqrt(half * half + 4 * slope * rest)
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.where(half >= 0, 2 * rest / (half + whole), (whole - half) / (2 * slope))
        return np.where(rest > 0, root, 0.0)

    def best_surplus(self, price: Numbers) -> Array:
        """What a margin of b − p would lose: b k (log(b/p) − 1 + p/b)."""
        return self.surplus_lost(price, np.maximum(self.b - price, 0.0))

    def _surplus_at_margin(self, price, margin, rest):
        """x m and what a price of p + m would leave, neither of them a difference."""
        paid = np.maximum(price, FREE_PRICE * self.b) + margin
        return self.k * _share(rest, paid) * margin + self.surplus_lost(paid, rest)

    def surplus_lost(self, price: Numbers, margin: Numbers) -> Array:
        share = _share(margin, np.maximum(price, FREE_PRICE * self.b))
        lost = np.log1p(share) - share / (1 + share)
        if np.any(share < SMALL_SHARE):
            small = np.minimum(share, SMALL_SHARE)
            lost = np.where(share < SMALL_SHARE, small * small * np.polyval(SMALL_SHARE_SERIES, small), lost)
        return self.b * self.k * lost


def _share(margin, price):
    return margin / np.maximum(price, np.maximum(margin, 1.0) * NEXT_TO_NONE)
