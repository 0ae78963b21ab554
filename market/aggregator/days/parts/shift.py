"""Consumption whose energy may be drawn at another hour."""

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
class Shift(Part):
    """Consumption x_t draws x_t + m_t, |m_t| ≤ movable x_t, Σ m_t = 0 in each window, at a discomfort κ Σ m_t².

    movable: share of a period's consumption, comfort: κ in money/energy², shapes (k,); window: clock hours at which
    windows follow one another, the same for all, past midnight where the last of two is not later; a period belongs to
    the window in which it begins, outside of windows m is 0 (docs/days/model.md, Shifting).
    """

    users: Integers
    movable: Array = parameter(
        type="numbers",
        range="[0, 1]",
        default=1.0,
        meaning="share of a period's consumption that may move",
        example=0.2,
    )
    comfort: Array = parameter(
        type="numbers",
        unit="money/energy²",
        range="[0, inf)",
        default=0.0,
        meaning="discomfort of energy moved: comfort m²",
        example=0.01,
    )
    window: tuple[float, ...] | None = parameter(
        type="list",
        unit="clock hours",
        range="[0, inf)",
        default=None,
        meaning="between which hours energy may move: two numbers for one window, more for one after another",
        example=[0.0, 24.0],
    )
    flexible = True

    def __post_init__(self) -> None:
        self._spread("movable", "comfort")
        if self.window is not None:
            object.__setattr__(self, "window", tuple(float(hour) for hour in self.window))

    def windows(self, clock: Clock) -> Integers:
        """The number of the window of each period, −1 outside, shape (periods,)."""
        if self.window is None:
            return np.zeros(clock.count, dtype=np.intp)
        if len(self.window) == 2 and self.window[0] >= self.window[1]:
            inside = (clock.begins >= self.window[0] - 1e-9) | (clock.begins < self.window[1] - 1e-9)
            return np.where(inside, 0, -1)
        number = np.searchsorted(np.array(self.window), clock.begins + 1e-9, "right") - 1
        return np.where(number < len(self.window) - 1, number, -1)

    def lay(self, sheet: Sheet) -> None:
        number = self.windows(sheet.clock)
        free = np.where(number >= 0, np.inf, 0.0)
        moved = sheet.variables("shifted", self.users, -free, free, 0.0, self.comfort[:, None])
        sheet.draw(self.users, moved)
        x, share = sheet.columns("consumption", self.users), self.movable[:, None]
        inside = number >= 0
        shape = len(self.users), int(inside.sum())
        for side in (1.0, -1.0):
            rows = sheet.rows(np.zeros(shape), np.full(shape, np.inf))
            sheet.enter(rows, x[:, inside], share)
            sheet.enter(rows, moved[:, inside], side)
        sums = sheet.rows(np.zeros((len(self.users), 1 + number.max(initial=-1))), 0.0)
        sheet.enter(sums[:, number[inside]], moved[:, inside])

    def idle(self, clock: Clock) -> None:
        return None
