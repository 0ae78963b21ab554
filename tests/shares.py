"""How much of a long test a usual run does: `make nightly` does all of it."""

import os

NIGHTLY = os.environ.get("HARDENING") == "nightly"  # as `make nightly` sets it
PART = 3


def part_of(cases: int) -> int:
    """Of so many cases, how many this run looks at: a third, in `make nightly` all."""
    return cases if NIGHTLY else -(-cases // PART)
