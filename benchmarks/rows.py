"""What a benchmark is made of: a row for each measurement, the least time of some repeats."""

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parent.parent


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


def peak_memory(setting, work):
    """Peak memory of a process of its own, GiB; setting, work: statements of Python, imports and what is done."""
    code = f"import resource; {setting}; {work}; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return int(answer.stdout) * (1 if sys.platform == "darwin" else 1024) / 2**30


def within(name, gib, most, data):
    """The row of a peak memory beside a goal, both GiB; data: bytes that nothing can do without."""
    limit = Limit(f"{data / 2**30:.3f} GiB, the data", data / 2**30 / gib)
    return Row(f"memory, {name}", f"{gib:.2f} GiB", f"{most:g} GiB", gib / most, "≤ 1", gib <= most, limit)
