"""Consumption by period, worth a quadratic utility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.aggregator.days.parts.part import Part
from market.arrays import Array, Integers
from market.parameters import parameter

if TYPE_CHECKING:
    from market.aggregator.days.clock import Clock
    from market.aggregator.days.sheet import Sheet


@dataclass(frozen=True, eq=False)
class Consumption(Part):
    """Utility Σ_t (b_t x_t − a_t x_t²) of quantities x ≥ 0; a profile π scales them at every price: a_t = a / π_t.

    a in money/energy², b in money/energy, shape (k,) or (k, periods); profile in no unit, (periods,) or (k, periods).
    Where the profile is 0 nothing is consumed (docs/days/model.md, Consumption).
    """

    users: Integers
    a: Array
    b: Array
    profile: Array = parameter(
        type="list",
        range="[0, inf)",
        default=1.0,
        meaning="scales quantities at every price, one number a period; left out: 1",
        example=[0.5, 1.0, 1.5, 1.0],
    )

    def __post_init__(self) -> None:
        self._spread("a", "b")
        self._spread_periods("profile")

    def lay(self, sheet: Sheet) -> None:
        a, b, profile = _by_period(self.a), _by_period(self.b), self.profile
        used = profile > 0
        square = a / np.where(used, profile, 1.0)
        high = np.where(used, np.inf, 0.0)
        x = sheet.variables("consumption", self.users, 0.0, high, np.where(used, -b, 0.0), square)
        sheet.draw(self.users, x)

    def reservation(self) -> Array:
        """The highest price at which each user consumes, money/energy, shape (k,)."""
        return np.max(np.where(self.profile > 0, _by_period(self.b), 0.0), axis=1, initial=0.0)

    def size(self, clock: Clock) -> float:
        a, b, profile = _by_period(self.a), _by_period(self.b), self.profile
        return float(np.max(b / (2 * a) * profile, initial=0.0))


def _by_period(values):
    return values if values.ndim == 2 else values[:, None]
