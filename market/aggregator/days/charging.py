"""Energy that is drawn whatever it costs: what is left of a car that does not choose when to charge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from market.aggregator.days.parts.part import Part
from market.arrays import Array, Integers

if TYPE_CHECKING:
    from market.aggregator.days.sheet import Sheet


@dataclass(frozen=True, eq=False)
class Charging(Part):
    """Fixed amounts of energy in each period, shape (k, periods)."""

    users: Integers
    amounts: Array

    def lay(self, sheet: Sheet) -> None:
        sheet.draw(self.users, sheet.variables("car", self.users, self.amounts, self.amounts))

    def off_grid(self) -> None:
        return None
