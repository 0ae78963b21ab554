"""How much of the long tests a usual run does: CI runs those marked `long` too, `make nightly` all of everything."""

import os
from collections import Counter, defaultdict

NIGHTLY = os.environ.get("HARDENING") == "nightly"  # as `make nightly` sets it
WHOLE = NIGHTLY or bool(os.environ.get("CI"))  # is nothing left out but parts of families?
PART = 6


def part_of(cases: int) -> int:
    """Of so many cases, how many this run looks at: a sixth, in `make nightly` all."""
    return cases if NIGHTLY else -(-cases // PART)


def left_out(items: list) -> list:
    """Of collected tests, those that this run leaves out: five sixths of families marked `share`, the same always, and
    outside CI what is marked `long`."""
    out = [] if WHOLE else [item for item in items if item.get_closest_marker("long")]
    families = defaultdict(list)
    for item in items if not NIGHTLY else ():
        if item.get_closest_marker("share"):
            families[item.nodeid.partition("[")[0]].append(item)
    return out + [item for family in families.values() for item in spread(family)[part_of(len(family)) :]]


def spread(family: list) -> list:
    """The tests of a family in an order in which each value of each parameter soon comes up, else every sixth first."""
    seen, ordered = Counter(), []
    rest = [item for k in range(PART) for item in family[k::PART]]
    while rest:
        least = min(rest, key=lambda item: sum(seen[value] for value in enumerate(item.callspec.id.split("-"))))
        seen.update(enumerate(least.callspec.id.split("-")))
        rest.remove(least)
        ordered.append(least)
    return ordered
