"""What a benchmark is made of: a row for each measurement, the least time of some repeats."""

import time
from typing import NamedTuple

import numpy as np


class Row(NamedTuple):
    """One ratio; `reached` is None where no target is set."""

    measurement: str
    ours: str
    against: str
    ratio: float
    target: str
    reached: bool | None

    def texts(self):
        """The row as texts for a table."""
        verdict = "–" if self.reached is None else ("yes" if self.reached else "NO")
        return (self.measurement, self.ours, self.against, f"{self.ratio:,.3g}", self.target, verdict)


def timed(function, repeats=3):
    """(Least seconds of some repeats, last answer)."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        answer = function()
        best = min(best, time.perf_counter() - start)
    return best, answer
