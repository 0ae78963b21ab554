"""Energy that is drawn whatever it costs: what is left of a car that does not choose when to charge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.aggregator.days.parts.part import Part
from market.arrays import Array, Integers

if TYPE_CHECKING:
    from market.aggregator.days.sheet import Sheet


@dataclass(frozen=True, eq=False)
class Charging(Part):
    """Fixed amounts of energy in each period, shape (k, periods); elsewhere: as in Car, shape (k,)."""

    users: Integers
    amounts: Array
    elsewhere: Array

    def lay(self, sheet: Sheet) -> None:
        sheet.draw(self.users, sheet.variables("car", self.users, self.amounts, self.amounts))

    def saved(self, reservation: Array) -> Array:
        price = np.where(np.isnan(self.elsewhere), reservation, self.elsewhere)
        return np.sum(self.amounts, axis=1) * price

    def off_grid(self) -> None:
        return None
