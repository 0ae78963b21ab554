"""Cars that charge while they are at home."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from market.aggregator.days.charging import Charging
from market.aggregator.days.parts.battery import lay_storage, netted_storage
from market.aggregator.days.parts.part import Part
from market.arrays import Array, Integers, Mask
from market.parameters import parameter

if TYPE_CHECKING:
    from market.aggregator.days.clock import Clock
    from market.aggregator.days.sheet import Frame, Sheet


@dataclass(frozen=True, eq=False)
class Car(Part):
    """Energy Σ v_t = energy, v_t at most power times the hours of period t between arrival and departure.

    With vehicle_to_grid a battery of `capacity` in these hours that loses `energy` on the road, after the departure.
    Shapes (k,); clock hours, past midnight where arrive ≥ leave (docs/days/model.md, Cars).
    """

    users: Integers
    energy: Array = parameter(
        type="numbers", unit="energy", range="[0, inf)", meaning="what it needs every day", example={"uniform": [4, 12]}
    )
    power: Array = parameter(
        type="numbers", unit="energy/hour", range="(0, inf)", meaning="most it charges", example=7.0
    )
    arrive: Array = parameter(
        type="numbers", unit="clock hour", range="[0, inf)", default=0.0, meaning="when it comes home", example=18.0
    )
    leave: Array = parameter(
        type="numbers", unit="clock hour", range="[0, inf)", default=0.0, meaning="when it leaves", example=7.0
    )
    vehicle_to_grid: Mask = parameter(type="switch", default=False, meaning="may it feed energy back?", example=False)
    capacity: Array = parameter(
        type="numbers",
        unit="energy",
        range="(0, inf)",
        default=None,
        meaning="with vehicle_to_grid: most energy it holds; left out: what it needs every day",
        example=40.0,
    )
    efficiency: Array = parameter(
        type="numbers", range="(0, 1]", default=1.0, meaning="with vehicle_to_grid: share kept each way", example=0.95
    )
    elsewhere: Array = parameter(
        type="numbers",
        unit="money/energy",
        range="[0, inf)",
        default=np.nan,
        meaning="what its energy would cost without a grid; left out: the highest price at which its user consumes",
        example=0.6,
        optional=True,
    )
    carried: Array = np.nan  # type: ignore[assignment]  # level at midnight, not a number: its own choice
    flexible = True

    def __post_init__(self) -> None:
        if self.capacity is None:
            object.__setattr__(self, "capacity", self.energy)
        self._spread("energy", "power", "arrive", "leave", "capacity", "efficiency", "elsewhere", "carried")
        switch = np.broadcast_to(np.asarray(self.vehicle_to_grid, dtype=bool), (len(self.users),))
        object.__setattr__(self, "vehicle_to_grid", switch)

    @property
    def start(self) -> Array:
        """Level at midnight, when the day begins and when it ends, see Battery."""
        return self.carried

    end = start

    def most(self, clock: Clock) -> Array:
        """The most it charges in each period, shape (k, periods)."""
        return self.power[:, None] * clock.covered(self.arrive, self.leave)

    def short(self, clock: Clock) -> Mask:
        """Which cars cannot get what they need in the hours they are at home, shape (k,)."""
        kept = np.where(self.vehicle_to_grid, self.efficiency, 1.0)
        room = np.where(self.vehicle_to_grid, self.capacity, np.inf)
        return self.energy > np.minimum(kept * self.most(clock).sum(axis=1), room) * (1 + 1e-12)

    def lay(self, sheet: Sheet) -> None:
        most = self.most(sheet.clock)
        plain = ~self.vehicle_to_grid
        if np.any(plain):
            users = self.users[plain]
            v = sheet.variables("car", users, 0.0, most[plain])
            sheet.draw(users, v)
            sheet.enter(sheet.rows(self.energy[plain], self.energy[plain])[:, None], v)
        if np.any(~plain):
            self._lay_store(sheet, self._some(~plain), most[~plain])

    @staticmethod
    def _lay_store(sheet, part, most):
        used = np.zeros_like(most)
        used[np.arange(len(used)), sheet.clock.last_before(part.leave)] = part.energy
        lay_storage(sheet, part, "car ", most, most, used)

    def _some(self, kept: Mask) -> Car:
        some: dict[str, Any] = {one.name: getattr(self, one.name)[kept] for one in fields(self)}
        return replace(self, **some)

    def idle(self, clock: Clock) -> Charging:
        """Charges at full power from its arrival on until it has what it needs."""
        most = self.most(clock)
        order = np.argsort((clock.begins - self.arrive[:, None] + clock.hours - 1e-9) % clock.length, axis=1)
        turned = np.take_along_axis(most, order, axis=1)
        before = np.cumsum(turned, axis=1) - turned
        taken = np.clip(self.energy[:, None] - before, 0.0, turned)
        amounts = np.empty_like(taken)
        np.put_along_axis(amounts, order, taken, axis=1)
        return Charging(self.users, amounts, self.elsewhere)

    def saved(self, reservation: Array) -> Array:
        return self.energy * np.where(np.isnan(self.elsewhere), reservation, self.elsewhere)

    def off_grid(self) -> None:
        return None

    def netted(self, frame: Frame, plan: Array) -> Array:
        return netted_storage(frame, plan, "car ", self.efficiency[self.vehicle_to_grid] == 1)

    def levels(self, frame: Frame, plan: Array) -> dict[str, Array]:
        carried = np.full(len(self.users), np.nan)
        if np.any(self.vehicle_to_grid):
            carried[self.vehicle_to_grid] = plan[frame.names["car level"][1][:, -1]]
        return {"carried": np.clip(carried, 0.0, self.capacity)}

    def size(self, clock: Clock) -> float:
        return float(np.max(np.minimum(self.energy, self.power * clock.hours), initial=0.0))
