"""The periods of a day: how many, how long, and which of them a stretch of clock hours covers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from market.arrays import Array, Integers, Numbers


@dataclass(frozen=True)
class Clock:
    """`count` periods of `hours` each; the first begins at the clock hour 0.

    >>> Clock(4, 6.0).covered(18.0, 7.0)
    array([[6., 1., 0., 6.]])
    """

    count: int
    hours: float = 1.0

    @property
    def length(self) -> float:
        """Hours of the whole day."""
        return self.count * self.hours

    @cached_property
    def begins(self) -> Array:
        """Clock hour at which each period begins, shape (periods,)."""
        return np.arange(self.count, dtype=np.float64) * self.hours

    def covered(self, start: Numbers, stop: Numbers) -> Array:
        """Hours of each period between two clock hours, past midnight where start ≥ stop, shape (rows, periods).

        start, stop: clock hours from 0 to the day's length, numbers or shape (rows,); equal ones mean the whole day.
        """
        first, last = (np.atleast_1d(np.asarray(hour, dtype=float))[:, None] for hour in (start, stop))
        straight = self._overlap(first, last)
        over_night = self._overlap(first, np.full((1, 1), self.length)) + self._overlap(np.zeros((1, 1)), last)
        return np.where(first < last, straight, over_night)

    def _overlap(self, start: Array, stop: Array) -> Array:
        ends = self.begins + self.hours
        return np.clip(np.minimum(ends, stop) - np.maximum(self.begins, start), 0.0, self.hours)

    def last_before(self, stop: Numbers) -> Integers:
        """The period in which a clock hour's last moment lies, shape (rows,)."""
        stop = np.atleast_1d(np.asarray(stop, dtype=float))
        last = np.ceil(np.round(stop / self.hours, 9)).astype(np.intp) - 1
        return np.where(last < 0, self.count - 1, last)
