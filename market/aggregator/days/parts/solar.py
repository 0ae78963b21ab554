"""Solar roofs."""

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
class Solar(Part):
    """Energy peak × hours × profile_t comes free in each period; who may not sell can leave it unused.

    peak in energy per hour, shape (k,); profile in no unit, (periods,) or (k, periods) (docs/days/model.md, Solar).
    """

    users: Integers
    peak: Array = parameter(
        type="numbers",
        unit="energy/hour",
        range="[0, inf)",
        meaning="power at profile 1; 0: no roof",
        example={"uniform": [2, 6]},
    )
    profile: Array = parameter(
        type="list", range="[0, inf)", meaning="share of the peak, one number a period", example=[0.0, 0.6, 0.4, 0.0]
    )
    sells = True

    def __post_init__(self) -> None:
        self._spread("peak")
        self._spread_periods("profile")

    def energy(self, clock: Clock) -> Array:
        """What the roofs yield, shape (k, periods)."""
        return self.peak[:, None] * clock.hours * self.profile

    def lay(self, sheet: Sheet) -> None:
        energy = self.energy(sheet.clock)
        sheet.give(self.users, energy)
        dumps = sheet.dumps[self.users]
        if np.any(dumps):
            users = self.users[dumps]
            sheet.draw(users, sheet.variables("curtailed", users, 0.0, energy[dumps]))

    def size(self, clock: Clock) -> float:
        return float(np.max(self.energy(clock), initial=0.0))
