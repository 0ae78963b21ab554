"""Batteries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from market.aggregator.days.parts.part import Part
from market.arrays import Array, Integers, Mask
from market.parameters import ParameterError, parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from market.aggregator.days.clock import Clock
    from market.aggregator.days.sheet import Frame, Sheet


CYCLIC = "cyclic"
SAME = "start"
FREE = "free"
WORDS = {CYCLIC: np.nan, SAME: np.nan, FREE: -np.inf}  # what stands for a word among levels


@dataclass(frozen=True, eq=False)
class Battery(Part):
    """Level s_t = s_{t−1} + η c_t − d_t / η within [0, capacity], charge c_t and discharge d_t at most power · hours.

    capacity and levels in energy, power in energy per hour, shapes (k,). A cyclic level ends where it began, at a level
    of its own choice (not a number stands for it); else `start` and `end` are levels (docs/days/model.md, Batteries).
    """

    users: Integers
    capacity: Array = parameter(
        type="numbers", unit="energy", range="[0, inf)", meaning="most energy it holds", example={"uniform": [4, 12]}
    )
    power: Array = parameter(
        type="numbers",
        unit="energy/hour",
        range="[0, inf)",
        meaning="most it charges or discharges",
        example={"uniform": [2, 5]},
    )
    efficiency: Array = parameter(
        type="numbers", range="(0, 1]", default=0.95, meaning="share kept each way", example=0.95
    )
    start: Array = parameter(
        type="numbers",
        unit="energy",
        range="[0, inf)",
        default=CYCLIC,
        meaning="level when the day begins; cyclic: its own choice, and the same when it ends",
        words=(CYCLIC,),
        example=CYCLIC,
    )
    end: Array = parameter(
        type="numbers",
        unit="energy",
        range="[0, inf)",
        default=SAME,
        meaning="level when the day ends; start: as it began",
        words=(SAME, FREE),
        example=SAME,
    )
    sells = True
    flexible = True

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            said = getattr(self, name)
            object.__setattr__(self, name, WORDS[said] if isinstance(said, str) else said)
        self._spread("capacity", "power", "efficiency", "start", "end")

    @staticmethod
    def check_keys(keys: Mapping[str, object]) -> None:
        """Raises ParameterError for an end beside a cyclic level, which ends where it began."""
        if keys.get("start", CYCLIC) == CYCLIC and keys.get("end", SAME) != SAME:
            raise ParameterError(
                "end", "got one with start = 'cyclic'", "a level as start, or end = 'start', is needed"
            )

    def lay(self, sheet: Sheet) -> None:
        most = self.power[:, None] * sheet.clock.hours
        none = np.zeros((len(self.users), sheet.clock.count))
        lay_storage(sheet, self, "", most + none, most + none, none)

    def idle(self, clock: Clock) -> None:
        return None

    def off_grid(self) -> Battery:
        """It need not end fuller than it began: there may be nothing to fill it with."""
        return replace(self, end=np.where(self.end > self.start, self.start, self.end))

    def size(self, clock: Clock) -> float:
        most = np.minimum(self.power * clock.hours, self.capacity)
        return float(np.max(most, initial=0.0, where=np.isfinite(most)))

    def netted(self, frame: Frame, plan: Array) -> Array:
        return netted_storage(frame, plan, "", self.efficiency == 1)

    def levels(self, frame: Frame, plan: Array) -> dict[str, Array]:
        return {"start": np.clip(plan[frame.names["level"][1][:, -1]], 0.0, self.capacity)}


def netted_storage(frame: Frame, plan: Array, prefix: str, lossless: Mask) -> Array:
    """The plan in which lossless stores (k,) do not charge and discharge in one period."""
    if not np.any(lossless):
        return plan
    ways = [frame.names[prefix + name][1][lossless] for name in ("charged", "discharged")]
    both, plan = np.minimum(plan[ways[0]], plan[ways[1]]), plan.copy()
    for way in ways:
        plan[way] -= both
    return plan


def lay_storage(sheet: Sheet, part: Part, prefix: str, charge: Array, discharge: Array, used: Array) -> None:
    """Columns and rows of a store with `capacity`, `efficiency`, `start` and `end`, shapes (k,).

    charge, discharge: the most in each period; used: what leaves the store unasked at its end; shapes (k, periods).
    """
    users, loss = part.users, part.efficiency[:, None]  # type: ignore[attr-defined]  # whoever calls has them
    start, end = part.start, part.end  # type: ignore[attr-defined]
    cyclic = np.isnan(start)
    low = np.zeros_like(charge)
    high = np.repeat(part.capacity[:, None], charge.shape[1], axis=1)  # type: ignore[attr-defined]
    target = np.where(np.isnan(end), start, end)
    told = ~cyclic & np.isfinite(target)
    low[told, -1] = high[told, -1] = target[told]
    ways = (
        sheet.variables(prefix + "charged", users, 0.0, charge),
        sheet.variables(prefix + "discharged", users, 0.0, discharge),
    )
    level = sheet.variables(prefix + "level", users, low, high)
    first = np.where(cyclic, 0.0, start)
    right = -used
    right[:, 0] += first
    rows = sheet.rows(right, right)
    before = np.ones_like(charge)
    before[~cyclic, 0] = 0.0
    for columns, factor in ((level, 1.0), (np.roll(level, 1, axis=1), -before), (ways[0], -loss), (ways[1], 1 / loss)):
        sheet.enter(rows, columns, factor)
    sheet.draw(users, ways[0])
    sheet.draw(users, ways[1], -1.0)
