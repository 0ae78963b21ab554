"""What tariffs take of what users buy, as a part of their days: programmes then count what users really pay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from market.aggregator.days.parts.part import Part
from market.arrays import Array, Integers, Mask

if TYPE_CHECKING:
    from market.aggregator.days.block import Homes
    from market.aggregator.days.sheet import Frame, Sheet
    from market.tariffs import Levied

METER = "meter"  # what a home's parts call it; it is laid last, when all that users draw is there
BOUGHT, TOP = "metered", "largest"


class MeterError(ValueError):
    """A user who may sell gets money for what it buys: its group, its number in it, the period, per unit."""

    def __init__(self, group: str, user: int, period: int, per_unit: float):
        super().__init__(f"group {group}: user {user} may sell and pays {per_unit:g} a unit in period {period}")
        self.group, self.user, self.period, self.per_unit = group, user, period, per_unit


@dataclass(frozen=True, eq=False)
class Meter(Part):
    """Σ_t τ_t z_t⁺ + κ max_t z_t⁺ of net purchases z (docs/aggregator/tariffs.md, What players decide by).

    per_unit: τ (k, periods), of who may sell at least 0, or to buy what one sells would pay; peak: κ (k,), at least 0;
    both in money/energy. sell: who may (k,).
    """

    users: Integers
    per_unit: Array
    peak: Array
    sell: Mask

    def lay(self, sheet: Sheet) -> None:
        if sheet.no_grid:
            return
        plain = ~self.sell & ~np.any(sheet.given[self.users], axis=1)  # what they draw is never below 0
        sheet.charge(self.users[plain], self.per_unit[plain])
        for name, some, cost in ((BOUGHT, ~plain, self.per_unit), (TOP, self.peak > 0, self.peak[:, None])):
            if np.any(cost[some] != 0):
                users = self.users[some]
                columns = sheet.variables(name, users, cost=cost[some], count=cost.shape[1])
                rows = sheet.rows(sheet.given[users], np.where(self._just(name, some), sheet.given[users], np.inf))
                sheet.enter(rows, columns)
                sheet.enter_drawn(rows, users, -1.0)

    def _just(self, name, some):
        """Are columns just what is bought, no more?"""
        return (name == BOUGHT) & ~self.sell[some, None]

    def off_grid(self) -> None:
        return None

    def netted(self, frame: Frame, plan: Array) -> Array:
        """The plan in which what is metered is what is bought, no more."""
        bought, plan = np.maximum(frame.purchases(plan), 0.0), plan.copy()
        for name in (BOUGHT, TOP):
            if name in frame.names:
                users, columns = frame.names[name]
                plan[columns] = bought[users] if name == BOUGHT else np.max(bought[users], axis=1, keepdims=True)
        return plan


def metered(homes: Homes, levied: Levied) -> Homes:
    """The homes with what their tariffs take of what they buy, and offsets that hold what charges leave.

    Raises MeterError where that cannot be.
    """
    felt, fixed = levied.felt(homes), levied.terms(homes.name).fixed
    per_unit = np.broadcast_to(felt.per_unit, (homes.users, levied.periods))
    wrong = homes.sell & np.any(per_unit < 0, axis=1)
    if np.any(wrong):
        user = int(np.argmax(wrong))
        raise MeterError(homes.name, user, int(np.argmin(per_unit[user])), float(np.min(per_unit[user])))
    weighs = not (homes.single or homes.objective.welfare)  # of a plain sum the same off all surpluses moves nothing
    homes = replace(homes, surplus_offset=homes.surplus_offset - fixed * weighs)
    if not (np.any(per_unit != 0) or np.any(felt.peak != 0)):
        return homes
    meter = Meter(np.arange(homes.users), per_unit, felt.peak, homes.sell)
    return replace(homes, parts={**homes.parts, METER: meter})


def unmetered(homes: Homes) -> Homes:
    """The homes without what tariffs take of what they buy."""
    return replace(homes, parts={name: part for name, part in homes.parts.items() if name != METER})
