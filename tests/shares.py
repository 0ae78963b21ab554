"""How much of a long test a usual run does: `make nightly` does all of it."""

import os
from collections import defaultdict
from zlib import crc32

NIGHTLY = os.environ.get("HARDENING") == "nightly"  # as `make nightly` sets it
PART = 3


def part_of(cases: int) -> int:
    """Of so many cases, how many this run looks at: a third, in `make nightly` all."""
    return cases if NIGHTLY else -(-cases // PART)


def left_out(items: list) -> list:
    """Of collected tests, those that this run leaves out: two thirds of each family marked `share`, the same always."""
    families = defaultdict(list)
    for item in items if not NIGHTLY else ():
        if item.get_closest_marker("share"):
            families[item.nodeid.partition("[")[0]].append(item)
    shuffled = (sorted(family, key=lambda item: crc32(item.nodeid.encode())) for family in families.values())
    return [item for family in shuffled for item in family[part_of(len(family)) :]]
