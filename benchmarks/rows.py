"""What a benchmark is made of: a row for each measurement, the least time of some repeats."""

import time
from typing import NamedTuple

import numpy as np


class Limit(NamedTuple):
    """What no code can do without, as a text, and what share of it is reached: 1 is as fast as that."""

    said: str
    share: float


class Row(NamedTuple):
    """One ratio; `reached` is None where no target is set; limit: of the machine, measured in the same run."""

    measurement: str
    ours: str
    against: str
    ratio: float
    target: str
    reached: bool | None
    limit: Limit

    def texts(self):
        """The row as texts for a table."""
        verdict = "–" if self.reached is None else ("yes" if self.reached else "NO")
        return (self.measurement, self.ours, self.against, f"{self.ratio:,.3g}", self.target, verdict, *self.of_limit)

    @property
    def of_limit(self):
        """The limit and the share of it as texts."""
        return self.limit.said, f"{100 * self.limit.share:.2g} %"


def least(seconds, ours, what):
    """The Limit of a measurement that takes `ours` seconds where `what` alone takes so many."""
    return Limit(f"{1e3 * seconds:,.3g} ms, {what}", seconds / ours)


def one_pass(ours, *arrays):
    """The Limit of reading each number of some arrays once."""
    seconds, _ = timed(lambda: [array.sum() for array in arrays], 5)
    return least(seconds, ours, "one pass over the data")


def linear(slope):
    """The Limit of growth: work in proportion to the data."""
    return Limit("slope 1, one pass", min(1.0, 1 / slope) if slope > 0 else 1.0)


def timed(function, repeats=3):
    """(Least seconds of some repeats, last answer)."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        answer = function()
        best = min(best, time.perf_counter() - start)
    return best, answer
